"""Trainer: learns a BytePiece vocabulary from texts, in threads, in memory.

It orders the stages of `stages.py` and `pruning.py` and holds no loops of its own. For any number of threads it
gives byte for byte what `reference.py` and bytepiece 0.6.3 give; how many there are changes the time alone.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, Generic, Literal, Self, TypeVar, overload

from app.errors import InputError
from app.tokenizer import stages
from app.tokenizer.model import FIRST_PIECE, Card, Model
from app.tokenizer.ngram_kernels import MAX_ORDER
from app.tokenizer.pruning import prune_pieces, split_wanted
from app.tokenizer.runs import (
    NGramRun,
    PieceRun,
    Run,
    Runs,
    Sliceable,
    merged,
    merged_between,
    ranges,
    samples,
)

Progress = Callable[[str, int, int], None]
Objective = Literal["likelihood"]
Result = TypeVar("Result")
Item = TypeVar("Item")
Output = TypeVar("Output")

PARTS = 4
"""Ranges of keys for each thread, so that none has much to do while the others are done."""

SMALLEST_VOCABULARY = 256 + FIRST_PIECE


class Trainer(Generic[Result]):
    """How to train; `train` does it.

    order: the longest n-gram whose statistics say where a piece begins, in bytes, 1 to 7.
    vocab_size: how many ids the model may have at most, or several such sizes for several models.
    min_count: n-grams and pieces seen less often are dropped.
    max_piece_length: in bytes; longer pieces are cut.
    isolate_digits: whether each digit is a piece of its own.
    ensure_unicode: whether pieces may begin only where a character does.
    objective: "likelihood", BytePiece's own: pieces by how often the n-gram model cuts them out.

    Method: J. Su, https://kexue.fm/archives/9752.

    >>> model = Trainer(vocab_size=300).train(["banana bandana"] * 9)
    >>> model.pieces[256:]
    (b'banana bandana',)
    """

    @overload
    def __init__(
        self: "Trainer[Model]",
        order: int = ...,
        vocab_size: int = ...,
        min_count: int = ...,
        max_piece_length: int = ...,
        isolate_digits: bool = ...,
        ensure_unicode: bool = ...,
        objective: Objective = ...,
    ) -> None: ...

    @overload
    def __init__(
        self: "Trainer[list[Model]]",
        order: int = ...,
        *,
        vocab_size: Sequence[int],
        min_count: int = ...,
        max_piece_length: int = ...,
        isolate_digits: bool = ...,
        ensure_unicode: bool = ...,
        objective: Objective = ...,
    ) -> None: ...

    def __init__(
        self,
        order: int = 6,
        vocab_size: int | Sequence[int] = 32000,
        min_count: int = 2,
        max_piece_length: int = 36,
        isolate_digits: bool = False,
        ensure_unicode: bool = True,
        objective: Objective = "likelihood",
    ) -> None:
        if objective != "likelihood":
            raise InputError(f'objective is {objective!r}; it should be "likelihood"', "/objective")
        self.order = _whole("order", order, 1, MAX_ORDER)
        self.several = not isinstance(vocab_size, int)
        sizes = [vocab_size] if isinstance(vocab_size, int) else list(vocab_size)
        if not sizes:
            raise InputError("vocab_size is an empty list; name at least one size", "/vocab_size")
        self.vocab_sizes = [_whole("vocab_size", size, SMALLEST_VOCABULARY, 1 << 30) for size in sizes]
        self.min_count = _whole("min_count", min_count, 1, 1 << 62)
        self.max_piece_length = _whole("max_piece_length", max_piece_length, 1, 1 << 62)
        self.isolate_digits = bool(isolate_digits)
        self.ensure_unicode = bool(ensure_unicode)

    def train(
        self, texts: Iterable[str], threads: int | None = None, progress: Progress | None = None
    ) -> Result:
        """Learns from texts, which are read twice: a list, or anything that can be iterated anew.

        threads: how many, by default as many as this process has processors. progress: is told a stage's name,
        how much of it is done, and of how much (0 while that is unknown). Gives one model for one vocabulary
        size, a list in the order of the sizes for several. InputError if the texts can't be used.
        """
        if isinstance(texts, str) or iter(texts) is texts:
            raise InputError(
                "texts are read twice, so they should be a list of str or something else that can be iterated "
                "anew, not a single text, generator or open file",
                "/texts",
            )
        with _Work(threads, progress) as work:
            models = self._train(texts, work)
        result: Any = models if self.several else models[0]
        return result  # type: ignore[no-any-return]

    def _train(self, texts: Iterable[str], work: "_Work") -> list[Model]:
        ngrams, total = self._count_ngrams(texts, work)
        tables = stages.look_up_tables(ngrams, self.order, self.min_count)
        del ngrams
        wanted, rest = self._count_pieces(texts, total, tables, work)
        del tables
        work.progress("prune pieces", 0, 1)
        pruned = prune_pieces(wanted, rest, self.vocab_sizes, work.threads, work.map)
        work.progress("prune pieces", 1, 1)
        card = Card(extra={"training": self.options()})
        return [Model.from_counts("trained", pruned[size], card) for size in self.vocab_sizes]

    def options(self) -> dict[str, Any]:
        """The options as plain values, for a model's card."""
        return {
            "order": self.order,
            "vocab_size": self.vocab_sizes if self.several else self.vocab_sizes[0],
            "min_count": self.min_count,
            "max_piece_length": self.max_piece_length,
            "isolate_digits": self.isolate_digits,
            "ensure_unicode": self.ensure_unicode,
        }

    def _count_ngrams(self, texts: Iterable[str], work: "_Work") -> tuple[stages.NGrams, int]:
        """The n-grams of the corpus that stay, and how many texts it has."""

        def count(batch: stages.Batch) -> NGramRun:
            return stages.count_ngrams(batch, self.order)

        total = len(texts) if isinstance(texts, Sized) else 0
        runs, done = work.count("count n-grams", self._batches(texts), count, total)
        if not runs:
            raise InputError("the texts are empty; training needs some to learn from", "/texts")

        def score(bounds: tuple[int, int]) -> stages.NGrams:
            return stages.score_ngrams(merged_between(runs, *bounds), self.order, self.min_count)

        parts = ranges(samples(runs), PARTS * work.threads, stages.PREFIX_BITS)
        return stages.join_ngrams(list(work.map(score, parts))), done

    def _count_pieces(
        self, texts: Iterable[str], total: int, tables: stages.Tables, work: "_Work"
    ) -> tuple[PieceRun, list[PieceRun]]:
        """The pieces that the n-grams cut the corpus into: those that a vocabulary may have, and the rest."""

        def count(batch: stages.Batch) -> PieceRun:
            return stages.count_pieces(batch, stages.cut(batch, tables, self.ensure_unicode))

        runs, _ = work.count("count pieces", self._batches(texts), count, total)

        def split(bounds: tuple[int, int]) -> tuple[PieceRun, PieceRun]:
            run = merged_between(runs, *bounds)
            return split_wanted(run, self.min_count, self.max_piece_length)

        parts = ranges(samples(runs), PARTS * work.threads)
        wanted, rest = zip(*work.map(split, parts), strict=True)
        return merged(wanted), list(rest)

    def _batches(self, texts: Iterable[str]) -> Iterator[stages.Batch]:
        return stages.read_batches(texts, self.isolate_digits)


