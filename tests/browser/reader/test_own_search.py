"""Searches among what one kept run in the browser, on ids: the server never learns of a star or a tag."""

from urllib.parse import unquote

from playwright.sync_api import expect

from tests.browser.opened import Opened
from tests.browser.reader.conftest import ALL, OpenReader, ids

FILL = """async ([ids, tagged]) => {
    const {shelf} = await import('/static/js/shelf/shelf.js');
    await shelf.ready();
    for (const id of ids) await shelf.set(id, {starred: '2026-07-01T00:00:00.000Z'});
    await shelf.set(tagged, {tags: ['To read']});
}"""


def kept(open_reader: OpenReader) -> tuple[Opened, list[str]]:
    opened = open_reader(ALL)
    starred = [f"2606.{number:05}" for number in range(1, 31)]
    opened.page.evaluate(FILL, [starred, "2606.00040"])
    return opened, starred


def test_stars_and_tags_are_searched_with_words_and_without(open_reader: OpenReader) -> None:
    opened, starred = kept(open_reader)
    for query, expected in {
        "in:starred": set(starred[:25]),
        "in:starred keyword3": {"2606.00004", "2606.00028"},
        'tag:"to read"': {"2606.00040"},
        "tag:other": set(),
        "keyword3 -in:starred tag:x": set(),
    }.items():
        opened.page.goto(f"{opened.address}/search")
        opened.page.fill("#q", query)
        opened.page.press("#q", "Enter")
        expect(opened.page.locator("#own-count")).to_contain_text("Found:")
        expect(opened.page.locator("article.paper")).to_have_count(len(expected))
        assert set(ids(opened)) == expected, query
    asked = [unquote(address) for address in opened.requests if "/api/" in address]
    assert not any("starred" in address or "tag:" in address for address in asked)
    assert opened.complaints == []


def test_what_cannot_be_parted_is_explained(open_reader: OpenReader) -> None:
    opened, _ = kept(open_reader)
    opened.page.goto(f"{opened.address}/search?q=keyword3+OR+in:starred")
    expect(opened.page.locator(".more")).to_contain_text("not inside OR")


def test_words_of_what_was_starred_are_preferred_by_a_press(open_reader: OpenReader) -> None:
    opened, _ = kept(open_reader)
    opened.page.goto(f"{opened.address}/starred")
    opened.page.click("#cloud summary")
    cost = opened.page.locator("#cloud-words button:text-is('cost')")
    expect(cost).to_have_attribute("title", "in 30 papers")
    cost.click()
    expect(cost).to_have_attribute("aria-pressed", "true")
    expect(opened.page.locator("#preferred")).to_have_value("cost")
    cost.click()
    expect(opened.page.locator("#preferred")).to_have_value("")


def test_a_picture_carries_the_ids_to_a_telephone(open_reader: OpenReader) -> None:
    opened, _ = kept(open_reader)
    opened.page.goto(f"{opened.address}/starred")
    expect(opened.page.locator("article.paper")).to_have_count(25)
    opened.page.click("#to-phone")
    picture = opened.page.locator("#code svg")
    expect(picture).to_have_attribute("aria-label", "1 of 1: 31 papers")
    expect(opened.page.locator("#only-here")).to_be_visible()
    drawn = picture.locator("path").get_attribute("d") or ""
    # The three corners by which a camera finds it, 4 modules from the edge.
    assert drawn.startswith("M4 4h1v1h-1zM5 4h1v1h-1z")
    opened.page.keyboard.press("Escape")
    expect(opened.page.locator("#to-phone")).to_be_focused()
