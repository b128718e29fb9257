"""The playground in a real Chromium, against a real server."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.browser.opened import PATIENCE
from tests.server import ROOT, serving
from tests.tokenizer.others.trained import write_all
from tests.web.conftest import write_models

OpenPage = Callable[..., Page]

WINDOWED = "sentence-folders/all-windowed-L6-v2"
FIGURES = "#models td:not(:last-child)"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("playground")
    write_models(folder / "models")
    write_all(folder / "models")
    write_strict(folder / "models")
    write_windowed(folder / "models")
    with serving(folder, settings={"OFFLINE": "true"}) as url:
        yield url


def write_windowed(folder: Path) -> None:
    """A model with a long name and a context of 40 tokens."""
    shutil.copytree(folder / "org" / "chatty", folder / "sentence-folders" / WINDOWED.split("/")[1])
    config = folder / WINDOWED / "tokenizer_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "model_max_length": 40}))


def write_strict(folder: Path) -> None:
    """`org/strict`, whose template trims what is said and takes no system."""
    shutil.copytree(folder / "org" / "chatty", folder / "org" / "strict")
    (folder / "org" / "strict" / "chat_template.jinja").write_text(
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system here') }}{% endif %}"
        "{% for one in messages %}{{ one.role | upper }}: {{ one.content | trim }}<|end|>{% endfor %}"
    )


def focus_pieces(page: Page) -> None:
    """Goes to the pieces once they are the script's: those that the server wrote have no details."""
    expect(page.locator("#pieces .piece[data-row]").first).to_be_visible()
    page.focus("#pieces")


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[OpenPage]:
    """Opens the page; afterwards nothing may have been complained of, the policy's refusals among them."""
    complaints: list[str] = []
    contexts = []

    def open_one(
        javascript: bool = True, width: int = 1280, theme: str = "light", **query: str | list[str]
    ) -> Page:
        context = browser.new_context(
            java_script_enabled=javascript,
            viewport={"width": width, "height": 800},
            color_scheme="dark" if theme == "dark" else "light",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if _is_ours(line) else None)
        page.goto(f"{address}/tokenizer?{urlencode(query, doseq=True)}")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


def pieces(page: Page, model: str = "default") -> list[str]:
    return page.locator(f"#pieces .flow[data-model='{model}'] .piece").all_text_contents()


def figures(page: Page) -> list[str]:
    return page.locator(FIGURES).all_text_contents()


def models(page: Page) -> list[str]:
    return [select.input_value() for select in page.locator("#models select").all()]


def test_without_script_the_form_shows_the_pieces(open_page: OpenPage) -> None:
    page = open_page(javascript=False, text="hello the fox天", model=["default", "bare"])
    assert pieces(page)[:3] == ["hello", " the", " fox"]
    assert all(len(piece) == 1 or piece in ("E5", "A4", "A9") for piece in pieces(page, "bare"))
    page.fill("#text", "the")
    page.click("#cut")
    expect(page.locator("#pieces [data-model=default] .piece")).to_have_text(["the"])
    assert figures(page)[0] == "1"
    page.get_by_label("Model 2").select_option("none")
    page.get_by_label("Add a model").select_option("unigram")
    page.click("#cut")
    expect(page.locator("#pieces [data-model=unigram]")).to_be_visible()
    assert models(page)[:2] == ["default", "unigram"]
    assert page.locator("#pieces .flow").count() == 2


def test_typing_shows_pieces_and_figures(open_page: OpenPage) -> None:
    page = open_page(text="the")
    page.fill("#text", "hello 你好，世界。\n天")
    expect(page.locator(FIGURES).first).to_have_text("7")
    assert pieces(page) == ["hello", " ", "你好", "，世界", "。\n", *pieces(page)[5:]]
    assert page.locator("#pieces .piece.raw").first.text_content() == "E5 A4"
    assert figures(page)[1:] == ["28", "4.00"]


def test_the_share_of_the_models_context_stands_by_the_count(open_page: OpenPage) -> None:
    page = open_page(text="the", model=[WINDOWED, "default"])
    share = page.locator("#models small")
    count = len(pieces(page, WINDOWED))
    said = f"{100 * count / 40:.1f} % of its context of 40"
    assert count < 4
    expect(share).to_have_text(said)
    assert share.count() == 1, "nothing is said where no length is known"
    plain = open_page(javascript=False, text="the", model=[WINDOWED, "default"])
    assert plain.locator("#models small").all_text_contents() == [said], "as without script"
    page.fill("#text", "words " * 40)
    expect(share).to_have_class("over")
    page.fill("#text", "")
    expect(share).to_have_text("0.00 % of its context of 40")
    page.locator("#chat-mode").check()
    expect(share).to_have_class("over")


