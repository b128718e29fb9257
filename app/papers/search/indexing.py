"""Writing the search index: it follows the store, and is rebuilt wherever it can't.

The index lies in a folder of its own inside `folder`; the file `state.json` names that folder and says up to which
change of which store it goes. It is renamed into place after each commit, so a process that is killed leaves an
index that lags at most, and the next one catches up. The caller holds the store's writer lock.
"""

import json
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tantivy import Index, IndexWriter, Query

from app.errors import StoreError
from app.papers.models import Paper
from app.papers.search.schema import SCHEMA_VERSION, document, register, schema
from app.papers.store.lock import writer_lock
from app.papers.store.positions import paper_number
from app.papers.store.reading import Store

_MEMORY_BYTES = 200 << 20
# To make terms costs as much as all else of an import does, which the other core is busy with.
_THREADS = 2


@dataclass(frozen=True, slots=True)
class IndexPosition:
    """Which store an index follows (its identity), up to which of its changes, and where the index lies."""

    schema_version: int
    store: str
    changes: int
    name: str


def read_state(folder: Path) -> IndexPosition | None:
    """The state of the index in `folder`; None where there is no index or only one that can't be used."""
    try:
        state = IndexPosition(**json.loads((folder / "state.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
    usable = state.schema_version == SCHEMA_VERSION and (folder / str(state.name) / "meta.json").is_file()
    return state if usable else None


class SearchWriter:
    """Adds papers to the index; made by `open_index`."""

    def __init__(self, folder: Path, store: Store, *, rebuild: bool = False) -> None:
        self._folder = folder
        state = None if rebuild else read_state(folder)
        if state is None or state.store != store.identity or state.changes > store.changes:
            state = IndexPosition(SCHEMA_VERSION, store.identity, 0, uuid.uuid4().hex[:12])
        self.state = state
        path = folder / state.name
        with _index_errors(folder):
            path.mkdir(parents=True, exist_ok=True)
            index = register(Index(schema(), path=str(path), reuse=True))
            self.size = index.searcher().num_docs
            self._only_new = self.size == 0
            self._added: set[int] = set()
            self._writer: IndexWriter = index.writer(_MEMORY_BYTES, _THREADS)

    def catch_up(self, store: Store) -> int:
        """Brings in what the store changed since the last commit; how many papers that was."""
        target, count = store.changes, 0
        if target > self.state.changes:
            for _, papers in store.changed_papers(self.state.changes):
                self.add(papers)
                count += len(papers)
            self.commit(target)
        return count

    def add(self, papers: Iterable[Paper]) -> None:
        """Brings in papers, in place of what was known of them."""
        fields = schema()
        with _index_errors(self._folder):
            for paper in papers:
                number = paper_number(paper.id)
                # What an empty index got in this run is known by heart: a first import would else delete each paper.
                if not self._only_new or number in self._added:
                    self._writer.delete_documents_by_query(Query.term_query(fields, "number", number))
                if self._only_new:
                    self._added.add(number)
                self._writer.add_document(document(paper))

    def commit(self, changes: int) -> None:
        """Makes everything added visible to readers, as the store's state after `changes`."""
        with _index_errors(self._folder):
            self._writer.commit()
            self._only_new = False
            self._added.clear()
            self.state = IndexPosition(SCHEMA_VERSION, self.state.store, changes, self.state.name)
            _write_state(self._folder, self.state)

    def close(self) -> None:
        """Waits for segments that are being merged, and removes the folders of indexes that are no longer used."""
        with _index_errors(self._folder):
            self._writer.wait_merging_threads()
        for other in self._folder.iterdir():
            if other.is_dir() and other.name != self.state.name:
                # Where readers hold its files open and the system minds, the next writer tries again.
                shutil.rmtree(other, ignore_errors=True)


def pass_over(folder: Path, before: int, after: int) -> None:
    """Notes in the index that the store's changes from `before` to `after` touched no paper.

    An index that lags is left as it is: the next one who opens it catches up. The caller holds the writer's lock.
    """
    state = read_state(folder)
    if state is not None and state.changes == before:
        with _index_errors(folder):
            _write_state(folder, replace(state, changes=after))


def _write_state(folder: Path, state: IndexPosition) -> None:
    beside = folder / "state.json.new"
    beside.write_text(json.dumps(asdict(state)))
    beside.replace(folder / "state.json")


@contextmanager
def fed_index(folder: Path, store: Store) -> Iterator[SearchWriter | None]:
    """The writer of the index for the writer of the store; None where each machine's index follows by itself."""
    if store.shared:
        yield None
    else:
        with open_index(folder, store) as writer:
            yield writer


@contextmanager
def open_index(folder: Path, store: Store, *, rebuild: bool = False) -> Iterator[SearchWriter]:
    """The writer of the index in `folder`, in step with the store; with `rebuild` it is made again from it.

    So is an index that claims to be in step and holds another number of papers.
    """
    with _own_lock(folder) if store.shared else nullcontext():
        writer = SearchWriter(folder, store, rebuild=rebuild)
        if writer.state.changes == store.changes and writer.size != len(store):
            writer.close()
            writer = SearchWriter(folder, store, rebuild=True)
        try:
            writer.catch_up(store)
            yield writer
        finally:
            writer.close()


@contextmanager
def _own_lock(folder: Path) -> Iterator[None]:
    """Keeps two processes of a machine from writing its index, where the store's writer may be on another machine."""
    with _index_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with writer_lock(folder / "writer.lock", "following the database"):
        yield


@contextmanager
def _index_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"can't write the search index in {folder}: {error.strerror or error}") from error
    except ValueError as error:
        if "No space left" in str(error):
            raise StoreError(
                f"the disk that holds {folder} is full; make room and run the same command again, nothing is lost"
            ) from error
        raise StoreError(
            f"the search index in {folder} can't be written ({error}); `quire papers reindex` rebuilds it"
        ) from error
