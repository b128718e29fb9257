"""Suggestions while a search is being typed (OpenSearch), which browsers show beneath their address bar."""

import re
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response

from app.papers.plain_text import plain_text
from app.papers.taxonomy import CATEGORIES
from app.web.dependencies import IndexDep, StoreDep
from app.web.errors import problem_responses
from app.web.xml import base_address

router = APIRouter(tags=["discovery"])

MEDIA_TYPE = "application/x-suggestions+json"

_LONGEST = 200
_MOST_CATEGORIES = 3
_MOST_TITLES = 7
_SIGNS = re.compile(r"[^\w\s.,'-]|(?<!\w)[-']|[_]")


@router.get(
    "/suggest",
    response_class=Response,
    responses={
        200: {
            "description": "What was typed, completions, what each is, where each leads",
            "content": {MEDIA_TYPE: {"schema": {"type": "array", "items": {}}}},
        },
        **problem_responses(422, 503),
    },
)
def suggest(
    request: Request,
    store: StoreDep,
    index: IndexDep,
    q: Annotated[str, Query(description="what has been typed so far")] = "",
) -> Response:
    """Categories whose code or name goes on as typed, and titles with these words (OpenSearch Suggestions 1.1)."""
    base, typed = base_address(request), " ".join(q[:_LONGEST].split())
    found = [(f"cat:{code}", name, f"{base}/arxiv/{code}") for code, name in _categories(typed)]
    found += [
        (_searchable(paper.title), paper.id, f"{base}/arxiv/{paper.id}")
        for paper in store.papers_by_number(index.begun(typed, _MOST_TITLES))
    ]
    return Response(
        orjson.dumps([q, *([row[column] for row in found] for column in range(3))]), media_type=MEDIA_TYPE
    )


def _categories(typed: str) -> list[tuple[str, str]]:
    begun = typed.lower().removeprefix("cat:")
    if len(begun) < 2:
        return []
    matches = [
        (category.code, category.name)
        for category in CATEGORIES.values()
        if category.code.lower().startswith(begun) or f" {category.name.lower()}".find(f" {begun}") >= 0
    ]
    return matches[:_MOST_CATEGORIES]


def _searchable(title: str) -> str:
    """A title as words that a search takes for words: its signs would be quotes, brackets and fields."""
    return " ".join(_SIGNS.sub(" ", plain_text(title)).split())
