"""The calendar of a list: a month, its days with papers as links. A page of its own; scripts show it over the list."""

import calendar
import re
from datetime import UTC, date, datetime, timedelta

from fastapi import APIRouter, Request, Response

from app.errors import InputError, NotFound, Sentence
from app.papers.categories import CategoryExpression
from app.papers.store.listing import ListQuery
from app.web.dependencies import StoreDep
from app.web.papers.list_parameters import expression_or_ids
from app.web.templates import render

router = APIRouter(include_in_schema=False)

_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_WEEKS = calendar.Calendar()
# A month is shown with the weeks that it begins and ends in, and days beyond 9999 have no date.
_FIRST, _LAST = date(1900, 1, 1), date(9998, 12, 31)


@router.get("/arxiv/{path:path}/calendar")
def month_of_list(request: Request, store: StoreDep, path: str, month: str = "") -> Response:
    """The days of a month that a list has papers on; the latest such month where none is asked for."""
    expression = expression_or_ids(path)
    if not isinstance(expression, CategoryExpression):
        raise NotFound(Sentence("papers named by their ids have no calendar"))
    # A record may name a day that lies beyond what can be shown: the nearest month is shown then.
    latest = min(max(store.latest_day(expression) or datetime.now(UTC).date(), _FIRST), _LAST)
    first = _first_day(month) if month else latest.replace(day=1)
    last = _last_day(first)
    counts = store.days(ListQuery(expression, first, last))
    return render(
        request,
        "calendar.html",
        expression=str(expression),
        first=first,
        weeks=_WEEKS.monthdatescalendar(first.year, first.month),
        counts=counts,
        total=sum(counts.values()),
        before=(first - timedelta(days=1)).replace(day=1) if first > _FIRST else None,
        after=last + timedelta(days=1) if last < latest else None,
    )


def _first_day(month: str) -> date:
    """Raises InputError for what is not a month, or one of a year that no calendar here reaches."""
    found = _MONTH.fullmatch(month)
    if found and _FIRST.year <= int(found[1]) <= _LAST.year and 1 <= int(found[2]) <= 12:
        return date(int(found[1]), int(found[2]), 1)
    raise InputError(Sentence("{month!r} is not a month; write it as 2026-11", month=month[:40]), "?month")


def _last_day(first: date) -> date:
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])
