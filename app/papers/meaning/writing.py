"""The one writer of the sets of vectors: rows are appended, rows that are out of date are marked, nothing else changes.

What is written counts when `commit` has returned. See `files.py` for what lies where, `filling.py` for what is written.
"""

import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import StoreError
from app.papers.meaning import files
from app.papers.meaning.embedder import Vectors, fingerprint, is_same_model
from app.papers.meaning.files import SetState, State
from app.papers.models import Paper
from app.papers.store.lock import writer_lock
from app.papers.store.positions import listing_day, paper_number

_STEP = 65_536
_MEAN_OF = 20_000
"""A mean of so many vectors stays; one of fewer is taken again when there are eight times as many."""

_MOST_DEAD = 0.25


@dataclass(frozen=True, slots=True)
class VectorRow:
    """What a row says beside the vector: the paper's number, its day, its categories, its text's fingerprint."""

    number: int
    day: int
    kind: str
    text: int


def row_of(paper: Paper, text: str) -> VectorRow:
    """The row of a paper whose vector is that of `text`."""
    kind = " ".join(sorted(paper.categories))
    return VectorRow(paper_number(paper.id), listing_day(paper).toordinal(), kind, fingerprint(text))


@contextmanager
def vector_errors(folder: Path) -> Iterator[None]:
    """Raises StoreError for what the disk refuses."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"can't write the vectors in {folder}: {error.strerror or error}") from error


@contextmanager
def open_vectors(folder: Path, command: str) -> Iterator["VectorWriter"]:
    """The writer of the sets in `folder` while the block runs; others report `command` as the work being done.

    Raises StoreLocked where another process makes vectors, StoreError where the disk refuses.
    """
    with vector_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with writer_lock(folder / "writer.lock", command):
        yield VectorWriter(folder)


class VectorWriter:
    """Writes to the sets; made by `open_vectors`, which holds the lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = files.read_state(folder)

    def open_set(self, model: str, probe: Vectors, store: str, changes: int) -> "SetWriter":
        """The set of a model: one that is there already, or a new one, that starts at the store's `changes`.

        A set of another model stays and is searched until the new one is whole; one of another store goes.
        """
        kept = [item for item in self.state.sets if item.store == store and item.changes <= changes]
        own = [item for item in kept if item.model == model and self._is_of(item, probe)]
        others = [item for item in kept if item not in own]
        if own:
            chosen = own[0]
        else:
            chosen = SetState(uuid.uuid4().hex[:12], model, len(probe), store, changes)
            with vector_errors(self.folder):
                place = self.folder / chosen.name
                place.mkdir()
                probe.astype("<f4").tofile(place / "probe")
        # The first one is searched: it stays first as long as it is the only whole one.
        first = kept[:1] if kept and kept[0] != chosen else []
        self.state = replace(self.state, sets=(*first, chosen))
        with vector_errors(self.folder):
            files.cut(self.folder / chosen.name, chosen)
            files.write_state(self.folder, self.state)
        if others != first:
            self._clear()
        return SetWriter(self, chosen)

    def _is_of(self, state: SetState, probe: Vectors) -> bool:
        kept = np.fromfile(self.folder / state.name / "probe", "<f4")
        return is_same_model(kept, probe)

    def put(self, state: SetState, *, in_place_of: SetState) -> None:
        """Makes a set's new state what counts."""
        sets = tuple(state if item.name == in_place_of.name else item for item in self.state.sets)
        self._put(replace(self.state, sets=sets))

    def switch(self, state: SetState) -> None:
        """Makes a set, now whole, the only one."""
        if len(self.state.sets) > 1:
            self._put(replace(self.state, sets=(state,)))
        self._clear()

    def note(self, day: str, count: int) -> None:
        """Keeps how many papers the server did on a day."""
        self._put(replace(self.state, day=day, count=count))

    def _put(self, state: State) -> None:
        with vector_errors(self.folder):
            files.write_state(self.folder, state)
        self.state = state

    def _clear(self) -> None:
        """Removes folders of sets that are no more."""
        names = {item.name for item in self.state.sets}
        for place in self.folder.iterdir():
            if place.is_dir() and place.name not in names:
                shutil.rmtree(place, ignore_errors=True)


