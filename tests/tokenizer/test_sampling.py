"""Sampling: reproducible, and distributed as all segmentations of a text are."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InputError
from app.tokenizer import Tokenizer
from tests.tokenizer.vocabularies import models, texts, vocabulary

MODEL = vocabulary(
    {
        "a": 40,
        "b": 30,
        "ab": 20,
        "ba": 15,
        "aba": 9,
        "bab": 6,
        "abab": 4,
        "的": 5,
        "的a": 3,
        "a\n": 8,
        "\n": 9,
    }
)


@pytest.fixture(scope="module", params=["numba", "reference"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return Tokenizer(MODEL, request.param)


def distribution(text: str, alpha: float) -> dict[tuple[bytes, ...], float]:
    """The probability of each segmentation of a text, by listing them all."""
    scores = dict(zip(MODEL.pieces, MODEL.log_probabilities.tolist(), strict=True))

    def segmentations(data: bytes) -> list[tuple[tuple[bytes, ...], float]]:
        if not data:
            return [((), 0.0)]
        return [
            ((data[:end], *rest), alpha * scores[data[:end]] + score)
            for end in range(1, len(data) + 1)
            if data[:end] in scores
            for rest, score in segmentations(data[end:])
        ]

    weights = {pieces: exp(score) for pieces, score in segmentations(text.encode())}
    return {pieces: weight / sum(weights.values()) for pieces, weight in weights.items()}


@pytest.mark.parametrize("text", ["abab", "aba的abab", "aba\nbab"])
@pytest.mark.parametrize("alpha", [0.1, 0.5, 1.0, 2.5])
def test_draws_every_segmentation_as_often_as_its_probability_says(
    tokenizer: Tokenizer, text: str, alpha: float
) -> None:
    draws = 4000
    expected = distribution(text, alpha)
    seen = Counter(tuple(tokenizer.tokenize(text, alpha=alpha, seed=seed)) for seed in range(draws))
    assert set(seen) <= set(expected)
    likely = {pieces: share * draws for pieces, share in expected.items() if share * draws >= 5}
    rest = draws - sum(likely.values())
    squares = sum((seen[pieces] - count) ** 2 / count for pieces, count in likely.items())
    if rest >= 5:
        squares += (sum(seen.values()) - sum(seen[pieces] for pieces in likely) - rest) ** 2 / rest
    freedom = len(likely) - (rest < 5)
    # Chi squared stays below its mean + 6 standard deviations but once in some ten million such tests.
    assert squares < freedom + 6 * (2 * freedom) ** 0.5 + 12


def test_the_same_seed_draws_the_same_on_any_thread(tokenizer: Tokenizer) -> None:
    text = "abab的aba\n" * 40
    alone = [tokenizer.encode(text, alpha=0.3, seed=seed) for seed in range(40)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda seed: tokenizer.encode(text, alpha=0.3, seed=seed), range(40)))
    assert alone == together
    assert len(set(map(tuple, alone))) == 40, "and another seed another segmentation"


def test_without_a_seed_every_call_draws_again(tokenizer: Tokenizer) -> None:
    assert len({tuple(tokenizer.encode("abab" * 30, alpha=0.2)) for _ in range(20)}) > 1


def test_a_batch_draws_each_text_with_its_own_seed(tokenizer: Tokenizer) -> None:
    samples = ["abab" * 20] * 9
    batch = tokenizer.encode_batch(samples, threads=3, alpha=0.3, seed=7)
    for i, ids in enumerate(batch):
        assert np.array_equal(ids, tokenizer.encode_array(samples[i], alpha=0.3, seed=7 + i))
    assert len({tuple(ids.tolist()) for ids in batch}) > 1


@settings(max_examples=60)
@given(models, texts, st.floats(0.01, 10), st.integers(0, 2**64 - 1))
def test_whatever_is_drawn_is_the_text(model: object, text: str, alpha: float, seed: int) -> None:
    tokenizer = Tokenizer(model, "numba")  # type: ignore[arg-type]
    assert (
        tokenizer.decode_bytes(tokenizer.encode(text, alpha=alpha, seed=seed, normalize=None))
        == text.encode()
    )


@pytest.mark.parametrize("alpha", [0, -1, 10.5, float("nan"), float("inf"), True, "1", 0.0])
def test_alpha_is_a_number_above_0_and_at_most_10(tokenizer: Tokenizer, alpha: object) -> None:
    with pytest.raises(InputError, match=r"alpha is .* above 0 and at most 10") as caught:
        tokenizer.encode("a", alpha=alpha)  # type: ignore[arg-type]
    assert caught.value.pointer == "/alpha"


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "1", True])
def test_a_seed_is_a_whole_number_of_64_bits(tokenizer: Tokenizer, seed: object) -> None:
    with pytest.raises(InputError, match="seed") as caught:
        tokenizer.encode("a", alpha=1, seed=seed)  # type: ignore[arg-type]
    assert caught.value.pointer == "/seed"
