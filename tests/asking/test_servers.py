"""What each kind of server sends, byte for byte: streams, refusals, waits, and failures within a stream."""

# ruff: noqa: E501 - what servers send in one line stands in one

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from app.asking.chat import ChatClient, ChatServer
from app.asking.chunks import AnswerPart
from app.asking.refusals import ContextTooLong
from app.errors import ChatError, Overloaded
from app.papers.answers import Usage
from tests.asking.chat_server import ChatServerDouble, Reply, chat_server

JSON = {"content-type": "application/json"}
DONE = b"data: [DONE]\n\n"


@dataclass
class Heard:
    """What a reader gets of an answer."""

    text: str = ""
    reasoning: str = ""
    usage: Usage | None = None


async def _listen(url: str, heard: Heard, patience: float) -> None:
    chat = ChatClient(ChatServer(url, "m", "sk-secret-key", patience=patience))
    try:
        async for piece in chat.answer([{"role": "user", "content": "?"}]):
            if not isinstance(piece, AnswerPart):
                heard.usage = piece
            elif piece.kind == "text":
                heard.text += piece.text
            else:
                heard.reasoning += piece.text
    finally:
        await chat.close()


def listen(server: ChatServerDouble, heard: Heard, patience: float = 5) -> None:
    asyncio.run(_listen(server.url, heard, patience))


@pytest.fixture
def server() -> Iterator[ChatServerDouble]:
    with chat_server() as double:
        yield double


@dataclass
class Stream:
    """A stream, and what of it is heard."""

    content: bytes
    text: str = "So it is."
    reasoning: str = ""
    usage: Usage | None = None
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream"})


