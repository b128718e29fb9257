"""What readers reported: formulas among other scripts, in nested lists, with commands of packages."""

import json

import pytest

from tests.browser.math_text.test_math_text import OpenPage, collapsed
from tests.browser.math_text.test_printing import put_on_paper
from tests.browser.opened import text_block
from tests.shared import shared

LEFT_TO_RIGHT = """() => [...document.querySelectorAll('span.math')].map((span) => {
    const signs = [...span.querySelectorAll('mjx-math mjx-mi, mjx-math mjx-mo, mjx-math mjx-mn')];
    const places = signs.map((sign) => sign.getBoundingClientRect().left);
    return places.every((place, index) => index === 0 || places[index - 1] < place); })"""


def test_the_reported_texts_hold_on_the_page(open_page: OpenPage) -> None:
    opened = open_page("")
    failures: list[object] = []
    for case in json.loads(shared("markdown/reports.json").read_text(encoding="utf-8")):
        opened.show(case["markdown"])
        formulas, visible = opened.formulas(), opened.visible_text()
        found = [(collapsed(formula["tex"]), formula["display"]) for formula in formulas]
        if case["name"] == "three dollars":
            assert not any(formula["error"] for formula in formulas)
        elif found != [(collapsed(formula["tex"]), formula["display"]) for formula in case["math"]]:
            failures.append((case["name"], found))
        failures += [(case["name"], "error", formula["tex"]) for formula in formulas if formula["error"]]
        failures += [(case["name"], text) for text in case["text_contains"] if collapsed(text) not in visible]
        for wanted in case["structure"]:
            if opened.page.locator(f"math-text {wanted['selector']}").count() != wanted["count"]:
                failures.append((case["name"], wanted))
        failures += [(case["name"], one) for one in case["forbidden"] if one.get("text", "\0") in visible]
        if case.get("left_to_right") and not all(opened.page.evaluate(LEFT_TO_RIGHT)):
            failures.append((case["name"], "not from left to right"))
    assert failures == []
    assert opened.complaints == []


@pytest.mark.parametrize(
    "around",
    ["<ul><li>{}</li></ul>", "# {}", "| {} | ب |\n|---|---|\n| ا | {} |", "> {}", "**{}**", "- أ\n\n  - {}"],
)
@pytest.mark.parametrize("words", ["إذا كان {} فإن", "אם {} אז", "اگر {} باشد"])
def test_formulas_run_from_left_to_right_in_prose_that_does_not(
    open_page: OpenPage, around: str, words: str
) -> None:
    opened = open_page("")
    opened.show(around.replace("{}", words.replace("{}", "$a<b+c-3$")))
    assert opened.formulas()
    assert all(opened.page.evaluate(LEFT_TO_RIGHT))


HIGHLIGHT = """() => {
    const range = new Range();
    range.selectNodeContents(document.querySelector('math-text'));
    CSS.highlights.set('found', new Highlight(range));
}"""
COPY = """() => {
    getSelection().selectAllChildren(document.querySelector('math-text'));
    const data = new DataTransfer();
    document.dispatchEvent(new ClipboardEvent('copy', {clipboardData: data, cancelable: true}));
    return data.getData('text/plain');
}"""


@pytest.mark.parametrize("words", ["إذا كان {} فإن {} صحيح", "אם {} אז {} נכון", "اگر {} آنگاه {} است"])
def test_formulas_run_from_left_to_right_in_titles_under_marks_on_paper_and_in_copies(
    open_page: OpenPage, words: str
) -> None:
    source = words.replace("{}", "$a<b$", 1).replace("{}", r"\(x+y-z=3\)")
    opened = open_page(f'<div dir="rtl"><h2>{text_block(source, kind="title")}</h2></div>')
    opened.settle()
    assert opened.page.evaluate(LEFT_TO_RIGHT) == [True, True]
    opened.page.evaluate(HIGHLIGHT)
    assert opened.page.evaluate(LEFT_TO_RIGHT) == [True, True]
    assert opened.page.evaluate(COPY).strip() == source
    put_on_paper(opened)
    assert opened.page.evaluate(LEFT_TO_RIGHT) == [True, True]


BEFORE = """() => [...document.querySelectorAll('span.math')].map((span) => {
    const text = span.firstChild, range = document.createRange();
    const places = [...text.data].map((_, at) => {
        range.setStart(text, at);
        range.setEnd(text, at + 1);
        return range.getBoundingClientRect().left;
    });
    return places.every((place, index) => index === 0 || places[index - 1] < place); })"""


