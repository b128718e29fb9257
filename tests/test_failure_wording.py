"""Each failure that a reader of pages can meet has its sentence in every language of the interface."""

import ast
import pickle
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import app.errors
from app.errors import InputError, QuireError, Sentence, dump_message, read_message
from app.papers.query import parse_query
from app.paths import STATIC
from app.web import errors as web_errors
from app.web.wording import LANGUAGES, Wording, failures

APP = Path(app.errors.__file__).parent
OTHERS = [language for language in LANGUAGES if language != "en"]

MET_ON_PAGES = (
    *(
        "papers/query.py",
        "papers/cursors.py",
        "papers/categories.py",
        "papers/models.py",
        "papers/fetch_job.py",
    ),
    *("papers/fulltext/dropped.py", "papers/fulltext/pdf.py", "papers/fulltext/tex_source.py"),
    *("papers/meaning/searching.py", "papers/search/blending.py", "papers/search/matching.py"),
    *("papers/store/listing.py", "papers/store/reading.py", "papers/sources/queue.py"),
    *("asking/answering.py", "asking/chat.py", "asking/desk.py", "asking/prompting.py", "asking/refusals.py"),
    *("web/dependencies.py", "web/asking/files.py", "web/asking/requests.py"),
    *("web/papers/list_parameters.py", "web/papers/calendar.py", "web/papers/citations.py"),
    *("web/tokenizer/bounds.py",),
)
"""Modules of which every failure may come to a page, those for operators aside."""

OF_OTHERS = {"stopped", "too-slow"}
"""Kinds of failures that leave by other ways than a request's answer: within a stream, or before there is a request."""

FOR_OPERATORS = {"FileError", "StoreError", "RecordError", "ModelError"}


def calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node


@cache
def patterns() -> dict[str, tuple[str, set[str]]]:
    """Every pattern of a sentence in the code, with its module and the names of the values that it is given."""
    found = {pattern: ("web/errors.py", fields(pattern)) for pattern in web_errors.PATTERNS.values()}
    for path in sorted(APP.rglob("*.py")):
        for call in calls(path):
            if not (isinstance(call.func, ast.Name) and call.func.id == "Sentence"):
                continue
            pattern, *_ = call.args
            if isinstance(pattern, ast.Constant) and isinstance(pattern.value, str):
                names = {keyword.arg for keyword in call.keywords if keyword.arg}
                found[pattern.value] = (str(path.relative_to(APP)), names)
    return found


def fields(pattern: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(pattern) if field}


def test_there_are_sentences() -> None:
    assert len(patterns()) > 100


@pytest.mark.parametrize("pattern", patterns())
def test_a_sentence_is_given_the_values_that_it_names(pattern: str) -> None:
    where, given = patterns()[pattern]
    assert fields(pattern) == given, where


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_stands_in_every_language(language: str) -> None:
    sentences, _ = failures(language)
    assert {pattern: where for pattern, (where, _) in patterns().items() if pattern not in sentences} == {}
    assert set(sentences) - set(patterns()) == set(), "left over"
    for pattern, text in sentences.items():
        assert fields(text) <= fields(pattern), pattern


@pytest.mark.parametrize("language", OTHERS)
def test_every_kind_of_failure_has_a_sentence(language: str) -> None:
    _, kinds = failures(language)
    assert set(kinds) == web_errors.KINDS | OF_OTHERS
    for kind, text in kinds.items():
        assert fields(text) <= {"detail"}, kind


def test_the_tables_are_the_languages() -> None:
    assert {path.stem for path in (STATIC / "wording/failures").glob("*.toml")} == set(OTHERS)


@pytest.mark.parametrize("module", MET_ON_PAGES)
def test_what_a_page_can_show_is_a_sentence_and_no_bare_text(module: str) -> None:
    named = {name for name, kind in vars(app.errors).items() if _is_failure(kind)} - FOR_OPERATORS
    for call in calls(APP / module):
        if isinstance(call.func, ast.Name) and call.func.id in named and call.args:
            assert not isinstance(call.args[0], ast.JoinedStr | ast.Constant), f"{module}:{call.lineno}"


def _is_failure(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, QuireError)


@given(
    st.dictionaries(
        st.sampled_from("abc"),
        st.text() | st.integers() | st.floats(allow_nan=False) | st.tuples(st.text(), st.text()),
    )
)
def test_a_sentence_comes_whole_through_a_file_and_another_process(values: dict[str, object]) -> None:
    inner = Sentence("; ".join(f"{{{name}}}" for name in values), **values)
    said = Sentence("{inner} ({count:,})", inner=inner, count=1234)
    for back in (read_message(dump_message(said)), pickle.loads(pickle.dumps(said))):
        assert back == said
        assert isinstance(back, Sentence)
        assert back.values["inner"] == inner
        assert (back.pattern, dump_message(back)) == (said.pattern, dump_message(said))


@given(st.text())
def test_a_text_that_is_no_sentence_stays_as_it_is(text: str) -> None:
    assert read_message(dump_message(text)) == text
    assert Wording("en").failure(text, "invalid-input") == text


def test_a_failure_within_a_failure_is_said_in_the_same_language() -> None:
    with pytest.raises(InputError) as caught:
        parse_query('kernel "random walk')
    assert Wording("en").failure(caught.value.message, "invalid-input") == str(caught.value)
    assert (
        Wording("zh").failure(caught.value.message, "invalid-input")
        == '这个引号没有配对（查询的第 8 个字符：“"random walk”）。'
    )
