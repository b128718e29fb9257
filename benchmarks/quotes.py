"""How many true quotes are refused when they were copied from another reader of the same PDF.

    python -m benchmarks.quotes [--quotes 300]

The papers written for the tests of LaTeXML's pages are typeset by pdfLaTeX. Runs of 12 words are taken from what
pypdf and pdfminer read in each PDF (extra `bench`) and looked up in what Quire reads there, citing the page they
stand on. Counted are the outcomes, of quotes of prose alone and of those with formulas, tables or headings in them,
which each reader puts in an order of its own; "missing" is a refusal. Needs `pdflatex` with the classes and packages
that these papers use (Debian: texlive-latex-extra, texlive-publishers, texlive-fonts-recommended).
"""

import argparse
import io
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from app.asking.quotes import QuoteChecker, Written
from app.papers.fulltext.pdf import read_pdf
from tests.papers.fulltext.latexml_pages import WORDS as PROSE
from tests.papers.fulltext.latexml_pages import Source, sources

WORDS = 12
PROSE_WORDS = frozenset(PROSE)

Pages = Callable[[bytes], list[str]]


def typeset(source: Source) -> bytes:
    """A paper as pdfLaTeX sets it, its references resolved. Raises FileNotFoundError where there is no PDF."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "paper.tex")
        path.write_text(source.tex, encoding="utf-8")
        for _ in range(2):
            subprocess.run(
                ["pdflatex", "-interaction=batchmode", "paper.tex"],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=300,
                check=False,
            )
        return Path(folder, "paper.pdf").read_bytes()


def read_by_pypdf(content: bytes) -> list[str]:
    """The text of each page."""
    pypdf = import_module("pypdf")
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]


def read_by_pdfminer(content: bytes) -> list[str]:
    """The text of each page."""
    pdfminer = import_module("pdfminer.high_level")
    return str(pdfminer.extract_text(io.BytesIO(content))).split("\f")[:-1]


READERS: dict[str, Pages] = {"pypdf": read_by_pypdf, "pdfminer": read_by_pdfminer}


def taken_from(pages: list[str], chance: random.Random) -> Written | None:
    """Some words in a row of a random page, with its anchor; None where the page has too few."""
    number = chance.randrange(len(pages))
    words = pages[number].split()
    if len(words) <= WORDS:
        return None
    start = chance.randrange(len(words) - WORDS)
    return Written(" ".join(words[start : start + WORDS]), (f"page-{number + 1}",), 0)


def main() -> None:
    """Prints the outcomes by reader."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quotes", type=int, default=300, help="quotes of each reader")
    parser.add_argument("--show", action="store_true", help="print the quotes that were refused")
    arguments = parser.parse_args()
    with ThreadPoolExecutor(2) as threads:
        documents = list(threads.map(typeset, sources()))
    checkers = [QuoteChecker(read_pdf(document, 1)) for document in documents]
    for name, read in READERS.items():
        try:
            pages = [read(document) for document in documents]
        except ImportError as error:
            print(f"{name}: missing ({error})", file=sys.stderr)
            continue
        chance = random.Random(3)
        outcomes: dict[str, Counter[str]] = {"prose": Counter(), "with formulas or tables": Counter()}
        while min(counts.total() for counts in outcomes.values()) < arguments.quotes:
            paper = chance.randrange(len(documents))
            written = taken_from(pages[paper], chance)
            if written is None:
                continue
            prose = all(word.strip(".,") in PROSE_WORDS for word in written.words.split())
            counts = outcomes["prose" if prose else "with formulas or tables"]
            if counts.total() == arguments.quotes:
                continue
            status = checkers[paper].check(written).status
            counts[status] += 1
            if arguments.show and status not in ("exact", "elsewhere"):
                print(f"  {status}: {written.words}")
        for kind, counts in outcomes.items():
            shares = ", ".join(
                f"{status} {100 * count / counts.total():.1f} %" for status, count in counts.most_common()
            )
            print(f"{name}, {counts.total()} quotes of {WORDS} words, {kind}: {shares}", flush=True)


if __name__ == "__main__":
    main()
