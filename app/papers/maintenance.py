"""Looking after a store: taking it out as JSON lines, checking it, rebuilding its index.

What an export holds is what `import_files` reads back: papers and answers in our own form of records.
"""

import gzip
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import orjson

from app.errors import FileError
from app.papers.records import answer_record, whole_record
from app.papers.search.indexing import open_index, read_state
from app.papers.search.searching import SearchIndex
from app.papers.store.location import StoreLocation
from app.papers.store.positions import first_in_month
from app.papers.store.reading import Store
from app.papers.store.writing import open_for_writing


def export_lines(store: Store) -> Iterator[bytes]:
    """The JSON lines of all papers, oldest announcement first, then of all answers."""
    for paper in store.all_papers():
        yield orjson.dumps(whole_record(paper)) + b"\n"
    for answer in store.all_answers():
        yield orjson.dumps(answer_record(answer)) + b"\n"


def export(store_path: StoreLocation, path: Path) -> int:
    """Writes all papers and answers to the file `path` (.gz by its name) and says how many.

    The file is renamed into place when it is whole. Raises FileError where it can't be written.
    """
    beside = path.with_name(f"{path.name}.part")
    count = 0
    with Store(store_path) as store:
        try:
            with gzip.open(beside, "wb", 6) if path.suffix == ".gz" else beside.open("wb") as stream:
                for line in export_lines(store):
                    stream.write(line)
                    count += 1
            beside.replace(path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise FileError(f"can't write {path}: {error.strerror or error}") from error
    return count


def reindex(store_path: StoreLocation, index_path: Path, command: str = "quire papers reindex") -> int:
    """Rebuilds the index from the store, while readers go on with the old one; returns how many papers it holds."""
    # Where machines share a store, none has to stop writing while another makes its index.
    alone = open_for_writing(store_path, command) if isinstance(store_path, Path) else nullcontext()
    with alone, Store(store_path) as store, open_index(index_path, store, rebuild=True):
        return len(store)


def check(store_path: StoreLocation, index_path: Path, command: str = "quire papers check") -> list[str]:
    """What is wrong with the store and the index, each with what mends it; nothing where all is well.

    A store from an older Quire is brought up to date. Raises StoreError for one that can't be opened at all.
    """
    with open_for_writing(store_path, command), Store(store_path) as store:
        findings = [f"the store is damaged: {fault}; restore it from an export" for fault in store.faults()]
        state = read_state(index_path)
        if store.shared and (state is None or state.changes < store.changes):
            # A machine that serves follows by itself, and one that only imports needs no index.
            return findings
        if state is None:
            findings.append("there is no search index of today's format; `quire papers reindex` makes it")
        elif state.store != store.identity:
            findings.append("the search index belongs to another store; `quire papers reindex` rebuilds it")
        else:
            index = SearchIndex(index_path)
            changes, indexed = index.extent()
            if changes != store.changes or indexed != len(store):
                findings.append(
                    f"the search index knows {indexed} of {len(store)} papers, "
                    f"up to change {changes} of {store.changes}; the next import brings it in step"
                )
            elif not _holds_the_same(index, store):
                findings.append(
                    "the search index lacks papers of the store, or has some twice; `quire papers reindex` rebuilds it"
                )
    return findings


def _holds_the_same(index: SearchIndex, store: Store) -> bool:
    """Whether each paper of the store is in the index, and once: looked up a month after the other."""
    return all(
        index.numbers(first_in_month(month), first_in_month(month + 1)) == store.numbers_of_month(month)
        for month in store.months()
    )
