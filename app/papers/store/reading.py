"""The store of papers and answers, as its many readers see it. It is the truth; the search index is derived.

Any number of threads and processes may read while one writes (writing.py), and see each finished transaction at
once. Nothing here changes a store or creates one.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from app.errors import InputError, NotFound, Sentence, StoreError
from app.papers.answers import Answer
from app.papers.categories import CategoryExpression
from app.papers.cursors import read_cursor, write_cursor
from app.papers.models import Paper, parse_id
from app.papers.store.database import database
from app.papers.store.listing import (
    ListQuery,
    check_range,
    counted,
    counted_by_day,
    day_after,
    nearest_above,
    ordered,
)
from app.papers.store.location import StoreLocation
from app.papers.store.lock import hold_for_reading, readers_lock
from app.papers.store.memory import StoreMemory, StoreRevision
from app.papers.store.positions import day_at, day_position, first_in_month, month_of, number_at, paper_number
from app.papers.store.rows import row_answer, row_paper
from app.papers.store.schema import answers, check_current, check_whole, listings, papers, state
from app.papers.taxonomy import CATEGORIES

_BEYOND_ALL_NUMBERS = 1 << 32


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list: its papers in order, the cursor to go on with (None at the end), the whole list's length."""

    papers: tuple[Paper, ...]
    next_cursor: str | None
    total: int


Counter = Callable[[ListQuery, int], int | None]
"""A quicker way to count a list, in the store's state after some change; None where it knows that state not."""