STREAMS = {
    "OpenAI": Stream(
        b'data: {"id":"chatcmpl-A","object":"chat.completion.chunk","created":1764500000,"model":"m","service_tier":"default",'
        b'"system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},'
        b'"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"qz"}\n\n'
        b'data: {"id":"chatcmpl-A","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"So it"},'
        b'"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x"}\n\n'
        b'data: {"id":"chatcmpl-A","choices":[{"index":0,"delta":{"content":" is."},"finish_reason":null}],"usage":null}\n\n'
        b'data: {"id":"chatcmpl-A","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}\n\n'
        b'data: {"id":"chatcmpl-A","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":4,"total_tokens":15,'
        b'"prompt_tokens_details":{"cached_tokens":0}}}\n\n' + DONE,
        usage=Usage(11, 4),
    ),
    "Azure": Stream(
        b'data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,'
        b'"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]}\n\n'
        b'data: {"choices":[{"content_filter_results":{},"delta":{"content":"So it is.","role":"assistant"},'
        b'"finish_reason":null,"index":0}],"id":"chatcmpl-B","object":"chat.completion.chunk"}\n\n'
        b'data: {"choices":[{"content_filter_results":{},"delta":{},"finish_reason":"stop","index":0}]}\n\n' + DONE,
    ),
    "vLLM": Stream(
        b'data: {"id":"chatcmpl-c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":'
        b'{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"prompt_token_ids":null}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"reasoning":"Hm.","reasoning_content":"Hm."},"finish_reason":null}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":"So it is."},"logprobs":null,"finish_reason":"stop",'
        b'"stop_reason":null,"token_ids":null}]}\n\n'
        b'data: {"id":"chatcmpl-c","choices":[],"usage":{"prompt_tokens":9,"total_tokens":13,"completion_tokens":4}}\n\n'
        + DONE,
        reasoning="Hm.",
        usage=Usage(9, 4),
    ),
    "llama.cpp": Stream(
        b'data: {"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}],"created":1,'
        b'"id":"chatcmpl-d","model":"m","system_fingerprint":"b6000","object":"chat.completion.chunk"}\n\n'
        b'data: {"choices":[{"finish_reason":null,"index":0,"delta":{"reasoning_content":"Hm."}}]}\n\n'
        b'data: {"choices":[{"finish_reason":null,"index":0,"delta":{"content":"So it is."}}]}\n\n'
        b'data: {"choices":[{"finish_reason":"stop","index":0,"delta":{}}]}\n\n'
        b'data: {"choices":[],"usage":{"completion_tokens":4,"prompt_tokens":8,"total_tokens":12},"timings":{"cache_n":0,'
        b'"prompt_n":8,"prompt_ms":30.1}}\n\n' + DONE,
        reasoning="Hm.",
        usage=Usage(8, 4),
    ),
    "Ollama": Stream(
        b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","system_fingerprint":"fp_ollama",'
        b'"choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":"Hm."},"finish_reason":null}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"So it is."},"finish_reason":null}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop"}]}\n\n'
        b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":4,"total_tokens":11}}\n\n' + DONE,
        reasoning="Hm.",
        usage=Usage(7, 4),
    ),
    "LM Studio": Stream(
        b'data: {"id":"chatcmpl-e","choices":[{"index":0,"delta":{"role":"assistant","content":"<think>Hm.</think>\\n\\n"},'
        b'"logprobs":null,"finish_reason":null}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":"So it is."},"logprobs":null,"finish_reason":null}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}\n\n' + DONE,
        reasoning="Hm.",
    ),
    "Text Generation Inference": Stream(
        b'data:{"object":"chat.completion.chunk","id":"","created":1,"model":"m","system_fingerprint":"3.3-dev0","choices":'
        b'[{"index":0,"delta":{"role":"assistant","content":"So it is."},"logprobs":null,"finish_reason":null}],"usage":null}\n\n'
        b'data:{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop"}],"usage":null}\n\n'
        b'data:{"choices":[],"usage":{"prompt_tokens":6,"completion_tokens":4,"total_tokens":10}}\n\ndata:[DONE]\n\n',
        usage=Usage(6, 4),
    ),
    "SGLang": Stream(
        b'data: {"id":"f","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"",'
        b'"reasoning_content":null,"tool_calls":null},"logprobs":null,"finish_reason":null,"matched_stop":null}],"usage":null}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"role":null,"content":"So it is.","reasoning_content":null},'
        b'"finish_reason":null,"matched_stop":null}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":null},"finish_reason":"stop","matched_stop":2}]}\n\n' + DONE,
    ),
    "DeepSeek": Stream(
        b": keep-alive\n\n: keep-alive\n\n"
        b'data: {"id":"g","choices":[{"index":0,"delta":{"role":"assistant","content":null,"reasoning_content":"Hm."},'
        b'"logprobs":null,"finish_reason":null}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":"So it is.","reasoning_content":null},"finish_reason":null}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":"","reasoning_content":null},"finish_reason":"stop"}],"usage":'
        b'{"prompt_tokens":5,"completion_tokens":4,"total_tokens":9,"prompt_cache_hit_tokens":0,"prompt_cache_miss_tokens":5}}\n\n'
        + DONE,
        reasoning="Hm.",
        usage=Usage(5, 4),
    ),
    "OpenRouter": Stream(
        b": OPENROUTER PROCESSING\n\n"
        b'data: {"id":"gen-1","provider":"P","model":"m","object":"chat.completion.chunk","choices":[{"index":0,"delta":'
        b'{"role":"assistant","content":"","reasoning":"Hm.","reasoning_details":[{"type":"reasoning.text","text":"Hm.",'
        b'"format":null,"index":0}]},"finish_reason":null,"native_finish_reason":null,"logprobs":null}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"So it is."},"finish_reason":null}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop",'
        b'"native_finish_reason":"STOP"}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":'
        b'{"prompt_tokens":4,"completion_tokens":4,"total_tokens":8,"cost":0.01}}\n\n' + DONE,
        reasoning="Hm.",
        usage=Usage(4, 4),
    ),
    "Mistral": Stream(
        b'data: {"id":"h","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":'
        b'[{"type":"thinking","thinking":[{"type":"text","text":"Hm."}]}]},"finish_reason":null}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"So it"}]},"finish_reason":null}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":" is."},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,'
        b'"total_tokens":7,"completion_tokens":4}}\n\n' + DONE,
        reasoning="Hm.",
        usage=Usage(3, 4),
    ),
    "Groq": Stream(
        b'data: {"id":"chatcmpl-i","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],'
        b'"x_groq":{"id":"req_1"}}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":"So it is."},"logprobs":null,"finish_reason":null}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"req_1","usage":{"queue_time":0.1,'
        b'"prompt_tokens":2,"completion_tokens":4,"total_tokens":6}}}\n\n' + DONE,
        usage=Usage(2, 4),
    ),
    "Moonshot": Stream(
        b'data: {"id":"cmpl-j","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{"content":"So it is."},"finish_reason":null}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":1,"completion_tokens":4,'
        b'"total_tokens":5}}]}\n\n' + DONE,
        usage=Usage(1, 4),
    ),
    "Gemini's compatible end": Stream(
        b'data: {"choices":[{"delta":{"content":"So it is.","role":"assistant"},"index":0}],"created":1,"id":"k","model":"m",'
        b'"object":"chat.completion.chunk","usage":{"completion_tokens":0,"prompt_tokens":9,"total_tokens":9}}\r\n\r\n'
        b'data: {"choices":[{"delta":{"content":"","role":"assistant"},"finish_reason":"stop","index":0}],"usage":'
        b'{"completion_tokens":4,"prompt_tokens":9,"total_tokens":13}}\r\n\r\ndata: [DONE]\r\n\r\n',
        usage=Usage(9, 4),
    ),
    "a proxy that holds back and joins": Stream(
        b'\xef\xbb\xbfdata: {"choices":[{"delta":{"content":"So it"}}]}\ndata: {"choices":[{"delta":{"content":" is."},'
        b'"finish_reason":"stop"}]}\n\n'
    ),
}  # fmt: skip


