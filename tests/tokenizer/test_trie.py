"""The double array: every piece is found where it should be, and nothing else is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import ModelError
from app.tokenizer.model import FIRST_PIECE, Model
from app.tokenizer.trie import MAX_PIECE_LENGTH, Trie
from tests.tokenizer.vocabularies import SINGLE_BYTES, models, some_pieces

SHIFT, LABEL, TAKEN = 9, 0x1FF, 0x100


def trie_of(model: Model) -> Trie:
    return Trie.build(model.pieces, model.log_probabilities, FIRST_PIECE)


def find(trie: Trie, data: bytes) -> tuple[int, float]:
    """Id and log-probability of a piece, (-1, -inf) if there is none."""
    base, unit = 0, 0
    for depth, byte in enumerate(data):
        if depth > 0 and base == 0:
            return -1, -np.inf
        unit = base ^ byte
        if trie.link[unit] & LABEL != byte | TAKEN:
            return -1, -np.inf
        base = int(trie.link[unit]) >> SHIFT
    return int(trie.ids[unit]), float(trie.score[unit + 1])


@settings(max_examples=60, deadline=None)
@given(models, st.lists(some_pieces, max_size=20))
def test_finds_the_pieces_and_nothing_else(model: Model, others: list[bytes]) -> None:
    trie = trie_of(model)
    expected = {
        piece: (number, score)
        for number, (piece, score) in enumerate(
            zip(model.pieces, model.log_probabilities.tolist(), strict=True), FIRST_PIECE
        )
    }
    for piece in [*model.pieces, *others, *(piece[:-1] for piece in model.pieces if len(piece) > 1)]:
        assert find(trie, piece) == expected.get(piece, (-1, -np.inf))


@settings(max_examples=30, deadline=None)
@given(models)
def test_no_two_nodes_have_their_children_in_the_same_place(model: Model) -> None:
    bases = trie_of(model).link >> SHIFT
    bases = bases[bases > 0]
    assert len(set(bases.tolist())) == len(bases)


def test_a_large_vocabulary_fits_and_is_found_whole() -> None:
    random = np.random.default_rng(4)
    pieces = {
        bytes(random.integers(97, 110, random.integers(2, 15)).astype(np.uint8)): 3 for _ in range(30_000)
    }
    model = Model.from_counts("large", SINGLE_BYTES | pieces)
    trie = trie_of(model)
    assert all(find(trie, piece)[0] == number for number, piece in enumerate(model.pieces, FIRST_PIECE))
    assert (trie.link != 0).mean() > 0.6, "most units are in use"


def test_a_piece_too_long_for_the_kernels_is_refused() -> None:
    assert (
        trie_of(Model.from_counts("long", SINGLE_BYTES | {b"a" * MAX_PIECE_LENGTH: 5})).longest
        == MAX_PIECE_LENGTH
    )
    with pytest.raises(ModelError, match="256 bytes"):
        trie_of(Model.from_counts("longer", SINGLE_BYTES | {b"a" * (MAX_PIECE_LENGTH + 1): 5}))
