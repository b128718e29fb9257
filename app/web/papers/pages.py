"""The pages that people read: rendered here, whole, and readable without script."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.errors import EmbedError, FileError, InputError, NoEmbedder, NotFound, StoreError
from app.papers.categories import CategoryExpression, parse_expression
from app.papers.models import Paper, parse_ids
from app.papers.query import asks_the_browser
from app.papers.search.blending import By, Reason
from app.papers.search.related import related_papers
from app.papers.search.spelling import suggestion
from app.papers.sources.queue import last_request
from app.papers.store.listing import ListQuery
from app.papers.store.positions import listing_day
from app.papers.store.reading import Page, Store
from app.papers.taxonomy import CATEGORIES
from app.web import installable
from app.web.asking.kept_answers import by_question
from app.web.dependencies import IndexDep, ServicesDep, StoreDep, WholeNumber
from app.web.errors import is_page, kind_of
from app.web.papers import calendar
from app.web.papers.fetches import Offer, OfferDep
from app.web.papers.list_parameters import ListParameters, ListParametersDep, address, expression_or_ids
from app.web.papers.meaning import find_by
from app.web.templates import render
from app.web.wording import wording_of

router = APIRouter(include_in_schema=False)
router.include_router(calendar.router)
router.include_router(installable.router)

_NO_LIST = dict.fromkeys(
    (
        *("expression", "date", "since", "until", "to_come", "sort"),
        *("previous_day", "next_day", "month", "next_address", "call"),
    )
)
"""What a page of papers says of the list they are from, where they are from none."""

_NO_SEARCH: dict[str, Any] = {
    **{"meant": None, "by": None, "missed": False},
    **{"entries": [], "total": 0, "sort": None, "own": False, "next_address": None, "call": None},
    **{"wrong": None, "categories": "", "since": None, "until": None, "request_id": ""},
}
"""What the page of a search says where the server has none to make: nothing is asked, or the browser answers."""

_BY: dict[str, By] = {"words": "words", "meaning": "meaning", "both": "both"}

_EVERYTHING = "+".join(dict.fromkeys(category.archive for category in CATEGORIES.values()))
"""The expression that all papers are under: the archives, each with its categories."""

_RELATED = 5
"""How many papers are named beneath one that they are near to."""

NOTES = "quire"
"""The category of the notes that come with Quire."""

SUGGESTIONS = ("cs.CL", "cs.LG", "cs.AI", "cs.CV", "math.PR", "hep-th", "quant-ph", "stat.ML")
"""Categories of which a first page without papers offers the newest day."""

PREVIEW_SAMPLE = r"""Let $p(w)$ be the probability of a piece $w$. The best segmentation of a text is

$$\hat{\boldsymbol{w}} = \operatorname*{argmax}_{w_1 w_2 \cdots w_n = x} \sum_{i=1}^{n} \log p(w_i),$$

