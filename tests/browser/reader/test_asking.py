"""A paper is asked beneath it: answers stream in, their quotes open the passages, and what breaks goes on."""

import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.asking.breakable_proxy import breakable_proxy
from tests.asking.chat_server import ChatServerDouble, Reply, chat_server, chunk, words
from tests.browser.opened import Opened
from tests.browser.reader.conftest import ALL
from tests.browser.reader.test_accessibility import violations
from tests.server import quire, serving

SETTINGS = {"CHAT_MODEL": "m-1", "CHAT_KEY": "sk-secret", "OFFLINE": "true", "ASK_AT_ONCE": "1"}
QUOTED = "It costs $5 and $10, and \\emph{nothing} else"
"""Words that every abstract of the library has."""

Open = Callable[..., Opened]


@pytest.fixture(scope="module")
def model() -> Iterator[ChatServerDouble]:
    with chat_server() as double:
        yield double


@pytest.fixture(scope="module")
def address(
    model: ChatServerDouble, library_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A server with the library and the model; each test asks a paper of its own."""
    folder = tmp_path_factory.mktemp("asking") / "data"
    shutil.copytree(library_folder, folder, ignore=shutil.ignore_patterns("*.socket"))
    with serving(folder, settings=SETTINGS | {"CHAT_URL": model.url}) as address:
        yield address


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Open]:
    contexts = []

    def open_one(path: str, **options: Any) -> Opened:
        options = {"viewport": {"width": 1000, "height": 800}, "locale": "en-GB", **options}
        contexts.append(browser.new_context(service_workers="block", **options))
        found = Opened(contexts[-1].new_page(), address)
        found.page.goto(address + path)
        return found

    yield open_one
    for context in contexts:
        context.close()


def asks(page: Page, question: str) -> None:
    """Asks a question of one's own, with the questions open."""
    page.fill(".own-question textarea", question)
    page.press(".own-question textarea", "Control+Enter")


def open_questions(page: Page) -> None:
    page.keyboard.press("a")
    expect(page.locator(".asking .questions button")).to_have_count(6)


def test_a_opens_the_questions_and_a_digit_asks_one(opened: Open, model: ChatServerDouble) -> None:
    answer = f'In short, $x^2$ grows. "{QUOTED}" [abstract], and "words that nobody wrote here" [S1.p1].'
    usage = (
        b'data: {"choices": [], "usage": {"prompt_tokens": 900, "completion_tokens": 41}}\n\ndata: [DONE]\n\n'
    )
    model.reply = lambda _: Reply([chunk(reasoning_content="Hm, let me see."), *words(answer, end=usage)])
    page = opened(ALL).page
    page.keyboard.press("j")
    paper = page.locator(".paper.current")
    open_questions(page)
    expect(paper.locator("[data-action=ask]")).to_have_attribute("aria-expanded", "true")
    expect(paper.locator(".asking h2")).to_be_focused()
    expect(paper.locator(".asking .cost")).to_contain_text(re.compile(r"about \d+ of 128,000 tokens"))
    page.keyboard.press("6")
    exchange = paper.locator(".exchange")
    expect(exchange.locator(".question")).to_have_text("Summary")
    expect(exchange.locator(".exchange-facts")).to_contain_text(
        "m-1 · title and abstract · 900 tokens read, 41 written"
    )
    expect(exchange.locator(".answer .math mjx-container")).to_have_count(1)
    marks = exchange.locator(".quote-mark")
    expect(marks).to_have_text(["word for word · abstract", "not in the paper"])
    expect(exchange.locator(".outcomes")).to_have_text("Quotes: word for word 1, not in the paper 1.")
    expect(exchange.locator(".reasoning p")).to_be_hidden()
    exchange.locator(".reasoning summary").click()
    expect(exchange.locator(".reasoning p")).to_have_text("Hm, let me see.")
    expect(paper.locator("[data-question=summary] .there")).to_have_text("answered")
    # Once more leads to the answer that is there.
    asked = len(model.requests)
    page.keyboard.press("6")
    expect(exchange.locator("h3")).to_be_focused()
    assert len(model.requests) == asked
    page.keyboard.press("a")
    expect(paper.locator(".exchanges")).to_be_hidden()
    expect(paper.locator("[data-action=ask]")).to_be_focused()


def test_words_are_on_the_page_while_the_rest_is_being_written(opened: Open, model: ChatServerDouble) -> None:
    gate = threading.Event()
    texts = ["First words, $a^2", "$ and ", *(f"word{number} " for number in range(60)), "the end."]
    model.reply = lambda _: Reply(words(*texts), gate=gate)
    page = opened("/arxiv/2606.00002").page
    page.evaluate(
        """() => {
            window.heard = [];
            new MutationObserver(() => heard.push(document.getElementById('heard').textContent))
                .observe(document.getElementById('heard'), {childList: true, characterData: true, subtree: true});
        }"""
    )
    open_questions(page)
    asks(page, "What grows?")
    exchange = page.locator(".exchange")
    expect(exchange.locator(".answer")).to_contain_text("First words")
    expect(exchange).to_have_attribute("aria-busy", "true")
    expect(exchange.locator(".status")).to_have_text("m-1 is writing …")
    gate.set()
    expect(exchange.locator(".answer")).to_contain_text("the end.")
    expect(exchange).not_to_have_attribute("aria-busy", "true")
    expect(exchange.locator(".answer .math mjx-container")).to_have_count(1)
    expect(exchange.locator(".progress")).to_be_hidden()
    expect(page.locator("#heard")).to_contain_text("Answered: What grows?")
    heard = page.evaluate("heard")
    assert len(heard) <= 4, "where it stands, not each word"


def test_a_quote_opens_its_passage_beside_the_answer_and_beneath_it_on_a_phone(
    opened: Open, model: ChatServerDouble
) -> None:
    altered = QUOTED.replace("$10", "$20")
    answer = f'Costs: "{altered}" [abstract].\n\nInvented: "it was all in vain, they say" [S9.p9].'
    model.reply = lambda _: Reply(words(answer))
    found = opened("/arxiv/2606.00003", viewport={"width": 1440, "height": 900})
    page = found.page
    open_questions(page)
    page.keyboard.press("1")
    marks = page.locator(".quote-mark")
    expect(marks).to_have_text(["altered · abstract", "not in the paper"])
    expect(page.locator(".exchange .answer")).to_contain_text("$5 and $10")  # the paper's own words
    marks.nth(0).focus()
    page.keyboard.press("Enter")
    passage = page.locator(".passage")
    expect(passage).to_be_focused()
    expect(passage.locator(".outcome")).to_contain_text("altered these words")
    expect(passage.locator(".had")).to_contain_text("$20")
    expect(passage.locator("mark")).to_contain_text("It costs $5 and $10, and nothing else")
    expect(passage.locator("blockquote")).to_contain_text("We prove that")
    expect(passage.locator("blockquote .math mjx-container")).to_have_count(2)
    boxes = passage.bounding_box(), page.locator(".exchange .answer").bounding_box()
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["x"] > boxes[1]["x"] + boxes[1]["width"], "beside"
    assert boxes[0]["x"] + boxes[0]["width"] <= 1440
    page.keyboard.press("Escape")
    expect(passage).to_have_count(0)
    expect(marks.nth(0)).to_be_focused()
    page.set_viewport_size({"width": 360, "height": 740})
    marks.nth(1).click()
    expect(passage.locator(".outcome")).to_have_text("These words are not in the paper.")
    expect(passage.locator("blockquote")).to_have_count(0)
    boxes = passage.bounding_box(), page.locator(".exchange .answer").bounding_box()
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["y"] >= boxes[1]["y"]
    assert boxes[0]["x"] >= 0
    assert boxes[0]["x"] + boxes[0]["width"] <= 360
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    marks.nth(1).click()
    expect(passage).to_have_count(0)


def test_what_is_stopped_ends_at_the_model_too_and_is_not_kept(opened: Open, model: ChatServerDouble) -> None:
    model.broken_off.clear()
    model.reply = lambda _: Reply([chunk(content="Half an answer")], stays_open=True)
    page = opened("/arxiv/2606.00004").page
    open_questions(page)
    page.keyboard.press("2")
    exchange = page.locator(".exchange")
    expect(exchange.locator(".answer")).to_contain_text("Half an answer")
    exchange.locator("[data-do=stop]").click()
    expect(exchange.locator(".status")).to_have_text("Stopped; what arrived is not kept.")
    assert model.broken_off.wait(30)
    expect(exchange.locator(".actions button:visible")).to_have_text(["Ask again"])
    model.reply = lambda _: Reply(words("A whole one."))
    exchange.locator("[data-do=again]").click()
    expect(page.locator(".exchange .answer").first).to_have_text("A whole one.")
    expect(page.locator(".exchange .progress").first).to_be_hidden()
    page.reload()
    expect(page.locator(".exchange .answer")).to_have_text("A whole one.")


def test_who_waits_sees_their_place(opened: Open, model: ChatServerDouble) -> None:
    gate = threading.Event()
    model.reply = lambda _: Reply(words("So ", "it is."), gate=gate)
    first, second = opened("/arxiv/2606.00005").page, opened("/arxiv/2606.00006").page
    for page in (first, second):
        open_questions(page)
    first.keyboard.press("1")
    expect(first.locator(".exchange .answer")).to_contain_text("So")
    second.keyboard.press("1")
    expect(second.locator(".exchange .status")).to_have_text("Waiting: place 1")
    gate.set()
    expect(second.locator(".exchange .answer")).to_have_text("So it is.")


def test_a_connection_that_breaks_goes_on_where_it_was(
    browser: Browser, address: str, model: ChatServerDouble
) -> None:
    gate = threading.Event()
    model.reply = lambda _: Reply(words("One, ", "two, ", "three."), gate=gate)
    with breakable_proxy(address) as proxy:
        context = browser.new_context(locale="en-GB", service_workers="block")
        page = context.new_page()
        page.goto(f"{proxy.address}/arxiv/2606.00007")
        open_questions(page)
        asked = len(model.requests)
        resumed: list[str | None] = []
        page.on("request", lambda request: resumed.append(request.headers.get("last-event-id")))
        page.keyboard.press("3")
        exchange = page.locator(".exchange")
        expect(exchange.locator(".answer")).to_contain_text("One,")
        proxy.cut()
        expect(exchange.locator(".status")).to_have_text("The connection was lost; trying again …")
        gate.set()
        proxy.mend()
        expect(exchange.locator(".answer")).to_have_text("One, two, three.")
        expect(exchange.locator(".progress")).to_be_hidden()
        assert len(model.requests) == asked + 1
        lasts = [last for last in resumed if last]
        assert lasts
        assert all(re.fullmatch("[0-9a-f]{16}-2", last) for last in lasts), lasts
        context.close()


def test_a_question_follows_an_answer_with_all_that_was_said(opened: Open, model: ChatServerDouble) -> None:
    model.reply = lambda _: Reply(words("It solves *this*."))
    page = opened("/arxiv/2606.00008").page
    open_questions(page)
    page.keyboard.press("1")
    expect(page.locator(".exchange .actions")).to_be_visible()
    page.reload()  # also of an answer that was kept before
    open_questions(page)
    model.reply = lambda _: Reply(words("Because."))
    page.click(".exchange [data-do=follow]")
    expect(page.locator(".follow-up .cost")).to_contain_text("tokens and your question")
    page.keyboard.type("And why?")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".thread .exchange .answer")).to_have_text(["It solves this.", "Because."])
    messages = model.requests[-1]["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[1]["content"].endswith("under which assumptions the problem is posed.")
    assert [message["content"] for message in messages[2:]] == ["It solves *this*.", "And why?"]


def test_prompts_are_in_view_and_one_is_changed(opened: Open, model: ChatServerDouble) -> None:
    model.reply = lambda _: Reply(words("Changed."))
    page = opened("/arxiv/2606.00009").page
    open_questions(page)
    page.click(".prompts summary")
    expect(page.locator(".prompts dd p").nth(5)).to_contain_text("Summarise the paper")
    page.click(".prompts dd button >> nth=5")
    expect(page.locator(".own-question textarea")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type(" In rhyme.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".exchange .answer")).to_have_text("Changed.")
    assert model.requests[-1]["messages"][-1]["content"].endswith(" In rhyme.")
    page.select_option(".own-question select", "zh")
    expect(page.locator(".questions button").first).to_contain_text("论文")


TEX = rb"""\documentclass{article}\title{My own}\begin{document}\maketitle
\begin{abstract}We count all the sheep of the valley.\end{abstract}
\section{Counting}The shepherd counted $n^2$ sheep before the sun had set.\end{document}"""


def test_a_file_of_ones_own_is_asked_in_the_place_of_the_paper(opened: Open, model: ChatServerDouble) -> None:
    quote = "sheep before the sun had set"
    model.reply = lambda _: Reply(words(f'Sheep: "{quote}" [S1.p1].'))
    page = opened("/arxiv/2606.00015").page
    open_questions(page)
    page.set_input_files(
        ".own-file [type=file]", {"name": "own.tex", "mimeType": "text/x-tex", "buffer": TEX}
    )
    expect(page.locator(".file-said .status")).to_contain_text("Questions are now about own.tex (TeX source)")
    expect(page.locator(".asking > .cost")).to_contain_text("read from TeX source")
    page.keyboard.press("Escape")
    page.locator("article.paper").focus()
    page.keyboard.press("6")
    expect(page.locator(".exchange .exchange-facts")).to_contain_text("m-1 · your file · TeX source")
    expect(page.locator(".quote-mark")).to_contain_text("word for word")
    assert "The shepherd counted" in model.requests[-1]["messages"][-1]["content"]
    page.click(".quote-mark")
    expect(page.locator(".passage mark")).to_have_text(quote)
    expect(page.locator(".passage a")).to_have_count(0)
    page.click(".file-said button")
    expect(page.locator(".file-said")).to_be_hidden()
    expect(page.locator(".questions .there")).to_have_count(0)
    page.locator("article.paper").focus()
    page.keyboard.press("6")
    expect(page.locator(".exchange")).to_have_count(2)
    expect(page.locator(".exchange .exchange-facts").first).to_contain_text("title and abstract")
    expect(page.locator(".quote-mark").first).to_contain_text("not in the paper")
    assert "The shepherd counted" not in model.requests[-1]["messages"][-1]["content"]


def test_a_file_that_is_none_of_these_is_refused_in_words(opened: Open) -> None:
    page = opened("/arxiv/2606.00016").page
    open_questions(page)
    page.evaluate(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(64)], 'zeros.bin'));
            const event = new DragEvent('drop', {dataTransfer: transfer, bubbles: true, cancelable: true});
            document.querySelector('.asking').dispatchEvent(event);
        }"""
    )
    expect(page.locator(".file-said .status")).to_have_text("zeros.bin could not be read:")
    expect(page.locator(".file-said .detail")).not_to_be_empty()
    expect(page.locator(".file-said button")).to_be_hidden()


def test_an_answer_is_copied_with_its_quotes_and_the_citation(opened: Open, model: ChatServerDouble) -> None:
    model.reply = lambda _: Reply(words(f'It says "{QUOTED}" [abstract].'))
    page = opened("/arxiv/2606.00010", permissions=["clipboard-read", "clipboard-write"]).page
    open_questions(page)
    page.keyboard.press("4")
    page.click(".exchange [data-do=copy]")
    expect(page.locator("#said")).to_have_text("Copied the answer with its citation")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("# Paper number 9")
    assert f"- “{QUOTED}” [abstract]: word for word" in copied
    assert "2606.00010" in copied.splitlines()[-1]
    with page.expect_download() as saving:
        page.click(".exchange [data-do=save]")
    assert saving.value.suggested_filename == "2606.00010-experiments.md"


def test_a_strangers_answer_shows_no_pictures_and_says_where_links_lead(
    opened: Open, model: ChatServerDouble
) -> None:
    hostile = (
        '<script>document.title = "gone"</script><img src="https://spy.example/a.png" onerror="alert(1)">\n\n'
        "![p](https://spy.example/b.png) [home](https://spy.example/x) [js](javascript:alert(1)) Text."
    )
    model.reply = lambda _: Reply([chunk(reasoning_content="<b>bold</b>"), *words(hostile)])
    found = opened("/arxiv/2606.00011")
    open_questions(found.page)
    found.page.keyboard.press("5")
    expect(found.page.locator(".exchange .answer")).to_contain_text("Text.")
    expect(found.page.locator(".exchange .actions")).to_be_visible()
    assert found.page.locator(".exchange :is(img, script, b)").count() == 0
    expect(found.page.locator(".answer a:text-is('home')")).to_have_attribute("data-host", "spy.example")
    assert found.page.locator(".answer a[href^='javascript']").count() == 0
    assert not found.foreign_requests
    assert not found.dialogs
    assert "gone" not in found.page.title()


def test_a_refusal_is_said_with_its_reason_and_the_key_is_not(opened: Open, model: ChatServerDouble) -> None:
    body = b'{"error": {"message": "no such model sk-secret"}}'
    model.reply = lambda _: Reply([body], status=404, headers={"content-type": "application/json"})
    page = opened("/arxiv/2606.00012").page
    open_questions(page)
    page.keyboard.press("1")
    expect(page.locator(".exchange .progress")).to_contain_text("No complete answer arrived.")
    expect(page.locator(".exchange .detail")).to_contain_text("knows no such address or model")
    assert "sk-secret" not in page.content()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_questions_answers_and_passages_break_no_rule(
    opened: Open, model: ChatServerDouble, theme: str
) -> None:
    model.reply = lambda _: Reply(
        [chunk(reasoning_content="Hm."), *words(f'It says "{QUOTED}" [abstract], [more](https://a.example).')]
    )
    locale = {"light": "en-GB", "dark": "zh-CN"}[theme]
    found = opened("/arxiv/2606.00013", color_scheme=theme, locale=locale)
    open_questions(found.page)
    found.page.keyboard.press("6")
    found.page.click(".quote-mark")
    found.page.click(".prompts summary")
    found.page.click("[data-do=follow]")
    found.page.wait_for_selector(".passage")
    assert not violations(found)


@pytest.mark.parametrize("width", [360, 820, 2560])
def test_nothing_is_wider_than_the_window(opened: Open, model: ChatServerDouble, width: int) -> None:
    wide = r"$$ a_1 + a_2 + a_3 + a_4 + a_5 + a_6 + a_7 + a_8 + a_9 + b_1 + b_2 + b_3 + b_4 = \prod_{i=1}^{n} c_i $$"
    model.reply = lambda _: Reply(words(f'It says "{QUOTED}" [abstract].\n\n{wide}\n\nEnd.'))
    page = opened("/arxiv/2606.00014", viewport={"width": width, "height": 800}, locale="zh-CN").page
    open_questions(page)
    page.keyboard.press("6")
    page.click(".quote-mark")
    expect(page.locator(".passage")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def kept_answers(folder: Path) -> None:
    """Answers as an import brings them: to an older version, with an altered quote."""
    words = "It costs $5 and $10"
    quote = {"quote": "It costs $5 and $20", "status": "repaired", "anchor": "abstract"}
    record = {
        "id": "2606.00001",
        "version": 1,
        "question": "Summary",
        "name": "summary",
        "answer": 'Kept $x^2$: "It costs $5 and $20" [abstract].',
        "model": "m-0",
        "language": "en",
        "source": "html",
        "quotes": [{**quote, "passage": f"{words}, and nothing else.", "words": words}],
    }
    paper = {"id": "2606.00001", "title": "On $x$", "abstract": "A.", "categories": ["cs.LG"], "version": 3}
    lines = [paper, {**record, "model": "older", "answer": "Before."}, record]
    file = folder / "kept.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert quire("papers", "import", file, data_dir=folder / "data").returncode == 0


def test_kept_answers_are_read_without_a_model_and_without_script(browser: Browser, tmp_path: Path) -> None:
    kept_answers(tmp_path)
    with serving(tmp_path / "data") as address:
        plain = browser.new_context(java_script_enabled=False)
        page = plain.new_page()
        page.goto(f"{address}/arxiv/2606.00001")
        text = page.inner_text("main")
        assert 'Kept $x^2$: "It costs $5 and $20" [abstract].' in text
        assert "There is a newer version, v3" in text
        assert "altered" in text
        assert "The paper has: It costs $5 and $10" in text
        assert page.locator(".actions button:visible").count() == 0
        plain.close()
        context = browser.new_context(locale="en-GB", service_workers="block")
        page = context.new_page()
        page.goto(f"{address}/arxiv/2606.00001")
        expect(page.locator(".quote-mark").first).to_have_text("altered · abstract")
        assert "It costs $5 and $10" in page.inner_text(".thread > .exchange .answer")
        expect(page.locator(".earlier .exchange")).to_have_count(1)
        expect(page.locator(".earlier .exchange")).to_be_hidden()
        page.goto(f"{address}/arxiv/cs.LG")
        page.keyboard.press("j")
        page.keyboard.press("a")
        expect(page.locator(".asking .about")).to_contain_text("QUIRE_CHAT_URL and QUIRE_CHAT_MODEL")
        expect(page.locator(".paper .thread > .exchange .answer mjx-container")).to_have_count(1)
        expect(page.locator(".asking :is(form, .questions)")).to_have_count(0)
        expect(page.locator(".thread > .exchange > .actions button:visible")).to_have_text(
            ["Copy as Markdown", "Save as Markdown"]
        )
        context.close()


def test_the_arxiv_page_of_a_paper_has_a_key_of_its_own(opened: Open) -> None:
    page = opened(ALL).page
    page.context.route("https://arxiv.org/**", lambda route: route.fulfill(body="abs"))
    page.keyboard.press("j")
    with page.context.expect_page() as opening:
        page.keyboard.press("V")
    assert opening.value.url.startswith("https://arxiv.org/abs/")
