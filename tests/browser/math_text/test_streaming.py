"""A text that arrives in chunks ends as the same text given at once, and what is finished is left alone."""

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.math_text.streamed import KINDS, LONG, grown_otherwise
from tests.browser.opened import Opened
from tests.shared import shared

OpenPage = Callable[..., Opened]

# Streams a text in chunks of these sizes, then compares what is built with the same text given at once.
STREAM = r"""async ([source, sizes]) => {
    const bare = (text) => {
        const copy = text.cloneNode(true);
        for (const span of copy.querySelectorAll('span.math')) {
            span.replaceChildren(span.dataset.tex);
            span.className = 'math notranslate';
            span.removeAttribute('title');
        }
        return copy.innerHTML;
    };
    const make = () => {
        const text = document.createElement('math-text');
        text.setAttribute('format', 'markdown');
        document.querySelector('main').replaceChildren(text);
        return text;
    };
    const whole = make();
    whole.source = source;
    const wanted = bare(whole);
    const text = make();
    const ready = () => new Promise((done) => text.addEventListener('math-text:ready', done, {once: true}));
    let at = 0, turn = 0;
    while (at < source.length) {
        const size = sizes[turn++ % sizes.length];
        text.append(source.slice(at, at + size));
        at += size;
        if (turn % 7 === 0) await new Promise((done) => setTimeout(done));
        if (turn % 29 === 0) await ready();
    }
    if (text.getAttribute('state') !== 'ready') await ready();
    return [wanted, bare(text), text.source];
}"""

TEXT = r"""# A $\beta$-answer

First see [the paper][one], **bold $a*b$**, and \(x_1\).

1. one $a_1$

2. two

   ```py
   price = "$5"
   ```

$$
a

+ b
$$

> quoted $q$
> $$
> r
> $$

| a | $|b|$ |
|---|---|
| 1 | $5 |

- [ ] open
- [x] done

<div>

raw *x* $y$

</div>

[one]: https://example.org/1 "The paper"

\begin{aligned} p &= q \\ r &= s \end{aligned}

The end, cut in $\frac{a"""


@pytest.mark.parametrize("sizes", [[1], [1, 2, 3, 5, 8, 13], [40, 1], [1024]], ids=str)
def test_the_end_is_what_the_whole_text_gives(open_page: OpenPage, sizes: list[int]) -> None:
    opened = open_page("")
    wanted, found, source = opened.page.evaluate(STREAM, [TEXT, sizes])
    assert found == wanted
    assert source == TEXT


def test_the_shared_cases_may_arrive_in_any_chunks(open_page: OpenPage) -> None:
    opened = open_page("")
    found = json.loads(shared("markdown/cases.json").read_text(encoding="utf-8"))
    cases = [case["markdown"] for case in found]
    chance = random.Random(7)
    for start in range(0, len(cases), 6):
        chance.shuffle(cases)
        text = "\n\n".join(cases[start : start + 12])
        sizes = [chance.choice([1, 2, 3, 7, 20, 90]) for _ in range(13)]
        whole, streamed, _ = opened.page.evaluate(STREAM, [text, sizes])
        assert unnumbered(streamed) == unnumbered(whole), text


def unnumbered(html: str) -> str:
    """Without the number of an element, which keeps its notes from those of others on one page."""
    return re.sub(r"\b(note(?:-mark)?)-\d+-", r"\1-", html)


@pytest.mark.parametrize("kind", KINDS)
def test_any_text_may_arrive_in_any_chunks(open_page: OpenPage, kind: str) -> None:
    assert grown_otherwise(open_page("").page, kind, first=1, count=300) == []


@pytest.mark.parametrize("long", LONG)
def test_a_very_long_text_in_any_chunks_ends_like_the_same_text_at_once(
    open_page: OpenPage, long: str
) -> None:
    assert grown_otherwise(open_page("").page, "all", first=1, count=40, long=LONG[long]) == []


