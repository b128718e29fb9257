"""At twice the size, on a laptop and on a telephone, pages scroll in one direction and the bar leaves room."""

import pytest

from tests.browser.reader.conftest import ALL, OpenReader
from tests.browser.reader.test_accessibility import PAGES

WIDE = """() => [...document.querySelectorAll('body *')]
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
    .filter((element) => element.closest('body > :not(.skip)'))
    .map((element) => element.outerHTML.slice(0, 80)).slice(0, 5)"""


@pytest.mark.parametrize("address", PAGES)
def test_no_page_is_wider_than_a_telephone_at_twice_its_size(open_reader: OpenReader, address: str) -> None:
    opened = open_reader(address, viewport={"width": 180, "height": 320}, device_scale_factor=2)
    for width in (180, 360):
        opened.page.set_viewport_size({"width": width, "height": 320})
        found = opened.page.evaluate("document.documentElement.scrollWidth")
        assert found <= width, opened.page.evaluate(WIDE)


def test_the_bar_leaves_a_low_window_when_one_reads_on(open_reader: OpenReader) -> None:
    opened = open_reader(ALL, viewport={"width": 720, "height": 400}, device_scale_factor=2)
    opened.page.mouse.move(300, 300)
    opened.page.mouse.wheel(0, 1500)
    opened.page.wait_for_function("scrollY > 500")
    assert opened.page.evaluate("document.querySelector('.bar').getBoundingClientRect().bottom") <= 0
