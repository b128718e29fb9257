"""Parts of a text that keep a limit of tokens by themselves, cut where a reader would.

A part that is cut between tokens may take more tokens alone than it took in the text, by BPE and WordPiece alike: each
part is encoded again and shrunk until it fits. Boundaries of graphemes and words are Unicode's (UAX 29), by `regex`.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import regex

from app.errors import InputError
from app.tokenizer.spans import Pieces

Boundary = Literal["token", "grapheme", "word", "sentence", "paragraph"]

_CUTS = {
    "word": regex.compile(r"\b", regex.WORD | regex.V1),
    "sentence": regex.compile(r"(?<=[.!?…]['\"”’)]*\s+)|(?<=[。！？]['\"”’）」]*)|(?<=\n)"),
    "paragraph": regex.compile(r"(?<=\n[ \t]*\n+)"),
}
_GRAPHEME = regex.compile(r"\X")
_FAR = 256
"""Characters before a place in which a boundary of a grapheme is looked for."""


@dataclass(frozen=True)
class Part:
    """A part [start, end) of a text in characters, with its tokens by itself, special ones left out."""

    start: int
    end: int
    count: int


def fitting_parts(
    tokenizer: Any, text: str, max_tokens: int, overlap: int = 0, boundary: Boundary = "grapheme"
) -> list[Part]:
    """Parts of at most `max_tokens`, special tokens that the tokenizer adds counted; they cover the text.

    Each begins up to `overlap` tokens before the end of the one before it. InputError where a character takes more.
    """
    added = sum(map(len, tokenizer.own_special))
    room = max_tokens - added
    if room < 1:
        raise InputError(
            f"max_tokens is {max_tokens}, and {added} special tokens are added to each part; allow more",
            "/max_tokens",
        )
    if overlap >= room:
        raise InputError(f"overlap is {overlap}; it should be below {room}, the tokens of a part", "/overlap")
    pieces = tokenizer.spans(text)
    begins = pieces.source_chars[: len(pieces)]
    parts: list[Part] = []
    start = end = 0
    while end < len(text):
        first = int(np.searchsorted(begins, start))
        limit = int(begins[first + room]) if first + room < len(begins) else len(text)
        part = _fitting(tokenizer, text, start, max(limit, start + 1), room, boundary)
        if part is None:
            raise InputError(
                f"the character at {start} takes more than {room} tokens, so no part of that size holds it; allow more",
                "/max_tokens",
            )
        if part.end <= end:  # the overlap leaves no room for anything new
            start = end
            continue
        parts.append(part)
        end = part.end
        start = end
        if overlap and end < len(text):
            back = max(0, int(np.searchsorted(begins, end)) - overlap)
            start = max(_cut(text, part.start, int(begins[back]), "grapheme") or end, part.start + 1)
    return parts


def fitting_slice(
    tokenizer: Any,
    text: str,
    max_tokens: int,
    side: Literal["right", "left"] = "right",
    boundary: Boundary = "grapheme",
) -> Part:
    """What is left of a text that is cut off on a side so that it takes at most `max_tokens` by itself.

    Special tokens that the tokenizer adds are counted. It is empty where not even a character fits.

    >>> from app.tokenizer import load
    >>> fitting_slice(load("models/small.model"), "one two three", 2)
    Part(start=0, end=7, count=2)
    """
    room = max(0, max_tokens - sum(map(len, tokenizer.own_special)))
    count = tokenizer.count(text)
    if count <= room:
        return Part(0, len(text), count)
    pieces = tokenizer.spans(text)
    begins = pieces.source_chars[: len(pieces)]
    if side == "right":
        part = _fitting(tokenizer, text, 0, max(int(begins[room]), 1), room, boundary) if room else None
        return part or Part(0, 0, 0)
    reach = int(begins[len(pieces) - room]) if room else len(text)
    for kind in dict.fromkeys((boundary, "grapheme", "token")):
        start = _next_cut(text, reach, kind)
        while start < len(text):
            count = tokenizer.count(text[start:])
            if count <= room:
                return Part(start, len(text), count)
            more = max(1, (len(text) - start) * (count - room) // (2 * count))
            start = _next_cut(text, start + more, kind)
    return Part(len(text), len(text), 0)


def fitting_pieces(
    tokenizer: Any, text: str, whole: Pieces, room: int, side: Literal["right", "left"] = "right"
) -> Pieces:
    """At most `room` of the pieces of a text, cut off on a side, whose text takes no more than that by itself either.

    >>> from app.tokenizer import load
    >>> small, text = load("models/small.model"), "one two three"
    >>> len(fitting_pieces(small, text, small.spans(text), 2))
    2
    """
    pieces = whole.truncate(room, side)
    while 0 < len(pieces) < len(whole):
        spans = pieces.pairs("source_chars")
        kept = text[: int(spans[-1, 1])] if side == "right" else text[int(spans[0, 0]) :]
        excess = tokenizer.count(kept) - room
        if excess <= 0:
            break
        pieces = whole.truncate(max(0, len(pieces) - max(1, excess // 2)), side)
    return pieces


def _fitting(tokenizer: Any, text: str, start: int, limit: int, room: int, boundary: Boundary) -> Part | None:
    """The longest part from `start` on that ends at a boundary up to `limit` and fits; None where none does."""
    for kind in dict.fromkeys((boundary, "grapheme", "token")):
        reach = limit
        while (end := _cut(text, start, reach, kind)) is not None:
            count = tokenizer.count(text[start:end])
            if count <= room:
                return Part(start, end, count)
            # As many characters less as it has tokens too many, at least one.
            reach = end - max(1, (end - start) * (count - room) // (2 * count))
    return None


def _next_cut(text: str, start: int, boundary: str) -> int:
    """The first boundary at `start` or after it; the text's end where there is none."""
    if boundary == "token" or start in (0, len(text)):
        return start
    if boundary == "grapheme":
        ends = (found.end() for found in _GRAPHEME.finditer(text, max(0, start - _FAR)))
    else:
        ends = (found.start() for found in _CUTS[boundary].finditer(text, max(0, start - 1)))
    return next((place for place in ends if place >= start), len(text))


def _cut(text: str, start: int, end: int, boundary: str) -> int | None:
    """The last boundary in (start, end]; None where there is none."""
    if end <= start:
        return None
    if boundary == "token" or end >= len(text):
        return min(end, len(text))
    if boundary == "grapheme":
        near = max(start, end - _FAR)
        ends = [found.end() for found in _GRAPHEME.finditer(text, near, min(len(text), end + _FAR))]
        return max((place for place in ends if start < place <= end), default=None)
    after = min(len(text), end + 1)
    places = [found.start() for found in _CUTS[boundary].finditer(text, start, after)]
    return max((place for place in places if start < place <= end), default=None)
