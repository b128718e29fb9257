"""From counted pieces to a vocabulary: pieces are cut into one another until those that are left are all of use.

A stage of training; `reference.py` writes down the same in a page. The trie is built once, over all pieces that
could stay; a piece that goes only loses its score.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.tokenizer import training_kernels
from app.tokenizer.model import FIRST_PIECE
from app.tokenizer.stages import Integers, Pieces

Map = Callable[[Callable[[Integers], Integers], Iterable[Integers]], Iterable[Integers]]
"""How to apply a function to several things: `map`, or that of a thread pool."""


def prune_pieces(
    pieces: Pieces, vocab_sizes: Sequence[int], min_count: int, max_piece_length: int, parts: int, apply: Map
) -> dict[int, dict[bytes, int]]:
    """Pieces and counts for each vocabulary size. The work is split into `parts` that `apply` runs."""
    pieces = _complete(pieces)
    wanted = (pieces.lengths == 1) | ((pieces.lengths <= max_piece_length) & (pieces.counts >= min_count))
    vocabulary = _Vocabulary.of(_select(pieces, wanted), parts, apply)
    counts = vocabulary.pieces.counts
    counts = counts + vocabulary.cut(_select(pieces, ~wanted), counts)
    counts = vocabulary.drop_wasted(counts)
    result = {}
    for size in sorted(vocab_sizes, reverse=True):
        if np.count_nonzero(counts) > size - FIRST_PIECE:
            kept = vocabulary.best(counts, size - FIRST_PIECE)
            dropped = vocabulary.pieces._replace(counts=counts - kept)
            counts = vocabulary.drop_wasted(kept + vocabulary.cut(dropped, kept))
        result[size] = vocabulary.as_dict(counts)
    return result


@dataclass(frozen=True)
class _Vocabulary:
    """Pieces sorted by their bytes, and the trie over them. Counts are arrays beside them, 0 for a piece gone."""

    pieces: Pieces
    units: Integers
    piece_at: Integers
    parts: int
    apply: Map

    @classmethod
    def of(cls, pieces: Pieces, parts: int, apply: Map) -> "_Vocabulary":
        pieces = _compact(pieces)
        order = np.empty(len(pieces.starts), np.int64)
        training_kernels.sort_pieces(
            pieces.pool, pieces.starts, pieces.lengths, int(pieces.lengths.max()), order
        )
        pieces = Pieces(pieces.pool, pieces.starts[order], pieces.lengths[order], pieces.counts[order])
        # Shared beginnings save more units than gaps between them cost; should they not, there is a next size.
        size, used = len(pieces.pool) + 8 * training_kernels.TRIED, -1
        while used < 0:
            units, piece_at = np.empty(size, np.int64), np.empty(size, np.int64)
            used = training_kernels.build_trie(pieces.pool, pieces.starts, pieces.lengths, units, piece_at)
            size *= 2
        return cls(pieces, units[:used].copy(), piece_at[:used].copy(), parts, apply)

    def cut(self, pieces: Pieces, counts: Integers) -> Integers:
        """How often each piece of the vocabulary occurs when `pieces` are cut by the probabilities of `counts`."""
        scores = np.full(len(self.units), -np.inf)
        ends = np.flatnonzero(self.piece_at >= 0)
        with np.errstate(divide="ignore"):
            scores[ends] = (np.log(counts) - np.log(counts.sum()))[self.piece_at[ends]]

        def count(items: NDArray[np.int64]) -> Integers:
            result = np.zeros(len(counts), np.int64)
            training_kernels.recount(
                pieces.pool,
                pieces.starts[items],
                pieces.lengths[items],
                pieces.counts[items],
                self.units,
                scores,
                self.piece_at,
                self.pieces.lengths,
                result,
            )
            return result

        items = np.array_split(np.flatnonzero(pieces.counts), self.parts)
        total = np.zeros(len(counts), np.int64)
        for part in self.apply(count, items):
            total += part
        return total

    def drop_wasted(self, counts: Integers) -> Integers:
        """Cuts the pieces by one another until none is left that would never be used."""
        while True:
            before = np.count_nonzero(counts)
            counts = self.cut(self.pieces._replace(counts=counts), counts)
            if np.count_nonzero(counts) == before:
                return counts

    def best(self, counts: Integers, size: int) -> Integers:
        """The counts of the `size` pieces to keep, 0 for the rest: single bytes, then by count and length."""
        there = np.flatnonzero(counts)
        lengths = self.pieces.lengths[there]
        # The pieces are sorted by their bytes already, and lexsort is stable.
        ranked = there[np.lexsort((-lengths, -counts[there], lengths > 1))]
        kept = np.zeros_like(counts)
        kept[ranked[:size]] = counts[ranked[:size]]
        return kept

    def as_dict(self, counts: Integers) -> dict[bytes, int]:
        there = np.flatnonzero(counts)
        content = self.pieces.pool.tobytes()
        places = zip(self.pieces.starts[there].tolist(), self.pieces.lengths[there].tolist(), strict=True)
        pieces = [content[start : start + length] for start, length in places]
        return dict(zip(pieces, counts[there].tolist(), strict=True))


def _select(pieces: Pieces, which: NDArray[np.bool_]) -> Pieces:
    return Pieces(pieces.pool, pieces.starts[which], pieces.lengths[which], pieces.counts[which])


def _compact(pieces: Pieces) -> Pieces:
    """The same pieces in a pool that holds nothing else, so that it fits a cache."""
    starts = np.cumsum(pieces.lengths) - pieces.lengths
    moved = np.repeat(pieces.starts - starts, pieces.lengths) + np.arange(pieces.lengths.sum())
    return Pieces(pieces.pool[moved], starts, pieces.lengths, pieces.counts)


def _complete(pieces: Pieces) -> Pieces:
    """Adds every single byte that is missing, with a count of 1."""
    there = pieces.pool[pieces.starts[pieces.lengths == 1]]
    missing = np.setdiff1d(np.arange(256, dtype=np.uint8), there)
    ones = np.ones(len(missing), np.int64)
    return Pieces(
        np.concatenate([pieces.pool, missing]),
        np.concatenate([pieces.starts, len(pieces.pool) + np.arange(len(missing))]),
        np.concatenate([pieces.lengths, ones]),
        np.concatenate([pieces.counts, ones]),
    )
