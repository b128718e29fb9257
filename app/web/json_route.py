"""Routes that take a JSON body and compute: a short body is answered at once, a long one in a worker thread.

The function of such a route is plain Python: `def count(body: CountRequest, services: ServicesDep) -> …`. It knows no
event loop and returns what orjson can write. OpenAPI is FastAPI's, from the same signature.
"""

import difflib
import inspect
import json
import re
from collections.abc import Callable, Coroutine, Sequence
from itertools import islice
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from app.tokenizer import Tokenizer
from app.web.dependencies import SMALL_TEXT, Services, get_services
from app.web.long_json import LongJson, respond, write

Body = TypeVar("Body", bound=BaseModel)

_LONE_SURROGATE = "holds a lone surrogate, which is not a character; send whole characters, or U+FFFD instead"
_MESSAGES = {
    "string_unicode": _LONE_SURROGATE,
    "model_type": "should be a JSON object",
    "extra_forbidden": "there is no such field",
}
"""What we say better than pydantic, which can't know what is sent to it."""


def _whole_characters(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise PydanticCustomError("string_unicode", _LONE_SURROGATE) from error
    return text


_MOST_FINDINGS = 20
"""Findings that are made and shown."""

_BRANCH = re.compile(r"(function-after|list)\[.*\]|str|int")
"""A step of pydantic's that names a type of a union and no field of the body."""

Characters = Annotated[str, AfterValidator(_whole_characters)]
"""A text that UTF-8 can hold; JSON's escapes can write others."""


def check_media_type(request: Request) -> None:
    """Refuse a body that does not call itself JSON with 415, before it is read."""
    given = request.headers.get("content-type", "")
    if given == "application/json":
        return
    media_type = given.partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        shown = f"it is {given[:100]!r}" if given else "none was sent"
        raise HTTPException(415, f"The content-type should be application/json, {shown}")


async def read_body(request: Request) -> bytes:
    """The body, which mostly comes in one piece. Raises ClientDisconnect where the client goes before its end."""
    chunks = []
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def parse(content: bytes) -> Any:
    """The value of a JSON text. Raises RequestValidationError with where and why where it is none."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        # The standard library reads escaped lone surrogates, so that the field that holds one can be named.
        try:
            return json.loads(content.decode(), parse_constant=_refuse_constant)
        except UnicodeDecodeError as wrong:
            # The parser calls any byte that is not UTF-8 a surrogate, and names no place.
            reason, place = f"0x{content[wrong.start]:02x} is not UTF-8", wrong.start
        except (ValueError, RecursionError):
            reason, place = error.msg, error.pos
        problem = {
            "type": "json_invalid",
            "loc": ("body", place),
            "msg": "JSON decode error",
            "ctx": {"error": reason},
        }
        raise RequestValidationError([problem]) from error


def validate(model: type[Body], value: Any) -> Body:
    """`value` as `model`; raises RequestValidationError that points at each field that is wrong."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = _few_findings(error, model, value).errors(include_url=False)[:_MOST_FINDINGS]
        raise RequestValidationError(
            [_finding(item, _fields_there(item, model)) for item in found]
        ) from error


def dump(value: Any) -> bytes:
    """JSON of dicts, lists, numbers, texts, fragments and numpy arrays; NaN becomes null."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


class BareRoute(APIRoute):
    """Calls its handler with the request and nothing else: FastAPI's own way costs as much as a short text's tokens.

    Failures leave as everywhere, by the application's handlers. For OpenAPI it is a route like any other.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **documented: Any) -> None:
        super().__init__(path, endpoint, **documented)
        self.answer = self.get_route_handler()

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint itself, where it takes a request and returns a response."""
        handler: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return handler

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)  # refuses it
            return
        response = await self.answer(Request(scope, receive, send))
        await response(scope, receive, send)


class JsonRoute(BareRoute):
    """A POST route whose function takes `body`, a pydantic model with a field `model`, and `services`."""

    most_inline = SMALL_TEXT
    """Size in bytes up to which a body is worked on without a thread."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        function = self.endpoint
        schema = get_type_hints(function)["body"]
        if others := set(inspect.signature(function).parameters) - {"body", "services"}:
            raise TypeError(
                f"{function.__name__} takes {', '.join(sorted(others))}; a JsonRoute passes body and services only"
            )

        def work(content: bytes, services: Services) -> bytes | LongJson:
            return write(function(body=validate(schema, parse(content)), services=services))

        async def handle(request: Request) -> Response:
            check_media_type(request)
            services = get_services(request)
            content = await read_body(request)
            if len(content) <= self.most_inline:
                body = validate(schema, parse(content))
                tokenizer = services.models.at_hand(body.model)
                if isinstance(tokenizer, Tokenizer):
                    return respond(write(function(body=body, services=services)), services.answers)
                if tokenizer is not None:
                    return respond(await services.work.run_short(work, content, services), services.answers)
            return respond(await services.work.run(work, content, services), services.answers)

        return handle


def _few_findings(error: ValidationError, model: type[BaseModel], value: Any) -> ValidationError:
    """The error of the same value with few of the fields that there are not: each finding takes time and memory.

    Lists stop at the first item that is wrong (`fail_fast`), so that nothing else makes many findings.
    """
    if error.error_count() > _MOST_FINDINGS:
        try:
            model.model_validate(_narrowed(value, model))
        except ValidationError as fewer:
            return fewer
    return error


def _narrowed(value: Any, model: type[BaseModel]) -> Any:
    """An object with a few of its fields that the model lacks, likewise in the models of its fields."""
    if not isinstance(value, dict):
        return value
    fields = dict(_named(model))
    unknown = islice((name for name in value if name not in fields), _MOST_FINDINGS)
    return {
        name: next(
            (_narrowed(value[name], shape) for shape in _models_in(fields[name].annotation)), value[name]
        )
        if name in fields
        else value[name]
        for name in [*(name for name in fields if name in value), *unknown]
    }


def _fields_there(item: Any, model: type[BaseModel]) -> list[str]:
    """The names of the fields that stand where a finding is, those nearest to what was sent first."""
    if item["type"] != "extra_forbidden":
        return []
    *way, sent = (str(step) for step in item["loc"])
    for step in way:
        model = next(
            (
                shape
                for name, field in _named(model)
                if name == step
                for shape in _models_in(field.annotation)
            ),
            model,
        )
    names = [name for name, _ in _named(model)]
    return sorted(names, key=lambda name: -difflib.SequenceMatcher(None, sent[:80].lower(), name).ratio())


def _named(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return [(field.alias or name, field) for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation names, within unions and lists too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def _finding(item: Any, fields: Sequence[str] = ()) -> dict[str, Any]:
    """A finding of pydantic, as FastAPI's handlers expect it, with texts that UTF-8 can hold."""
    message = _MESSAGES.get(item["type"], item["msg"])
    if fields:
        message += f"; there are {', '.join(fields)}"
    steps = (
        step.encode(errors="replace").decode() if isinstance(step, str) else step
        for step in item["loc"]
        if item["type"] == "extra_forbidden" or not (isinstance(step, str) and _BRANCH.fullmatch(step))
    )
    return {"type": item["type"], "loc": ("body", *steps), "msg": message}


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