class _Work:
    """Threads for the kernels, which release the GIL, and a listener to their progress."""

    def __init__(self, threads: int | None, progress: Progress | None) -> None:
        self.threads = _whole("threads", (os.cpu_count() or 1) if threads is None else threads, 1, 1024)
        self.progress: Progress = progress or (lambda *_: None)
        self._pool = ThreadPoolExecutor(self.threads) if self.threads > 1 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def count(
        self, stage: str, batches: Iterable[stages.Batch], function: Callable[[stages.Batch], Run], total: int
    ) -> tuple[list[Sliceable[Run]], int]:
        """What a function gives for each batch, merged into a few runs, and how many texts there were.

        Each thread has runs of its own.
        """
        idle: SimpleQueue[Runs[Run]] = SimpleQueue()
        mine = [Runs[Run]() for _ in range(self.threads)]
        for runs in mine:
            idle.put(runs)

        def count(batch: stages.Batch) -> int:
            if len(batch.data) > 0:
                run, runs = function(batch), idle.get()
                runs.add(run)
                idle.put(runs)
            return batch.texts

        done = 0
        for ended in self.map(count, batches):
            done += ended
            self.progress(stage, done, total)
        return [run for runs in mine for run in runs.runs()], done

    def map(self, function: Callable[[Item], Output], items: Iterable[Item]) -> Iterator[Output]:
        """Results in the order of the items; only a few more items are read than are being worked on."""
        if self._pool is None:
            yield from map(function, items)
            return
        waiting: deque[Future[Output]] = deque()
        for item in items:
            waiting.append(self._pool.submit(function, item))
            if len(waiting) > self.threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _whole(name: str, value: object, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InputError(
            f"{name} is {value!r}; it should be a whole number from {low:,} to {high:,}", f"/{name}"
        )
    return value
