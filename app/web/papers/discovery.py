"""How other programs find their way in: an OpenSearch description for browsers, unAPI for reference managers."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

from app.errors import InputError
from app.papers.citations import MEDIA_TYPES, cite, csl
from app.web.dependencies import StoreDep
from app.web.errors import problem_responses, text_response
from app.web.xml import base_address, render_xml

router = APIRouter(tags=["discovery"])

UNAPI_FORMATS: dict[str, str] = {
    "mods": "application/mods+xml",
    "ris": MEDIA_TYPES["ris"],
    "bibtex": MEDIA_TYPES["bibtex"],
}
"""Reference managers take the first of these that they know: MODS alone can say that a paper is a preprint."""


@router.get(
    "/opensearch.xml",
    response_class=Response,
    responses={200: text_response("application/opensearchdescription+xml", "The description")},
)
def opensearch(request: Request) -> Response:
    """The OpenSearch 1.1 description by which browsers search here, for a page or a feed."""
    return render_xml("opensearch.xml", "application/opensearchdescription+xml", base=base_address(request))


@router.get(
    "/unapi",
    response_class=Response,
    responses={
        200: {
            "description": "The formats, or the paper in one of them",
            "content": {
                media_type: {"schema": {"type": "string"}}
                for media_type in ("application/xml", *UNAPI_FORMATS.values())
            },
        },
        300: text_response("application/xml", "The formats that the paper is available in"),
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
    if format not in UNAPI_FORMATS:
        raise HTTPException(
            406, f"There is no format {format[:40]!r} here; choose one of {', '.join(UNAPI_FORMATS)}"
        )
    if format == "mods":
        return render_xml("mods.xml", UNAPI_FORMATS[format], item=csl(paper), paper=paper)
    return Response(cite([paper], format), media_type=f"{UNAPI_FORMATS[format]}; charset=utf-8")


def _formats(status: int, id: str | None) -> Response:
    return render_xml("unapi.xml", "application/xml", status, id=id, formats=UNAPI_FORMATS.items())
