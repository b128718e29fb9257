"""A translator may come before, during or after: it finds all the prose and never a formula."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.opened import Opened, papers, text_block
from tests.shared import SHARED, shared

HERE = Path(__file__).parent
OWN = HERE / "translator.js"
OTHER = SHARED.parent / "tools" / "translator.js"

# What of a page is translated as it should be, and what is not: both doubles mark words, with ‹› or ⟦⟧.
VERDICT = r"""() => {
    const marked = /[‹⟦]/, letters = /\p{L}/u, wrong = {formulas: [], prose: [], source: []};
    const formulas = document.querySelectorAll('span.math');
    for (const span of formulas) {
        if (marked.test(span.textContent) || marked.test(span.outerHTML) || span.querySelector('font'))
            wrong.formulas.push(span.dataset.tex);
    }
    for (const code of document.querySelectorAll('math-text :is(code, pre)'))
        if (marked.test(code.textContent)) wrong.formulas.push(code.textContent);
    const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
    let words = 0;
    while (walker.nextNode()) {
        const text = walker.currentNode;
        if (!letters.test(text.data) || text.parentElement.closest('.math, code, pre')) continue;
        words += 1;
        if (!marked.test(text.data)) wrong.prose.push(text.data);
    }
    for (const text of document.querySelectorAll('math-text'))
        if (marked.test(text.source)) wrong.source.push(text.source);
    return {...wrong, count: formulas.length, words, inMath: window.__translate.stats().inMath,
        untypeset: [...formulas].filter((span) => !span.querySelector('mjx-container')).map((span) => span.outerHTML)};
}"""


@pytest.fixture(params=["own", "shared"])
def translator(request: pytest.FixtureRequest) -> str:
    """The source of a translator double: the project's own, and another hand's where it is there."""
    if request.param == "own":
        return OWN.read_text()
    if not OTHER.exists():
        pytest.skip(f"the other translator is not beside this checkout: {OTHER}")
    return OTHER.read_text()


def rich_papers(count: int) -> list[dict[str, Any]]:
    """Real papers with mathematics in their abstracts."""
    found: list[dict[str, Any]] = []
    with gzip.open(shared("arxiv/arxiv-metadata-sample.jsonl.gz"), "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if record["abstract"].count("$") >= 4:
                found.append(record)
            if len(found) == count:
                break
    return found


def verdict(opened: Opened) -> dict[str, Any]:
    opened.page.evaluate("() => window.__translate.idle(400)")
    return dict(opened.page.evaluate(VERDICT))


def assert_translated(found: dict[str, Any]) -> None:
    assert found["formulas"] == []
    assert found["inMath"] == 0
    assert found["source"] == []
    assert found["prose"] == []
    assert found["words"] > 0


@pytest.mark.parametrize("moment", ["before", "during", "after"])
def test_a_list_of_25_real_abstracts_is_typeset_and_translated_but_for_its_formulas(
    open_page: Callable[..., Opened], translator: str, moment: str
) -> None:
    start = f"window.__translate.start({{inPlace: {str(moment == 'during').lower()}}})"
    opened = open_page("<ul></ul>", before=translator)
    if moment == "before":
        opened.page.evaluate(start)
    opened.page.evaluate(
        "(html) => { document.querySelector('main').innerHTML = html }", papers(rich_papers(25))
    )
    if moment == "during":
        opened.page.evaluate(start)
    opened.typeset_all()
    if moment == "after":
        opened.page.evaluate(start)
    found = verdict(opened)
    assert_translated(found)
    assert found["count"] > 60
    assert found["untypeset"] == []


def test_a_list_that_grows_stays_whole(open_page: Callable[..., Opened], translator: str) -> None:
    opened = open_page("<p>Start</p>", before=translator)
    opened.page.evaluate("window.__translate.start()")
    records = rich_papers(60)
    for start in range(0, 60, 20):
        opened.page.evaluate(
            "(html) => document.querySelector('main').insertAdjacentHTML('beforeend', html)",
            papers(records[start : start + 20]),
        )
        opened.page.mouse.wheel(0, 3000)
        opened.page.wait_for_timeout(60)
    opened.typeset_all()
    assert_translated(verdict(opened))


ANSWER = r"""## Why $\beta$ helps

The loss $L_{rec}$ falls as `beta` grows, **see $\alpha*2$**:

$$
\begin{aligned} a &= b \\ c &= \text{where $x$ holds} \end{aligned}
$$

- one $x_1$ thing
- another \(y\) thing

| name | value |
|---|---|
| norm | $|x|$ |

```python
price = "$5"
```

