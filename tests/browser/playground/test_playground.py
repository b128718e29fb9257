"""The playground in a real Chromium, against a real server."""

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.browser.opened import PATIENCE
from tests.server import ROOT, serving
from tests.tokenizer.others.trained import write_all
from tests.web.conftest import write_models

OpenPage = Callable[..., Page]

FIGURES = "#models td:not(:last-child)"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("playground")
    write_models(folder / "models")
    write_all(folder / "models")
    with serving(folder, settings={"OFFLINE": "true"}) as url:
        yield url


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
    assert pieces(page) == ["the"]
    assert figures(page)[0] == "1"
    page.get_by_label("Model 2").select_option("none")
    page.get_by_label("Add a model").select_option("unigram")
    page.click("#cut")
    assert models(page)[:2] == ["default", "unigram"]
    assert page.locator("#pieces .flow").count() == 2


def test_typing_shows_pieces_and_figures(open_page: OpenPage) -> None:
    page = open_page(text="the")
    page.fill("#text", "hello 你好，世界。\n天")
    expect(page.locator(FIGURES).first).to_have_text("7")
    assert pieces(page) == ["hello", " ", "你好", "，世界", "。\n", *pieces(page)[5:]]
    assert page.locator("#pieces .piece.raw").first.text_content() == "E5 A4"
    assert figures(page)[1:] == ["28", "4.00"]


def test_white_space_shows_on_wish(open_page: OpenPage) -> None:
    page = open_page(text="the fox\n")
    page.check("[name=spaces]")
    expect(page.locator("#pieces .piece").nth(1)).to_have_text("·fox")
    assert "↵" in "".join(pieces(page))


def test_arrow_keys_go_through_the_pieces_and_tell_what_is_known(open_page: OpenPage) -> None:
    page = open_page(text="the fox\nhello 你好")
    expect(page.locator(FIGURES).first).to_be_visible()
    expect(page.locator("#pieces .slice .piece").first).to_be_visible()
    page.focus("#pieces")
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
    page.focus("#pieces")
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
    page.focus("#pieces")
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
    """Whether a line is of the page and not of the network, which a test broke on purpose."""
    return line.type == "error" and "net::ERR_FAILED" not in line.text
