"""What the browser benchmarks share: real abstracts, MathJax as it comes, and our element, on pages of one server."""

import gzip
import html
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import launch
from tests.browser.site import MATH_TEXT, Site, serving
from tests.shared import SHARED

# MathJax's defaults, but for the dollar signs and for its font, which is served beside it.
AS_IT_COMES = """window.MathJax = {
    loader: {load: LOAD, paths: {'mathjax-newcm': '/static/vendor/mathjax-newcm-font'}},
    tex: {inlineMath: {'[+]': [['$', '$']]}}, startup: {typeset: false},
};"""


@contextmanager
def chromium() -> Iterator[tuple[Browser, Site]]:
    """A browser whose clocks and heap can be read, and a server."""
    with sync_playwright() as playwright, serving() as site:
        browser = launch(playwright, "--enable-precise-memory-info", "--js-flags=--expose-gc")
        try:
            yield browser, site
        finally:
            browser.close()


def abstracts(count: int, at_least: int = 4) -> list[str]:
    """Real abstracts, each with this many dollar signs or more."""
    found: list[str] = []
    with gzip.open(SHARED / "arxiv/arxiv-metadata-sample.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            abstract = str(json.loads(line)["abstract"])
            if abstract.count("$") >= at_least:
                found.append(abstract)
            if len(found) == count:
                break
    return found


def ours(browser: Browser, site: Site, texts: list[str], script: str = "") -> Page:
    """A page of our element with these texts; `script` runs before anything else."""
    body = "\n".join(
        '<article class="paper"><math-text class="abstract notranslate" translate="no" format="latex">'
        f"{html.escape(text, quote=False)}</math-text></article>"
        for text in texts
    )
    page = _new_page(browser, script)
    page.goto(site.page(body, MATH_TEXT, strict=False))
    page.evaluate("customElements.whenDefined('math-text')")
    return page


def as_it_comes(browser: Browser, site: Site, load: list[str], script: str = "") -> Page:
    """An empty page with MathJax, nothing of it changed."""
    page = _new_page(browser, script)
    page.add_init_script(AS_IT_COMES.replace("LOAD", json.dumps(load)))
    page.goto(site.page("", '<script src="/static/vendor/mathjax/tex-chtml.js"></script>', strict=False))
    page.wait_for_function("() => window.MathJax?.startup?.promise")
    page.evaluate("() => MathJax.startup.promise")
    return page


def _new_page(browser: Browser, script: str) -> Page:
    page = browser.new_context(viewport={"width": 1000, "height": 800}).new_page()
    page.set_default_timeout(600_000)
    if script:
        page.add_init_script(script)
    return page


def source(path: Path) -> str:
    """The text of a script."""
    return path.read_text(encoding="utf-8")
