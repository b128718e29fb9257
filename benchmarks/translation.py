"""How many formulas a page translator spoils: a page that guards what it has typeset, under lazy typesetting, and ours.

    python -m benchmarks.translation [--papers 100] [--translator FILE]

The usual guard closes a block to translation, has it typeset, marks the formulas and opens the block again. Under
MathJax's lazy typesetting the promise is kept before the formulas are there, and later ones are never marked.
The translator is the tests' double, or another one with the same names; it runs from the start, and papers arrive 25 at
a time.
"""

import argparse
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.pages import abstracts, as_it_comes, chromium, ours, source
from tests.browser.site import ROOT

GUARDED = """async (texts) => {
    for (let start = 0; start < texts.length; start += 25) {
        const blocks = texts.slice(start, start + 25).map((text) => {
            const block = Object.assign(document.createElement('p'), {textContent: text, className: 'notranslate'});
            document.querySelector('main').append(block);
            return block;
        });
        await MathJax.typesetPromise(blocks);
        for (const block of blocks) {
            for (const formula of block.querySelectorAll('mjx-container')) formula.classList.add('notranslate');
            block.classList.remove('notranslate');
        }
    }
}"""
OURS = """async (texts) => {
    for (let start = 0; start < texts.length; start += 25) {
        document.querySelector('main').append(...texts.slice(start, start + 25).map((text) => {
            const block = document.createElement('math-text');
            block.textContent = text;
            return block;
        }));
        await new Promise((done) => setTimeout(done, 200));
    }
}"""
SCROLL = """async () => {
    scrollTo(0, 0);
    while (scrollY + innerHeight < document.documentElement.scrollHeight - 2) {
        scrollBy(0, 500);
        await new Promise((done) => setTimeout(done, 120));
    }
    await window.__translate.idle(600);
}"""
SPOILT = """() => {
    const formulas = [...document.querySelectorAll('mjx-container')];
    const blocks = [...document.querySelectorAll('main > p, main > math-text')];
    return [formulas.filter((formula) => formula.querySelector('font') || formula.textContent.includes('‹')).length,
            formulas.length, blocks.filter((block) => block.querySelector(':scope font')).length, blocks.length];
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=100)
    parser.add_argument("--translator", type=Path, default=ROOT / "tests/browser/math_text/translator.js")
    asked = parser.parse_args()
    texts = abstracts(asked.papers)
    translator = source(asked.translator)
    print("| page | formulas spoilt | of | texts translated | of |\n|---|---|---|---|---|")
    with chromium() as (browser, site):
        _row(
            "typeset lazily, guarded afterwards",
            as_it_comes(browser, site, ["ui/lazy"], translator),
            GUARDED,
            texts,
        )
        _row("<math-text>", ours(browser, site, [], translator), OURS, texts)


def _row(name: str, page: Page, show: str, texts: list[str]) -> None:
    page.evaluate("window.__translate.start()")
    page.evaluate(show, texts)
    page.evaluate(SCROLL)
    print(f"| {name} | " + " | ".join(map(str, page.evaluate(SPOILT))) + " |", flush=True)
    page.context.close()


if __name__ == "__main__":
    main()
