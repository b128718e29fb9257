"""Which papers a list holds, as queries over the table of listings: union, difference, order, range of days.

The arms of a union are each read in order from an index and merged as they are read, so the first page costs the
same in a store of a thousand papers and of three million. Nothing here is executed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, CompoundSelect, Select, exists, func, literal_column, select, union

from app.errors import InputError
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

    def positions(
        self, after: int | None = None, before: int | None = None
    ) -> Select[Any] | CompoundSelect[Any]:
        """The column `position`, of papers whose position lies below `after` and above `before`; not ordered."""
        arms = [self._arm(table, category, after, before) for table, category in self._arms()]
        return union(*arms) if len(arms) > 1 else arms[0] if arms else self._arm(papers, None, 0, 0)

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
        raise InputError(f"since {since} is after until {until}; the range holds no day", "?until")


def _listed_under(categories: list[str], table: Any) -> ColumnElement[bool]:
    other = listings.alias("other")
    return exists(
        select(literal_column("1"))
        .select_from(other)
        .where(other.c.category.in_(categories), other.c.announced_position == table.c.announced_position)
    )


def ordered(query: ListQuery, limit: int, after: int | None = None) -> Select[Any] | CompoundSelect[Any]:
    """The first positions of a list below `after`, the greatest first."""
    return query.positions(after).order_by(literal_column("position").desc()).limit(limit)


def nearest_above(query: ListQuery, before: int) -> Select[Any] | CompoundSelect[Any]:
    """The least position of a list above `before`."""
    return query.positions(before=before).order_by(literal_column("position")).limit(1)


def counted(query: ListQuery) -> Select[Any]:
    """How many papers a list holds."""
    return select(func.count()).select_from(_merged(query))


def counted_by_day(query: ListQuery) -> Select[Any]:
    """The days (as ordinals) of a list in order of announcement, each with its papers' number; newest first."""
    inner = _merged(query)
    day = inner.c.position.op(">>")(literal_column("32"))
    return select(day.label("day"), func.count()).select_from(inner).group_by(day).order_by(day.desc())


def _merged(query: ListQuery) -> Any:
    # The order makes SQLite merge the arms instead of sorting out duplicates in a temporary table.
    return query.positions().order_by(literal_column("position").desc()).subquery()
