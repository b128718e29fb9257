"""The element as other people's pages see it: what it builds, says, copies, numbers and keeps."""

import json
from collections.abc import Callable

import pytest

from tests.browser.math_text.test_translation import rich_papers
from tests.browser.opened import Opened, papers, text_block
from tests.shared import shared

OpenPage = Callable[..., Opened]


def collapsed(text: str) -> str:
    return " ".join(text.split())


def test_a_formula_is_guarded_from_the_moment_its_block_is_built(open_page: OpenPage) -> None:
    opened = open_page("")
    built = opened.page.evaluate(
        """() => {
            const text = document.createElement('math-text');
            text.setAttribute('format', 'markdown');
            document.querySelector('main').append(text);
            text.source = 'Let $$x_1$$ be `a b`.';
            return [text.outerHTML, text.source];
        }"""
    )
    assert built == [
        '<math-text format="markdown" class="notranslate" translate="no" state="waiting">'
        '<p>Let <span class="math notranslate" translate="no" data-tex="x_1" data-display="">$$x_1$$</span>'
        ' be <code class="notranslate" translate="no">a b</code>.</p>\n</math-text>',
        "Let $$x_1$$ be `a b`.",
    ]
    opened.settle()
    host = opened.page.locator("math-text")
    assert host.get_attribute("state") == "ready"
    assert "notranslate" not in (host.get_attribute("class") or "")
    assert host.get_attribute("translate") is None
    assert [formula["typeset"] for formula in opened.formulas()] == [True]
    assert opened.complaints == []
    assert opened.foreign_requests == []


@pytest.mark.parametrize(
    ("format", "source"), [("latex", ""), ("markdown", "No mathematics."), ("latex", "$x$")]
)
def test_each_new_source_waits_and_becomes_ready_with_an_event_that_bubbles(
    open_page: OpenPage, format: str, source: str
) -> None:
    opened = open_page(f'<math-text format="{format}"></math-text>')
    states = opened.page.evaluate(
        """async (source) => {
            const text = document.querySelector('math-text'), states = [];
            for (let round = 0; round < 3; round += 1) {
                const ready = new Promise((done) => addEventListener('math-text:ready', done, {once: true}));
                if (round < 2) text.source = source; else text.append('more');
                states.push(text.getAttribute('state'));
                await ready;
                states.push(text.getAttribute('state'));
            }
            return states;
        }""",
        source,
    )
    assert states == ["waiting", "ready"] * 3


def test_whatever_is_given_is_taken_as_text(open_page: OpenPage) -> None:
    opened = open_page('<math-text format="markdown"></math-text>')
    given = opened.page.evaluate(
        """() => {
            const text = document.querySelector('math-text');
            text.append(5);
            text.append(undefined);
            const grown = text.source;
            text.source = null;
            return [grown, text.source];
        }"""
    )
    assert given == ["5undefined", "null"]
    opened.settle()
    assert opened.visible_text() == "null"


def test_without_mathjax_the_source_is_shown_and_the_prose_is_free(open_page: OpenPage) -> None:
    opened = open_page("")
    opened.page.route("**/tex-chtml.js", lambda route: route.abort())
    opened.show("Let $x$ be.", "latex")
    host = opened.page.locator("math-text")
    assert host.get_attribute("state") == "failed"
    assert host.inner_text() == "Let $x$ be."
    assert host.get_attribute("translate") is None


def test_what_authors_write_is_drawn_though_mathjax_alone_would_not(open_page: OpenPage) -> None:
    opened = open_page("")
    sources = [
        r"I_{\mbox{\tiny b}}",
        r"\text{subset_A}",
        r"\unicode{x2014}",
        r"\emph{a}",
        r"\R^n",
        r"\norm{x}",
        r"\nicefrac{1}{2}",
        r"\begin{tabular}{c}a\end{tabular}",
        r"\begin{IEEEeqnarray}{rCl}a&=&b\end{IEEEeqnarray}",
        r"5\%$ and $(3%)",
    ]
    opened.show(" ".join(f"${source}$" for source in sources), "latex")
    assert [formula["tex"] for formula in opened.formulas() if formula["error"]] == []
    spoken = opened.page.evaluate(
        "() => [...document.querySelectorAll('span.math math')].map((math) => math.textContent)"
    )
    assert spoken == ["Ib", "subset_A", "—", "a", "Rn", "‖x‖", "12", "a", "a=b", "5%", "(3%)"]


