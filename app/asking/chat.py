"""One conversation with a server that speaks Chat Completions, streamed, as such servers really behave.

What a refusal means is in refusals.py, what a chunk holds in chunks.py. Redirects are not followed and no proxy of the
environment is used: the one host that is asked is the one that the settings name.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from app.asking.chunks import AnswerPart, StreamChunk, read_chunk, stream_error
from app.asking.refusals import Passing, refusal, without_parameter
from app.asking.server_events import EventReader
from app.asking.thinking import Thinking
from app.errors import ChatError, Overloaded, Sentence
from app.papers.answers import Usage

Message = dict[str, str]

_ATTEMPTS = 4
_AFTER_THE_END = 3.0
"""Seconds that are waited for the usage once an answer has ended."""


_CUT_OFF = frozenset({"length", "max_tokens", "model_length"})
_HELD_BACK = frozenset({"content_filter", "safety", "recitation", "sensitive"})
_BROKEN_OFF = frozenset(
    {"error", "abort", "aborted", "cancelled", "network_error", "insufficient_system_resource"}
)
"""Reasons of which some servers' answers end though they are not whole."""


@dataclass(frozen=True)
class ChatServer:
    """Where the model is and what it may take: tokens of an answer, seconds of silence and of waiting."""

    url: str
    model: str
    key: str = field(default="", repr=False)
    answer_tokens: int = 8192
    seconds: float = 120.0
    patience: float = 60.0


@dataclass
class _Ending:
    """Whether an answer is whole, by all the signs that servers give of it."""

    reason: str = ""
    done: bool = False
    usage: Usage | None = None
    ended: bool = False


class ChatClient:
    """Asks one server; remembers which parameters it refuses. Close it when done."""

    def __init__(self, server: ChatServer, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.server = server
        headers = {"Accept": "text/event-stream, application/json", "Accept-Encoding": "identity"}
        if server.key:
            headers["Authorization"] = f"Bearer {server.key}"
        self._http = httpx.AsyncClient(
            transport=transport,
            headers=headers,
            timeout=httpx.Timeout(server.seconds, connect=10.0),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=8),
            trust_env=False,
        )
        self._url = _completions(server.url)
        self._options: dict[str, Any] = {
            "stream_options": {"include_usage": True},
            "max_tokens": server.answer_tokens,
            "temperature": 0.2,
        }

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._http.aclose()

    async def answer(
        self, messages: Sequence[Message], answer_tokens: int | None = None
    ) -> AsyncGenerator[AnswerPart | Usage, None]:
        """The pieces of an answer as they come, then what it cost where the server says so.

        Raises ContextTooLong where the messages have to be cut, and ChatError or Overloaded where the server refuses,
        breaks off or says nothing; whatever was yielded before is then half an answer.
        """
        begun, attempt = time.monotonic(), 0
        while True:
            said = False
            try:
                async with aclosing(self._once(messages, answer_tokens)) as pieces:
                    async for piece in pieces:
                        said = True
                        yield piece
                break
            except Passing as error:
                attempt += 1
                wait = error.wait if error.wait is not None else min(2.0**attempt, 20.0) / 2
                left = self.server.patience - (time.monotonic() - begun)
                if said:
                    raise ChatError(error.message) from error
                if attempt >= _ATTEMPTS or wait > left:
                    raise Overloaded(error.message, max(1, round(wait))) from error
            await asyncio.sleep(wait)

    async def _once(
        self, messages: Sequence[Message], answer_tokens: int | None
    ) -> AsyncGenerator[AnswerPart | Usage, None]:
        response = None
        try:
            response = await self._accepted(messages, answer_tokens)
            async with aclosing(self._read(response)) as pieces:
                async for piece in pieces:
                    yield piece
        except httpx.TimeoutException as error:
            raise ChatError(
                Sentence(
                    "the model's server was silent for {seconds:.0f} s (QUIRE_CHAT_SECONDS)",
                    seconds=self.server.seconds,
                )
            ) from error
        except httpx.TransportError as error:
            if response is None:
                raise Passing(Sentence("the model's server can't be reached (QUIRE_CHAT_URL)")) from error
            raise ChatError(Sentence("the connection to the model's server was lost")) from error
        finally:
            if response is not None:
                await response.aclose()

    async def _accepted(self, messages: Sequence[Message], answer_tokens: int | None) -> httpx.Response:
        """The response that a stream begins with; parameters that are refused by name are left out one by one."""
        while True:
            options = dict(self._options)
            if answer_tokens is not None and "max_tokens" in options:
                options["max_tokens"] = min(answer_tokens, self.server.answer_tokens)
            body = {"model": self.server.model, "messages": list(messages), "stream": True, **options}
            request = self._http.build_request(
                "POST",
                self._url,
                content=orjson.dumps(body),
                headers={"Content-Type": "application/json"},
            )
            response = await self._http.send(request, stream=True)
            if response.status_code == httpx.codes.OK:
                return response
            try:
                content = await _start_of(response)
            finally:
                await response.aclose()
            fewer = without_parameter(response.status_code, content, self._options)
            if fewer is None:
                raise refusal(response.status_code, response.headers, content, self.server.key)
            self._options = fewer

    async def _read(self, response: httpx.Response) -> AsyncGenerator[AnswerPart | Usage, None]:
        ending, thinking, wordless = _Ending(), Thinking(), True
        async with aclosing(self._chunks(response, ending)) as chunks:
            async for chunk in chunks:
                for piece in chunk.pieces:
                    parts = thinking.feed(piece.text) if piece.kind == "text" else [(piece.kind, piece.text)]
                    for kind, text in parts:
                        wordless &= kind != "text" or not text.strip()
                        yield AnswerPart(kind, text)
        for kind, text in thinking.end():
            wordless &= kind != "text" or not text.strip()
            yield AnswerPart(kind, text)
        _check(ending, wordless, self.server.answer_tokens)
        if ending.usage is not None:
            yield ending.usage

    async def _chunks(self, response: httpx.Response, ending: _Ending) -> AsyncGenerator[StreamChunk, None]:
        if "json" in response.headers.get("content-type", ""):
            content = await response.aread()  # a server that doesn't stream
            if error := stream_error(content, self.server.key):
                raise error
            yield _noted(read_chunk(content), ending)
            ending.ended = True
            return
        reader, sized = EventReader(), _says_its_end(response)
        async with aclosing(_packets(response, ending)) as packets:
            async for packet in packets:
                for data in reader.feed(packet):
                    if data.strip() == b"[DONE]":
                        ending.done = True
                        return
                    if error := stream_error(data, self.server.key):
                        raise error
                    yield _noted(read_chunk(data), ending)
        for data in reader.end():
            if data.strip() == b"[DONE]":
                ending.done = True
            elif error := stream_error(data, self.server.key):
                raise error
            else:
                yield _noted(read_chunk(data), ending)
        ending.ended = sized


