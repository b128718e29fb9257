"""Blocks of a PDF that pdfLaTeX made from article.tex, which was written for this test."""

from pathlib import Path

import pytest

from app.errors import SourceError
from app.papers.fulltext.pdf import read_pdf

PDF = Path(__file__).with_name("article.pdf").read_bytes()


def test_pages_are_paragraphs_with_the_number_of_their_page() -> None:
    text = read_pdf(PDF, 3)
    assert (text.source, text.version) == ("pdf", 3)
    assert {block.anchor for block in text.blocks} == {"page-1", "page-2", "page-3"}
    whole = {
        anchor: " ".join(block.text for block in text.blocks if block.anchor == anchor)
        for anchor in ("page-1", "page-2")
    }
    assert "3.25 steps are enough on average" in whole["page-1"]
    assert "convergence is well understood for convex functions" in whole["page-1"]
    assert "hyphenation becomes necessary in representative circumstances" in whole["page-2"]


def test_references_and_appendix_are_parts_of_their_own() -> None:
    blocks = read_pdf(PDF, 1).blocks
    parts = [
        next(block.part for block in blocks if words in block.text)
        for words in ("seven halvings", "The Art of Computer Programming", "Proofs of what was claimed")
    ]
    assert parts == ["body", "references", "appendix"]


@pytest.mark.parametrize("cut", [0, 9, 1000, len(PDF) // 2])
def test_a_damaged_pdf_is_refused_in_words(cut: int) -> None:
    with pytest.raises(SourceError, match=r"not a PDF, or it is damaged|no text"):
        read_pdf(PDF[:cut], 1)
