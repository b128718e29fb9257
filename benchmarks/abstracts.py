"""Every title and abstract of the sample in Chromium: formulas lost, TeX that fails, macros that are not known.

    python -m benchmarks.abstracts [--records 20004] [--markdown FOLDER…]

The formulas are counted a second time by a pattern that knows nothing of our scanner; where the two differ, the text's
beginning is printed, to be judged by eye. A formula with a macro that nothing defines is shown as its source. With
folders of Markdown, their files are read in place of the sample.
"""

import argparse
import gzip
import json
import re
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from benchmarks.markdown_files import files
from benchmarks.pages import chromium, ours
from tests.shared import SHARED

BATCH = 400  # texts on a page at once
SIMPLE = re.compile(
    r"\\begin\{(equation\*?|align\*?)\}.+?\\end\{\1\}|\\\[.+?\\\]|\\\(.+?\\\)|\\."
    r"|\$\$[^$]+\$\$|\$(?:\\.|[^$\\])+\$",
    re.DOTALL,
)
UNKNOWN = r"Undefined control sequence (\\\S+)"
SHOW = """async ([texts, format]) => {
    const {typesetAll} = await import('/static/math-text/math-text.js');
    document.querySelector('main').replaceChildren(...texts.map((text) => {
        const block = document.createElement('math-text');
        block.setAttribute('format', format);
        block.source = text;
        return block;
    }));
    await typesetAll({fonts: false});
    return [...document.querySelectorAll('math-text')].map((block) =>
        [...block.querySelectorAll('span.math')].map((span) => ({
            tex: span.dataset.tex,
            typeset: span.querySelectorAll(':scope > mjx-container').length === 1,
            failed: span.matches('.math-error') || span.querySelector('mjx-merror') !== null,
            why: span.title,
        })));
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_004)
    parser.add_argument("--markdown", type=Path, nargs="+", default=[], metavar="FOLDER")
    options = parser.parse_args()
    format = "markdown" if options.markdown else "latex"
    if options.markdown:
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in files(options.markdown)]
    else:
        texts = _texts(options.records)
    marked = [text for text in texts if re.search(r"\$|\\\(|\\\[|\\begin", text)]
    formulas: list[dict[str, Any]] = []
    otherwise: list[tuple[str, list[str]]] = []
    with chromium() as (browser, site):
        page = ours(browser, site, [])
        size = 10 if options.markdown else BATCH
        for start in range(0, len(marked), size):
            batch = marked[start : start + size]
            for text, found in zip(batch, _show(page, batch, format), strict=True):
                formulas += found
                if not options.markdown and len(found) != _count(text):
                    otherwise.append((text, [formula["tex"] for formula in found]))
    _report(len(texts), formulas, otherwise)


def _texts(records: int) -> list[str]:
    with gzip.open(SHARED / "arxiv/arxiv-metadata-sample.jsonl.gz", "rt", encoding="utf-8") as lines:
        found = [json.loads(line) for line in islice(lines, records)]
    return [str(record[field]) for record in found for field in ("title", "abstract")]


def _show(page: Page, texts: list[str], format: str) -> list[list[dict[str, Any]]]:
    return list(page.evaluate(SHOW, [texts, format]))


def _count(text: str) -> int:
    return sum(1 for found in SIMPLE.finditer(text) if found[0][0] == "$" or len(found[0]) > 2)


def _report(texts: int, formulas: list[dict[str, Any]], otherwise: list[tuple[str, list[str]]]) -> None:
    unknown = Counter(name for formula in formulas for name in re.findall(UNKNOWN, formula["why"]))
    failed = [formula["tex"] for formula in formulas if formula["failed"] or not formula["typeset"]]
    print(f"{texts} texts, {len(formulas)} formulas, {len(failed)} that TeX refuses:")
    for tex in failed:
        print("  " + " ".join(tex.split())[:200])
    print(f"{sum(unknown.values())} of them for a macro that nothing defines, {len(unknown)} different:")
    print("  " + " ".join(f"{name} ({count})" for name, count in unknown.most_common()))
    print(f"{len(otherwise)} texts in which a simple pattern counts otherwise:")
    for text, found in otherwise:
        dollars = [" ".join(piece.split()) for piece in re.findall(r".{0,30}\$.{0,30}", text)]
        print(f"  {' | '.join(dollars)[:200]}\n      ours: {found}"[:400])


if __name__ == "__main__":
    main()
