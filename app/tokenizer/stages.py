"""The stages of training, each a function from arrays to arrays: read, count n-grams, merge, cut, count, prune.

What runs where, and in how many threads, is decided in `trainer.py`; the loops are in `ngram_kernels.py` and
`training_kernels.py`. What each stage has to give is written in `reference.py`. All of them give the same for any
split of the corpus into batches, so results can be merged in any order, kept on disk, or come from another machine.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError
from app.tokenizer import ngram_kernels, training_kernels
from app.tokenizer.text import normalize, split_chunks, to_utf8

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

BATCH_BYTES = 4 << 20
ABSENT = -np.inf


class Batch(NamedTuple):
    """Part of a corpus: `texts` of them end here, `data` holds the chunks one after another, `ends` their ends."""

    texts: int
    data: NDArray[np.uint8]
    ends: Integers


class Run(NamedTuple):
    """Distinct n-grams as keys (see ngram_kernels.py), sorted, and how often each was counted."""

    keys: NDArray[np.uint64]
    counts: Integers


class NGrams(NamedTuple):
    """log P(last byte | bytes before): direct tables for one and two bytes, a hash table for three and more."""

    order: int
    unigrams: Floats
    bigrams: Floats
    slots: NDArray[np.uint64]
    scores: Floats


class Pieces(NamedTuple):
    """Distinct pieces in a pool of bytes: where each starts, its length, its count."""

    pool: NDArray[np.uint8]
    starts: Integers
    lengths: Integers
    counts: Integers


def read_batches(texts: Iterable[str], isolate_digits: bool, size: int = BATCH_BYTES) -> Iterator[Batch]:
    """Normalises texts, splits them into chunks and packs these into batches of about `size` bytes."""
    chunks: list[bytes] = []
    ended = filled = 0
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"text {number} is a {type(text).__name__}, not a str", f"/texts/{number}")
        for chunk in _chunks(normalize(text), isolate_digits, number):
            chunks.append(chunk)
            filled += len(chunk)
            if filled >= size:
                yield _batch(ended, chunks)
                chunks, ended, filled = [], 0, 0
        ended += 1
    yield _batch(ended, chunks)


def _chunks(text: str, isolate_digits: bool, number: int) -> list[bytes]:
    try:
        return [chunk.encode() for chunk in split_chunks(text, isolate_digits)]
    except UnicodeEncodeError:
        try:
            to_utf8(text)
        except InputError as error:
            raise InputError(f"text {number}: {error}", f"/texts/{number}") from error
        raise


def _batch(texts: int, chunks: list[bytes]) -> Batch:
    ends = np.cumsum(np.fromiter(map(len, chunks), np.int64, len(chunks)))
    return Batch(texts, np.frombuffer(b"".join(chunks), np.uint8).copy(), ends)


def count_ngrams(batch: Batch, order: int) -> Run:
    """The n-grams of a batch: `order` bytes from each position on, fewer at the end of a chunk."""
    keys = np.empty(len(batch.data), np.uint64)
    ngram_kernels.fill_keys(batch.data, batch.ends, order, keys)
    keys.sort()
    counts = np.empty(len(keys), np.int64)
    size = ngram_kernels.count_runs(keys, counts)
    return Run(keys[:size].copy(), counts[:size].copy())


def merge_runs(left: Run, right: Run) -> Run:
    """One sorted run of both."""
    keys = np.empty(len(left.keys) + len(right.keys), np.uint64)
    counts = np.empty(len(keys), np.int64)
    size = ngram_kernels.merge_runs(*left, *right, keys, counts)
    keys.resize(size, refcheck=False)
    counts.resize(size, refcheck=False)
    return Run(keys, counts)


class Runs:
    """Runs to be merged, at any time a few, each at least twice as large as the next: so each is merged rarely."""

    def __init__(self) -> None:
        self._runs: list[Run] = []

    def add(self, run: Run) -> None:
        """Takes a run in."""
        while self._runs and len(self._runs[-1].keys) < 2 * len(run.keys):
            run = merge_runs(self._runs.pop(), run)
        self._runs.append(run)

    def merged(self) -> Run:
        """All of them in one, which is empty if there are none; forgets them."""
        merged = Run(np.empty(0, np.uint64), np.empty(0, np.int64))
        while self._runs:
            merged = merge_runs(self._runs.pop(), merged)
        return merged


def look_up_tables(run: Run, order: int, min_count: int) -> NGrams:
    """Conditional log-probabilities of the n-grams that occur `min_count` times, and of every single byte.

    The counts of all lengths come from those of the longest n-grams, a length at a time. Consumes the run.
    """
    keys, counts = run
    longer = []
    for length in range(order, 1, -1):
        chosen = ((keys & ngram_kernels.LENGTH) == length) & (counts >= min_count)
        ngrams, values = keys[chosen], np.log(counts[chosen])
        size = ngram_kernels.shorten(keys, counts, length - 1)
        keys, counts = keys[:size], counts[:size]
        parents = np.empty(len(ngrams), np.int64)
        ngram_kernels.parent_counts(ngrams, length, keys, counts, parents)
        values -= np.log(parents)
        longer.append((ngrams, values))
    single = np.ones(256, np.int64)
    single[keys >> np.uint64(56)] = counts
    unigrams = np.log(single) - np.log(single.sum())
    bigrams = np.full(1 << 16, ABSENT)
    if longer:
        ngrams, values = longer.pop()
        bigrams[ngrams >> np.uint64(48)] = values
    slots = _empty_table(sum(len(ngrams) for ngrams, _ in longer))
    for ngrams, values in longer:
        ngram_kernels.insert(slots, slots.view(np.float64), ngrams, values)
    return NGrams(order, unigrams, bigrams, slots, slots.view(np.float64))


def _empty_table(entries: int) -> NDArray[np.uint64]:
    """A table with room for so many n-grams, two thirds full then, its buckets aligned to cache lines."""
    size = 8 * (entries * 3 // 8 + 1)
    memory = np.empty(size + 8, np.uint64)
    memory[:] = 0
    first = -(memory.ctypes.data // 8) % 8
    return memory[first : first + size]


def cut(batch: Batch, ngrams: NGrams, ensure_unicode: bool) -> NDArray[np.uint8]:
    """uint8 (len(batch.data),): 1 where a piece begins on the best path of each chunk."""
    begins = np.empty(len(batch.data), np.uint8)
    ngram_kernels.cut_chunks(batch.data, batch.ends, ngrams.order, ensure_unicode, *ngrams[1:], begins)
    return begins


class PieceCounter:
    """Counts pieces in a table that grows; not to be used by two threads at once."""

    def __init__(self) -> None:
        self._table = np.zeros((1 << 12, 3), np.uint64)
        self._pool = np.empty(1 << 18, np.uint8)
        self._state = np.zeros(2, np.int64)

    def count(self, batch: Batch, begins: NDArray[np.uint8]) -> None:
        """Counts the pieces of a batch that `cut` marked."""
        position = 0
        while position < len(batch.data):
            self._make_room()
            position = training_kernels.count_pieces(
                batch.data, begins, position, self._table, self._pool, self._state
            )

    def add(self, pieces: Pieces) -> None:
        """Adds pieces that were counted elsewhere."""
        places = (pieces.starts.astype(np.uint64) << training_kernels.PLACE_BITS) | pieces.lengths.astype(
            np.uint64
        )
        first = 0
        while first < len(places):
            self._make_room()
            first = training_kernels.add_pieces(
                pieces.pool, places, pieces.counts, first, self._table, self._pool, self._state
            )

    def pieces(self) -> Pieces:
        """What was counted so far, in no particular order."""
        entries = self._table[self._table[:, 0] != 0]
        return Pieces(
            self._pool[: self._state[1]],
            (entries[:, 1] >> training_kernels.PLACE_BITS).astype(np.int64),
            (entries[:, 1] & np.uint64(training_kernels.MAX_PIECE)).astype(np.int64),
            entries[:, 2].astype(np.int64),
        )

    def _make_room(self) -> None:
        entries, used = self._state
        if 2 * entries >= len(self._table):
            larger = np.zeros((2 * len(self._table), 3), np.uint64)
            training_kernels.move_entries(self._table, larger)
            self._table = larger
        if used + training_kernels.MAX_PIECE > len(self._pool):
            self._pool = np.concatenate([self._pool[:used], np.empty(used + (1 << 18), np.uint8)])
