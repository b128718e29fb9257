"""How long real abstracts take to show, and what they cost: our element beside MathJax as it comes, in one browser.

    python -m benchmarks.render [--papers 1000] [--only few|first|many]

MathJax's 1,000 papers take minutes; as it comes it typesets them all before one scrolls, and with its ui/lazy while one
does. Only the ratios mean anything on another machine.
"""

import argparse
from statistics import median

from playwright.sync_api import Browser, Page

from benchmarks.pages import abstracts, as_it_comes, chromium, ours
from tests.browser.site import Site

ROUNDS = 9
THEIRS = """async (texts) => {
    const blocks = texts.map((text) => Object.assign(document.createElement('p'), {textContent: text}));
    const began = performance.now();
    document.querySelector('main').append(...blocks);
    await MathJax.typesetPromise(blocks);
    return performance.now() - began;
}"""
OURS = """async (texts) => {
    const {typesetAll} = await import('/static/math-text/math-text.js');
    const {load} = await import('/static/math-text/mathjax.js');
    await load();
    const began = performance.now();
    document.querySelector('main').append(...texts.map((text) => {
        const block = document.createElement('math-text');
        block.textContent = text;
        return block;
    }));
    await typesetAll({fonts: false});
    return performance.now() - began;
}"""
# Long tasks and shifts of layout that the reader has not caused, from the page's very start.
WATCH = """window.tasks = []; window.shift = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => tasks.push(entry.duration)))
    .observe({type: 'longtask', buffered: true});
new PerformanceObserver((list) => list.getEntries().forEach((entry) => { shift += entry.value }))
    .observe({type: 'layout-shift', buffered: true});"""
SCROLL = """async () => {
    await new Promise((done) => setTimeout(done, 500));
    shift = 0;
    while (scrollY + innerHeight < document.documentElement.scrollHeight - 2) {
        scrollBy(0, 300);
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 40)));
    }
    await new Promise((done) => setTimeout(done, 1500));
}"""
LEFT = "() => document.querySelectorAll('span.math:not(.math-error):not(:has(mjx-container))').length"
FIRST_SCREEN = """() => new Promise((done) => {
    const look = () => {
        const near = [...document.querySelectorAll('math-text')].slice(0, 4);
        if (near.every((text) => text.getAttribute('state') === 'ready')) done(performance.now());
        else setTimeout(look, 2);
    };
    look();
})"""
HEAP = (
    "() => { for (let turn = 0; turn < 4; turn += 1) gc(); return performance.memory.usedJSHeapSize / 1e6; }"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=1000)
    parser.add_argument("--only", choices=["few", "first", "many"])
    options = parser.parse_args()
    papers = options.papers
    texts = abstracts(papers)
    with chromium() as (browser, site):
        print(f"| {'':44} | MathJax | ours | ratio |\n|---|---|---|---|")
        if options.only in (None, "few"):
            _few(browser, site, texts[:25])
        if options.only in (None, "first"):
            _first_screens(browser, site, texts)
        if options.only in (None, "many"):
            _many(browser, site, texts)


def _row(name: str, theirs: float, mine: float) -> None:
    print(f"| {name:44} | {theirs:.0f} | {mine:.1f} | 1/{theirs / mine if mine else 0:.1f} |", flush=True)


def _typeset(browser: Browser, site: Site, texts: list[str]) -> tuple[float, float]:
    page = as_it_comes(browser, site, [])
    theirs = float(page.evaluate(THEIRS, texts))
    page.context.close()
    page = ours(browser, site, [])
    mine = float(page.evaluate(OURS, texts))
    page.context.close()
    return theirs, mine


def _few(browser: Browser, site: Site, texts: list[str]) -> None:
    """Alternating rounds, and the medians of them, since a machine has other things to do now and then."""
    rounds = [_typeset(browser, site, texts) for _ in range(ROUNDS)]
    theirs, mine = (sorted(times) for times in zip(*rounds, strict=True))
    name = f"{len(texts)} abstracts typeset"
    _row(f"{name}, medians of {ROUNDS} rounds (ms)", median(theirs), median(mine))
    _row(f"{name}, the quickest of each (ms)", theirs[0], mine[0])
    _row(f"{name}, the slowest of each (ms)", theirs[-1], mine[-1])
    ratios = sorted(a / b for a, b in rounds)
    print(f"| ratios of the rounds | | | {', '.join(f'1/{ratio:.1f}' for ratio in ratios)} |", flush=True)


def _first_screens(browser: Browser, site: Site, texts: list[str]) -> None:
    few: list[float] = []
    many: list[float] = []
    for _ in range(5):
        for times, count in ((few, 25), (many, len(texts))):
            page = ours(browser, site, texts[:count])
            times.append(float(page.evaluate(FIRST_SCREEN)))
            page.context.close()
    a, b = sorted(few)[2], sorted(many)[2]
    print(
        f"| first screen of 25, of {len(texts)}, since navigation (ms) | {a:.0f} | {b:.0f} | {b / a:.2f}x |",
        flush=True,
    )


def _many(browser: Browser, site: Site, texts: list[str]) -> None:
    """All of them typeset, as for printing, and a reader who scrolls through them."""
    page = as_it_comes(browser, site, [], WATCH)
    theirs, their_heap = float(page.evaluate(THEIRS, texts)), float(page.evaluate(HEAP))
    page.evaluate(SCROLL)
    their_task = _longest_task(page)
    page.context.close()
    page = ours(browser, site, [])
    mine, heap = float(page.evaluate(OURS, texts)), float(page.evaluate(HEAP))
    page.context.close()
    _row(f"{len(texts)} abstracts, all typeset (ms)", theirs, mine)
    _row("heap after them (MB)", their_heap, heap)

    page = as_it_comes(browser, site, ["ui/lazy"], WATCH)
    page.evaluate(THEIRS, texts)
    page.evaluate(SCROLL)
    lazy_task, lazy_shift = _longest_task(page), float(page.evaluate("() => shift"))
    page.context.close()
    page = ours(browser, site, texts, WATCH)
    page.evaluate(FIRST_SCREEN)
    before = float(page.evaluate(HEAP))
    page.evaluate("() => { tasks.length = 0; }")
    page.evaluate(SCROLL)
    task, shift, after = _longest_task(page), float(page.evaluate("() => shift")), float(page.evaluate(HEAP))
    left = page.evaluate(LEFT)
    page.context.close()
    _row("longest task, those of typesetting counted (ms)", their_task, task)
    _row("longest task, MathJax with ui/lazy (ms)", lazy_task, task)
    print(
        f"| layout shift while scrolling, MathJax with ui/lazy | {lazy_shift:.4f} | {shift:.4f} | |\n"
        f"| heap before and after scrolling (MB) | | {before:.1f} and {after:.1f} | {after / before:.2f}x |\n"
        f"| formulas left untypeset | | {left} | |"
    )


def _longest_task(page: Page) -> float:
    return float(page.evaluate("() => Math.max(0, ...tasks)"))


if __name__ == "__main__":
    main()
