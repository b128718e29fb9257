"""How sets of vectors lie on the disk: `state.json` names them, each has a folder with a file for each column.

    state.json          which sets there are: the one that is searched, and perhaps one that is to follow it
    NAME/numbers        uint32: the papers' numbers (store/positions.py), a row for each vector
    NAME/days           int32: ordinals of the days that they are listed under
    NAME/kinds          uint32: which line of `categories` has their categories
    NAME/texts          uint64: fingerprints of the texts that became vectors
    NAME/bits           uint64, as many words as it takes: the signs of the vectors less the mean
    NAME/codes          int8, as many as the vectors have dimensions; times the row's scale they are the vector
    NAME/scales         float32
    NAME/dead           uint32: rows that are no more
    NAME/categories     text: each line a set of categories
    NAME/mean, probe    float32: what is taken away before signs are; the vector of a text that identifies the model

Rows are only ever appended, and count once `state.json` says so: it is renamed into place when they are on the disk.
What a process that was killed left beyond them is cut off by the next writer, so readers may map what counts.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.papers.meaning.embedder import Vectors

FORMAT = 1
STATE = "state.json"


@dataclass(frozen=True, slots=True)
class SetState:
    """A set: whose vectors, of which store up to which of its changes, and how much of its files counts.

    `centred_on` is how many vectors the mean is of.
    """

    name: str
    model: str
    dimensions: int
    store: str
    changes: int
    rows: int = 0
    dead: int = 0
    kinds: int = 0
    centred_on: int = 0

    @property
    def living(self) -> int:
        """How many papers have a vector in it."""
        return self.rows - self.dead


@dataclass(frozen=True, slots=True)
class State:
    """The sets, the one that is searched first; `day` and `count` say how many papers the server did on which day."""

    sets: tuple[SetState, ...] = ()
    day: str = ""
    count: int = 0


def read_state(folder: Path) -> State:
    """The state in `folder`; one without sets where there is none, or one of another Quire, or damaged."""
    try:
        kept: dict[str, Any] = json.loads((folder / STATE).read_bytes())
        if kept.pop("format") != FORMAT:
            return State()
        sets = tuple(SetState(**item) for item in kept.pop("sets"))
        return State(tuple(item for item in sets if is_whole(folder, item)), **kept)
    except (OSError, ValueError, TypeError, KeyError):
        return State()


def write_state(folder: Path, state: State) -> None:
    """Puts a state in place, whole or not at all."""
    beside = folder / f"{STATE}.new"
    with beside.open("w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, **asdict(state)}, file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / STATE)


def columns(dimensions: int) -> dict[str, tuple[np.dtype[Any], int]]:
    """The columns with a number, or as many as are asked for, in each row."""
    return {
        "numbers": (np.dtype("<u4"), 1),
        "days": (np.dtype("<i4"), 1),
        "kinds": (np.dtype("<u4"), 1),
        "texts": (np.dtype("<u8"), 1),
        "bits": (np.dtype("<u8"), words(dimensions)),
        "codes": (np.dtype("i1"), dimensions),
        "scales": (np.dtype("<f4"), 1),
    }


def sizes(state: SetState) -> dict[str, int]:
    """How many bytes of each file count."""
    found = {
        name: kind.itemsize * width * state.rows for name, (kind, width) in columns(state.dimensions).items()
    }
    return {**found, "dead": 4 * state.dead}


def is_whole(folder: Path, state: SetState) -> bool:
    """Whether the files of a set hold all that counts."""
    place = folder / state.name
    try:
        return (
            all((place / name).stat().st_size >= size for name, size in sizes(state).items())
            and (state.rows == 0 or (place / "mean").stat().st_size == 4 * state.dimensions)
            and (place / "probe").stat().st_size == 4 * state.dimensions
            and len(kinds(place, state.kinds)) == state.kinds
        )
    except OSError:
        return False


def mapped(place: Path, state: SetState, name: str) -> NDArray[Any]:
    """A column as it lies on the disk, mapped for reading: (rows,) or (rows, width)."""
    kind, width = columns(state.dimensions)[name]
    shape = (state.rows,) if width == 1 and name != "bits" else (state.rows, width)
    if state.rows == 0:
        return np.zeros(shape, kind)
    return np.memmap(place / name, kind, "r", shape=shape)


def kinds(place: Path, count: int) -> list[str]:
    """The first `count` lines of `categories`, each the categories of some papers with spaces between."""
    if count == 0:
        return []
    *lines, _unfinished = (place / "categories").read_text(encoding="ascii").split("\n")
    return lines[:count]


def words(dimensions: int) -> int:
    """How many words of 64 bits hold a vector's signs."""
    return -(-dimensions // 64)


def signs(vectors: Vectors, mean: Vectors) -> NDArray[np.uint64]:
    """The signs of vectors less the mean: uint64 (n, words), a 1 for numbers above 0.

    >>> signs(np.array([[1, -1, 1]], np.float32), np.zeros(3, np.float32)).tolist()
    [[5]]
    """
    packed = np.packbits(vectors > mean, axis=1, bitorder="little")
    whole = np.zeros((len(vectors), 8 * words(vectors.shape[1])), np.uint8)
    whole[:, : packed.shape[1]] = packed
    return whole.view("<u8")


def coded(vectors: Vectors) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Vectors of length 1 as int8 (n, dimensions) with a scale for each row, float32 (n,), that keeps the length."""
    codes = np.rint(vectors * (127 / np.abs(vectors).max(axis=1, keepdims=True))).astype(np.int8)
    return codes, (1 / np.linalg.norm(codes.astype(np.float32), axis=1)).astype(np.float32)


def cut(place: Path, state: SetState) -> None:
    """Cuts off what a writer that was killed left beyond what counts; makes files that are not there."""
    for name, size in sizes(state).items():
        with (place / name).open("ab") as file:
            file.truncate(size)
    lines = kinds(place, state.kinds)
    (place / "categories").write_text("".join(f"{line}\n" for line in lines), encoding="ascii")


def flushed(place: Path, names: Iterable[str]) -> None:
    """Waits until files are on the disk."""
    for name in names:
        with (place / name).open("rb") as file:
            os.fsync(file.fileno())
