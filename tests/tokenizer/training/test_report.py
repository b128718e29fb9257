"""Scripts are named as Unicode names them, and what is measured by script and by language adds up to the whole."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from app.tokenizer import Tokenizer
from app.tokenizer.model import Card, Model
from app.tokenizer.training.report import Share, measure, pieces_by_script, script_of
from tests.server import ROOT

BYTES = {bytes([byte]): 1 for byte in range(256)}
TOKENIZER = Tokenizer(
    Model.from_counts("given", BYTES | {b"the ": 90, "我们".encode(): 50, b"\n\n": 9}, Card(add_bos=True)),
    "reference",
)
TEXTS = st.lists(st.tuples(st.text("the 我们кот.\n"), st.sampled_from(["en", "zh", None])))


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Ｗｉｄｅ and ŵith áccents", "Latin"),
        ("Москва (Moscow)", "Cyrillic"),
        ("ἀρχή", "Greek"),
        ("中文与 TeX 的文章", "Han"),
        ("ﾃｷｽﾄ テキスト", "Kana"),
        ("한국어", "Hangul"),
        ("עברית", "Hebrew"),
        ("العربية", "Arabic"),
        ("हिन्दी", "Devanagari"),
        ("ि", "Devanagari"),
        ("\u0301", "no letters"),
        ("3.14 = ？", "no letters"),
        ("", "no letters"),
        ("𝒜 and", "Latin"),
        ("ꓐꓑ", "other letters"),
    ],
)
def test_the_script_of_a_text_is_that_of_most_of_its_letters(text: str, script: str) -> None:
    assert script_of(text) == script


def test_pieces_are_counted_by_script_most_first() -> None:
    pieces = [b"the ", b"a", "的".encode(), b"\xe7", b"\x84\xb6", b"7", b"of"]
    assert pieces_by_script(pieces) == {"Latin": 3, "parts of characters": 2, "Han": 1, "no letters": 1}
    assert next(iter(pieces_by_script(pieces))) == "Latin"


def test_lines_of_a_text_are_grouped_by_their_scripts() -> None:
    measured = measure(TOKENIZER, [("the the \n我们我们\n\n7", "en")])
    assert measured.by_script == {"Han": Share(14, 3), "Latin": Share(9, 3), "no letters": Share(1, 1)}
    assert measured.by_language == {"en": Share(24, 7)}
    assert measured.whole.bytes_per_token == round(24 / 7, 4)


@given(TEXTS)
def test_the_shares_add_up_to_the_whole(texts: list[tuple[str, str | None]]) -> None:
    if not any(text for text, _ in texts):
        with pytest.raises(InputError, match="no text"):
            measure(TOKENIZER, texts)
        return
    measured = measure(TOKENIZER, texts)
    bare = [len(TOKENIZER.tokenize(text)) for text, _ in texts]
    assert measured.whole == Share(sum(len(text.encode()) for text, _ in texts), sum(bare))
    for language, share in measured.by_language.items():
        counts = [count for count, (_, named) in zip(bare, texts, strict=True) if named == language]
        assert share.tokens == sum(counts)


@pytest.mark.parametrize("name", ["default", "large", "bytepiece", "small"])
def test_the_cards_of_our_models_tell_figures_by_script(name: str) -> None:
    card = json.loads((ROOT / "models" / f"{name}.card.json").read_text(encoding="utf-8"))
    figures = card["bytes_per_token_by_script"]
    assert {"Latin", "Han", "Cyrillic", "Arabic", "Kana"} <= figures.keys()
    assert min(figures.values()) <= card["bytes_per_token"] <= max(figures.values())