@pytest.mark.parametrize("long", LONG)
def test_no_element_of_a_very_long_text_has_very_many_children(open_page: OpenPage, long: str) -> None:
    opened = open_page('<math-text format="markdown"></math-text>')
    head, line, _ = LONG[long]
    children = opened.page.evaluate(
        """(source) => {
            const text = document.querySelector('math-text');
            text.source = source;
            return [text, ...text.querySelectorAll('*')].map(({childElementCount}) => childElementCount);
        }""",
        head + line * 3000,
    )
    assert max(children) < 500
    assert sum(children) >= 3000


def test_a_very_long_list_goes_on_counting(open_page: OpenPage) -> None:
    opened = open_page('<math-text format="markdown"></math-text>')
    numbers = opened.page.evaluate(
        """(source) => {
            document.querySelector('math-text').source = source;
            return [...document.querySelectorAll('ol')].flatMap(({start, children}) =>
                [...children].map((item, index) => [start + index, Number(item.textContent)]));
        }""",
        "".join(f"{number}. {number}\n" for number in range(7, 400)),
    )
    assert numbers == [[number, number] for number in range(7, 400)]


@pytest.mark.parametrize("source", ["2023. The year", "99. a\n1. b", "123456789. a", "- a\n\n  1998. b"])
def test_a_list_has_room_for_its_numbers(open_page: OpenPage, source: str) -> None:
    opened = open_page("")
    opened.show(source)
    digits, room = opened.page.evaluate(
        """() => {
            const list = document.querySelector('ol'), style = getComputedStyle(list);
            const ruler = document.createElement('span');
            ruler.style.whiteSpace = 'pre';
            list.append(ruler);
            ruler.textContent = `${list.start + list.querySelectorAll('li').length - 1}. `;
            return [ruler.getBoundingClientRect().width, parseFloat(style.paddingInlineStart)];
        }"""
    )
    assert digits < room + 6  # what a text may draw beyond its edge


def test_the_parts_of_a_table_and_of_a_quote_are_rendered_once_each(open_page: OpenPage) -> None:
    opened = open_page('<math-text format="markdown"></math-text>')
    seen = opened.page.evaluate(
        r"""() => {
            const text = document.querySelector('math-text');
            const parts = (selector) => [...text.querySelectorAll(selector)].map((part) =>
                [part.textContent.trim(), 'mine' in part.dataset]);
            text.append('| a $x$ | b |\n|---|:-:|\n| 1 |');
            text.append(' 2 |\n| 3 | 4 |\n|');
            for (const row of text.querySelectorAll('tr')) row.dataset.mine = '';
            text.append(' 5 | $y$ |\n\n> one $z$\n>\n> two\n>');
            for (const part of text.querySelectorAll('blockquote > *')) part.dataset.mine = '';
            text.append('\n> three\n\nend');
            return [parts('tbody tr'), parts('blockquote > p'), text.querySelectorAll('table, blockquote').length,
                text.querySelector('tr:last-child > :last-child').align];
        }"""
    )
    rows = [["1\n2", True], ["3\n4", True], ["5\n$y$", False]]
    assert seen == [rows, [["one $z$", True], ["two", False], ["three", False]], 2, "center"]


@pytest.mark.parametrize(("rows", "grid"), [(59, "table-row"), (60, "grid"), (61, "grid")])
def test_a_table_of_many_rows_is_laid_out_row_by_row_however_it_came(
    open_page: OpenPage, rows: int, grid: str
) -> None:
    opened = open_page("")
    text = "| a | b |\n|---|---|\n" + "".join(f"| {row} | words of cell {row} |\n" for row in range(rows))
    whole, streamed, _ = opened.page.evaluate(STREAM, [text, [41, 3]])
    assert streamed == whole
    assert opened.page.evaluate("getComputedStyle(document.querySelector('tbody > tr')).display") == grid


