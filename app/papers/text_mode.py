"""What LaTeX's text mode writes with macros, as Unicode: the tables that the page reads too, `text-mode.json`."""

import json
import unicodedata
from functools import cache
from typing import Any

from app.paths import STATIC

_TABLE: dict[str, Any] = json.loads((STATIC / "math-text" / "text-mode.json").read_text(encoding="utf-8"))

LETTERS: dict[str, str] = _TABLE["letters"]
SIGNS: dict[str, str] = _TABLE["signs"]
SYMBOLS: dict[str, str] = _TABLE["symbols"]
STYLES: dict[str, str] = _TABLE["styles"]
SWITCHES: dict[str, str] = _TABLE["switches"]


@cache
def accented(accent: str, argument: str) -> str | None:
    """A letter with its accent, or None where TeX would not have one.

    >>> accented("H", "o"), accented("'", "xy")
    ('ő', None)
    """
    if argument in _TABLE["mangled"].get(accent, ()):
        # Some archives read `\\beta` as the accent `\\b` over `eta`.
        return SIGNS.get(accent + argument)
    letter = {"\\i": "i", "\\j": "j"}.get(argument) or LETTERS.get(argument[1:], argument)
    mark = _TABLE["combining"].get(accent)
    if mark and letter == "" and accent in "^~":
        return accent
    if mark and len(letter) == 1 and letter.isalpha():
        return unicodedata.normalize("NFC", letter + mark)
    return None


def dingbat(number: int) -> str | None:
    """The sign that `\\ding` names by a number, or None."""
    for first, last, code in _TABLE["dingbats"]:
        if first <= number <= last:
            return chr(code + number - first)
    return None
