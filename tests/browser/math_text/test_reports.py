"""What readers reported: formulas among other scripts, in nested lists, with commands of packages."""

import json

import pytest

from tests.browser.math_text.test_math_text import OpenPage, collapsed
from tests.shared import shared

LEFT_TO_RIGHT = """() => [...document.querySelectorAll('span.math')].map((span) => {
    const signs = [...span.querySelectorAll('mjx-math mjx-mi, mjx-math mjx-mo, mjx-math mjx-mn')];
    const places = signs.map((sign) => sign.getBoundingClientRect().left);
    return places.every((place, index) => index === 0 || places[index - 1] < place); })"""


def test_the_reported_texts_hold_on_the_page(open_page: OpenPage) -> None:
    opened = open_page("")
    failures: list[object] = []
    for case in json.loads(shared("markdown/reports.json").read_text(encoding="utf-8")):
        opened.show(case["markdown"])
        formulas, visible = opened.formulas(), opened.visible_text()
        found = [(collapsed(formula["tex"]), formula["display"]) for formula in formulas]
        if case["name"] == "three dollars":
            assert not any(formula["error"] for formula in formulas)
        elif found != [(collapsed(formula["tex"]), formula["display"]) for formula in case["math"]]:
            failures.append((case["name"], found))
        failures += [(case["name"], "error", formula["tex"]) for formula in formulas if formula["error"]]
        failures += [(case["name"], text) for text in case["text_contains"] if collapsed(text) not in visible]
        for wanted in case["structure"]:
            if opened.page.locator(f"math-text {wanted['selector']}").count() != wanted["count"]:
                failures.append((case["name"], wanted))
        failures += [(case["name"], one) for one in case["forbidden"] if one.get("text", "\0") in visible]
        if case.get("left_to_right") and not all(opened.page.evaluate(LEFT_TO_RIGHT)):
            failures.append((case["name"], "not from left to right"))
    assert failures == []
    assert opened.complaints == []


@pytest.mark.parametrize(
    "around",
    ["<ul><li>{}</li></ul>", "# {}", "| {} | ب |\n|---|---|\n| ا | {} |", "> {}", "**{}**", "- أ\n\n  - {}"],
)
@pytest.mark.parametrize("words", ["إذا كان {} فإن", "אם {} אז", "اگر {} باشد"])
def test_formulas_run_from_left_to_right_in_prose_that_does_not(
    open_page: OpenPage, around: str, words: str
) -> None:
    opened = open_page("")
    opened.show(around.replace("{}", words.replace("{}", "$a<b+c-3$")))
    assert opened.formulas()
    assert all(opened.page.evaluate(LEFT_TO_RIGHT))
