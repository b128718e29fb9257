"""Parts keep the limit each by itself, cover the text, and end where was asked."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.tokenizer import load
from app.tokenizer.others.chunks import fitting_parts, fitting_pieces
from tests.tokenizer.others.trained import write_all

TEXT = "Hello world, the cat sat. 你好，世界。🦊👨‍👩‍👧 cafe\u0301!\n\nThe mat. "


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_all(folder)
    return folder


@pytest.mark.parametrize(
    "name", ["bert.json", "llama.model", "org/chatty", "ranks.tiktoken", "unigram.model"]
)
def test_each_part_keeps_the_limit_by_itself(folder: Path, name: str) -> None:
    tokenizer: Any = load(folder / name)
    added = sum(map(len, tokenizer.own_special))

    @settings(max_examples=40)
    @given(
        st.lists(st.sampled_from([*TEXT, "hello ", "世界"]), max_size=60).map("".join),
        st.integers(24, 40),
        st.integers(0, 8),
        st.sampled_from(["token", "grapheme", "word", "sentence", "paragraph"]),
    )
    def check(text: str, most: int, overlap: int, boundary: Any) -> None:
        end = 0
        for part in fitting_parts(tokenizer, text, most, overlap, boundary):
            assert part.start <= end < part.end
            assert tokenizer.count(text[part.start : part.end]) + added <= most
            end = part.end
        assert end == len(text)

    check()


@pytest.mark.parametrize(
    "name", ["bert.json", "llama.model", "org/chatty", "ranks.tiktoken", "unigram.model", "small"]
)
def test_what_is_left_of_a_text_takes_no_more_tokens_by_itself(folder: Path, name: str) -> None:
    tokenizer: Any = load("models/small.model" if name == "small" else folder / name)

    @settings(max_examples=60)
    @given(
        st.lists(st.sampled_from([*TEXT, "hello ", "世界", "don't", "▁"]), max_size=40).map("".join),
        st.integers(0, 24),
        st.sampled_from(["left", "right"]),
    )
    def check(text: str, most: int, side: Any) -> None:
        whole = tokenizer.spans(text)
        pieces = (
            whole.truncate(most, side)
            if name == "small"
            else fitting_pieces(tokenizer, text, whole, most, side)
        )
        assert len(pieces) <= most
        if not len(pieces):
            return
        spans = pieces.pairs("source_chars")
        kept = text[: spans[-1, 1]] if side == "right" else text[spans[0, 0] :]
        assert tokenizer.count(kept) <= most

    check()


def test_parts_end_where_was_asked(folder: Path) -> None:
    tokenizer: Any = load(folder / "org/chatty")

    def ends(boundary: Any) -> list[str]:
        return [TEXT[part.start : part.end] for part in fitting_parts(tokenizer, TEXT, 40, 0, boundary)]

    assert all("👨‍👩‍👧" in part or "👨" not in part for part in ends("grapheme"))
    words = "Hello world the cat sat on the mat. " * 20
    parts = fitting_parts(tokenizer, words, 40, 0, "sentence")
    assert all(words[: part.end].endswith(". ") for part in parts)
