"""Texts to ids and back: the compiled engine gives the ids that bytepiece 0.6.3 gives."""

import json
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings

from app.errors import InputError
from app.tokenizer import Tokenizer
from app.tokenizer.model import Card, Model
from tests.shared import shared
from tests.tokenizer.vocabularies import SINGLE_BYTES, models, texts, vocabulary

PUBLISHED = ("bytepiece.plus.40k", "bytepiece_80k")
BY_HAND = Tokenizer(vocabulary({"hello": 50, " world": 40, "的": 20, "é": 30}), "reference")


@pytest.fixture(scope="module", params=PUBLISHED)
def published(request: pytest.FixtureRequest) -> Tokenizer:
    return Tokenizer.load(shared(f"bytepiece/{request.param}.zip"))


def test_ids_are_those_of_bytepiece(published: Tokenizer) -> None:
    for line in shared("bytepiece/reference_encodings.jsonl").read_bytes().splitlines():
        record = json.loads(line)
        assert published.encode(record["text"]) == record["ids"][published.name], record["text"][:80]


def test_a_batch_gives_what_single_calls_give(published: Tokenizer) -> None:
    texts = ["", "a", "今天天气不错\n" * 50, "hello world " * 5000, "\n\n\n", "👩‍👩‍👧‍👦"] * 5
    for threads in (None, 1, 2, 7):
        batch = published.encode_batch(texts, threads)
        assert all(
            np.array_equal(ids, published.encode_array(text)) for ids, text in zip(batch, texts, strict=True)
        )


def test_a_batch_takes_any_iterable_and_names_the_text_that_is_wrong() -> None:
    assert [ids.tolist() for ids in BY_HAND.encode_batch(iter(["hello", ""]))] == [
        BY_HAND.encode("hello"),
        [],
    ]
    assert BY_HAND.encode_batch([]) == []
    for wrong, pointer in ((["a", 3], "/texts/1"), (["a"] * 50 + ["\ud800"], "/texts/50"), ("ab", "/texts")):
        with pytest.raises(InputError) as caught:
            BY_HAND.encode_batch(wrong, threads=2)  # type: ignore[arg-type]
        assert caught.value.pointer == pointer


@settings(max_examples=100)
@given(models, texts)
def test_decoding_gives_the_text_back(model: Model, text: str) -> None:
    tokenizer = Tokenizer(model, "reference")
    ids = tokenizer.encode(text, add_bos=True, add_eos=True, normalize=None)
    assert tokenizer.decode_bytes(ids) == text.encode()
    assert tokenizer.decode(np.array(ids)) == text
    assert b"".join(tokenizer.tokenize(text, normalize=None)) == text.encode()
    assert tokenizer.count(text, normalize=None) == len(ids) - 2


def test_no_byte_is_dropped_in_decoding() -> None:
    ids = BY_HAND.encode("é的")[:-1]
    assert BY_HAND.decode_bytes([0, *ids, 2, ids[0]]) == BY_HAND.decode_bytes([*ids, ids[0]])
    assert BY_HAND.decode([BY_HAND.encode("👩")[0], BY_HAND.encode("a")[0]]) == "\N{REPLACEMENT CHARACTER}a"


@pytest.mark.parametrize("wrong", [-1, BY_HAND.vocab_size, 10**30, 1.0, True, "a", None, float("nan")])
def test_what_is_no_id_is_named_with_its_place(wrong: object) -> None:
    with pytest.raises(
        InputError, match="is not an id of by hand; ids are whole numbers from 0 to"
    ) as caught:
        BY_HAND.decode([3, 4, wrong])  # type: ignore[list-item]
    assert caught.value.pointer == "/ids/2"


def test_arrays_of_ids_are_one_row_of_whole_numbers() -> None:
    assert BY_HAND.decode(np.array([], np.int64)) == ""
    for wrong in (np.zeros((2, 2), np.int32), np.zeros(2)):
        with pytest.raises(InputError, match="whole numbers in one row"):
            BY_HAND.decode(wrong)


@pytest.mark.parametrize("wrong", [b"bytes", None, 3, ["a"]])
def test_a_text_is_a_str(wrong: object) -> None:
    with pytest.raises(InputError, match="a text should be a str") as caught:
        BY_HAND.encode(wrong)  # type: ignore[arg-type]
    assert caught.value.pointer == "/text"


def test_a_lone_surrogate_is_named_with_its_place_in_the_text_as_sent() -> None:
    with pytest.raises(InputError, match=r"character 3 .* U\+DC80") as caught:
        BY_HAND.encode("e\u0301x\udc80")
    assert caught.value.pointer == "/text"


def test_special_tokens_are_added_where_asked_for_or_where_the_card_says() -> None:
    plain = BY_HAND.encode("hello")
    assert BY_HAND.encode("hello", add_bos=True, add_eos=True) == [1, *plain, 2]
    counts = dict(zip(BY_HAND.model.pieces, BY_HAND.model.counts.tolist(), strict=True))
    carded = Tokenizer(Model.from_counts("carded", counts, Card(add_bos=True)), "reference")
    assert carded.encode("hello") == [1, *plain]
    assert carded.encode("hello", add_bos=False) == plain
    assert carded.tokenize("hello") == [b"hello"]
    assert 1 not in BY_HAND.encode("<bos>")


def test_a_model_without_normalisation_keeps_what_was_sent() -> None:
    decomposed = "e\u0301"
    assert BY_HAND.decode(BY_HAND.encode(decomposed)) == "\u00e9"
    assert BY_HAND.decode(BY_HAND.encode(decomposed, normalize=None)) == decomposed
    raw = Tokenizer(Model.from_counts("raw", SINGLE_BYTES, Card(normalization=None)), "reference")
    assert raw.decode(raw.encode(decomposed)) == decomposed
    assert raw.decode(raw.encode(decomposed, normalize="NFC")) == "\u00e9"
    with pytest.raises(InputError, match="NFC"):
        raw.encode("a", normalize="NFKC")  # type: ignore[arg-type]


def test_engines_are_numba_and_reference() -> None:
    with pytest.raises(InputError, match="reference") as caught:
        Tokenizer(BY_HAND.model, "cython")  # type: ignore[arg-type]
    assert caught.value.pointer == "/engine"


def test_many_threads_share_one_tokenizer(published: Tokenizer) -> None:
    samples = [f"{i} hello 今天天气不错\n" * (1 + 40 * (i % 30)) for i in range(120)]
    expected = [published.encode(text) for text in samples]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(published.encode, samples)) == expected


def test_memory_beside_the_result_grows_by_no_more_than_8_bytes_for_a_byte() -> None:
    tokenizer = Tokenizer(BY_HAND.model)
    text = "a" * 4_000_000
    tokenizer.encode_array("a")
    tracemalloc.start()
    try:
        ids = tokenizer.encode_array(text)
        _, most = tracemalloc.get_traced_memory()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The room for the ids is 4 bytes a byte before it is known how few they are.
    assert most < len(text) * (4 + 8)
    assert after < ids.nbytes + 200_000, "what the call needed is given back"
