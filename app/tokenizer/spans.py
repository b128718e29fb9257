"""Where the pieces of a segmentation lie: in the normalised text and in the text as it was sent, in bytes and in
characters.

No segmentation here. Pieces lie side by side, so n + 1 boundaries describe n pieces, and a slice of them describes
a part of the text. A character that is split over pieces belongs whole to its first piece and is empty in the
others; so does a cluster that NFC changed, in the text as sent.
"""

import re
import unicodedata
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError
from app.normalization import compose
from app.tokenizer.text import split_lines

Boundaries = NDArray[np.int64]

_MOST_IN_INT32 = 2**28
"""Characters and bytes up to which counts of them, at most four for each, are kept as int32."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a text. `data` are its bytes; spans are half open (start, end)."""

    id: int
    data: bytes
    score: float
    bytes: tuple[int, int]
    chars: tuple[int, int]
    source_bytes: tuple[int, int]
    source_chars: tuple[int, int]

    @property
    def text(self) -> str | None:
        """The piece's characters, or None if it is not made of whole ones."""
        try:
            return self.data.decode()
        except UnicodeDecodeError:
            return None


@dataclass(frozen=True, eq=False)
class Pieces:
    """The pieces of a text in order, as columns; iterate or index for `Piece`s, slice for a part of the text.

    ids: int32 (n,); scores: float64 (n,), log-probabilities. bytes, chars, source_bytes, source_chars: int64
    (n + 1,), boundaries; piece i goes from [i] to [i + 1]. between: bool (n + 1,), whether a boundary lies between
    characters in both texts. `data` is the whole normalised text in UTF-8.
    """

    ids: NDArray[np.int32]
    scores: NDArray[np.float64]
    data: bytes
    bytes: Boundaries
    chars: Boundaries
    source_bytes: Boundaries
    source_chars: Boundaries
    between: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, place: int) -> Piece: ...
    @overload
    def __getitem__(self, place: slice) -> "Pieces": ...
    def __getitem__(self, place: "int | slice") -> "Piece | Pieces":
        if isinstance(place, slice):
            low, high, step = place.indices(len(self))
            if step != 1:
                raise InputError("pieces can be sliced only in steps of 1")
            return self._part(low, max(low, high))
        place = range(len(self))[place]
        return next(iter(self._part(place, place + 1)))

    def __iter__(self) -> Iterator[Piece]:
        columns = ("bytes", "chars", "source_bytes", "source_chars")
        spans = (map(tuple, self.pairs(column).tolist()) for column in columns)
        for number, score, place, *others in zip(
            self.ids.tolist(), self.scores.tolist(), *spans, strict=True
        ):
            yield Piece(number, self.data[slice(*place)], score, place, *others)

    @property
    def nbytes(self) -> int:
        """The memory of the columns and the text, in bytes; columns that are the same one are counted once."""
        columns = (self.bytes, self.chars, self.source_bytes, self.source_chars)
        places = {id(column): column.nbytes for column in columns}
        return (
            sum(places.values()) + self.ids.nbytes + self.scores.nbytes + self.between.nbytes + len(self.data)
        )

    def pairs(self, column: str) -> NDArray[np.int64]:
        """The spans [start, end) of the pieces, int64 (n, 2), of a column: bytes, chars, source_bytes, source_chars."""
        boundaries = getattr(self, column)
        return np.column_stack((boundaries[:-1], boundaries[1:]))

    def truncate(self, max_tokens: int, side: str = "right") -> "Pieces":
        """At most `max_tokens` pieces, cut off on the `side` "right" or "left", and never inside a character."""
        max_tokens = at_least("max_tokens", max_tokens, 0)
        whole = np.flatnonzero(self.between)
        if side == "right":
            return self[: int(whole[np.searchsorted(whole, max_tokens, "right") - 1])]
        if side == "left":
            return self[int(whole[np.searchsorted(whole, len(self) - max_tokens)]) :]
        raise InputError(f'side is {side!r}, it should be "left" or "right"', "/side")

    def chunks(self, max_tokens: int, overlap: int = 0) -> "list[Pieces]":
        """Parts of at most `max_tokens` pieces that cover the text, each beginning up to `overlap` before the last.

        They are cut at boundaries of pieces and never inside a character, so the overlap may be smaller. InputError
        where one character alone takes more pieces than `max_tokens`.
        """
        return [self[low:high] for low, high in self.cuts(max_tokens, overlap).tolist()]

    def cuts(self, max_tokens: int, overlap: int = 0) -> NDArray[np.int64]:
        """Where `chunks` begin and end, int64 (n, 2): numbers of pieces."""
        max_tokens = at_least("max_tokens", max_tokens, 1)
        overlap = at_least("overlap", overlap, 0)
        if overlap >= max_tokens:
            raise InputError(f"overlap is {overlap}; it should be below max_tokens, {max_tokens}", "/overlap")
        whole = np.flatnonzero(self.between)
        cuts = array("q")
        start = end = 0
        while end < len(self):
            furthest = int(whole[np.searchsorted(whole, start + max_tokens, "right") - 1])
            if furthest <= end and start < end:  # the overlap leaves no room for the next character
                start = int(whole[np.searchsorted(whole, start, "right")])
                continue
            if furthest <= end:
                raise InputError(
                    f"the character at {int(self.chars[start])} takes more than {max_tokens} pieces, so no part of "
                    "that size holds it; allow more",
                    "/max_tokens",
                )
            cuts.extend((start, furthest))
            end = furthest
            start = int(whole[np.searchsorted(whole, end - overlap)])
        return np.frombuffer(cuts, np.int64).reshape(-1, 2) if cuts else np.empty((0, 2), np.int64)

    def _part(self, low: int, high: int) -> "Pieces":
        inside, boundaries = slice(low, high), slice(low, high + 1)
        return Pieces(
            self.ids[inside],
            self.scores[inside],
            self.data,
            self.bytes[boundaries],
            self.chars[boundaries],
            self.source_bytes[boundaries],
            self.source_chars[boundaries],
            self.between[boundaries],
        )


