"""Skimming a list: titles alone, links, what a key did, all of a list marked as read, and notes that are never lost."""

from playwright.sync_api import Route, expect

from tests.browser.reader.conftest import ALL, OpenReader, ids

KEPT = """async (id) => new Promise((resolve) => {
    const opening = indexedDB.open('quire-shelf');
    opening.onsuccess = () => {
        const asked = opening.result.transaction('papers').objectStore('papers').get(id);
        asked.onsuccess = () => { opening.result.close(); resolve(asked.result?.note ?? ''); };
    };
})"""
MARKED = """() => new Promise((resolve) => {
    const opening = indexedDB.open('quire-shelf');
    opening.onsuccess = () => {
        const asked = opening.result.transaction('papers').objectStore('papers').getAll();
        asked.onsuccess = () => {
            opening.result.close();
            resolve(asked.result.filter((record) => record.read).length);
        };
    };
})"""


def test_titles_alone_fill_a_screen_and_open_one_by_one(open_reader: OpenReader) -> None:
    opened = open_reader(ALL, viewport={"width": 1280, "height": 1000})
    page = opened.page
    expect(page.locator("#papers .abstract").first).to_be_visible()
    page.keyboard.press("T")
    expect(page.locator("#papers .abstract").first).to_be_hidden()
    bottoms = page.eval_on_selector_all(
        "article.paper", "found => found.map((paper) => paper.getBoundingClientRect().bottom + scrollY)"
    )
    assert bottoms[24] < 1000, "25 titles are on one screen"
    first, second = ids(opened)[:2]
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(f"[id='{first}'] .abstract")).to_be_visible()
    expect(page.locator(f"[id='{second}'] .abstract")).to_be_hidden()
    page.reload()
    expect(page.locator("#papers .abstract").first).to_be_hidden()
    expect(page.locator("#titles")).to_have_text("With abstracts", use_inner_text=True)
    page.click("#titles")
    expect(page.locator("#papers .abstract").first).to_be_visible()
    assert opened.complaints == []


def test_titles_and_authors_lead_to_their_papers(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    first = ids(opened)[0]
    opened.page.click(f"[id='{first}'] h2 a")
    opened.page.wait_for_url(f"**/arxiv/{first}")
    opened.page.click(".authors a")
    opened.page.wait_for_url("**/search?q=au*")
    assert len(ids(opened)) == 25, "all papers of the library are hers"
    assert opened.page.input_value("#q") == 'au:"Emmy Noether"'


def test_what_a_key_did_is_said_wherever_one_is(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    first = ids(opened)[0]
    opened.page.keyboard.press("s")
    expect(opened.page.locator("#said")).to_have_text(f"Starred {first}")
    opened.page.keyboard.press("s")
    expect(opened.page.locator("#said")).to_have_text(f"Unstarred {first}")


def test_all_of_a_list_is_marked_as_read_and_that_is_undone(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    page = opened.page
    already = ids(opened)[0]
    page.click(f"[id='{already}'] [data-action='read']")
    expect(page.locator("#said")).to_contain_text("as read")
    assert len(ids(opened)) < 72, "not all of the list is on the page"
    held: list[Route] = []
    page.route("**/api/v1/papers?*", lambda route: held.append(route))
    page.click("#read-all")
    expect(page.locator("#said")).to_contain_text("Marking all of the list as read")
    for route in held:
        route.continue_()
    expect(page.locator("#said")).to_contain_text("71")
    assert page.evaluate(MARKED) == 72
    page.click("#said button")
    expect(page.locator(f"[id='{ids(opened)[1]}']")).not_to_have_class("paper read")
    page.wait_for_function(f"({MARKED})().then((count) => count === 1)")


def test_a_note_is_kept_as_it_is_typed_and_can_be_undone(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    page, first = opened.page, ids(opened)[0]
    button, field = f"[id='{first}'] [data-action='note']", ".note-editor [name=note]"
    page.click(button)
    expect(page.locator(field)).to_be_focused()
    page.fill(field, "Lemma 3")
    page.wait_for_function(f"({KEPT})('{first}').then((note) => note === 'Lemma 3')")
    page.reload()  # as if the tab had crashed: nothing was saved by hand
    expect(page.locator(f"[id='{first}'] .own")).to_have_text("Lemma 3")
    for leave in ("Escape", button):
        page.click(button)
        page.fill(field, f"left by {leave[:6]}")
        if leave == "Escape":
            page.keyboard.press("Escape")
        else:
            page.click(leave)
        expect(page.locator(".note-editor")).to_have_count(0)
        expect(page.locator(f"[id='{first}'] .own")).to_have_text(f"left by {leave[:6]}")
    page.click(button)
    page.fill(field, "")
    page.click(".note-editor [name=undo]")
    assert page.input_value(field) == f"left by {button[:6]}"
    page.click("#said button")
    assert page.input_value(field) == "", "the undo can be undone too"


def test_a_wrong_query_keeps_the_box_and_says_what_is_wrong(open_reader: OpenReader) -> None:
    opened = open_reader('/search?q=kernel+AND+AND+"walk"')
    assert opened.page.input_value("#q") == 'kernel AND AND "walk"'
    expect(opened.page.locator(".failure .detail")).to_contain_text("AND")


def test_a_search_is_narrowed_beside_its_box(open_reader: OpenReader) -> None:
    opened = open_reader("/search?q=paper")
    page = opened.page
    everywhere = page.inner_text("#own-count")
    page.fill(".narrowing [name=categories]", "math.PR")
    page.fill(".narrowing [name=since]", "2026-06-30")
    page.fill(".narrowing [name=until]", "2026-06-30")
    page.click(".find button[type=submit]")
    page.wait_for_url("**categories=math.PR**")
    assert page.inner_text("#own-count") == "Found: 4" != everywhere
    assert page.input_value(".narrowing [name=since]") == "2026-06-30"
    assert all("2026-06-30" in fact for fact in page.locator(".facts").all_inner_texts())
    page.click(".narrowing a")
    expect(page.locator("#own-count")).to_have_text(everywhere)


def test_a_version_that_is_newer_than_ones_visit_is_marked(open_reader: OpenReader) -> None:
    opened = open_reader(ALL, service_workers="block")
    page, first = opened.page, ids(opened)[0]
    page.click(f"[id='{first}'] [data-action='star']")
    expect(page.locator("#said")).to_contain_text("Starred")
    page.route(
        "**/arxiv/cs.AI*",
        lambda route: route.fulfill(
            response=(answer := route.fetch()),
            body=answer.text().replace(f'id="{first}"', f'id="{first}" data-updated="2999-01-01"'),
        ),
    )
    page.reload()
    expect(page.locator(f"[id='{first}'] .newer")).to_be_visible()
    expect(page.locator(".newer")).to_have_count(1)


def test_controls_are_large_enough_for_fingers(open_reader: OpenReader) -> None:
    opened = open_reader(ALL, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    small = opened.page.eval_on_selector_all(
        ".bar a, .bar button, .actions a, .actions button, .choices button",
        """found => found.filter((control) => control.checkVisibility()).map((control) => [
            control.textContent, control.getBoundingClientRect().height]).filter(([, height]) => height < 44)""",
    )
    assert small == []
    assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
