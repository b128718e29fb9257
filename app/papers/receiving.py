"""From a source on the network to the store and the index, batch by batch.

What is asked for, and in which order, is decided in `sources/fetching.py`. A batch and its resume points are stored in
one transaction: a process that is killed fetches at most one answer twice.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from app.errors import RecordError
from app.papers.intake import ImportResult, open_intake
from app.papers.sources.fetching import FetchedBatch
from app.papers.store.location import StoreLocation


def receive(
    store_path: StoreLocation,
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
    with open_intake(store_path, index_path, command, on_error) as intake:
        for batch in fetch(intake.places()):
            intake.add(batch.papers, places=batch.places)
            for problem in batch.problems:
                intake.skip(problem)
            for _ in batch.deleted:
                intake.skip()
            if on_batch is not None:
                on_batch(batch, intake.result)
        return intake.result
