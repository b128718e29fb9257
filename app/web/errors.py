"""How failures are answered: problem+json (RFC 9457) for programs, a page for people, always with the request's id.

Each class of `app.errors` is mapped once, here. A problem's `type` is stable: clients may rely on it.
"""

from functools import reduce
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.errors import (
    ChatError,
    EmbedError,
    FileError,
    InputError,
    ModelError,
    NoChatModel,
    NoEmbedder,
    NotForThisModel,
    NotFound,
    Overloaded,
    QuireError,
    Sentence,
    SourceError,
    StoreError,
    StoreLocked,
    TooLarge,
    UsedUp,
)
from app.web.templates import render
from app.web.wording import translations, wording_of

log = structlog.get_logger()

_KINDS: dict[type[QuireError], tuple[int, str]] = {
    NotFound: (404, "not-found"),
    NotForThisModel: (422, "not-for-this-model"),
    TooLarge: (413, "too-large"),
    InputError: (422, "invalid-input"),
    StoreLocked: (503, "store-locked"),
    NoChatModel: (501, "no-chat-model"),
    ChatError: (502, "chat-failed"),
    NoEmbedder: (501, "no-embedder"),
    EmbedError: (502, "embedding-failed"),
    UsedUp: (429, "rate-limited"),
    StoreError: (503, "store-unavailable"),
    Overloaded: (503, "overloaded"),
    ModelError: (422, "model-unusable"),
    FileError: (503, "file-unusable"),
    SourceError: (503, "source-unavailable"),
}

_STATUS_KINDS = {
    400: "malformed",
    401: "unauthorised",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    413: "too-large",
    414: "address-too-long",
    415: "unsupported-media-type",
    422: "invalid-input",
    429: "rate-limited",
    500: "defect",
    503: "unavailable",
}

PATTERNS = {
    "greater_than": "Input should be greater than {gt}",
    "greater_than_equal": "Input should be greater than or equal to {ge}",
    "less_than": "Input should be less than {lt}",
    "less_than_equal": "Input should be less than or equal to {le}",
    "literal_error": "Input should be {expected}",
    "int_parsing": "a whole number is written in digits, such as 25",
    "float_parsing": "Input should be a valid number, unable to parse string as a number",
    "bool_parsing": "Input should be a valid boolean, unable to interpret input",
    "string_too_long": "String should have at most {max_length} characters",
}
"""The sentences of pydantic and of our own checks that the parameters of pages can break."""

KINDS = {kind for _, kind in _KINDS.values()} | set(_STATUS_KINDS.values()) | {"refused"}
"""The ends of all `type`s that a failed request can have."""

_STORE_RETRY_SECONDS = 2
"""A database that restarts, or a writer that ends its batch, takes about as long."""

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class FieldProblem(BaseModel):
    """One offending field: a JSON pointer into the body, or `?name` for a query parameter."""

    pointer: str
    detail: str


class Problem(BaseModel):
    """A failure, as RFC 9457 shapes it; browsers get `translations`, which is `detail` in other languages."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FieldProblem] = []
    translations: dict[str, str] = {}


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of these statuses."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def text_response(media_type: str, description: str) -> dict[str, Any]:
    """What OpenAPI says of an answer that is a text of this media type."""
    return {"description": description, "content": {media_type: {"schema": {"type": "string"}}}}


def is_page(request: Request) -> bool:
    """Whether a person asked: for a page, unless JSON alone is accepted, or with a browser for what we don't know."""
    accept = request.headers.get("accept", "")
    route = request.scope.get("route")
    if route is None:  # there is none, or the request failed before one was chosen
        page = any(route.matches(request.scope)[0] is not Match.NONE for route in request.app.state.pages)
    else:
        page = not getattr(route, "include_in_schema", True)
    if page:
        return "json" not in accept or "text/html" in accept
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    return route is None and "text/html" in accept and not path.startswith("/api/")


