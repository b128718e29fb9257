"""Each kind gives its library's own ids, and places that tile the text or are flagged."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor
from tiktoken import Encoding
from tokenizers import Tokenizer as Library

from app.errors import ModelError, NotForThisModel
from app.tokenizer import load
from app.tokenizer.others.loading import load_here
from app.tokenizer.others.tiktoken import _ranks
from app.tokenizer.spans import GappedPieces
from tests.tokenizer.others.trained import CARD, rank_list, sentence_piece, word_piece, write_all

NAMES = {
    "bert": "bert.json",
    "llama": "llama.model",
    "org/chatty": "org/chatty",
    "ranks": "ranks.tiktoken",
    "unigram": "unigram.model",
}
BIG = b'{"model_max_length": 1000000000000000019884624838656}'
TEXTS = st.text(st.characters(codec="utf-8"), max_size=60) | st.text("he lLé\u0301你🦊ﬁ\n<|end>", max_size=40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_all(folder)
    return folder


@pytest.fixture(scope="module")
def tokenizers(folder: Path) -> dict[str, Any]:
    return {name: load(folder / path) for name, path in NAMES.items()}


def library_ids(folder: Path, name: str, text: str) -> list[int]:
    path = folder / NAMES[name]
    if name == "ranks":
        ranks: Any = _ranks(rank_list(), "ranks")
        encoding = Encoding("x", pat_str=str(CARD["pattern"]), mergeable_ranks=ranks, special_tokens={})
        return encoding.encode(text, disallowed_special=())
    ids: list[int]
    if path.suffix == ".model":
        ids = SentencePieceProcessor(model_file=str(path)).encode(text)
        return ids
    library: Any = Library.from_file(str(path / "tokenizer.json" if path.is_dir() else path))
    library.no_truncation()
    ids = library.encode(text, add_special_tokens=False).ids
    return ids


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_the_librarys_own(tokenizers: dict[str, Any], folder: Path, name: str) -> None:
    @settings(max_examples=60)
    @given(TEXTS)
    def check(text: str) -> None:
        assert tokenizers[name].encode(text) == library_ids(folder, name, text)
        assert tokenizers[name].count(text) == len(tokenizers[name].encode(text))

    check()


@pytest.mark.parametrize("name", NAMES)
def test_spans_cover_the_text_once_or_are_flagged(tokenizers: dict[str, Any], name: str) -> None:
    tokenizer = tokenizers[name]

    @settings(max_examples=100)
    @given(TEXTS)
    def check(text: str) -> None:
        pieces = tokenizer.spans(text)
        assert pieces.ids.tolist() == tokenizer.encode(text)
        spans = pieces.pairs("source_chars")
        assert np.all(spans[:, 0] <= spans[:, 1])
        assert np.all(spans[1:, 0] >= spans[:-1, 1])
        if isinstance(pieces, GappedPieces):
            assert not tokenizer.lossless
        elif text:
            assert spans[0, 0] == 0
            assert spans[-1, 1] == len(text)
            assert np.array_equal(spans[1:, 0], spans[:-1, 1])
        slices = [text.encode()[start:stop] for start, stop in pieces.pairs("source_bytes").tolist()]
        assert [part.decode() for part in slices] == [text[start:stop] for start, stop in spans.tolist()]

    check()


@pytest.mark.parametrize("name", ["org/chatty", "ranks", "llama"])
def test_bytes_come_back(tokenizers: dict[str, Any], name: str) -> None:
    text = "Hello  你好 🦊\nwörld "
    assert tokenizers[name].decode(tokenizers[name].encode(text)) == text
    assert tokenizers[name].lossless


def test_what_a_kind_adds_itself(tokenizers: dict[str, Any]) -> None:
    assert tokenizers["bert"].own_special == ([1], [2])
    assert tokenizers["bert"].encode("cat", add_bos=True, add_eos=True)[::2][:1] == [1]
    with pytest.raises(NotForThisModel, match="no bos token"):
        tokenizers["ranks"].encode("cat", add_bos=True)


def test_what_a_kind_cannot_do_is_said(tokenizers: dict[str, Any]) -> None:
    with pytest.raises(NotForThisModel, match="can't sample; it supports: encode"):
        tokenizers["ranks"].spans("cat", alpha=0.5)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS pointer"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"\x80\x04\x95.", "pickle"),
        (b"GGUF\x03\x00\x00\x00", "weights"),
        (b"", "empty"),
        (b'{"version": "2.0", "added_tokens": [], "model": {"type": "BPE"}}', "version"),
        (b'{"version": "1.0", "added_tokens": [], "model": {"type": "BP', "cut short"),
        (rank_list().replace(b" 200\n", b" 900\n"), "no token has rank 200|published"),
        (rank_list() + rank_list()[:10], "already"),
        (sentence_piece()[:2000], "SentencePiece"),
    ],
)
def test_what_is_not_a_tokenizer_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "file.model").write_bytes(content)
    with pytest.raises(ModelError, match=said):
        load(tmp_path / "file.model")


def test_a_library_that_aborts_costs_one_request(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that tries the file is ended by a signal, as by a library's abort; this one goes on."""
    script = tmp_path / "aborts"
    script.write_text("#!/bin/sh\nkill -ABRT $$\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    with pytest.raises(ModelError, match="broke down"):
        load(folder / "unigram.model")
    assert subprocess.run([str(script)], check=False).returncode < 0


def altered(**changes: Any) -> bytes:
    """A tokenizer.json of the kind of BERT, with other values at its top or in its model."""
    record = orjson.loads(word_piece().to_str())
    model = {name: value for name, value in changes.items() if name in record["model"]}
    return orjson.dumps({**record, **changes, "model": {**record["model"], **model}})


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", altered(added_tokens=3), "added_tokens should be a list"),
        ("a.json", altered(added_tokens=True), "added_tokens should be a list"),
        ("a.json", altered(vocab={"a": 0}), "can't be encoded|can't be read|broke down"),
        ("a.model", sentence_piece().replace(b"<0x41>", b"\xff" * 6), "isn't UTF-8|can't be read|broke down"),
        ("ranks.tiktoken", rank_list() + b"YWFh %d\n" % (1 << 40), "no token has rank 262"),
    ],
    ids=["number for a list", "truth for a list", "no unknown token", "piece of other bytes", "far rank"],
)
def test_a_damaged_file_is_a_clear_error(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    write_all(tmp_path)
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ModelError, match=said):
        load(path).encode("Hello, 你好 xyz 🦊")


