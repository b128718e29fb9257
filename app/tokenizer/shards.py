"""A tokenised corpus on disk: numbered files of ids and one index. Writes and reads; tokenises nothing.

A folder holds `00000.npy`, `00001.npy` … (or `.bin`, the same numbers without a header), each a flat array of
little-endian ids, uint16 where the vocabulary fits and uint32 where not; `offsets.npy`, int64 of shape
(documents + 1,), where each document begins in the concatenation of all shards; and `index.json`, which names
all of it with sha256 sums. No document is split over two shards unless it is longer than one.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from app.errors import FileError, InputError

INDEX = "index.json"
OFFSETS = "offsets.npy"


class ShardWriter:
    """Collects documents and writes them as shards; the folder appears whole when the block ends without error.

    `tokens_per_shard` ids are held in memory at the most, but for a single document that is longer.
    Raises InputError where the folder exists already, FileError where it can't be written.
    """

    def __init__(
        self,
        folder: Path,
        vocab_size: int,
        model: str,
        model_sha256: str,
        form: Literal["npy", "bin"] = "npy",
        tokens_per_shard: int = 1 << 24,
    ) -> None:
        if folder.exists():
            raise InputError(f"{folder} exists already; name a folder that does not, or remove it")
        self.dtype = np.dtype("<u2" if vocab_size <= 1 << 16 else "<u4")
        self._folder = folder
        self._partial = folder.with_name(f".{folder.name}.partial")
        self._form = form
        self._most = tokens_per_shard
        self._about = {"model": model, "model_sha256": model_sha256, "vocab_size": vocab_size}
        self._waiting: list[NDArray[np.int32]] = []
        self._waiting_tokens = 0
        self._lengths: list[int] = []
        self._shards: list[dict[str, str | int]] = []

    def __enter__(self) -> Self:
        try:
            shutil.rmtree(self._partial, ignore_errors=True)
            self._partial.mkdir(parents=True)
        except OSError as error:
            raise FileError(f"{self._folder}: can't be written: {error.strerror}") from error
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self._finish()
        else:
            shutil.rmtree(self._partial, ignore_errors=True)

    def write(self, documents: Iterable[NDArray[np.int32]]) -> None:
        """Append documents, each an int32 array of ids."""
        for ids in documents:
            if self._waiting_tokens and self._waiting_tokens + len(ids) > self._most:
                self._flush()
            self._waiting.append(ids)
            self._waiting_tokens += len(ids)
            self._lengths.append(len(ids))

    def _flush(self) -> None:
        name = f"{len(self._shards):05}.{self._form}"
        ids = np.concatenate(self._waiting).astype(self.dtype) if self._waiting else np.empty(0, self.dtype)
        path = self._partial / name
        try:
            if self._form == "npy":
                np.save(path, ids)
            else:
                ids.tofile(path)
        except OSError as error:
            raise FileError(f"{path}: can't be written: {error.strerror}") from error
        with path.open("rb") as written:
            sha256 = hashlib.file_digest(written, "sha256").hexdigest()
        self._shards.append({"file": name, "tokens": len(ids), "sha256": sha256})
        self._waiting, self._waiting_tokens = [], 0

    def _finish(self) -> None:
        if self._waiting or not self._shards:
            self._flush()
        offsets = np.zeros(len(self._lengths) + 1, np.int64)
        np.cumsum(self._lengths, out=offsets[1:])
        np.save(self._partial / OFFSETS, offsets)
        index = {
            "format": "quire-shards",
            "version": 1,
            **self._about,
            "dtype": self.dtype.name,
            "documents": len(self._lengths),
            "tokens": int(offsets[-1]),
            "shards": self._shards,
        }
        (self._partial / INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
        os.replace(self._partial, self._folder)  # noqa: PTH105 - the rename must be one step


class ShardReader:
    """A folder that `ShardWriter` wrote, with its files mapped once: a sequence of documents.

    A document is an array of ids in the folder's own type (uint16 or uint32), which is a view of the file: nothing is
    read before it is looked at, and processes that read the same folder share its memory. Safe to use from many
    threads, and to hand to other processes, which open the files for themselves.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with ShardWriter(Path(folder) / "corpus", 32_000, "default", "") as writer:
    ...         writer.write([np.array([18401, 47], np.int32), np.array([35], np.int32)])
    ...     reader = ShardReader(Path(folder) / "corpus")
    ...     len(reader), reader.tokens, reader[0].tolist()
    (2, 3, [18401, 47])

    Raises FileError where the folder is not such a folder, or its files are shorter than its index says.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.about: dict[str, Any] = json.loads((folder / INDEX).read_text(encoding="utf-8"))
            self.offsets: NDArray[np.int64] = np.load(folder / OFFSETS, mmap_mode="r")
            dtype = np.dtype(self.about["dtype"]).newbyteorder("<")
            self._shards = [_mapped(folder / shard["file"], dtype) for shard in self.about["shards"]]
            counts = [int(shard["tokens"]) for shard in self.about["shards"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FileError(f"{folder}: not a folder of shards: {error}") from error
        if [len(shard) for shard in self._shards] != counts:
            raise FileError(f"{folder}: the shards do not hold the ids that the index lists")
        self._ends = np.cumsum(counts, dtype=np.int64)

    @property
    def tokens(self) -> int:
        """How many ids there are in all."""
        return int(self.offsets[-1])

    def __len__(self) -> int:
        """How many documents there are."""
        return len(self.offsets) - 1

    def __getitem__(self, number: int) -> NDArray[np.uint16] | NDArray[np.uint32]:
        """The ids of document `number`, from 0; InputError where there is none."""
        if not 0 <= number < len(self):
            raise InputError(f"there is no document {number}; they are numbered from 0 to {len(self) - 1}")
        return self.slice(int(self.offsets[number]), int(self.offsets[number + 1]))

    def __iter__(self) -> Iterator[NDArray[np.uint16] | NDArray[np.uint32]]:
        """Every document, in order."""
        return (self[number] for number in range(len(self)))

    def slice(self, start: int, end: int) -> NDArray[np.uint16] | NDArray[np.uint32]:
        """The ids from `start` to `end` of all documents one after the other: what a step of fixed length takes.

        A view where they lie in one shard, else a copy. Raises InputError where they lie outside.
        """
        if not 0 <= start <= end <= self.tokens:
            raise InputError(f"ids {start} to {end} are out of range; the shards hold {self.tokens}")
        first = int(np.searchsorted(self._ends, start, side="right"))
        parts = []
        for shard, stop in zip(self._shards[first:], self._ends[first:], strict=True):
            before = int(stop) - len(shard)
            parts.append(shard[start - before : end - before])
            if end <= stop:
                break
            start = int(stop)
        if not parts:
            return np.empty(0, self._shards[0].dtype)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def __reduce__(self) -> tuple[type["ShardReader"], tuple[Path]]:
        """Another process maps the files itself."""
        return type(self), (self.folder,)


def _mapped(path: Path, dtype: np.dtype[Any]) -> NDArray[Any]:
    if path.suffix == ".npy":
        mapped: NDArray[Any] = np.load(path, mmap_mode="r")
        return mapped
    return np.memmap(path, dtype, "r") if path.stat().st_size else np.empty(0, dtype)


def read_document(folder: Path, number: int) -> NDArray[np.int64]:
    """The ids of one document of a folder, as `ShardReader` gives them; to read several, keep a reader open.

    Raises FileError where the folder is not such a folder, InputError where it has no such document.
    """
    return ShardReader(folder)[number].astype(np.int64)
