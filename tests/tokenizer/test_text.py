"""Texts before they are segmented: nothing is lost, and lines end where BytePiece ends them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from app.tokenizer.text import normalize, split_chunks, split_lines, to_utf8

texts = st.text(st.one_of(st.sampled_from("ab \n\r\u2028\u00853٣"), st.characters()), max_size=60)


@given(texts)
def test_lines_and_chunks_together_are_the_text(text: str) -> None:
    assert "".join(split_lines(text)) == text
    assert "".join(split_chunks(text)) == text
    assert "".join(split_chunks(text, isolate_digits=True)) == text


@given(texts)
def test_a_line_ends_after_its_run_of_newlines_and_nowhere_else(text: str) -> None:
    lines = split_lines(text)
    assert all(re.fullmatch(r"[^\n]*\n*", line) for line in lines)
    assert all(line.endswith("\n") for line in lines[:-1])
    assert all(not line.startswith("\n") for line in lines[1:])


@given(texts)
def test_a_short_text_has_the_same_chunks_as_lines(text: str) -> None:
    assert split_chunks(text) == split_lines(text)


def test_a_chunk_is_cut_after_ten_thousand_characters_or_a_hundred_newlines() -> None:
    assert [len(chunk) for chunk in split_chunks("的" * 20_001 + "\n")] == [10_000, 10_000, 2]
    assert [len(chunk) for chunk in split_chunks("a" + "\n" * 250 + "b")] == [101, 100, 50, 1]


def test_digits_of_any_script_stand_alone_when_isolated() -> None:
    assert split_chunks("a12٣\n\nb", isolate_digits=True) == ["a", "1", "2", "٣", "\n\n", "b"]


def test_normalization_composes_only_where_it_is_wanted() -> None:
    assert normalize("e\u0301 ﬁ") == "é ﬁ"
    assert normalize("e\u0301 ﬁ", None) == "e\u0301 ﬁ"


@given(st.text())
def test_whole_characters_become_their_utf8(text: str) -> None:
    assert to_utf8(text) == text.encode()


def test_a_lone_surrogate_is_named_with_its_place() -> None:
    with pytest.raises(InputError, match=r"character 2 .* U\+DC80"):
        to_utf8("ab\udc80")