def test_a_formula_links_to_the_web_and_nowhere_else(open_page: OpenPage) -> None:
    opened = open_page("")
    addresses = [
        "https://example.org/a\\%20b_c",
        "javascript:alert(1)",
        "/a",
        "data:text/html,a",
        "//example.org",
    ]
    opened.show(" ".join(rf"$\href{{{address}}}{{\text{{here}}}}$" for address in addresses), "latex")
    links = opened.page.evaluate(
        "() => [...document.querySelectorAll('span.math')].map((math) => [...math.querySelectorAll('a')]"
        ".map((link) => [link.href, link.rel, link.closest('[aria-hidden]') === null]))"
    )
    assert links == [[["https://example.org/a%20b_c", "noopener noreferrer", True]], [], [], [], []]


def test_bad_tex_stays_as_its_source_and_harms_nothing_else(open_page: OpenPage) -> None:
    opened = open_page("")
    opened.show(r"Good $a$ bad $\frac{1}{$ good $b$ and $" + "x" * 5001 + "$ too long.", "markdown")
    good, bad, also_good, long = opened.formulas()
    assert good["typeset"]
    assert also_good["typeset"]
    assert (bad["error"], bad["typeset"], bad["text"]) == (True, False, r"$\frac{1}{$")
    assert (long["error"], long["typeset"], len(long["text"])) == (False, False, 5003)


def test_a_formula_that_breaks_mathjax_leaves_the_rest_alone(open_page: OpenPage) -> None:
    opened = open_page("")
    opened.show("$warm$", "latex")
    opened.page.evaluate(
        """() => {
            const jax = MathJax.startup.document.outputJax, toDOM = jax.toDOM;
            jax.toDOM = function (math, ...rest) {
                if (math.math === 'killer') throw new Error('boom');
                return toDOM.call(this, math, ...rest);
            };
        }"""
    )
    opened.show("$a$ then $killer$ then $b$.", "latex")
    assert [(formula["typeset"], formula["error"]) for formula in opened.formulas()] == [
        (True, False),
        (False, True),
        (True, False),
    ]
    assert opened.page.locator("math-text").get_attribute("state") == "ready"


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        (r"\frac{1}{", "}"),
        (r"\sqrt{", "}"),
        (r"\left(", r"\right)"),
        (r"\begin{matrix}", r"\end{matrix}"),
        (r"\overset{a}{", "}"),
        (r"\cancel{", "}"),
        ("x^{", "}"),
    ],
)
def test_a_formula_nested_so_deeply_that_a_browser_would_end_the_page_stays_as_its_source(
    open_page: OpenPage, opening: str, closing: str
) -> None:
    opened = open_page("")
    deep = [f"${opening * depth}x{closing * depth}$" for depth in (8, 250)]
    opened.show(f"$a$ {deep[0]} {deep[1]} $b$", "latex")
    assert [formula["typeset"] for formula in opened.formulas()] == [True, True, False, True]
    assert opened.formulas()[2]["text"] == deep[1]


def test_numbers_and_labels_belong_to_one_text(open_page: OpenPage) -> None:
    source = (
        r"See \(\eqref{e}\). \begin{equation}a=b\label{e}\end{equation} "
        r"\begin{equation}c=d\label{f}\end{equation} and \(\ref{f}\), \(\eqref{none}\)."
    )
    opened = open_page(text_block(source) + text_block(source))
    opened.settle()
    spoken = opened.page.evaluate(
        """() => [...document.querySelectorAll('math-text')].map((text) =>
            [...text.querySelectorAll('span.math')].map((span) => span.querySelector('math')?.textContent))"""
    )
    assert spoken == [["(1)", "(1)a=b", "(2)c=d", "2", "(???)"]] * 2
    targets = opened.page.evaluate(
        """() => [...document.querySelectorAll('math-text')].map((text) => {
            const link = text.querySelector('mjx-container a');
            return text.contains(document.getElementById(decodeURIComponent(link.hash.slice(1))));
        })"""
    )
    assert targets == [True, True]


