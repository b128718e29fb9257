"""What becomes of a text when it is moved, copied or taken away, and when MathJax comes late or in pieces."""

from collections.abc import Callable

import pytest

from tests.browser.math_text.test_translation import rich_papers
from tests.browser.opened import Opened, papers, text_block

OpenPage = Callable[..., Opened]

ADD = """(source) => {
    const text = document.createElement('math-text');
    text.source = source;
    document.querySelector('main').append(text);
}"""


def states(opened: Opened) -> list[str]:
    return list(
        opened.page.eval_on_selector_all("math-text", "texts => texts.map((t) => t.getAttribute('state'))")
    )


@pytest.mark.parametrize("part", ["tex-chtml.js", "ui/safe.js"])
def test_what_failed_for_want_of_mathjax_is_typeset_once_it_is_there(open_page: OpenPage, part: str) -> None:
    opened = open_page("")
    opened.page.route(f"**/{part}", lambda route: route.abort())
    opened.page.evaluate(ADD, "Let " + "$x$ " * 100)
    opened.settle()
    assert states(opened) == ["failed"]
    opened.page.unroute(f"**/{part}")
    opened.page.evaluate(ADD, "Let $y$ be.")
    opened.page.wait_for_function(
        "() => [...document.querySelectorAll('math-text')].every((text) => text.matches('[state=ready]'))"
    )
    assert all(formula["typeset"] for formula in opened.formulas())


def test_a_connection_that_comes_back_is_enough(open_page: OpenPage) -> None:
    opened = open_page("")
    opened.page.route("**/tex-chtml.js", lambda route: route.abort())
    opened.show("Let $x$ be.", "latex")
    opened.page.unroute("**/tex-chtml.js")
    opened.page.evaluate("() => void window.dispatchEvent(new Event('online'))")
    opened.page.locator("math-text[state=ready] mjx-container").wait_for()


def test_a_copy_shows_what_the_text_shows_and_can_be_used_like_it(open_page: OpenPage) -> None:
    opened = open_page(text_block(r"Let \emph{all} $x_1$ be \[y\] here."))
    opened.settle()
    opened.page.locator("mjx-container").first.click(button="right")
    opened.page.locator(".CtxtMenu_Menu").first.wait_for()
    opened.page.mouse.click(20, 780)
    opened.page.locator(".CtxtMenu_Menu").wait_for(state="detached")
    opened.page.evaluate(
        """() => {
            const main = document.querySelector('main');
            main.append(main.firstElementChild.cloneNode(true));
            main.innerHTML += '<math-text>And $z$.</math-text>';
        }"""
    )
    opened.settle()
    assert [formula["tex"] for formula in opened.formulas()] == ["x_1", "y", "x_1", "y", "z"]
    assert all(formula["typeset"] for formula in opened.formulas())
    assert opened.page.locator("math-text em").count() == 2
    sources = opened.page.eval_on_selector_all("math-text", "texts => texts.map(({source}) => source)")
    assert sources == [r"Let all $x_1$ be \[y\] here."] * 2 + ["And $z$."]
    opened.page.locator("mjx-container").nth(2).click(button="right")
    opened.page.locator(".CtxtMenu_Menu").first.wait_for()


# How many texts that have left the page are kept, of all but the last, which this script may hold itself.
FREED = """async () => {
    const texts = [...document.querySelectorAll('math-text')].slice(0, -1).map((text) => new WeakRef(text));
    document.querySelector('main').replaceChildren();
    const rest = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
    for (let turn = 0; turn < 20 && texts.some((text) => text.deref()); turn += 1) {
        await rest(100);
        await collect();
    }
    return texts.filter((text) => text.deref()).length;
}"""

NUMBERED = r"Some $x$ and \begin{equation}a\label{e}\end{equation} see $\eqref{e}$."
WAYS = {
    "typeset": "() => import('/static/math-text/math-text.js').then((element) => element.typesetAll())",
    "untouched": "() => {}",
    "growing": """() => {
        for (const text of document.querySelectorAll('math-text')) text.append(' and $y$ or $z');
        return new Promise((done) => setTimeout(done, 20));
    }""",
    "after their menus": """async () => {
        await (await import('/static/math-text/math-text.js')).typesetAll();
        for (const formula of document.querySelectorAll('mjx-container')) {
            formula.dispatchEvent(new MouseEvent('contextmenu', {bubbles: true, cancelable: true}));
            document.querySelector('.CtxtMenu_MenuFrame')?.remove();
        }
    }""",
}


@pytest.mark.parametrize("way", WAYS)
def test_texts_that_leave_the_page_are_let_go_of(open_page: OpenPage, way: str) -> None:
    opened = open_page("", strict=False)
    client = opened.page.context.new_cdp_session(opened.page)
    opened.page.evaluate(
        "(html) => { document.querySelector('main').innerHTML = html }", text_block(NUMBERED) * 30
    )
    opened.page.evaluate(WAYS[way])
    opened.page.expose_function("collect", lambda: client.send("HeapProfiler.collectGarbage"))
    assert opened.page.evaluate(FREED) == 0


def test_printing_in_the_midst_of_typesetting_leaves_nothing_out(open_page: OpenPage) -> None:
    opened = open_page(papers(rich_papers(8)))
    opened.typeset_all()
    opened.load_fonts_for_printing()
    before, printed, everything, untypeset = opened.page.evaluate(
        """async (html) => {
            document.querySelector('main').innerHTML = html;
            const count = (selector) => document.querySelectorAll(selector).length;
            while (count('mjx-container') === 0) await new Promise((done) => setTimeout(done));
            const before = count('mjx-container');
            window.dispatchEvent(new Event('beforeprint'));
            const printed = count('mjx-container');
            await (await import('/static/math-text/math-text.js')).typesetAll();
            const untypeset = count('span.math:not(.math-error):not(:has(mjx-container))');
            return [before, printed, count('mjx-container'), untypeset];
        }""",
        papers(rich_papers(120)),
    )
    # Texts far from the screen wait until they are near: on a machine of any speed some are left for the printer.
    assert 0 < before < printed == everything
    assert untypeset == 0


