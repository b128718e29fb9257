"""NFC and NFKC are the standard library's to the letter, and take time in proportion to the text."""

import unicodedata
from itertools import pairwise
from typing import Literal
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import normalization
from app.normalization import compose

MARKS = "\u0301\u0323\u0327\u0344\u0345\u0f71\u0f72\u0f73\u0f75\u05b0\u3099\U0001d165\u0340\u1dce\u0300"
STARTERS = "aeố가각中ア\u09c7\u0344\n"
pieces = st.one_of(
    st.sampled_from(STARTERS),
    st.characters(),
    st.tuples(st.text(MARKS, min_size=1, max_size=4), st.integers(1, 60)).map(
        lambda drawn: drawn[0] * drawn[1]
    ),
)


@given(st.lists(pieces, max_size=12).map("".join), st.sampled_from(["NFC", "NFKC"]))
def test_it_is_the_standard_library_s(text: str, form: Literal["NFC", "NFKC"]) -> None:
    with patch.object(normalization, "_LEAST_LENGTH", 0):
        assert compose(text, form) == unicodedata.normalize(form, text)


@pytest.mark.parametrize("starter", ["a", "", "ố", "가"])
def test_marks_out_of_order_are_sorted_before_the_standard_library_sees_them(starter: str) -> None:
    text = starter + "\u0301" * 40_000 + "\u0323" * 40_000
    seen: list[str] = []
    real = unicodedata.normalize

    def noted(form: Literal["NFC", "NFD"], given: str) -> str:
        seen.append(given)
        return real(form, given)

    with patch("unicodedata.normalize", noted):
        composed = compose(text)
    classes = [unicodedata.combining(character) for character in seen[-1]]
    assert not any(before > after > 0 for before, after in pairwise(classes))
    assert len(real("NFD", composed)) == len(real("NFD", starter)) + 80_000