def test_copying_gives_the_tex_with_its_delimiters(open_page: OpenPage) -> None:
    opened = open_page(text_block(r"Let $x_1$ and \[y\] be.") + "<p>Other.</p>")
    opened.settle()
    copied = opened.page.evaluate(
        """() => {
            const taken = {};
            const copy = (node) => {
                getSelection().selectAllChildren(node);
                const data = new DataTransfer();
                document.dispatchEvent(new ClipboardEvent('copy', {clipboardData: data, cancelable: true}));
                return data.getData('text/plain');
            };
            return [copy(document.querySelector('math-text')), copy(document.querySelector('mjx-container')),
                    copy(document.querySelector('main > p'))];
        }"""
    )
    assert collapsed(copied[0]) == r"Let $x_1$ and \[y\] be."
    assert copied[1] == "$x_1$"
    assert copied[2] == ""  # left to the browser


COPY = """(choose) => {
    const range = document.createRange();
    new Function('range', choose)(range);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    const data = new DataTransfer();
    document.dispatchEvent(new ClipboardEvent('copy', {clipboardData: data, cancelable: true}));
    return ['text/plain', 'text/html'].map((type) => data.getData(type));
}"""


@pytest.mark.parametrize("typeset", [False, True])
def test_several_texts_copied_at_once_are_lines_with_tex(open_page: OpenPage, typeset: bool) -> None:
    body = papers([{"title": "On $n$", "abstract": r"Let \emph{us} take $x_1$."}] * 2)
    opened = open_page(body, strict=False)
    if typeset:
        opened.settle()
    else:
        opened.page.route("**/tex-chtml.js", lambda _: None)
        opened.page.reload()
        opened.page.locator("span.math").last.wait_for()
    plain, html = opened.page.evaluate(COPY, "range.selectNodeContents(document.querySelector('main'))")
    assert [line for line in plain.splitlines() if line] == ["On $n$", "Let us take $x_1$."] * 2
    assert "math-text" not in html
    assert "<div>Let <em>us</em> take $x_1$.</div>" in html


def test_a_part_of_a_formula_table_or_list_is_copied_whole_enough_to_be_used(open_page: OpenPage) -> None:
    table = "| a | b |\n|---|---|\n| $x|y$ | two |\n| three | $z$ |\n\n1. one\n2. $m$\n"
    opened = open_page(text_block(table, "markdown"), strict=False)
    opened.settle()
    rows = "const rows = document.querySelectorAll('tbody tr');"
    both = f"{rows} range.setStartBefore(rows[0]); range.setEndAfter(rows[1])"
    plain, html = opened.page.evaluate(COPY, both)
    assert plain == "$x|y$\ttwo\nthree\t$z$"
    assert "".join(html.split()).startswith("<table><tbody><tr><td>$x|y$</td><td>two</td></tr>")
    items = (
        "const [one, two] = document.querySelectorAll('li'); range.setStart(one, 0); range.setEndAfter(two)"
    )
    assert opened.page.evaluate(COPY, items) == ["one\n$m$", "<ol><li>one</li>\n<li>$m$</li></ol>"]
    within = "const sign = document.querySelector('td mjx-c'); range.selectNodeContents(sign)"
    assert opened.page.evaluate(COPY, within) == ["$x|y$", "$x|y$"]


@pytest.mark.parametrize("keys", ["Space", "Enter", "Shift+F10", "ContextMenu"])
def test_the_menu_opens_by_keyboard_also_after_streaming(open_page: OpenPage, keys: str) -> None:
    opened = open_page('<math-text format="markdown"></math-text>')
    opened.page.evaluate("document.querySelector('math-text').append('Let $x$ be $y$.')")
    opened.settle()
    opened.page.locator("mjx-container").last.focus()
    opened.page.keyboard.press(keys)
    opened.page.locator(".CtxtMenu_Menu:focus").wait_for()  # MathJax moves the focus a little later
    opened.page.keyboard.press("Escape")
    opened.page.locator(".CtxtMenu_Menu").wait_for(state="detached")
    assert opened.page.evaluate("document.activeElement.tagName") == "MJX-CONTAINER"


