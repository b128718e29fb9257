"""How pieces and their places are written as JSON."""

import base64
from collections.abc import Iterator, Sequence
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tokenizer.spans import Piece, Pieces
from app.web.long_json import JsonParts, objects

_BLOCK = 1024  # pieces that are Python objects at the same time


def json_of_pieces(
    pieces: Pieces, bos: Sequence[int] = (), eos: Sequence[int] = (), among: int = 1
) -> list[Any] | JsonParts:
    """All pieces as a JSON list, special tokens at its ends; one of `among` lists that an answer has."""

    def described() -> Iterator[dict[str, Any]]:
        yield from (_special(number, pieces, 0) for number in bos)
        for first in range(0, len(pieces), _BLOCK):
            yield from map(_described, pieces[first : first + _BLOCK])
        yield from (_special(number, pieces, -1) for number in eos)

    return objects(len(bos) + len(pieces) + len(eos), described, pieces, among)


def described_bytes(data: bytes) -> dict[str, str | None]:
    """Bytes as text, null where they are not whole characters, and in base64."""
    try:
        text: str | None = data.decode()
    except UnicodeDecodeError:
        text = None
    return {"text": text, "b64": base64.b64encode(data).decode()}


def spans_of(pieces: Pieces, column: str, bos: Sequence[int], eos: Sequence[int]) -> NDArray[np.int64]:
    """Spans [start, end) of the pieces, int64 (n, 2), with an empty one at an end for each special token there."""
    boundaries = getattr(pieces, column)
    before = np.full((len(bos), 2), boundaries[0], np.int64)
    after = np.full((len(eos), 2), boundaries[-1], np.int64)
    return np.concatenate((before, pieces.pairs(column), after))


def _described(piece: Piece) -> dict[str, Any]:
    return {
        "id": piece.id,
        **described_bytes(piece.data),
        "bytes": piece.bytes,
        "chars": piece.chars,
        "source_bytes": piece.source_bytes,
        "source_chars": piece.source_chars,
        "score": None if isnan(piece.score) else piece.score,
    }


def _special(number: int, pieces: Pieces, end: int) -> dict[str, Any]:
    """A special token: empty, at the first or the last boundary."""
    columns = ("bytes", "chars", "source_bytes", "source_chars")
    spans = {name: [int(getattr(pieces, name)[end])] * 2 for name in columns}
    return {"id": number, "text": "", "b64": "", **spans, "score": None}