@dataclass(frozen=True, eq=False)
class GappedPieces(Pieces):
    """Pieces that don't lie side by side, by a tokenizer that drops or changes parts of the text.

    The boundaries of `Pieces` are where each piece starts; `stops` and `byte_stops`, int64 (n,), where it ends. Both
    texts are the text as sent. A character that several pieces claim belongs whole to the first of them.
    """

    stops: Boundaries
    byte_stops: Boundaries

    @classmethod
    def over(cls, ids: NDArray[np.int32], offsets: NDArray[np.int64], text: str) -> "GappedPieces":
        """Pieces from a library's offsets in characters, int64 (n, 2)."""
        reached = np.maximum.accumulate(np.append(0, offsets[:, 1]))
        starts = np.maximum.accumulate(np.maximum(offsets[:, 0], reached[:-1])) if len(ids) else reached[:0]
        stops = np.maximum(offsets[:, 1], starts)
        chars = np.append(starts, len(text))
        offsets_in_bytes = _byte_offsets(text)
        places = offsets_in_bytes[chars]
        between = np.append(True, chars[1:] > chars[:-1])
        between[-1] = True
        scores = np.full(len(ids), np.nan)
        byte_stops = offsets_in_bytes[stops]
        return cls(ids, scores, text.encode(), places, chars, places, chars, between, stops, byte_stops)

    def pairs(self, column: str) -> NDArray[np.int64]:
        starts = getattr(self, column)[:-1]
        stops = self.stops if column in ("chars", "source_chars") else self.byte_stops
        return np.column_stack((starts, stops))

    def _part(self, low: int, high: int) -> "Pieces":
        part = super()._part(low, high)
        columns = (part.bytes, part.chars, part.source_bytes, part.source_chars)
        stops = self.stops[low:high], self.byte_stops[low:high]
        return GappedPieces(part.ids, part.scores, part.data, *columns, part.between, *stops)


