"""Equations are numbered and named within one text, whatever becomes of the text and of others."""

from collections.abc import Callable

from tests.browser.opened import Opened, text_block

OpenPage = Callable[..., Opened]

SPOKEN = """() => [...document.querySelectorAll('math-text')].map((text) =>
    [...text.querySelectorAll('span.math')].map((span) => span.querySelector('math')?.textContent ?? null))"""
# Of each link within a formula, what the equation that it leads to says.
LED_TO = """() => [...document.querySelectorAll('mjx-container a')].map((link) => {
    const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    return target && target.closest('span.math').querySelector('math').textContent;
})"""


def equation(tex: str, label: str = "") -> str:
    named = rf"\label{{{label}}}" if label else ""
    return rf"\begin{{equation}}{tex}{named}\end{{equation}}"


def test_every_way_to_number_and_name_an_equation(open_page: OpenPage) -> None:
    lines = (
        r"\begin{align}a\label{a}\\ b\nonumber\\ c\label{c}\\ d\notag\\ e\tag{X}\label{x}\\ f\tag*{Y}\label{y}"
        r"\end{align}"
    )
    source = (
        rf"{lines} $\eqref{{a}}\eqref{{c}}\eqref{{x}}\eqref{{y}}\ref{{c}}$ \[z\tag{{7}}\label{{z}}\] $\eqref{{z}}$ "
        r"\begin{equation*}q\end{equation*} \begin{gather}g\\h\end{gather} "
        r"\begin{multline}m\\n\label{m}\end{multline} $\eqref{m}$"
    )
    opened = open_page(text_block(source) + text_block(equation("z") + r" $\eqref{a}$"))
    opened.settle()
    assert opened.page.evaluate(SPOKEN) == [
        ["(1)ab(2)cd(X)eYf", "(1)(2)(X)(Y)2", "(7)z", "(7)", "q", "(3)g(4)h", "m(5)n", "(5)"],
        ["(1)z", "(???)"],
    ]


def test_labels_that_look_alike_lead_to_their_own_equations(open_page: OpenPage) -> None:
    labels = ["eq:1", "eq_1", "eq 1", "1", "公式", "方程"]
    equations = " ".join(equation(str(place), label) for place, label in enumerate(labels))
    text = f"{equations} {equation('n')} " + " ".join(rf"$\eqref{{{label}}}$" for label in labels)
    opened = open_page(text_block(text) * 2)
    opened.settle()
    assert opened.page.evaluate(LED_TO) == [f"({place + 1}){place}" for place in range(len(labels))] * 2
    ids = opened.page.eval_on_selector_all("mjx-container [id]", "found => found.map(({id}) => id)")
    assert len(set(ids)) == len(ids) == 2 * (len(labels) + 1)


def test_a_label_given_twice_is_the_first_equation_s_and_both_are_drawn(open_page: OpenPage) -> None:
    text = rf"{equation('a', 'e')} $\eqref{{e}}$ {equation('b', 'e')} $\eqref{{e}}$"
    opened = open_page(text_block(text))
    opened.settle()
    assert opened.page.evaluate(SPOKEN) == [["(1)a", "(1)", "(2)b", "(1)"]]
    assert opened.page.evaluate(LED_TO) == ["(1)a", "(1)a"]


def test_a_reference_may_stand_far_before_its_equation(open_page: OpenPage) -> None:
    between = " ".join(f"$x_{{{place}}}$" for place in range(90))  # more than are typeset at a time
    opened = open_page(text_block(rf"$\eqref{{z}}$ {between} {equation('z', 'z')} $\eqref{{z}}$"))
    opened.settle()
    [spoken] = opened.page.evaluate(SPOKEN)
    assert (spoken[0], *spoken[-2:]) == ("(1)", "(1)z", "(1)")


def test_many_equations_named_before_they_come_are_named_in_the_end(open_page: OpenPage) -> None:
    equations = " ".join(equation("a", str(place)) for place in range(90))
    opened = open_page(text_block(rf"$\eqref{{89}}$ $\eqref{{none}}\eqref{{50}}$ {equations} $\eqref{{0}}$"))
    opened.settle()
    [spoken] = opened.page.evaluate(SPOKEN)
    assert (*spoken[:3], *spoken[-2:]) == ("(90)", "(???)(51)", "(1)a", "(90)a", "(1)")


