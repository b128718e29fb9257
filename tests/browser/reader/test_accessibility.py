"""No page breaks a rule of WCAG 2.2 AA that axe can check, in either theme, with what can be opened open."""

import json
from typing import Any

import pytest

from tests.browser.opened import Opened
from tests.browser.reader.conftest import ALL, OpenReader
from tests.browser.site import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES = [
    "/",
    ALL,
    "/arxiv/cs.LG?date=2026-06-30",
    "/arxiv/cs.LG?date=2026-06-28",
    "/arxiv/cs.LG/calendar?month=2026-06",
    "/arxiv/2606.00001",
    "/search",
    "/search?q=case",
    "/starred#ids=2606.00001",
    "/tokenizer",
    "/preview",
    "/offline",
    "/nowhere",
]


def violations(opened: Opened) -> list[Any]:
    """What axe finds wrong, short enough to be read in a failure."""
    opened.page.evaluate(AXE.read_text(encoding="utf-8"))
    found = opened.page.evaluate(
        "(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})",
        RULES,
    )
    return [
        (rule["id"], [node["html"][:200] for node in rule["nodes"][:3]], rule["nodes"][0]["failureSummary"])
        for rule in found["violations"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("address", PAGES)
def test_pages_break_no_rule(open_reader: OpenReader, address: str, theme: str) -> None:
    language = {"light": "en-GB", "dark": "zh-CN"}[theme]
    opened = open_reader(address, color_scheme=theme, locale=language)
    opened.page.wait_for_timeout(300)
    found = violations(opened)
    assert not found, json.dumps(found, indent=1)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_a_list_can_open_breaks_no_rule(open_reader: OpenReader, theme: str) -> None:
    opened = open_reader(ALL, color_scheme=theme)
    for key in ("j", "s", "m", "t"):
        opened.page.keyboard.press(key)
    opened.page.wait_for_selector(".note-editor")
    opened.page.keyboard.press("Control+f")
    opened.page.keyboard.type("prove")
    assert not violations(opened)
    opened.page.click("#find-close")
    for opens, opened_one in (
        ("#keys-help", "#keys[open]"),
        ("#cite-all", "#cite-dialog[open]"),
        ("#menu-open", "#menu:popover-open"),
        ("#calendar-open", "#calendar:popover-open a"),
    ):
        opened.page.click(opens)
        opened.page.wait_for_selector(opened_one)
        assert not violations(opened), opens
        opened.page.keyboard.press("Escape")
    opened.page.select_option("#sort", "words")
    opened.page.fill("#preferred", "prove")
    opened.page.hover(".subject >> nth=0")
    opened.page.wait_for_selector(".plus-minus")
    assert not violations(opened)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_choosing_categories_and_what_was_starred_break_no_rule(open_reader: OpenReader, theme: str) -> None:
    opened = open_reader("/", color_scheme=theme)
    opened.page.click("#edit")
    for _ in range(2):
        opened.page.click("#taxonomy button >> nth=1")
    opened.page.click("#taxonomy button >> nth=2")
    assert not violations(opened)
    ids = ",".join(f"2606.{number:05}" for number in range(1, 9))
    opened.page.goto(f"{opened.address}/starred#ids={ids}")
    opened.page.click("#keep-shared")
    opened.page.click("#cloud summary")
    opened.page.click("#cloud-words button >> nth=0")
    assert not violations(opened)
    opened.page.click("#to-phone")
    assert not violations(opened)
