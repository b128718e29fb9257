"""The built-in collection: each note is a well-formed paper whose mathematics is balanced.

The numbers in the notes are tested beside this; how the formulas look is a matter of the browser's tests.
"""

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.papers import models

COLLECTION = Path(models.__file__).parent / "collection"
FILES = sorted(COLLECTION.glob("*.toml"))
NOTES: dict[str, dict[str, Any]] = {file.stem: tomllib.loads(file.read_text("utf-8")) for file in FILES}

CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
MATHEMATICS = re.compile(
    r"\\begin\{(equation|align)\*?\}.*?\\end\{\1\*?\}|(?<!\\)\$\$.*?\$\$|(?<!\\)\$(?=\S)[^$]+?(?<=\S)\$",
    re.DOTALL,
)


def without_code(text: str) -> str:
    return CODE.sub("", text)


def formulas(text: str) -> list[str]:
    return [found[0] for found in MATHEMATICS.finditer(without_code(text))]


def test_ids_are_consecutive_and_name_their_files() -> None:
    assert [note["id"] for note in NOTES.values()] == [f"quire/{n:04d}" for n in range(1, len(FILES) + 1)]
    assert len(FILES) >= 12
    assert list(NOTES) == [note["id"].removeprefix("quire/") for note in NOTES.values()]


@pytest.mark.parametrize("note", NOTES.values(), ids=NOTES)
class TestEachNote:
    def test_has_the_keys_of_a_paper(self, note: dict[str, Any]) -> None:
        assert set(note) - {"comment"} == {
            "id",
            "title",
            "abstract",
            "authors",
            "announced",
            "categories",
            "body",
        }
        assert note["categories"] == ["quire"]
        assert note["authors"] == [{"family": "Quire", "given": ""}]
        assert type(note["announced"]) is date
        assert date(2026, 11, 1) <= note["announced"] < date(2026, 11, 23)

    def test_is_a_note_and_no_book(self, note: dict[str, Any]) -> None:
        assert 10 < len(note["title"]) < 120
        assert 200 < len(note["abstract"]) <= 1200
        assert 500 < len(note["body"].split()) <= 1600
        assert len(formulas(note["body"])) >= 5

    def test_abstract_is_tex_and_not_markdown(self, note: dict[str, Any]) -> None:
        prose = MATHEMATICS.sub("", note["abstract"])
        assert not re.search(r"(?<!`)`(?!`)[^`']*`|\*\w|\]\(|^#", prose)

    def test_every_reference_has_its_label(self, note: dict[str, Any]) -> None:
        text = without_code(note["body"])
        labels = re.findall(r"\\label\{([^}]*)\}", text)
        assert len(labels) == len(set(labels))
        assert set(re.findall(r"\\(?:eq)?ref\{([^}]*)\}", text)) <= set(labels)
        for label in labels:
            numbered = re.search(
                r"\\begin\{(equation|align)\}(?:(?!\\end\{\1\}).)*\\label\{" + re.escape(label),
                text,
                re.DOTALL,
            )
            assert numbered or re.search(r"\\tag\{[^}]*\}\s*\\label\{" + re.escape(label), text), label

    def test_refers_to_notes_that_exist(self, note: dict[str, Any]) -> None:
        other = set(re.findall(r"quire/(\d{4})", note["body"] + note["abstract"]))
        assert other <= set(NOTES), "refers to a note that is not there"

    def test_braces_delimiters_and_environments_balance(self, note: dict[str, Any]) -> None:
        for text in (note["title"], note["abstract"], note["body"]):
            prose = MATHEMATICS.sub("", without_code(text))
            assert "$" not in prose.replace("\\$", "")
            assert not re.search(r"\\(begin|end|eqref|ref|label|tag)\b", prose)
            assert len(re.findall("^```", text, re.MULTILINE)) % 2 == 0
            for formula in formulas(text):
                assert_balanced(formula)


def assert_balanced(formula: str) -> None:
    depth, open_environments = 0, []
    for token in re.finditer(r"\\(begin|end)\{([a-z]+\*?)\}|\\.|[{}]", formula, re.DOTALL):
        if token[1] == "begin":
            open_environments.append(token[2])
        elif token[1] == "end":
            assert open_environments.pop() == token[2], formula
        elif token[0] in "{}":
            depth += 1 if token[0] == "{" else -1
            assert depth >= 0, formula
    assert depth == 0, formula
    assert not open_environments, formula
    sides = [len(re.findall(r"\\" + side + r"(?![a-zA-Z])", formula)) for side in ("left", "right")]
    assert sides[0] == sides[1], formula
