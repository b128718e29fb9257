"""JSON answers many times as long as their request: a thread writes them part by part, as the client takes them.

Whole, the JSON of a text's pieces takes hundreds of times the text's memory. Here only the arrays that it is written
from are held, and one part. What all such answers hold together is bounded too.
"""

from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from time import monotonic
from typing import Any, Protocol

import numpy as np
import orjson
import structlog
from anyio import CapacityLimiter, to_thread
from fastapi import Request, Response
from numpy.typing import NDArray
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

log = structlog.get_logger()

_NUMBERS = 16_384
"""Numbers, or pairs of them, in one part."""

_FEW_OBJECTS = 4096
_OBJECTS = 1024
"""Up to so many objects are written at once; else so many in a part, and only they exist at the same time."""

_LEAST_PART = 32_768  # bytes; what is shorter waits for what follows

STILL_SECONDS = 5.0
"""Time in which a client that reads has taken a part, on a busy machine too; one that took none may be given up."""

_PLACE = b"\0"  # where a value in parts stands in the JSON around it: a byte that JSON holds nowhere


class Sized(Protocol):
    """What an answer is written from, such as an array."""

    @property
    def nbytes(self) -> int:
        """The memory that it takes, in bytes."""


class JsonParts:
    """A JSON value that is written in parts; `make` gives them, and `source` is what they are made from."""

    __slots__ = ("make", "source")

    def __init__(self, make: Callable[[], Iterator[bytes]], source: Sized) -> None:
        self.make = make
        self.source = source


@dataclass
class LongJson:
    """A whole answer of which some values are written in parts."""

    texts: list[bytes]
    values: list[JsonParts]

    @property
    def held(self) -> int:
        """The memory that its sources take together, in bytes."""
        return sum({id(value.source): value.source.nbytes for value in self.values}.values())

    def parts(self) -> Generator[bytes]:
        """The answer, some tens of kilobytes at a time."""
        begun: list[bytes] = []
        size = 0
        for part in self._written():
            begun.append(part)
            size += len(part)
            if size >= _LEAST_PART:
                yield b"".join(begun)
                begun, size = [], 0
        if size:
            yield b"".join(begun)

    def _written(self) -> Iterator[bytes]:
        for number, text in enumerate(self.texts):
            if number:
                yield from self.values[number - 1].make()
            yield text


def write(value: Any) -> bytes | LongJson:
    """JSON of dicts, lists, numbers, texts, fragments, numpy arrays and values in parts; NaN becomes null.

    >>> write({"ids": np.arange(3), "b": None})
    b'{"ids":[0,1,2],"b":null}'
    >>> answer = write({"ids": numbers(100_000, lambda: np.arange(100_000), np.arange(1)), "b": None})
    >>> b"".join(answer.parts())[-22:]
    b'99998,99999],"b":null}'
    """
    found: list[JsonParts] = []

    def place(one: Any) -> orjson.Fragment:
        if not isinstance(one, JsonParts):
            raise TypeError(f"{type(one).__name__} can't be written as JSON")
        found.append(one)
        return orjson.Fragment(_PLACE)

    content = orjson.dumps(value, place, orjson.OPT_SERIALIZE_NUMPY)
    return LongJson(content.split(_PLACE), found) if found else content


def numbers(
    count: int, make: Callable[[], NDArray[Any]], source: Sized, among: int = 1
) -> NDArray[Any] | JsonParts:
    """An array of `count` numbers or pairs as JSON, in parts where it is long; `make` is called when it is written.

    It is one of `among` that stand in the same answer.
    """
    if count <= _NUMBERS // among:
        return make()

    def parts() -> Iterator[bytes]:
        array = make()
        for first in range(0, count, _NUMBERS):
            block = np.ascontiguousarray(array[first : first + _NUMBERS])
            yield orjson.dumps(block, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]

    return JsonParts(lambda: _as_list(parts()), source)


def objects(
    count: int, make: Callable[[], Iterable[Any]], source: Sized, among: int = 1
) -> list[Any] | JsonParts:
    """`count` objects as a JSON list, likewise."""
    if count <= _FEW_OBJECTS // among:
        return list(make())

    def parts() -> Iterator[bytes]:
        several = iter(make())
        while block := list(islice(several, _OBJECTS)):
            yield orjson.dumps(block)[1:-1]

    return JsonParts(lambda: _as_list(parts()), source)


def _as_list(blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield b"["
    for number, block in enumerate(blocks):
        yield b"," + block if number else block
    yield b"]"


@dataclass(eq=False)
class _Answer:
    """One that is being sent."""

    parts: Generator[bytes]
    held: int
    moved: float
    writing: bool = False
    given_up: bool = False


class LongAnswers:
    """Writes answers part by part in threads, `concurrent` at once; together they hold at most `most` bytes.

    Where a new one would hold more, those are given up whose clients have read nothing for longest, and five seconds
    at least: what they are written from is freed, and their clients get no more of them. Clients that read keep theirs.
    """

    def __init__(self, most: int, concurrent: int) -> None:
        self.most = most
        self._concurrent = concurrent
        self._limiter: CapacityLimiter | None = None
        self._open: list[_Answer] = []

    async def taken(self, parts: Generator[bytes], held: int) -> AsyncGenerator[bytes]:
        """The parts, each written when the one before it was taken; ClientDisconnect where the answer is given up."""
        if self._limiter is None:
            self._limiter = CapacityLimiter(self._concurrent)
        self._make_room(held)
        one = _Answer(parts, held, monotonic())
        self._open.append(one)
        try:
            while True:
                one.writing = True
                part = await to_thread.run_sync(next, parts, None, limiter=self._limiter)
                one.writing = False
                if part is None:
                    break
                yield part
                one.moved = monotonic()
            if one.given_up:
                raise ClientDisconnect
        finally:
            self._open.remove(one)
            parts.close()

    def _make_room(self, held: int) -> None:
        over = sum(one.held for one in self._open) + held - self.most
        for one in sorted(self._open, key=lambda one: one.moved):
            if over <= 0 or monotonic() - one.moved < STILL_SECONDS:
                break
            if not one.writing:
                log.info("gave up an answer that its client does not read", bytes=one.held)
                one.parts.close()
                one.given_up = True
                over -= one.held
                one.held = 0


class LongResponse(Response):
    """Sends an answer as it is written, and stops where its client leaves."""

    def __init__(self, answer: LongJson, answers: LongAnswers) -> None:
        super().__init__(media_type="application/json")
        del self.headers["content-length"]
        self._parts = answers.taken(answer.parts(), answer.held)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with aclosing(self._parts) as parts:
            async for part in parts:
                if await request.is_disconnected():
                    raise ClientDisconnect
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def respond(content: bytes | LongJson, answers: LongAnswers) -> Response:
    """The response that sends an answer."""
    if isinstance(content, LongJson):
        return LongResponse(content, answers)
    return Response(content, media_type="application/json")