def test_an_opening_that_nothing_closes_ends_as_prose(open_page: OpenPage) -> None:
    opened = open_page("")
    text = "We get **this** $$x_1 * y\n\nThen a sentence of many words.\n\nAnd the *last* one."
    whole, streamed, _ = opened.page.evaluate(STREAM, [text, [1]])
    assert streamed == whole
    assert streamed.startswith("<p>We get <strong>this</strong> $$x_1 * y</p>")


def test_finished_blocks_are_left_alone_and_the_open_end_is_plain_and_guarded(open_page: OpenPage) -> None:
    opened = open_page('<math-text format="markdown"></math-text>')
    seen = opened.page.evaluate(
        r"""() => {
            const text = document.querySelector('math-text');
            text.append('First $a$.\n\nSecond *b* $');
            const first = text.querySelector('p');
            first.dataset.mine = 'kept';
            const open = [...text.children].at(-1);
            const guard = open.closest('.notranslate[translate="no"]') === open && open.matches('.notranslate');
            const plain = [open.textContent, open.children.length];
            text.append('c$ and more.\n\nThird.\n\n');
            return [first === text.querySelector('p') && first.dataset.mine, guard, plain];
        }"""
    )
    assert seen == ["kept", True, ["Second *b* $", 0]]
    opened.settle()
    assert opened.page.evaluate("document.querySelector('p').dataset.mine") == "kept"
    assert opened.visible_text() == "First \ufffc. Second b \ufffc and more. Third."


# Streams a text in chunks of these sizes and returns what changed, but in its open end and where parts came last.
WATCHED = r"""async ([source, sizes]) => {
    const {GrowingText} = await import('/static/math-text/growing-text.js');
    const host = document.createElement('div');
    const growing = new GrowingText(host, 'markdown');
    const changes = [];
    const isOpen = (node) =>
        node !== host && (node.parentNode === null || (node.closest ? node : node.parentElement).closest('.open'));
    const take = (records) => {
        for (const {target, type, addedNodes, removedNodes, nextSibling} of records) {
            if (isOpen(target)) continue;
            const gone = [...removedNodes].filter((node) => !node.matches?.('.open'));
            const between = addedNodes.length > 0 && nextSibling !== null;
            if (type !== 'childList' || gone.length > 0 || between)
                changes.push([type, target.nodeName, gone.map(({textContent}) => textContent)]);
        }
    };
    const observer = new MutationObserver(take);
    observer.observe(host, {subtree: true, childList: true, attributes: true, characterData: true});
    for (let at = 0, turn = 0; at < source.length; turn += 1) {
        const size = sizes[turn % sizes.length];
        growing.append(source.slice(at, at + size));
        at += size;
        take(observer.takeRecords());
        const guards = [...host.querySelectorAll('.open')];
        const [open] = guards;
        if (guards.length > 1 || !open.matches('span.notranslate[translate="no"]')) changes.push('unguarded');
        if (open !== host.lastChild || open.querySelector('*')) changes.push('not plain');
        if (!source.slice(0, at).endsWith(open.textContent)) changes.push(open.textContent);
    }
    return changes;
}"""


@pytest.mark.parametrize("sizes", [[1], [1, 2, 3, 5, 8, 13], [1024]], ids=str)
def test_what_is_finished_is_never_touched_and_the_end_is_its_source(
    open_page: OpenPage, sizes: list[int]
) -> None:
    blocks = "# A $\\beta$-answer\n\nWith **bold** \\(x_1\\) and $y$.\n\n$$\na\n\n+ b\n$$\n\n"
    code = "```py\nprice = '$5'\n```\n\n"
    lists = "1. one $a_1$\n2. two\n   - in it\n3. three\n\nThen\n\n- [ ] open\n- [x] done\n\n"
    parts = "> one $q$\n>\n> two\n\n| a | $|b|$ |\n|---|---|\n| 1 | $5 |\n| 2 | $z$ |\n\n"
    assert open_page("").page.evaluate(WATCHED, [(blocks + code + lists + parts) * 2, sizes]) == []


