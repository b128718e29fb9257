"""Lists and searches as Atom 1.0 (RFC 4287): `/arxiv/{categories}/feed` and `/search/feed?q=`.

A feed holds the whole latest day; older papers follow on its next pages (RFC 5005). Readers run no script, so formulas
are sent as MathML, or as their source, set apart from the prose, where they have none. A client that has
the latest state gets 304.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated, Any
from uuid import UUID, uuid5

from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup

from app import __version__
from app.errors import InputError, Sentence
from app.papers.answer_texts import answer_xhtml
from app.papers.answers import Answer
from app.papers.categories import parse_expression
from app.papers.mathml import mathml
from app.papers.models import Paper
from app.papers.plain_text import plain_text, resolve, split_mathematics
from app.papers.search.searching import Search, SearchIndex, search_page
from app.papers.store.listing import ListQuery
from app.papers.store.positions import listing_day
from app.papers.store.reading import Page, Store
from app.web.dependencies import IndexDep, LimitsDep, ServicesDep, StoreDep, WholeNumber
from app.web.errors import problem_responses
from app.web.papers.list_parameters import (
    ListParameters,
    ListParametersDep,
    address,
    expression_or_ids,
    papers_named,
)
from app.web.xml import base_address, render_xml

router = APIRouter(tags=["feeds"])

MEDIA_TYPE = "application/atom+xml"
LEAST_ENTRIES = 50
MOST_ENTRIES = 2000

_COLLECTION = UUID("6f0a2b7e-5c1d-4f0e-9a43-2d8b6f1c7e90")
_NOTHING_YET = datetime(1991, 8, 14, tzinfo=UTC)
_FRESH_SECONDS = 2.0
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The feed", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}},
    304: {"description": "Nothing has changed since the state that the request names"},
}
Start = Annotated[WholeNumber, Query(ge=1, le=10_000_000, description="number of the page's first paper")]


@dataclass(frozen=True)
class FeedEntry:
    """What the template needs of a paper; texts are plain but for `abstract`, prose and formulas in turns."""

    paper: Paper
    id: str
    page: str
    title: str
    names: Sequence[str]
    summary: str
    abstract: Sequence[str]
    published: datetime
    updated: datetime
    answers: Sequence[tuple[Answer, Markup]] = ()
    """Answers that were kept, with their texts as XHTML."""


@dataclass(frozen=True)
class _Feed:
    """A feed before it is filled: its name, what its id is made from, and where it and its page are."""

    title: str
    key: str
    path: str
    page: str
    query: str | None = None


@router.get(
    "/arxiv/{path:path}/feed",
    response_class=Response,
    responses={**_RESPONSES, **problem_responses(404, 422, 503)},
)
def list_feed(
    request: Request,
    store: StoreDep,
    services: ServicesDep,
    parameters: ListParametersDep,
    path: str,
    start: Start = 1,
) -> Response:
    """A list of categories, its latest day whole and at least 50 papers; or papers by their ids.

    Papers by their ids come with the answers kept about them, where the operator wants that.
    """
    asked = expression_or_ids(path)
    state = _State(request, store)
    if state.known():
        return state.nothing_new()
    if isinstance(asked, list):
        papers = tuple(papers_named(store, asked, "?id"))
        name, key = ",".join(asked), f"papers {','.join(asked)}"
        page = Page(papers, None, len(papers))
    else:
        query = parameters.query(asked)
        name, key = str(asked), f"list {query}"
        page = store.page(
            query, cursor=parameters.cursor, limit=_entries_wanted(request, store, parameters, query)
        )
    feed = _Feed(name, key, f"/arxiv/{name}/feed", f"/arxiv/{name}")
    with_answers = services.feed_answers and isinstance(asked, list)
    return state.sent(_render(request, store, feed, page, start, with_answers))


@router.get(
    "/search/feed",
    response_class=Response,
    responses={**_RESPONSES, **problem_responses(413, 422, 503)},
)
def search_feed(
    request: Request,
    store: StoreDep,
    index: IndexDep,
    limits: LimitsDep,
    parameters: ListParametersDep,
    q: Annotated[str, Query(description="words to watch for, as in a search")],
    categories: Annotated[str | None, Query(description="such as cs.AI+cs.LG-cs.CY")] = None,
    start: Start = 1,
) -> Response:
    """What a query finds, the newest first unless `sort` says otherwise."""
    if not q.strip():
        raise InputError(Sentence("q is empty; a feed watches for words, such as q=graph+neural"), "?q")
    words = " ".join(q.split())
    expression = parse_expression(categories) if categories else None
    search = Search(words, expression, parameters.since, parameters.until, parameters.sort or "announced")
    state = _State(request, store, index)
    if state.known():
        return state.nothing_new()
    limit = parameters.limit if "limit" in request.query_params else LEAST_ENTRIES
    page = search_page(
        store, index, search, cursor=parameters.cursor, limit=limit, longest=limits.query_bytes
    )
    feed = _Feed(words, f"search {search}", "/search/feed", address("/search", q=words), words)
    return state.sent(_render(request, store, feed, page, start))


def _entries_wanted(request: Request, store: Store, parameters: ListParameters, query: ListQuery) -> int:
    if "limit" in request.query_params:
        return parameters.limit
    if parameters.cursor or query.sort != "announced":
        return LEAST_ENTRIES
    day = query.until or store.latest_day(query.expression)
    in_day = store.count(ListQuery(query.expression, day, day)) if day else 0
    return min(max(LEAST_ENTRIES, in_day), MOST_ENTRIES)


def _render(
    request: Request, store: Store, feed: _Feed, page: Page, start: int, with_answers: bool = False
) -> Response:
    base = base_address(request)
    kept = {name: value for name, value in request.query_params.items() if name not in ("cursor", "start")}
    following = None
    if page.next_cursor:
        following = address(feed.path, **kept, cursor=page.next_cursor, start=start + len(page.papers))
    entries = [_entry(paper, base) for paper in page.papers]
    if with_answers:
        entries = [_with_answers(entry, store.answers(entry.paper.id)) for entry in entries]
    return render_xml(
        "feed.xml",
        MEDIA_TYPE,
        base=base,
        version=__version__,
        id=uuid5(UUID(store.identity), feed.key).urn,
        title=feed.title,
        page=base + (feed.page if feed.query is not None else address(feed.page)),
        own=base + address(feed.path, **dict(request.query_params)),
        first=base + address(feed.path, **kept),
        following=following and base + following,
        updated=max((entry.updated for entry in entries), default=_NOTHING_YET),
        entries=entries,
        total=page.total,
        start=start,
        query=feed.query,
    )


def _entry(paper: Paper, base: str) -> FeedEntry:
    own = paper.id.startswith("quire/")
    announced = datetime.combine(listing_day(paper), time(), UTC)
    return FeedEntry(
        paper=paper,
        id=uuid5(_COLLECTION, paper.id).urn if own else f"https://arxiv.org/abs/{paper.id}",
        page=f"{base}/arxiv/{paper.id}",
        title=f"{'[Withdrawn] ' if paper.is_withdrawn else ''}{plain_text(paper.title)}",
        # Sources part a collaboration from its members by an author named ":".
        names=[name for author in paper.authors if any(map(str.isalnum, name := plain_text(author.name)))],
        summary=plain_text(paper.abstract),
        abstract=[
            _formula(part) if formula else resolve(part)
            for formula, part in split_mathematics(paper.abstract.strip())
        ],
        published=announced,
        # Papers are sent in some days before they are announced; nothing is updated before it is published.
        updated=max(paper.updated or announced, announced),
    )


def _with_answers(entry: FeedEntry, answers: Sequence[Answer]) -> FeedEntry:
    shown = [(answer, Markup(answer_xhtml(answer.answer))) for answer in answers]  # noqa: S704  # it is sanitised
    created = [answer.created for answer in answers if answer.created is not None]
    return replace(entry, answers=shown, updated=max([entry.updated, *created]))


def _formula(source: str) -> Markup:
    converted = mathml(source)
    return Markup("<code>{}</code>").format(source) if converted is None else Markup(converted)  # noqa: S704  # ours


class _State:
    """The state of the store, and of the index where one is asked, that an answer shows; taken before it is made.

    An answer made later can only be newer than its mark says, and is then asked for once more, never missed.
    """

    def __init__(self, request: Request, store: Store, index: SearchIndex | None = None) -> None:
        changes = store.changes
        indexed = index.extent()[0] if index is not None else changes
        facts = (__version__, store.identity, changes, indexed, base_address(request), request.url)
        mark = hashlib.sha256("\n".join(map(str, facts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self._request = request
        # Weak, since the answer may be compressed on its way.
        self._headers = {"etag": f'W/"{mark}"', "cache-control": "no-cache"}
        self._modified = _last_change(store) if indexed == changes else None
        if self._modified is not None:
            self._headers["last-modified"] = format_datetime(self._modified, usegmt=True)

    def known(self) -> bool:
        """Whether the client has this state already (RFC 9110, 13.1.2 and 13.1.3)."""
        tags = self._request.headers.get("if-none-match")
        if tags is not None:
            return not {"*", self._headers["etag"]}.isdisjoint(tag.strip() for tag in tags.split(","))
        try:
            since = parsedate_to_datetime(self._request.headers.get("if-modified-since", ""))
        except (ValueError, OverflowError):
            return False
        if self._modified is None or since.tzinfo is None:
            return False
        return self._modified <= since

    def nothing_new(self) -> Response:
        """The answer to a client that has this state."""
        return Response(status_code=304, headers=self._headers)

    def sent(self, response: Response) -> Response:
        """A whole answer, marked with its state."""
        response.headers.update(self._headers)
        return response


def _last_change(store: Store) -> datetime | None:
    """To the second; None within the first seconds, when another change could still bear the same mark."""
    latest = store.written
    if datetime.now(UTC).timestamp() - latest < _FRESH_SECONDS:
        return None
    return datetime.fromtimestamp(int(latest), UTC)
