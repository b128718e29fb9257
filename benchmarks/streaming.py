"""What an answer of 200 KB costs a page as it arrives: the longest tasks, and the time by the answer's length.

    python -m benchmarks.streaming [--kilobytes 200] [--chunk 1000] [--frame 1000] [--kinds mixed list …] [--follow]

So many characters a frame, MathJax loaded before, formulas of less than 500 characters. A task is what the browser
calls a long one, 50 ms or more of the page's own thread, style and layout included; the seconds are of that thread.
"""

import argparse
import itertools
from collections.abc import Callable, Iterator

from playwright.sync_api import Browser, CDPSession

from benchmarks.pages import abstracts, chromium, ours
from tests.browser.site import Site

WATCH = """window.tasks = [];
new PerformanceObserver((list) => list.getEntries().forEach((entry) => tasks.push([entry.startTime, entry.duration])))
    .observe({type: 'longtask', buffered: true});"""
PREPARE = r"""async () => {
    const {load} = await import('/static/math-text/mathjax.js');
    await load();
    const text = document.createElement('math-text');
    text.setAttribute('format', 'markdown');
    document.querySelector('main').replaceChildren(text);
    text.source = 'Warm $x$, $\\frac{a}{b}$.';
    await new Promise((done) => text.addEventListener('math-text:ready', done, {once: true}));
    text.source = '';
    await new Promise((done) => setTimeout(done, 1000));
    tasks.length = 0;
}"""
STREAM = """async ([source, size, perFrame, follow]) => {
    const text = document.querySelector('math-text');
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const began = performance.now();
    for (let at = 0; at < source.length; at += size) {
        text.append(source.slice(at, at + size));
        if (Math.floor(at / perFrame) === Math.floor((at + size) / perFrame)) continue;
        if (follow) scrollTo(0, document.documentElement.scrollHeight);
        await frame();
    }
    const ended = performance.now();
    await new Promise((done) => text.addEventListener('math-text:ready', done, {once: true}));
    await new Promise((done) => setTimeout(done, 1000));
    return {
        while: tasks.filter(([start]) => start < ended).map(([, duration]) => duration),
        after: tasks.filter(([start]) => start >= ended).map(([, duration]) => duration),
        formulas: text.querySelectorAll('span.math').length,
        typeset: text.querySelectorAll('mjx-container').length,
    };
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kilobytes", type=int, default=200)
    parser.add_argument("--chunk", type=int, default=1000)
    parser.add_argument("--frame", type=int, default=1000, help="characters a frame, in one chunk or several")
    parser.add_argument("--kinds", nargs="+", choices=[*KINDS], default=[*KINDS])
    parser.add_argument("--follow", action="store_true", help="the reader is always at the end of the answer")
    options = parser.parse_args()
    length = options.kilobytes * 1000
    print(
        "| answer | tasks over 50 ms while it arrives | after | seconds, a quarter of it | formulas, typeset |\n"
        "|---|---|---|---|---|"
    )
    with chromium() as (browser, site):
        for kind in options.kinds:
            text = _first(KINDS[kind](), length)
            how = [options.chunk, options.frame, options.follow]
            quarter, _ = _stream(browser, site, [text[: length // 4], *how])
            whole, seen = _stream(browser, site, [text, *how])
            print(
                f"| {kind} | {_tasks(seen['while'])} | {_tasks(seen['after'])} | {whole:.2f}, {quarter:.2f} "
                f"| {seen['formulas']}, {seen['typeset']} |",
                flush=True,
            )


def _first(texts: Iterator[str], length: int) -> str:
    parts: list[str] = []
    while sum(map(len, parts)) < length:
        parts.extend(itertools.islice(texts, 20))
    return "".join(parts)[:length]


def _tasks(durations: list[float]) -> str:
    longest = ", ".join(f"{duration:.0f}" for duration in sorted(durations, reverse=True)[:4])
    return f"{len(durations)}: {longest}" if durations else "none"


def _stream(browser: Browser, site: Site, arguments: list[object]) -> tuple[float, dict[str, list[float]]]:
    """Seconds of the page's thread, and what was seen."""
    page = ours(browser, site, [], WATCH)
    page.evaluate(PREPARE)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before = _seconds(session)
    seen: dict[str, list[float]] = page.evaluate(STREAM, arguments)
    seconds = _seconds(session) - before
    page.context.close()
    return seconds, seen


def _seconds(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))


def _abstracts() -> Iterator[str]:
    return itertools.cycle(" ".join(text.split()) for text in abstracts(400))


def _mixed() -> Iterator[str]:
    """Headings, paragraphs, lists, code, a table, displays, as models answer."""
    texts = _abstracts()
    for number in itertools.count(1):
        yield f"## Step {number}: the bound $b_{{{number}}}$\n\n{next(texts)}\n\n"
        yield f"- **first** {next(texts)}\n- then $x_{{{number}}}$\n\n"
        yield f"$$\nE_{{{number}}} = \\sum_{{i=1}}^{{n}} \\frac{{a_i}}{{b_{{{number}}}}}\n$$\n\n"
        yield f'```python\nfor i in range({number}):\n    print(f"step {{i}} costs $5")\n```\n\n'
        yield f"| a | b |\n|---|---|\n| $x_{{{number}}}$ | {number} |\n| c | d |\n\n"


KINDS: dict[str, Callable[[], Iterator[str]]] = {
    "mixed": _mixed,
    "prose": lambda: itertools.chain.from_iterable(f"{text}\n\n" for text in _abstracts()),
    "list": lambda: itertools.chain.from_iterable(f"- item {text[:150]}\n" for text in _plain()),
    "formulas": lambda: itertools.chain.from_iterable(
        f"- let $x_{{{n}}}^2 \\le y_{{{n}}}$ be given, and $z_{{{n}}}$.\n" for n in itertools.count()
    ),
    "nested list": lambda: itertools.chain.from_iterable(
        f"{n}. step {text[:80]}\n    - detail $a_{{{n}}}$ {text[80:160]}\n    - more\n"
        for n, text in enumerate(_plain(), 1)
    ),
    "short blocks": lambda: itertools.chain.from_iterable(
        f"{n}. step {text[:60]}\n\nand $a_{{{n}}}$ {text[60:120]}\n\n- more\n\n"
        for n, text in enumerate(_plain(), 1)
    ),
    "table": lambda: itertools.chain(
        "| number | formula | what |\n|---|---|---|\n",
        itertools.chain.from_iterable(
            f"| {n} | $x_{{{n}}}$ | {text[:60]} |\n" for n, text in enumerate(_plain())
        ),
    ),
    "code": lambda: itertools.chain(
        "```python\n",
        itertools.chain.from_iterable(
            f"total_{n} = price_{n} * 5  # {text[:40]}\n" for n, text in enumerate(_plain())
        ),
    ),
    "quote": lambda: itertools.chain.from_iterable(f"> {text}\n>\n" for text in _abstracts()),
    "one paragraph": lambda: itertools.chain.from_iterable(f"{text} " for text in _plain()),
}


def _plain() -> Iterator[str]:
    """Sentences without mathematics and without marks of Markdown."""
    return (("".join(c for c in text if c.isalnum() or c in " .,")) for text in _abstracts())


if __name__ == "__main__":
    main()
