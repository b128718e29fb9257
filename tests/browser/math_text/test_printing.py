"""On paper nothing scrolls: what is wide is made smaller, tables keep their heads, links show where they lead."""

from collections.abc import Callable

from tests.browser.opened import Opened, text_block

OpenPage = Callable[..., Opened]

PAPER = 640  # pixels between the margins of A4
WORDS = "This sentence is long enough to fill a line of the paper, with $a_{ij} \\le b$ in it. "
TERMS = [rf"\frac{{a_{{{n}}}}}{{b_{{{n}}}}}" for n in range(30)]
SUM = " + ".join(TERMS)
LONG_TABLE = "| n | $\\alpha$ | remark |\n|--:|---|---|\n" + "".join(
    f"| {n} | $\\alpha_{{{n}}}$ | {WORDS if n % 9 == 0 else 'short'} |\n" for n in range(80)
)
WIDE_TABLE = (
    f"| {' | '.join(f'column {n}' for n in range(14))} |\n{'|---' * 14}|\n"
    f"| {' | '.join('1.2345678' for _ in range(13))} | $\\sqrt{{{SUM}}}$ |\n"
)
WIDE = {
    "display": f"$${SUM}$$",
    "display with a number": rf"$${SUM} \tag{{1}}$$",
    "inline formula": rf"So $\sqrt{{{SUM}}}$ holds.",
    "display in a list in a quote": f"> - one\n>   - two\n>\n>     $${SUM}$$",
    "table": WIDE_TABLE,
    "table in a list": "- one\n\n" + "".join(f"  {line}\n" for line in WIDE_TABLE.splitlines()),
    "display in a table": f"| a | b |\n|---|---|\n| $${SUM}$$ | {WORDS} |",
    "long table": LONG_TABLE,
    "code": f"```\n{'word ' * 60}\n{'x' * 300}\n```",
    "address": f"https://example.org/{'a' * 200}",
}
BEYOND = """(width) => [...document.querySelectorAll('main *')]
    .filter((element) => !element.closest('mjx-assistive-mml'))
    .filter((element) => element.getBoundingClientRect().right > width + 1)
    .map((element) => `${element.localName}.${element.className} ${element.getBoundingClientRect().right}`)"""

SIZES = """() => [...document.querySelectorAll('mjx-math')].map((formula) => {
    const size = (element) => parseFloat(getComputedStyle(element).fontSize);
    const { width, height } = formula.getBoundingClientRect();
    return { size: size(formula) / size(formula.closest('math-text')), width, height };
})"""


def put_on_paper(opened: Opened, width: int = PAPER) -> None:
    """What the browser does before it prints, and its layout between the margins."""
    opened.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    opened.page.set_viewport_size({"width": width, "height": 900})
    opened.page.emulate_media(media="print")


def test_nothing_is_wider_than_the_paper(open_page: OpenPage) -> None:
    opened = open_page("")
    beyond = {}
    for kind, source in WIDE.items():
        opened.show(f"{WORDS}\n\n{source}\n\n{WORDS}")
        for width in (PAPER, 330):
            put_on_paper(opened, width)
            beyond[kind, width] = opened.page.evaluate(BEYOND, width)
        opened.page.emulate_media(media="screen")
        opened.page.set_viewport_size({"width": 1000, "height": 900})
    assert {kind: found for kind, found in beyond.items() if found} == {}


def test_a_text_that_never_came_near_is_within_the_paper_too(open_page: OpenPage) -> None:
    far = text_block(f"So $\\sqrt{{{SUM}}}$ holds.")
    opened = open_page("\n".join([*[text_block(WORDS * 5) for _ in range(40)], far]), height=400)
    opened.typeset_all()
    put_on_paper(opened)
    assert opened.page.evaluate(BEYOND, PAPER) == []


def test_a_formula_is_made_no_smaller_than_the_paper_asks(open_page: OpenPage) -> None:
    opened = open_page("")
    opened.show(f"$$x = 1$$\n\n$${' + '.join(TERMS[:20])}$$")
    put_on_paper(opened)
    small, wide = opened.page.evaluate(SIZES)
    assert small["size"] > 1
    assert 0.6 < wide["size"] / small["size"] < 0.9
    assert wide["width"] > 0.9 * PAPER


def test_a_formula_that_would_be_too_small_to_read_is_broken_into_lines(open_page: OpenPage) -> None:
    opened = open_page("")
    opened.show(f"$$x = 1$$\n\n$$\\begin{{equation}} {SUM + SUM} \\end{{equation}}$$")
    opened.page.evaluate("document.fonts.ready")
    one_line = opened.page.evaluate(SIZES)[1]
    put_on_paper(opened)
    small, wide = opened.page.evaluate(SIZES)
    assert wide["size"] > 0.9 * small["size"]
    assert wide["height"] > 2.5 * one_line["height"]
    assert "(1)" in opened.page.locator("mjx-math").last.inner_text()
    opened.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    opened.page.emulate_media(media="screen")
    assert opened.page.evaluate(SIZES)[1] == one_line


def test_a_long_table_has_its_head_on_every_page_and_parts_no_row(open_page: OpenPage) -> None:
    opened = open_page("")
    opened.show(LONG_TABLE)
    assert opened.page.locator("table.long").count() == 1
    put_on_paper(opened)
    shown = opened.page.evaluate(
        """() => ['table', 'thead', 'tbody', 'tr', 'td'].map((name) =>
            getComputedStyle(document.querySelector(`math-text ${name}`)).display)"""
    )
    assert shown == ["table", "table-header-group", "table-row-group", "table-row", "table-cell"]
    assert opened.page.evaluate("getComputedStyle(document.querySelector('tbody tr')).breakInside") == "avoid"


def test_the_screen_is_the_same_after_printing(open_page: OpenPage) -> None:
    opened = open_page("")
    opened.show("\n\n".join(WIDE.values()))
    boxes = """() => [...document.querySelectorAll('main *')].map((element) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return [element.localName, element.className, x, y, width, height];
    })"""
    before = opened.page.evaluate(boxes)
    opened.page.pdf()
    assert opened.page.locator("[style*='--ems']").count() >= len(WIDE) - 2  # printing was made ready for
    assert opened.page.evaluate(boxes) == before


def test_a_link_shows_where_it_leads_where_its_words_do_not(open_page: OpenPage) -> None:
    opened = open_page("")
    opened.show(
        "[Words](https://example.org/a), https://example.org/b, <https://example.org/c>, www.example.org"
    )
    put_on_paper(opened)
    after = opened.page.eval_on_selector_all(
        "main a", "links => links.map((link) => getComputedStyle(link, '::after').content)"
    )
    assert after == ['" (https://example.org/a)"', "none", "none", "none"]
