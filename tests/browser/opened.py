"""A page under test, with words for what the tests ask of it."""

import html
import json
from collections.abc import Iterable
from typing import Any

from playwright.sync_api import ConsoleMessage, Dialog, Error, Page, Request, TimeoutError

SETTLED = """(selector) => [...document.querySelectorAll(selector)].every(
    (text) => ['ready', 'failed'].includes(text.getAttribute('state')))"""

WAITING = """(selector) => ({
    visibility: document.visibilityState,
    texts: [...document.querySelectorAll(selector)].map((text) => text.getAttribute('state')),
    formulas: [...document.querySelectorAll('span.math')].filter((span) => !span.querySelector('mjx-container'))
        .map((span) => span.dataset.tex).slice(0, 9) })"""

PATIENCE = 90_000
"""How long a page is waited for, in milliseconds: other tests run beside these, on few cores."""


class Opened:
    """A Playwright page that remembers the requests, complaints and dialogs since it was opened."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE)
        self.address = address
        self.requests: list[str] = []
        self.unanswered: set[str] = set()
        self.complaints: list[str] = []
        self.dialogs: list[str] = []
        page.on("request", self._requested)
        page.on("requestfinished", self._answered)
        page.on("requestfailed", self._answered)
        page.on("console", self._said)
        page.on("pageerror", self._broke)
        page.on("dialog", self._asked)

    def _requested(self, request: Request) -> None:
        self.requests.append(request.url)
        self.unanswered.add(request.url)

    def _answered(self, request: Request) -> None:
        self.unanswered.discard(request.url)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _asked(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _broke(self, error: Error) -> None:
        self.complaints.append(str(error))

    @property
    def foreign_requests(self) -> list[str]:
        """What went to another host."""
        return [url for url in self.requests if not url.startswith((self.address, "data:", "blob:"))]

    def settle(self, selector: str = "math-text", timeout: float = PATIENCE) -> None:
        """Wait until none of these texts waits any more; far ones wait until they come near."""
        try:
            self.page.wait_for_function(SETTLED, arg=selector, timeout=timeout)
        except TimeoutError as error:
            error.add_note(f"what waits: {self.page.evaluate(WAITING, selector)}")
            error.add_note(f"complaints: {self.complaints}; not answered: {sorted(self.unanswered)}")
            raise

    def typeset_all(self) -> None:
        """Typeset what is far from the viewport too."""
        self.page.evaluate("async () => (await import('/static/math-text/math-text.js')).typesetAll()")
        self.settle()

    def load_fonts_for_printing(self) -> None:
        """Wait until the page has used its idle time to load the parts of the font that printing needs."""
        self.page.evaluate(
            """async () => {
                const parts = MathJax.startup.document.outputJax.font.constructor.dynamicFiles;
                // The page loads them one after another, and this one last.
                while (!parts.variants.promise) await new Promise((done) => setTimeout(done, 20));
                await parts.variants.promise;
            }"""
        )

    def show(self, source: str, format: str = "markdown") -> None:
        """Replace the page's content by one text, and wait for it."""
        self.page.evaluate(
            """([source, format]) => {
                const text = document.createElement('math-text');
                text.setAttribute('format', format);
                text.source = source;
                document.querySelector('main').replaceChildren(text);
            }""",
            [source, format],
        )
        self.settle()

    def formulas(self, selector: str = "math-text") -> list[dict[str, Any]]:
        """The formulas of a text in order: tex, display, and whether each is typeset or in error."""
        found = self.page.evaluate(
            """(selector) => [...document.querySelectorAll(`${selector} span.math`)].map((span) => ({
                tex: span.dataset.tex, display: 'display' in span.dataset,
                typeset: span.querySelectorAll(':scope > mjx-container').length === 1,
                error: span.classList.contains('math-error'), text: span.textContent }))""",
            selector,
        )
        return list(found)

    def visible_text(self, selector: str = "math-text", formula: str = "\ufffc") -> str:
        """The text of an element with each formula as one sign, white space collapsed."""
        text = self.page.evaluate(
            """([selector, sign]) => {
                const copy = document.querySelector(selector).cloneNode(true);
                for (const span of copy.querySelectorAll('span.math')) span.replaceWith(sign);
                return copy.textContent;
            }""",
            [selector, formula],
        )
        return " ".join(str(text).split())


def text_block(source: str, format: str = "latex", kind: str = "abstract") -> str:
    """A text as the server sends it."""
    return (
        f'<math-text class="{kind} notranslate" translate="no" lang="en" format="{format}">'
        f"{html.escape(source, quote=False)}</math-text>"
    )


def papers(records: Iterable[dict[str, Any]]) -> str:
    """A list of papers as the server sends it, titles and abstracts."""
    return "\n".join(
        f'<article class="paper"><h2>{text_block(record["title"], kind="title")}</h2>'
        f"{text_block(record['abstract'])}</article>"
        for record in records
    )


def quoted(text: str) -> str:
    """A text as a JavaScript string."""
    return json.dumps(text)
