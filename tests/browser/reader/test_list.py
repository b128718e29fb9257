"""A list runs on to its end, each paper once, whatever happens on the way."""

from playwright.sync_api import Route, expect

from tests import library
from tests.browser.opened import Opened
from tests.browser.reader.conftest import ALL, OpenReader, ids

COUNT = len(library.DAYS) * library.PER_DAY
TO_THE_END = "() => window.scrollTo(0, document.body.scrollHeight)"


def scroll_until(opened: Opened, count: int) -> None:
    for _ in range(200):
        if len(ids(opened)) >= count:
            return
        opened.page.evaluate(TO_THE_END)
        opened.page.wait_for_timeout(50)
    raise AssertionError(f"{len(ids(opened))} papers came, not {count}")


def test_scrolling_shows_every_paper_once_and_says_that_it_was_all(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    assert len(ids(opened)) == 25
    scroll_until(opened, COUNT)
    opened.page.wait_for_selector(".more:has-text('That was all: 72 papers')")
    shown = ids(opened)
    assert len(set(shown)) == len(shown) == COUNT
    assert opened.page.locator("h2.day").count() == len(library.DAYS)
    numbers = opened.page.eval_on_selector_all(".facts", "found => found.map((p) => parseInt(p.textContent))")
    assert numbers == list(range(1, COUNT + 1))
    assert opened.complaints == []


def test_papers_that_arrive_twice_are_shown_once(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    first = opened.page.content()
    opened.page.route("**/*cursor=*", lambda route: route.fulfill(body=first, content_type="text/html"))
    opened.page.evaluate(TO_THE_END)
    opened.page.wait_for_timeout(400)
    assert len(ids(opened)) == 25


def test_without_script_the_end_is_a_link_to_the_next_papers(open_reader: OpenReader) -> None:
    opened = open_reader(ALL, java_script_enabled=False)
    seen = ids(opened)
    while opened.page.locator('.more a[rel="next"]').count():
        opened.page.click('.more a[rel="next"]')
        seen += ids(opened)
    assert len(set(seen)) == len(seen) == COUNT
    assert opened.page.locator("#words, .star:visible").filter(visible=True).count() == 0


def test_a_list_that_breaks_off_says_so_and_goes_on_when_asked(open_reader: OpenReader) -> None:
    opened = open_reader(ALL, viewport={"width": 1000, "height": 400})
    opened.page.context.set_offline(True)
    opened.page.evaluate(TO_THE_END)
    failed = opened.page.wait_for_selector(".more:has-text('could not be fetched')")
    assert failed
    shown = ids(opened)
    assert "could not be fetched" in opened.page.inner_text("#heard")
    opened.page.wait_for_timeout(300)
    assert ids(opened) == shown, "nothing is asked for again and again"
    opened.page.route("**/*cursor=*", lambda route: route.fulfill(status=503, body="busy"))
    opened.page.context.set_offline(False)
    opened.page.wait_for_selector(".more:has-text('could not be fetched')")
    opened.page.unroute("**/*cursor=*")
    opened.page.click('.more a[rel="next"]')
    scroll_until(opened, COUNT)
    assert len(set(ids(opened))) == COUNT


def test_a_list_goes_on_by_itself_when_the_network_is_back(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    opened.page.context.set_offline(True)
    opened.page.evaluate(TO_THE_END)
    opened.page.wait_for_selector(".more:has-text('could not be fetched')")
    shown = len(ids(opened))
    opened.page.context.set_offline(False)
    opened.page.wait_for_function("(count) => document.querySelectorAll('article').length > count", arg=shown)


def test_back_shows_the_paper_that_one_left_the_list_at(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    scroll_until(opened, COUNT)
    left = ids(opened)[60]
    top = f"() => document.getElementById('{left}').getBoundingClientRect().top"
    opened.page.evaluate("(id) => document.getElementById(id).scrollIntoView()", left)
    opened.page.wait_for_timeout(1000)
    before = opened.page.evaluate(top)
    opened.page.evaluate("(id) => document.getElementById(id).querySelector('.permalink').click()", left)
    opened.page.wait_for_selector("article.single")
    opened.page.go_back()
    opened.page.wait_for_function("() => document.querySelectorAll('article').length > 60")
    opened.page.wait_for_function(f"(before) => Math.abs(({top})() - before) < 40", arg=before)
    opened.page.wait_for_timeout(1500)
    assert abs(opened.page.evaluate(top) - before) < 40, "and stays there"
    assert len(set(ids(opened))) == len(ids(opened))


def test_focus_goes_to_the_first_new_paper_where_the_link_to_more_was_pressed(
    open_reader: OpenReader,
) -> None:
    opened = open_reader(ALL, viewport={"width": 1000, "height": 400})

    def slowly(route: Route) -> None:
        opened.page.wait_for_timeout(100)
        route.continue_()

    opened.page.route("**/*cursor=*", slowly)
    opened.page.focus('.more a[rel="next"]')
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_function("() => document.querySelectorAll('article').length > 25")
    opened.page.wait_for_function("() => document.activeElement.matches('article.paper')")
    focused = opened.page.evaluate("document.activeElement.id")
    assert ids(opened).index(focused) >= 25
    assert "more papers" in opened.page.inner_text("#heard")


def test_a_subject_that_is_touched_offers_plus_and_minus_and_touched_again_is_followed(
    open_reader: OpenReader,
) -> None:
    opened = open_reader("/arxiv/cs.AI+cs.LG", has_touch=True, viewport={"width": 390, "height": 800})
    page = opened.page
    subject = page.locator("#papers .subject", has_text="cs.LG").first
    subject.tap()
    expect(page.locator(".plus-minus a")).to_have_count(2)
    assert page.url.endswith("/arxiv/cs.AI+cs.LG")
    page.locator("#papers .abstract").first.tap()
    expect(page.locator(".plus-minus")).to_have_count(0)
    subject.tap()
    page.locator(".plus-minus a").last.tap()
    page.wait_for_url("**/arxiv/cs.AI+cs.LG-cs.LG")
    first = page.locator("#papers .subject").first
    code = first.inner_text()
    first.tap()
    first.tap()
    page.wait_for_url(f"**/arxiv/{code}")
    assert opened.complaints == []


def test_texts_seen_first_do_not_move_when_they_are_laid_out(open_reader: OpenReader) -> None:
    opened = open_reader(ALL, viewport={"width": 360, "height": 740}, service_workers="block")
    opened.page.route(
        "**/math-text.js", lambda route: route.abort()
    )  # formulas are not as wide as their source
    opened.page.reload()
    shift = opened.page.evaluate(
        """() => new Promise((done) => {
            let shift = 0;
            new PerformanceObserver((list) => list.getEntries().forEach((entry) => { shift += entry.value }))
                .observe({type: 'layout-shift', buffered: true});
            requestAnimationFrame(() => setTimeout(() => done(shift), 50));
        })"""
    )
    assert shift == 0
