"""How pieces and their places are written as JSON."""

import base64
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from math import isnan
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from app.tokenizer.spans import Piece, Pieces

_BLOCK = 4096  # pieces that are Python objects at the same time


def json_of_pieces(pieces: Pieces, bos: Sequence[int] = (), eos: Sequence[int] = ()) -> orjson.Fragment:
    """All pieces as a JSON list, special tokens at its ends; written in blocks, so that memory stays small."""
    first, last = ([_special(number, pieces, end) for number in ids] for ids, end in ((bos, 0), (eos, -1)))
    return json_list(first, map(_described, pieces), last)


def json_list(*parts: Iterable[dict[str, Any]]) -> orjson.Fragment:
    """What the parts give, one after the other, as one JSON list; few of them are Python objects at the same time."""
    several = chain(*parts)
    blocks = []
    while block := list(islice(several, _BLOCK)):
        blocks.append(orjson.dumps(block)[1:-1])
    return orjson.Fragment(b"[%b]" % b",".join(blocks))


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
