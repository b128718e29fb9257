"""From counted pieces to a vocabulary: pieces are cut into one another until those that are left are all of use.

A stage of training; `reference.py` writes down the same in a page. The automaton is built once, over all pieces
that could stay; a piece that goes only loses its score.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.tokenizer.model import FIRST_PIECE
from app.tokenizer.training import pruning_kernels
from app.tokenizer.training.likelihood import Counts, Integers, Keys, Map
from app.tokenizer.training.sorted_runs import END, PieceRun, Sliceable


class PiecePool(NamedTuple):
    """Distinct pieces in a pool of bytes: where each starts, its length, its count."""

    pool: NDArray[np.uint8]
    starts: Integers
    lengths: Integers
    counts: Integers

    @classmethod
    def of(cls, run: PieceRun) -> "PiecePool":
        """The pieces of a run."""
        lengths = run.lengths.astype(np.int64)
        return cls(run.pool, np.cumsum(lengths) - lengths, lengths, run.counts)


def split_wanted(run: PieceRun, min_count: int, max_piece_length: int) -> tuple[PieceRun, PieceRun]:
    """The pieces that may come into a vocabulary, and the rest, which are too rare or too long."""
    wanted = (run.lengths == 1) | ((run.lengths <= max_piece_length) & (run.counts >= min_count))
    of_wanted = np.repeat(wanted, run.lengths)
    first = PieceRun(run.keys[wanted], run.counts[wanted], run.lengths[wanted], run.pool[of_wanted])
    rest = PieceRun(run.keys[~wanted], run.counts[~wanted], run.lengths[~wanted], run.pool[~of_wanted])
    return first, rest


def prune_pieces(
    wanted: PieceRun, rest: Sequence[Sliceable[PieceRun]], vocab_sizes: Sequence[int], parts: int, apply: Map
) -> dict[int, dict[bytes, int]]:
    """Pieces and counts for each vocabulary size, of what `split_wanted` gave, the rest in any number of runs.

    The work is split into `parts` that `apply` runs.
    """
    vocabulary = _Vocabulary.of(_complete(PiecePool.of(wanted)), parts, apply)
    counts = vocabulary.pieces.counts
    counts = counts + vocabulary.cut(rest, counts)
    counts = vocabulary.drop_wasted(counts)
    result = {}
    for size in sorted(vocab_sizes, reverse=True):
        if np.count_nonzero(counts) > size - FIRST_PIECE:
            kept = vocabulary.best(counts, size - FIRST_PIECE)
            counts = vocabulary.drop_wasted(kept + vocabulary.cut_own(counts - kept, kept))
        result[size] = vocabulary.as_dict(counts)
    return result


def trie(pool: NDArray[np.uint8], starts: Integers, lengths: Integers) -> tuple[Integers, Integers]:
    """A double array of pieces sorted by their bytes, and the piece that ends at each of its units, -1 if none does."""
    # Gaps rarely cost more units than shared beginnings save; where they do, there is a next size.
    size, used = 2 * len(pool) + 2 * pruning_kernels.ROOM, -1
    while used < 0:
        units, piece_at = np.empty(size, np.int64), np.empty(size, np.int64)
        used = pruning_kernels.build_trie(pool, starts, lengths, units, piece_at)
        size *= 2
    return units[:used].copy(), piece_at[:used].copy()


class _Automaton(NamedTuple):
    """Pieces as `recount` in pruning_kernels.py asks for them, by unit, byte and piece."""

    units: Keys
    falls: Keys
    piece_at: Counts
    singles: Counts
    links: Keys

    @classmethod
    def of(cls, pieces: PiecePool) -> "_Automaton":
        """An automaton of pieces that are sorted by their bytes."""
        units, piece_at = trie(*pieces[:3])
        falls, shorter = np.zeros_like(units), np.empty_like(pieces.starts)
        pruning_kernels.link_suffixes(*pieces[:3], units, piece_at, falls, shorter)
        # None is the last piece, and that after -1.
        none = len(pieces.lengths)
        long = np.append(np.where(pieces.lengths > 1, np.arange(none), none), none)
        lengths = np.append(pieces.lengths, 1)
        links = long[np.append(shorter, none)] << int(pruning_kernels.LINK) | lengths
        singles = np.flatnonzero(pieces.lengths == 1)
        return cls(
            units.view(np.uint64),
            falls.view(np.uint64),
            long[piece_at].astype(np.uint32),
            singles.astype(np.uint32),
            links.view(np.uint64),
        )


class _Cutter(NamedTuple):
    """An automaton with the log-probability of each piece, -inf for one that is gone and for none."""

    automaton: _Automaton
    scores: NDArray[np.float64]

    def cut(self, pieces: PiecePool) -> Integers:
        """How often each piece of the automaton occurs in the pieces."""
        result = np.zeros(len(self.scores), np.int64)
        arguments: Any = (*pieces, *self.automaton, self.scores, result)
        pruning_kernels.recount(*arguments)
        return result[:-1]


def _cut_run(cutter: _Cutter, run: Sliceable[PieceRun]) -> Integers:
    return cutter.cut(PiecePool.of(run.between(0, END)))


@dataclass(frozen=True)
class _Vocabulary:
    """Pieces sorted by their bytes, and the automaton of them. Counts are arrays beside them, 0 for a piece gone."""

    pieces: PiecePool
    automaton: _Automaton
    parts: int
    apply: Map

    @classmethod
    def of(cls, pieces: PiecePool, parts: int, apply: Map) -> "_Vocabulary":
        order = np.empty(len(pieces.starts), np.int64)
        pruning_kernels.sort_pieces(
            pieces.pool, pieces.starts, pieces.lengths, int(pieces.lengths.max()), order
        )
        pieces = PiecePool(pieces.pool, pieces.starts[order], pieces.lengths[order], pieces.counts[order])
        return cls(pieces, _Automaton.of(pieces), parts, apply)

    def cut(self, runs: Sequence[Any], counts: Integers) -> Integers:
        """How often each piece of the vocabulary occurs when runs are cut by the probabilities of `counts`."""
        return self._sum(self.apply(partial(_cut_run, self._cutter(counts)), runs))

    def cut_own(self, which: Integers, counts: Integers) -> Integers:
        """The same for pieces of the vocabulary, each as often as `which` says."""
        cutter = self._cutter(counts)
        pool, starts, lengths, _ = self.pieces

        def count(items: Integers) -> Integers:
            return cutter.cut(PiecePool(pool, starts[items], lengths[items], which[items]))

        return self._sum(self.apply(count, np.array_split(np.flatnonzero(which), self.parts)))

    def _cutter(self, counts: Integers) -> _Cutter:
        with np.errstate(divide="ignore"):
            return _Cutter(self.automaton, np.append(np.log(counts) - np.log(counts.sum()), -np.inf))

    def _sum(self, parts: Iterable[Integers]) -> Integers:
        total = np.zeros(len(self.pieces.counts), np.int64)
        for part in parts:
            total += part
        return total

    def drop_wasted(self, counts: Integers) -> Integers:
        """Cuts the pieces by one another until none is left that would never be used."""
        while True:
            before = np.count_nonzero(counts)
            counts = self.cut_own(counts, counts)
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


def _complete(pieces: PiecePool) -> PiecePool:
    """Adds every single byte that is missing, with a count of 1."""
    there = pieces.pool[pieces.starts[pieces.lengths == 1]]
    missing = np.setdiff1d(np.arange(256, dtype=np.uint8), there)
    ones = np.ones(len(missing), np.int64)
    return PiecePool(
        np.concatenate([pieces.pool, missing]),
        np.concatenate([pieces.starts, len(pieces.pool) + np.arange(len(missing))]),
        np.concatenate([pieces.lengths, ones]),
        np.concatenate([pieces.counts, ones]),
    )
