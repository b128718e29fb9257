"""Which papers a list holds, as queries over the table of listings: union, difference, order, range of days.

The arms of a union are each read in order from an index and merged as they are read, so the first page costs the
same in a store of a thousand papers and of three million. Nothing here is executed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, CompoundSelect, Select, exists, func, literal_column, select, union

from app.errors import InputError, Sentence
from app.papers.categories import CategoryExpression
from app.papers.store.positions import day_position
from app.papers.store.schema import listings, papers

ListSort = Literal["announced", "published"]


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A list before it is paged: the papers of an expression (None: all) from `since` to `until`, both included."""

    expression: CategoryExpression | None = None
    since: date | None = None
    until: date | None = None
    sort: ListSort = "announced"

    def __str__(self) -> str:
        """What a cursor of this list is bound to."""
        return f"{self.expression or ''}|{self.since}|{self.until}|{self.sort}"

    def arms(self, after: int | None = None, before: int | None = None) -> list[Select[Any]]:
        """One query for each category, of the column `position` of its papers below `after` and above `before`."""
        arms = [self._arm(table, category, after, before) for table, category in self._arms()]
        return arms or [self._arm(papers, None, 0, 0)]

    def _arms(self) -> Iterator[tuple[Any, str | None]]:
        if self.expression is None or not self.expression.include:
            yield papers, None
        else:
            included, excluded = self.expression.members
            # An arm that is excluded as a whole would be read to its end in search of a paper that is not.
            for category in sorted(included - excluded):
                yield listings, category

    def _arm(self, table: Any, category: str | None, after: int | None, before: int | None) -> Select[Any]:
        position = table.c.announced_position if self.sort == "announced" else table.c.published_position
        query = select(position.label("position"))
        if category is not None:
            query = query.where(table.c.category == category)
        if after is not None:
            query = query.where(position < after)
        if before is not None:
            query = query.where(position > before)
        if self.since is not None:
            query = query.where(table.c.announced_position >= day_position(self.since))
        if self.until is not None:
            query = query.where(table.c.announced_position < day_after(self.until))
        if self.expression is not None and self.expression.exclude:
            query = query.where(~_listed_under(sorted(self.expression.members[1]), table))
        return query


def day_after(day: date) -> int:
    """The position that all papers listed under this day or earlier lie below."""
    return day_position(day + timedelta(days=1)) if day < date.max else (date.max.toordinal() + 1) << 32


def check_range(since: date | None, until: date | None) -> None:
    """Raises InputError where a range of days ends before it starts."""
    if since is not None and until is not None and until < since:
        raise InputError(
            Sentence(
                "since {since} is after until {until}; the range holds no day", since=since, until=until
            ),
            "?until",
        )


def _listed_under(categories: list[str], table: Any) -> ColumnElement[bool]:
    other = listings.alias("other")
    return exists(
        select(literal_column("1"))
        .select_from(other)
        .where(other.c.category.in_(categories), other.c.announced_position == table.c.announced_position)
    )


def ordered(
    query: ListQuery, limit: int, after: int | None = None, *, merging: bool = True
) -> Select[Any] | CompoundSelect[Any]:
    """The first positions of a list below `after`, the greatest first.

    `merging` says that the engine reads the arms of an ordered union only as far as its limit asks for; for one that
    does not, each arm has a limit of its own.
    """
    return _first(query, literal_column("position").desc(), limit, after=after, merging=merging)


def nearest_above(
    query: ListQuery, before: int, *, merging: bool = True
) -> Select[Any] | CompoundSelect[Any]:
    """The least position of a list above `before`; `merging` as in `ordered`."""
    return _first(query, literal_column("position"), 1, before=before, merging=merging)


def _first(
    query: ListQuery,
    order: ColumnElement[Any],
    limit: int,
    *,
    after: int | None = None,
    before: int | None = None,
    merging: bool,
) -> Select[Any] | CompoundSelect[Any]:
    arms = query.arms(after, before)
    if not merging and len(arms) > 1:
        arms = [select(arm.order_by(order).limit(limit).subquery().c.position) for arm in arms]
    return _united(arms).order_by(order).limit(limit)


def counted(query: ListQuery) -> Select[Any]:
    """How many papers a list holds."""
    return select(func.count()).select_from(_merged(query))


def counted_by_day(query: ListQuery) -> Select[Any]:
    """The days (as ordinals) of a list in order of announcement, each with its papers' number; newest first."""
    inner = _merged(query)
    day = inner.c.position.op(">>")(literal_column("32"))
    return select(day.label("day"), func.count()).select_from(inner).group_by(day).order_by(day.desc())


def _united(arms: list[Select[Any]]) -> Select[Any] | CompoundSelect[Any]:
    return union(*arms) if len(arms) > 1 else arms[0]


def _merged(query: ListQuery) -> Any:
    # The order makes SQLite merge the arms instead of sorting out duplicates in a temporary table.
    return _united(query.arms()).order_by(literal_column("position").desc()).subquery()
