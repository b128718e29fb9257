"""What passes over a text takes time in proportion to it, whatever is repeated in it.

Time is that of this thread. Where four times the text takes far more than four times as long, a longer one has to
confirm it.
"""

import time
from collections.abc import Callable
from itertools import product

import pytest

from app.asking.folding import fold, substance
from app.normalization import compose
from app.papers.models import Author
from app.papers.plain_text import resolve, resolved_parts
from app.papers.search.schema import author_keys, terms
from app.papers.sources.names import read_names
from app.papers.tex import tex, title_text

SHORT = 1500

Pass = Callable[[str], object]

PASSES: list[tuple[str, Pass]] = [
    ("compose", compose),
    ("resolve", resolve),
    ("resolved_parts", resolved_parts),
    ("tex", tex),
    ("title_text", title_text),
    ("read_names", read_names),
    ("terms", lambda text: terms(text, "abstract")),
    ("author_keys", lambda text: author_keys(Author(text))),
    ("fold", fold),
    ("substance", substance),
]

WORDS = [
    r"\def\a{", r"\newcommand{\a}{", r"\DeclarePairedDelimiter\a{", r"\emph{", r"\cite[", r"\url{", r"\text{$", "$a ",
    "$$", r"\[", r"\begin{equation}", "{", "}", "`a ", "x-", "- ", "(", ")", "a", "Jr., ", "a, ", "\u0f73\u0f72",
]  # fmt: skip


def text_of(word: str, length: int) -> str:
    return word * (length // len(word))


def marks(length: int) -> str:
    """A letter with accents that are out of order."""
    return "a" + "\u0301" * (length // 2) + "\u0323" * (length // 2)


def closed_late(length: int) -> str:
    """Definitions within definitions, with code at the heart of them, so that none is one."""
    return r"\def\a{" * (length // 8) + "`" + "}" * (length // 8)


TEXTS: list[tuple[str, Callable[[int], str]]] = [
    ("accents", marks),
    ("nested definitions", closed_late),
    *((word, lambda length, word=word: text_of(word, length)) for word in WORDS),
]


def least(work: Pass, text: str) -> float:
    """Seconds of this thread's processor time, of two tries."""
    taken = []
    for _ in range(2):
        begun = time.thread_time()
        work(text)
        taken.append(time.thread_time() - begun)
    return min(taken)


def grows(work: Pass, text: Callable[[int], str]) -> bool:
    """Whether time grows faster than the text."""
    return all(
        least(work, text(4 * length)) > 8 * least(work, text(length)) + 0.002 for length in (SHORT, 4 * SHORT)
    )


def test_the_measure_finds_what_is_quadratic_and_clears_what_is_not() -> None:
    assert grows(lambda text: [text[at:].count("a") for at in range(len(text))], lambda length: "a" * length)
    assert not grows(lambda text: [text[at : at + 9] for at in range(len(text))], lambda length: "a" * length)


@pytest.mark.parametrize(
    ("work", "text"),
    [
        pytest.param(work, text, id=f"{name} of {kind}")
        for (name, work), (kind, text) in product(PASSES, TEXTS)
    ],
)
def test_time_grows_with_the_text_alone(work: Pass, text: Callable[[int], str]) -> None:
    assert not grows(work, text)
