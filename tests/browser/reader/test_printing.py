"""Paper gets the papers: black on white, several a page, and nothing that can be pressed."""

import re
from collections.abc import Callable

import pytest

from tests.browser.opened import Opened
from tests.browser.reader.conftest import ALL, OpenReader

INTERFACE = (
    "a.skip, button, input, select, textarea, summary, nav, form.find, .bar, .choices, .actions, .more"
)
VISIBLE = """(selector) => [...document.querySelectorAll(selector)]
    .filter((element) => element.checkVisibility() && element.getClientRects().length > 0)
    .map((element) => element.outerHTML.slice(0, 80))"""


def _busy(opened: Opened) -> None:
    """A list with all that can be open on it."""
    for key in ("j", "t"):
        opened.page.keyboard.press(key)
    opened.page.wait_for_selector(".note-editor")
    opened.page.select_option("#sort", "words")
    opened.page.keyboard.press("Control+f")
    opened.page.keyboard.type("prove")


@pytest.mark.parametrize(
    ("address", "prepare"),
    [
        (ALL, _busy),
        ("/search?q=case", None),
        ("/arxiv/2606.09999", None),
        ("/starred#ids=2606.00001", lambda opened: opened.page.click("#cloud summary")),
        ("/preview", None),
    ],
)
def test_nothing_that_can_be_pressed_is_printed(
    open_reader: OpenReader, address: str, prepare: Callable[[Opened], object] | None
) -> None:
    opened = open_reader(address)
    if prepare:
        prepare(opened)
    opened.page.emulate_media(media="print")
    assert opened.page.evaluate(VISIBLE, INTERFACE) == []


def test_paper_is_white_and_its_letters_black(open_reader: OpenReader) -> None:
    opened = open_reader("/arxiv/2606.00001", color_scheme="dark")
    opened.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    opened.page.emulate_media(media="print", color_scheme="dark")
    colours = opened.page.evaluate(
        """() => ['.abstract', '.permalink', '.authors'].map((name) =>
            getComputedStyle(document.querySelector(name)).color)"""
    )
    assert colours[0] == "rgb(0, 0, 0)"
    assert all(int(channel) < 0x60 for colour in colours for channel in re.findall(r"\d+", colour))
    assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_several_papers_share_a_page_with_the_name_of_their_list(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    opened.page.wait_for_selector("math-text[state=ready]")
    shown = opened.page.locator("article.paper").count()
    printed = opened.page.pdf(format="A4", prefer_css_page_size=True)
    pages = len(re.findall(rb"/Type\s*/Page\b", printed))
    assert shown >= 25
    assert 1 < pages <= shown / 4
    opened.page.emulate_media(media="print")
    assert opened.page.evaluate("document.querySelector('h1').getBoundingClientRect().height") > 16


def test_all_authors_are_printed(open_reader: OpenReader) -> None:
    opened = open_reader("/arxiv/2606.09999")
    opened.page.emulate_media(media="print")
    assert "Name44" in opened.page.locator(".authors").inner_text()
