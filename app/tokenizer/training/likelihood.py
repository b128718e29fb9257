"""The stages of training, each a function from arrays to arrays: read, count n-grams, score them, cut, count pieces.

What runs where, and in how many threads, is decided in `trainer.py` and `cluster.py`; the loops are in
`ngram_kernels.py`, `cutting_kernels.py` and `piece_kernels.py`, pruning in `pruning.py`. What each stage has to give
is written in `reference.py`. All of them give the same for any split of the corpus into batches and of the keys into
ranges.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError
from app.tokenizer.text import normalize, split_chunks, to_utf8
from app.tokenizer.training import cutting_kernels, ngram_kernels, piece_kernels
from app.tokenizer.training.sorted_runs import NGramRun, PieceRun

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]
Counts = NDArray[np.uint32]
Map = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""How to apply a function to several things, with the results in their order: `map`, or that of a thread pool."""

BATCH_BYTES = 2 << 20
PREFIX_BITS = 16
"""N-grams that begin with the same two bytes are scored together: what is shorter has direct tables."""


class CorpusBatch(NamedTuple):
    """Part of a corpus: `texts` of them end here, `data` holds the chunks one after another, `ends` their ends."""

    texts: int
    data: NDArray[np.uint8]
    ends: Integers


class NGrams(NamedTuple):
    """The n-grams that stay: of three bytes and more as keys and scores, of one and two as direct counts.

    A score is log P(last byte | bytes before).
    """

    keys: Keys
    scores: Floats
    pairs: Integers
    singles: Integers


class Tables(NamedTuple):
    """The scores of n-grams as `cut_chunks` in cutting_kernels.py looks them up."""

    order: int
    unigrams: Floats
    bigrams: Floats
    table: Keys
    before: Counts
    rows: Floats
    short_table: Keys
    short_before: Counts
    short_scores: Floats


def read_batches(
    texts: Iterable[str], isolate_digits: bool, size: int = BATCH_BYTES
) -> Iterator[CorpusBatch]:
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


def _batch(texts: int, chunks: list[bytes]) -> CorpusBatch:
    ends = np.cumsum(np.fromiter(map(len, chunks), np.int64, len(chunks)))
    return CorpusBatch(texts, np.frombuffer(b"".join(chunks), np.uint8).copy(), ends)


def count_ngrams(batch: CorpusBatch, order: int) -> NGramRun:
    """The n-grams of a batch: `order` bytes from each position on, fewer at the end of a chunk."""
    keys = np.empty(len(batch.data), np.uint64)
    ngram_kernels.fill_keys(batch.data, batch.ends, order, keys)
    keys.sort()
    counts = np.empty(len(keys), np.int64)
    size = ngram_kernels.count_runs(keys, counts)
    return NGramRun(keys[:size].copy(), counts[:size].copy())


def score_ngrams(run: NGramRun, order: int, min_count: int) -> NGrams:
    """The n-grams that occur `min_count` times, of those that begin with some pairs of bytes.

    The counts of all lengths come from those of the longest n-grams, a length at a time.
    """
    keys, counts = (
        run.keys.copy(),
        run.counts.copy(),
    )  # `run` may be part of one that another thread looks into
    kept, scores = [], []
    for length in range(order, 2, -1):
        chosen = ((keys & ngram_kernels.LENGTH) == length) & (counts >= min_count)
        ngrams, values = keys[chosen], np.log(counts[chosen])
        size = ngram_kernels.shorten(keys, counts, length - 1)
        keys, counts = keys[:size], counts[:size]
        parents = np.empty(len(ngrams), np.int64)
        ngram_kernels.parent_counts(ngrams, length, keys, counts, parents)
        kept.append(ngrams)
        scores.append(values - np.log(parents))
    pairs, singles = np.zeros(1 << 16, np.int64), np.zeros(256, np.int64)
    two = (keys & ngram_kernels.LENGTH) == 2
    pairs[keys[two] >> np.uint64(48)] = counts[two]
    size = ngram_kernels.shorten(keys, counts, 1)
    singles[keys[:size] >> np.uint64(56)] = counts[:size]
    # An order of one or two leaves nothing to put together.
    all_keys, all_scores = [np.empty(0, np.uint64), *kept], [np.empty(0), *scores]
    return NGrams(np.concatenate(all_keys), np.concatenate(all_scores), pairs, singles)


def join_ngrams(parts: list[NGrams]) -> NGrams:
    """What `score_ngrams` gave for each range of keys, in one."""
    keys, scores, pairs, singles = zip(*parts, strict=True)
    return NGrams(np.concatenate(keys), np.concatenate(scores), sum(pairs), sum(singles))