class Store:
    """Reads one store. Thread-safe; close it when done, or use it in a `with` block."""

    def __init__(self, place: StoreLocation, counter: Counter | None = None) -> None:
        """Opens the store at `place`. Raises StoreError where there is none, or one of another version."""
        self.place = place
        self._database = database(place)
        self._database.require()
        self._held = hold_for_reading(readers_lock(place)) if isinstance(place, Path) else None
        self._counter = counter
        self._engine: Engine = self._database.reading()
        self._memory = StoreMemory()
        try:
            with self._reading() as connection:
                self._database.check(connection)
                check_current(connection, place)
                check_whole(connection, place)
        except StoreError:
            self.close()
            raise

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()
        if self._held is not None:
            os.close(self._held)
            self._held = None

    @property
    def changes(self) -> int:
        """How many transactions have changed the store: it grows whenever anything does."""
        with self._reading() as connection:
            return _revision(connection).changes

    @property
    def identity(self) -> str:
        """A random name that identifies this store, also against one that stood at the same path before."""
        with self._reading() as connection:
            return _revision(connection).identity

    @property
    def written(self) -> float:
        """When the store was last written to, in seconds since 1970."""
        with self._reading() as connection:
            return self._database.written(connection)

    @property
    def kind(self) -> str:
        """Which engine keeps the store: sqlite or postgresql."""
        return self._engine.dialect.name

    @property
    def shared(self) -> bool:
        """Whether other machines may write to it: an index then follows by itself (search/following.py)."""
        return self._database.shared

    def __len__(self) -> int:
        """How many papers there are."""
        with self._reading() as connection:
            return int(connection.execute(select(func.count()).select_from(papers)).scalar_one())

    def page(self, query: ListQuery | None = None, *, cursor: str | None = None, limit: int = 25) -> Page:
        """Up to `limit` papers of a list (None: of all papers), from its start or from where a cursor says.

        Paging on gives every paper once, also while others are imported. Raises InputError for a cursor that
        this list did not give and for a range of days that ends before it starts.
        """
        query = query or ListQuery()
        check_range(query.since, query.until)
        after = read_cursor(cursor, 1, str(query))[0] if cursor else None
        with self._reading() as connection:
            now = _revision(connection)
            positions: list[int] = self._memory.fact(
                now,
                ("positions", query, limit, after),
                lambda: list(connection.execute(self._ordered(query, limit + 1, after)).scalars()),
            )
            found = self._papers(connection, now, [number_at(position) for position in positions[:limit]])
            total = self._count(connection, now, query)
        shown = tuple(
            found[number] for position in positions[:limit] if (number := number_at(position)) in found
        )
        more = write_cursor((positions[limit - 1],), str(query)) if len(positions) > limit else None
        return Page(shown, more, total)

    def count(self, query: ListQuery | None = None) -> int:
        """How many papers a list holds. Remembered until the store changes."""
        return self.counts([query or ListQuery()])[0]

    def counts(self, queries: Sequence[ListQuery]) -> list[int]:
        """How many papers each of some lists holds, all in one state of the store. Remembered until it changes."""
        with self._reading() as connection:
            now = _revision(connection)
            return [self._count(connection, now, query) for query in queries]

    def days(self, query: ListQuery | None = None) -> dict[date, int]:
        """The days of a list with the number of its papers, the newest first. Remembered until the store changes."""
        query = query or ListQuery()
        if query.sort != "announced":
            raise InputError(Sentence("days are counted in the order of announcement"), "?sort")
        with self._reading() as connection:
            rows = self._memory.fact(
                _revision(connection),
                ("days", query),
                lambda: connection.execute(counted_by_day(query)).all(),
            )
        return {date.fromordinal(day): count for day, count in rows}

    def latest_day(self, expression: CategoryExpression | None = None) -> date | None:
        """The newest day that papers of an expression are listed under."""
        with self._reading() as connection:
            position = connection.execute(self._ordered(ListQuery(expression), 1)).scalar()
        return None if position is None else day_at(position)

    def neighbour_days(
        self, day: date, expression: CategoryExpression | None = None
    ) -> tuple[date | None, date | None]:
        """The last day with papers before `day`, and the first one after it."""
        query = ListQuery(expression)
        with self._reading() as connection:
            before = connection.execute(self._ordered(query, 1, day_position(day))).scalar()
            above = nearest_above(query, day_after(day) - 1, merging=self._database.merges_unions)
            after = connection.execute(above).scalar()
        return (None if before is None else day_at(before)), (None if after is None else day_at(after))

    def category_counts(self, day: date | None = None) -> dict[str, int]:
        """How many papers each category has, on one day or in all. Remembered until the store changes."""
        query = select(listings.c.category, func.count()).group_by(listings.c.category)
        if day is not None:
            # With the categories named it is a look into the index of each, and no walk through all listings.
            query = query.where(
                listings.c.category.in_(list(CATEGORIES)),
                listings.c.announced_position >= day_position(day),
                listings.c.announced_position < day_after(day),
            )
        with self._reading() as connection:
            rows = self._memory.fact(
                _revision(connection), ("categories", day), lambda: connection.execute(query).all()
            )
        return {row.category: row[1] for row in rows}

    def newest_days(self) -> dict[str, tuple[date, int]]:
        """The newest day of each category that has papers, with their number on it; until the store changes."""

        with self._reading() as connection:
            found = self._memory.fact(_revision(connection), "newest days", lambda: _newest_days(connection))
        return dict(found)

    def paper(self, paper_id: str) -> Paper:
        """The paper of an id in any of its forms. Raises NotFound where it is malformed or not here."""
        canonical, _ = parse_id(paper_id)
        found = self.papers([canonical])
        if not found:
            raise NotFound(
                Sentence(
                    "paper {id} is not here; `quire papers fetch` or `import` brings papers in",
                    id=canonical,
                ),
                "?id",
            )
        return found[0]

    def papers(self, ids: Sequence[str]) -> list[Paper]:
        """The papers of canonical ids in the order asked, each once; those that are not here are left out."""
        numbers = list(dict.fromkeys(paper_number(paper_id) for paper_id in ids))
        return self.papers_by_number(numbers)

    def papers_by_number(self, numbers: Sequence[int]) -> list[Paper]:
        """The papers of these numbers (positions.py) in the order asked; those that are not here are left out."""
        with self._reading() as connection:
            found = self._papers(connection, _revision(connection), numbers)
        return [found[number] for number in numbers if number in found]

    def newest_numbers(self, batch: int = 10_000) -> Iterator[list[int]]:
        """The numbers of all papers in the order of announcement, the newest first; an index alone is read."""
        after: int | None = None
        while True:
            with self._reading() as connection:
                positions = list(connection.execute(ordered(ListQuery(), batch, after)).scalars())
            if not positions:
                return
            yield [number_at(position) for position in positions]
            after = positions[-1]

    def months(self) -> Iterator[int]:
        """The months (positions.py) that papers' ids are of, the oldest first; our own notes are of month 0."""
        least = 0
        while True:
            query = select(func.min(papers.c.number)).where(papers.c.number >= least)
            with self._reading() as connection:
                number = connection.execute(query).scalar()
            if number is None:
                return
            yield month_of(number)
            least = first_in_month(month_of(number) + 1)

    def numbers_of_month(self, month: int) -> list[int]:
        """The numbers of the papers of a month, sorted."""
        number = papers.c.number
        query = (
            select(number)
            .where(number >= first_in_month(month), number < first_in_month(month + 1))
            .order_by(number)
        )
        with self._reading() as connection:
            return [int(found) for found in connection.execute(query).scalars()]

    def ids_of_month(self, month: int) -> list[tuple[str, date]]:
        """The ids of a month with the days that their papers are listed under."""
        query = (
            select(papers.c.id, papers.c.announced_position)
            .where(papers.c.number >= first_in_month(month), papers.c.number < first_in_month(month + 1))
            .order_by(papers.c.number)
        )
        with self._reading() as connection:
            return [(row.id, day_at(row.announced_position)) for row in connection.execute(query)]

    def changed_papers(self, since: int, batch: int = 2000) -> Iterator[tuple[int, list[Paper]]]:
        """Batches of the papers changed after the change counter `since`, each with the counter it leads to."""
        number = _BEYOND_ALL_NUMBERS
        while True:
            query = (
                select(papers)
                .where(
                    (papers.c.changed > since) | ((papers.c.changed == since) & (papers.c.number > number))
                )
                .order_by(papers.c.changed, papers.c.number)
                .limit(batch)
            )
            with self._reading() as connection:
                rows = connection.execute(query).all()
            if not rows:
                return
            # A full batch may break off amid the papers of one counter: then only what lies before it is whole.
            whole = rows[-1].changed if len(rows) < batch else rows[-1].changed - 1
            yield whole, [row_paper(row) for row in rows]
            since, number = rows[-1].changed, rows[-1].number

    def answers(self, paper_id: str) -> list[Answer]:
        """The answers about a paper, in the order they came. Raises NotFound for a malformed id."""
        canonical, _ = parse_id(paper_id)
        query = (
            select(answers)
            .where(answers.c.paper_number == paper_number(canonical))
            .order_by(answers.c.answer_number)
        )
        with self._reading() as connection:
            return [row_answer(row) for row in connection.execute(query)]

    def all_papers(self) -> Iterator[Paper]:
        """Every paper, in the order of announcement, the oldest first."""
        with self._reading() as connection:
            query = select(papers).order_by(papers.c.announced_position).execution_options(yield_per=500)
            yield from (row_paper(row) for row in connection.execute(query))

    def all_answers(self) -> Iterator[Answer]:
        """Every answer, in the order they came."""
        with self._reading() as connection:
            yield from (
                row_answer(row)
                for row in connection.execute(select(answers).order_by(answers.c.answer_number))
            )

    def faults(self) -> Iterator[str]:
        """What is wrong with the store, by its engine's own check and by comparing lists with papers."""
        with self._reading() as connection:
            yield from self._database.faults(connection)
            listed = connection.execute(select(func.count()).select_from(listings)).scalar_one()
            spaces = func.length(papers.c.categories) - func.length(
                func.replace(papers.c.categories, " ", "")
            )
            wanted = select(func.coalesce(func.sum(spaces + 1), 0)).where(papers.c.categories != "")
            if listed != connection.execute(wanted).scalar_one():
                yield "papers and lists do not agree"

    def _count(self, connection: Connection, now: StoreRevision, query: ListQuery) -> int:
        def ask() -> int:
            # SQLite reads every listing of a list to count it: seconds where there are millions.
            quickly = self._counter(query, now.changes) if self._counter is not None else None
            return int(connection.execute(counted(query)).scalar_one()) if quickly is None else quickly

        return int(self._memory.fact(now, ("count", query), ask))

    def _papers(self, connection: Connection, now: StoreRevision, numbers: Sequence[int]) -> dict[int, Paper]:
        return self._memory.papers(now, numbers, lambda wanted: _by_number(connection, wanted))

    def _ordered(self, query: ListQuery, limit: int, after: int | None = None) -> Any:
        return ordered(query, limit, after, merging=self._database.merges_unions)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._database.errors(), self._engine.connect() as connection:
            yield connection


def _revision(connection: Connection) -> StoreRevision:
    return StoreRevision(*connection.execute(select(state.c.identity, state.c.changes)).one())


def _newest_days(connection: Connection) -> dict[str, tuple[date, int]]:
    found = {}
    for code in CATEGORIES:
        # Both are a look into the index of the category, and no walk through its listings.
        newest = select(func.max(listings.c.announced_position)).where(listings.c.category == code)
        position = connection.execute(newest).scalar()
        if position is not None:
            day = day_at(position)
            of_day = select(func.count()).where(
                listings.c.category == code, listings.c.announced_position >= day_position(day)
            )
            found[code] = day, int(connection.execute(of_day).scalar_one())
    return found


def _by_number(connection: Connection, numbers: Sequence[int]) -> dict[int, Paper]:
    found: dict[int, Paper] = {}
    for start in range(0, len(numbers), 500):
        query = select(papers).where(papers.c.number.in_(numbers[start : start + 500]))
        found.update({row.number: row_paper(row) for row in connection.execute(query)})
    return found
