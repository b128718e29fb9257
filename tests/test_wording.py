"""Both languages of the interface say the same things, and templates use no word that is not there."""

import re
import string

import pytest

from app.papers.taxonomy import CATEGORIES
from app.paths import STATIC
from app.web.wording import LANGUAGES, Wording, words


def test_every_text_stands_in_both_languages() -> None:
    english, chinese = words("en"), words("zh")
    assert english.keys() == chinese.keys()
    for name, text in english.items():
        fields = {field for _, field, _, _ in string.Formatter().parse(text) if field}
        assert fields == {field for _, field, _, _ in string.Formatter().parse(chinese[name]) if field}, name


@pytest.mark.parametrize("template", sorted(STATIC.glob("templates/*.html")), ids=lambda path: path.name)
def test_templates_use_words_that_exist(template: str) -> None:
    used = set(
        re.findall(
            r"\bt(?:\.unfilled)?\('([a-z0-9_]+)'",
            (STATIC / "templates" / template).read_text(encoding="utf-8"),
        )
    )
    for name in used:
        # A name that ends so is put together: t('problem_' ~ status).
        assert name in words("en") or (
            name.endswith("_") and any(text.startswith(name) for text in words("en"))
        ), name


def test_each_failure_that_a_person_can_meet_has_words_of_its_own() -> None:
    page = (STATIC / "templates/error.html").read_text(encoding="utf-8")
    named = {f"problem_{status}" for status in re.findall(r"\b\d{3}\b", page)}
    assert named == {name for name in words("en") if name.startswith("problem_")}
    assert {"problem_401", "problem_405", "problem_429"} <= named


def test_no_text_is_left_over() -> None:
    everything = "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("templates/*.html"))
    everything += "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("js/**/*.js"))
    everything += "".join(
        path.read_text(encoding="utf-8") for path in (STATIC.parent / "app" / "web").rglob("*.py")
    )
    prefixes = tuple(re.findall(r"\bt\('([a-z0-9_]+_)' ~", everything))
    for name in words("en"):
        assert f"'{name}'" in everything or f'"{name}"' in everything or name.startswith(prefixes), name


def test_chinese_texts_use_full_width_punctuation() -> None:
    for name, text in words("zh").items():
        assert not re.search(r"[一-鿿][,.:;?!]", text), name


def test_the_languages_are_the_files() -> None:
    assert {path.stem for path in (STATIC / "wording").glob("*.toml")} == set(LANGUAGES)


@pytest.mark.parametrize(("count", "said"), [(0, "0 papers"), (1, "1 paper."), (1234, "1,234 papers")])
def test_a_single_paper_is_not_called_papers(count: int, said: str) -> None:
    assert said in Wording("en")("that_was_everything", count=count)


def test_every_category_has_a_name_in_every_language() -> None:
    assert all(re.search("[一-鿿]", Wording("zh").category(code)) for code in CATEGORIES)
    assert {code: Wording("en").category(code) for code in CATEGORIES} == {
        code: category.name for code, category in CATEGORIES.items()
    }
    assert Wording("zh").category("68T07") == "68T07"
