"""No page breaks a rule of WCAG 2.2 AA that axe can check, in either theme, with what can be opened open."""

import json
from typing import Any

import pytest

from tests.browser.opened import Opened
from tests.browser.reader.conftest import ALL, OpenReader
from tests.browser.site import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES = ["/", ALL, "/arxiv/2606.00001", "/search", "/search?q=case", "/starred#ids=2606.00001", "/preview"]


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
    opened = open_reader(address, color_scheme=theme)
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
    opened.page.click("#keys-help")
    opened.page.wait_for_selector("dialog[open]")
    assert not violations(opened)