def test_a_text_that_a_tokenizer_lacks_a_token_for_is_said_to_be_so(tmp_path: Path) -> None:
    record = orjson.loads(word_piece().to_str())
    del record["model"]["vocab"]["[UNK]"]
    record["added_tokens"] = [token for token in record["added_tokens"] if token["content"] != "[UNK]"]
    tokenizer = load_here(tmp_path / "a.json", orjson.dumps(record), "huggingface")
    with pytest.raises(ModelError, match="this text can't be encoded with it"):
        tokenizer.count("ⴰⴱⴲ")


@pytest.mark.parametrize(
    ("files", "length"),
    [
        ({}, None),
        ({"tokenizer_config.json": {"model_max_length": 4096}}, 4096),
        ({"tokenizer_config.json": {"model_max_length": 4096}, "config.json": {"n_ctx": 8}}, 4096),
        ({"tokenizer_config.json": {"model_max_length": 10**30}}, None),
        ({"tokenizer_config.json": {"model_max_length": 1e30}}, None),
        (
            {
                "tokenizer_config.json": {"model_max_length": 10**30},
                "config.json": {"max_position_embeddings": 512},
            },
            512,
        ),
        (
            {"config.json": {"text_config": {"max_position_embeddings": 77}, "max_position_embeddings": 5}},
            77,
        ),
        ({"config.json": {"max_position_embeddings": True}}, None),
        ({"config.json": {"max_position_embeddings": "512", "text_config": []}}, None),
        ({"card.json": {"context_length": 9}, "tokenizer_config.json": {"model_max_length": 4096}}, 9),
    ],
)
def test_the_length_of_a_models_context_is_that_of_its_files(
    tmp_path: Path, files: dict[str, dict[str, object]], length: int | None
) -> None:
    word_piece().save(str(tmp_path / "tokenizer.json"))
    for name, content in files.items():
        (tmp_path / name).write_bytes(orjson.dumps(content) if 10**30 not in content.values() else BIG)
    assert load(tmp_path).context_length == length
