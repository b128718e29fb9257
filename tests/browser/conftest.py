"""One Chromium for all browser tests, and pages that report afterwards what they requested and complained of."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.chromium import launch
from tests.browser.opened import PATIENCE, Opened
from tests.browser.site import Site, serving

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium; without one the tests fail.

    It ends with this package: Playwright keeps an event loop running in this thread, which would refuse another
    to a later test that the same worker runs.
    """
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The repository's static files and pages of the tests' own, on loopback."""
    with serving() as site:
        yield site


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Callable[..., Opened]]:
    """Opens a page with a body of one's own, 1000 by 800 pixels unless said otherwise, in a context of its own."""
    contexts = []

    def open_one(
        body: str, *, width: int = 1000, height: int = 800, before: str | None = None, strict: bool = True
    ) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page: Page = context.new_page()
        opened = Opened(page, site.address)
        if before:
            page.add_init_script(before)
        page.goto(site.page(body, strict=strict))
        page.evaluate("customElements.whenDefined('math-text')")
        return opened

    yield open_one
    for context in contexts:
        context.close()
