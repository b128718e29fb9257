"""The lattice: its best path is the encoding, its n best are the best of all, its boundaries sum as they should."""

from itertools import pairwise
from math import exp, fsum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InputError, TooLarge
from app.tokenizer import Tokenizer
from app.tokenizer.lattice import MAX_BYTES, MAX_PATHS, Lattice
from app.tokenizer.model import Model
from tests.shared import shared
from tests.tokenizer.vocabularies import models, vocabulary

TOKENIZER = Tokenizer(
    vocabulary({"ab": 20, "ba": 15, "aba": 9, "的": 5, "a": 40, "b": 30, "b\n": 3}), "reference"
)


def all_paths(lattice: Lattice) -> list[tuple[tuple[int, ...], float]]:
    """Every way through the lattice: the nodes it passes, and its score."""
    size = len(lattice.data)

    def onward(node: int) -> list[tuple[tuple[int, ...], float]]:
        if node == size:
            return [((size,), 0.0)]
        return [
            ((node, *nodes), edge.score + score)
            for edge in lattice.edges
            if edge.start == node
            for nodes, score in onward(edge.end)
        ]

    return onward(0)


short = st.text("ab的\n", max_size=7)


@settings(max_examples=60)
@given(models, short)
def test_edges_are_the_pieces_that_match(model: Model, text: str) -> None:
    lattice = Tokenizer(model, "reference").lattice(text)
    data = text.encode()
    matches = {
        (start, start + len(piece))
        for piece in model.pieces
        for start in range(len(data))
        if data.startswith(piece, start)
    }
    assert {(edge.start, edge.end) for edge in lattice.edges} == matches
    assert all(model.pieces[edge.id - 3] == data[edge.start : edge.end] for edge in lattice.edges)


@settings(max_examples=60)
@given(short, st.integers(1, 40))
def test_n_best_are_the_best_of_all(text: str, n: int) -> None:
    lattice = TOKENIZER.lattice(text)
    ranked = sorted((score for _, score in all_paths(lattice)), reverse=True)
    found = lattice.n_best(n)
    assert [path.score for path in found] == pytest.approx(ranked[:n])
    assert len({tuple(path.ids) for path in found}) == len(found)
    for path in found:
        assert path.score == pytest.approx(fsum(edge.score for edge in path.edges))
        assert all(before.end == after.start for before, after in pairwise(path.edges))


@settings(max_examples=60)
@given(short)
def test_boundaries_are_the_shares_of_the_segmentations_that_cut_there(text: str) -> None:
    lattice = TOKENIZER.lattice(text)
    weights = [(nodes, exp(score)) for nodes, score in all_paths(lattice)]
    total = fsum(weight for _, weight in weights)
    shares = [
        fsum(weight for nodes, weight in weights if node in nodes) / total
        for node in range(len(lattice.data) + 1)
    ]
    assert lattice.boundaries == pytest.approx(shares, abs=1e-12)


@settings(max_examples=100)
@given(models, st.text("aab的é\n", max_size=60))
def test_the_best_path_is_the_encoding(model: Model, text: str) -> None:
    # Sums that are equal but for rounding may differ between lines; within one line they are the same sums.
    tokenizer = Tokenizer(model, "reference")
    line = text.replace("\n", "")
    assert tokenizer.lattice(line, normalize=None).best.ids == tokenizer.encode(line, normalize=None)


def test_a_long_text_keeps_its_probabilities_apart() -> None:
    tokenizer = Tokenizer.load(shared("bytepiece/bytepiece.plus.40k.zip"))
    text = "Tokenisation of a sentence, 今天天气不错. " * 40
    boundaries = tokenizer.lattice(text).boundaries
    assert [boundaries[0], boundaries[-1]] == pytest.approx([1, 1])
    assert all(0 <= probability <= 1 for probability in boundaries)


def test_the_empty_text_has_one_segmentation() -> None:
    lattice = TOKENIZER.lattice("")
    assert lattice.best.edges == ()
    assert lattice.boundaries == [1.0]


def test_bounds_are_kept() -> None:
    with pytest.raises(TooLarge, match="4,097 bytes"):
        TOKENIZER.lattice("a" * (MAX_BYTES + 1))
    with pytest.raises(TooLarge, match="up to 1000"):
        TOKENIZER.n_best("a", MAX_PATHS + 1)
    with pytest.raises(InputError, match="n is 0"):
        TOKENIZER.n_best("a", 0)