HINTS = """() => {
    let hints = 0;
    const count = (node) => { hints += 'data-latex' in (node.attributes?.getAllAttributes() ?? {}); };
    MathJax.startup.document.menu.menu.mathItem.root.walkTree(count);
    return hints;
}"""


def test_the_menu_opens_by_right_click_and_speaks_of_the_formula_under_it(open_page: OpenPage) -> None:
    opened = open_page(text_block("Let $x_1$ be $y$ and $x_1$ again."))
    opened.settle()
    for index, tex in enumerate(["x_1", "y", "x_1"]):
        opened.page.locator("mjx-container").nth(index).click(button="right")
        opened.page.locator(".CtxtMenu_Menu").first.wait_for()
        assert opened.page.evaluate("MathJax.startup.document.menu.menu.mathItem.math") == tex
        assert opened.page.evaluate(HINTS) > 0, "the menu can show the TeX of each part"
        opened.page.mouse.click(20, 780)  # elsewhere
        opened.page.locator(".CtxtMenu_Menu").wait_for(state="detached")
    assert opened.page.locator("[data-latex]").count() == 0


def test_the_menu_s_settings_reach_formulas_already_shown(open_page: OpenPage) -> None:
    opened = open_page(text_block("Let $x_1$ be."))
    opened.settle()
    before = opened.page.evaluate("document.querySelector('mjx-container').style.fontSize")
    opened.page.evaluate("MathJax.startup.document.menu.menu.pool.lookup('scale').setValue('2')")
    opened.page.wait_for_function(
        "(before) => document.querySelector('mjx-container')?.style.fontSize !== before"
        " && document.querySelector('math-text').getAttribute('state') === 'ready'",
        arg=before,
    )
    assert opened.formulas()[0]["typeset"]


def test_formulas_far_away_wait_and_mathjax_is_not_asked_for_before_one_is_near(open_page: OpenPage) -> None:
    far = '<div class="tall"></div>'
    opened = open_page(text_block("Nothing here.") + far + text_block("Let $x$ be."))
    opened.page.evaluate("document.querySelector('.tall').style.height = '6000px'")
    opened.page.reload()
    opened.page.evaluate("document.querySelector('.tall').style.height = '6000px'")
    opened.requests.clear()
    opened.settle("math-text:first-of-type")
    opened.page.wait_for_timeout(400)
    far_text = opened.page.locator("math-text").last
    if far_text.get_attribute("state") == "waiting":
        assert not [url for url in opened.requests if "tex-chtml" in url]
    far_text.scroll_into_view_if_needed()
    opened.settle()
    assert opened.formulas()[0]["typeset"]


def test_printing_typesets_everything_at_once(open_page: OpenPage) -> None:
    opened = open_page(papers(rich_papers(40)))
    opened.settle("article:first-child math-text")
    opened.load_fonts_for_printing()
    left = opened.page.evaluate(
        """() => {
            const waiting = 'span.math:not(.math-error):not(:has(mjx-container))';
            const untypeset = () => document.querySelectorAll(waiting).length;
            const before = untypeset();
            window.dispatchEvent(new Event('beforeprint'));
            return [before, untypeset()];
        }"""
    )
    assert left[0] > 20
    assert left[1] == 0


def test_wide_formulas_stay_inside_the_page_of_a_telephone(open_page: OpenPage) -> None:
    opened = open_page("", width=360, height=700)
    long_sum = "+".join(f"x_{{{n}}}" for n in range(80))
    opened.show(
        f"Inline ${long_sum}$ and $\\sqrt{{{long_sum}}}$ and $\\hspace{{9000em}}x$, "
        f"$\\rule{{500em}}{{500em}}$.\n\n$${long_sum}$$\n\n| a | b |\n|---|---|\n| ${long_sum}$ | 2 |\n",
    )
    opened.page.wait_for_function(
        """() => {
            const spans = document.querySelectorAll('p > span.math[data-wide], span.math[data-display]');
            return spans.length === 4 && [...spans].every((span) => span.scrollWidth > span.clientWidth);
        }"""
    )
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert opened.page.evaluate("document.documentElement.scrollHeight") < 10_000