def look_up_tables(ngrams: NGrams, order: int, min_count: int, parts: int = 1, apply: Map = map) -> Tables:
    """Tables of the scores; a byte that the corpus lacks counts as seen once.

    The work that can be split is split into `parts` that `apply` runs.
    """
    singles = np.maximum(ngrams.singles, 1)
    unigrams = np.log(singles) - np.log(singles.sum())
    bigrams = np.full(1 << 16, -np.inf)
    if order > 1:
        seen = np.flatnonzero(ngrams.pairs >= min_count)
        bigrams[seen] = np.log(ngrams.pairs[seen]) - np.log(singles[seen >> 8])
    longest = (ngrams.keys & ngram_kernels.LENGTH) == order
    keys = ngrams.keys[longest]
    (table, before, places), (short_table, short_before, short_places) = apply(
        _table, (keys, ngrams.keys[~longest])
    )
    short_scores = np.full(len(short_places) + 1, -np.inf)
    short_scores[short_places] = ngrams.scores[~longest]
    rows = _aligned((len(places) + 1, max(order - 2, 0)), np.float64)
    rows[0] = -np.inf

    def fill(part: tuple[Keys, Floats, Counts]) -> None:
        cutting_kernels.fill_rows(*part, order, short_table, short_before, short_scores, rows)

    columns = (np.array_split(column, parts) for column in (keys, ngrams.scores[longest], places))
    list(apply(fill, zip(*columns, strict=True)))
    return Tables(order, unigrams, bigrams, table, before, rows, short_table, short_before, short_scores)


def size_of_tables(ngrams: NGrams, order: int) -> int:
    """Bytes that the tables take, and n-grams beside them while they are made."""
    longest = int(np.count_nonzero((ngrams.keys & ngram_kernels.LENGTH) == order))
    shorter = len(ngrams.keys) - longest
    tables = longest * (17 + 8 * max(order - 2, 0)) + shorter * (17 + 8)
    return tables + 36 * len(ngrams.keys)


def _aligned(shape: tuple[int, int], dtype: type[np.generic]) -> NDArray[Any]:
    """An array of elements of eight bytes that begins where a cache line does, not filled."""
    size = shape[0] * shape[1]
    memory = np.empty(size + 8, dtype)
    first = -(memory.ctypes.data // 8) % 8
    return memory[first : first + size].reshape(shape)


def _table(keys: Keys) -> tuple[Keys, Counts, Counts]:
    """A hash table of n-grams, half full, its buckets aligned to cache lines; what is before them; each one's row."""
    buckets = len(keys) // 4 + 1
    table = _aligned((buckets, 8), np.uint64)
    table[:] = 0  # np.zeros would not get large pages
    places = np.empty(len(keys), np.uint32)
    cutting_kernels.insert(table, keys, places)
    filled = np.count_nonzero(table, axis=1)
    before = (np.cumsum(filled) - filled).astype(np.uint32)
    cutting_kernels.number_rows(before, places)
    return table, before, places


def cut(batch: CorpusBatch, tables: Tables, ensure_unicode: bool) -> NDArray[np.uint8]:
    """uint8 (len(batch.data),): 1 where a piece begins on the best path of each chunk."""
    begins = np.empty(len(batch.data), np.uint8)
    cutting_kernels.cut_chunks(batch.data, batch.ends, tables.order, ensure_unicode, *tables[1:], begins)
    return begins


def count_pieces(batch: CorpusBatch, begins: NDArray[np.uint8]) -> PieceRun:
    """The pieces of a batch that `cut` marked."""
    most = np.count_nonzero(begins)
    starts, keys = np.empty(most, np.int64), np.empty(most, np.uint64)
    piece_kernels.find_pieces(batch.data, begins, starts, keys)
    lengths = np.diff(starts, append=len(batch.data))
    return piece_run(batch.data, starts, lengths, np.ones(most, np.int64), keys)


def piece_run(
    pool: NDArray[np.uint8], starts: Integers, lengths: Integers, counts: Integers, keys: Keys
) -> PieceRun:
    """Pieces that lie anywhere in a pool as a run; equal ones are added up."""
    places, sums = np.empty(len(keys), np.int64), np.empty(len(keys), np.int64)
    size = piece_kernels.group(pool, starts, lengths, counts, keys, np.argsort(keys), places, sums)
    places = places[:size]
    short = lengths[places].astype(np.uint16)
    content = np.empty(short.sum(dtype=np.int64), np.uint8)
    piece_kernels.gather(pool, starts[places], short, content)
    return PieceRun(keys[places], sums[:size].copy(), short, content)
