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


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ 'a' * 99999999999 }}", "memory"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
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