def set_choice(opened: Opened, name: str, value: bool) -> None:
    """Choose in MathJax's menu, and wait until every formula is shown again."""
    opened.page.evaluate(
        """async ([name, value]) => {
            const shown = document.querySelector('mjx-container');
            MathJax.startup.document.menu.menu.pool.lookup(name).setValue(value);
            const settled = () => !shown.isConnected && ![...document.querySelectorAll('math-text')].some(
                (text) => text.getAttribute('state') === 'waiting');
            while (!settled()) await new Promise((done) => setTimeout(done, 30));
        }""",
        [name, value],
    )


KEPT = "() => [...MathJax.startup.document.math].length"
MATHML = (
    "() => [...document.querySelectorAll('span.math')].map((span) => span.querySelector('math')?.textContent)"
)


def test_formulas_are_spoken_and_explored_where_the_reader_asks_and_mathml_is_there_again_after_it(
    open_page: OpenPage,
) -> None:
    source = (
        r"See $\eqref{b}$ and $x_1$. \begin{equation}a\end{equation} \begin{equation}b\label{b}\end{equation}"
    )
    opened = open_page(text_block(source) + '<math-text id="grows" format="markdown">Then $u$.</math-text>')
    opened.settle()
    drawn = ["(2)", "x1", "(1)a", "(2)b", "u"]
    set_choice(opened, "enrich", True)
    assert opened.page.evaluate(MATHML) == drawn
    # The explorer follows links itself.
    link = opened.page.locator("mjx-container a").get_attribute("data-mjx-href")
    assert opened.page.locator(f"mjx-container [id='{(link or '#')[1:]}']").count() == 1
    set_choice(opened, "speech", True)
    labels = opened.page.locator("mjx-container [aria-label]")
    labels.first.wait_for(state="attached")
    assert "2" in (labels.first.get_attribute("aria-label") or "")
    opened.page.locator("mjx-container").nth(1).focus()
    opened.page.keyboard.press("ArrowDown")
    opened.page.locator(".mjx-selected").first.wait_for()
    grows = "document.querySelector('#grows')"
    opened.page.evaluate(f"() => {{ {grows}.append(' And $v$.'); }}")
    opened.settle()
    opened.page.evaluate(f"() => {{ {grows}.source = 'Last $w$.'; }}")
    opened.settle()
    opened.page.evaluate(f"() => {{ document.querySelector('main').prepend({grows}); }}")
    opened.settle()
    opened.page.wait_for_function(
        f"() => ({KEPT})() === 5 && document.querySelectorAll('mjx-container').length === 5"
    )
    set_choice(opened, "speech", False)
    set_choice(opened, "enrich", False)
    assert opened.page.evaluate(MATHML) == ["w", *drawn[:-1]]
    assert opened.page.evaluate(KEPT) == 0


def test_prose_is_found_before_and_after_typesetting_near_and_far(open_page: OpenPage) -> None:
    far = text_block(r"A sentence far away, with $\theta_9$ inside it.")
    filling = text_block("Plenty of words. " * 4000)
    opened = open_page(text_block("Alpha beta $x_1$ gamma delta.") + filling + far)
    find = "(words) => { getSelection().removeAllRanges(); return window.find(words); }"
    opened.settle("math-text:first-of-type")
    # A far text is built in the browser's spare time, if not at once.
    opened.page.locator("math-text:last-of-type span.math").wait_for(state="attached")
    assert opened.formulas()[1]["typeset"] is False
    assert opened.page.evaluate(find, r"\theta_9"), "TeX that is not typeset yet is text"
    opened.page.evaluate("scrollTo(0, 0)")
    for words in ("beta ", " gamma delta", "far away, with ", "inside it"):
        assert opened.page.evaluate(find, words), words
    opened.typeset_all()
    for words in ("beta ", " gamma delta", "far away, with ", "θ", "inside it"):
        assert opened.page.evaluate(find, words), words


KINDS = r"""## Title $a$

- item $b$

| $c$ | d |
|---|---|
| 1 | $e$ |

> quote $f$ and [link $g$](https://example.org)

\begin{equation}h\label{h}\end{equation}

$$i$$ and $\eqref{h}$
"""


def test_the_menu_opens_on_formulas_of_every_kind_wherever_they_have_been_put(open_page: OpenPage) -> None:
    opened = open_page('<div></div><math-text format="markdown"></math-text>')
    opened.page.evaluate("(source) => document.querySelector('math-text').append(source)", KINDS)
    opened.settle()
    opened.page.evaluate(
        """() => {
            const text = document.querySelector('math-text');
            document.querySelector('div').append(text);
            const formula = text.querySelector('li span.math'), font = document.createElement('font');
            formula.replaceWith(font);
            font.append(formula);
        }"""
    )
    formulas = opened.page.locator("mjx-container")
    said = []
    for index in range(formulas.count()):
        formulas.nth(index).click(button="right")
        opened.page.locator(".CtxtMenu_Menu").first.wait_for()
        said.append(opened.page.evaluate("MathJax.startup.document.menu.menu.mathItem.math"))
        opened.page.mouse.click(990, 790)
        opened.page.locator(".CtxtMenu_Menu").wait_for(state="detached")
    assert said == [formula["tex"] for formula in opened.formulas()]
    assert len(said) == 9
