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
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Self

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


def read_document(folder: Path, number: int) -> NDArray[np.int64]:
    """The ids of document `number` (from 0) of a folder that `ShardWriter` wrote; shards are mapped, not read whole.

    Raises FileError where the folder is no such folder, InputError where it has no such document.
    """
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        offsets = np.load(folder / OFFSETS, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise FileError(f"{folder}: no folder of shards: {error}") from error
    if not 0 <= number < index["documents"]:
        raise InputError(
            f"there is no document {number}; they are numbered from 0 to {index['documents'] - 1}"
        )
    start, end = int(offsets[number]), int(offsets[number + 1])
    before = 0
    for shard in index["shards"]:
        if end <= before + shard["tokens"]:
            path = folder / shard["file"]
            ids = (
                np.load(path, mmap_mode="r")
                if path.suffix == ".npy"
                else np.fromfile(path, np.dtype(index["dtype"]).newbyteorder("<"))
            )
            return np.asarray(ids[start - before : end - before], np.int64)
        before += shard["tokens"]
    raise FileError(f"{folder}: the shards hold fewer ids than the index tells")
