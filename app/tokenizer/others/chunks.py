"""Parts of a text that keep a limit of tokens by themselves, cut where a reader would.

A part that is cut between tokens may take more tokens alone than it took in the text, by BPE and WordPiece alike: each
part is encoded again and shrunk until it fits. Boundaries of graphemes and words are Unicode's (UAX 29), by `regex`.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import regex

from app.errors import InputError

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


def _fitting(tokenizer: Any, text: str, start: int, limit: int, room: int, boundary: Boundary) -> Part:
    """The longest part from `start` on that ends at a boundary up to `limit` and fits."""
    for kind in dict.fromkeys((boundary, "grapheme", "token")):
        reach = limit
        while (end := _cut(text, start, reach, kind)) is not None:
            count = tokenizer.count(text[start:end])
            if count <= room:
                return Part(start, end, count)
            # As many characters less as it has tokens too many, at least one.
            reach = end - max(1, (end - start) * (count - room) // (2 * count))
    raise InputError(
        f"the character at {start} takes more than {room} tokens, so no part of that size holds it; allow more",
        "/max_tokens",
    )


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
