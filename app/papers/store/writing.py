"""The store's one writer: papers, answers and the progress of imports, each batch in one transaction.

Readers in other processes see a batch whole or not at all; a process that is killed leaves the last whole batch.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, delete, insert, select, text, update

from app.papers.answers import Answer
from app.papers.merging import merged
from app.papers.models import Paper
from app.papers.store.database import Database, database
from app.papers.store.dialects import upsert
from app.papers.store.location import StoreLocation
from app.papers.store.positions import paper_number
from app.papers.store.postgresql import CHANGED_CHANNEL
from app.papers.store.rows import answer_row, paper_row, row_answer, row_paper
from app.papers.store.schema import (
    MIGRATIONS,
    answers,
    check_version,
    check_whole,
    imports,
    listings,
    migrate,
    papers,
    places,
    state,
)

_ANSWER_KEY = ("paper_number", "version", "question", "prompt_sha256", "model", "language")


@dataclass(frozen=True, slots=True)
class FileProgress:
    """How far a file was read: after `line` and `offset` (uncompressed bytes), all before it is in the store."""

    path: str
    fingerprint: str
    line: int
    offset: int
    finished: bool


@dataclass(slots=True)
class BatchChanges:
    """What a batch changed, and the store's change counter after it; `changed` are the papers to index again."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    changes: int = 0
    changed: list[Paper] = field(default_factory=list)


class StoreWriter:
    """Writes to one store; made by `open_for_writing`."""

    def __init__(self, database: Database, engine: Engine) -> None:
        self._database = database
        self._engine = engine

    def add(
        self,
        given: Sequence[Paper],
        given_answers: Sequence[Answer] = (),
        progress: FileProgress | None = None,
        given_places: Mapping[str, str] | None = None,
    ) -> BatchChanges:
        """Brings in papers and answers and notes the progress or the places to go on from, all in one transaction.

        A paper that is here already is merged (merging.py); an answer to the same question replaces the other.
        """
        added = BatchChanges()
        with self._database.errors(), self._engine.begin() as connection:
            counter = int(connection.execute(select(state.c.changes).with_for_update()).scalar_one())
            wrote = _add_papers(connection, given, counter + 1, added, self._database.list_changed)
            wrote |= _add_answers(connection, given_answers, added)
            if wrote:
                counter += 1
                connection.execute(update(state).values(changes=counter, written=int(time.time())))
                if self._database.shared:
                    connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANGED_CHANNEL})
            if progress is not None:
                _note(connection, progress)
            for name, place in (given_places or {}).items():
                statement = upsert(connection, places).values(name=name, place=place)
                connection.execute(
                    statement.on_conflict_do_update(index_elements=[places.c.name], set_={"place": place})
                )
        added.changes = counter
        return added

    def places(self) -> dict[str, str]:
        """Where fetching goes on, by name."""
        with self._database.errors(), self._engine.connect() as connection:
            return {row.name: row.place for row in connection.execute(select(places))}

    def has_only_fetched(self) -> bool:
        """Whether no file was ever imported: all that is here was fetched."""
        with self._database.errors(), self._engine.connect() as connection:
            return connection.execute(select(imports).limit(1)).first() is None

    def progress(self, path: str) -> FileProgress | None:
        """How far the file of this path was read the last time."""
        with self._database.errors(), self._engine.connect() as connection:
            row = connection.execute(select(imports).where(imports.c.path == path)).first()
        return (
            None
            if row is None
            else FileProgress(row.path, row.fingerprint, row.line, row.offset, bool(row.finished))
        )


@contextmanager
def open_for_writing(place: StoreLocation, command: str) -> Iterator[StoreWriter]:
    """The writer of the store at `place`, made or brought up to date where needed, while the block runs.

    `command` is shown to others as the lock's holder. Raises StoreLocked where another process writes, StoreError where
    the disk is full or read-only or the store is from a newer Quire.
    """
    kept = database(place)
    with kept.writing(command) as engine:
        with kept.errors(), engine.connect() as connection:
            kept.check(connection)
            version = check_version(connection, place)
            connection.rollback()
            migrate(connection, version, MIGRATIONS)
            check_whole(connection, place)
        yield StoreWriter(kept, engine)


def _add_papers(
    connection: Connection, given: Sequence[Paper], counter: int, added: BatchChanges, list_changed: str
) -> bool:
    numbers = [paper_number(paper.id) for paper in given]
    kept = _kept(connection, numbers)
    result: dict[int, Paper] = dict(kept)
    updated: Counter[int] = Counter()
    for number, paper in zip(numbers, given, strict=True):
        before = result.get(number)
        after = paper if before is None else merged(before, paper)
        result[number] = after
        if before is None:
            added.new += 1
        elif after is before:
            added.unchanged += 1
        else:
            updated[number] += 1
    for number in kept.keys() & updated.keys():
        # Two records of one version that differ, brought in again, only replace each other.
        if result[number] == kept[number]:
            result[number] = kept[number]
            added.unchanged += updated.pop(number)
    added.updated += updated.total()
    changed = {number: paper for number, paper in result.items() if paper is not kept.get(number)}
    if not changed:
        return False
    for number in changed.keys() & kept.keys():
        row = paper_row(kept[number], counter)
        connection.execute(
            delete(listings).where(
                listings.c.category.in_(kept[number].categories),
                listings.c.announced_position == row["announced_position"],
            )
        )
        connection.execute(delete(papers).where(papers.c.number == number))
    connection.execute(insert(papers), [paper_row(paper, counter) for _, paper in sorted(changed.items())])
    connection.execute(text(list_changed), {"changed": counter})
    added.changed = list(changed.values())
    return True


def _kept(connection: Connection, numbers: Sequence[int]) -> dict[int, Paper]:
    kept: dict[int, Paper] = {}
    for start in range(0, len(numbers), 500):
        query = select(papers).where(papers.c.number.in_(numbers[start : start + 500]))
        kept.update({row.number: row_paper(row) for row in connection.execute(query)})
    return kept


def _add_answers(connection: Connection, given: Sequence[Answer], added: BatchChanges) -> bool:
    key = [answers.c[name] for name in _ANSWER_KEY]
    wrote = False
    for answer in given:
        row = answer_row(answer)
        same = select(answers).where(*(column == row[column.name] for column in key))
        before = connection.execute(same).first()
        if before is not None and row_answer(before) == answer:
            added.unchanged += 1
            continue
        statement = upsert(connection, answers).values(row)
        rest = {name: value for name, value in row.items() if name not in _ANSWER_KEY}
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=rest))
        wrote = True
        if before is None:
            added.new += 1
        else:
            added.updated += 1
    return wrote


def _note(connection: Connection, progress: FileProgress) -> None:
    values = {
        "path": progress.path,
        "fingerprint": progress.fingerprint,
        "line": progress.line,
        "offset": progress.offset,
        "finished": int(progress.finished),
    }
    statement = upsert(connection, imports).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=[imports.c.path], set_=values))