And the end of it.
"""


def test_a_streamed_answer_is_translated_but_for_its_formulas_and_code(
    open_page: Callable[..., Opened], translator: str
) -> None:
    opened = open_page('<math-text format="markdown" lang="en"></math-text>', before=translator)
    opened.page.evaluate("window.__translate.start()")
    opened.page.evaluate(
        """async (answer) => {
            const text = document.querySelector('math-text');
            for (let at = 0; at < answer.length; at += 9) {
                text.append(answer.slice(at, at + 9));
                if (at % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 15));
            }
        }""",
        ANSWER,
    )
    opened.settle()
    found = verdict(opened)
    assert_translated(found)
    assert found["untypeset"] == []
    assert found["count"] == 7
    assert opened.page.evaluate("document.querySelector('math-text').source") == ANSWER


def test_a_text_shown_again_and_again_is_never_read_back_from_the_page(
    open_page: Callable[..., Opened], translator: str
) -> None:
    opened = open_page(text_block(ANSWER, "markdown"), before=translator)
    opened.page.evaluate("window.__translate.start()")
    for _ in range(3):
        opened.settle()
        opened.page.evaluate("() => window.__translate.idle(100)")
        opened.page.evaluate(
            "() => { const text = document.querySelector('math-text'); text.source = text.source + '\\n\\nMore $z$.' }"
        )
    opened.settle()
    found = verdict(opened)
    assert_translated(found)
    assert found["count"] == 10
    assert opened.page.evaluate("document.querySelector('math-text').source") == ANSWER + "\n\nMore $z$." * 3


# Takes texts out and puts them back, and moves, wraps and rewrites what is in them; only guards are respected.
RESTLESS = r"""() => {
    let turn = 0;
    const mark = (text) => {
        const font = document.createElement('font');
        font.textContent = text.data.replace(/\p{L}+/gu, '‹$&›');
        text.replaceWith(font);
    };
    const translate = (text) => {
        const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT), found = [];
        while (walker.nextNode()) found.push(walker.currentNode);
        const isOpen = ({data, parentElement}) =>
            /\p{L}/u.test(data) && !data.includes('‹') && !parentElement.closest('.notranslate');
        found.filter(isOpen).forEach(mark);
    };
    const wrap = (formula) => {
        const font = document.createElement('font');
        formula.replaceWith(font);
        font.append(formula);
    };
    window.restless = setInterval(() => {
        for (const text of document.querySelectorAll('math-text:not(.notranslate)')) {
            turn += 1;
            const formulas = text.querySelectorAll('span.math'), formula = formulas[(turn * 7) % formulas.length];
            if (turn % 4 === 0) {
                const {parentNode, nextSibling} = text;
                text.remove();
                queueMicrotask(() => parentNode.insertBefore(text, nextSibling));
            } else if (turn % 4 === 1) translate(text);
            else if (formula && turn % 4 === 2) wrap(formula);
            else if (formula) formula.parentNode.prepend(formula);
        }
    }, 7);
}"""


def test_a_translator_that_puts_everything_elsewhere_spoils_no_formula_and_no_stream(
    open_page: Callable[..., Opened],
) -> None:
    answer = ANSWER + r"\begin{equation}e\label{e}\end{equation} $\eqref{e}$"
    opened = open_page('<math-text id="grows" format="markdown"></math-text>')
    opened.page.evaluate(RESTLESS)
    opened.page.evaluate(
        """async (answer) => {
            const text = document.querySelector('#grows');
            for (let at = 0; at < answer.length; at += 9) {
                text.append(answer.slice(at, at + 9));
                await new Promise((done) => setTimeout(done, at % 180 === 0 ? 200 : 4));
            }
        }""",
        answer,
    )
    opened.page.wait_for_function("() => document.querySelector('#grows').textContent.includes('‹end›')")
    opened.page.evaluate("() => clearInterval(window.restless)")
    opened.settle()
    found = opened.formulas()
    assert [formula for formula in found if not formula["typeset"] or "‹" in formula["text"]] == []
    assert len(found) == 9
    assert opened.page.locator("code", has_text="‹").count() == 0
    assert opened.page.evaluate("document.querySelector('#grows').source") == answer
    assert opened.complaints == []


def test_a_translator_that_moves_formulas_leaves_their_menus_working(
    open_page: Callable[..., Opened], translator: str
) -> None:
    opened = open_page(text_block("Let $x$ be near $y$ and $z$ here."), before=translator)
    opened.settle()
    opened.page.evaluate("window.__translate.start()")
    assert_translated(verdict(opened))
    opened.page.locator("mjx-container").last.click(button="right")
    opened.page.locator(".CtxtMenu_Menu").first.wait_for()
