"""Texts to ids and back: the compiled engine gives the ids that bytepiece 0.6.3 gives."""

import json

import numpy as np
import pytest

from app.tokenizer import Tokenizer
from tests.shared import shared

PUBLISHED = ("bytepiece.plus.40k", "bytepiece_80k")


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
