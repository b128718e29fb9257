"""Citations over HTTP: `/api/v1/cite`, of papers by their ids, of a list or of a search.

How a citation is written is in papers/citations.py.
"""

import re
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from app.errors import InputError, Sentence
from app.papers.citations import MEDIA_TYPES, CitationFormat, citation_key, cite
from app.papers.models import Paper
from app.web.dependencies import IndexDep, LimitsDep, StoreDep
from app.web.errors import problem_responses
from app.web.json_route import check_media_type
from app.web.papers.api import find_papers
from app.web.papers.list_parameters import MOST_IN_A_PAGE, ListParametersDep, papers_named, split_ids

router = APIRouter(prefix="/api/v1", tags=["reader"])

MOST_AT_ONCE = 2000

_ENDINGS: dict[CitationFormat, str] = {"bibtex": "bib", "ris": "ris", "csl": "json", "markdown": "md"}
_EXAMPLES = {
    "bibtex": "@misc{arxiv-2401.12345,\n  title = {{On zeros}},\n}\n",
    "ris": "TY  - MANSCPT\r\nID  - arxiv-2401.12345\r\nTI  - On zeros\r\nER  - \r\n\r\n",
    "csl": [{"id": "arxiv-2401.12345", "type": "article", "title": "On zeros"}],
    "markdown": "- E. Noether. **On zeros**. [arXiv:2401.12345](https://arxiv.org/abs/2401.12345), 2024.\n",
}
_CITATIONS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The citations, in the order of the ids",
        "content": {
            MEDIA_TYPES[name]: {
                "schema": {"type": "array", "items": {"type": "object"}}
                if name == "csl"
                else {"type": "string"},
                "example": _EXAMPLES[name],
            }
            for name in MEDIA_TYPES
        },
    }
}


class CitationRequest(BaseModel):
    """Ids of papers, for lists too long for an address."""

    ids: list[str] = Field(min_length=1, max_length=MOST_AT_ONCE, examples=[["2401.12345", "math/0211159"]])
    format: CitationFormat = "bibtex"


@router.get(
    "/cite", response_class=Response, responses={**_CITATIONS, **problem_responses(404, 413, 422, 503)}
)
def cite_by_address(
    store: StoreDep,
    index: IndexDep,
    limits: LimitsDep,
    parameters: ListParametersDep,
    ids: Annotated[str | None, Query(description=f"up to {MOST_IN_A_PAGE} ids, separated by commas")] = None,
    q: Annotated[str | None, Query(description="or: what this search finds")] = None,
    categories: Annotated[
        str | None, Query(description="or: this list, which `date`, `since`, `until` narrow")
    ] = None,
    format: Annotated[CitationFormat, Query(description="how the citations are written")] = "bibtex",
) -> Response:
    """Citations of papers by their ids, in the order asked; an id that is not here is 404.

    Or of a whole list or search of up to 2,000 papers, in its order.
    """
    if ids is not None:
        names = split_ids(ids)
        if not names:
            raise InputError(Sentence("ids is empty; write for example ids=2401.12345,math/0211159"), "?ids")
        return _citations(papers_named(store, names, "?ids"), format)
    if not categories and not (q and q.strip()) and not parameters.since and not parameters.until:
        raise InputError(
            Sentence("nothing to cite is named: give ids=…, q=…, categories=… or date=…"), "?ids"
        )
    page = find_papers(
        store, index, replace(parameters, limit=MOST_AT_ONCE), categories, q, limits.query_bytes
    )
    if page.next_cursor:
        raise InputError(
            Sentence(
                "the list holds {total:,} papers, and up to {most:,} are cited at once; narrow it by date",
                total=page.total,
                most=MOST_AT_ONCE,
            ),
            "?limit",
        )
    return _citations(list(page.papers), format)


@router.post(
    "/cite",
    response_class=Response,
    responses={**_CITATIONS, **problem_responses(400, 404, 413, 415, 422, 503)},
    dependencies=[Depends(check_media_type)],
)
def cite_by_body(store: StoreDep, body: CitationRequest) -> Response:
    """The same for up to 2,000 papers."""
    return _citations(papers_named(store, body.ids, "/ids"), body.format)


def _citations(papers: list[Paper], form: CitationFormat) -> Response:
    name = citation_key(papers[0]) if len(papers) == 1 else "papers"
    headers = {
        "content-disposition": f'attachment; filename="{re.sub(r"[^A-Za-z0-9.-]", "-", name)}.{_ENDINGS[form]}"'
    }
    return Response(cite(papers, form), headers=headers, media_type=f"{MEDIA_TYPES[form]}; charset=utf-8")
