"""The one way in: a batch of records goes to the store, with how far its source was read, and then to the index.

Records come from importing.py (files) and receiving.py (the network).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from app.errors import RecordError
from app.papers.answers import Answer
from app.papers.models import Paper
from app.papers.search.indexing import SearchWriter, fed_index
from app.papers.store.location import StoreLocation
from app.papers.store.reading import Store
from app.papers.store.writing import FileProgress, StoreWriter, open_for_writing


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How many records were new, updated, known already, and wrong."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0


class Intake:
    """Adds batches; `result` counts what they brought. Readers of the index see them at each commit."""

    def __init__(
        self,
        writer: StoreWriter,
        index: SearchWriter | None,
        on_error: Callable[[RecordError], None] | None,
        papers_per_commit: int,
    ) -> None:
        self._writer = writer
        self._index = index
        self._on_error = on_error
        self._papers_per_commit = papers_per_commit
        self._changes = 0
        self._uncommitted = 0
        self.result = ImportResult()

    def progress(self, name: str) -> FileProgress | None:
        """How far a file was read by a run before."""
        return self._writer.progress(name)

    def places(self) -> Mapping[str, str]:
        """Where fetches are to go on from."""
        return self._writer.places()

    def add(
        self,
        papers: Sequence[Paper],
        answers: Sequence[Answer] = (),
        *,
        progress: FileProgress | None = None,
        places: Mapping[str, str] | None = None,
    ) -> None:
        """Stores a batch in one transaction with how far its source was read; the index gets what it changed."""
        added = self._writer.add(papers, answers, progress, places)
        self._changes = added.changes
        if self._index is not None:
            self._index.add(added.changed)
            self._uncommitted += len(added.changed)
            if self._uncommitted >= self._papers_per_commit:
                self.commit()
        self.result = replace(
            self.result,
            new=self.result.new + added.new,
            updated=self.result.updated + added.updated,
            unchanged=self.result.unchanged + added.unchanged,
        )

    def skip(self, problem: RecordError | None = None) -> None:
        """Counts a record that is passed over, and reports what is wrong with it."""
        self.result = replace(self.result, skipped=self.result.skipped + 1)
        if problem is not None and self._on_error is not None:
            self._on_error(problem)

    def commit(self) -> None:
        """Commits to the index what it has got of the store's changes."""
        if self._index is not None and self._changes > self._index.state.changes:
            self._index.commit(self._changes)
        self._uncommitted = 0


@contextmanager
def open_intake(
    store_path: StoreLocation,
    index_path: Path,
    command: str,
    on_error: Callable[[RecordError], None] | None,
    papers_per_commit: int = 1,
) -> Iterator[Intake]:
    """The store, made where there is none, and the index, open to `command` alone.

    Raises StoreLocked where another process writes, StoreError where the disk is full or read-only.
    """
    with (
        open_for_writing(store_path, command) as writer,
        Store(store_path) as store,
        fed_index(index_path, store) as index,
    ):
        intake = Intake(writer, index, on_error, papers_per_commit)
        try:
            yield intake
        finally:
            # What the store has got, the index gets too: also when a record or the reader's Ctrl-C stops us.
            intake.commit()