def test_the_shared_cases_of_markdown_hold_on_the_page(open_page: OpenPage) -> None:
    opened = open_page("")
    failures = []
    for case in json.loads(shared("markdown/cases.json").read_text(encoding="utf-8")):
        opened.show(case["markdown"])
        found = [(collapsed(formula["tex"]), formula["display"]) for formula in opened.formulas()]
        if found != [(collapsed(formula["tex"]), formula["display"]) for formula in case["math"]]:
            failures.append((case["name"], found))
        visible = opened.visible_text()
        failures += [(case["name"], text) for text in case["text_contains"] if collapsed(text) not in visible]
        without_math = """(selector) => { const copy = document.querySelector('math-text').cloneNode(true);
            for (const span of copy.querySelectorAll('span.math')) span.remove();
            return copy.querySelectorAll(selector).length; }"""
        for wanted in case["structure"]:
            if opened.page.evaluate(without_math, wanted["selector"]) != wanted["count"]:
                failures.append((case["name"], wanted))
        for forbidden in case["forbidden"]:
            if "selector" in forbidden and opened.page.evaluate(without_math, forbidden["selector"]):
                failures.append((case["name"], forbidden))
            if "text" in forbidden and forbidden["text"] in visible:
                failures.append((case["name"], forbidden))
    assert failures == []
    assert opened.dialogs == []


def test_the_gold_abstracts_show_the_text_that_a_reader_expects(open_page: OpenPage) -> None:
    opened = open_page("")
    failures = []
    lines = shared("arxiv/gold_abstracts.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    built = opened.page.evaluate(
        """(texts) => texts.map((source) => {
            const text = document.createElement('math-text');
            text.source = source;
            const spans = [...text.querySelectorAll('span.math')];
            const math = spans.map((span) => [span.dataset.tex, 'display' in span.dataset]);
            for (const span of spans) span.replaceWith('\ufffc');
            return {math, text: text.textContent};
        })""",
        [record[part] for record in records for part in ("title", "abstract")],
    )
    for index, record in enumerate(records):
        title, abstract = built[2 * index], built[2 * index + 1]
        found = [(collapsed(tex), display) for part in (title, abstract) for tex, display in part["math"]]
        if found != [(collapsed(formula["tex"]), formula["display"]) for formula in record["math"]]:
            failures.append((record["id"], found))
        visible = collapsed(title["text"]) + " " + collapsed(abstract["text"])
        failures += [(record["id"], text) for text in record["text"] if collapsed(text) not in visible]
    assert failures == []


def test_the_example_of_the_documentation_runs(open_page: OpenPage) -> None:
    opened = open_page("")
    opened.page.goto(f"{opened.address}/static/math-text/example.html")
    opened.page.wait_for_function(
        "() => document.querySelector('#answer').source.includes('mathematics here')"
        " && document.querySelector('#answer').getAttribute('state') === 'ready'"
    )
    opened.typeset_all()
    assert not [formula for formula in opened.formulas() if not formula["typeset"]]
    assert opened.foreign_requests == []
    assert opened.complaints == []


@pytest.mark.parametrize("unit", [r"$x$ ", r"\begin{align}x\end{align} "])
@pytest.mark.parametrize("format", ["latex", "markdown"])
def test_a_text_of_a_great_many_formulas_is_shown(open_page: OpenPage, unit: str, format: str) -> None:
    shown = open_page("").page.evaluate(
        """([source, format]) => {
            const text = document.createElement('math-text');
            text.setAttribute('format', format);
            text.source = source;
            text.build();
            return text.textContent.trim() === source.trim();
        }""",
        [unit * 70_000, format],
    )
    assert shown


def test_an_unknown_command_shows_the_whole_formula_as_its_source_and_why(open_page: OpenPage) -> None:
    opened = open_page("")
    opened.show(r"$a + \undefinedcommand{b} + c$ and $x$")
    unknown, known = opened.page.locator("span.math").all()
    assert unknown.inner_text() == r"$a + \undefinedcommand{b} + c$"
    assert "math-error" in (unknown.get_attribute("class") or "")
    assert unknown.get_attribute("title")
    assert known.locator("mjx-container").count() == 1
