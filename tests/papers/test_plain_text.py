"""LaTeX text mode becomes readable plain text; mathematics and the unknown stay as they were written."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.papers.models import Paper
from app.papers.plain_text import plain_text, resolved_parts
from app.papers.sources.snapshot import read_lines
from tests.papers.page import on_the_page
from tests.shared import shared


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        (r"cut short: a \frac and \widetilde b", r"cut short: a \frac and \widetilde b"),
        (r"Erd\H{o}s, G\"odel, Ha\v{c}ek, na\"{\i}ve, Fran\c{c}ois", "Erdős, Gödel, Haček, naïve, François"),
        (r"never closed: A {\bf bold title", r"never closed: A {\bf bold title"),
        (r"\AA ngstr\"om and stra\ss{}e", "Ångström and straße"),
        ("``quoted'' and `single' -- a range 1--2 --- done", "“quoted” and ‘single’ – a range 1–2 — done"),
        (r"\emph{x} \textbf{y \textit{z}} {\it w} \textsc{Foo}Bar", "x y z w FooBar"),
        (r"50\% of R\&D, a\_b, \#1, \$5, \{x\}", "50% of R&D, a_b, #1, $5, {x}"),
        ("50% of R&D, a_b, #1, x^2", "50% of R&D, a_b, #1, x^2"),
        ("Figure~1 has ~5 of ~6 at x.org/~me", "Figure 1 has ~5 of ~6 at x.org/~me"),
        (r"see \url{http://a.b/c\_d} and \href{http://e.f}{there}", "see http://a.b/c_d and there (http://e.f)"),
        (r"as in \cite{knuth}\footnote{or \emph{not}}", "as in [knuth] (or not)"),
        (r"$\alpha--\beta$, \(x_{1}\), \[ {y} \], $$ ``z'' $$", r"$\alpha--\beta$, \(x_{1}\), \[ {y} \], $$ ``z'' $$"),
        (r"\begin{align}a&={b}\end{align} {c}", r"\begin{align}a&={b}\end{align} c"),
        (r"\method is ours, {unbalanced", r"\method is ours, {unbalanced"),
        (r"\newcommand{\R}{\mathbb{R}}On $\R$, \def\f#1{(#1)} \let\a=\b and\newcommand", r"On $\R$, and\newcommand"),
        ("a\n  hard   wrap ", "a hard wrap"),
        ("a <-- b --> c ---- d", "a <-- b --> c ---- d"),
        ("", ""),
        ("机器学习 的 方法", "机器学习 的 方法"),
    ],
)  # fmt: skip
def test_a_text_is_made_plain(source: str, plain: str) -> None:
    assert plain_text(source) == plain


@given(st.text(alphabet="\\{}$`'~-%^\"[]()ab é\n", max_size=200))
def test_it_never_raises_and_gives_one_line(source: str) -> None:
    plain = plain_text(source)
    assert plain == " ".join(plain.split())


@given(st.text().filter(lambda text: not any(mark in text for mark in "\\{}`~'-")))
def test_prose_without_markup_is_left_alone(source: str) -> None:
    assert plain_text(source) == " ".join(source.split())


def test_the_prose_of_the_sample_is_what_the_page_shows() -> None:
    """But for the braces around what the page doesn't know, the brackets around notes, and where links lead."""
    texts = []
    for record in read_lines(shared("arxiv/arxiv-metadata-sample.jsonl.gz")):
        assert isinstance(record.value, Paper)
        texts += [record.value.title, record.value.abstract, record.value.comment or ""]
    for text, (_, seen) in zip(texts, on_the_page(texts), strict=True):
        if "\\href" not in text and "\\hyperlink" not in text:
            shown = "".join("\ufffc" if formula else part for formula, part in resolved_parts(text))
            assert bare(shown) == bare(seen), text


def bare(text: str) -> str:
    return re.sub(r"[{}()\s]", "", text)


@pytest.mark.parametrize(
    "part", ["\\", "$", "{", "\\begin{a}", "\\( ", "\\cite[", "\\textbf ", "`", "- ", "\\footnote{"]
)
def test_what_repeats_without_end_takes_no_longer_than_the_text_is_long(part: str) -> None:
    assert plain_text(part * (100_000 // len(part))) is not None


def test_real_titles_lose_no_mathematics() -> None:
    for count, record in enumerate(read_lines(shared("arxiv/arxiv-metadata-sample.jsonl.gz"))):
        if count == 2000:
            break
        title = getattr(record.value, "title")  # noqa: B009  # a record that is an error fails here, as it should
        assert plain_text(title).count("$") == title.count("$") or "\\$" in title