def test_long_names_of_models_can_be_read_on_a_telephone(open_page: OpenPage) -> None:
    page = open_page(text="the", width=360, model=[WINDOWED, "default"])
    expect(page.locator("#models small")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    needed, given = page.evaluate(
        """() => {
            const select = document.querySelector('#models select');
            const context = document.createElement('canvas').getContext('2d');
            const { font, paddingLeft } = getComputedStyle(select);
            context.font = font;
            return [context.measureText(select.value.slice(0, 28)).width, select.clientWidth - 30];
        }"""
    )
    assert given >= needed
    boxes = [box.bounding_box() for box in page.locator("#models tr").first.locator("td, th").all()]
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= 360 for box in boxes)


def test_parts_of_characters_show_as_bytes_for_every_kind(open_page: OpenPage) -> None:
    page = open_page(text="天e", model=["org/chatty", "ranks"])
    for model in ("org/chatty", "ranks"):
        expect(page.locator(f"#pieces .slice [data-model='{model}'] .piece")).to_have_text(
            ["E5", "A4", "A9", "e"]
        )


def test_white_space_shows_on_wish(open_page: OpenPage) -> None:
    page = open_page(text="the fox\n")
    page.check("[name=spaces]")
    expect(page.locator("#pieces .piece").nth(1)).to_have_text("·fox")
    assert "↵" in "".join(pieces(page))


def test_arrow_keys_go_through_the_pieces_and_tell_what_is_known(open_page: OpenPage) -> None:
    page = open_page(text="the fox\nhello 你好")
    expect(page.locator(FIGURES).first).to_be_visible()
    expect(page.locator("#pieces .slice .piece").first).to_be_visible()
    focus_pieces(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-known=span]")).to_have_text("3 – 7")
    assert page.locator("[data-known=bytes]").text_content() == "20 66 6F 78"
    page.keyboard.press("End")
    expect(page.locator("[data-known=span]")).to_have_text("14 – 16")
    page.keyboard.press("ArrowUp")
    assert page.locator("#selected-piece").text_content() in ("the", " fox", "\n")
    assert page.get_attribute("#pieces", "aria-activedescendant") == "selected-piece"


def test_a_long_text_is_counted_as_a_whole_by_other_tokenizers(open_page: OpenPage, address: str) -> None:
    text = "So many words stand in this line.\n" * 200
    call = {"text": text, "model": "llama", "add_bos": False, "add_eos": False}
    whole = httpx.post(f"{address}/api/v1/encode", json=call, trust_env=False).raise_for_status().json()
    page = open_page(model="llama")
    page.fill("#text", text)
    expect(page.locator(FIGURES).first).to_have_text(f"{len(whole['ids']):,}")
    page.click("#ids summary")
    shown = page.locator("#ids code").first.text_content()
    assert json.loads((shown or "").replace(", …", "")) == whole["ids"][:2000]


def test_ids_are_in_view_and_copied(open_page: OpenPage) -> None:
    page = open_page(text="hello the", model=["default", "bare"])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#ids summary")
    expect(page.locator("#ids code")).to_have_count(2)
    shown = page.locator("#ids code").first.text_content()
    assert shown is not None
    assert re.fullmatch(r"\[\d+(, \d+)*\]", shown)
    page.locator("#ids button").first.click()
    expect(page.locator("#ids [role=status]").first).to_contain_text(f": {shown.count(',') + 1}")
    assert page.evaluate("navigator.clipboard.readText()") == shown


def test_what_is_known_of_a_piece_goes_with_its_text(open_page: OpenPage) -> None:
    page = open_page(text="hello the fox")
    expect(page.locator(FIGURES).first).to_have_text("3")
    focus_pieces(page)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#known")).to_be_visible()
    page.fill("#text", "the fox")
    expect(page.locator("#known")).to_be_hidden()


