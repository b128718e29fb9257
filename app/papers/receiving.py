"""From a source on the network to the store and the index, batch by batch.

What is asked, and in which order, is for fetching.py to say. A batch and the places to go on from are stored in one
transaction: a process that is killed fetches at most one answer twice.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from app.errors import RecordError
from app.papers.importing import ImportResult
from app.papers.search.indexing import fed_index
from app.papers.sources.fetching import FetchedBatch
from app.papers.store.place import StorePlace
from app.papers.store.reading import Store
from app.papers.store.writing import open_for_writing


def receive(
    store_path: StorePlace,
    index_path: Path,
    fetch: Callable[[Mapping[str, str]], Iterable[FetchedBatch]],
    *,
    on_batch: Callable[[FetchedBatch, ImportResult], None] | None = None,
    on_error: Callable[[RecordError], None] | None = None,
    command: str = "quire papers fetch",
) -> ImportResult:
    """Stores what `fetch` yields when it is given the places kept; each batch is to be seen and found at once.

    A record that is wrong is given to `on_error`; a paper that its source took back is kept. What came before a
    failure stays. Raises what `fetch` raises, StoreLocked where another process writes, StoreError for the disk.
    """
    result = ImportResult()
    with (
        open_for_writing(store_path, command) as writer,
        Store(store_path) as store,
        fed_index(index_path, store) as index,
    ):
        for batch in fetch(writer.places()):
            added = writer.add(batch.papers, given_places=batch.places)
            if added.changed and index is not None:
                index.add(added.changed)
                index.commit(added.changes)
            result = replace(
                result,
                new=result.new + added.new,
                updated=result.updated + added.updated,
                unchanged=result.unchanged + added.unchanged,
                skipped=result.skipped + len(batch.problems) + len(batch.deleted),
            )
            if on_error is not None:
                for problem in batch.problems:
                    on_error(problem)
            if on_batch is not None:
                on_batch(batch, result)
    return result
