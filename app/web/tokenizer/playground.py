"""The page `/tokenizer`: a text and its pieces. Short texts are cut here, so that the page works without script.

With script the page asks the API, and this is only its first sight; the address means the same to both.
"""

from dataclasses import dataclass
from math import isnan
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.tokenizer.spans import Piece
from app.web.dependencies import ServicesDep, WholeNumber
from app.web.templates import render
from app.web.tokenizer.bounds import check_batch, tokenizer_of

router = APIRouter(include_in_schema=False)

MOST_CHARACTERS = 8000
"""Longest text that is cut on the page itself; an address holds hardly more."""

SAMPLE = """A byte-level unigram tokenizer cuts a text into the most probable pieces.
分词器把文本切成概率最大的一串词元。
Whole characters or not: 🦊 naïve café, π ≈ 3.14159."""

_CONTROLS = {number: 0x2400 + number for number in range(32) if chr(number) not in "\n\t"}
_NOTHING = "∅"
"""What a piece shows that stands for nothing of the text, such as a space put before it."""

_SPACES = {ord(" "): "·", ord("\n"): "↵\n", ord("\t"): "→\t"}


@dataclass(frozen=True)
class ModelRow:
    """A model and what it makes of the text: nothing of a long one.

    A piece is what it shows, whether as bytes, and what is known of it.
    """

    model: str
    pieces: list[tuple[str, bool, str]] | None = None
    count: int = 0
    size: int = 0
    context: int | None = None

    @property
    def share(self) -> str:
        """The percentage of the model's context that the tokens take, written as playground/models.js does."""
        percents = 100 * self.count / self.context if self.context else 0
        if 0 < percents < 0.01:
            return "<0.01"
        return f"{percents:.{0 if percents >= 10 else 1 if percents >= 1 else 2}f}"


@router.get("/tokenizer")
def tokenizer_page(
    request: Request,
    services: ServicesDep,
    text: str = SAMPLE,
    model: Annotated[list[str], Query()] = [],  # noqa: B006 - FastAPI copies it
    sample: bool = False,
    alpha: Annotated[float, Query(gt=0, le=10)] = 0.5,
    seed: Annotated[WholeNumber, Query(ge=0, lt=2**32)] = 1,
    spaces: bool = False,
) -> Response:
    """The playground, with the pieces of a short text; `model` may stand there several times."""
    text = text.replace("\r\n", "\n")
    asked: list[str | None] = [name for name in model if name]
    check_batch(asked, "?model", services.limits)
    names = dict.fromkeys(tokenizer_of(services, name).name for name in asked or [None])
    short = len(text) <= MOST_CHARACTERS
    rows = [
        _row(services, name, text, (alpha, seed) if sample else (None, None), spaces)
        if short
        else ModelRow(name)
        for name in names
    ]
    return render(
        request,
        "tokenizer.html",
        models=services.models.names(),
        text=text,
        short=short,
        rows=rows,
        sample=sample,
        alpha=alpha,
        seed=seed,
        spaces=spaces,
    )


def _row(
    services: ServicesDep, name: str, text: str, drawn: tuple[float | None, int | None], spaces: bool
) -> ModelRow:
    tokenizer = tokenizer_of(services, name)
    pieces = tokenizer.spans(text, *drawn)
    shown = [_shown(piece, spaces) for piece in pieces]
    return ModelRow(name, shown, len(pieces), len(pieces.data), tokenizer.context_length)


def _shown(piece: Piece, spaces: bool) -> tuple[str, bool, str]:
    score = "" if isnan(piece.score) else f" · {piece.score:.2f}"
    known = f"{piece.id}{score} · {piece.chars[0]}–{piece.chars[1]}"
    if not piece.data:
        return _NOTHING, True, known
    if piece.text is None:
        return piece.data.hex(" ").upper(), True, known
    shown = piece.text.translate(_CONTROLS)
    return shown.translate(_SPACES) if spaces else shown, False, known