def test_the_box_grows_with_its_text(open_page: OpenPage) -> None:
    page = open_page(text="the")
    height = page.locator("#text").bounding_box()
    page.fill("#text", "the\n" * 12)
    grown = page.locator("#text").bounding_box()
    assert height
    assert grown
    assert grown["height"] > height["height"]
    page.fill("#text", "the\n" * 300)
    box = page.locator("#text").bounding_box()
    assert box
    assert box["height"] < 800, "it scrolls within itself from there"


def test_models_stand_side_by_side_with_their_differences_from_the_first(open_page: OpenPage) -> None:
    page = open_page(text="hello 5", model=["default", "bare", "llama"])
    expect(page.locator("#pieces .slice [data-model=bare] .piece")).to_have_count(7)
    assert page.locator("#pieces [data-model=default] .differs").count() == 0
    assert len(page.locator("#pieces [data-model=bare] .differs").all()) == 5
    assert "".join(pieces(page, "llama")) == "∅hello 5"
    expect(page.locator(FIGURES).nth(3)).to_have_text("7")
    assert figures(page)[::3] == ["3", "7", str(len(pieces(page, "llama")))]
    columns = [box["x"] for flow in page.locator("#pieces .flow").all() if (box := flow.bounding_box())]
    assert columns == sorted(set(columns)), "beside each other"


def test_models_are_added_and_removed_and_the_link_keeps_them(open_page: OpenPage) -> None:
    page = open_page(text="hello the", model="default")
    expect(page.locator(FIGURES).first).to_have_text("2")
    expect(page.get_by_role("button", name="Remove")).to_have_count(0)
    page.get_by_role("button", name="Add a model").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Model 2")).to_be_focused()
    page.get_by_label("Model 2").select_option("llama")
    page.click("#add-model")
    page.get_by_label("Model 3").select_option("marked")
    assert page.get_by_label("Model 3").locator("option[value=llama], option:text-is('llama')").is_disabled()
    expect(page.locator("#pieces .slice [data-model=marked] .piece")).to_have_count(2)
    expect(page).to_have_url(re.compile("model=default&model=llama&model=marked"))
    page.get_by_role("button", name="Remove (llama)").press("Enter")
    expect(page.get_by_role("button", name="Remove (marked)")).to_be_focused()
    expect(page.locator("#pieces .flow")).to_have_count(2)
    assert models(page) == ["default", "marked"]
    again = open_page(**parse_qs(urlsplit(page.url).query))
    expect(again.locator("#pieces .slice [data-model=marked] .piece")).to_have_count(2)
    assert models(again) == ["default", "marked"]
    again.get_by_role("button", name="Remove (default)").click()
    expect(again.locator(FIGURES)).to_have_text(["2", "9", "4.50"])
    assert pieces(again, "marked") == ["hello", " the"]


def test_keys_lead_from_one_model_to_another(open_page: OpenPage) -> None:
    page = open_page(text="hello the", model=["default", "bare"])
    expect(page.locator("#pieces .slice [data-model=bare] .piece")).to_have_count(9)
    focus_pieces(page)
    page.keyboard.press("End")
    page.keyboard.press("PageDown")
    expect(page.locator("[data-known=model]")).to_have_text("bare")
    expect(page.locator("[data-known=span]")).to_have_text("5 – 6")
    page.keyboard.press("PageUp")
    expect(page.locator("[data-known=model]")).to_have_text("default")
    expect(page.locator("[data-known=span]")).to_have_text("5 – 9")


def test_drawing_is_reproduced_by_the_address(open_page: OpenPage, address: str) -> None:
    page = open_page(text="hello the fox is over the dog 你好 " * 4)
    page.check("[name=sample]")
    page.locator("[name=alpha]").fill("0.1")
    page.click("#again")
    expect(page.locator("#link")).to_have_attribute("href", re.compile("seed=2"))
    page.wait_for_function("() => !document.querySelector('#loading[data-busy]')")
    seen = pieces(page)
    query = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
    again = open_page(**query)
    expect(again.locator("#pieces .slice .piece").first).to_be_visible()
    assert pieces(again) == seen
    assert pieces(open_page(javascript=False, **query)) == seen


def test_the_lattice_of_a_line_is_drawn(open_page: OpenPage) -> None:
    page = open_page(text="hello 你好")
    expect(page.locator("#lattice svg .arc.best")).to_have_count(3)
    assert page.locator("#lattice svg .bar").count() == len("hello 你好".encode()) + 1
    assert page.locator("#lattice .best li").first.locator(".piece").all_text_contents() == [
        "hello",
        "·",
        "你好",
    ]


