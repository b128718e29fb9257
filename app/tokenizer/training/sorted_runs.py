"""Runs: sorted counts of n-grams or pieces, merged in memory, kept on disk where memory is bounded, cut by key range.

What is counted and what a key is, the kernels say (`ngram_kernels.py`, `piece_kernels.py`). Runs of the same texts
give the same counts in whatever order they are merged, so any thread, file or machine may hold any of them.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Generic, Literal, NamedTuple, Protocol, Self, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from app.errors import FileError
from app.tokenizer.training import ngram_kernels, piece_kernels

Integers = NDArray[np.int64]
Keys = NDArray[np.uint64]

Run = TypeVar("Run", bound="Mergeable")
Run_co = TypeVar("Run_co", bound="Mergeable", covariant=True)

Arrays = TypeVar("Arrays")

EMPTY_FILE = 128
"""Bytes of a file that holds an array of no elements."""

SPACING = 1 << 12
"""Every so many keys of a run, one is a sample for choosing ranges, and a place to begin reading from disk."""

END = 1 << 64
"""The end of the last range of keys."""


class Sliceable(Protocol[Run_co]):
    """A run, in memory or not, of which parts can be had."""

    def between(self, low: int, high: int) -> Run_co:
        """Those with keys from `low` on and below `high`."""
        ...

    def samples(self) -> Keys:
        """Every SPACING-th key."""
        ...

    def size(self) -> int:
        """Bytes that the whole run takes."""
        ...


class Mergeable(Protocol):
    """A run in memory."""

    @property
    def keys(self) -> Keys:
        """Sorted."""
        ...

    def merge(self, other: Self) -> Self:
        """One run of both."""
        ...

    def between(self, low: int, high: int) -> Self:
        """Those with keys from `low` on and below `high`."""
        ...

    def samples(self) -> Keys:
        """Every SPACING-th key."""
        ...

    def size(self) -> int:
        """Bytes that it takes."""
        ...


class NGramRun(NamedTuple):
    """Distinct n-grams as sorted keys, and how often each was counted."""

    keys: Keys
    counts: Integers

    def merge(self, other: "NGramRun") -> "NGramRun":
        """One run of both."""
        keys = np.empty(len(self.keys) + len(other.keys), np.uint64)
        counts = np.empty(len(keys), np.int64)
        size = ngram_kernels.merge_runs(*self, *other, keys, counts)
        return NGramRun(_shrunk(keys, size), _shrunk(counts, size))

    def between(self, low: int, high: int) -> "NGramRun":
        """Those with keys from `low` on and below `high`."""
        part = slice(_place(self.keys, low), _place(self.keys, high))
        return NGramRun(self.keys[part], self.counts[part])

    def samples(self) -> Keys:
        """Every SPACING-th key."""
        return self.keys[::SPACING]

    def size(self) -> int:
        """Bytes that it takes."""
        return sum(array.nbytes for array in self)


class PieceRun(NamedTuple):
    """Distinct pieces as sorted keys, the length and the count of each, and their bytes one after another."""

    keys: Keys
    counts: Integers
    lengths: NDArray[np.uint16]
    pool: NDArray[np.uint8]

    def merge(self, other: "PieceRun") -> "PieceRun":
        """One run of both."""
        keys = np.empty(len(self.keys) + len(other.keys), np.uint64)
        counts, lengths = np.empty(len(keys), np.int64), np.empty(len(keys), np.uint16)
        pool = np.empty(len(self.pool) + len(other.pool), np.uint8)
        size, used = piece_kernels.merge_runs(*self, *other, keys, counts, lengths, pool)
        return PieceRun(
            _shrunk(keys, size), _shrunk(counts, size), _shrunk(lengths, size), _shrunk(pool, used)
        )

    def between(self, low: int, high: int) -> "PieceRun":
        """Those with keys from `low` on and below `high`."""
        part = slice(_place(self.keys, low), _place(self.keys, high))
        start = int(self.lengths[: part.start].sum(dtype=np.int64))
        stop = start + int(self.lengths[part].sum(dtype=np.int64))
        return PieceRun(self.keys[part], self.counts[part], self.lengths[part], self.pool[start:stop])

    def samples(self) -> Keys:
        """Every SPACING-th key."""
        return self.keys[::SPACING]

    def size(self) -> int:
        """Bytes that it takes."""
        return sum(array.nbytes for array in self)


class StoredRun(Generic[Run]):
    """A run in a file for each of its arrays, of which only what is asked for is read.

    path: how the files' names begin; kind: the run's class. FileError where they can't be read.
    """

    def __init__(self, path: Path, kind: type[Run]) -> None:
        self._path, self._kind = path, cast(Any, kind)
        keys = self._file("keys")
        self._samples = np.array(keys[::SPACING])
        self._size = sum(self._file(name).nbytes for name in self._kind._fields)
        self._pool_places = np.zeros(len(self._samples), np.int64)
        if "lengths" in self._kind._fields and len(keys) > 0:
            sums = np.add.reduceat(self._file("lengths"), range(0, len(keys), SPACING), dtype=np.int64)
            self._pool_places[1:] = np.cumsum(sums)[:-1]

    @classmethod
    def write(cls, path: Path, run: Run) -> "StoredRun[Run]":
        """Stores a run. FileError where that can't be done."""
        write_arrays(path, run)
        return cls(path, type(run))

    def between(self, low: int, high: int) -> Run:
        """Those with keys from `low` on and below `high`, read now."""
        first = max(0, _place(self._samples, low) - 1)
        last = _place(self._samples, high)
        places = [*self._pool_places.tolist(), None]
        parts = {"pool": slice(places[first], places[last])}
        part = slice(first * SPACING, last * SPACING)
        names = self._kind._fields
        read: Run = self._kind(*(np.array(self._file(name)[parts.get(name, part)]) for name in names))
        return read.between(low, high)

    def samples(self) -> Keys:
        """Every SPACING-th key."""
        return self._samples

    def size(self) -> int:
        """Bytes that the whole run takes."""
        return self._size

    def _file(self, name: str) -> NDArray[Any]:
        """Mapped for the moment of reading; what is kept of it is a copy."""
        return _read_array(Path(f"{self._path}.{name}.npy"), "r")


