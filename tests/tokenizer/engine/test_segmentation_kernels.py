"""The kernels against the reference: the same ids for every vocabulary and text, and for every seed the same draw."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.tokenizer import Tokenizer
from app.tokenizer.engine.automaton import MAX_PIECE_LENGTH
from app.tokenizer.engine.segmenters import CompiledEngine, ReferenceEngine, make_engine
from app.tokenizer.model import Model
from tests.shared import shared
from tests.tokenizer.vocabularies import SINGLE_BYTES, models, texts, vocabulary


@settings(max_examples=150)
@given(models, st.lists(texts, min_size=1, max_size=4))
def test_equal_the_reference_on_any_vocabulary_and_text(model: Model, samples: list[str]) -> None:
    compiled, reference = CompiledEngine(model), ReferenceEngine(model)
    for text in samples:
        data = text.encode()
        assert compiled.encode(data).tolist() == reference.encode(data).tolist()


@pytest.fixture(scope="module", params=["bytepiece.plus.40k", "bytepiece_80k"])
def published(request: pytest.FixtureRequest) -> tuple[CompiledEngine, ReferenceEngine]:
    model = Model.load(shared(f"bytepiece/{request.param}.zip"))
    return CompiledEngine(model), ReferenceEngine(model)


@settings(max_examples=100)
@given(text=st.one_of(st.text(), st.binary(max_size=300).map(lambda data: data.decode("latin-1"))))
@example(text="的" * 300 + "\n" * 300 + "a" * 700)
def test_equal_the_reference_on_published_models(
    published: tuple[CompiledEngine, ReferenceEngine], text: str
) -> None:
    compiled, reference = published
    assert compiled.encode(text.encode()).tolist() == reference.encode(text.encode()).tolist()


@pytest.mark.parametrize("size", [1, 11, 12, 13, 127, 128, 129, 255, 256, 257, 1000])
def test_pieces_reach_over_blocks(size: int) -> None:
    model = vocabulary({"a" * 12: 900, "a" * 13: 800, "a" * 40: 700, "a" * 200: 5, "ab": 50})
    compiled, reference = CompiledEngine(model), ReferenceEngine(model)
    for text in (b"a" * size, b"b" * (size - 1) + b"a" * 300, b"ab" * size):
        assert compiled.encode(text).tolist() == reference.encode(text).tolist()


def test_long_texts_of_short_lines_and_of_one_line() -> None:
    model = vocabulary({"ab": 30, "abc": 20, "c\n": 10, "\n\n": 9, "abcabcabcabcabcabc": 40})
    compiled, reference = CompiledEngine(model), ReferenceEngine(model)
    for text in (b"abc" * 50_000, b"abcab\n\n" * 20_000, b"\n" * 140_000, b"c\n" + b"ab" * 70_000 + b"\nc"):
        assert np.array_equal(compiled.encode(text), reference.encode(text))


def test_of_equal_segmentations_the_one_with_the_longer_last_piece_wins() -> None:
    # Every piece has the same probability, so "ab"+"c" and "a"+"bc" score the same.
    tokenizer = Tokenizer(Model.from_counts("ties", SINGLE_BYTES | {b"ab": 1, b"bc": 1}))
    assert tokenizer.tokenize("abc") == [b"a", b"bc"]
    long = Model.from_counts("long ties", SINGLE_BYTES | {b"a" * 14: 1, b"a" * 3: 1, b"a" * 13: 1})
    assert Tokenizer(long).tokenize("a" * 16) == [b"aaa", b"a" * 13]
    assert Tokenizer(long, "reference").tokenize("a" * 16) == [b"aaa", b"a" * 13]


def test_texts_leave_no_trace_in_the_memory_that_is_used_again() -> None:
    model = vocabulary({"ab": 9, "ba": 8, "a" * 30: 7, "的的": 6})
    engine, fresh = CompiledEngine(model), CompiledEngine(model)
    samples = [b"a" * 500, b"ab" * 300, "的".encode() * 200, b"\n", b"", b"a" * 29, b"ba" * 9]
    for text in samples * 3:
        engine.encode(text)
    for text in samples:
        assert np.array_equal(engine.encode(text), fresh.encode(text))


def test_a_vocabulary_too_long_for_the_kernels_gets_the_reference() -> None:
    model = Model.from_counts("long", SINGLE_BYTES | {b"a" * (MAX_PIECE_LENGTH + 1): 5000})
    assert isinstance(make_engine(model, "numba"), ReferenceEngine)
    assert Tokenizer(model).tokenize("b" + "a" * 256) == [b"b", b"a" * 256]
