"""Vocabularies that people use give their library's own ids, exact places and chunks that fit, on 10,000 texts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.tokenizer import load
from app.tokenizer.others.chunks import fitting_parts, fitting_slice
from app.tokenizer.spans import GappedPieces
from tests.tokenizer.others.real_vocabularies import LEAST_TEXTS, VOCABULARIES, package_folder, texts

TEXTS = texts()
LOSSLESS = {
    "cl100k_base",
    "o200k_base",
    "p50k_base",
    "tekken",
    "deepseek",
    "default",
    "mistral-v1",
    "mistral-v3",
}
JOINED = 40
"""Texts in a document that is cut into chunks."""


@pytest.fixture(scope="module", params=VOCABULARIES)
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Any]:
    name: str = request.param
    known = VOCABULARIES[name]
    path = known.write(package_folder(known.package), tmp_path_factory.mktemp("vocabulary"))
    return name, path, load(path)


def test_there_are_enough_texts_of_many_scripts() -> None:
    assert len(TEXTS) >= LEAST_TEXTS
    assert len({ord(character) >> 7 for character in "".join(TEXTS)}) > 120, "blocks of 128 characters"


def test_ids_are_the_librarys_own(loaded: tuple[str, Path, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    name, path, tokenizer = loaded
    some = TEXTS[::20] if name == "default" else TEXTS  # the readable twin is slow, and has tests of its own
    own = VOCABULARIES[name].own(path, monkeypatch)(some)
    ours = tokenizer.encode_batch(some)
    differing = [text for text, ids, theirs in zip(some, ours, own, strict=True) if ids.tolist() != theirs]
    assert not differing, f"{len(differing)} texts differ, the first of them {differing[0]!r}"


def test_spans_cover_the_text_once_or_are_flagged(loaded: tuple[str, Path, Any]) -> None:
    name, _, tokenizer = loaded
    assert tokenizer.lossless == (name in LOSSLESS)
    for text in TEXTS:
        pieces = tokenizer.spans(text)
        spans = pieces.pairs("source_chars")
        assert len(spans) == len(pieces) == tokenizer.count(text)
        if not len(spans):
            assert text == "" or isinstance(pieces, GappedPieces)
            continue
        assert (spans[:, 0] <= spans[:, 1]).all()
        assert (spans[1:, 0] >= spans[:-1, 1]).all()
        if isinstance(pieces, GappedPieces):
            assert not tokenizer.lossless or "▁" in text, text
        else:
            assert spans[0, 0] == 0
            assert spans[-1, 1] == len(text)
            assert np.array_equal(spans[1:, 0], spans[:-1, 1])


def test_chunks_and_cuts_keep_the_limit_by_themselves(loaded: tuple[str, Path, Any]) -> None:
    _, _, tokenizer = loaded
    for number, start in enumerate(range(0, len(TEXTS), JOINED)):
        text = "".join(TEXTS[start : start + JOINED])
        most, boundary = 40 + number % 60, ("grapheme", "word", "token", "sentence", "paragraph")[number % 5]
        end = 0
        for part in fitting_parts(tokenizer, text, most, 0, boundary):  # type: ignore[arg-type]
            assert part.start == end
            assert tokenizer.count(text[part.start : part.end]) == part.count <= most
            end = part.end
        assert end == len(text)
        for side in ("right", "left"):
            part = fitting_slice(tokenizer, text, most, side, boundary)  # type: ignore[arg-type]
            assert tokenizer.count(text[part.start : part.end]) == part.count <= most
            assert part.start == 0 if side == "right" else part.end == len(text)
