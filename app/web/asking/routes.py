"""Asking a paper over HTTP: the questions, an answer as server-sent events, what it will cost, and stopping it."""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import asdict
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from app.asking.answering import PaperQuestion
from app.asking.questions import Language, Question, Questions
from app.errors import NotFound, Sentence
from app.papers.models import parse_id
from app.web.asking.requests import AskRequest
from app.web.dependencies import Services, ServicesDep
from app.web.errors import problem_responses, text_response
from app.web.json_route import check_media_type, parse, validate
from app.web.middleware.access import client_of

router = APIRouter(prefix="/api/v1", tags=["asking"])

_ASKING = re.compile(r"[A-Za-z0-9]{1,64}")
_STREAM = "text/event-stream"
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class QuestionShape(BaseModel):
    """A question that every paper can be asked, with the prompt that the model gets."""

    name: str
    title: str
    prompt: str


class QuestionPage(BaseModel):
    items: list[QuestionShape]


class CostShape(BaseModel):
    """What a question would send to the model: how many tokens, of which text, and what finds no room in it."""

    source: str
    version: int | None
    model: str
    tokens: int
    context: int
    left_out: list[str]


@router.get("/questions", responses={200: {"model": QuestionPage}, **problem_responses(422)})
async def questions(
    services: ServicesDep, language: Annotated[Language, Query(description="of the prompts")] = "en"
) -> Response:
    """The questions that every paper can be asked, each with its prompt."""
    found = await run_in_threadpool(services.asking.questions.all, language)
    items = [
        {"name": question.name, "title": question.title, "prompt": question.prompt} for question in found
    ]
    return Response(orjson.dumps({"items": items}), media_type="application/json")


@router.post(
    "/papers/{id:path}/ask",
    responses={
        200: text_response(_STREAM, "The answer as it comes"),
        **problem_responses(400, 404, 413, 415, 422, 429, 501),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": AskRequest.model_json_schema()}},
        }
    },
    dependencies=[Depends(check_media_type)],
)
async def ask(request: Request, services: ServicesDep, id: str) -> Response:
    """Asks a paper. Events are started, reasoning, text, quote, then done or failed; `Last-Event-ID` goes on.

    While others are before it, `waiting` gives the place in the queue. Readers of the same question share its answer.
    """
    body = validate(AskRequest, parse(await request.body()))
    desk = services.asking.desk
    _ = desk.model
    asked = await run_in_threadpool(_asked, services, id, body, client_of(request.scope))
    events = await desk.ask(asked, request.headers.get("last-event-id", ""))
    return StreamingResponse(_closing(events), media_type=_STREAM, headers=_HEADERS)


@router.get(
    "/papers/{id:path}/cost",
    responses={200: {"model": CostShape}, **problem_responses(404, 422, 501)},
)
async def cost(
    request: Request,
    services: ServicesDep,
    id: str,
    name: Annotated[str, Query(description="of one of the questions")] = "summary",
    language: Language = "en",
    file: Annotated[str, Query(description="of POST /files")] = "",
) -> Response:
    """How many tokens a question to a paper sends to the model, and what of the paper finds no room."""
    desk = services.asking.desk
    model = desk.model
    body = AskRequest(name=name, language=language, after=[], file=file)
    asked = await run_in_threadpool(_asked, services, id, body, client_of(request.scope))
    cost = {**asdict(await desk.cost(asked)), "model": model, "context": services.asking.context}
    return Response(orjson.dumps(cost), media_type="application/json")


@router.delete("/asking/{asking}", status_code=204, responses=problem_responses(404, 422))
async def stop(services: ServicesDep, asking: str) -> Response:
    """Stops an answer that no other reader reads; one that has ended already stays as it is."""
    if not _ASKING.fullmatch(asking):
        raise NotFound(
            Sentence(
                "{asking!r} does not name an answer; the event `started` gives its name", asking=asking[:40]
            ),
            "?asking",
        )
    await services.asking.desk.stop(asking)
    return Response(status_code=204)


def _asked(services: Services, paper_id: str, body: AskRequest, reader: str) -> PaperQuestion:
    """The question, with all that it takes from the store and the files of prompts."""
    body.check_size(services.asking.question_bytes)
    canonical, version = parse_id(paper_id)
    paper = services.store.paper(canonical)
    questions: Questions = services.asking.questions
    if body.name is not None:
        question = questions.named(body.name, body.language)
    else:
        own = (body.question or "").strip()
        question = Question(None, own, own)
    return PaperQuestion(
        paper=paper,
        version=version or paper.version,
        question=question,
        language=body.language,
        rules=questions.rules(body.language),
        after=tuple((turn.question, turn.answer) for turn in body.after),
        again=body.again,
        reader=reader,
        file=body.file and services.asking.files.get(body.file).file,
    )


async def _closing(events: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    """The events, with their source closed as soon as no reader is left."""
    async with aclosing(events):
        async for part in events:
            yield part