class SetWriter:
    """Appends to one set, and knows which papers have a row in it."""

    def __init__(self, writer: VectorWriter, state: SetState) -> None:
        self._writer = writer
        self._open(state)

    def _open(self, state: SetState) -> None:
        self.state = state
        self._place = self._writer.folder / state.name
        self._kinds = {line: at for at, line in enumerate(files.kinds(self._place, state.kinds))}
        self._mean: Vectors | None = None
        if state.rows:
            self._mean = np.fromfile(self._place / "mean", "<f4")
        numbers = np.array(files.mapped(self._place, state, "numbers"))
        alive = np.ones(state.rows, bool)
        alive[np.fromfile(self._place / "dead", "<u4")] = False
        rows = np.flatnonzero(alive)
        order = np.argsort(numbers[rows], kind="stable")
        self._rows = rows[order]
        self._numbers = numbers[self._rows]
        # What was appended or marked since: rows by number, None where a paper has none any more.
        self._recent: dict[int, int | None] = {}
        self._marked: list[int] = []

    def __len__(self) -> int:
        return self.state.living

    def lacking(self, numbers: Sequence[int]) -> list[int]:
        """Those of these papers that have no row, in their order."""
        given = np.array(numbers, np.uint32)
        places = np.searchsorted(self._numbers, given)
        there = np.zeros(len(given), bool)
        inside = places < len(self._numbers)
        there[inside] = self._numbers[places[inside]] == given[inside]
        return [
            number
            for number, has in zip(numbers, there.tolist(), strict=True)
            if (self._recent[number] is None if number in self._recent else not has)
        ]

    def follow(self, rows: Sequence[VectorRow]) -> None:
        """Takes in what papers have become: those whose text is another lose their vector, the others keep it."""
        moved: list[VectorRow] = []
        sources: list[int] = []
        for row in rows:
            at = self._row(row.number)
            if at is None:
                continue
            if int(self._column("texts")[at]) != row.text:
                self._mark(row.number, at)
            elif (int(self._column("days")[at]), self._kind(at)) != (row.day, row.kind):
                self._mark(row.number, at)
                moved.append(row)
                sources.append(at)
        if moved:
            copied = {name: self._column(name)[sources] for name in ("bits", "codes", "scales")}
            self._write(moved, copied)

    def append(self, rows: Sequence[VectorRow], vectors: Vectors) -> None:
        """Adds papers with their vectors, float32 (n, dimensions) of length 1; none of them has a row."""
        if not rows:
            return
        if self._mean is None:
            self._mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
            with vector_errors(self._place):
                self._mean.astype("<f4").tofile(self._place / "mean")
            self.state = replace(self.state, centred_on=len(rows))
        codes, scales = files.coded(vectors)
        self._write(rows, {"bits": files.signs(vectors, self._mean), "codes": codes, "scales": scales})

    def commit(self, changes: int | None = None) -> None:
        """Makes all that was written count, as of the store's `changes` where they are given."""
        before = self._writer.state
        if changes is not None:
            self.state = replace(self.state, changes=changes)
        with vector_errors(self._place):
            if self._marked:
                with (self._place / "dead").open("ab") as file:
                    file.write(np.array(self._marked, "<u4").tobytes())
            self.state = replace(self.state, dead=self.state.dead + len(self._marked))
            self._marked = []
            files.flushed(self._place, [*files.columns(self.state.dimensions), "dead", "categories"])
            if self.state.rows:
                files.flushed(self._place, ["mean"])
        self._writer.put(
            self.state, in_place_of=next(item for item in before.sets if item.name == self.state.name)
        )
        if self._is_worn():
            self.rewrite()

    def switch(self) -> None:
        """Makes this set, now whole, the one that is searched."""
        self._writer.switch(self.state)

    def rewrite(self) -> None:
        """Copies the living rows to a new set with the mean of them all; readers go on with the old one meanwhile."""
        old, place = self.state, self._writer.folder / uuid.uuid4().hex[:12]
        rows = np.array([at for at in range(old.rows) if at not in self._dead()], np.int64)
        with vector_errors(self._writer.folder):
            try:
                self._copy(rows, place)
            except OSError:
                shutil.rmtree(place, ignore_errors=True)
                raise
        new = replace(old, name=place.name, rows=len(rows), dead=0, centred_on=len(rows))
        self._writer.put(new, in_place_of=old)
        self._open(new)
        with suppress(OSError):  # a process that still reads it keeps it; the next writer tries again
            shutil.rmtree(self._writer.folder / old.name)

    def _copy(self, rows: NDArray[np.int64], place: Path) -> None:
        place.mkdir()
        for name in ("probe", "categories"):
            shutil.copyfile(self._place / name, place / name)
        total = np.zeros(self.state.dimensions)
        for start in range(0, len(rows), _STEP):
            total += self._decoded(rows[start : start + _STEP]).sum(axis=0)
        mean = (total / max(1, len(rows))).astype("<f4")
        mean.tofile(place / "mean")
        for name in files.columns(self.state.dimensions):
            column = self._column(name)
            with (place / name).open("wb") as file:
                for start in range(0, len(rows), _STEP):
                    part = rows[start : start + _STEP]
                    copied = files.signs(self._decoded(part), mean) if name == "bits" else column[part]
                    file.write(copied.tobytes())
        (place / "dead").touch()
        files.flushed(place, [*files.columns(self.state.dimensions), "dead", "categories", "mean", "probe"])

    def _decoded(self, rows: NDArray[np.int64]) -> Vectors:
        decoded: Vectors = self._column("codes")[rows] * self._column("scales")[rows][:, None]
        return decoded

    def _is_worn(self) -> bool:
        """Whether a quarter of the rows is dead, or the mean is of far fewer vectors than there are."""
        many_dead = self.state.dead > max(1000, _MOST_DEAD * self.state.rows)
        return many_dead or 8 * self.state.centred_on <= self.state.living < 8 * _MEAN_OF

    def _dead(self) -> set[int]:
        return set(np.fromfile(self._place / "dead", "<u4").tolist())

    def _row(self, number: int) -> int | None:
        if number in self._recent:
            return self._recent[number]
        at = int(np.searchsorted(self._numbers, number))
        return int(self._rows[at]) if at < len(self._numbers) and self._numbers[at] == number else None

    def _kind(self, row: int) -> str:
        return list(self._kinds)[int(self._column("kinds")[row])]

    def _mark(self, number: int, row: int) -> None:
        self._recent[number] = None
        self._marked.append(row)

    def _column(self, name: str) -> NDArray[Any]:
        return files.mapped(self._place, self.state, name)

    def _write(self, rows: Sequence[VectorRow], vectors: dict[str, NDArray[Any]]) -> None:
        for row in rows:
            if row.kind not in self._kinds:
                self._kinds[row.kind] = len(self._kinds)
        written = {
            "numbers": [row.number for row in rows],
            "days": [row.day for row in rows],
            "kinds": [self._kinds[row.kind] for row in rows],
            "texts": [row.text for row in rows],
            **vectors,
        }
        with vector_errors(self._place):
            for name, (kind, _) in files.columns(self.state.dimensions).items():
                with (self._place / name).open("ab") as file:
                    file.write(np.asarray(written[name], kind).tobytes())
            new = list(self._kinds)[self.state.kinds :]
            with (self._place / "categories").open("a", encoding="ascii") as file:
                file.writelines(f"{line}\n" for line in new)
        for at, row in enumerate(rows, self.state.rows):
            self._recent[row.number] = at
        self.state = replace(self.state, rows=self.state.rows + len(rows), kinds=len(self._kinds))
