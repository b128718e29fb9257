"""What an author defines within a text holds for that text alone, from there on."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from tests.browser.opened import Opened, text_block

OpenPage = Callable[..., Opened]

SPOKEN = """() => [...document.querySelectorAll('math-text')].map((text) =>
    [...text.querySelectorAll('span.math:not([hidden])')].map((span) =>
        span.querySelector('math')?.textContent ?? span.textContent))"""
DEFINED = {
    "in a formula": r"$\newcommand{\R}{\mathbf{r}}$ Let $x\in\R^n$ and $y_\R$.",
    "in prose": "\\newcommand{\\R}{\\mathbf{r}}\n\nLet $x\\in\\R^n$ and $y_\\R$.",
    "by def": r"\def\R{\mathbf{r}} Let $x\in\R^n$ and $y_\R$.",
    "in a display": "$$\n\\newcommand{\\R}{\\mathbf{r}}\n$$\n\nLet $x\\in\\R^n$ and $y_\\R$.",
    "by another": r"$\newcommand\s[1]{\mathbf{#1}}\newcommand\R{\s r}$ Let $x\in\R^n$ and $y_\R$.",
}


@pytest.mark.parametrize("format", ["markdown", "latex"])
@pytest.mark.parametrize("source", DEFINED.values(), ids=DEFINED.keys())
def test_a_command_is_known_to_the_whole_text_and_to_no_other(
    open_page: OpenPage, source: str, format: str
) -> None:
    other = r"Here $\R$ is another's."
    opened = open_page(text_block(source, format) + text_block(other, format))
    opened.settle()
    first, second = opened.page.evaluate(SPOKEN)
    assert first == ["x∈rn", "yr"]
    assert second == ["R"]
    assert opened.page.locator("math-text").first.inner_text().strip().startswith("Let")
    assert [formula["error"] for formula in opened.formulas() if formula["error"]] == []
    assert opened.complaints == []


def test_a_command_is_known_from_its_definition_on(open_page: OpenPage) -> None:
    opened = open_page("")
    opened.show(r"$\foo$ $\newcommand{\foo}{a}\foo$ $\foo$ $\renewcommand{\foo}{b}$ $\foo$ $\foo$")
    assert opened.page.evaluate(SPOKEN) == [[r"$\foo$", "a", "a", "b", "b"]]


def test_a_stream_knows_what_it_has_defined(open_page: OpenPage) -> None:
    opened = open_page('<math-text format="markdown"></math-text>')
    for chunk in (
        r"$\newcommand{\f",
        "oo}{a}$ and ",
        "$\\foo$\n\n",
        "so $\\fo",
        "o+1$\n\n\\def\\b",
        "ar{c}\n\nand $\\bar$",
    ):
        opened.page.evaluate("(chunk) => document.querySelector('math-text').append(chunk)", chunk)
    opened.settle()
    assert opened.page.evaluate(SPOKEN) == [["a", "a+1", "c"]]


@pytest.mark.parametrize(
    "definition",
    [
        r"\newcommand{\a}{\a\a}",
        r"\newcommand{\a}{\b}\newcommand{\b}{\a}",
        r"\newcommand{\a}{\href{javascript:alert(1)}{x}\style{color:red}{y}}",
        r"\newcommand{\a}{\def\b{c}}",
        r"\newcommand{\frac}{",
        "".join(rf"\newcommand{{\a{one}}}{{\a{two}\a{two}\a{two}}}" for one, two in pairwise("abcdefghij")),
    ],
)  # fmt: skip
def test_definitions_that_go_wrong_harm_their_own_formulas_alone(
    open_page: OpenPage, definition: str
) -> None:
    opened = open_page("")
    opened.show(rf"${definition}$ $\a$ $\aa$ $x$ $\frac12$")
    assert opened.formulas()[-2]["typeset"]
    assert opened.page.locator("math-text a, math-text [style*=red]").count() == 0
    assert (opened.dialogs, opened.complaints) == ([], [])


def test_code_defines_nothing_and_stays(open_page: OpenPage) -> None:
    opened = open_page("")
    code = r"\newcommand{\foo}{a}"
    opened.show(f"`{code}` $\\foo$\n\n```tex\n{code}\n```\n\n$\\foo$")
    assert opened.page.evaluate(SPOKEN) == [[r"$\foo$", r"$\foo$"]]
    assert opened.page.locator("code").all_inner_texts() == [code, code + "\n"]
