"""Blocks of pages that LaTeXML made from TeX written for these tests."""

import re
from collections import Counter
from pathlib import Path

import pytest

from app.papers.fulltext.latexml import read_latexml
from tests.papers.fulltext.latexml_pages import Source, kept_pages

PAGE = Path(__file__).with_name("page.latexml")


def test_each_block_has_its_anchor_and_each_formula_comes_once() -> None:
    blocks = read_latexml(PAGE.read_bytes(), "html", 1).blocks
    by_anchor = {block.anchor: block for block in blocks if block.kind != "caption"}
    assert by_anchor["abstract"].text == "We show $x^{2}$ is good."
    assert by_anchor["S1.E1"].text == "E=mc^{2}"
    assert by_anchor["S1.T1"].text == "A | $1.5$\nB | 2"
    assert by_anchor["footnote1"].kind == "footnote"
    assert by_anchor["A1"].part == "appendix"
    assert by_anchor["bib.bib1"].part == "references"
    whole = "\n".join(block.text for block in blocks)
    for tex in (
        "x^{2}",
        "a<b",
        "z_{1}",
        "E=mc^{2}",
        "n>1",
        r"\int_{0}^{1}f",
        "$1.5$",
        "$p$",
        "$q$",
        "$k$",
        "$i$",
    ):
        assert whole.count(tex) == 1


@pytest.fixture(scope="module")
def pages() -> list[tuple[Source, str]]:
    return list(kept_pages())


def test_each_formula_of_fifty_papers_arrives_exactly_once(pages: list[tuple[Source, str]]) -> None:
    assert len(pages) == 50
    for source, html in pages:
        text = "\n".join(block.text for block in read_latexml(html.encode(), "html", 1).blocks)
        arrived = Counter(int(number) for number in re.findall(r"_\{(\d{4})\}", text))
        assert arrived == Counter(source.formulas), source.name


def test_no_words_of_fifty_papers_are_lost_or_doubled(pages: list[tuple[Source, str]]) -> None:
    for source, html in pages:
        text = " ".join(
            " ".join(block.text for block in read_latexml(html.encode(), "html", 1).blocks).split()
        )
        assert [words for words in source.prose if text.count(words) != 1] == [], source.name


def test_each_block_can_be_opened_at_its_anchor(pages: list[tuple[Source, str]]) -> None:
    for source, html in pages:
        known = {"abstract", "title", "paper"} | set(re.findall(r'\bid="([^"]+)"', html))
        assert {block.anchor for block in read_latexml(html.encode(), "html", 1).blocks} <= known, source.name
