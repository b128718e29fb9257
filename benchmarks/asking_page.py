"""From an upstream's first byte to the first words that a reader sees painted, by the server and by the page.

    python -m benchmarks.asking_page [--questions 30]

A server, a chat server on loopback and Chromium on this machine. The upstream's moment is when it has the question and
begins to send; the page's is the task after the frame in which the first words are on it. The clocks of the two are
compared before each question, since a page's does not follow when the system's is set.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.asking.chat_server import Reply, chat_server, words
from tests.browser.chromium import launch
from tests.server import serving

LEAST, ALLOWED = 5, 50.0
"""Questions that are needed for a figure, and the milliseconds that are allowed."""

FIRST = "First words of answer {},"

WATCH = """(first) => {
    window.painted = new Promise((done) => {
        const watch = new MutationObserver(() => {
            const answers = [...document.querySelectorAll('.exchange .answer')];
            if (!answers.some((answer) => answer.textContent.includes(first))) return;
            watch.disconnect();
            requestAnimationFrame(() => {
                const {port1, port2} = new MessageChannel();
                port1.onmessage = () => done(performance.timeOrigin + performance.now());
                port2.postMessage(null);
            });
        });
        watch.observe(document.body, {childList: true, characterData: true, subtree: true});
    });
}"""


def page_ahead(page: Page) -> float:
    """Milliseconds by which the page's clock is ahead of this process's; the quickest of some answers says it best."""
    readings: list[tuple[float, float]] = []
    for _ in range(9):
        before = time.time() * 1000
        now = page.evaluate("performance.timeOrigin + performance.now()")
        after = time.time() * 1000
        readings.append((after - before, now - (before + after) / 2))
    return min(readings)[1]


def measured(questions: int) -> list[float]:
    """Milliseconds of each question."""
    found = []
    with chat_server() as model, tempfile.TemporaryDirectory() as folder:
        sent: list[float] = []

        def reply(_: dict[str, Any]) -> Reply:
            sent.append(time.time() * 1000)
            return Reply(words(f"{FIRST.format(len(sent))} ", "and the rest."))

        model.reply = reply
        settings = {"CHAT_URL": model.url, "CHAT_MODEL": "m", "OFFLINE": "true"}
        with serving(Path(folder), settings=settings) as address, sync_playwright() as playwright:
            browser = launch(playwright)
            page = browser.new_page()
            for number in range(questions + LEAST):
                page.goto(f"{address}/arxiv/quire/0001")
                page.keyboard.press("a")
                page.wait_for_selector(".questions button")
                page.evaluate(WATCH, FIRST.format(number + 1))  # kept answers of others are on the page too
                ahead = page_ahead(page)
                page.fill(".own-question textarea", f"Question {number}?")
                page.keyboard.press("Control+Enter")
                painted = page.evaluate("painted")
                page.wait_for_selector(".exchange .actions:visible")
                if number >= LEAST:  # those before warm up
                    found.append(painted - ahead - sent[-1])
            browser.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--questions", type=int, default=30)
    options = parser.parse_args()
    found = sorted(measured(max(LEAST, options.questions)))
    median, late = statistics.median(found), found[int(len(found) * 0.95)]
    print(f"first byte to first painted words, {len(found)} questions (allowed: {ALLOWED:.0f} ms)")
    print(f"median {median:.0f} ms, 95 % within {late:.0f} ms, slowest {found[-1]:.0f} ms")


if __name__ == "__main__":
    main()
