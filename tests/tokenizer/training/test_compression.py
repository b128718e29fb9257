"""Training for compression: valid models, the fewest pieces, the same for any threads, better than likelihood."""

import json
import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InputError
from app.tokenizer import Model, Tokenizer, Trainer
from app.tokenizer.text import split_lines
from app.tokenizer.training.compression_lines import INDENTS, read_lines
from tests.shared import shared

WORDS = [
    "the",
    "of",
    "and",
    "tokenizer",
    "piece",
    "über",
    "straße",
    "モデル",
    "模型",
    "的",
    "привет",
    "3.14",
    "(",
    ")",
]

lines = st.lists(st.sampled_from(WORDS), min_size=1, max_size=30).map(" ".join)
corpora = st.lists(
    st.one_of(
        lines, st.text(max_size=40), st.sampled_from(["", "a\n\n\nb", " " * 50, "é" * 200, "x y " * 80])
    ),
    min_size=1,
    max_size=12,
).filter(any)


def documents(seed: int, count: int) -> list[str]:
    random = Random(seed)
    return [" ".join(random.choices(WORDS, k=40)) + "\n" for _ in range(count)]


def fewest_pieces(model: Model, line: str) -> int:
    """By the definition: the shortest way over all pieces."""
    data, pieces = line.encode(), set(model.pieces)
    longest = max(map(len, pieces))
    best = [0]
    for end in range(1, len(data) + 1):
        starts = range(max(0, end - longest), end)
        best.append(1 + min(best[start] for start in starts if data[start:end] in pieces))
    return best[-1]


@settings(max_examples=15)
@given(
    texts=corpora,
    sizes=st.lists(st.sampled_from([259, 270, 300, 600]), min_size=1, max_size=2),
    min_count=st.integers(1, 3),
    max_piece_length=st.sampled_from([1, 2, 5, 36]),
    isolate_digits=st.booleans(),
    ensure_unicode=st.booleans(),
)
def test_any_texts_and_options_give_a_model_that_keeps_to_them_whatever_the_threads(
    texts: list[str],
    sizes: list[int],
    min_count: int,
    max_piece_length: int,
    isolate_digits: bool,
    ensure_unicode: bool,
) -> None:
    trainer = Trainer(
        vocab_size=sizes,
        min_count=min_count,
        max_piece_length=max_piece_length,
        isolate_digits=isolate_digits,
        ensure_unicode=ensure_unicode,
        objective="compression",
    )
    models = trainer.train(texts, threads=1)
    assert [model.to_bytes() for model in models] == [
        model.to_bytes() for model in trainer.train(texts, threads=3)
    ]
    for model, size in zip(models, sizes, strict=True):
        assert model.vocab_size <= size
        assert max(map(len, model.pieces)) <= max_piece_length
        assert all(isinstance(count, int) and count > 0 for count in model.counts.tolist())
        longer = [piece for piece in model.pieces if len(piece) > 1]
        if isolate_digits:
            assert not any(any(48 <= byte < 58 for byte in piece) for piece in longer)
        if ensure_unicode:
            assert all(piece.decode().encode() == piece for piece in longer)


def test_uses_the_fewest_pieces_its_vocabulary_allows() -> None:
    model = Trainer(vocab_size=400, objective="compression").train(documents(1, 200))
    tokenizer = Tokenizer(model)
    for text in documents(2, 20):
        for line in split_lines(text):
            assert tokenizer.count(line) == fewest_pieces(model, line)


def test_a_space_goes_with_the_word_behind_it() -> None:
    model = Trainer(vocab_size=500, objective="compression").train(documents(1, 200))
    assert b" tokenizer" in model.pieces
    assert not any(piece.endswith(b" ") and piece.strip() for piece in model.pieces)


def test_holds_the_runs_that_other_texts_indent_and_rule_with() -> None:
    pieces = Trainer(vocab_size=2100, objective="compression").train(documents(1, 20)).pieces
    assert {b" " * 7, b". ", b"-" * 8, b"=" * 8, b"\t\t", "──".encode()} <= set(pieces)


def test_a_long_line_is_laid_out_as_a_paragraph_of_the_same_words() -> None:
    texts = documents(1, 40)
    lines = b"".join(read.data.tobytes() for _, read in read_lines(texts, False)).decode()
    assert sorted(lines.split()) == sorted(" ".join(texts).split())
    assert all(re.search(rf"(?m)^{' ' * indent}\w", lines) for indent in INDENTS)


def test_a_character_that_is_never_alone_is_not_lost() -> None:
    texts = [*documents(1, 200), *(f"{word} tř\n" for word in WORDS)]
    model = Trainer(vocab_size=3000, objective="compression").train(texts)
    assert "ř".encode() in model.pieces


def test_repeated_lines_count_once() -> None:
    boilerplate = "This program comes with ABSOLUTELY NO WARRANTY.\n"
    trainer = Trainer(vocab_size=400, objective="compression")
    assert (
        trainer.train([boilerplate + text for text in documents(1, 100)]).to_bytes()
        == trainer.train([boilerplate * 3 + text for text in documents(1, 100)]).to_bytes()
    )


def test_says_texts_that_it_was_not_trained_on_in_fewer_tokens_than_likelihood_does() -> None:
    texts = json.loads(shared("bytepiece/training_corpus.json").read_text())
    trained, held_out = texts[::2], texts[1::2]
    tokens = {
        objective: sum(
            map(Tokenizer(Trainer(vocab_size=3000, objective=objective).train(trained)).count, held_out)
        )
        for objective in ("likelihood", "compression")
    }
    assert tokens["compression"] < 0.95 * tokens["likelihood"]


def test_the_card_tells_the_objective(tmp_path: Path) -> None:
    model = Trainer(vocab_size=300, objective="compression").train(documents(1, 20))
    model.save(tmp_path / "small.model")
    loaded = Model.load(tmp_path / "small.model")
    assert loaded.card.extra["training"]["objective"] == "compression"
    assert loaded.to_bytes() == model.to_bytes()


def test_says_which_text_cannot_be_used() -> None:
    trainer = Trainer(objective="compression")
    with pytest.raises(InputError, match="text 1"):
        trainer.train(["a", "\ud800"])
    with pytest.raises(InputError, match="empty"):
        trainer.train([""])
    with pytest.raises(InputError, match="likelihood"):
        Trainer(objective="speed")  # type: ignore[call-overload]
