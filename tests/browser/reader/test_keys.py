"""Every action has a key, and no key acts where it belongs to somebody else."""

import pytest
from playwright.sync_api import expect

from tests import library
from tests.browser.opened import Opened
from tests.browser.reader.conftest import ALL, OpenReader, current, ids

PRESSED = '[id="%s"] [data-action="%s"][aria-pressed="true"]'


def press(opened: Opened, *keys: str) -> None:
    for key in keys:
        opened.page.keyboard.press(key)


def test_j_and_k_walk_through_the_whole_list_with_the_focus(open_reader: OpenReader) -> None:
    opened = open_reader(ALL, reduced_motion="reduce")
    first, second, third, *_ = ids(opened)
    press(opened, "j")
    assert current(opened) == first
    press(opened, "j", "j")
    assert current(opened) == third
    top = opened.page.evaluate("document.activeElement.getBoundingClientRect().top")
    assert 0 < top < 120, "below the bar at the top"
    press(opened, "k")
    assert current(opened) == second
    press(opened, "k", "k")
    assert current(opened) == first
    for place in range(1, 27):
        opened.page.keyboard.press("j")
        opened.page.wait_for_function(
            "(place) => [...document.querySelectorAll('.paper')].indexOf(document.activeElement) === place",
            arg=place,
        )


def test_the_current_paper_is_opened_starred_and_marked_read_by_keys(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    press(opened, "j", "j", "s", "m")
    paper = current(opened)
    opened.page.wait_for_selector(PRESSED % (paper, "star"))
    opened.page.wait_for_selector(PRESSED % (paper, "read"))
    press(opened, "s")
    opened.page.wait_for_selector(f'[id="{paper}"] [data-action="star"][aria-pressed="false"]')
    with opened.page.context.expect_page() as opening:
        opened.page.context.route("https://arxiv.org/**", lambda route: route.fulfill(body="a PDF"))
        press(opened, "v")
    assert opening.value.url.startswith(f"https://arxiv.org/pdf/{paper}")
    opened.page.bring_to_front()
    press(opened, "Enter")
    opened.page.wait_for_url(f"**/arxiv/{paper}")


def test_c_copies_the_citation_and_says_so(open_reader: OpenReader) -> None:
    opened = open_reader(ALL, permissions=["clipboard-read", "clipboard-write"])
    press(opened, "j", "c")
    opened.page.wait_for_selector("#said:has-text('Copied the citation')")
    assert "@" in opened.page.evaluate("navigator.clipboard.readText()")
    opened.page.route("**/api/v1/cite*", lambda route: route.fulfill(status=503))
    press(opened, "c")
    opened.page.wait_for_selector("#said:has-text('could not be copied')")
    assert current(opened) == ids(opened)[0]


def test_the_help_lists_the_keys_and_gives_the_focus_back(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    press(opened, "j")
    paper = current(opened)
    press(opened, "?")
    dialog = opened.page.locator("dialog#keys")
    dialog.wait_for(state="visible")
    shown = dialog.locator("kbd").all_inner_texts()
    assert {"j", "k", "o", "Enter", "v", "s", "m", "c", "/", "?", "Esc", "g", "n", "p"} <= {
        name for text in shown for name in text.split()
    } | {"g"}
    press(opened, "j")
    press(opened, "Escape")
    dialog.wait_for(state="hidden")
    assert current(opened) == paper


def test_the_help_begins_with_its_first_key_in_a_low_window(open_reader: OpenReader) -> None:
    opened = open_reader(ALL, viewport={"width": 640, "height": 400})
    press(opened, "?")
    opened.page.wait_for_selector("#keys[open]")
    assert opened.page.evaluate("document.getElementById('keys').scrollTop") == 0
    assert opened.page.evaluate("document.getElementById('keys').contains(document.activeElement)")


def test_keys_lead_to_search_home_stars_and_other_days(open_reader: OpenReader) -> None:
    middle, last = library.DAYS[1:]
    opened = open_reader(f"/arxiv/cs.LG?date={middle}")
    press(opened, "n")
    opened.page.wait_for_url(f"**date={last}")
    press(opened, "p")
    opened.page.wait_for_url(f"**date={middle}")
    press(opened, "/")
    opened.page.wait_for_url("**/search")
    assert opened.page.evaluate("document.activeElement.id") == "q"
    opened.page.keyboard.type("jjs?")
    assert opened.page.input_value("#q") == "jjs?"
    assert opened.page.locator("dialog[open]").count() == 0
    opened.page.evaluate("document.activeElement.blur()")
    press(opened, "g", "h")
    opened.page.wait_for_url(opened.address + "/")
    opened.page.evaluate("document.activeElement.blur()")
    press(opened, "g", "s")
    opened.page.wait_for_url("**/starred")


@pytest.mark.parametrize("keys", ["Control+j", "Alt+j", "Meta+j"])
def test_keys_with_modifiers_are_the_browsers(open_reader: OpenReader, keys: str) -> None:
    opened = open_reader(ALL)
    press(opened, keys)
    assert opened.page.locator(".paper.current").count() == 0


def test_a_papers_own_page_has_the_keys_too_and_leaves_finding_to_the_browser(
    open_reader: OpenReader,
) -> None:
    opened = open_reader("/arxiv/math/0211159")
    press(opened, "s")
    opened.page.wait_for_selector(PRESSED % ("math/0211159", "star"))
    press(opened, "t")
    opened.page.wait_for_selector(".note-editor")
    press(opened, "Escape", "Control+f")
    assert opened.page.locator("#find-bar:visible").count() == 0
    press(opened, "?")
    opened.page.wait_for_selector("dialog#keys[open]")


def test_the_lists_own_actions_have_keys(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    page = opened.page
    page.evaluate("window.print = () => { window.printed = true; }")
    press(opened, "l")
    assert page.evaluate("document.activeElement.id") == "categories"
    page.evaluate("document.activeElement.blur()")
    press(opened, "r")
    assert page.evaluate("document.activeElement.id") == "sort"
    page.evaluate("document.activeElement.blur()")
    press(opened, "d")
    page.wait_for_selector("#calendar:popover-open a")
    press(opened, "Escape")
    expect(page.locator("#calendar-open")).to_be_focused()
    press(opened, "C")
    page.wait_for_selector("#cite-dialog[open]")
    press(opened, "Escape", "M")
    page.wait_for_selector("#menu:popover-open")
    press(opened, "Escape", "A")
    page.wait_for_selector("#said:has-text('72 papers')")
    assert page.locator(".paper.read").count() == 25
    press(opened, "P")
    page.wait_for_function("() => window.printed")
    assert page.locator(".math:not(:has(mjx-container))").count() == 0


def test_a_subject_is_added_and_left_out_by_the_keyboard(open_reader: OpenReader) -> None:
    opened = open_reader("/arxiv/cs.LG?sort=published")
    subject = opened.page.locator(".subject:text-is('cs.AI')").first
    subject.focus()
    press(opened, "Tab", "Tab")
    assert opened.page.evaluate("document.activeElement.textContent") == "− Leave out cs.AI"
    press(opened, "Enter")
    opened.page.wait_for_url("**/arxiv/cs.LG-cs.AI?sort=published")
    assert opened.page.locator(".subject:text-is('cs.AI')").count() == 0