async def _packets(response: httpx.Response, ending: _Ending) -> AsyncGenerator[bytes, None]:
    """The bytes of a stream; no longer than a moment after the answer has ended, where nothing closes it."""
    packets = response.aiter_bytes()
    deadline: float | None = None
    while True:
        try:
            if ending.reason and deadline is None:
                deadline = time.monotonic() + _AFTER_THE_END  # also where comments go on coming
            wait = None if deadline is None else max(0.0, deadline - time.monotonic())
            yield await asyncio.wait_for(anext(packets), wait)
        except StopAsyncIteration:
            return
        except TimeoutError:
            return


def _noted(chunk: StreamChunk, ending: _Ending) -> StreamChunk:
    ending.reason = chunk.reason.lower() or ending.reason
    ending.usage = chunk.usage or ending.usage
    return chunk


def _check(ending: _Ending, wordless: bool, answer_tokens: int) -> None:
    """Raises ChatError where what came is not a whole answer."""
    if ending.reason in _CUT_OFF:
        raise ChatError(
            Sentence(
                "the answer was cut off at the most tokens that an answer may have ({answer_tokens}; "
                "QUIRE_CHAT_ANSWER), or at the end of the model's context",
                answer_tokens=answer_tokens,
            )
        )
    if ending.reason in _HELD_BACK:
        raise ChatError(Sentence("the model's server withheld the answer by a filter of its own"))
    if ending.reason in _BROKEN_OFF:
        raise ChatError(
            Sentence("the model's server ended the answer early ({reason})", reason=ending.reason)
        )
    if not (ending.reason or ending.done or ending.ended or ending.usage):
        raise ChatError(Sentence("the connection to the model's server was lost before the answer had ended"))
    if wordless:
        raise ChatError(Sentence("the model said nothing; ask again, or look at its server's log"))


def _says_its_end(response: httpx.Response) -> bool:
    """Whether HTTP itself distinguishes the end of a body from a broken connection."""
    headers = response.headers
    return "chunked" in headers.get("transfer-encoding", "") or "content-length" in headers


async def _start_of(response: httpx.Response) -> bytes:
    content = b""
    async for part in response.aiter_bytes():
        content += part
        if len(content) > 1 << 16:
            break
    return content


def _completions(url: str) -> httpx.URL:
    base = httpx.URL(url)
    path = base.path.rstrip("/")
    return base.copy_with(path=path if path.endswith("/chat/completions") else f"{path}/chat/completions")
