"""The calls of the API as streams: each line of newline-delimited JSON is answered by a line as soon as it is there.

Lines of white space alone are passed over, as on the command line. Memory is bounded by the longest line. While a
client does not take its answers nothing more of it is read, since each part of the answer is sent before the next part
of the body is asked for.
"""

from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from itertools import takewhile
from typing import Any, get_type_hints

import anyio
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.errors import InputError, Overloaded, QuireError, TooLarge
from app.web.dependencies import Services, get_services
from app.web.json_route import JsonRoute, parse, validate
from app.web.long_json import LongJson, write
from app.web.middleware.body_size import NDJSON, is_lines

Line = Callable[[Any, Services], dict[str, Any]]
"""Answers the value of one line."""

_SEVERAL = ("texts", "batch")
"""Fields of requests that hold what a stream has on several lines."""


class LinesRoute(JsonRoute):
    """A JSON route that takes lines of JSON too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle_json = super().get_route_handler()
        function = self.endpoint
        schema = get_type_hints(function)["body"]

        def answer(value: Any, services: Services) -> dict[str, Any]:
            text_alone = isinstance(value, str) and "text" in schema.model_fields
            body = validate(schema, {"text": value} if text_alone else value)
            for field in _SEVERAL:
                if getattr(body, field, None) is not None:
                    raise InputError(f"write what {field} holds on lines of its own", f"/{field}")
            answered: dict[str, Any] = function(body=body, services=services)
            return answered

        async def handle(request: Request) -> Response:
            if not is_lines(request.headers):
                return await handle_json(request)
            chunks = request.stream()
            # Read before the answer begins: a client that asked whether to go on (100-continue) is answered first.
            first = (await anext(chunks, b"")).removeprefix(BOM_UTF8)
            return _Lines(_answers(answer, request, first, chunks), media_type=NDJSON)

        return handle


class HeavyLinesRoute(LinesRoute):
    """One whose work is never short, however short its body is."""

    most_inline = -1


class _Lines(StreamingResponse):
    """Sends its parts and leaves the request alone, which they are being made from."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await self.stream_response(send)


async def _answers(
    answer: Line, request: Request, first: bytes, chunks: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    """The answers to whole lines, as many at a time as came together; ends at a line over the limit.

    ClientDisconnect where the client leaves, and where an answer is given up: a cut answer must not look complete.
    """
    services = get_services(request)
    most = services.limits.body_bytes
    begun: list[bytes] = []
    size = 0
    chunk: bytes | None = first
    while chunk is not None and size <= most:
        head, newline, tail = chunk.rpartition(b"\n")
        if newline:
            lines = b"".join([*begun, head]).split(b"\n")
            taken = list(takewhile(lambda line: len(line) <= most, lines))
            async for part in _in_turn(answer, services, taken, request):
                yield part
            begun, size = ([tail], len(tail)) if len(taken) == len(lines) else ([], most + 1)
        else:
            begun.append(chunk)
            size += len(chunk)
        chunk = await anext(chunks, None) if size <= most else None
    if size > most:
        yield _problem(
            TooLarge(f"a line has more than {most:,} bytes, the most that is taken (QUIRE_MAX_BODY_BYTES)"),
            request,
        )
    elif size:
        async for part in _in_turn(answer, services, [b"".join(begun)], request):
            yield part


async def _in_turn(
    answer: Line, services: Services, lines: list[bytes], request: Request
) -> AsyncIterator[bytes]:
    """The answers to some lines, worked out in a thread; a stream waits where a single request would be refused."""
    left = [line for line in reversed(lines) if line.strip()]
    while left:
        try:
            done, long = await services.work.run(_answer_lines, answer, left, services, request)
        except Overloaded as busy:
            await anyio.sleep(busy.retry_after)
            continue
        yield done
        if long is not None:
            async with aclosing(services.answers.taken(long.parts(), long.held)) as parts:
                del long
                async for part in parts:
                    yield part
            yield b"\n"


def _answer_lines(
    answer: Line, left: list[bytes], services: Services, request: Request
) -> tuple[bytes, LongJson | None]:
    """Answers lines from the end of the list, and takes them away, up to one whose answer is written in parts."""
    done: list[bytes] = []
    while left:
        try:
            content = write(answer(parse(left.pop()), services))
            if isinstance(content, LongJson):
                return b"".join(done), content
            done += content, b"\n"
        except (QuireError, RequestValidationError) as error:
            done.append(_problem(error, request))
    return b"".join(done), None


def _problem(error: Exception, request: Request) -> bytes:
    """A line of the body that the whole answer would have if the request failed so."""
    handlers = request.app.exception_handlers
    handler = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
    return bytes(handler(request, error).body) + b"\n"
