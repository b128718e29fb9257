"""What one training works with: threads, a bound on its memory, a workspace, and a listener to its progress.

Knows the kinds of results that stages hand on, to keep them and find them again, and nothing of how they come about.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from math import ceil
from queue import SimpleQueue
from typing import NamedTuple, Self, TypeVar

from app.errors import InputError
from app.tokenizer.training.likelihood import CorpusBatch, NGrams
from app.tokenizer.training.sorted_runs import (
    Arrays,
    PieceRun,
    Run,
    Runs,
    Sliceable,
    StoredRun,
    read_arrays,
    write_arrays,
)
from app.tokenizer.training.workspace import Workspace

Progress = Callable[[str, int, int], None]
Item = TypeVar("Item")
Output = TypeVar("Output")

PARTS = 4
"""Ranges of keys for each thread, so that none has much to do while the others are done."""

BASE_BYTES = 192 << 20
THREAD_BYTES = 80 << 20
"""What a process takes without any counts, and a thread with its batch."""

CUTTING_BYTES = 48 << 20
"""What a thread takes while it cuts and its counts are few."""

LEAST_BYTES = 16 << 20
"""Counts that a thread may hold, however little memory there is."""


MERGED = 8
"""How many times a range of keys is in memory while its runs are read, merged and split."""


class CountedPieces(NamedTuple):
    """The counted pieces that a vocabulary may have, and the rest in ranges of keys."""

    wanted: PieceRun
    rest: list[Sliceable[PieceRun]]


class TrainingWork:
    """Threads for the kernels, which release the GIL, and places for what they give; to be used in a `with` block.

    memory: bytes that the process should stay below, which needs a workspace.
    """

    def __init__(
        self,
        threads: int | None,
        progress: Progress | None,
        memory: int | None = None,
        workspace: Workspace | None = None,
    ) -> None:
        self.threads = whole("threads", (os.cpu_count() or 1) if threads is None else threads, 1, 1024)
        self.progress: Progress = progress or (lambda *_: None)
        self._memory = None if memory is None else whole("memory", memory, 1, 1 << 62)
        self._workspace = workspace
        self._pool = ThreadPoolExecutor(self.threads) if self.threads > 1 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

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

    def count(
        self,
        stage: str,
        batches: Iterable[CorpusBatch],
        function: Callable[[CorpusBatch], Run],
        total: int,
        held: int = 0,
    ) -> list[Sliceable[Run]]:
        """What a function gives for each batch, merged into a few runs. Each thread has runs of its own.

        held: bytes that are in memory beside the counts, and so not available to them.
        """
        idle: SimpleQueue[Runs[Run]] = SimpleQueue()
        mine: list[Runs[Run]] = [self._runs(f"{stage} {number}", held) for number in range(self.threads)]
        for runs in mine:
            idle.put(runs)

        def count(batch: CorpusBatch) -> int:
            if len(batch.data) > 0:
                run, runs = function(batch), idle.get()
                runs.add(run)
                idle.put(runs)
            return batch.texts

        done = 0
        for ended in self.map(count, batches):
            done += ended
            self.progress(stage, done, total)
        return [run for runs in mine for run in runs.runs()]

    def put_away(self, name: str, arrays: Arrays) -> Callable[[], Arrays]:
        """What gives the arrays back, a named tuple; they are in a file of that name where memory is bounded."""
        if self._memory is None or self._workspace is None:
            return lambda: arrays
        path = self._workspace.scratch / name
        write_arrays(path, arrays)
        return partial(read_arrays, path, type(arrays))

    def _runs(self, name: str, held: int) -> Runs[Run]:
        if self._memory is None or self._workspace is None:
            return Runs()
        return Runs(self._workspace.scratch / name, self._most(self._memory - held))

    def _most(self, memory: int) -> int:
        """Bytes of counts that a thread may hold; merging them takes twice as much again."""
        return max(LEAST_BYTES, (memory - BASE_BYTES) // self.threads - THREAD_BYTES) // 3

    def parts(self, runs: list[Sliceable[Run]]) -> int:
        """Into how many ranges of keys runs are split, so that all threads have work and memory suffices."""
        parts = PARTS * self.threads
        size = sum(run.size() for run in runs)
        return parts if self._memory is None else max(parts, MERGED * size // self._most(self._memory) + 1)

    def check_memory(self, needed: int, what: str) -> None:
        """InputError where something that has to be held as a whole takes more than there may be."""
        needed += BASE_BYTES + self.threads * CUTTING_BYTES
        if self._memory is not None and needed > self._memory:
            # Rounded up, so that what is named is enough when it is allowed.
            least = ceil(needed / 1e7) / 100
            raise InputError(
                f"{what} have to be in memory, and that takes {least:.2f} GB in all: allow that much, or count fewer "
                "with a higher min_count or a lower order",
                "/memory",
            )

    def kept_ngrams(self) -> NGrams | None:
        """The n-grams that an earlier process left."""
        folder = self._workspace and self._workspace.finished("ngrams")
        return read_arrays(folder / "all", NGrams) if folder else None

    def keep_ngrams(self, ngrams: NGrams) -> NGrams:
        """Keeps n-grams where there is a place for them."""
        if self._workspace is not None:
            with self._workspace.finishing("ngrams") as folder:
                write_arrays(folder / "all", ngrams)
        return ngrams

    def kept_pieces(self) -> CountedPieces | None:
        """The pieces that an earlier process left."""
        folder = self._workspace and self._workspace.finished("pieces")
        if not folder:
            return None
        rest = sorted({path.name.split(".")[0] for path in folder.glob("rest-*.keys.npy")})
        return CountedPieces(
            read_arrays(folder / "wanted", PieceRun), [StoredRun(folder / name, PieceRun) for name in rest]
        )

    def keep_pieces(self, wanted: Callable[[], PieceRun], rest: Iterable[PieceRun]) -> CountedPieces:
        """Keeps pieces where there is a place for them, else in memory. `wanted` is asked after the rest."""
        if self._workspace is None:
            held: list[Sliceable[PieceRun]] = list(rest)
            return CountedPieces(wanted(), held)
        with self._workspace.finishing("pieces") as folder:
            for number, run in enumerate(rest):
                write_arrays(folder / f"rest-{number:05}", run)
            write_arrays(folder / "wanted", wanted())
        kept = self.kept_pieces()
        if kept is None:
            raise InputError(f"{folder}: what was just written is gone; was it removed?")
        return kept


def whole(name: str, value: object, low: int, high: int) -> int:
    """The value, if it is a whole number from `low` to `high`; else InputError names it."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InputError(
            f"{name} is {value!r}; it should be a whole number from {low:,} to {high:,}", f"/{name}"
        )
    return value
