"""POST /encode as a stream: each line of newline-delimited JSON is answered by a line as soon as it is there.

Memory is bounded by the longest line. While a client does not take its answers nothing more of it is read, since each
part of the answer is sent before the next part of the body is asked for.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from itertools import takewhile
from typing import Any

import anyio
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.errors import InputError, Overloaded, QuireError, TooLarge
from app.web.dependencies import Services, get_services
from app.web.json_route import JsonRoute, dump, parse, validate
from app.web.middleware.body_size import NDJSON
from app.web.tokenizer import computing
from app.web.tokenizer.requests import EncodeRequest


class EncodeRoute(JsonRoute):
    """A JSON route that takes lines of JSON too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle_json = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if request.headers.get("content-type", "").partition(";")[0].strip().lower() != NDJSON:
                return await handle_json(request)
            chunks = request.stream()
            # Read before the answer begins: a client that asked whether to go on (100-continue) is told so.
            first = await anext(chunks, b"")
            return _Lines(_answers(request, first, chunks), media_type=NDJSON)

        return handle


class _Lines(StreamingResponse):
    """Sends its parts and leaves the request alone, which they are being made from."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await self.stream_response(send)


async def _answers(request: Request, first: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The answers to whole lines, as many at a time as came together; ends at a line over the limit."""
    services = get_services(request)
    most = services.limits.body_bytes
    begun: list[bytes] = []
    size = 0
    try:
        chunk: bytes | None = first
        while chunk is not None and size <= most:
            head, newline, tail = chunk.rpartition(b"\n")
            if newline:
                lines = b"".join([*begun, head]).split(b"\n")
                taken = list(takewhile(lambda line: len(line) <= most, lines))
                yield await _in_turn(services, taken, request)
                begun, size = ([tail], len(tail)) if len(taken) == len(lines) else ([], most + 1)
            else:
                begun.append(chunk)
                size += len(chunk)
            chunk = await anext(chunks, None) if size <= most else None
        if size > most:
            yield _problem(
                TooLarge(
                    f"a line has more than {most:,} bytes, the most that is taken (QUIRE_MAX_BODY_BYTES)"
                ),
                request,
            )
        elif size:
            yield await _in_turn(services, [b"".join(begun)], request)
    except ClientDisconnect:
        return  # nobody is left to be answered


async def _in_turn(services: Services, lines: list[bytes], request: Request) -> bytes:
    """The answers to some lines, worked out in a thread; a stream waits where a single request would be refused."""
    while True:
        try:
            return await services.work.run(_answer_lines, lines, services, request)
        except Overloaded as busy:
            await anyio.sleep(busy.retry_after)


def _answer_lines(lines: list[bytes], services: Services, request: Request) -> bytes:
    return b"".join(_answer(line, services, request) for line in lines)


def _answer(line: bytes, services: Services, request: Request) -> bytes:
    """One line's answer, or what is wrong with it."""
    try:
        value = parse(line)
        body = validate(EncodeRequest, {"text": value} if isinstance(value, str) else value)
        if body.texts is not None:
            raise InputError("a line holds one text; write several texts on several lines", "/texts")
        return dump(computing.encode(body, services)) + b"\n"
    except (QuireError, RequestValidationError) as error:
        return _problem(error, request)


def _problem(error: Exception, request: Request) -> bytes:
    """A line of the body that the whole answer would have if the request failed so."""
    handlers = request.app.exception_handlers
    handler = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
    return bytes(handler(request, error).body) + b"\n"
