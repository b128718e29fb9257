"""Python finds in a text the formulas that the page finds: both read the same texts here."""

import random

import pytest

from app.papers.formulas import find_formulas
from app.papers.sources.snapshot import read_lines
from tests.papers.page import on_the_page
from tests.shared import shared

PARTS = [
    *("$", "$", "$$", "$$$$", "$5", "$.75", "10", r"\(", r"\)", r"\[", r"\]", "{", "}", r"\text{", r"\mbox{", " "),
    *("  ", "\n", "\n\n", "x", "n=2", "^", "_", "|", "(", ")", '"', "the price", "and", "words", "中文", "é", "ℝ"),
    *(r"\begin{align}", r"\end{align}", r"\begin{cases}", r"\end{cases}", r"\alpha", r"\\", r"\$", r"\%", "&", "="),
    *("US", ",", r"\url{a$b}", r"\href{x}", ".", "-", "**", "A_", "HOME", "/", "sin", "> "),
]  # fmt: skip


def formulas(text: str) -> list[str]:
    return [text[start:end] for start, end in find_formulas(text)]


def compare(texts: list[str]) -> None:
    for text, (page, _) in zip(texts, on_the_page(texts), strict=True):
        assert formulas(text) == page, text


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("costs $5 per hour and $x^2$ steps, or $10", ["$x^2$"]),
        ("from $9.99 to $24.99, where $k$ is small", ["$k$"]),
        (r"a saving of US$ 3M by $\alpha$", [r"$\alpha$"]),
        (r"\(x\), \[y\] and $$z$$", [r"\(x\)", r"\[y\]", "$$z$$"]),
        (r"\begin{align*}a&=b\end{align*} and \begin{itemize}", [r"\begin{align*}a&=b\end{align*}"]),
        (r"$a \text{ for $b$ small}$", [r"$a \text{ for $b$ small}$"]),
        (r"\$5 and $x", []),
        ("son $ 5.000 y $ 6.000", []),
        ("from $5k-$10k", []),
        ("giá 5$/cái và 10$/hộp", []),
        ("the sum $2x+3y-$", ["$2x+3y-$"]),
        ("The answer is $1.$ Then", ["$1.$"]),
        ("between $1.$5 and more", []),
        (r"a $\framebox{$x$}$ b", [r"$\framebox{$x$}$"]),
        ("", []),
    ],
)
def test_formulas_are_found_and_money_is_not(source: str, found: list[str]) -> None:
    assert formulas(source) == found


def test_random_texts_are_read_as_the_page_reads_them() -> None:
    choice = random.Random(17)
    compare(["".join(choice.choices(PARTS, k=choice.randint(1, 16))) for _ in range(20_000)])


def test_every_abstract_of_the_sample_is_read_as_the_page_reads_it() -> None:
    texts = []
    for record in read_lines(shared("arxiv/arxiv-metadata-sample.jsonl.gz")):
        texts += [getattr(record.value, "title"), getattr(record.value, "abstract")]  # noqa: B009  # errors fail here
    compare(texts)


@pytest.mark.parametrize("part", PARTS)
def test_what_repeats_without_end_is_read_in_one_pass(part: str) -> None:
    assert find_formulas(part * (20_000 // len(part))) is not None
