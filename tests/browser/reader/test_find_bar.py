"""The find bar: what is typed chooses among the papers at once, in their source, and changes none of them."""

from playwright.sync_api import expect

from tests.browser.opened import Opened
from tests.browser.reader.conftest import ALL, OpenReader, ids, visible_ids

MARKED = "() => [...(CSS.highlights.get('find') ?? [])].map((range) => range.toString())"


def find(opened: Opened, words: str) -> None:
    opened.page.keyboard.press("Control+f")
    expect(opened.page.locator("#find-words")).to_be_focused()
    opened.page.keyboard.type(words)


def test_typing_leaves_the_papers_that_match_and_escape_brings_all_back(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    shown = ids(opened)
    find(opened, 'nothing "case 71"')
    (only,) = visible_ids(opened)
    assert "case 71" in opened.page.inner_text(f'[id="{only}"] .abstract')
    expect(opened.page.locator("#find-count")).to_have_text("1 of 72")
    shown = ids(opened)
    opened.page.fill("#find-words", "nothing -case")
    assert visible_ids(opened) == []
    opened.page.fill("#find-words", '"case 71" "case 70"')
    assert visible_ids(opened) == []
    opened.page.select_option("#find-join", "any")
    assert len(visible_ids(opened)) == 2
    opened.page.select_option("#find-way", "mark")
    assert visible_ids(opened) == shown
    opened.page.focus("#find-words")
    opened.page.keyboard.press("Escape")
    expect(opened.page.locator("#find-bar")).to_be_hidden()
    assert visible_ids(opened) == shown
    assert opened.page.evaluate(MARKED) == []


def test_the_key_is_the_browsers_when_pressed_in_the_bar(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    opened.page.evaluate(
        "addEventListener('keydown', (event) => { window.taken = event.defaultPrevented; }, false)"
    )
    opened.page.keyboard.press("Control+f")
    assert opened.page.evaluate("window.taken") is True
    opened.page.keyboard.press("Control+f")
    assert opened.page.evaluate("window.taken") is False


def test_the_rest_of_a_short_list_is_fetched_once_something_is_typed(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    opened.page.keyboard.press("Control+f")
    opened.page.wait_for_timeout(400)
    assert len(ids(opened)) == 25, "nothing is fetched before it is needed"
    opened.page.keyboard.type('"case 3."')
    expect(opened.page.locator("#find-count")).to_have_text("1 of 72")
    assert visible_ids(opened) == ["2606.00004"]
    expect(opened.page.locator("#find-all")).to_be_hidden()
    assert opened.page.locator("h2.day:visible").count() == 1
    opened.page.click("#find-close")
    assert len(visible_ids(opened)) == len(set(ids(opened))) == 72
    assert opened.page.locator("h2.day:visible").count() == 3


def test_a_list_without_end_is_fetched_when_asked_and_not_before(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    opened.page.evaluate("document.querySelector('#papers').dataset.total = 100_000")
    find(opened, '"case 3."')
    expect(opened.page.locator("#find-count")).to_have_text("0 of 25")
    opened.page.wait_for_timeout(400)
    assert len(ids(opened)) == 25
    opened.page.click("#find-all")
    expect(opened.page.locator("#find-count")).to_have_text("1 of 72")


def test_marks_touch_no_element_and_no_formula(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    opened.settle("article:nth-of-type(-n+2) math-text")
    before = opened.page.inner_html("#papers article")
    find(opened, "prove x log noether")
    opened.page.select_option("#find-join", "any")
    opened.page.wait_for_function(MARKED + ".length > 4")
    marked = {text.lower() for text in opened.page.evaluate(MARKED)}
    assert {"prove", "noether"} <= marked <= {"prove", "noether", "x", "log"}
    inside = opened.page.evaluate(
        """() => [...CSS.highlights.get('find')].filter(
            (range) => range.startContainer.parentElement.closest('.math')).length"""
    )
    assert inside == 0
    assert opened.page.inner_html("#papers article") == before


def test_what_a_translator_did_to_the_page_changes_nothing(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    opened.settle("article:nth-of-type(1) math-text")
    opened.page.evaluate(
        """() => { for (const text of document.querySelectorAll('.abstract')) text.textContent = '译文'; }"""
    )
    find(opened, '"case 71"')
    assert len(visible_ids(opened)) == 1


def test_the_hits_of_a_search_are_marked_also_after_the_find_bar(open_reader: OpenReader) -> None:
    opened = open_reader("/search?q=proved+au:noether+-survey")
    opened.page.wait_for_function(MARKED + ".length > 4")
    marked = {text.lower() for text in opened.page.evaluate(MARKED)}
    assert marked - {""} == {"prove", "noether"}, "a range is empty while its text is built again"
    find(opened, "keyword1")
    opened.page.wait_for_function(f"() => ({MARKED})().every((text) => text.toLowerCase() === 'keyword1')")
    opened.page.keyboard.press("Escape")
    opened.page.wait_for_function(f"() => ({MARKED})().some((text) => text === 'Noether')")