def test_a_formula_that_has_not_ended_is_its_source(open_page: OpenPage) -> None:
    opened = open_page('<math-text format="markdown"></math-text>')
    append = "(chunk) => document.querySelector('math-text').append(chunk)"
    opened.page.evaluate(append, r"Now *one* $\frac{a}{b}$ and $\sum_{i=1}^n")
    assert opened.visible_text() == r"Now *one* $\frac{a}{b}$ and $\sum_{i=1}^n"
    opened.settle()
    assert opened.visible_text() == "Now one \ufffc and $\\sum_{i=1}^n"
    opened.page.evaluate(append, " i$.")
    opened.settle()
    assert opened.visible_text() == "Now one \ufffc and \ufffc."


def test_an_item_is_rendered_once_but_for_an_empty_line_that_makes_its_list_a_loose_one(
    open_page: OpenPage,
) -> None:
    opened = open_page('<math-text format="markdown"></math-text>')
    seen = opened.page.evaluate(
        r"""() => {
            const text = document.querySelector('math-text');
            const items = () => [...text.querySelectorAll('ol > li')].map((item) =>
                [item.textContent, 'mine' in item.dataset, item.children.length]);
            text.append('3. one\n4. two\n5. th');
            for (const item of text.querySelectorAll('li')) item.dataset.mine = '';
            text.append('ree\n6. four\n7. f');
            const tight = items();
            text.append('ive\n\n8. six\n9. s');
            return [tight, items(), text.querySelectorAll('ol').length, text.querySelector('ol').start];
        }"""
    )
    assert seen == [
        [["one", True, 0], ["two", True, 0], ["three", False, 0], ["four", False, 0]],
        [[f"{word}\n", False, 1] for word in ("one", "two", "three", "four", "five", "six")],
        1,
        3,
    ]


def test_a_link_defined_later_changes_the_block_that_names_it_and_no_other(open_page: OpenPage) -> None:
    opened = open_page('<math-text format="markdown"></math-text>')
    seen = opened.page.evaluate(
        r"""() => {
            const text = document.querySelector('math-text');
            text.append('One [here][a].\n\nTwo.\n\nThree');
            for (const block of text.querySelectorAll('p')) block.dataset.mine = '';
            text.append('.\n\n[a]: https://example.org/a\n\nFour\n\n');
            return [...text.querySelectorAll('p')].slice(0, 2).map((block) =>
                ['mine' in block.dataset, block.querySelector('a')?.href ?? null]);
        }"""
    )
    assert seen == [[False, "https://example.org/a"], [True, None]]


def test_numbers_stay_right_when_an_equation_grows_or_is_named_before_it_comes(open_page: OpenPage) -> None:
    opened = open_page('<math-text format="markdown"></math-text>')
    append = "(chunk) => document.querySelector('math-text').append(chunk)"
    opened.page.evaluate(append, "See $\\eqref{b}$.\n\n\\begin{equation}a\\label{a}\\end{equation}\n\nthen")
    opened.settle()
    opened.page.evaluate(append, "\n\n\\begin{equation}b\\label{b}\\end{equation}")
    opened.settle()
    opened.page.evaluate(append, "\n\n\\begin{equation}c\\end{equation}\n\nEnd $\\eqref{a}$.")
    opened.settle()
    spoken = opened.page.evaluate(
        "() => [...document.querySelectorAll('span.math math')].map((math) => math.textContent)"
    )
    assert spoken == ["(2)", "(1)a", "(2)b", "(3)c", "(1)"]


