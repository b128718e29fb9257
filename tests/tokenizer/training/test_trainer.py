"""The trainer against bytepiece's own models and against the reference, for any options and number of threads."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import InputError
from app.tokenizer import reference
from app.tokenizer.model import Model
from app.tokenizer.training import likelihood
from app.tokenizer.training.resources import TrainingWork
from app.tokenizer.training.sorted_runs import StoredRun, ranges
from app.tokenizer.training.trainer import Trainer
from tests.shared import shared

CONFIGURATIONS = [
    "default_2000",
    "order4_1500_min5",
    "digits_2000",
    "raw_bytes_2000",
    "short_pieces_3000",
    "multi",
]

# Words repeat, so that n-grams pass min_count; the rest are the odd ones: decomposed and rare characters, runs of
# newlines, digits of other scripts, every kind of byte that UTF-8 can hold.
FRAGMENTS = [
    *(
        "the ",
        "cat ",
        "sat",
        "ing ",
        "aaaa",
        "的",
        "模型",
        "e\u0301",
        "é",
        "👩\u200d👧",
        "\U0010ffff",
        "\x00",
    ),
    *("\r\n", "\n", "\n\n\n", "\n" * 130, "0", "3.14", "٣", "３", "\u2028", "ﬁ", "ß", "\x7f", "\x80"),
]
fragments = st.sampled_from(FRAGMENTS)
texts_strategy = st.lists(
    st.one_of(
        st.lists(fragments, max_size=30).map("".join),
        st.text(max_size=20),
        st.sampled_from(["", "a", "x" * 10_050 + "\ny", "ab的" * 4_000, "\n" * 350]),
    ),
    min_size=1,
    max_size=8,
).filter(any)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_trains_byte_for_byte_what_bytepiece_trains(name: str, threads: int) -> None:
    options = json.loads(shared("bytepiece/reference_configs.json").read_text())[name]
    size = options.pop("max_vocab_size")
    texts = json.loads(shared("bytepiece/training_corpus.json").read_text())
    if isinstance(size, int):
        files = [shared(f"bytepiece/reference_{name}.model")]
        size = [size]
    else:
        files = [shared(f"bytepiece/reference_{name}.model.{number}") for number in size]
    models = Trainer(vocab_size=size, **options).train(texts, threads=threads)
    assert [model.to_bytes() for model in models] == [file.read_bytes() for file in files]


# Models that bytepiece 0.6.3 trained from texts of this repository, so that a clone without the shared data checks too.
WRITTEN = Path(__file__).parent / "written_by_bytepiece"


@pytest.mark.parametrize("name", ["plain", "digits", "bytes"])
def test_trains_byte_for_byte_what_bytepiece_trains_from_texts_of_this_repository(name: str) -> None:
    options = json.loads((WRITTEN / "options.json").read_text())[name]
    texts = json.loads((WRITTEN / "texts.json").read_text(encoding="utf-8"))
    size = options.pop("max_vocab_size")
    [model] = Trainer(vocab_size=[size], **options).train(texts, threads=2)
    assert model.to_bytes() == (WRITTEN / f"{name}.model").read_bytes()


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(
    texts=texts_strategy,
    order=st.integers(1, 7),
    sizes=st.lists(st.sampled_from([259, 262, 270, 300, 400, 5000]), min_size=1, max_size=3),
    min_count=st.integers(1, 5),
    max_piece_length=st.sampled_from([1, 2, 5, 12, 36, 20_000]),
    isolate_digits=st.booleans(),
    ensure_unicode=st.booleans(),
    threads=st.sampled_from([1, 2]),
)
def test_equals_the_reference_on_odd_corpora_under_any_options(
    texts: list[str],
    order: int,
    sizes: list[int],
    min_count: int,
    max_piece_length: int,
    isolate_digits: bool,
    ensure_unicode: bool,
    threads: int,
) -> None:
    expected = reference.train(
        texts, sizes, order, min_count, max_piece_length, isolate_digits, ensure_unicode
    )
    trainer = Trainer(
        order,
        vocab_size=sizes,
        min_count=min_count,
        max_piece_length=max_piece_length,
        isolate_digits=isolate_digits,
        ensure_unicode=ensure_unicode,
    )
    found = trainer.train(texts, threads=threads)
    assert [model.to_bytes() for model in found] == [model.to_bytes() for model in expected]


@settings(max_examples=40)
@given(
    texts=texts_strategy,
    order=st.integers(1, 7),
    min_count=st.integers(1, 3),
    unicode=st.booleans(),
    parts=st.integers(1, 5),
)
def test_each_stage_equals_its_line_in_the_reference(
    texts: list[str], order: int, min_count: int, unicode: bool, parts: int
) -> None:
    (batch,) = likelihood.read_batches(texts, isolate_digits=False)
    bounds = [0, *batch.ends.tolist()]
    chunks = [batch.data[start:end].tobytes() for start, end in itertools.pairwise(bounds)]
    counted = reference.count_ngrams(chunks, order)
    run = likelihood.count_ngrams(batch, order)
    assert int(run.counts.sum()) == len(batch.data)
    for key, count in zip(run.keys.tolist(), run.counts.tolist(), strict=True):
        if key & 0xFF == order:
            assert counted[key.to_bytes(8, "big")[:order]] == count
    expected = reference.conditional_log_probabilities(counted, min_count)
    ngrams = likelihood.join_ngrams(
        [
            likelihood.score_ngrams(run.between(*bounds), order, min_count)
            for bounds in ranges(run.keys, parts, likelihood.PREFIX_BITS)
        ]
    )
    tables = likelihood.look_up_tables(ngrams, order, min_count)
    found = {bytes([byte]): score for byte, score in enumerate(tables.unigrams.tolist())}
    pairs = np.flatnonzero(tables.bigrams > -np.inf)
    found |= {bytes(divmod(pair, 256)): tables.bigrams[pair] for pair in pairs.tolist()}
    longer = zip(ngrams.keys.tolist(), ngrams.scores.tolist(), strict=True)
    found |= {key.to_bytes(8, "big")[: key & 0xFF]: score for key, score in longer}
    assert found == expected
    begins = likelihood.cut(batch, tables, unicode)
    for chunk, start in zip(chunks, bounds, strict=False):
        cuts = [*(start + np.flatnonzero(begins[start : start + len(chunk)])).tolist(), start + len(chunk)]
        pieces = [batch.data[first:last].tobytes() for first, last in itertools.pairwise(cuts)]
        assert pieces == reference.cut_by_ngrams(chunk, expected, order, unicode)


def test_many_batches_give_what_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = json.loads(shared("bytepiece/training_corpus.json").read_text())
    whole = Trainer(vocab_size=1000).train(texts, threads=1)
    read = likelihood.read_batches
    monkeypatch.setattr(likelihood, "read_batches", lambda texts, digits: read(texts, digits, 30_000))
    assert Trainer(vocab_size=1000).train(texts, threads=2).to_bytes() == whole.to_bytes()


@pytest.mark.parametrize("threads", [1, 2])
def test_counts_on_disk_give_what_counts_in_memory_give(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainingWork, "_most", lambda *_: 100_000)
    texts = json.loads(shared("bytepiece/training_corpus.json").read_text())
    stored: list[StoredRun[Any]] = []
    monkeypatch.setattr(StoredRun, "between", noted(StoredRun.between, stored))
    read = likelihood.read_batches
    monkeypatch.setattr(likelihood, "read_batches", lambda texts, digits: read(texts, digits, 30_000))
    model = Trainer(vocab_size=2000).train(texts, threads=threads, memory=1 << 30)
    assert len(stored) > 20, "counts were on disk"
    assert model.to_bytes() == shared("bytepiece/reference_default_2000.model").read_bytes()


def noted(function: Any, calls: list[Any]) -> Any:
    """The same function, which notes on what it was called."""

    def note(self: Any, *arguments: Any) -> Any:
        calls.append(self)
        return function(self, *arguments)

    return note


def test_too_little_memory_for_what_has_to_be_held_is_reported() -> None:
    with pytest.raises(InputError, match=r"occur 2 times have to be in memory.* 0\.\d\d GB") as told:
        Trainer(vocab_size=300).train(["ab ab ab"] * 9, threads=1, memory=1000)
    enough = int(float(str(told.value).split(" GB")[0].split()[-1]) * 1e9)
    Trainer(vocab_size=300).train(["ab ab ab"] * 9, threads=1, memory=enough)


def test_several_sizes_give_models_in_the_order_of_the_sizes() -> None:
    random = Random(5)
    words = ["".join(random.choices("abcdefghijklmnop", k=random.randint(2, 7))) for _ in range(80)]
    texts = [" ".join(random.choices(words, k=30)) for _ in range(60)]
    models = Trainer(vocab_size=[270, 300]).train(texts, threads=1)
    assert [model.vocab_size for model in models] == [270, 300]
    assert Trainer(vocab_size=300).train(texts, threads=1).to_bytes() == models[1].to_bytes()


def test_the_card_says_how_a_model_was_trained() -> None:
    model: Model = Trainer(order=4, vocab_size=300).train(["a b a b"], threads=1)
    assert model.card.extra["training"] == {
        "objective": "likelihood",
        "order": 4,
        "vocab_size": 300,
        "min_count": 2,
        "max_piece_length": 36,
        "isolate_digits": False,
        "ensure_unicode": True,
        "character_coverage": None,
    }
    assert model.card.sha256 == model.sha256


@pytest.mark.parametrize("threads", [1, 2])
def test_progress_is_reported_and_ends_where_it_said(threads: int) -> None:
    told: list[tuple[str, int, int]] = []
    Trainer(vocab_size=300).train(["a b", "b a", ""], threads, lambda *step: told.append(step))
    ends = {stage: (done, total) for stage, done, total in told}
    assert ends == {"count n-grams": (3, 3), "count pieces": (3, 3), "prune pieces": (1, 1)}


def test_an_iterable_without_a_length_is_read_again() -> None:
    class Texts:
        def __iter__(self) -> Iterator[str]:
            yield from ["ab ab ab", "ab"]

    assert Trainer().train(Texts(), threads=1).pieces == Trainer().train(["ab ab ab", "ab"]).pieces


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("one text", "read twice"),
        (iter(["a"]), "read twice"),
        ([], "empty"),
        (["", ""], "empty"),
        (["a", 7], "text 1 is a int"),
        (["a", "b\ud800"], "text 1: character 1 .* lone surrogate U\\+D800"),
    ],
)
def test_texts_that_can_not_be_used_are_reported(texts: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Trainer().train(texts, threads=2)


@pytest.mark.parametrize(
    "options",
    [
        {"order": 0},
        {"order": 8},
        {"order": True},
        {"vocab_size": 258},
        {"vocab_size": []},
        {"vocab_size": [300, "400"]},
        {"min_count": 0},
        {"max_piece_length": 0},
    ],
)
def test_wrong_options_are_reported_before_the_work_begins(options: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        Trainer(**options)
    assert caught.value.pointer == f"/{next(iter(options))}"


@pytest.mark.parametrize("threads", [0, -1, 1.5])
def test_a_wrong_number_of_threads_is_reported(threads: int) -> None:
    with pytest.raises(InputError, match="threads"):
        Trainer().train(["a"], threads=threads)