@pytest.mark.parametrize("cut", [10_000, 7, 1])
@pytest.mark.parametrize("kind", STREAMS)
def test_the_answer_of_each_kind_of_server_is_heard_whole(
    server: ChatServerDouble, kind: str, cut: int
) -> None:
    stream, heard = STREAMS[kind], Heard()
    packets = [stream.content[at : at + cut] for at in range(0, len(stream.content), cut)]
    server.reply = lambda _: Reply(packets, headers=stream.headers)
    listen(server, heard)
    assert heard == Heard(stream.text, stream.reasoning, stream.usage)


FIRST = b'data: {"choices":[{"index":0,"delta":{"content":"Half"},"finish_reason":null}]}\n\n'
FAILURES = {
    "OpenRouter's, beside choices": FIRST
    + b'data: {"id":"gen-1","error":{"code":"server_error","message":"Provider disconnected"},"choices":[{"index":0,'
    b'"delta":{"content":""},"finish_reason":"error"}]}\n\n' + DONE,
    "vLLM's older": FIRST
    + b'data: {"object":"error","message":"out of memory","type":"InternalServerError","param":null,"code":500}\n\n' + DONE,
    "vLLM's newer": FIRST + b'data: {"error":{"message":"out of memory","type":"InternalServerError","code":500}}\n\n' + DONE,
    "llama.cpp's": FIRST + b'error: {"code":500,"message":"decode failed","type":"server_error"}\n\n',
    "Ollama's, without the form": FIRST + b'{"error":"model runner has unexpectedly stopped"}\n',
    "LM Studio's, by the event's name": FIRST + b'event: error\ndata: {"message":"The model has crashed"}\n\n',
    "DeepSeek's, busy": FIRST
    + b'data: {"choices":[{"index":0,"delta":{"content":""},"finish_reason":"insufficient_system_resource"}]}\n\n' + DONE,
    "SGLang's, aborted": FIRST + b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"abort"}]}\n\n' + DONE,
    "Azure's filter": FIRST + b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}\n\n' + DONE,
    "Mistral's length": FIRST + b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"model_length"}]}\n\n' + DONE,
    "a page of a proxy": FIRST + b"data: <html><body>502 Bad Gateway</body></html>\n\n",
    "an event without an end": FIRST + b"data: " + b"x" * (5 << 20),
}  # fmt: skip


@pytest.mark.parametrize("kind", FAILURES)
def test_a_failure_within_a_stream_never_passes_for_an_end(server: ChatServerDouble, kind: str) -> None:
    # llama.cpp's form names no field that we know; there the closed connection says it.
    server.reply = lambda _: Reply([FAILURES[kind]], chunked=kind != "llama.cpp's")
    heard = Heard()
    with pytest.raises(ChatError):
        listen(server, heard)
    assert heard.text in ("Half", "")
    assert len(server.requests) == 1


TOO_LONG = {
    "OpenAI": (400, b'{"error":{"message":"This model\'s maximum context length is 128000 tokens. However, your messages resulted '
               b'in 131072 tokens. Please reduce the length of the messages.","type":"invalid_request_error","param":"messages",'
               b'"code":"context_length_exceeded"}}', 128_000, 131_072),
    "vLLM": (400, b'{"object":"error","message":"This model\'s maximum context length is 8192 tokens. However, you requested 9000 '
             b'tokens (8488 in the messages, 512 in the completion). Please reduce the length of the messages or completion.",'
             b'"type":"BadRequestError","param":null,"code":400}', 8192, 9000),
    "llama.cpp": (400, b'{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it",'
                  b'"type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":4096}}', 4096, 9000),
    "Text Generation Inference": (422, b'{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: '
                                  b'9000 `inputs` tokens and 512 `max_new_tokens`","error_type":"validation"}', 4096, 9000),
    "Gemini": (400, b'[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed '
               b'(1048576).","status":"INVALID_ARGUMENT"}}]', 1_048_576, 1_200_000),
    "Anthropic": (400, b'{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > '
                  b'200000 maximum"}}', 200_000, 210_000),
}  # fmt: skip


