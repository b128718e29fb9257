"""Orders that only the browser knows: starred first, and what speaks of one's words; nothing is hidden by them."""

import re

from playwright.sync_api import expect

from tests.browser.reader.conftest import ALL, OpenReader, ids

STAR = '[id="{}"] [data-action="star"]'
FIRST = "#papers > article >> nth=0"


def test_starred_papers_come_first_and_the_lists_own_order_comes_back(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    before = ids(opened)
    starred = before[20]
    # Not by the mouse: after a leap over papers that were never laid out, the page settles under it for some frames.
    opened.page.locator(STAR.format(starred)).dispatch_event("click")
    expect(opened.page.locator(STAR.format(starred))).to_have_attribute("aria-pressed", "true")
    opened.page.select_option("#sort", "starred")
    expect(opened.page.locator(FIRST)).to_have_attribute("id", starred)
    expect(opened.page.locator("article.paper")).to_have_count(72)
    assert opened.page.locator("h2.day:visible").count() == 0
    opened.page.reload()
    expect(opened.page.locator(FIRST)).to_have_attribute("id", starred)
    opened.page.select_option("#sort", "announced")
    expect(opened.page.locator(FIRST)).to_have_attribute("id", before[0])
    assert ids(opened)[:25] == before
    assert opened.page.locator("h2.day:visible").count() == 3


def test_the_readers_words_order_the_whole_list_and_tell_why(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    opened.page.select_option("#sort", "words")
    expect(opened.page.locator("#preferred")).to_be_focused()
    opened.page.keyboard.type('"case 3."')
    expect(opened.page.locator(FIRST)).to_have_attribute("id", "2606.00004")
    expect(opened.page.locator("article.paper")).to_have_count(72)
    assert opened.page.inner_text(f"{FIRST} >> .why").strip() == "· case 3."
    assert len(set(ids(opened))) == 72
    opened.page.goto(opened.address + "/search?q=paper")
    opened.page.select_option("#sort", "words")
    expect(opened.page.locator("#preferred")).to_have_value('"case 3."')
    assert opened.complaints == []


def test_another_order_of_the_server_is_shown_once_it_is_chosen(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    opened.page.select_option("#sort", "published")
    opened.page.wait_for_url("**sort=published")
    expect(opened.page.locator("#sort")).to_have_value("published")


def test_papers_like_the_stars_come_first_and_the_words_that_speak_for_them_are_shown(
    open_reader: OpenReader,
) -> None:
    opened = open_reader(ALL)
    before = ids(opened)
    starred = before[7]
    opened.page.locator(STAR.format(starred)).dispatch_event("click")
    expect(opened.page.locator(STAR.format(starred))).to_have_attribute("aria-pressed", "true")
    opened.page.select_option("#sort", "like")
    expect(opened.page.locator(FIRST)).to_have_attribute("id", starred)
    expect(opened.page.locator(f"{FIRST} >> .why")).to_have_text(re.compile(r"· \w+"))
    expect(opened.page.locator("article.paper")).to_have_count(72)
    expect(opened.page.locator("#liking")).to_be_visible()
    opened.page.select_option("#sort", "announced")
    expect(opened.page.locator(FIRST)).to_have_attribute("id", before[0])
    assert opened.complaints == []


def test_without_stars_the_order_stays_and_it_is_said(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    before = ids(opened)
    opened.page.select_option("#sort", "like")
    expect(opened.page.locator("#said")).to_contain_text("Nothing is starred yet")
    assert ids(opened)[:25] == before[:25]
