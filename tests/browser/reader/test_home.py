"""The first page: one's own categories, chosen in three states, and what is new since one was here last."""

from playwright.sync_api import expect

from tests import library
from tests.browser.reader.conftest import OpenReader

ROWS = "#own li"
CHOICE = '#taxonomy button:has(.code:text-is("{}"))'


def test_own_categories_are_chosen_in_three_states_and_kept(open_reader: OpenReader) -> None:
    opened = open_reader("/")
    page = opened.page
    expect(page.locator("#own")).to_be_hidden()
    assert page.locator("#present li").count() > 4
    page.click("#edit")
    for code, presses in (("cs.AI", 1), ("cs.LG", 1), ("cs.CY", 2), ("cs.CL", 3)):
        for _ in range(presses):
            page.click(CHOICE.format(code))
    expect(page.locator(CHOICE.format("cs.CY"))).to_contain_text("out")
    expect(page.locator(ROWS)).to_have_count(3)
    page.reload()
    expect(page.locator(ROWS)).to_have_count(3)
    expect(page.locator("#present")).to_be_hidden()
    links = page.eval_on_selector_all("#own a", "found => found.map((link) => link.textContent)")
    assert links == ["cs.AI", "cs.LG", "cs.AI+cs.LG-cs.CY"]
    last = [record["categories"] for record in library.records() if record["update_date"] == library.DAYS[-1]]
    both = [names for names in last if ("cs.AI" in names or "cs.LG" in names) and "cs.CY" not in names]
    expect(page.locator(ROWS).last.locator(".count")).to_have_text(str(len(both)))
    assert opened.complaints == []
    assert not any("POST" in request for request in opened.requests)


def test_several_categories_together_show_their_own_newest_day(open_reader: OpenReader) -> None:
    page = open_reader("/").page
    page.click("#edit")
    for code in ("hep-ex", "math.DG"):
        page.click(CHOICE.format(code))
    expect(page.locator(ROWS).last).to_contain_text("hep-ex+math.DG")
    expect(page.locator(ROWS).last.locator(".count")).to_have_text("29 Jun 2")


def test_what_came_since_the_last_visit_is_counted_and_linked(open_reader: OpenReader) -> None:
    opened = open_reader("/")
    page = opened.page
    assert page.inner_text("#new") == "", "nothing is new to who comes for the first time"
    page.evaluate(
        """([day]) => localStorage.setItem('quire:visits', JSON.stringify(
            {last: null, current: {time: Date.now() - 2 * 3600_000, day}}))""",
        [library.DAYS[0]],
    )
    page.reload()
    expect(page.locator("#new a")).to_contain_text(f"{2 * library.PER_DAY} new")
    page.reload()
    expect(page.locator("#new a")).to_contain_text(f"{2 * library.PER_DAY} new")
    page.click("#new a")
    page.wait_for_url(f"**since={library.DAYS[1]}")
    assert page.locator("article.paper").count() == 25


def test_categories_are_called_in_the_language_of_the_page(open_reader: OpenReader) -> None:
    page = open_reader("/").page
    page.click("#edit")
    page.click(CHOICE.format("cs.AI"))
    expect(page.locator(ROWS)).to_contain_text("Artificial Intelligence")
    page.goto(page.url + "?lang=zh")
    expect(page.locator(ROWS)).to_contain_text("人工智能")
    page.click("#edit")
    expect(page.locator(CHOICE.format("math.DG"))).to_contain_text("微分几何")