def test_the_lattice_is_of_the_line_at_the_cursor(open_page: OpenPage) -> None:
    page = open_page(text="one")
    first = page.locator("#lattice .best li").first
    page.fill("#text", "two\nlines\n" + "long " * 30)
    expect(page.locator("#lattice svg")).to_have_count(0)
    page.locator("#text").press("ControlOrMeta+Home")
    expect(first).to_contain_text("two")
    page.locator("#text").press("ArrowDown")
    expect(first).to_contain_text("lines")


def test_a_megabyte_is_shown_where_one_looks(open_page: OpenPage) -> None:
    page = open_page(text="the")
    expect(page.locator("#pieces .slice .piece")).to_have_count(1)
    page.evaluate(
        """() => {
            const text = document.getElementById('text');
            text.value = Array.from({ length: 30000 }, (_, i) => `${i} hello the fox 你好，世界。\\n`).join('');
            text.dispatchEvent(new Event('input', { bubbles: true }));
        }"""
    )
    expect(page.locator(FIGURES).nth(1)).to_have_text("1,158,890")
    assert 0 < page.locator(".piece").count() < 8000
    page.locator("#pieces").evaluate("pane => { pane.scrollTop = pane.scrollHeight / 2; }")
    page.wait_for_function(
        """() => {
            const box = document.getElementById('pieces').getBoundingClientRect();
            const at = document.elementFromPoint(box.left + 20, box.top + 200);
            return at?.closest('.flow') && /[0-9]/.test(at.closest('.flow').textContent);
        }"""
    )
    assert page.locator(".piece").count() < 8000
    assert page.locator("#link").text_content() == "Link without the text, which is too long for one"


def test_what_went_wrong_is_said(open_page: OpenPage) -> None:
    page = open_page(text="the")
    page.route("**/api/v1/encode", lambda route: route.abort())
    page.fill("#text", "fox")
    expect(page.locator("#failure")).to_contain_text("could not be fetched")
    page.unroute("**/api/v1/encode")
    page.fill("#text", "dog")
    expect(page.locator("#failure")).to_be_hidden()
    expect(page.locator(FIGURES).first).to_have_text("1")


