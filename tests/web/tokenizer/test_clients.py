"""Clients of other servers work by changing their base URL: the real packages, over HTTP."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.tokenizer import load
from app.tokenizer.others.chat import chat
from tests.server import serving
from tests.tokenizer.others.trained import write_all

MODEL = "org/chatty"
MESSAGES: list[Any] = [
    {"role": "user", "content": "Hello 你好"},
    {"role": "assistant", "content": "Hi"},
    {"role": "user", "content": "Why <|end|>?"},
]
TOOL = {"name": "weather", "description": "Weather", "parameters": {"type": "object", "properties": {}}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clients")
    write_all(folder / "models")
    (folder / "models" / "aliases.toml").write_text('"gpt-mine" = "org/chatty"\n')
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    with serving(folder, settings={"OFFLINE": "true"}) as url:
        yield url


@pytest.fixture(scope="module")
def expected(folder: Path) -> Any:
    """How many tokens messages have by the library alone."""
    tokenizer = load(folder / "models" / MODEL)

    def count(messages: list[Any], tools: Any = None) -> int:
        return len(chat(tokenizer, messages, tools=tools).ids)

    return count


def test_openais_client_lists_models_and_counts_tokens(server: str, expected: Any) -> None:
    openai = pytest.importorskip("openai")
    with openai.OpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0) as client:
        names = [model.id for model in client.models.list()]
        assert {"default", MODEL, "gpt-mine", "ranks"} <= set(names)
        assert client.models.retrieve(MODEL).id == MODEL
        assert client.models.retrieve("gpt-mine").object == "model"
        count = client.responses.input_tokens.count
        assert count(model=MODEL, input="Hello").input_tokens == expected(
            [{"role": "user", "content": "Hello"}]
        )
        function = {"type": "function", "strict": None, **TOOL}
        counted = count(model="gpt-mine", input=MESSAGES, instructions="Be brief", tools=[function])
        system = {"role": "system", "content": "Be brief"}
        tools = [{"type": "function", "function": TOOL}]
        assert counted.input_tokens == expected([system, *MESSAGES], tools)
        assert counted.object == "response.input_tokens"
        with pytest.raises(openai.NotFoundError, match="no model 'gpt-9'"):
            client.models.retrieve("gpt-9")
        with pytest.raises(openai.NotFoundError, match="no model 'gpt-9'"):
            count(model="gpt-9", input="Hello")
        with pytest.raises(openai.APIStatusError, match="no chat template"):
            count(model="ranks", input="Hello")


def test_chat_says_where_ids_and_contents_stand_where_asked(server: str) -> None:
    call: dict[str, Any] = {"model": MODEL, "messages": MESSAGES}
    plain = httpx.post(f"{server}/api/v1/chat", json=call, trust_env=False).raise_for_status().json()
    assert plain.keys() == {"model", "prompt", "ids", "count", "messages"}
    call["return"] = ["byte_spans", "contents"]
    told = httpx.post(f"{server}/api/v1/chat", json=call, trust_env=False).raise_for_status().json()
    prompt = told["prompt"].encode()
    assert b"".join(prompt[begin:end] for begin, end in told.pop("byte_spans")) == prompt
    found = [(one["message"], prompt[slice(*one["bytes"])].decode()) for one in told.pop("contents")]
    assert found == [(number, message["content"]) for number, message in enumerate(MESSAGES)]
    assert told == plain


def test_anthropics_client_counts_tokens(server: str, expected: Any) -> None:
    anthropic = pytest.importorskip("anthropic")
    with anthropic.Anthropic(base_url=server, api_key="none", max_retries=0) as client:
        count = client.messages.count_tokens
        assert count(model=MODEL, messages=MESSAGES[:1]).input_tokens == expected(MESSAGES[:1])
        tool = {"name": "weather", "description": "Weather", "input_schema": TOOL["parameters"]}
        blocks = [{"role": "user", "content": [{"type": "text", "text": "Hello 你好"}]}, *MESSAGES[1:]]
        counted = count(model=MODEL, messages=blocks, system="Be brief", tools=[tool])
        system = {"role": "system", "content": "Be brief"}
        assert counted.input_tokens == expected([system, *MESSAGES], [{"type": "function", "function": TOOL}])
        assert MODEL in [model.id for model in client.models.list()]
        with pytest.raises(anthropic.NotFoundError, match="no model"):
            count(model="claude-9", messages=MESSAGES)
        picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}
        with pytest.raises(anthropic.APIStatusError, match="can't be counted"):
            count(model=MODEL, messages=[{"role": "user", "content": [picture]}])


def test_litellm_counts_tokens(server: str, expected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """LiteLLM counts by a server where it knows the provider's call."""
    monkeypatch.setenv(
        "LITELLM_LOCAL_MODEL_COST_MAP", "True"
    )  # or it fetches a list of prices when it is imported
    pytest.importorskip("litellm")
    from litellm.llms.anthropic.count_tokens.handler import AnthropicCountTokensHandler

    answer = asyncio.run(
        AnthropicCountTokensHandler().handle_count_tokens_request(
            model=MODEL,
            messages=MESSAGES,
            api_key="none",
            api_base=f"{server}/v1/messages/count_tokens",
        )
    )
    assert answer["input_tokens"] == expected(MESSAGES)