def test_numbers_keep_the_order_of_the_page_when_a_block_of_a_stream_is_shown_again(
    open_page: OpenPage,
) -> None:
    opened = open_page('<math-text format="markdown"></math-text>')
    append = "(chunk) => document.querySelector('math-text').append(chunk)"
    named = r"$\eqref{a}\eqref{b}\eqref{c}$"
    opened.page.evaluate(
        append,
        f"See [here][k]:\n{equation('a', 'a')}\n\n{equation('b', 'b')}\n\n{equation('c', 'c')}\n\n{named}\n\nmore",
    )
    opened.settle()
    spoken = [["(1)a", "(2)b", "(3)c", "(1)(2)(3)"]]
    assert opened.page.evaluate(SPOKEN) == spoken
    opened.page.evaluate(append, "\n\n[k]: https://example.org\n\nend")
    opened.settle()
    assert opened.page.locator("math-text p > a[href]").count() == 1, "the first block is shown again"
    assert opened.page.evaluate(SPOKEN) == spoken


def test_equations_that_are_finished_are_left_alone_while_a_stream_goes_on(open_page: OpenPage) -> None:
    opened = open_page('<math-text format="markdown"></math-text>')
    append = "(chunk) => document.querySelector('math-text').append(chunk)"
    opened.page.evaluate(
        append, rf"{equation('a', 'a')}" + "\n\nSee $\\eqref{a}$ and " + rf"{equation('b', 'b')}"
    )
    opened.settle()
    assert opened.page.evaluate(SPOKEN) == [["(1)a", "(1)", "(2)b"]]
    opened.page.evaluate("() => { document.querySelector('mjx-container').dataset.mine = ''; }")
    opened.page.evaluate(append, " there")
    opened.settle()
    opened.page.evaluate(append, r", $\eqref{b}$." + "\n\n" + rf"{equation('c', 'c')} and $\eqref{{c}}$")
    opened.settle()
    assert opened.page.evaluate(SPOKEN) == [["(1)a", "(1)", "(2)b", "(2)", "(3)c", "(3)"]]
    assert opened.page.locator("mjx-container").first.get_attribute("data-mine") == ""


def test_opening_a_menu_takes_part_in_no_numbers(open_page: OpenPage) -> None:
    opened = open_page(
        text_block(rf"{equation('z')} {equation('a', 'e')} $\eqref{{e}}$")
        + '<math-text id="grows" format="markdown"></math-text>'
    )
    append = "(chunk) => document.querySelector('#grows').append(chunk)"
    opened.page.evaluate(append, rf"{equation('q')} and $\eqref{{e}}$" + "\n\nthen")
    opened.settle()
    said = []
    for index in (1, 2):
        opened.page.locator("mjx-container").nth(index).click(button="right")
        opened.page.locator(".CtxtMenu_Menu").first.wait_for()
        item = "MathJax.startup.document.menu.menu.mathItem"
        said.append(opened.page.evaluate(f"MathJax.startup.toMML({item}.root).replace(/<[^>]*>|\\s/g, '')"))
        opened.page.mouse.click(20, 780)
        opened.page.locator(".CtxtMenu_Menu").wait_for(state="detached")
    assert said == ["(2)a", "(2)"]
    opened.page.evaluate(append, f"\n\n{equation('r', 'e')}\n\nend")
    opened.settle()
    assert opened.page.evaluate(SPOKEN) == [["(1)z", "(2)a", "(2)"], ["(1)q", "(2)", "(2)r"]]


def test_a_reference_leads_to_the_equation_of_its_own_text(open_page: OpenPage) -> None:
    text = rf"See $\eqref{{e}}$. {'words ' * 2000} {equation('a', 'e')} the end"
    opened = open_page(text_block(text) * 2)
    opened.typeset_all()
    for index in (1, 0):
        opened.page.locator("math-text").nth(index).locator("a").click()
        opened.page.wait_for_function(
            """(index) => {
                const {top} = document.querySelectorAll('math-text')[index]
                    .querySelector('[id^=mjx-equation]').getBoundingClientRect();
                return top >= 0 && top < innerHeight;
            }""",
            arg=index,
        )
