"""Servers of chat models as they really speak, each trait replayed byte for byte."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.asking.chat import ChatClient, ChatServer
from app.asking.chunks import AnswerPart
from app.asking.refusals import ContextTooLong
from app.errors import ChatError
from tests.asking.chat_server import ChatServerDouble, Reply, chat_server, chunk, words

KEY = "sk-secret-key"
STOP = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
JSON = {"content-type": "application/json"}


@pytest.fixture
def server() -> Iterator[ChatServerDouble]:
    with chat_server() as double:
        yield double


def said(server: ChatServerDouble) -> tuple[str, str]:
    """The answer and the reasoning."""

    async def ask() -> tuple[str, str]:
        chat = ChatClient(ChatServer(server.url, "m", KEY, patience=5))
        try:
            pieces = [piece async for piece in chat.answer([{"role": "user", "content": "?"}])]
        finally:
            await chat.close()
        found = [piece for piece in pieces if isinstance(piece, AnswerPart)]
        return (
            "".join(piece.text for piece in found if piece.kind == "text"),
            "".join(piece.text for piece in found if piece.kind == "reasoning"),
        )

    return asyncio.run(ask())


WHOLE = "é 你好 $x$"
SENT = b"".join(words(WHOLE))
STREAMS: dict[str, tuple[Reply, str, str]] = {
    "cut inside a character": (Reply([SENT[n : n + 1] for n in range(len(SENT))]), WHOLE, ""),
    "several in one packet": (Reply([SENT]), WHOLE, ""),
    "comments and no space": (Reply([b": keep-alive\n\n", SENT.replace(b"data: ", b"data:")]), WHOLE, ""),
    "carriage returns": (Reply([SENT.replace(b"\n", b"\r\n")]), WHOLE, ""),
    "no DONE": (Reply([chunk(content="So."), STOP], chunked=False), "So.", ""),
    "no DONE and left open": (Reply([chunk(content="So."), STOP], stays_open=True), "So.", ""),
    "no reason": (Reply([chunk(content="So."), b"data: [DONE]\n\n"], chunked=False), "So.", ""),
    "usage last": (
        Reply([*words("So.")[:2], b'data: {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}\n\n']),
        "So.",
        "",
    ),
    "reasoning_content": (Reply([chunk(reasoning_content="Hm."), *words("So.")]), "So.", "Hm."),
    "reasoning": (Reply([chunk(reasoning="Hm."), *words("So.")]), "So.", "Hm."),
    "typed parts": (
        Reply([chunk(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]), *words("So.")]),
        "So.",
        "Hm.",
    ),
    "tags": (Reply(words("<thi", "nk>Hm.</th", "ink>\n", "So.")), "So.", "Hm."),
    "not streamed": (
        Reply([b'{"choices": [{"message": {"content": "So."}, "finish_reason": "stop"}]}'], headers=JSON),
        "So.",
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("trait", STREAMS)
def test_an_answer_comes_whole_however_it_is_streamed(server: ChatServerDouble, trait: str) -> None:
    reply, answer, reasoning = STREAMS[trait]
    server.reply = lambda _: reply
    assert said(server) == (answer, reasoning)


BROKEN: dict[str, Reply] = {
    "nothing said": Reply(words("")),
    "cut off": Reply([chunk(content="Half")], chunked=False),
    "an error within": Reply([chunk(content="Half"), b'data: {"error": {"message": "no"}}\n\n']),
    "too long": Reply([chunk(content="a"), STOP.replace(b"stop", b"length")]),
    "quota": Reply([b'{"error": {"code": "insufficient_quota"}}'], status=429, headers=JSON),
    "html": Reply([b"<html>sk-secret-key</html>"], status=403, headers={"content-type": "text/html"}),
}


@pytest.mark.parametrize("trait", BROKEN)
def test_half_an_answer_is_a_failure_without_the_key(server: ChatServerDouble, trait: str) -> None:
    server.reply = lambda _: BROKEN[trait]
    with pytest.raises(ChatError) as failure:
        said(server)
    assert "secret" not in str(failure.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["stream_options", "temperature", "max_tokens"])
def test_a_refused_parameter_is_left_out(server: ChatServerDouble, name: str) -> None:
    def reply(body: dict[str, Any]) -> Reply:
        if name in body:
            return Reply(
                [json.dumps({"detail": [{"loc": ["body", name]}]}).encode()], status=422, headers=JSON
            )
        return Reply(words("So."))

    server.reply = reply
    assert said(server)[0] == "So."
    assert len(server.requests) == 2


def test_a_server_that_asks_to_wait_is_asked_again(server: ChatServerDouble) -> None:
    replies = [Reply([b"{}"], status=429, headers=JSON | {"retry-after": "0"}), Reply(words("So."))]
    server.reply = lambda _: replies.pop(0)
    assert said(server)[0] == "So."


def test_a_context_that_is_too_long_tells_its_numbers(server: ChatServerDouble) -> None:
    body = b'{"error": {"type": "exceed_context_size_error", "n_prompt_tokens": 9000, "n_ctx": 4096}}'
    server.reply = lambda _: Reply([body], status=400, headers=JSON)
    with pytest.raises(ContextTooLong) as failure:
        said(server)
    assert (failure.value.limit, failure.value.asked) == (4096, 9000)