def locate(
    ids: NDArray[np.int32], scores: NDArray[np.float64], lengths: NDArray[np.int64],
    data: bytes, normalized: str, source: str,
) -> Pieces:  # fmt: skip
    """Pieces from their ids, log-probabilities and lengths in bytes; `data` is `normalized` in UTF-8."""
    boundaries = _cumulated(lengths)
    if source.isascii():  # a character is a byte, in both texts: NFC leaves ASCII alone
        return Pieces(
            ids, scores, data, boundaries, boundaries, boundaries, boundaries,
            np.ones(len(boundaries), np.bool_),
        )  # fmt: skip
    first_bytes = (np.frombuffer(data, np.uint8) & 0xC0) != 0x80
    chars = _taken(first_bytes, boundaries)
    between = np.append(first_bytes, True)[boundaries]
    del first_bytes
    source_chars = chars
    if source != normalized:
        steps, first_chars = _alignment(source, len(normalized))
        source_chars = _taken(steps, chars)
        between &= np.append(first_chars, True)[chars]
    source_bytes = _taken(_byte_lengths(source), source_chars)
    return Pieces(ids, scores, data, boundaries, chars, source_bytes, source_chars, between)


def at_least(name: str, value: int, least: int) -> int:
    """`value` if it is a whole number from `least` on, else InputError."""
    if type(value) is not int or value < least:
        raise InputError(f"{name} is {value!r}; it should be a whole number from {least} on", f"/{name}")
    return value


def _cumulated(counts: NDArray[Any]) -> Boundaries:
    result = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, dtype=np.int64, out=result[1:])
    return result


def _taken(counts: NDArray[Any], places: Boundaries) -> Boundaries:
    """How much is counted before each of some places, given in order."""
    number = np.int32 if len(counts) < _MOST_IN_INT32 else np.int64
    before = np.zeros(len(counts) + 1, number)
    np.cumsum(counts, dtype=number, out=before[1:])
    return before[places].astype(np.int64)


def _byte_lengths(text: str) -> NDArray[np.uint8]:
    """The bytes of each character in UTF-8."""
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    lengths = np.ones(len(points), np.uint8)
    for first in (0x80, 0x800, 0x10000):
        lengths += points >= first
    return lengths


def _byte_offsets(text: str) -> Boundaries:
    """Where each character begins in UTF-8, and the text's end."""
    return _cumulated(_byte_lengths(text))


def _alignment(source: str, size: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """How many characters of the source each of the `size` characters of its NFC takes, and which begin a cluster.

    The first character of a cluster that NFC changed takes all of it.
    """
    steps, firsts = np.zeros(size, np.int64), np.zeros(size, np.bool_)
    place = 0
    for line in split_lines(source):
        if unicodedata.is_normalized("NFC", line):
            steps[place : place + len(line)] = firsts[place : place + len(line)] = 1
            place += len(line)
            continue
        for cluster in _clusters(line):
            composed = compose(cluster)
            if composed == cluster:
                steps[place : place + len(cluster)] = firsts[place : place + len(cluster)] = 1
            else:
                steps[place], firsts[place] = len(cluster), True
            place += len(composed)
    return steps, firsts


def _clusters(line: str) -> list[str]:
    """The parts of a line that NFC treats apart: a character and those after it that may join or pass it."""
    clusters = _cluster_pattern().findall(line)
    composed = "".join(map(compose, clusters))
    return clusters if composed == compose(line) else [line]


@cache
def _cluster_pattern() -> re.Pattern[str]:
    """A character and those that attach to it: of another combining class than 0, or last in a composition."""
    attaching = {
        chr(point) for first, last in ((0x1161, 0x1175), (0x11A8, 0x11C2)) for point in range(first, last + 1)
    }
    for point in (*range(0x80, 0x3400), *range(0xA000, 0xAC00), *range(0xF900, 0x20000)):
        character = chr(point)
        if unicodedata.combining(character):
            attaching.add(character)
        parts = unicodedata.decomposition(character).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            attaching.add(chr(int(parts[1], 16)))
    return re.compile(f".[{''.join(sorted(attaching))}]*", re.DOTALL)
