"""Files that are broken or meant to harm cost a refusal in clear words, bounded time, and never the process."""

import json
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from app.errors import ModelError, NotFound
from app.tokenizer import load
from app.tokenizer.formats import _messages
from app.tokenizer.others import isolated, loading
from app.tokenizer.others.isolated import PROCESS_BYTES, IsolatedTokenizer
from app.tokenizer.registry import MEMORY_PER_BYTE, ModelRegistry
from tests.server import PATIENCE
from tests.tokenizer.others.breaking import with_pattern
from tests.tokenizer.others.trained import CARD, byte_level, rank_list, sentence_piece, write_all
from tests.web.conftest import write_models


def test_a_pattern_that_backtracks_without_end_is_refused_in_time(tmp_path: Path) -> None:
    (tmp_path / "file.json").write_bytes(with_pattern("(a+)+b"))
    with pytest.raises(ModelError, match="broke down"):
        load(tmp_path / "file.json")


def test_a_panic_on_one_text_is_a_refusal_of_that_text(tmp_path: Path) -> None:
    (tmp_path / "file.json").write_bytes(with_pattern("(?:b|b)+[cd]"))
    tokenizer = load(tmp_path / "file.json")
    with pytest.raises(ModelError, match="broke down"):
        tokenizer.count("b" * 60)
    assert tokenizer.count("Hello") > 0


def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "TRY_SECONDS", 0.01)
    (tmp_path / "file.json").write_bytes(byte_level().to_str().encode())
    with pytest.raises(ModelError, match=r"takes more than 0.01 seconds"):
        load(tmp_path / "file.json")


def test_a_pattern_nested_too_deeply_costs_no_process(tmp_path: Path) -> None:
    (tmp_path / "file.json").write_bytes(with_pattern("(" * 200_000 + ")" * 200_000))
    with pytest.raises(ModelError, match=r"can't be read|broke down|takes more than"):
        load(tmp_path / "file.json")


