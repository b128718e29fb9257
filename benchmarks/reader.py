"""What a reader waits for, in Chromium on loopback: a first paint and the find bar, with 1,000 papers on the list.

    python -m benchmarks.reader

The papers are real abstracts. First contentful paint is the browser's own figure, the median of several loads of a
page of the running server (25 papers) and of a page that holds all 1,000. For the find bar, words are typed letter by
letter; a time is from the input to the layout of what it leaves.
"""

import argparse
import gzip
import itertools
import json
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import launch
from tests.browser.site import serving as site
from tests.server import quire, serving
from tests.shared import SHARED

PAPERS = 1000
EVERYTHING = (
    "/arxiv/cs+math+physics+stat+eess+quant-ph+cond-mat+astro-ph+hep-th+hep-ph+q-bio+econ+q-fin+gr-qc"
)
PAINT = """() => new Promise((resolve) => {
    const read = () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
    const look = () => read() ? resolve(read()) : requestAnimationFrame(look);
    look();
})"""
TIMED = """(words) => {
    const input = document.getElementById('find-words'), times = [];
    for (let end = 1; end <= words.length; end += 1) {
        input.value = words.slice(0, end);
        const start = performance.now();
        input.dispatchEvent(new Event('input', {bubbles: true}));
        document.body.getBoundingClientRect();
        times.push(performance.now() - start);
    }
    return times;
}"""
# The page with all papers of the list on it: what one has after scrolling to the thousandth.
GROWN = """async (count) => {
    const {more} = await import('/static/js/reader/list.js');
    while (document.querySelectorAll('article.paper').length < count && await more({many: true}));
    return document.querySelectorAll('article.paper').length;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--loads", type=int, default=9, help="loads of each page")
    parser.add_argument("--words", default="neural network -graph", help="what is typed into the find bar")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data = _library(Path(folder))
        with serving(data) as address:
            browser = launch(playwright)
            paint(browser, address, arguments.loads)
            find(browser, address, arguments.words)
            browser.close()


def paint(browser: Browser, address: str, loads: int) -> None:
    """Alternates the list with a page of 1,000 articles, as a server without pages of 25 would send it."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(address + EVERYTHING)
    page.evaluate(GROWN, PAPERS)
    articles = page.evaluate(
        "() => [...document.querySelectorAll('article.paper')].map((paper) => paper.outerHTML).join('')"
    )
    head = page.content().split("<article")[0]
    page.close()
    whole = f"{head}{articles}</div></main></body></html>"
    with site() as plain:
        plain.pages["/whole"] = whole.encode()
        addresses = {"25 papers of 1,000": address + EVERYTHING, "1,000 papers": f"{plain.address}/whole"}
        times: dict[str, list[float]] = {name: [] for name in addresses}
        for _ in range(loads):
            for name, asked in addresses.items():
                fresh = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
                fresh.goto(asked, wait_until="commit")
                times[name].append(float(fresh.evaluate(PAINT)))
                fresh.wait_for_load_state("networkidle")
                fresh.context.close()
    for name, found in times.items():
        print(f"first contentful paint, {name}: {statistics.median(found):.0f} ms (worst {max(found):.0f})")


def find(browser: Browser, address: str, words: str) -> None:
    page: Page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(address + EVERYTHING)
    count = page.evaluate(GROWN, PAPERS)
    page.keyboard.press("Control+f")
    page.wait_for_selector("#find-bar:not([hidden])")
    times = sorted(page.evaluate(TIMED, words))
    print(
        f"find bar over {count} papers, {len(times)} letters: median {statistics.median(times):.1f} ms, "
        f"worst {times[-1]:.1f} ms"
    )
    page.close()


def _library(folder: Path) -> Path:
    """A data folder with the newest 1,000 papers of the sample."""
    with gzip.open(SHARED / "arxiv/arxiv-metadata-sample.jsonl.gz", "rt", encoding="utf-8") as lines:
        newest = list(itertools.islice(reversed(lines.readlines()), PAPERS))
    assert all("abstract" in json.loads(line) for line in newest[:10])
    file = folder / "papers.jsonl"
    file.write_text("".join(newest), encoding="utf-8")
    done = quire("papers", "import", file, data_dir=folder / "data")
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    return folder / "data"


if __name__ == "__main__":
    main()
