"""The automaton: at every byte of a text it knows the pieces that end there, and no others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import ModelError
from app.tokenizer.engine.array_sizes import REACH
from app.tokenizer.engine.automaton import MAX_PIECE_LENGTH, Automaton
from app.tokenizer.model import FIRST_PIECE, Model
from tests.tokenizer.vocabularies import SINGLE_BYTES, models, some_pieces, texts


def automaton_of(model: Model) -> Automaton:
    return Automaton.build(model.pieces, model.log_probabilities, FIRST_PIECE)


def pieces_at(automaton: Automaton, entry: int) -> list[tuple[int, int, float]]:
    """Length, id and log-probability of the piece of an entry and of all that are its suffixes."""
    found = []
    while entry != 0:
        score, route = automaton.entries[entry : entry + 2].tolist()
        score = float(automaton.entries.view(np.float64)[entry])
        found.append((REACH - (route & 0xFF), (route >> 8) & 0xFFFFFF, score))
        entry = route >> 32
    return found


def endings(automaton: Automaton, data: bytes) -> list[list[tuple[int, int, float]]]:
    """The pieces that end at each byte, as `pieces_at` gives them, the single byte last."""
    found = []
    state = 0
    for byte in data:
        while int(automaton.nodes[state ^ byte]) & 0xFF != byte:
            assert automaton.depths[automaton.failures[state]] < automaton.depths[state]
            state = int(automaton.failures[state])
        node = int(automaton.nodes[state ^ byte])
        state = (node >> 8) & 0xFFFFFF
        found.append(pieces_at(automaton, node >> 32) + pieces_at(automaton, 2 * byte + 2))
    return found


@settings(max_examples=80)
@given(models, st.one_of(texts.map(str.encode), st.lists(some_pieces, max_size=30).map(b"".join)))
def test_finds_the_pieces_that_end_at_each_byte_and_nothing_else(model: Model, data: bytes) -> None:
    known = {
        piece: (len(piece), number, score)
        for number, (piece, score) in enumerate(
            zip(model.pieces, model.log_probabilities.tolist(), strict=True), FIRST_PIECE
        )
    }
    expected = [
        [known[data[start:end]] for start in range(end) if data[start:end] in known]
        for end in range(1, len(data) + 1)
    ]
    assert endings(automaton_of(model), data) == expected


@settings(max_examples=30)
@given(models)
def test_a_unit_that_is_not_in_use_is_reached_from_no_state(model: Model) -> None:
    nodes = automaton_of(model).nodes
    states = {0, *((nodes >> 8) & 0xFFFFFF).tolist()}
    prefixes = {piece[:length] for piece in model.pieces for length in range(1, len(piece) + 1)}
    reached = [unit for unit, node in enumerate(nodes.tolist()) if unit ^ (node & 0xFF) in states]
    assert len(reached) == len(prefixes)


def test_a_large_vocabulary_fits_and_is_found_whole() -> None:
    random = np.random.default_rng(4)
    pieces = {
        bytes(random.integers(97, 110, random.integers(2, 15)).astype(np.uint8)): 3 for _ in range(30_000)
    }
    model = Model.from_counts("large", SINGLE_BYTES | pieces)
    automaton = automaton_of(model)
    for number, piece in enumerate(model.pieces, FIRST_PIECE):
        assert endings(automaton, piece)[-1][0][:2] == (len(piece), number)
    used = len({piece[:length] for piece in model.pieces for length in range(1, len(piece) + 1)})
    assert used > 0.6 * len(automaton.nodes), "most units are in use"


def test_a_piece_too_long_for_the_kernels_is_refused() -> None:
    automaton_of(Model.from_counts("long", SINGLE_BYTES | {b"a" * MAX_PIECE_LENGTH: 5}))
    with pytest.raises(ModelError, match="256 bytes"):
        automaton_of(Model.from_counts("longer", SINGLE_BYTES | {b"a" * (MAX_PIECE_LENGTH + 1): 5}))
