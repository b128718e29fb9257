"""Every title and abstract of the sample in Chromium: formulas lost, TeX that fails, macros that are not known.

    python -m benchmarks.abstracts [--records 20004]

The formulas are counted a second time by a pattern that knows nothing of our scanner; where the two differ, the text's
beginning is printed, to be judged by eye. A macro that TeX does not know is drawn by its name, as its author wrote it.
"""

import argparse
import gzip
import json
import re
from collections import Counter
from itertools import islice
from typing import Any

from playwright.sync_api import Page

from benchmarks.pages import chromium, ours
from tests.shared import SHARED

BATCH = 400  # texts on a page at once
SIMPLE = re.compile(
    r"\\begin\{(equation\*?|align\*?)\}.+?\\end\{\1\}|\\\[.+?\\\]|\\\(.+?\\\)|\\."
    r"|\$\$[^$]+\$\$|\$(?:\\.|[^$\\])+\$",
    re.DOTALL,
)
SHOW = """async (texts) => {
    const {typesetAll} = await import('/static/math-text/math-text.js');
    document.querySelector('main').replaceChildren(...texts.map((text) => {
        const block = document.createElement('math-text');
        block.textContent = text;
        return block;
    }));
    await typesetAll({fonts: false});
    return [...document.querySelectorAll('math-text')].map((block) =>
        [...block.querySelectorAll('span.math')].map((span) => ({
            tex: span.dataset.tex,
            typeset: span.querySelectorAll(':scope > mjx-container').length === 1,
            failed: span.matches('.math-error') || span.querySelector('mjx-merror') !== null,
            unknown: [...span.querySelectorAll('mjx-assistive-mml mtext')].map((text) => text.textContent)
                .filter((text) => /^\\\\[A-Za-z]+$/.test(text)),
        })));
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_004)
    texts = _texts(parser.parse_args().records)
    marked = [text for text in texts if re.search(r"\$|\\\(|\\\[|\\begin", text)]
    formulas: list[dict[str, Any]] = []
    otherwise: list[tuple[str, list[str]]] = []
    with chromium() as (browser, site):
        page = ours(browser, site, [])
        for start in range(0, len(marked), BATCH):
            batch = marked[start : start + BATCH]
            for text, found in zip(batch, _show(page, batch), strict=True):
                formulas += found
                if len(found) != _count(text):
                    otherwise.append((text, [formula["tex"] for formula in found]))
    _report(len(texts), formulas, otherwise)


def _texts(records: int) -> list[str]:
    with gzip.open(SHARED / "arxiv/arxiv-metadata-sample.jsonl.gz", "rt", encoding="utf-8") as lines:
        found = [json.loads(line) for line in islice(lines, records)]
    return [str(record[field]) for record in found for field in ("title", "abstract")]


def _show(page: Page, texts: list[str]) -> list[list[dict[str, Any]]]:
    return list(page.evaluate(SHOW, texts))


def _count(text: str) -> int:
    return sum(1 for found in SIMPLE.finditer(text) if found[0][0] == "$" or len(found[0]) > 2)


def _report(texts: int, formulas: list[dict[str, Any]], otherwise: list[tuple[str, list[str]]]) -> None:
    unknown = Counter(name for formula in formulas for name in formula["unknown"])
    failed = [formula["tex"] for formula in formulas if formula["failed"] or not formula["typeset"]]
    print(f"{texts} texts, {len(formulas)} formulas, {len(failed)} that TeX refuses:")
    for tex in failed:
        print("  " + " ".join(tex.split()))
    print(f"{sum(unknown.values())} unknown macros, {len(unknown)} different:")
    print("  " + " ".join(f"{name} ({count})" for name, count in unknown.most_common()))
    print(f"{len(otherwise)} texts in which a simple pattern counts otherwise:")
    for text, found in otherwise:
        dollars = [" ".join(piece.split()) for piece in re.findall(r".{0,30}\$.{0,30}", text)]
        print(f"  {' | '.join(dollars)[:200]}\n      ours: {found}"[:400])


if __name__ == "__main__":
    main()
