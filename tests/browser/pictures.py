"""Takes the pictures in docs/pictures of a running server with arXiv's papers in it.

    python -m tests.browser.pictures http://127.0.0.1:8000 [NAME …]

Each state of the pages is taken once, in turn at the widths, themes and languages that they are made for. The server
has QUIRE_CHAT_URL and QUIRE_CHAT_MODEL set; the answer in the pictures is this script's, about a note of Quire. Its
models folder has default.model, and the tokenizers of openai/o200k_base and deepseek-ai/DeepSeek-V3.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import launch
from tests.browser.site import ROOT

FOLDER = ROOT / "docs" / "pictures"
MATHEMATICS = "/arxiv/cs.DM+cs.IT+math.CO?since=2026-01-01&until=2026-02-20"
DAY = "/arxiv/cs.LG+math.CO+math.PR?date=2026-06-30"
OWN = """() => {
    const own = (code, name, standing) => ({code, name, standing});
    localStorage.setItem('quire:categories', JSON.stringify([own('cs.LG', 'Machine Learning', 'in'),
        own('math.CO', 'Combinatorics', 'in'), own('math.PR', 'Probability', 'in'), own('cs.CY', '', 'out')]));
    localStorage.setItem('quire:visits', JSON.stringify(
        {last: null, current: {time: Date.now() - 21 * 3600_000, day: '2026-06-29'}}));
}"""
STAR = """async () => {
    const {shelf} = await import('/static/js/shelf/shelf.js');
    await shelf.ready();
    const {items} = await (await fetch('/api/v1/papers?categories=math.CO+math.PR+cs.LG&limit=60')).json();
    for (const [place, {id}] of items.entries())
        await shelf.set(id, {starred: new Date().toISOString(), tags: place % 5 ? [] : ['to read']});
}"""

SIDE_BY_SIDE = [
    *(("model", name) for name in ("default", "openai/o200k_base", "deepseek-ai/DeepSeek-V3")),
    (
        "text",
        "A tokenizer cuts text into pieces: 分词器把文本切成片段。\nfor i in range(10): print(f'{i**2:>4}')",
    ),
]
CHAT = [
    ("mode", "chat"),
    ("model", "deepseek-ai/DeepSeek-V3"),
    *(("role", role) for role in ("system", "user")),
    *(
        ("content", text)
        for text in ("You answer in one sentence.", "Why do models count tokens, and not words?")
    ),
    ("generation", "on"),
]


@dataclass(frozen=True)
class Picture:
    """A state of a page: how one comes to it, and as what it is taken."""

    name: str
    address: str
    width: int
    height: int
    theme: str = "light"
    language: str = "en-GB"
    prepare: Callable[[Page], object] = lambda page: None
    scripted: bool = True


def _own(page: Page) -> None:
    page.evaluate(OWN)
    page.reload()


def _edit(page: Page) -> None:
    _own(page)
    page.click("#edit")


def _at(paper: str) -> Callable[[Page], object]:
    def go(page: Page) -> None:
        page.evaluate(
            """async (id) => (await import('/static/js/reader/shortcuts.js')).goTo(document.getElementById(id))""",
            paper,
        )

    return go


def _find(page: Page) -> None:
    page.keyboard.press("Control+f")
    page.keyboard.type("graph -agent")


def _words(page: Page) -> None:
    page.select_option("#sort", "words")
    page.keyboard.type('graph kernel "language model"')


def _stars(page: Page) -> None:
    page.evaluate(STAR)
    page.reload()
    page.click("#cloud summary")


def _send(page: Page) -> None:
    _stars(page)
    page.click("#to-phone")


def _cite(page: Page) -> None:
    page.click("#cite-all")
    page.check("#cite-form [value=own]")


def _end(page: Page) -> None:
    page.click("[data-action=star]")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(500)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")


def _broken_off(page: Page) -> None:
    page.route("**/*cursor=*", lambda route: route.abort())
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(1500)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")


def _offline(page: Page) -> None:
    page.evaluate(
        """() => {
            const since = new Date(Date.now() - 3600_000).toISOString();
            document.documentElement.dataset.offlineSince = since;
        }"""
    )
    page.evaluate("import('/static/js/page/offline.js?again')")


def _print(page: Page) -> None:
    page.evaluate("async () => (await import('/static/math-text/math-text.js')).typesetAll()")
    page.emulate_media(media="print")


ANSWER = r"""The note derives a vocabulary from counts, without a seed vocabulary and without iterating:

1. It counts $n$-grams of bytes up to order $n$ and scores a piece by $\log N(w)/N$, so that a cut is made exactly where
   the pointwise mutual information of both sides is negative.
2. With the pieces' own frequencies, "relative frequency is the maximum-likelihood choice" [S4.p5], by Gibbs:
   $$\sum_w c(w)\log \hat p(w) \;\ge\; \sum_w c(w)\log p(w).$$
3. It says itself what that does not give: the objective does not minimise the number of pieces.

