"""Which characters a vocabulary is made to hold: the most frequent ones, by counts, within its size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from app.tokenizer import Tokenizer, Trainer
from app.tokenizer.training.characters import count_characters, count_in, covering
from app.tokenizer.training.trainer import Objective

TEXTS = [*["これは日本語の文です。\n", "Это русский текст.\n", "한국어 문장입니다.\n"] * 30, "稀な字：龘\n"]


@given(text=st.text(st.sampled_from("aé字κ😀"), min_size=1), coverage=st.floats(0.01, 1))
def test_takes_the_fewest_characters_that_cover_so_much(text: str, coverage: float) -> None:
    pieces = covering(count_in(text), coverage, 100_000, 36)
    by_count = sorted(set(text), key=lambda letter: (-text.count(letter), letter))
    needed = next(
        number
        for number in range(1, len(by_count) + 1)
        if sum(map(text.count, by_count[:number])) >= coverage * len(text) * (1 - 1e-9)
    )
    assert [piece.decode() for piece in pieces] == [letter for letter in by_count[:needed] if letter != "a"]


def test_counts_characters_after_nfc_over_all_texts() -> None:
    counts = count_characters(["e\u0301", "é" * 3])
    assert counts[ord("é")] == 4
    assert counts.sum() == 4


@pytest.mark.parametrize("objective", ["likelihood", "compression"])
def test_a_covered_character_is_one_piece_and_the_size_is_kept(objective: Objective) -> None:
    letters = sorted({letter for text in TEXTS for letter in text if ord(letter) > 127})
    trainer = Trainer(vocab_size=400, objective=objective, character_coverage=1.0)
    model = trainer.train(TEXTS)
    assert {letter.encode() for letter in letters} <= set(model.pieces)
    assert model.vocab_size <= 400
    tokenizer = Tokenizer(model)
    assert all(tokenizer.count(letter) == 1 for letter in letters)
    assert tokenizer.decode(tokenizer.encode("".join(TEXTS))) == "".join(TEXTS)
    assert model.card.extra["training"]["character_coverage"] == 1.0


def test_covered_characters_leave_half_of_the_ids_to_others() -> None:
    texts = ["".join(map(chr, range(0x4E00, 0x5800))), "the words of a text " * 9]
    for objective in ("likelihood", "compression"):
        model = Trainer(vocab_size=800, objective=objective, character_coverage=1.0).train(texts)
        single = [piece for piece in model.pieces if len(piece) == 3 and piece[0] == 0xE4]
        assert len(single) >= (800 - 256 - 3) // 2
        assert model.vocab_size <= 800


@pytest.mark.parametrize("coverage", [0, -1, 1.5, True, "much"])
def test_a_coverage_that_is_no_share_is_refused(coverage: object) -> None:
    with pytest.raises(InputError, match=r"such as 0\.9995"):
        Trainer(character_coverage=coverage)  # type: ignore[call-overload]