@pytest.mark.parametrize("width", [360, 2560])
def test_no_width_needs_sideways_scrolling(open_page: OpenPage, width: int) -> None:
    page = open_page(width=width, text="hello 你好 " * 30, model=["default", "bare", "org/chatty"])
    expect(page.locator("#pieces .slice .piece").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_sound_for_screen_readers(open_page: OpenPage, theme: str) -> None:
    page = open_page(theme=theme, text="hello 你好", model=["default", "bare", "llama"])
    expect(page.locator("#pieces .slice .piece").first).to_be_visible()
    assert violations(page) == []


def of_template(page: Page, model: str = "org/chatty") -> str:
    """The pieces that are marked as the template's."""
    return "".join(page.locator(f"#pieces [data-model='{model}'] .piece.template").all_text_contents())


def counts(page: Page) -> list[int]:
    """What is said of each message and of what belongs to none; the total is the first figure."""
    said = [*page.locator("#messages .count").all_text_contents(), page.locator("#rest").text_content() or ""]
    return [
        int(found[0].replace(",", "")) for text in said if (found := re.search(r"[\d,]+(?= token)", text))
    ]


def total(page: Page) -> int:
    return int(figures(page)[0].replace(",", ""))


def test_a_chat_shows_its_prompt_with_the_template_marked_apart(open_page: OpenPage) -> None:
    page = open_page(model="org/chatty")
    page.get_by_role("radio", name="Chat").check()
    expect(page.get_by_label("Role of message 1")).to_have_value("system")
    expect(page.locator("#pieces .piece.template").first).to_be_visible()
    expect(page.locator("#written-by")).to_contain_text("dotted underline")
    expect(page.locator("#text-input")).to_be_hidden()
    page.get_by_role("textbox", name="Message 1").fill("user")
    page.get_by_label("Role of message 1").select_option("user")
    page.get_by_role("textbox", name="Message 2").fill("naïve 你好🦊")
    page.get_by_label("Role of message 2").select_option("assistant")
    page.get_by_label("Add the generation prompt").uncheck()
    expect(page.locator("#rest")).to_contain_text(" 0 tokens")
    assert of_template(page) == "<|start|>user↵\n<|end|>↵\n<|start|>assistant↵\n<|end|>↵\n"
    assert len(counts(page)) == 3
    assert sum(counts(page)) == total(page) == len(pieces(page, "org/chatty"))
    mark = page.locator("#pieces .piece.template").first
    assert "dotted" in mark.evaluate("piece => getComputedStyle(piece).textDecoration")
    page.get_by_label("Add the generation prompt").check()
    expect(page.locator("#rest")).not_to_contain_text(" 0 tokens")
    assert of_template(page).endswith("<|start|>assistant↵\n")
    assert sum(counts(page)) == total(page)


def test_keys_say_whose_text_a_piece_of_a_prompt_is(open_page: OpenPage) -> None:
    page = open_page(mode="chat", model="org/chatty", role="user", content="Hello")
    expect(page.locator("#pieces .piece.template").first).to_be_visible()
    page.focus("#pieces")
    page.keyboard.press("Home")
    expect(page.locator("[data-known=by]")).to_have_text("The template's text")
    for _ in range(pieces(page, "org/chatty").index("Hello")):
        page.keyboard.press("ArrowRight")
    expect(page.locator("[data-known=by]")).to_have_text("Message 1")
    page.get_by_role("textbox", name="Message 1").fill("Hell")
    expect(page.locator("#known")).to_be_hidden()


def test_messages_are_added_moved_and_removed_by_keys(open_page: OpenPage) -> None:
    page = open_page(mode="chat", model="org/chatty", role="user", content="one")
    expect(page.get_by_role("button", name="Remove (1)")).to_be_disabled()
    page.get_by_role("button", name="Add a message").press("Enter")
    expect(page.get_by_role("textbox", name="Message 2")).to_be_focused()
    expect(page.get_by_label("Role of message 2")).to_have_value("assistant")
    page.keyboard.type("two")
    page.get_by_role("button", name="Up (2)").press("Enter")
    expect(page.get_by_role("button", name="Down (1)")).to_be_focused()
    expect(page.locator("#heard")).to_have_text("Message 1 of 2")
    expect(page).to_have_url(re.compile("role=assistant&role=user&content=two&content=one"))
    expect(page.locator("#pieces .slice")).to_contain_text(re.compile("assistant.*two.*user.*one", re.DOTALL))
    page.get_by_role("button", name="Remove (1)").press("Enter")
    expect(page.get_by_role("textbox", name="Message 1")).to_be_focused()
    expect(page.locator("#pieces .slice")).not_to_contain_text("two")
    assert page.locator("#messages li").count() == 1


def test_a_role_is_typed_and_the_link_restores_the_chat(open_page: OpenPage) -> None:
    page = open_page(mode="chat", model=["org/chatty", "org/strict"], role="user", content=" Hi ")
    page.get_by_label("Role of message 1").select_option("another role…")
    page.keyboard.type("judge")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Role of message 1")).to_be_focused()
    expect(page.locator("#pieces [data-model='org/strict']")).to_contain_text("JUDGE")
    page.get_by_label("Add the generation prompt").uncheck()
    expect(page).not_to_have_url(re.compile("generation"))
    again = open_page(**parse_qs(urlsplit(page.url).query))
    expect(again.locator("#pieces [data-model='org/strict']")).to_contain_text("JUDGE:·Hi<|end|>")
    assert of_template(again) == "<|start|>judge↵\n<|end|>↵\n"
    assert of_template(again, "org/strict") == "JUDGE:·<|end|>"
    expect(again.get_by_label("Role of message 1")).to_have_value("judge")
    expect(again.get_by_role("textbox", name="Message 1")).to_have_value(" Hi ")
    expect(again.locator(".count")).to_contain_text("org/chatty")
    expect(again.get_by_label("Add the generation prompt")).not_to_be_checked()
    again.get_by_role("radio", name="Text").check()
    expect(again.locator("#text-input")).to_be_visible()
    expect(again.locator("#pieces .template")).to_have_count(0)
    assert figures(again)[0] == str(len(pieces(again, "org/chatty")))


def test_what_a_template_refuses_is_said_beneath_the_messages(open_page: OpenPage) -> None:
    page = open_page(mode="chat", model=["org/strict", "org/chatty"], role="system", content="Be brief")
    expect(page.locator(".input #failure")).to_contain_text(
        "org/strict: the chat template refuses this: no system"
    )
    assert page.locator("#pieces .flow").count() == 1, "the other model's prompt shows"
    page.get_by_label("Role of message 1").select_option("user")
    expect(page.locator("#pieces .flow")).to_have_count(2)
    expect(page.locator("#failure")).to_be_hidden()
    page.get_by_role("button", name="Remove (org/chatty)").click()
    page.get_by_label("Role of message 1").select_option("system")
    expect(page.locator("#failure")).to_be_visible()
    expect(page.locator("#pieces .piece")).to_have_count(0)
    assert figures(page) == ["–", "–", "–"]


def test_a_model_that_cannot_chat_says_so_and_offers_those_that_can(open_page: OpenPage) -> None:
    page = open_page(mode="chat", model="default", role="user", content="Hi")
    expect(page.locator("#cannot-chat")).to_contain_text("default can't chat")
    expect(page.locator("#pieces .piece")).to_have_count(0)  # the sample text's are gone
    page.locator("#cannot-chat").get_by_role("button", name="org/chatty").click()
    expect(page.locator("#pieces .slice")).to_contain_text("Hi<|end|>")
    expect(page.locator("#cannot-chat")).to_be_hidden()
    expect(page.get_by_label("Model 1")).to_be_focused()
    assert models(page) == ["org/chatty"]


def test_where_no_model_can_chat_it_says_how_to_get_one(open_page: OpenPage) -> None:
    page = open_page(model="default", lang="en")
    page.route(
        "**/api/v1/models?*",
        lambda route: route.fulfill(json={"items": [{"name": "default", "can": []}], "next_cursor": None}),
    )
    page.get_by_role("radio", name="Chat").check()
    expect(page.locator("#cannot-chat")).to_contain_text("quire models fetch ORG/NAME")
    expect(page.locator("#cannot-chat")).to_contain_text("chat_template.jinja")


def test_a_chat_is_in_chinese_too(open_page: OpenPage) -> None:
    page = open_page(lang="zh", mode="chat", model="org/chatty")
    expect(page.get_by_role("radio", name="对话")).to_be_checked()
    expect(page.get_by_role("textbox", name="消息 2")).to_have_value("天空为什么是蓝色的？")
    expect(page.locator(".count").first).to_contain_text("个词元")


@pytest.mark.parametrize("width", [360, 2560])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chat_is_sound_at_every_width(open_page: OpenPage, theme: str, width: int) -> None:
    page = open_page(theme=theme, width=width, mode="chat", model=["default", "org/chatty", "org/strict"])
    expect(page.locator("#pieces .piece.template").first).to_be_visible()
    expect(page.locator("#failure")).to_be_visible()
    expect(page.locator("#cannot-chat")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


def violations(page: Page) -> list[tuple[str, str]]:
    """What axe finds wrong."""
    # Run by the debugger, not by the page, whose policy refuses it.
    page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text() + "; undefined")
    found = page.evaluate("axe.run(document.querySelector('main'))")
    return [(item["id"], item["nodes"][0]["html"]) for item in found["violations"]]


@pytest.mark.parametrize(
    ("query", "status"), [({"model": "nowhere"}, 404), ({"alpha": "0"}, 422), ({"model": "broken"}, 422)]
)
def test_a_wrong_address_is_answered_by_a_page(address: str, query: dict[str, str], status: int) -> None:
    response = httpx.get(f"{address}/tokenizer", params=query, headers={"accept": "text/html"})
    assert (response.status_code, response.headers["content-type"].split(";")[0]) == (status, "text/html")


def _is_ours(line: ConsoleMessage) -> bool:
    """Whether a line is of the page and not of the network, which a test broke on purpose, or asked what is refused."""
    broken = ("net::ERR_FAILED", "status of 422")
    return line.type == "error" and not any(reason in line.text for reason in broken)


def test_fingers_have_room_beside_boxes_of_the_usual_size(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, is_mobile=True, has_touch=True)
    page = context.new_page()
    page.goto(f"{address}/tokenizer")
    for name in ("radio", "checkbox"):
        box = page.locator(f".choices input[type='{name}']:visible").first
        size, room = box.bounding_box(), box.locator("xpath=..").bounding_box()
        assert size is not None
        assert room is not None
        assert size["height"] < 24
        assert room["height"] >= 44
    context.close()
