"""How other programs find their way in: an OpenSearch description, unAPI for reference managers, rules for crawlers."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

from app.errors import InputError
from app.papers.citations import MEDIA_TYPES, CitationFormat, cite
from app.papers.taxonomy import CATEGORIES
from app.web.deps import StoreDep
from app.web.errors import problem_responses
from app.web.xml import base_address, render_xml

router = APIRouter(tags=["discovery"])

# Reference managers take the first format of these that they know.
UNAPI_FORMATS: tuple[CitationFormat, ...] = ("ris", "bibtex")


def _in(media_type: str, description: str) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": {"type": "string"}}}}


@router.get(
    "/opensearch.xml",
    response_class=Response,
    responses={200: _in("application/opensearchdescription+xml", "The description")},
)
def opensearch(request: Request) -> Response:
    """How browsers search here (OpenSearch 1.1): as a page, or as a feed."""
    return render_xml("opensearch.xml", "application/opensearchdescription+xml", base=base_address(request))


@router.get(
    "/unapi",
    response_class=Response,
    responses={
        200: {
            "description": "The formats, or the paper in one of them",
            "content": {
                media_type: {"schema": {"type": "string"}}
                for media_type in ("application/xml", *(MEDIA_TYPES[name] for name in UNAPI_FORMATS))
            },
        },
        300: _in("application/xml", "The formats that the paper is to be had in"),
        **problem_responses(404, 406, 422, 503),
    },
)
def unapi(
    store: StoreDep,
    id: Annotated[str | None, Query(description="a paper, such as arxiv:2401.12345")] = None,
    format: Annotated[str | None, Query(description=f"one of {', '.join(UNAPI_FORMATS)}")] = None,
) -> Response:
    """Papers for reference managers, by unAPI version 1: from a page that lists papers they take those chosen."""
    if id is None:
        if format is not None:
            raise InputError("format needs an id: name a paper, such as id=arxiv:2401.12345", "?id")
        return _formats(200, None)
    paper = store.paper(id)
    if format is None:
        return _formats(300, id)
    for name in UNAPI_FORMATS:
        if name == format:
            return Response(cite([paper], name), media_type=f"{MEDIA_TYPES[name]}; charset=utf-8")
    raise HTTPException(
        406, f"There is no format {format[:40]!r} here; choose one of {', '.join(UNAPI_FORMATS)}"
    )


def _formats(status: int, id: str | None) -> Response:
    formats = [(name, MEDIA_TYPES[name]) for name in UNAPI_FORMATS]
    return render_xml("unapi.xml", "application/xml", status, id=id, formats=formats)


@router.get(
    "/robots.txt", response_class=Response, responses={200: _in("text/plain", "The rules (RFC 9309)")}
)
def robots(request: Request) -> Response:
    """Papers and single categories are open to crawlers; searches and the endless combinations are not."""
    base: str = request.scope.get("root_path", "")
    # A name with a minus in it looks like a difference; what is more precise wins.
    named = [code for code in CATEGORIES if "-" in code.partition(".")[2]]
    lines = [
        "User-agent: *",
        *(f"Disallow: {base}/{path}" for path in ("search", "api/", "unapi", "starred")),
        *(f"Disallow: {base}/arxiv/*{mark}" for mark in ("+", ",", "?", ".*-", "/feed$")),
        *(f"Allow: {base}/arxiv/{code}$" for code in named),
    ]
    return Response("\n".join(lines) + "\n", media_type="text/plain; charset=utf-8")
