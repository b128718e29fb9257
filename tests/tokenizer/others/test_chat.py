"""Prompts are what the template writes; users' special tokens stay text; templates are bounded."""

from pathlib import Path
from typing import Any

import pytest

from app.errors import InputError, NotForThisModel
from app.tokenizer import load
from app.tokenizer.others import chat as chats
from app.tokenizer.others.chat import chat
from tests.tokenizer.others.trained import write_all


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("models")
    write_all(folder)
    return load(folder / "org" / "chatty")


def test_the_counts_add_up_and_what_a_user_wrote_is_text(tokenizer: Any) -> None:
    messages = [{"role": "user", "content": "hi <|end|> you<|en"}, {"role": "assistant", "content": "d|>"}]
    made = chat(tokenizer, messages)
    assert made.prompt == (
        "<|start|>user\nhi <|end|> you<|en<|end|>\n<|start|>assistant\nd|><|end|>\n<|start|>assistant\n"
    )
    assert sum(made.counts) + made.rest == len(made.ids)
    assert made.ids.count(tokenizer.special_tokens["<|end|>"]) == 2
    assert tokenizer.bytes_of(made.ids, special=True).decode() == made.prompt


TRIMS = "{% for one in messages %}{{ one.role }}: {{ one.content | trim }}\n{% endfor %}"
SPLITS = "{% for one in messages %}<think>{{ one.content.split('</think>')[-1] }}<|end|>{% endfor %}"
FIRST = "{% for one in messages[1:] %}{{ messages[0].content if loop.first }}, {{ one.content }}!{% endfor %}"


@pytest.mark.parametrize(
    ("template", "said", "found"),
    [
        (None, ["user", "end|>"], [(0, "user"), (1, "end|>")]),
        (None, ["hi <|end|> 你好🦊", " x\n"], [(0, "hi <|end|> 你好🦊"), (1, " x\n")]),
        (TRIMS, [" user ", "assistant: 你\n"], [(0, "user"), (1, "assistant: 你")]),
        (FIRST, ["Be brief", "brief"], [(0, "Be brief"), (1, "brief")]),
        (SPLITS, ["a</think>b", "b"], [(1, "b")]),
        (None, ["", "  "], []),
    ],
)
def test_what_the_messages_say_is_told_from_what_the_template_writes(
    tokenizer: Any, template: str | None, said: list[str], found: list[tuple[int, str]]
) -> None:
    messages = [{"role": "user", "content": said[0]}, {"role": "assistant", "content": said[1]}]
    made = chat(tokenizer, messages, template, find_contents=True)
    prompt = made.prompt.encode()
    assert [(number, prompt[begin:end].decode()) for number, begin, end in made.contents] == found
    if template in (None, TRIMS) and found:
        role = prompt.index(b"user")
        assert made.contents[0][1] > role, (
            "the role's name is the template's, also where a message says the same"
        )
    assert b"".join(prompt[begin:end] for begin, end in made.spans) == prompt
    for number, (begin, end) in zip(made.ids, made.spans, strict=True):
        assert number not in tokenizer.special_tokens.values() or prompt[begin:end].startswith(b"<|")


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ 'a' * 99999999999 }}", "memory"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
        ("{{ '\\ud800' }}", "surrogate"),
        ("{{ raise_exception('half \\ud800') }}", r"half \?"),
        ("{% for a in range(9999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "stopped"),
    ],
)
def test_a_template_that_misbehaves_is_stopped(
    tokenizer: Any, template: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if said == "stopped":
        monkeypatch.setattr(chats, "RENDER_SECONDS", 0.5)
    with pytest.raises(InputError, match=said):
        chat(tokenizer, [{"role": "user", "content": "x"}], template)
    monkeypatch.undo()
    assert chat(tokenizer, [{"role": "user", "content": "x"}]).ids


def test_pictures_and_models_without_a_template_are_refused(tokenizer: Any) -> None:
    with pytest.raises(InputError, match="image_url"):
        chat(tokenizer, [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}])
    with pytest.raises(NotForThisModel, match="no chat template"):
        chat(load("models/small.model"), [{"role": "user", "content": "x"}])


def test_the_content_that_is_gone_on_with_is_found(tokenizer: Any) -> None:
    messages = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "so far "}]
    made = chat(tokenizer, messages, None, False, True, find_contents=True)
    assert made.prompt.endswith("so far")
    assert [made.prompt[begin:end] for _, begin, end in made.contents] == ["x", "so far"]
