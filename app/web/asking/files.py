"""Files that a reader brings to ask them in the place of a paper's own text: taken, looked at, taken away."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.asking.files import DroppedFile
from app.errors import InputError, Sentence
from app.papers.records import instant_text
from app.web.dependencies import ServicesDep
from app.web.errors import problem_responses
from app.web.wording import translations

router = APIRouter(prefix="/api/v1/files", tags=["asking"])

_WRAPPED = ("multipart/form-data", "application/x-www-form-urlencoded", "application/json")


class FileShape(BaseModel):
    """A file that a reader sent; `file` is its secret name in `ask`."""

    file: str
    name: str
    size: int
    keep: bool
    begun: str
    state: str
    source: str | None
    title: str | None
    blocks: int
    reason: str | None
    translations: dict[str, str] = Field({}, description="`reason` in the interface's other languages")


@router.post(
    "",
    status_code=202,
    responses={202: {"model": FileShape}, **problem_responses(400, 413, 415, 422, 503)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def bring(
    request: Request,
    services: ServicesDep,
    name: Annotated[str, Query(max_length=400, description="what the reader calls it")] = "",
    keep: Annotated[bool, Query(description="whether its text is kept until it is deleted")] = False,
) -> Response:
    """Takes HTML, a PDF or TeX source (.tex, .gz, .tar.gz) as the body, and reads it in the background."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given in _WRAPPED:
        raise HTTPException(
            415,
            Sentence(
                "The file itself should be the body, such as application/pdf; it is {given}", given=given
            ),
        )
    content = await request.body()
    if not content:
        raise InputError(Sentence("the file is empty"))
    file = await run_in_threadpool(services.asking.files.begin, name, content, keep)
    return _answer(file, 202)


@router.get("/{file}", responses={200: {"model": FileShape}, **problem_responses(404, 422)})
async def look(services: ServicesDep, file: str) -> Response:
    """Whether a file has been read: its state is reading, ready, or failed for a reason."""
    return _answer(await run_in_threadpool(services.asking.files.get, file), 200)


@router.delete("/{file}", status_code=204, responses=problem_responses(404, 422))
async def take_away(services: ServicesDep, file: str) -> Response:
    """Takes a file's text away; one that is gone already stays so."""
    await run_in_threadpool(services.asking.files.remove, file)
    return Response(status_code=204)


def _answer(file: DroppedFile, status: int) -> Response:
    answer: dict[str, Any] = asdict(file)
    if file.reason:
        answer["translations"] = translations(file.reason, "invalid-input")
    answer["begun"] = instant_text(datetime.fromtimestamp(int(file.begun), UTC))
    headers = {"cache-control": "no-store"}
    if status == 202:
        headers["location"] = f"/api/v1/files/{file.file}"
    return Response(orjson.dumps(answer), status_code=status, headers=headers, media_type="application/json")
