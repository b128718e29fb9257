"""Pages of a running server as a reader opens them, each test in a browser profile of its own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.opened import Opened

OpenReader = Callable[..., Opened]

ALL = "/arxiv/cs.AI+cs.LG+math.PR+cond-mat.mtrl-sci+cs.CL"
"""A list of 72 papers: three pages, three days."""


@pytest.fixture
def open_reader(browser: Browser, library_address: str) -> Iterator[OpenReader]:
    """Opens an address of the server; options go to the browser's context, one for each test."""
    contexts = []

    def open_one(address: str, *, beside: Opened | None = None, **options: Any) -> Opened:
        if beside is None:
            options = {"viewport": {"width": 1000, "height": 800}, "locale": "en-GB", **options}
            contexts.append(browser.new_context(**options))
            context = contexts[-1]
        else:
            context = beside.page.context
        opened = Opened(context.new_page(), library_address)
        opened.page.goto(library_address + address)
        return opened

    yield open_one
    for context in contexts:
        context.close()


def ids(opened: Opened) -> list[str]:
    """The papers on the page, in order."""
    return list(opened.page.eval_on_selector_all("article.paper", "found => found.map((paper) => paper.id)"))


def visible_ids(opened: Opened) -> list[str]:
    """The papers on the page that are not hidden."""
    return list(
        opened.page.eval_on_selector_all("article.paper:not([hidden])", "found => found.map(({id}) => id)")
    )


def current(opened: Opened) -> str:
    """The paper that the keyboard is at, which has the focus too."""
    found = opened.page.eval_on_selector_all(
        ".paper.current", "found => found.map((paper) => [paper.id, paper === document.activeElement])"
    )
    assert [focused for _, focused in found] == [True]
    return str(found[0][0])
