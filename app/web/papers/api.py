"""The reader's API: lists of papers, single papers, categories. JSON only; pages are in pages.py."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from app.errors import InputError, Sentence
from app.papers.answer_texts import answers_document
from app.papers.answers import Answer, QuoteStatus
from app.papers.categories import CategoryExpression, parse_expression
from app.papers.models import Paper, parse_id
from app.papers.records import answer_record, paper_json, paper_record
from app.papers.search.blending import By
from app.papers.search.related import related_papers as papers_near
from app.papers.search.searching import Search, SearchIndex, search_page
from app.papers.store.reading import Page, Store
from app.papers.taxonomy import CATEGORIES
from app.web.dependencies import IndexDep, LimitsDep, ServicesDep, StoreDep, WholeNumber
from app.web.errors import problem_responses
from app.web.json_route import check_media_type
from app.web.papers import meaning
from app.web.papers.list_parameters import (
    MOST_IN_A_PAGE,
    ListParameters,
    ListParametersDep,
    address,
    papers_named,
    split_ids,
)
from app.web.papers.shapes import PaperPage, PaperShape

router = APIRouter(prefix="/api/v1", tags=["reader"], responses=problem_responses(422, 503))


class UsageShape(BaseModel):
    """What an answer cost in tokens."""

    prompt_tokens: int
    completion_tokens: int


class QuoteShape(BaseModel):
    """A quote of an answer, looked up in the paper: its passage, and the paper's own words there."""

    quote: str
    status: QuoteStatus
    anchor: str | None
    passage: str | None
    words: str | None


class AnswerShape(BaseModel):
    """An answer in Markdown with mathematics to a question about a version of a paper."""

    id: str
    version: int | None
    question: str
    answer: str
    model: str | None
    language: str | None
    name: str | None = Field(description="of the question, where it is one of GET /questions")
    created: str | None
    source: str | None = Field(description="what of the paper was read: html, ar5iv, pdf or abstract")
    prompt_sha256: str | None
    usage: UsageShape | None
    quotes: list[QuoteShape]


class AnswerPage(BaseModel):
    items: list[AnswerShape]
    next_cursor: None
    total: int


class CategoryShape(BaseModel):
    """A category; `papers` counts those that it holds here."""

    code: str
    name: str
    archive: str
    papers: int


class CategoryPage(BaseModel):
    items: list[CategoryShape]
    next_cursor: None
    total: int


class Ids(BaseModel):
    """Ids of papers, for lists too long for an address."""

    ids: list[str] = Field(max_length=10_000)


def json_list(
    items: Sequence[dict[str, Any] | orjson.Fragment], next_cursor: str | None, total: int
) -> Response:
    """The one shape of a list."""
    body = orjson.dumps({"items": items, "next_cursor": next_cursor, "total": total})
    return Response(body, media_type="application/json")


def json_papers(papers: list[Paper]) -> Response:
    return json_list([paper_json(paper) for paper in papers], None, len(papers))


def find(
    store: Store,
    index: SearchIndex,
    parameters: ListParameters,
    expression: CategoryExpression | None,
    q: str,
    longest: int,
) -> Page:
    """A page of a search: the index finds, the store reads. Raises InputError for a query that makes no sense."""
    search = Search(q, expression, parameters.since, parameters.until, parameters.sort or "relevance")
    return search_page(
        store, index, search, cursor=parameters.cursor, limit=parameters.limit, longest=longest
    )


def find_papers(
    store: Store,
    index: SearchIndex,
    parameters: ListParameters,
    categories: str | None,
    q: str | None,
    longest: int,
) -> Page:
    """A page of the list that was asked for, or of the search where there is something to search for."""
    expression = parse_expression(categories) if categories else None
    if q is not None and q.strip():
        return find(store, index, parameters, expression, q, longest)
    return store.page(parameters.query(expression), cursor=parameters.cursor, limit=parameters.limit)