@pytest.mark.parametrize("kind", TOO_LONG)
def test_each_way_to_say_that_a_context_is_too_long_gives_its_numbers(
    server: ChatServerDouble, kind: str
) -> None:
    status, content, limit, asked = TOO_LONG[kind]
    server.reply = lambda _: Reply([content], status=status, headers=JSON)
    with pytest.raises(ContextTooLong) as failure:
        listen(server, Heard())
    assert (failure.value.limit, failure.value.asked) == (limit, asked)


WAITS = {
    "Retry-After in seconds": ({"retry-after": "0"}, b"{}"),
    "Retry-After as a date": ({"retry-after": "Mon, 30 Nov 2020 00:00:00 GMT"}, b"{}"),
    "milliseconds": ({"retry-after-ms": "20"}, b"{}"),
    "a limit of requests": (
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20ms"},
        b"{}",
    ),
    "a limit of tokens": ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "0.02s"}, b"{}"),
    "in words": ({}, b'{"error":{"message":"Rate limit reached. Please try again in 0.02s."}}'),
}


@pytest.mark.parametrize("kind", WAITS)
def test_a_server_that_asks_for_a_pause_is_asked_again_after_it(server: ChatServerDouble, kind: str) -> None:
    headers, content = WAITS[kind]
    replies = [
        Reply([content], status=429, headers=JSON | headers),
        Reply(
            [b"<html>bad gateway</html>"],
            status=502,
            headers={"content-type": "text/html", "retry-after": "0"},
        ),
        Reply([STREAMS["OpenAI"].content]),
    ]
    server.reply = lambda _: replies.pop(0)
    heard = Heard()
    listen(server, heard)
    assert heard.text == "So it is."
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":'
         b'"insufficient_quota","code":"insufficient_quota"}}', "used up"),
        (b'{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}', "used up"),
    ],
)  # fmt: skip
def test_a_quota_that_is_used_up_is_not_asked_again(
    server: ChatServerDouble, content: bytes, words: str
) -> None:
    server.reply = lambda _: Reply([content], status=429, headers=JSON | {"retry-after": "0"})
    with pytest.raises(ChatError, match=words):
        listen(server, Heard())
    assert len(server.requests) == 1


def test_a_wait_that_is_too_long_is_reported_with_its_seconds(server: ChatServerDouble) -> None:
    server.reply = lambda _: Reply([b"{}"], status=429, headers=JSON | {"retry-after": "3600"})
    with pytest.raises(Overloaded) as failure:
        listen(server, Heard())
    assert failure.value.retry_after == 3600
    assert len(server.requests) == 1


REFUSED = {
    "OpenAI, tokens": (400, b'{"error":{"message":"Unsupported parameter: \'max_tokens\' is not supported with this model. Use '
                       b'\'max_completion_tokens\' instead.","type":"invalid_request_error","param":"max_tokens","code":'
                       b'"unsupported_parameter"}}', "max_tokens", "max_completion_tokens"),
    "OpenAI, temperature": (400, b'{"error":{"message":"Unsupported value: \'temperature\' does not support 0.2 with this model. Only '
                            b'the default (1) value is supported.","param":"temperature","code":"unsupported_value"}}',
                            "temperature", ""),
    "Mistral": (422, b'{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra '
                b'inputs are not permitted","input":{"include_usage":true}}]},"type":"invalid_request_error"}',
                "stream_options", ""),
    "a strict one": (400, b'{"detail":"Unrecognized request argument supplied: stream_options"}', "stream_options", ""),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_the_parameter_that_a_server_refuses_is_left_out_or_renamed(
    server: ChatServerDouble, kind: str
) -> None:
    status, content, refused, instead = REFUSED[kind]
    server.reply = lambda body: (
        Reply([content], status=status, headers=JSON)
        if refused in body
        else Reply([STREAMS["OpenAI"].content])
    )
    heard = Heard()
    listen(server, heard)
    assert heard.text == "So it is."
    assert [refused in request for request in server.requests] == [True, False]
    assert not instead or instead in server.requests[1]


def test_nothing_follows_a_redirect_and_the_key_goes_to_nobody_else(server: ChatServerDouble) -> None:
    with chat_server() as elsewhere:
        server.reply = lambda _: Reply(
            [], status=307, headers={"location": f"{elsewhere.url}/chat/completions"}
        )
        with pytest.raises(ChatError, match="redirects"):
            listen(server, Heard())
        assert elsewhere.requests == []