def test_an_id_that_would_take_all_memory_is_refused(tmp_path: Path) -> None:
    content = json.loads(byte_level().to_str())
    content["model"]["vocab"]["far"] = 2**32 - 1
    (tmp_path / "file.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match=r"can't be read|broke down|takes more than"):
        load(tmp_path / "file.json")


def test_too_many_added_tokens_are_refused(tmp_path: Path) -> None:
    content = json.loads(byte_level().to_str())
    content["added_tokens"] = [0] * (loading.MOST_ADDED + 1)
    (tmp_path / "file.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="200,001 added tokens; up to 200,000"):
        load(tmp_path / "file.json")


def test_dropout_of_a_file_leaves_a_text_one_segmentation(tmp_path: Path) -> None:
    content = json.loads(byte_level().to_str())
    content["model"]["dropout"] = 0.5
    (tmp_path / "dropping.json").write_text(json.dumps(content))
    byte_level().save(str(tmp_path / "plain.json"))
    dropping, plain = load(tmp_path / "dropping.json"), load(tmp_path / "plain.json")
    text = "Hello world, the cat sat on the mat. " * 5
    assert {tuple(dropping.encode(text)) for _ in range(10)} == {tuple(plain.encode(text))}
    assert dropping.encode_plain(text + "<|end|>") == plain.encode_plain(text + "<|end|>")


def test_a_special_token_without_a_letter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="should map texts to ids"):
        load(rank_list_with(tmp_path, special_tokens={"": 261}))


def test_truncation_and_padding_of_a_file_do_not_change_a_count(tmp_path: Path) -> None:
    tokenizer: Any = byte_level()
    tokenizer.enable_truncation(2)
    tokenizer.enable_padding(length=512, pad_id=0, pad_token="<|start|>")
    tokenizer.save(str(tmp_path / "file.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    text = "Hello world, the cat sat on the mat."
    assert load(tmp_path / "file.json").count(text) == len(tokenizer.encode(text).ids) > 2


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_map_of_characters_that_is_cut_short_costs_no_process(tmp_path: Path, kept: float) -> None:
    message = _messages()["ModelProto"]()
    message.ParseFromString(sentence_piece())
    rules = message.normalizer_spec.precompiled_charsmap
    assert rules
    message.normalizer_spec.precompiled_charsmap = rules[: int(len(rules) * kept)]
    (tmp_path / "file.model").write_bytes(message.SerializeToString())
    with pytest.raises(ModelError, match="a SentencePiece model that can't be read"):
        load(tmp_path / "file.model")


def test_names_stay_within_the_folder_and_one_file_of_a_name_is_served(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    write_all(folder)
    (tmp_path / "outside.tiktoken").write_bytes(rank_list())
    models = ModelRegistry((folder,), "bert", 1 << 26, 8)
    for name in (
        "../outside",
        "org/../../outside",
        "/etc/passwd",
        "a/b/c",
        ".hidden",
        "",
        "org\\..",
        "bert\0",
    ):
        with pytest.raises(NotFound):
            models.get(name)
    (folder / "bert.tiktoken").write_bytes(rank_list())
    assert models.get("bert").kind == "huggingface", ".json stands before .tiktoken"
    assert models.names().count("bert") == 1


def test_a_file_that_can_not_be_used_is_tried_again_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one.tiktoken"
    path.write_bytes(rank_list())
    models = ModelRegistry((tmp_path,), "one", 1 << 26, 8)
    tried: list[Path] = []

    class Counted(isolated.Process):
        def __init__(self, path: Path, max_bytes: int, name: str | None = None) -> None:
            tried.append(path)
            super().__init__(path, max_bytes, name)

    monkeypatch.setattr(loading, "Process", Counted)
    for _ in range(3):
        with pytest.raises(ModelError, match="write its splitting pattern"):
            models.get("one")
    assert len(tried) == 1
    (tmp_path / "one.card.json").write_text(json.dumps({"pattern": "."}))
    assert models.get("one").kind == "tiktoken"


def test_the_processes_of_models_count_and_the_one_unused_the_longest_makes_room(tmp_path: Path) -> None:
    write_all(tmp_path)
    held = ModelRegistry((tmp_path,), "bert", 1 << 26, 8).get("bert")
    assert isinstance(held, IsolatedTokenizer)
    assert 20_000_000 < held.resident_bytes < 200_000_000, "a Python and a vocabulary of a few pieces"
    before = held.resident_bytes
    held.spans("a")
    assert held.resident_bytes >= before + 64 * held.vocab_size, "the table of its pieces is kept here"
    models = ModelRegistry((tmp_path,), "bert", 1 << 26, 8, most_memory=int(1.6 * held.resident_bytes))
    models.get("bert")
    assert models.loaded == ["bert"]
    models.get("llama")
    assert models.loaded == ["llama"]


def test_a_model_that_can_not_be_had_makes_no_other_one_go(tmp_path: Path) -> None:
    write_all(tmp_path)
    write_models(tmp_path / "bytepiece")
    folders = (tmp_path / "bytepiece", tmp_path)
    models = ModelRegistry(folders, "default", 1 << 26, 8, most_memory=PROCESS_BYTES)
    models.get("default")
    with pytest.raises(ModelError, match=r"would take about .*QUIRE_MAX_MODELS_BYTES"):
        models.get("unigram")
    assert models.loaded == ["default"]


def test_a_model_that_takes_more_than_its_file_promised_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all(tmp_path)
    monkeypatch.setattr("app.tokenizer.registry.PROCESS_BYTES", 1)
    monkeypatch.setitem(MEMORY_PER_BYTE, "huggingface", 1)
    models = ModelRegistry((tmp_path,), "bert", 1 << 26, 8, most_memory=1_000_000)
    with pytest.raises(ModelError, match=r"bert: it takes .*QUIRE_MAX_MODELS_BYTES"):
        models.get("bert")
    assert models.loaded == []


def test_a_process_gives_back_what_a_large_text_took(tmp_path: Path) -> None:
    write_all(tmp_path)
    held = ModelRegistry((tmp_path,), "bert", 1 << 26, 8).get("org/chatty")
    assert isinstance(held, IsolatedTokenizer)
    before = held.resident_bytes
    held.count("Hello world, 你好 " * 50_000)
    until = monotonic() + PATIENCE
    while held.resident_bytes > before + 40_000_000 and monotonic() < until:
        sleep(0.05)
    assert held.resident_bytes <= before + 40_000_000


def rank_list_with(folder: Path, **card: Any) -> Path:
    """A list of ranks with a card of its own."""
    (folder / "ranks.tiktoken").write_bytes(rank_list())
    (folder / "ranks.card.json").write_text(json.dumps({**CARD, **card}))
    return folder / "ranks.tiktoken"


def test_a_pattern_that_leaves_out_characters_is_a_refusal_of_the_texts_that_hold_them(
    tmp_path: Path,
) -> None:
    tokenizer = load(rank_list_with(tmp_path, pattern="[^z]+"))
    assert tokenizer.count("abc") == 3
    with pytest.raises(ModelError, match="pattern in its card"):
        tokenizer.spans("a z")


@pytest.mark.parametrize("number", [1 << 28, -3, 1 << 70])
def test_an_id_that_a_card_makes_up_takes_no_memory(tmp_path: Path, number: int) -> None:
    with pytest.raises(ModelError, match=r"ids up to|should map texts to ids|tiktoken refuses"):
        load(rank_list_with(tmp_path, special_tokens={"<|end|>": number}))


def test_an_id_far_beyond_the_vocabulary_of_a_json_takes_no_memory(tmp_path: Path) -> None:
    content = json.loads(byte_level().to_str())
    content["model"]["vocab"]["far"] = 1 << 28
    (tmp_path / "file.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="ids up to"):
        load(tmp_path / "file.json")


@pytest.mark.parametrize("content", ["{", "[]", '{"chat_template": [{"name": [], "template": 1}]}'])
def test_a_folder_whose_chat_template_can_not_be_read_says_so(tmp_path: Path, content: str) -> None:
    write_all(tmp_path)
    (tmp_path / "org" / "chatty" / "chat_template.json").write_text(content)
    if content.startswith('{"'):
        assert "chat" not in load(tmp_path / "org" / "chatty").can
        return
    with pytest.raises(ModelError, match=r"chat_template.json: (not JSON|it should be)"):
        load(tmp_path / "org" / "chatty")


def test_a_refusal_is_one_line_whatever_the_file_holds(tmp_path: Path) -> None:
    broken = sentence_piece().replace(b"<0x4F>", b"<0x4F\n")
    (tmp_path / "file.model").write_bytes(broken)
    with pytest.raises(ModelError) as refused:
        load(tmp_path / "file.model")
    assert "\n" not in str(refused.value)
