"""The reference against bytepiece 0.6.3 itself: its encodings, its trained models, its rules for ties."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from app.tokenizer import reference
from app.tokenizer.model import BOS, EOS, FIRST_PIECE, Model
from tests.shared import shared

BYTES = {bytes([byte]): 1 for byte in range(256)}
CONFIGURATIONS = [  # the default one is in "multi" too, and training here is slow
    "order4_1500_min5",
    "digits_2000",
    "raw_bytes_2000",
    "short_pieces_3000",
    "multi",
]


def segmentations(text: bytes, pieces: dict[bytes, float]) -> Iterator[tuple[bytes, ...]]:
    """Every way to write a text as pieces."""
    if not text:
        yield ()
    for length in range(1, len(text) + 1):
        if text[:length] in pieces:
            for rest in segmentations(text[length:], pieces):
                yield text[:length], *rest


@pytest.mark.parametrize("name", ["bytepiece_80k", "bytepiece.plus.40k"])
def test_encodes_every_reference_text_as_bytepiece_does(name: str) -> None:
    model = Model.load(shared(f"bytepiece/{name}.zip"))
    ids = {piece: number for number, piece in enumerate(model.pieces, FIRST_PIECE)}
    segmenter = reference.Segmenter.of(model)
    for line in shared("bytepiece/reference_encodings.jsonl").read_text().strip().split("\n"):
        record = json.loads(line)
        found = [ids[piece] for piece in reference.tokenize(segmenter, record["text"])]
        assert found == record["ids"][name], record["text"]


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_trains_byte_for_byte_what_bytepiece_trains(name: str) -> None:
    options = json.loads(shared("bytepiece/reference_configs.json").read_text())[name]
    sizes = options.pop("max_vocab_size")
    texts = json.loads(shared("bytepiece/training_corpus.json").read_text())
    if isinstance(sizes, int):
        files = [shared(f"bytepiece/reference_{name}.model")]
        sizes = [sizes]
    else:
        files = [shared(f"bytepiece/reference_{name}.model.{size}") for size in sizes]
    models = reference.train(texts, sizes, **options)
    assert [model.to_bytes() for model in models] == [file.read_bytes() for file in files]


def test_encode_adds_special_tokens_only_where_asked_and_decode_gives_none_for_them() -> None:
    model = Model.from_counts("m", BYTES | {b"<bos>": 50})
    ids = reference.encode(model, "<bos>a", add_bos=True, add_eos=True)
    assert ids == [BOS, len(model.pieces) - 1 + FIRST_PIECE, FIRST_PIECE + ord("a"), EOS]
    assert reference.decode(model, ids) == b"<bos>a"


@given(st.text())
def test_pieces_together_are_the_text(text: str) -> None:
    segmenter = reference.Segmenter.of(Model.from_counts("m", BYTES | {b"ab": 5, "é".encode(): 7}))
    assert b"".join(reference.tokenize(segmenter, text, None)) == text.encode()


def test_the_longer_last_piece_wins_a_tie() -> None:
    segmenter = reference.Segmenter({b"a": -1.0, b"aa": -2.0, b"b": -1.0, b"ab": -2.0})
    assert segmenter.segment(b"aab") == [b"a", b"ab"]
    assert segmenter.segment(b"aa") == [b"aa"]
    assert segmenter.segment(b"ab") == [b"ab"]


@given(st.lists(st.sampled_from(b"abc"), max_size=9).map(bytes), st.randoms(use_true_random=False))
def test_the_segmentation_is_the_most_probable_of_all(text: bytes, random: Random) -> None:
    pieces = {
        piece: -random.random() * 9 for piece in (b"a", b"b", b"c", b"ab", b"bc", b"abc", b"cab", b"bb")
    }
    found = reference.Segmenter(pieces).segment(text)
    best = max(sum(pieces[piece] for piece in way) for way in segmentations(text, pieces))
    assert math.isclose(sum(pieces[piece] for piece in found), best, abs_tol=1e-9)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0, 2.5])
def test_samples_each_segmentation_with_its_own_probability_to_the_power_of_alpha(alpha: float) -> None:
    pieces = {b"a": -1.0, b"b": -1.5, b"c": -0.5, b"ab": -2.0, b"bc": -3.0, b"abc": -2.5}
    weights = {
        way: math.exp(alpha * sum(pieces[piece] for piece in way)) for way in segmentations(b"abcab", pieces)
    }
    total = sum(weights.values())
    segmenter, draws, random = reference.Segmenter(pieces), 20_000, Random(7)
    seen = Counter(tuple(segmenter.sample(b"abcab", alpha, random.random)) for _ in range(draws))
    chi_squared = sum(
        (seen[way] - draws * weight / total) ** 2 / (draws * weight / total)
        for way, weight in weights.items()
    )
    degrees = len(weights) - 1
    assert set(seen) <= set(weights)
    assert chi_squared < degrees + 5 * math.sqrt(2 * degrees)


def test_sampling_without_random_numbers_is_refused() -> None:
    with pytest.raises(InputError, match="random numbers"):
        reference.tokenize(reference.Segmenter({b"a": -1.0}), "a", alpha=0.5)


def test_a_pruned_character_turns_the_rest_of_its_chunk_into_single_bytes() -> None:
    chunks = ["the cat 中 the cat".encode(), b"the cat the cat"] * 3
    ngrams = reference.conditional_log_probabilities(reference.count_ngrams(chunks, 6), min_count=4)
    with_rare, without = (reference.cut_by_ngrams(chunk, ngrams, 6, True) for chunk in chunks[:2])
    assert len(without) < len(chunks[1])
    position = len(b"".join(with_rare).split("中".encode())[0])
    rest = with_rare[-(len(chunks[0]) - position) :]
    assert all(len(piece) == 1 for piece in rest)


def test_an_empty_corpus_is_refused() -> None:
    with pytest.raises(InputError, match="no text"):
        reference.train(["", ""], [300])
