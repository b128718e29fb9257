"""Footnotes of Markdown: numbers in the order of reference, links both ways, one text's apart from another's."""

from collections.abc import Callable

import pytest

from tests.browser.math_text.test_math_text import collapsed
from tests.browser.opened import Opened, text_block

OpenPage = Callable[..., Opened]

TEXT = """First[^b], then[^a] and again[^b].

[^a]: The second, for $n>0$.
[^unused]: Named by nothing.
[^b]: The first.

    Its second paragraph $$x=y$$ names[^c] another.
[^c]: The third.

The end.
"""
SEEN = """() => [...document.querySelectorAll('math-text')].map((text) => ({
    marks: [...text.querySelectorAll('sup.note-mark > a')].map((link) => link.textContent),
    notes: [...text.querySelectorAll('section.notes > ol > li')].map((note) => note.innerText),
    isLast: text.lastElementChild.matches('section.notes') }))"""
LINKS = """() => [...document.querySelectorAll('.note-mark a, .note-back')].map((link) => {
    const goal = document.getElementById(link.hash.slice(1));
    const back = link.matches('.note-back');
    return goal !== null && goal.closest('math-text') === link.closest('math-text')
        && (back ? goal.textContent === String([...link.closest('ol').children].indexOf(link.closest('li')) + 1)
                 : [...goal.parentNode.children].indexOf(goal) + 1 === Number(link.textContent)); })"""
IDS = "() => [...document.querySelectorAll('[id]')].map((element) => element.id)"


def test_notes_are_numbered_in_the_order_of_reference_and_link_both_ways(open_page: OpenPage) -> None:
    opened = open_page(text_block(TEXT, "markdown") * 2)
    opened.settle()
    for seen in opened.page.evaluate(SEEN):
        assert seen["marks"] == ["1", "2", "1", "3"]
        first, second, third = (collapsed(note) for note in seen["notes"])
        assert first.startswith("The first. Its second paragraph")
        assert first.endswith("↩\ufe0e ↩\ufe0e2")
        assert second.startswith("The second, for")
        assert third == "The third. ↩\ufe0e"
        assert seen["isLast"]
    assert [formula["tex"] for formula in opened.formulas()] == ["x=y", "n>0"] * 2
    assert all(formula["typeset"] for formula in opened.formulas())
    links = opened.page.evaluate(LINKS)
    assert links == [True] * 16
    ids = opened.page.evaluate(IDS)
    assert len(ids) == len(set(ids))
    assert opened.complaints == []


def test_notes_follow_a_stream_that_pauses_and_goes_on(open_page: OpenPage) -> None:
    opened = open_page('<math-text format="markdown"></math-text>')
    shown = []
    for chunk in ("A[^x].\n\n[^x]: no", "te $x$\n\nB[^x][^y].\n\n", "[^y]: other\n\nC"):
        opened.page.evaluate("(chunk) => document.querySelector('math-text').append(chunk)", chunk)
        opened.settle()
        [seen] = opened.page.evaluate(SEEN)
        shown.append((seen["marks"], [note.split(" ")[0] for note in seen["notes"]], seen["isLast"]))
    assert shown == [
        (["1"], ["no"], True),
        (["1", "1"], ["note"], True),
        (["1", "1", "2"], ["note", "other"], True),
    ]
    assert [formula["typeset"] for formula in opened.formulas()] == [True]
    assert opened.page.evaluate(LINKS) == [True] * 6


@pytest.mark.parametrize(
    ("language", "name", "back"),
    [("en", "Footnotes", "Back to reference 1"), ("zh-CN", "脚注", "回到正文引用 1")],
)
def test_screen_readers_are_given_words_for_notes_in_the_page_s_language(
    open_page: OpenPage, language: str, name: str, back: str
) -> None:
    opened = open_page("")
    opened.page.evaluate("(language) => { document.documentElement.lang = language; }", language)
    opened.show("A[^1].\n\n[^1]: note")
    assert opened.page.locator("[role='doc-endnotes']").get_attribute("aria-label") == name
    assert opened.page.locator("[role='doc-backlink']").get_attribute("aria-label") == back


def test_a_note_that_names_itself_and_one_that_nothing_defines_do_no_harm(open_page: OpenPage) -> None:
    opened = open_page("")
    opened.show("A[^1] and [^none].\n\n[^1]: see[^1] and [^2]\n[^2]: and [^1]")
    assert opened.page.evaluate(SEEN)[0]["marks"] == ["1", "1", "2", "1"]
    assert "[^none]" in opened.visible_text()
    assert opened.page.evaluate(LINKS) == [True] * 8


def test_the_head_of_a_table_names_notes_and_links_that_come_after_it(open_page: OpenPage) -> None:
    opened = open_page("")
    opened.show(
        "| a[^1] | [b][link] |\n|---|---|\n| c | d[^2] |\n\n[^1]: one\n[^2]: two\n\n[link]: https://e.org"
    )
    seen = opened.page.evaluate(SEEN)[0]
    assert (seen["marks"], len(seen["notes"])) == (["1", "2"], 2)
    assert opened.page.locator("th a[href='https://e.org']").count() == 1
    assert opened.page.locator("thead").count() == 1
