"""Feeds of one's lists and searches in a file (OPML 2.0), which feed readers take in at once."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.errors import InputError
from app.papers.categories import parse_expression
from app.papers.query import parse_query
from app.papers.taxonomy import CATEGORIES
from app.web.dependencies import LimitsDep, StoreDep
from app.web.errors import problem_responses, text_response
from app.web.papers.list_parameters import address
from app.web.xml import base_address, render_xml

router = APIRouter(tags=["feeds"])

MEDIA_TYPE = "text/x-opml"
MOST_FEEDS = 200


@router.get(
    "/feeds.opml",
    response_class=Response,
    responses={200: text_response(MEDIA_TYPE, "The feeds (OPML 2.0)"), **problem_responses(422, 503)},
)
def feeds_as_opml(
    request: Request,
    store: StoreDep,
    limits: LimitsDep,
    categories: Annotated[
        list[str] | None, Query(description="a list such as cs.AI+cs.LG-cs.CY; may be repeated")
    ] = None,
    q: Annotated[list[str] | None, Query(description="a search; may be repeated")] = None,
) -> Response:
    """Feeds of lists and searches, to subscribe to all at once; of all categories that hold papers if none is named."""
    lists = [str(parse_expression(text)) for text in categories or ()]
    searches = [" ".join(text.split()) for text in q or ()]
    if len(lists) + len(searches) > MOST_FEEDS:
        raise InputError(f"up to {MOST_FEEDS} lists and searches go into a file", "?categories")
    base = base_address(request)
    for words in searches:
        parse_query(words, limits.query_bytes)
    if not lists and not searches:
        held = store.category_counts()
        lists = [code for code in CATEGORIES if code in held]
    outlines = [
        (name, f"{base}{address(f'/arxiv/{name}')}", f"{base}{address(f'/arxiv/{name}/feed')}")
        for name in lists
    ]
    outlines += [
        (words, f"{base}{address('/search', q=words)}", f"{base}{address('/search/feed', q=words)}")
        for words in searches
    ]
    response = render_xml("feeds.opml", MEDIA_TYPE, outlines=outlines)
    response.headers["content-disposition"] = 'attachment; filename="quire.opml"'
    return response