@pytest.mark.parametrize(
    "around", ["<ul><li>{}</li></ul>", "# {}", "| {} | ب |\n|---|---|\n| ا | {} |", "> {}"]
)
def test_a_source_runs_from_left_to_right_before_it_is_typeset(open_page: OpenPage, around: str) -> None:
    opened = open_page('<div dir="rtl"><math-text format="markdown"></math-text></div>')
    opened.page.route("**/tex-chtml.js", lambda route: route.abort())
    source = around.replace("{}", "إذا كان $a<b+c-3$ فإن")
    opened.page.evaluate("(source) => { document.querySelector('math-text').source = source; }", source)
    opened.settle()
    assert opened.page.locator("span.math").count() > 0
    assert all(opened.page.evaluate(BEFORE))


def test_accents_items_and_conditions_are_drawn_and_spoken_as_they_are_meant(open_page: OpenPage) -> None:
    opened = open_page("")
    formulas = {
        r"\text{Erd\H{o}s, na\"{\i}ve caf\'e}": "Erdős, naïve café",
        r"\mathrm{caf\'e}": "café",
        r"\ifmmode x\else y\fi+1": "x+1",
        r"\begin{enumerate}\item[(i)] x \item[(ii)] y\end{enumerate}": "(i)\u00a0x(ii)\u00a0y",
        r"\square": "◻",
        r"\text{a--b \S 5 \textquotedblleft c}": "a–b §5 “c",
        r"\qty{3e8}{\metre\per\second}": "3×108ms−1",
        r"\mqty(a & b)": "(ab)",
        r"\dv[2]{f}{x}": "d2fdx2",
        r"\bra{a}\ket{b}": "⟨a|b⟩",
        "x % one\n+ y % two": "x+y",
        r"\cA\subset\bbR": "A⊂R",
        "a &lt; b": "a<b",
    }
    opened.show(" ".join(f"${tex}$" for tex in formulas), "latex")
    spoken = "() => [...document.querySelectorAll('span.math')].map((math) => math.querySelector('math').textContent)"
    told = [text.replace("\xa0", " ") for text in opened.page.evaluate(spoken)]
    assert told == [text.replace("\xa0", " ") for text in formulas.values()]


def test_boxes_and_brackets_are_drawn_without_a_complaint(open_page: OpenPage) -> None:
    opened = open_page("")
    opened.show(r"$\fcolorbox{red}{white}{$x$}$ $\overbracket{y}$ $\bbox[border: 2px solid red]{z}$")
    borders = """() => [...document.querySelectorAll('span.math')].map((math) => Math.max(
        ...[...math.querySelectorAll('*')].map((part) => parseFloat(getComputedStyle(part).borderTopWidth))))"""
    assert all(width > 0 for width in opened.page.evaluate(borders))
    assert opened.complaints == []


def test_styles_of_a_text_are_dropped_without_a_complaint(open_page: OpenPage) -> None:
    opened = open_page("")
    opened.show(
        '<p style="color:red">a</p>\n\n<span title=\'" style="x\' style=color:red>b</span> *c* style = d'
    )
    assert opened.page.locator("math-text [style]").count() == 0
    assert opened.visible_text() == "ab c style = d"
    assert opened.complaints == []


@pytest.mark.parametrize("terms", [2, 40])
def test_a_display_fades_out_where_more_of_it_lies_and_only_there(open_page: OpenPage, terms: int) -> None:
    opened = open_page("", width=360)
    opened.show("$$" + "+".join(f"a_{{{term}}}" for term in range(terms)) + "$$")
    mask = opened.page.evaluate("getComputedStyle(document.querySelector('.math[data-display]')).maskImage")
    assert (mask != "none") == (terms == 40)


@pytest.mark.parametrize("scrolled", [0, 100, 10_000])
def test_the_number_of_a_wide_display_stays_in_view_beside_it(open_page: OpenPage, scrolled: int) -> None:
    opened = open_page("", width=360)
    terms = "+".join(f"a_{{{term}}}" for term in range(40))
    opened.show(rf"$${terms}\tag{{7}}$$" "\n\n" r"$$x=1\tag{8}$$")
    rights = opened.page.evaluate(
        """(scrolled) => [...document.querySelectorAll('.math[data-display]')].map((display) => {
            display.scrollLeft = scrolled;
            const number = display.querySelector('mjx-labels mjx-mtd').getBoundingClientRect();
            return display.getBoundingClientRect().right - number.right;
        })""",
        scrolled,
    )
    assert all(0 <= right <= 8 for right in rights)
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 360


def test_code_in_the_cells_of_a_table_is_readable_on_a_telephone(open_page: OpenPage) -> None:
    opened = open_page("", width=360)
    code = "`very_long_function_name(argument_one, argument_two)`"
    opened.show(
        f"| Option | Meaning |\n|---|---|\n| {code} | {code} bounds what a model takes |\n| `a` | `b` |"
    )
    widths = "() => [...document.querySelectorAll('td code')].map((code) => code.closest('td').clientWidth)"
    assert min(opened.page.evaluate(widths)) > 60
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 360