# Counts the characters of work that a text costs as it arrives: read by Marked, put together from pieces, written to
# the page. They are the same on any machine.
WORK = r"""async ([source, size]) => {
    const {Lexer} = await import('/static/vendor/marked.esm.js');
    const text = document.createElement('math-text');
    text.setAttribute('format', 'markdown');
    document.querySelector('main').replaceChildren(text);
    const places = [[Lexer.prototype, 'lex'], [Array.prototype, 'join'], [CharacterData.prototype, 'appendData'],
        [CharacterData.prototype, 'data']];
    const originals = places.map(([owner, name]) => Object.getOwnPropertyDescriptor(owner, name));
    const [lex, join, appendData, data] = originals;
    let work = 0;
    Lexer.prototype.lex = function (given) { work += given.length; return lex.value.call(this, given); };
    Array.prototype.join = function (...given) {
        const joined = join.value.apply(this, given);
        work += joined.length;
        return joined;
    };
    CharacterData.prototype.appendData = function (given) {
        work += given.length;
        appendData.value.call(this, given);
    };
    Object.defineProperty(CharacterData.prototype, 'data', {
        ...data, set(given) { work += given.length; data.set.call(this, given); } });
    try {
        for (let at = 0; at < source.length; at += size) text.append(source.slice(at, at + size));
    } finally {
        places.forEach(([owner, name], index) => Object.defineProperty(owner, name, originals[index]));
    }
    return work / source.length;
}"""


@pytest.mark.parametrize(
    "paragraph",
    [
        "A sentence with $x_1$ and **bold** words, `code` and [a link](https://example.org). " * 4 + "\n\n",
        "words " * 50,  # one endless paragraph
        "- an item with $x_1$ of a list\n",
        "| $x_1$ | a row of a table |\n",
        "> A sentence of a quote with $x_1$.\n>\n",
    ],
    ids=["paragraphs", "one paragraph", "one list", "one table", "one quote"],
)
def test_a_long_answer_costs_linear_work(open_page: OpenPage, paragraph: str) -> None:
    opened = open_page('<math-text format="markdown"></math-text>')
    head = "| a | b |\n|---|---|\n" if paragraph.startswith("|") else ""
    short, long = (opened.page.evaluate(WORK, [head + paragraph * count, 16]) for count in (40, 640))
    assert 1 <= long < 1.5 * short  # a quadratic reader works 16 times as hard on each character


@pytest.mark.parametrize(
    "block",
    [
        "A sentence.\n\n",
        "1. one\n\n- two\n\n",
        "- an item\n",
        "- one\n\n",
        "| a | row |\n",
    ],
    ids=["paragraphs", "lists", "one list", "one loose list", "one table"],
)
def test_what_comes_to_a_long_answer_restyles_nothing_else(open_page: OpenPage, block: str) -> None:
    opened = open_page('<math-text format="markdown"></math-text>')
    head = "| a | b |\n|---|---|\n" if block.startswith("|") else ""
    append = """async (chunk) => {
        const frame = () => new Promise((done) => requestAnimationFrame(done));
        document.querySelector('math-text').append(chunk);
        for (let frames = 0; frames < 3; frames += 1) await frame();
    }"""
    opened.page.evaluate(append, head + block * 400)
    opened.settle()
    assert 0 < _restyled(opened.page, append, block) < 100


def _restyled(page: Page, append: str, chunk: str) -> int:
    """How many elements get a new style when a chunk comes."""
    browser = page.context.browser
    assert browser is not None
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    page.evaluate(append, chunk)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    return sum(
        event["args"].get("elementCount", 0) for event in events if event["name"] == "UpdateLayoutTree"
    )


def test_no_style_looks_through_the_page_for_each_element_that_comes() -> None:
    for sheet in [*Path("static/css").glob("*.css"), *Path("static/math-text").glob("*.css")]:
        screen = sheet.read_text(encoding="utf-8").partition("@media print")[0]
        assert re.findall(r":has\((?!> )", screen) == [], sheet


def test_a_latex_text_may_grow_too(open_page: OpenPage) -> None:
    opened = open_page('<math-text format="latex"></math-text>')
    opened.page.evaluate(
        r"""() => {
            for (const letter of 'An \\emph{old $x$ and} $y_1$.') document.querySelector('math-text').append(letter);
        }"""
    )
    opened.settle()
    assert opened.visible_text() == "An old \ufffc and \ufffc."
    assert opened.page.locator("math-text em").count() == 1
    assert [formula["tex"] for formula in opened.formulas()] == ["x", "y_1"]
