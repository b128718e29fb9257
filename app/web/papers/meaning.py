"""Finding by meaning over HTTP: searches by words, meaning or both, and papers like those that a reader starred."""

from datetime import date
from typing import Any, Literal

import orjson
from fastapi import APIRouter, Depends, Response
from prometheus_client import Counter, Histogram
from pydantic import BaseModel, Field

from app.errors import NotFound
from app.papers.categories import CategoryExpression
from app.papers.models import parse_id
from app.papers.records import paper_record
from app.papers.search.blending import BlendedPage, By, Reason
from app.papers.search.blending import find as find_blended
from app.papers.search.likeness import like
from app.papers.search.searching import Search
from app.web.dependencies import Services, ServicesDep
from app.web.errors import problem_responses
from app.web.json_route import check_media_type
from app.web.papers.list_parameters import MOST_IN_A_PAGE, USUAL_PAGE, ListParameters
from app.web.papers.shapes import PaperShape

router = APIRouter(prefix="/api/v1", tags=["reader"], responses=problem_responses(422, 503))

_QUERIES = Counter("meaning_queries", "Queries that became a vector, or could not", ["outcome"])
_SECONDS = Histogram("meaning_query_duration_seconds", "Time that it took for a query to become a vector")


def observe(outcome: str, seconds: float) -> None:
    """Counts a query; never its text."""
    _QUERIES.labels(outcome).inc()
    if outcome != "remembered":
        _SECONDS.observe(seconds)


def find_by(
    services: Services,
    parameters: ListParameters,
    expression: CategoryExpression | None,
    q: str,
    by: By | None,
) -> BlendedPage:
    """A page of a search by words, meaning or both; None for what there is."""
    search = Search(q, expression, parameters.since, parameters.until, parameters.sort or "relevance")
    return find_blended(
        services.store,
        services.index,
        services.meaning,
        search,
        by,
        cursor=parameters.cursor,
        limit=parameters.limit,
        longest=services.limits.query_bytes,
    )


def why(reasons: tuple[Reason, ...]) -> list[dict[str, Any]]:
    """Why a paper is found, as the API says it."""
    return [{"by": reason.by, "rank": reason.rank} for reason in reasons]


class Stars(BaseModel):
    """Papers to find more like: the newest star first, which counts most."""

    ids: list[str] = Field(min_length=1, max_length=10_000)
    limit: int = Field(USUAL_PAGE, ge=1, le=MOST_IN_A_PAGE)
    since: date | None = Field(None, description="first day of announcement, included")
    among: list[str] | None = Field(
        None, max_length=1000, description="order these papers, all of them, instead of looking for others"
    )


class Likeness(BaseModel):
    """What speaks for a paper: words that it shares with the stars, and the star that it is nearest to, if any."""

    words: list[str]
    near: str | None


class LikedShape(PaperShape):
    why: Likeness  # type: ignore[assignment]


class LikedPage(BaseModel):
    items: list[LikedShape]
    next_cursor: Literal[None]
    total: int


@router.post(
    "/papers/like",
    responses={200: {"model": LikedPage}, **problem_responses(400, 413, 415)},
    dependencies=[Depends(check_media_type)],
)
def papers_like(services: ServicesDep, body: Stars) -> Response:
    """The papers most like some others, the most similar first. Ids that are not here are left out; nothing is kept."""
    among = None if body.among is None else _known(body.among)
    liked = like(
        services.store,
        services.index,
        services.meaning,
        _known(body.ids),
        among=among,
        since=body.since,
        limit=body.limit,
    )
    items = [paper_record(one.paper) | {"why": {"words": one.words, "near": one.near}} for one in liked]
    body_bytes = orjson.dumps({"items": items, "next_cursor": None, "total": len(items)})
    return Response(body_bytes, media_type="application/json")


def _known(names: list[str]) -> list[str]:
    """The ids of names, each once; anything that is not an id is left out."""
    found = []
    for name in names:
        try:
            found.append(parse_id(name)[0])
        except NotFound:
            continue
    return list(dict.fromkeys(found))
