"""Quotes looked up in a paper: what is altered never passes as exact."""

import pytest

from app.asking.quotes import QuoteChecker, written_quotes
from app.papers.fulltext.blocks import Block, PaperText

PAPER = PaperText(
    "html",
    1,
    (
        Block("S1.p1", "paragraph", "The method does not reach an accuracy of 95.2% on the second set, with $x<-3$."),
        Block("S2.p1", "paragraph", "We train on ten machines for three days and report the mean of five runs."),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ('"does not reach an accuracy of 95.2% on the second set" [S1.p1]', "exact"),
        ("“does not reach an  accuracy of 95.2% on the second set” [S1.p1]", "exact"),
        ('"train on ten machines for three days" [S1.p1]', "elsewhere"),
        ('"does not reach an accuracy of 95.3% on the second set" [S1.p1]', "repaired"),
        ('"does reach an accuracy of 95.2% on the second set, with" [S1.p1]', "repaired"),
        ('"does not reach an accuracy of 952% on the second set" [S1.p1]', "repaired"),
        ('"on the second set, with $x<3$" [S1.p1]', "repaired"),
        ('"nothing of this kind was ever written here" [S2.p1]', "missing"),
    ],
)
def test_an_altered_quote_is_never_exact(answer: str, status: str) -> None:
    (written,) = written_quotes(answer)
    assert QuoteChecker(PAPER).check(written).status == status