It was "adopted as a national standard in 2024" [S4.p2]."""
TYPESET = """() => [...document.querySelectorAll('math-text')].every((text) => {
    const { top, bottom } = text.getBoundingClientRect();
    return bottom < 0 || top > innerHeight || top === bottom || text.getAttribute('state') !== 'waiting';
})"""
PASSAGE = (
    "by Gibbs' inequality, so relative frequency is the maximum-likelihood choice. No iteration of EM is needed to get "
    "here, in contrast to the unigram model of Kudo, which starts from a large seed vocabulary and alternates "
    "expectation and maximisation with pruning."
)


def _answer(page: Page) -> None:
    quoted = "relative frequency is the maximum-likelihood choice"
    found = {"quote": quoted, "status": "exact", "anchor": "S4.p5", "passage": PASSAGE, "words": quoted}
    invented = {"quote": "adopted as a national standard in 2024", "status": "missing"}
    lost = {"anchor": None, "passage": None, "words": None}
    usage = {"prompt_tokens": 2412, "completion_tokens": 186}
    facts: dict[str, object] = {
        "asking": "a",
        "source": "html",
        "version": None,
        "model": "qwen3-32b",
        "tokens": 2412,
        "left_out": [],
    }
    events = [
        ("started", facts),
        ("reasoning", {"text": "The reader asks for the method."}),
        ("text", {"text": ANSWER}),
        ("quote", found),
        ("quote", invented | lost),
        ("done", {"answer": ANSWER, "usage": usage, "left_out": []}),
    ]
    body = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
    page.route("**/ask", lambda route: route.fulfill(body=body, content_type="text/event-stream"))
    page.keyboard.press("a")
    page.click("[data-question=method]")
    page.wait_for_selector(".exchange .actions:visible")
    page.evaluate("document.querySelector('.exchange').scrollIntoView()")
    page.wait_for_selector(".exchange .answer[state=ready] mjx-container >> nth=3")
    page.wait_for_selector(".quote-mark >> nth=1")
    page.click(".quote-mark")
    page.wait_for_selector(".passage mark")


PICTURES = [
    Picture("list", MATHEMATICS, 1280, 860, prepare=_at("2602.16807")),
    Picture("list-dark-phone", MATHEMATICS, 360, 740, "dark", "zh-CN", _at("2602.16807")),
    Picture("home", "/", 820, 560, prepare=_own),
    Picture("home-edit", "/", 360, 740, "dark", "zh-CN", _edit),
    Picture("calendar", DAY, 820, 640, prepare=lambda page: page.click("#calendar-open")),
    Picture("find", DAY, 820, 640, "dark", prepare=_find),
    Picture("words-first", DAY, 360, 740, "light", "zh-CN", _words),
    Picture("search", "/search?q=random+walk", 820, 640),
    Picture("search-empty", "/search", 360, 480, "dark"),
    Picture("starred", "/starred", 820, 720, prepare=_stars),
    Picture("send", "/starred", 360, 740, "light", "zh-CN", _send),
    Picture("cite", DAY, 820, 560, prepare=_cite),
    Picture("keys", DAY, 1000, 640, "dark", prepare=lambda page: page.keyboard.press("?")),
    Picture("end-of-day", DAY, 820, 480, prepare=_end),
    Picture("no-papers", "/arxiv/cs.LG?date=2026-06-28", 820, 360),
    Picture("partial", "/arxiv/cs.LG", 820, 480, prepare=_broken_off),
    Picture("offline", DAY, 360, 560, "dark", prepare=_offline),
    Picture("error", "/arxiv/cs.XX", 820, 360),
    Picture("no-script", MATHEMATICS, 820, 560, scripted=False),
    Picture("answer", "/arxiv/quire/0001", 1280, 760, prepare=_answer),
    Picture("answer-phone", "/arxiv/quire/0001", 360, 740, "dark", "zh-CN", _answer),
    Picture("print", MATHEMATICS, 820, 640, prepare=_print),
    Picture("tokenizer", f"/tokenizer?{urlencode(SIDE_BY_SIDE)}", 1280, 800),
    Picture("tokenizer-chat", f"/tokenizer?{urlencode(CHAT)}", 1280, 800),
    Picture("tokenizer-chat-phone", f"/tokenizer?{urlencode(CHAT)}", 360, 740, "dark", "zh-CN"),
    Picture("preview", "/preview?format=markdown", 820, 480, "dark"),
]


def take(browser: Browser, address: str, picture: Picture) -> None:
    """One picture, in a browser profile of its own."""
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme="dark" if picture.theme == "dark" else "light",
        locale=picture.language,
        java_script_enabled=picture.scripted,
        service_workers="block",
    )
    page = context.new_page()
    page.goto(address + picture.address, wait_until="networkidle")
    if picture.scripted:
        picture.prepare(page)
        page.wait_for_load_state("networkidle")
        page.wait_for_function(TYPESET)
    page.wait_for_timeout(1500)
    page.screenshot(path=FOLDER / f"{picture.name}.png")
    context.close()


def main() -> None:
    address, *names = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for picture in PICTURES:
            if not names or picture.name in names:
                take(browser, address, picture)
        browser.close()


if __name__ == "__main__":
    main()
