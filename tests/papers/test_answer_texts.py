"""Answers as Markdown with the paper's citation, and as XHTML that a stranger's text can't break."""

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.papers.answer_texts import answer_xhtml, answers_document
from app.papers.answers import Answer, Quote
from app.papers.models import Author, Paper

PAPER = Paper(
    "2401.12345", "On $x_1$ * stars", "A.", version=2, authors=(Author("E. Noether", "Noether", "E."),)
)
ANSWER = Answer(
    "2401.12345", 2, "Summary", "m-1", "en", "It *is* $x^2$.\n\n- one", "summary",
    datetime(2026, 11, 30, tzinfo=UTC), "html",
    quotes=(Quote("so it is", "exact", "S2.p1", "so it is.", "so it is"), Quote("no", "missing", None, None),
            Quote("it was 3", "repaired", "S1.p1", "it was 2", "it was 2")),
)  # fmt: skip


def test_a_document_names_paper_model_source_and_quotes() -> None:
    assert answers_document(PAPER, [ANSWER]) == (
        "# On $x_1$ \\* stars\n\n"
        "E. Noether. **On $x_1$ \\* stars**. [arXiv:2401.12345](https://arxiv.org/abs/2401.12345v2), 2024.\n\n"
        "## Summary\n\nIt *is* $x^2$.\n\n- one\n\n"
        "*answered by m-1, from arXiv's HTML, version 2 of the paper, on 2026-11-30*\n\n"
        "- “so it is”: word for word [S2.p1]\n- “no”: not in the paper\n"
        "- “it was 3”: nearly so; the paper's own words are “it was 2” [S1.p1]\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a <script>alert(1)</script> b", "<p>a &lt;script&gt;alert(1)&lt;/script&gt; b</p>\n"),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>\n"),
        ("[a](data:text/html,x)", "<p>[a](data:text/html,x)</p>\n"),
        ("[a](https://b.example/?a&b)", '<p><a href="https://b.example/?a&amp;b">a</a></p>\n'),
        ("![a](https://b.example/c.png)", '<p>!<a href="https://b.example/c.png">a</a></p>\n'),
        ("`$x$` and\nb  \nc", "<p><code>$x$</code> and\nb<br />\nc</p>\n"),
        ("$\\unknown{$", "<p><code>$\\unknown{$</code></p>\n"),
    ],
)
def test_what_a_stranger_writes_does_nothing(text: str, expected: str) -> None:
    assert answer_xhtml(text) == expected


def test_formulas_are_mathml_and_keep_their_signs() -> None:
    shown = answer_xhtml("Over **$a_1 * b_1$** and $a<b$.")
    assert shown.count("<math") == 2
    assert "<em>" not in shown


@given(st.text(st.sampled_from("ab*_`$<>&\"'[](!)\\{}^|-#\n \ue000\ue0010~"), max_size=80))
def test_whatever_is_written_is_well_formed(text: str) -> None:
    ElementTree.fromstring(f"<div>{answer_xhtml(text)}</div>")
