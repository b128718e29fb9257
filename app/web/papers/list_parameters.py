"""The parameters that every list of papers takes, the API's as well as the pages', read and checked in one place."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal
from urllib.parse import quote, urlencode

from fastapi import Depends, Query, Request

from app.errors import InputError, NotFound, Sentence
from app.papers.categories import CategoryExpression, parse_expression
from app.papers.models import Paper, parse_id
from app.papers.store.listing import ListQuery
from app.papers.store.reading import Store
from app.web.dependencies import WholeNumber
from app.web.errors import is_page

Sort = Literal["announced", "published", "relevance"]

MOST_IN_A_PAGE = 200
USUAL_PAGE = 25

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True)
class ListParameters:
    """What was asked for, checked: the days as dates, `date` folded into both ends of the range."""

    since: date | None
    until: date | None
    on: date | None
    sort: Sort | None
    cursor: str | None
    limit: int

    def query(self, expression: CategoryExpression | None) -> ListQuery:
        """The list of the store. Raises InputError for an order that only a search has."""
        if self.sort == "relevance":
            raise InputError(Sentence("sort=relevance needs words to be relevant to: give q=…"), "?sort")
        return ListQuery(expression, self.since, self.until, self.sort or "announced")


async def list_parameters(
    request: Request,
    date: Annotated[str | None, Query(description="one day of announcement, as 2026-11-23")] = None,
    since: Annotated[str | None, Query(description="first day of announcement, included")] = None,
    until: Annotated[str | None, Query(description="last day of announcement, included")] = None,
    sort: Annotated[Sort | None, Query(description="announced if not given; relevance needs q")] = None,
    cursor: Annotated[
        str | None, Query(description="where to continue: `next_cursor` of the previous page")
    ] = None,
    limit: Annotated[
        WholeNumber, Query(ge=1, le=MOST_IN_A_PAGE, description="papers in a page")
    ] = USUAL_PAGE,
) -> ListParameters:
    """Reads the parameters of a request; raises InputError naming the one that is wrong."""
    if is_page(request):
        # A form without script sends its empty fields too.
        date, since, until = date or None, since or None, until or None
    on = _day(date, "?date")
    if on and (since or until):
        raise InputError(
            Sentence("date is one day, since and until are a range: give one or the other"), "?date"
        )
    first, last = on or _day(since, "?since"), on or _day(until, "?until")
    return ListParameters(first, last, on, sort, cursor, limit)


ListParametersDep = Annotated[ListParameters, Depends(list_parameters)]


def _day(value: str | None, pointer: str) -> date | None:
    if value is None:
        return None
    if _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise InputError(
                Sentence("{value!r} is not a day of the calendar: {error}", value=value, error=error), pointer
            ) from error
    raise InputError(Sentence("{value!r} is not a date; write it as 2026-11-23", value=value[:40]), pointer)


def expression_or_ids(path: str) -> CategoryExpression | list[str]:
    """What `/arxiv/…` names: papers by their ids, separated by commas, or else a category expression.

    Raises NotFound for what starts as an id does and is none, InputError for an unknown category.
    """
    if "/" in path or path[:1].isdecimal():
        names = [name for name in path.split(",") if name.strip()]
        if not names:
            raise NotFound(Sentence("there is no paper {path!r}", path=path))
        if len(names) > MOST_IN_A_PAGE:
            raise InputError(
                Sentence(
                    "{count} ids at once are too many; a page shows up to {most}",
                    count=len(names),
                    most=MOST_IN_A_PAGE,
                ),
                "?ids",
            )
        return list(dict.fromkeys(parse_id(name)[0] for name in names))
    return parse_expression(path)


def split_ids(ids: str) -> list[str]:
    """The ids of the parameter `ids`, with commas between. Raises InputError where there are too many."""
    names = [name for name in ids.split(",") if name.strip()]
    if len(names) > MOST_IN_A_PAGE:
        raise InputError(
            Sentence(
                "{count} ids in an address are too many: up to {most}; send more by POST",
                count=len(names),
                most=MOST_IN_A_PAGE,
            ),
            "?ids",
        )
    return names


def papers_named(store: Store, names: list[str], pointer: str) -> list[Paper]:
    """The papers of ids in the order asked. Raises NotFound that names the ids which are none or not here."""
    wanted = []
    for name in names:
        try:
            wanted.append(parse_id(name)[0])
        except NotFound as error:
            raise NotFound(error.message, pointer) from error
    papers = store.papers(wanted)
    missing = sorted(set(wanted) - {paper.id for paper in papers})
    if missing:
        shown = Sentence("{names}", names=tuple(missing[:5]))
        if len(missing) > 5:
            shown = Sentence("{names} and {count} more", names=tuple(missing[:5]), count=len(missing) - 5)
        raise NotFound(
            Sentence("not here: {shown}; `quire papers fetch` or `import` brings papers in", shown=shown),
            pointer,
        )
    return papers


def address(path: str, /, **parameters: object) -> str:
    """A path with those parameters that have a value; `+` and `,` of expressions stay readable."""
    given = {name: str(value) for name, value in parameters.items() if value is not None}
    return quote(path, safe="/+,") + (f"?{urlencode(given)}" if given else "")
