"""Models are served by their name alone, read again when replaced, and never another than was asked for."""

import os
import zipfile
from pathlib import Path

import pytest

from app.errors import ModelError, NotFound
from app.tokenizer import Model, Tokenizer
from app.tokenizer.registry import AnyTokenizer, ModelRegistry
from tests.tokenizer.others.trained import byte_level

BYTES = {bytes([byte]): 1 for byte in range(256)}


def bytepiece(tokenizer: AnyTokenizer) -> Tokenizer:
    assert isinstance(tokenizer, Tokenizer)
    return tokenizer


@pytest.fixture
def models(tmp_path: Path) -> ModelRegistry:
    for folder, piece in (("own", b"own"), ("shipped", b"shipped")):
        (tmp_path / folder).mkdir()
        Model.from_counts("default", {**BYTES, piece: 5}).save(tmp_path / folder / "default.model")
    return ModelRegistry((tmp_path / "own", tmp_path / "shipped"), "default", 1 << 20, 1)


def test_the_first_folder_wins_and_none_is_the_default(models: ModelRegistry) -> None:
    assert models.get(None) is models.get("default")
    assert b"own" in bytepiece(models.get(None)).model.pieces


@pytest.mark.parametrize("name", ["", "other", "../shipped/default", "default.model", "a/b", "x" * 500])
def test_what_is_no_models_name_is_not_found_and_never_answered_by_another(
    models: ModelRegistry, name: str
) -> None:
    with pytest.raises(NotFound, match="there are: default"):
        models.get(name)


def test_a_replaced_file_is_read_again_and_only_the_last_models_stay(
    models: ModelRegistry, tmp_path: Path
) -> None:
    before = models.get(None)
    Model.from_counts("default", {**BYTES, b"new": 5}).save(tmp_path / "own" / "default.model")
    Model.from_counts("other", BYTES).save(tmp_path / "own" / "other.model")
    assert b"new" in bytepiece(models.get(None)).model.pieces
    assert models.get(None) is not before
    kept = models.get("other")
    assert models.get("other") is kept
    models.get(None)
    assert models.get("other") is not kept, "one model stays at the most"


def test_a_model_in_a_zip_is_served_under_its_name_after_one_that_is_not(
    models: ModelRegistry, tmp_path: Path
) -> None:
    for name, piece in (("zipped", b"zipped"), ("default", b"never")):
        Model.from_counts(name, {**BYTES, piece: 5}).save(tmp_path / "inner.model")
        with zipfile.ZipFile(tmp_path / "own" / f"{name}.zip", "w") as archive:
            archive.write(tmp_path / "inner.model", "inner.model")
    assert models.names() == ["default", "zipped"]
    assert b"zipped" in bytepiece(models.get("zipped")).model.pieces
    assert b"own" in bytepiece(models.get("default")).model.pieces


def test_a_broken_file_is_reported_by_its_name_and_not_by_its_path(
    models: ModelRegistry, tmp_path: Path
) -> None:
    (tmp_path / "own" / "broken.model").write_text("{")
    Model.from_counts("carded", BYTES).save(tmp_path / "own" / "carded.model")
    (tmp_path / "own" / "carded.card.json").write_text("[]")
    for name in ("broken.model", "carded.card.json"):
        with pytest.raises(ModelError, match=f"^{name}") as raised:
            models.get(name.split(".")[0])
        assert str(tmp_path) not in str(raised.value)


def test_only_files_are_models_whatever_else_is_called_so(models: ModelRegistry, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    (folder / "folder.model").mkdir()
    (folder / "dangling.model").symlink_to("/nowhere")
    os.mkfifo(folder / "pipe.model")
    assert models.names() == ["default"]
    os.mkfifo(folder / "default.card.json.new")
    (folder / "default.card.json").unlink()
    (folder / "default.card.json.new").rename(folder / "default.card.json")
    with pytest.raises(ModelError, match=r"default\.card\.json can't be read: it is not a file"):
        models.get(None)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "Git LFS pointer"),
        (b"<!doctype html><title>Not found</title>", "HTML"),
        (b"\n<!-- cached --><HTML>", "HTML"),
        (b"\r\n<Title>Sign in</Title>", "HTML"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "compressed file"),
        (b"#version: 0.2\nh e\n", "its model's tokenizer.json"),
        (b"[PAD]\n[unused0]\n", "its model's tokenizer.json"),
        (b"\x80\x04\x95\x00", "pickle"),
        (b"\n\x0e\n\x05<unk>\x15\x00\x00\x00\x00\x18\x02", "SentencePiece|Piece"),
        (b'{"QQ==":' + b"[" * 900 + b"]" * 900 + b"}", "should map to"),
        (b"[" * 5000 + b"]" * 5000, "is not JSON"),
    ],
)
def test_a_file_that_can_not_be_served_is_named_for_what_it_is(
    models: ModelRegistry, tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "own" / "wrong.model").write_bytes(content)
    with pytest.raises(ModelError, match=said) as raised:
        models.get("wrong")
    assert len(str(raised.value)) < 300


def test_hub_folders_and_aliases_are_served(models: ModelRegistry, tmp_path: Path) -> None:
    folder = tmp_path / "own" / "org" / "tiny"
    folder.mkdir(parents=True)
    byte_level().save(str(folder / "tokenizer.json"))
    (tmp_path / "own" / "aliases.toml").write_text('"gpt-4o" = "org/tiny"\n')
    assert "org/tiny" in models.names()
    assert models.get("gpt-4o") is models.get("org/tiny")
    assert models.own_name("gpt-4o") == "org/tiny"


def test_a_model_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    byte_level().save(str(tmp_path / "tiny.json"))
    with pytest.raises(ModelError, match="QUIRE_MAX_MODELS_BYTES"):
        ModelRegistry((tmp_path,), "tiny", 1 << 20, 8, 1000).get("tiny")