@router.get("/papers", responses={200: {"model": PaperPage}, **problem_responses(404, 413, 501, 502)})
def list_papers(
    request: Request,
    services: ServicesDep,
    store: StoreDep,
    index: IndexDep,
    limits: LimitsDep,
    parameters: ListParametersDep,
    q: Annotated[
        str | None, Query(description="words to search for; ti: au: abs: cat: id:, AND OR NOT, quotes")
    ] = None,
    categories: Annotated[str | None, Query(description="such as cs.AI+cs.LG-cs.CY")] = None,
    ids: Annotated[str | None, Query(description=f"up to {MOST_IN_A_PAGE} ids, separated by commas")] = None,
    by: Annotated[By | None, Query(description="how `q` is searched; by both if papers have vectors")] = None,
) -> Response:
    """A list, newest first: of some categories, of some days, of what `q` finds, or of ids in the order asked.

    An id that is not here is 404; by POST it is left out instead.
    """
    if ids is not None:
        return json_papers(papers_named(store, split_ids(ids), "?ids"))
    has_words = q is not None and q.strip() != ""
    if by is not None and not has_words:
        raise InputError(Sentence("by needs a search: give q=…"), "?by")
    if has_words and (services.meaning.is_on() or by in ("meaning", "both")):
        expression = parse_expression(categories) if categories else None
        found = meaning.find_by(services, parameters, expression, q or "", by)
        page = found.page
        items = [
            paper_record(paper) | {"why": meaning.why(found.reasons.get(paper.id, ()))}
            for paper in page.papers
        ]
        answer = {"items": items, "next_cursor": page.next_cursor, "total": page.total, "by": found.by}
        response = Response(orjson.dumps(answer), media_type="application/json")
    else:
        page = find_papers(store, index, parameters, categories, q, limits.query_bytes)
        response = json_list([paper_json(paper) for paper in page.papers], page.next_cursor, page.total)
    if page.next_cursor:
        following = {**dict(request.query_params), "cursor": page.next_cursor}
        response.headers["link"] = f'<{address(request.url.path, **following)}>; rel="next"'
    return response


@router.post(
    "/papers",
    responses={200: {"model": PaperPage}, **problem_responses(400, 404, 413, 415)},
    dependencies=[Depends(check_media_type)],
)
def papers_by_ids(store: StoreDep, body: Ids) -> Response:
    """The papers of many ids, in the order asked; ids that are not here are left out."""
    return json_papers(store.papers([parse_id(name)[0] for name in body.ids]))


@router.get("/papers/{id:path}/related", responses={200: {"model": PaperPage}, **problem_responses(404)})
def related_papers(
    services: ServicesDep,
    store: StoreDep,
    index: IndexDep,
    id: str,
    limit: Annotated[WholeNumber, Query(ge=1, le=MOST_IN_A_PAGE)] = 10,
) -> Response:
    """The papers whose titles and abstracts share most with this one's, or mean the same; the nearest first."""
    return json_papers(papers_near(store, index, store.paper(id), limit, services.meaning))


_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": AnswerPage, "content": {"text/markdown": {"schema": {"type": "string"}}}},
    **problem_responses(404, 422),
}


@router.get("/papers/{id:path}/answers", responses=_ANSWERS)
def paper_answers(
    store: StoreDep,
    id: str,
    format: Annotated[
        Literal["json", "markdown"], Query(description="markdown: a document to keep")
    ] = "json",
) -> Response:
    """Questions and answers kept about a paper; as Markdown, one document with the paper's citation."""
    asked = store.paper(id)
    answers: list[Answer] = store.answers(id)
    if format == "markdown":
        name = f"{asked.id.replace('/', '-')}-answers.md"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(answers_document(asked, answers), media_type="text/markdown", headers=headers)
    return json_list([answer_record(answer) for answer in answers], None, len(answers))


@router.get("/papers/{id:path}", responses={200: {"model": PaperShape}, **problem_responses(404)})
def paper(store: StoreDep, id: str) -> Response:
    """One paper, by its id with or without version."""
    return Response(orjson.dumps(paper_json(store.paper(id))), media_type="application/json")


@router.get("/categories", responses={200: {"model": CategoryPage}})
def categories(store: StoreDep) -> Response:
    """All categories, each with the number of its papers here."""
    counts = store.category_counts()
    items = [
        {"code": item.code, "name": item.name, "archive": item.archive, "papers": counts.get(item.code, 0)}
        for item in CATEGORIES.values()
    ]
    return json_list(items, None, len(items))
