"""Integers that papers are kept and ordered by: one number for each id, one position in each order.

Lists page by "everything before this position", so a position is one integer that ties are already broken in.
What lies at a position is known to the store and the index.
"""

from datetime import UTC, date, datetime
from functools import lru_cache

from app.papers.models import OLD_ARCHIVES, Paper

_NUMBER_BITS = 32
_IN_MONTH_BITS = 20
_FIRST_YEAR = 1990
_EPOCH = datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)
# Numbers of today's ids are below 100,000; old ones stand above them, an archive after another. The archives'
# order is therefore part of the store's format: a new one may only come last.
_OLD_NUMBERS = {archive: 100_000 + 1000 * index for index, archive in enumerate(OLD_ARCHIVES)}
_MOST_SECONDS = (1 << 31) - 1


@lru_cache(maxsize=1 << 14)
def paper_number(paper_id: str) -> int:
    """A paper's number, 32 bits, from its id without version; larger for papers submitted later.

    >>> paper_number("2401.12345") > paper_number("2312.99999") > paper_number("math/0211159")
    True
    """
    archive, slash, rest = paper_id.partition("/")
    if not slash:
        return _month(int(paper_id[:2]), int(paper_id[2:4])) << _IN_MONTH_BITS | int(paper_id[5:])
    if archive == "quire":
        return int(rest)
    in_month = _OLD_NUMBERS[archive] + int(rest[4:])
    return _month(int(rest[:2]), int(rest[2:4])) << _IN_MONTH_BITS | in_month


def _month(year: int, month: int) -> int:
    century = 1900 if year > 90 else 2000
    return (century + year - _FIRST_YEAR) * 12 + month - 1


def month_of(number: int) -> int:
    """The month of a paper's number, counted from January 1990; 0 for numbers without a month."""
    return number >> _IN_MONTH_BITS


def first_in_month(month: int) -> int:
    """The least number of a month."""
    return month << _IN_MONTH_BITS


def first_of_month(paper_id: str) -> date:
    """The first day of the month that the id was given in; of 1990 for ids without a month."""
    months = month_of(paper_number(paper_id))
    return date(_FIRST_YEAR + months // 12, months % 12 + 1, 1)


def listing_day(paper: Paper) -> date:
    """The day that a paper is listed under: its announcement, else the nearest that the source gives."""
    if paper.announced is not None:
        return paper.announced
    instant = paper.updated or paper.published
    return instant.date() if instant is not None else first_of_month(paper.id)


def announced_position(paper: Paper) -> int:
    """The paper's place in the order of announcement, ties broken by id; 54 bits."""
    return day_position(listing_day(paper)) | paper_number(paper.id)


def published_position(paper: Paper) -> int:
    """The paper's place in the order of first publication, to the second, ties broken by id; 63 bits."""
    if paper.published is None:
        seconds = _seconds(first_of_month(paper.id))
    else:
        seconds = int((paper.published - _EPOCH).total_seconds())
    return min(max(seconds, 0), _MOST_SECONDS) << _NUMBER_BITS | paper_number(paper.id)


def _seconds(day: date) -> int:
    return (day.toordinal() - _EPOCH.toordinal()) * 86_400


def day_position(day: date) -> int:
    """The least position that a paper listed under this day can have in the order of announcement."""
    return day.toordinal() << _NUMBER_BITS


def day_at(position: int) -> date:
    """The day of a position in the order of announcement."""
    return date.fromordinal(position >> _NUMBER_BITS)


def number_at(position: int) -> int:
    """The number of the paper at a position, in either order."""
    return position & ((1 << _NUMBER_BITS) - 1)