def failure(
    request: Request,
    status: int,
    kind: str,
    detail: str,
    fields: list[FieldProblem] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """The answer to a request that failed."""
    request_id = str(request.scope.get("request_id", ""))
    if is_page(request):
        said = wording_of(request).failure(detail, kind)
        page = render(request, "error.html", status=status, kind=kind, detail=said, request_id=request_id)
        page.status_code = status
        page.headers.update(headers or {})
        return page
    # Browsers name languages; programs, which show `detail` to engineers, mostly don't.
    is_browser = "accept-language" in request.headers
    body = problem_json(status, kind, detail, request.url.path, request_id, fields, translate=is_browser)
    return Response(body, status, headers, media_type="application/problem+json")


def problem_json(
    status: int,
    kind: str,
    detail: str,
    instance: str,
    request_id: str,
    fields: list[FieldProblem] | None = None,
    *,
    translate: bool = True,
) -> bytes:
    """The body of a failure, as RFC 9457 shapes it."""
    problem = Problem(
        type=f"/problems/{kind}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=instance,
        request_id=request_id,
        errors=fields or [],
        translations=translations(detail, kind) if translate else {},
    )
    return orjson.dumps(problem.model_dump(exclude=None if translate else {"translations"}))


def kind_of(error: QuireError) -> tuple[int, str]:
    """The status and the kind that a failure leaves with."""
    return next((_KINDS[cls] for cls in type(error).__mro__ if cls in _KINDS), (500, "defect"))


def failure_of(request: Request, error: QuireError) -> Response:
    """The answer to a request that failed with this error."""
    status, kind = kind_of(error)
    fields = []
    if isinstance(error, InputError) and error.pointer:
        fields.append(FieldProblem(pointer=error.pointer, detail=str(error)))
    headers = None
    if isinstance(error, Overloaded | UsedUp):
        headers = {"retry-after": str(error.retry_after)}
    elif isinstance(error, StoreError):
        headers = {"retry-after": str(_STORE_RETRY_SECONDS)}
    # 501 says what is switched off: nothing failed.
    if status >= 500 and status != HTTPStatus.NOT_IMPLEMENTED:
        log.error("request failed", kind=kind, detail=str(error))
    return failure(request, status, kind, error.message, fields, headers)


def _http_exception(request: Request, error: HTTPException) -> Response:
    detail: str = error.detail
    headers = dict(error.headers or {})
    if error.status_code == 404 and detail == HTTPStatus.NOT_FOUND.phrase:
        detail = Sentence("There is nothing at {path}", path=request.url.path)
    elif error.status_code == 405:
        headers = {"allow": _allowed(request, headers.get("Allow", ""))}
        detail = Sentence(
            "{method} does nothing at {path}; {methods} would",
            method=request.method,
            path=request.url.path,
            methods=headers["allow"],
        )
    elif isinstance(wrong := error.__cause__, UnicodeDecodeError):
        detail = f"The body is not JSON: 0x{wrong.object[wrong.start]:02x} is not UTF-8 at byte {wrong.start}"
    kind = _STATUS_KINDS.get(error.status_code, "refused")
    return failure(request, error.status_code, kind, detail, headers=headers)


def _allowed(request: Request, named: str) -> str:
    """All methods of an address, also where routes share it; the router named those of the first route only."""
    routes = request.app.router.routes
    found = {
        method
        for method in _METHODS
        if method in named
        or any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    }
    return ", ".join(
        method for method in _METHODS if method in found or (method == "HEAD" and "GET" in found)
    )


def _validation_error(request: Request, error: RequestValidationError) -> Response:
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        reason = found[0].get("ctx", {}).get("error", "")
        malformed = f"The body is not JSON: {reason} at byte {found[0]['loc'][-1]}"
        return failure(request, 400, "malformed", malformed)
    fields = [FieldProblem(pointer=_pointer(item["loc"]), detail=item["msg"]) for item in found[:20]]
    reasons = [
        Sentence("{pointer}: {reason}", pointer=field.pointer or "body", reason=_reason(item))
        for field, item in zip(fields[:3], found, strict=False)
    ]
    detail: str = reduce(lambda one, other: Sentence("{one}; {other}", one=one, other=other), reasons)
    if not all(isinstance(reason.values["reason"], Sentence) for reason in reasons):
        detail = str(detail)  # a page then shows the sentence of the kind, and mixes no languages
    return failure(request, 422, "invalid-input", detail, fields)


def _reason(item: dict[str, Any]) -> str:
    """What pydantic finds wrong, as the sentence that it makes of the pattern of its type, where pages need that."""
    pattern = PATTERNS.get(item["type"], "")
    values = {
        name: f"{value:g}" if isinstance(value, float) else value
        for name, value in item.get("ctx", {}).items()
    }
    try:
        said = Sentence(pattern, **values)
    except KeyError:  # a finding that has been shortened names its values in its text alone
        return str(item["msg"])
    return said if said == item["msg"] else str(item["msg"])


def _pointer(location: tuple[str | int, ...]) -> str:
    where, *rest = location
    steps = [str(step).replace("~", "~0").replace("/", "~1") for step in rest]
    if where in ("query", "path"):
        return "?" + ".".join(steps)
    return "".join(f"/{step}" for step in steps)


_ANSWERS: dict[type[Exception], Any] = {
    QuireError: failure_of,
    HTTPException: _http_exception,
    RequestValidationError: _validation_error,
}

HANDLED = tuple(_ANSWERS)
"""What has an answer; anything else is a defect."""


def answer_to(request: Request, error: Exception) -> Response:
    """The answer to a request that failed with one of HANDLED."""
    answer = next(_ANSWERS[kind] for kind in type(error).__mro__ if kind in _ANSWERS)
    response: Response = answer(request, error)
    return response


def install(app: FastAPI) -> None:
    """Make every failure of `app` leave in the shapes above."""
    for kind, handler in _ANSWERS.items():
        app.add_exception_handler(kind, handler)
