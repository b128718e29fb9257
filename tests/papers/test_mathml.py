"""Formulas as MathML: sound, safe whatever they hold, and none where a part of one is unknown."""

from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from app.papers.mathml import mathml

M = "{http://www.w3.org/1998/Math/MathML}"
PIECES = [
    *(
        "{",
        "}",
        "^",
        "_",
        "&",
        r"\\",
        "x",
        "1",
        "'",
        "<",
        ">",
        '"',
        "\x01",
        "\\",
        "[",
        "]",
        "é",
        "\ud800",
        " ",
    ),
    *(
        r"\frac",
        r"\left(",
        r"\right)",
        r"\sqrt",
        r"\text{",
        r"\begin{matrix}",
        r"\end{matrix}",
        r"\mathbb",
        r"\not",
    ),
    *(
        r"\href{javascript:alert(1)}{",
        r"\color{red}",
        r"\class{a}{",
        r"\style{color:red}{",
        r"\hspace{1em}",
        r"\foo",
    ),
]


def element(formula: str) -> Element:
    written = mathml(formula)
    assert written is not None
    root: Element = fromstring(written)
    return root


@pytest.mark.parametrize(
    ("formula", "shown", "display"),
    [
        ("$x^2$", "x2", False),
        (r"\(\mathbb{R}^n\)", "ℝn", False),
        (r"$$\sum_{i=1}^n a_i$$", "∑i=1nai", True),
        (r"\[\frac{a}{b}\]", "ab", True),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "(1234)", True),
        (r"$a<b \text{ if } c$", "a<b\xa0if\xa0c", False),
    ],
)
def test_a_formula_keeps_its_signs_and_its_source(formula: str, shown: str, display: bool) -> None:
    root = element(formula)
    assert "".join(root.itertext()) == shown
    assert root.attrib["alttext"] in formula
    assert (root.get("display") == "block") == display


@pytest.mark.parametrize(
    "formula",
    [
        "$\\mymacro x$",
        "$" + "x" * 2000 + "$",
        "$" + "{" * 700 + "$",
        r"$\left($",
        "$$",
        "$" + r"\sqrt" * 150 + "$",
    ],
)
def test_what_is_not_understood_has_none(formula: str) -> None:
    assert mathml(formula) is None


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=30))
def test_no_formula_brings_more_than_mathematics(pieces: list[str]) -> None:
    written = mathml(f"${''.join(pieces)}$")
    if written is None:
        return
    root = fromstring(written.replace("\x01", "").replace("\ud800", ""))
    for node in root.iter():
        assert node.tag.startswith(M)
        assert not {"href", "class", "style", "src", "id"} & node.attrib.keys()
        if node is not root:
            assert "javascript" not in " ".join(node.attrib.values())