def write_arrays(path: Path, arrays: Any) -> None:
    """Writes each array of a named tuple to a file of its own, whose name begins with `path`."""
    for name, array in arrays._asdict().items():
        try:
            np.save(f"{path}.{name}.npy", array)
        except OSError as error:
            raise FileError(f"{path}.{name}.npy: can't be written: {error.strerror}") from error


def read_arrays(path: Path, kind: Callable[..., Arrays]) -> Arrays:
    """The named tuple that `write_arrays` wrote."""
    names = cast(Any, kind)._fields
    return kind(*(_read_array(Path(f"{path}.{name}.npy")) for name in names))


def _read_array(path: Path, mapped: Literal["r"] | None = None) -> NDArray[Any]:
    try:
        # An empty file can't be mapped.
        empty = mapped and path.stat().st_size <= EMPTY_FILE
        return cast(NDArray[Any], np.load(path, mmap_mode=None if empty else mapped))
    except (OSError, ValueError) as error:
        raise FileError(f"{path}: can't be read: {error}") from error


class Runs(Generic[Run]):
    """A growing set of runs, as few as merging each of them rarely allows; not to be used by two threads at once.

    With a `path`, they go to files whose names begin with it, whenever they take more than `most` bytes.
    """

    def __init__(self, path: Path | None = None, most: int = 0) -> None:
        self._waiting: list[Run] = []
        self._stored: list[StoredRun[Run]] = []
        self._path, self._most = path, most

    def add(self, run: Run) -> None:
        """Takes a run in; each that waits is at least twice as large as the next, so it is seldom merged."""
        while self._waiting and len(self._waiting[-1].keys) < 2 * len(run.keys):
            run = self._waiting.pop().merge(run)
        self._waiting.append(run)
        if self._path is not None and sum(run.size() for run in self._waiting) > self._most:
            path = Path(f"{self._path} {len(self._stored)}")
            self._stored.append(StoredRun.write(path, merged(self._waiting)))
            self._waiting = []

    def runs(self) -> list[Sliceable[Run]]:
        """All of them."""
        waiting: Any = self._waiting
        return [*waiting, *self._stored]


def samples(runs: Sequence[Sliceable[Run]]) -> Keys:
    """Keys spread evenly over all that the runs hold."""
    return np.sort(np.concatenate([np.empty(0, np.uint64), *(run.samples() for run in runs)]))


def ranges(samples: Keys, parts: int, prefix_bits: int = 64) -> list[tuple[int, int]]:
    """Splits all keys into at most `parts` ranges that hold about as many of the samples.

    Keys whose first `prefix_bits` are the same come into the same range.
    """
    places = np.linspace(0, len(samples), parts + 1)[1:-1].astype(np.int64)
    mask = ~np.uint64(0) << np.uint64(64 - prefix_bits)
    bounds = np.unique(samples[places] & mask).tolist() if len(samples) else []
    return list(pairwise([0, *(bound for bound in bounds if bound > 0), END]))


def merged(runs: Sequence[Run]) -> Run:
    """One run of one or more, the small ones merged first."""
    waiting = sorted(runs, key=lambda run: len(run.keys), reverse=True)
    while len(waiting) > 1:
        run = waiting.pop().merge(waiting.pop())
        place = len(waiting)
        while place > 0 and len(waiting[place - 1].keys) < len(run.keys):
            place -= 1
        waiting.insert(place, run)
    return waiting[0]


def merged_between(runs: Sequence[Sliceable[Run]], low: int, high: int) -> Run:
    """One run of what the runs hold in a range of keys."""
    return merged([run.between(low, high) for run in runs])


def _place(keys: Keys, bound: int) -> int:
    return len(keys) if bound == END else int(np.searchsorted(keys, np.uint64(bound)))


def _shrunk(array: NDArray[Any], size: int) -> NDArray[Any]:
    array.resize(size, refcheck=False)
    return array
