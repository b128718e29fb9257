"""Blocks of a page that LaTeXML made from page.tex, which was written for this test."""

from pathlib import Path

from app.papers.fulltext.latexml import read_latexml

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
