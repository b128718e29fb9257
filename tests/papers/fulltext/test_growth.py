"""What a stranger's page or source may cost: time in proportion to it, or a refusal within bounds."""

import resource
import time
import tracemalloc

import pytest

from app.errors import InputError
from app.papers.fulltext.dropped import read_dropped
from app.papers.fulltext.plain_html import read_html
from app.papers.fulltext.tex_source import read_tex

WORDS = "<html><body><p>" + "word " * 60 + "</p>"
MOST = 64 << 20


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 200_000,
        "".join(f"<p><b a={number}></p>" for number in range(3000)) + "<p>a" * 20_000,
    ],
    ids=["elements within each other", "elements that HTML opens again in each paragraph"],
)
def test_a_page_that_is_made_to_be_slow_or_large_is_refused(page: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Its processor's time is over first, but where many share a processor the clock's may be.
    with pytest.raises(InputError, match=r"elements lie too deep|could not be read in 60 s"):
        read_dropped((WORDS + page).encode(), MOST)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024  # kilobytes


@pytest.mark.parametrize("unit", ["<ul><li>a", "<table><tr><td>a", "<dl><dd>a", "<div>", "<p>a"])
def test_elements_within_each_other_are_looked_at_once(unit: str) -> None:
    def seconds(count: int) -> float:
        page = (WORDS + unit * count).encode()
        begun = time.thread_time()
        read_html(page)
        return time.thread_time() - begun

    # The parser takes quadratic time in depth, but little of it at this size.
    assert seconds(4000) < 10 * seconds(1000) + 0.3


@pytest.mark.parametrize(
    "files",
    [
        {
            "main.tex": "\\documentclass{a}\\begin{document}" + "\\input{part}" * 400 + "\\end{document}",
            "part.tex": "word\n" * 500_000,
        },
        {
            "main.tex": "\\documentclass{a}\\newcommand{\\a}{" + "\\b" * 90 + "}\\newcommand{\\b}{" + "c " * 90
            + "}\\begin{document}" + "\\a " * 500_000 + "\\end{document}",
        },
    ],
    ids=["a file that is inserted by the hundred", "a macro of macros that is used by the million"],
)  # fmt: skip
def test_a_source_grows_to_a_bound(files: dict[str, str]) -> None:
    tracemalloc.start()
    try:
        text = read_tex(files)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(len(block.text) for block in text.blocks) <= 4_000_000
    assert peak < 200 << 20