found by dynamic programming in time linear in the text's length. Prices such as $5 and $10 are not mathematics.
"""


@dataclass(frozen=True)
class ListEntry:
    """A paper in a list: its number from 1, the day whose heading stands before it, if one does, and whether the
    list holds it for another category than its first."""

    number: int
    paper: Paper
    day: date | None
    cross_list: bool = False
    why: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Present:
    """A category that has papers here: its newest day, how many came on it, and how many there are in all."""

    code: str
    day: date
    count: int
    total: int


@router.get("/")
def home(request: Request, store: StoreDep, services: ServicesDep, offer: OfferDep) -> Response:
    newest = sorted(store.newest_days().items())
    total, *totals = store.counts([ListQuery(), *(ListQuery(parse_expression(code)) for code, _ in newest)])
    present = [
        Present(code, day, count, of_all) for (code, (day, count)), of_all in zip(newest, totals, strict=True)
    ]
    papers = tuple(category for category in present if category.code != NOTES)
    fetched = None
    with suppress(FileError):  # without it the page lacks a sentence
        fetched = last_request(services.requests_folder)
    return render(
        request,
        "home.html",
        # Our own notes are of some day too, which is not the day that readers ask for.
        latest=max((category.day for category in papers or present), default=None),
        categories=papers,
        notes=[category for category in present if category.code == NOTES],
        total=total,
        fetched=fetched,
        everything=_EVERYTHING,
        offer=offer,
        suggestions=SUGGESTIONS,
    )


@router.get("/arxiv")
def go_to_list(
    request: Request, categories: str = "", date: str = "", since: str = "", until: str = "", sort: str = ""
) -> Response:
    """Where the form of a list leads: the address that says the same, in its one spelling."""
    expression = parse_expression(categories)
    # The browser has orders of its own, which are not part of an address.
    given = {"date": date, "since": since, "until": until, "sort": sort if sort == "published" else ""}
    target = address(
        f"{request.scope.get('root_path', '')}/arxiv/{expression}",
        **{name: value for name, value in given.items() if value},
    )
    return RedirectResponse(target, 303)


@router.get("/arxiv/{path:path}")
def list_or_paper(
    request: Request,
    services: ServicesDep,
    store: StoreDep,
    index: IndexDep,
    parameters: ListParametersDep,
    offer: OfferDep,
    path: str,
    start: Annotated[WholeNumber, Query(ge=1, le=10_000_000)] = 1,
) -> Response:
    """A list of categories, one paper, or several papers in the order asked."""
    asked = expression_or_ids(path)
    if isinstance(asked, CategoryExpression):
        return _category_list(request, store, parameters, asked, start, offer)
    if len(asked) == 1 and "," not in path:
        try:
            paper = store.paper(asked[0])
        except NotFound:
            if not is_page(request):
                raise
            request_id = request.scope.get("request_id", "")
            missing = render(request, "missing.html", ids=asked, offer=offer, request_id=request_id)
            missing.status_code = 404
            return missing
        related: list[Paper] = []
        with suppress(StoreError):  # a paper can be read also while there is no index
            related = related_papers(store, index, paper, _RELATED, services.meaning)
        questions = by_question(store.answers(paper.id), wording_of(request).language)
        return render(request, "paper.html", paper=paper, questions=questions, related=related)
    papers = store.papers(asked)
    return render(
        request,
        "list.html",
        **_NO_LIST,
        heading=", ".join(asked),
        entries=_entries(papers, start, days=False),
        total=len(papers),
        missing=[name for name in asked if name not in {paper.id for paper in papers}],
        offer=offer,
    )


def _category_list(
    request: Request,
    store: Store,
    parameters: ListParameters,
    expression: CategoryExpression,
    start: int,
    offer: Offer,
) -> Response:
    query = parameters.query(expression)
    page = store.page(query, cursor=parameters.cursor, limit=parameters.limit)
    previous_day, next_day = (None, None)
    if parameters.on:
        previous_day, next_day = store.neighbour_days(parameters.on, expression)
    elif page.papers and not parameters.cursor:
        previous_day = listing_day(page.papers[0])
    shown_day = parameters.on or previous_day
    return render(
        request,
        "list.html",
        heading=str(expression),
        entries=_entries(page.papers, start, days=query.sort == "announced", expression=expression),
        total=page.total,
        to_come=parameters.since is not None and parameters.since > datetime.now(UTC).date(),
        expression=str(expression),
        date=parameters.on,
        since=parameters.since,
        until=parameters.until,
        sort=query.sort,
        previous_day=previous_day,
        next_day=next_day,
        month=shown_day.isoformat()[:7] if shown_day else None,
        next_address=_following(request, page, start),
        call=address(
            "papers",
            categories=expression,
            date=parameters.on,
            since=parameters.since if not parameters.on else None,
            until=parameters.until if not parameters.on else None,
            sort=query.sort,
        ),
        missing=(),
        fetchable=[code for code in expression.include if code != NOTES],
        offer=offer,
    )


def _following(request: Request, page: Page, start: int) -> str | None:
    """The address of the next page of the same list."""
    if page.next_cursor is None:
        return None
    kept = {name: value for name, value in request.query_params.items() if name not in ("cursor", "start")}
    return address(request.url.path, **kept, cursor=page.next_cursor, start=str(start + len(page.papers)))


def _entries(
    papers: Iterable[Paper], start: int, days: bool, expression: CategoryExpression | None = None
) -> Iterator[ListEntry]:
    listed = expression.members[0] if expression else frozenset()
    before = None
    for number, paper in enumerate(papers, start):
        day = listing_day(paper)
        cross_list = bool(listed) and paper.primary_category not in listed
        yield ListEntry(number, paper, day if days and day != before else None, cross_list)
        before = day


@router.get("/search")
def search(
    request: Request,
    services: ServicesDep,
    store: StoreDep,
    index: IndexDep,
    parameters: ListParametersDep,
    q: str = "",
    categories: str = "",
    by: str = "",
    start: Annotated[WholeNumber, Query(ge=1, le=10_000_000)] = 1,
) -> Response:
    """What a query finds; an id or an address of arXiv leads to its paper at once."""
    given = {"q": q, "categories": categories, "since": parameters.since, "until": parameters.until}
    if not q.strip():
        return render(request, "search.html", **_NO_SEARCH | given)
    if asks_the_browser(q):
        return render(request, "search.html", **_NO_SEARCH | given | {"own": True})
    with suppress(NotFound):
        return RedirectResponse(f"{request.scope.get('root_path', '')}/arxiv/{','.join(parse_ids(q))}", 303)
    try:
        expression = parse_expression(categories) if categories.strip() else None
        # An order by date is for words alone, whatever the reader's choice is.
        chosen = _BY.get(by) if parameters.sort in (None, "relevance") else None
        found = find_by(services, parameters, expression, q, chosen)
    except (InputError, NoEmbedder, EmbedError) as error:
        if not is_page(request):
            raise
        # The words stay in the box, so that a typo can be mended there.
        wrong = wording_of(request).failure(error.message, kind_of(error)[1])
        problem = {"wrong": wrong, "request_id": request.scope.get("request_id", "")}
        refused = render(request, "search.html", **_NO_SEARCH | given | problem)
        refused.status_code = kind_of(error)[0]
        return refused
    page = found.page
    whys = [found.reasons.get(paper.id, ()) for paper in page.papers]
    entries = _entries(page.papers, start, days=False)
    return render(
        request,
        "search.html",
        **_NO_SEARCH
        | given
        | {
            "entries": [replace(entry, why=why) for entry, why in zip(entries, whys, strict=True)],
            "by": (chosen or found.by) if services.meaning.is_on() else None,
            "missed": found.missed,
            "total": page.total,
            "meant": suggestion(store, index, q) if page.total == 0 else None,
            "sort": parameters.sort or "relevance",
            "next_address": _following(request, page, start),
            "call": address(
                "papers",
                q=q,
                categories=expression,
                since=parameters.since,
                until=parameters.until,
                sort=parameters.sort or "relevance",
                by=chosen,
            ),
        },
    )


@router.get("/starred")
def starred(request: Request) -> Response:
    """What a reader kept; the browser alone knows what that is, and asks for those papers by their ids."""
    return render(request, "starred.html")


@router.get("/preview")
def preview(request: Request, format: str = "latex") -> Response:
    chosen = format if format in ("latex", "markdown") else "latex"
    return render(request, "preview.html", format=chosen, sample=PREVIEW_SAMPLE)


@router.get("/docs")
def docs(request: Request, services: ServicesDep) -> Response:
    return render(request, "docs.html", needs_keys=bool(services.keys_required))
