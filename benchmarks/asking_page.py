"""From an upstream's first byte to the first words that a reader sees painted, by the server and by the page.

    python -m benchmarks.asking_page [--questions 30]

A server, a chat server on loopback and Chromium on this machine, by one clock. The upstream's moment is when it has the
question and begins to send; the page's is the task after the frame in which the first words are on it.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.asking.chat_server import Reply, chat_server, words
from tests.browser.chromium import launch
from tests.server import serving

LEAST, ALLOWED = 5, 50.0
"""Questions that are needed for a figure, and the milliseconds that are allowed."""

WATCH = """() => {
    window.painted = new Promise((done) => {
        const watch = new MutationObserver(() => {
            if (!document.querySelector('.exchange .answer')?.textContent.includes('First')) return;
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


def measured(questions: int) -> list[float]:
    """Milliseconds of each question."""
    found = []
    with chat_server() as model, tempfile.TemporaryDirectory() as folder:
        sent: list[float] = []

        def reply(_: dict[str, Any]) -> Reply:
            sent.append(time.time() * 1000)
            return Reply(words("First words ", "and the rest."))

        model.reply = reply
        settings = {"CHAT_URL": model.url, "CHAT_MODEL": "m", "OFFLINE": "true"}
        with serving(Path(folder), settings=settings) as address, sync_playwright() as playwright:
            browser = launch(playwright)
            page = browser.new_page()
            for number in range(questions + LEAST):
                page.goto(f"{address}/arxiv/quire/0001")
                page.keyboard.press("a")
                page.wait_for_selector(".questions button")
                page.evaluate(WATCH)
                page.fill(".own-question textarea", f"Question {number}?")
                page.keyboard.press("Control+Enter")
                painted = page.evaluate("painted")
                page.wait_for_selector(".exchange .actions:visible")
                if number >= LEAST:  # those before warm up
                    found.append(painted - sent[-1])
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
