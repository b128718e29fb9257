"""Having papers fetched from arXiv by the server: by a visitor on its own machine, or with an admin key."""

from dataclasses import asdict
from ipaddress import ip_address
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from app.errors import Sentence
from app.papers.fetch_job import FetchState
from app.web.dependencies import Services, ServicesDep, get_services
from app.web.errors import problem_responses
from app.web.json_route import check_media_type
from app.web.middleware.access import given_key
from app.web.wording import translations

Offer = Literal["yes", "key", "offline"]


def offer(request: Request) -> Offer:
    """How a visitor gets papers from here: by a button, with an admin key besides, or not while we are offline."""
    services = get_services(request)
    if services.fetches.place.offline:
        return "offline"
    return "yes" if _is_at_home(request, services) else "key"


def _is_at_home(request: Request, services: Services) -> bool:
    """Whether the visitor is on this machine, and no proxy or page of another site acts for someone else."""
    headers = request.headers
    if not services.fetch_on_loopback or request.client is None:
        return False
    if any(name in headers for name in ("forwarded", "x-forwarded-for", "x-real-ip", "via")):
        return False
    host = headers.get("host", "")
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return False
    named = urlsplit(f"//{host}").hostname or ""
    # A page of another site whose name was made to lead here would name that site.
    return _is_loopback(request.client.host) and (named == "localhost" or _is_loopback(named))


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def may_fetch(request: Request, services: ServicesDep) -> None:
    """Admits visitors on this machine and clients with an admin key; refuses others with 401 or 403."""
    if _is_at_home(request, services):
        return
    given = given_key(request.headers)
    key = services.keys.find(given) if given else None
    if key is None:
        detail = Sentence(
            "{why}; send it as `Authorization: Bearer KEY`, or fetch from the machine that Quire runs on",
            why=Sentence("this API key is not valid here")
            if given
            else Sentence("fetching needs a key with the scope admin"),
        )
        raise HTTPException(401, detail, {"www-authenticate": 'Bearer realm="Quire"'})
    if "admin" not in key.scopes:
        raise HTTPException(
            403,
            Sentence(
                "the key {name} does not allow this; it needs the scope {scope}",
                name=key.name,
                scope="admin",
            ),
        )


router = APIRouter(prefix="/api/v1/fetches", tags=["reader"], responses=problem_responses(422, 503))


class FetchRequest(BaseModel):
    """Either categories, whose newest day is fetched, or ids of papers."""

    model_config = ConfigDict(extra="forbid")

    categories: list[str] = Field([], max_length=200)
    ids: list[str] = Field([], max_length=200)


class FetchShape(BaseModel):
    """A fetch: `said` is its last sentence, or why it failed; `papers` came so far, `new` of them new here."""

    id: str
    state: Literal["running", "done", "failed", "cancelled"]
    categories: list[str]
    ids: list[str]
    said: str
    papers: int
    new: int
    started: str
    finished: str | None
    translations: dict[str, str] = Field({}, description="`said` in the interface's other languages")


class FetchPage(BaseModel):
    """The fetch under way or the last one, if there was one."""

    items: list[FetchShape]
    next_cursor: None
    total: int


def _answer(state: FetchState) -> dict[str, Any]:
    answer = asdict(state)
    if isinstance(state.said, Sentence) or state.state == "failed":
        answer["translations"] = translations(state.said, "source-unavailable")
    return answer


def _json(value: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        orjson.dumps(value), status, {"cache-control": "no-store", **(headers or {})}, "application/json"
    )


@router.post(
    "",
    status_code=202,
    responses={202: {"model": FetchShape}, **problem_responses(400, 401, 403, 404, 413, 415)},
    dependencies=[Depends(check_media_type), Depends(may_fetch)],
)
def start(request: Request, services: ServicesDep, body: FetchRequest) -> Response:
    """Begins to fetch the newest day of categories, or papers by their ids, at arXiv's pace; one fetch at a time."""
    state = services.fetches.start(body.categories, body.ids)
    return _json(_answer(state), 202, {"location": f"{request.url.path}/{state.id}"})


@router.get("", responses={200: {"model": FetchPage}})
def latest(services: ServicesDep) -> Response:
    """The fetch under way, or else the last one."""
    state = services.fetches.current()
    items = [] if state is None else [_answer(state)]
    return _json({"items": items, "next_cursor": None, "total": len(items)})


@router.get("/{id}", responses={200: {"model": FetchShape}, **problem_responses(404)})
def progress(services: ServicesDep, id: str) -> Response:
    """How far a fetch is."""
    return _json(_answer(services.fetches.named(id)))


@router.delete(
    "/{id}", status_code=204, responses=problem_responses(401, 403, 404), dependencies=[Depends(may_fetch)]
)
def cancel(services: ServicesDep, id: str) -> Response:
    """Stops a fetch; what came before stays."""
    services.fetches.cancel(id)
    return Response(status_code=204)


OfferDep = Annotated[Offer, Depends(offer)]
