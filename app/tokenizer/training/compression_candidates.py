"""Candidates for a vocabulary: pieces in the order of their bytes, their trie, and cutting lines by their prices.

What they are chosen by is decided in `compression.py`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.tokenizer.training import compression_kernels as kernels
from app.tokenizer.training.compression_lines import Lines
from app.tokenizer.training.likelihood import Integers, Keys
from app.tokenizer.training.pruning import trie

PRICE = 1 << 16
RARITY = 0.02
"""What a piece e times as rare costs more, in pieces: so small that the fewest pieces always win."""

_INSIDE_BLANK = re.compile(rb"[^ ] ")


class Cutter(NamedTuple):
    """What the kernels need of candidates and their prices; goes to other machines."""

    links: Integers
    piece_at: NDArray[np.int32]
    lengths: Integers

    def cut(self, lines: Lines) -> tuple[NDArray[np.int32], Integers]:
        """The cheapest pieces of some lines, and how many each line has."""
        pieces, counts = np.empty(len(lines.data), np.int32), np.empty(len(lines.ends), np.int64)
        size = kernels.cut(lines.data, lines.ends, *self, pieces, counts)
        return pieces[:size], counts

    def uses(self, pieces: NDArray[np.int32], counts: Integers, weights: Integers) -> Integers:
        """How often each candidate is used, by the weights of the lines."""
        result = np.zeros(len(self.lengths), np.int64)
        kernels.count_pieces(pieces, counts, weights, result)
        return result

    def divide(self, of: "Candidates", items: Integers, weights: Integers) -> tuple[Integers, Integers]:
        """How many pieces each of some candidates needs without itself, and the weights of those that use a piece."""
        parts, result = np.empty(len(items), np.int64), np.zeros(len(self.lengths), np.int64)
        kernels.divide(of.pool, of.starts[items], of.lengths[items], weights[items], *self, parts, result)
        return parts, result


@dataclass(frozen=True)
class Candidates:
    """Pieces sorted by their bytes, and the trie over them."""

    pieces: list[bytes]
    pool: NDArray[np.uint8]
    starts: Integers
    lengths: Integers
    units: Integers
    piece_at: NDArray[np.int32]

    @classmethod
    def of(cls, pieces: Iterable[bytes]) -> "Candidates":
        ordered = sorted(pieces)
        pool = np.frombuffer(b"".join(ordered), np.uint8).copy()
        lengths = np.fromiter(map(len, ordered), np.int64, len(ordered))
        starts = np.cumsum(lengths) - lengths
        units, piece_at = trie(pool, starts, lengths)
        return cls(ordered, pool, starts, lengths, units, piece_at.astype(np.int32))

    def cutter(self, counts: Integers) -> Cutter:
        """Cuts into the fewest pieces, of equally many into those that are used the most."""
        rarity = np.log(counts.max() + 1) - np.log(counts + 0.5)
        price = np.round(PRICE * (1 + RARITY * rarity)).astype(np.int64)
        prices = np.full(len(self.units), kernels.NO_PRICE)
        ends = self.piece_at >= 0
        prices[ends] = price[self.piece_at[ends]]
        return Cutter(self.units << kernels.PRICE_BITS | prices, self.piece_at, self.lengths)

    def kinds(self, ensure_unicode: bool) -> NDArray[np.int32]:
        """What the kernel needs of each candidate to decide which neighbours may be joined."""
        return np.fromiter((_kind(piece, ensure_unicode) for piece in self.pieces), np.int32)

    def phrases(self) -> NDArray[np.bool_]:
        """Which candidates are of several words."""
        return np.fromiter((b" " in piece.strip(b" ") for piece in self.pieces), np.bool_)


def _kind(piece: bytes, ensure_unicode: bool) -> int:
    if ensure_unicode and len(piece) == 1 and piece[0] >= 128:
        return kernels.NO_LEFT | kernels.NO_RIGHT
    blank = piece.strip(b" ") == b""
    return (
        kernels.BLANK * blank
        | kernels.ENDS_BLANK * (piece[-1] == 32)
        | kernels.BEGINS_BLANK * (piece[0] == 32)
        | kernels.WORDS * (_INSIDE_BLANK.search(piece) is not None)
    )


def count_pairs(
    lines: Lines, cutter: Cutter, kinds: NDArray[np.int32], longest: int
) -> tuple[Integers, list[tuple[Keys, Integers]]]:
    """How often some lines use each candidate, and the pairs of neighbours that may be joined: sorted, with counts."""
    pieces, sizes = cutter.cut(lines)
    slots = 1 << (2 * len(pieces) + 2).bit_length()
    keys, sums = np.zeros(slots, np.uint64), np.zeros(slots, np.int64)
    longest = min(longest, len(lines.data))
    kernels.count_pairs(lines.data, lines.ends, pieces, sizes, cutter.lengths, kinds, longest, keys, sums)
    taken = np.flatnonzero(keys)
    taken = taken[np.argsort(keys[taken])]
    used = cutter.uses(pieces, sizes, np.ones(len(sizes), np.int64))
    return used, [(keys[taken], sums[taken].astype(np.int32))]


def merged_pairs(found: list[tuple[Keys, Integers]]) -> tuple[Keys, Integers]:
    """The pairs of several batches of lines, sorted, and their counts together."""
    keys, sums = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(keys)
    keys, sums = keys[order], sums[order].astype(np.int64)
    if len(keys) == 0:
        return keys, sums
    begins = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    return keys[begins], np.add.reduceat(sums, begins)


class Use(NamedTuple):
    """How lines are cut.

    Uses of each candidate, plain and by the weights of the texts; of each text, how many pieces it has, and how
    frequent these are in all.
    """

    plain: Integers
    weighted: Integers
    pieces: Integers
    familiar: Integers

    def and_of(self, other: "Use") -> "Use":
        """Of both."""
        return Use(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def use(lines: Lines, cutter: Cutter, weights: Integers, frequency: Integers) -> Use:
    """How some lines are cut. weights: by text; frequency: of each candidate, to be added up over a text."""
    pieces, sizes = cutter.cut(lines)
    by_line = np.add.reduceat(frequency[pieces], np.cumsum(sizes) - sizes) if len(pieces) else sizes
    return Use(
        cutter.uses(pieces, sizes, np.ones(len(sizes), np.int64)),
        cutter.uses(pieces, sizes, weights[lines.texts]),
        _by_text(lines, sizes, len(weights)),
        _by_text(lines, by_line, len(weights)),
    )


def _by_text(lines: Lines, values: Integers, texts: int) -> Integers:
    """Sums by text of what is known of each line."""
    return np.bincount(lines.texts, values, texts).astype(np.int64)
