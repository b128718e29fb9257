"""Texts folded to their letters and digits, so that a quote is found whatever became of spaces and signs; and the
digits, signs, decimal points and negations that must not be folded away.
"""

import re
import unicodedata
from array import array
from dataclasses import dataclass

from app.normalization import compose

_SIGNS = "+<>=±∓≤≥≠≈∞%"
_NEGATIONS = (
    r"\b(?:not|no|non|nor|never|none|neither|nothing|nobody|nowhere|cannot|without|hardly|unable|fails?|failed"
    r"|lacks?|except)\b|n['’]t\b|[不没未无非否]"
)
_TOKEN = re.compile(rf"\d+(?:\.\d+)*|\.\d+|[{_SIGNS}]|-|{_NEGATIONS}", re.IGNORECASE)
_MINUS = str.maketrans({"−": "-", "﹣": "-", "－": "-", "≦": "≤", "≧": "≥", "×": "*", "·": "*"})
_THOUSANDS = re.compile(r"(?<=\d)(?:,|\{,\}|\\,|[\u2009\u202f])(?=\d{3}(?!\d))")
_TEX_SIGNS = {
    r"\leq": "≤", r"\le": "≤", r"\geq": "≥", r"\ge": "≥", r"\neq": "≠", r"\ne": "≠", r"\pm": "±", r"\mp": "∓",
    r"\approx": "≈", r"\infty": "∞", r"\lt": "<", r"\gt": ">", r"\%": "%", r"\cdot": "*", r"\times": "*",
}  # fmt: skip
_TEX = re.compile(
    "|".join(re.escape(name) + "(?![a-zA-Z])" for name in sorted(_TEX_SIGNS, key=len, reverse=True))
)


@dataclass(frozen=True, slots=True)
class Folded:
    """Letters and digits of a text, and of each the place of its character in that text."""

    letters: str
    places: "array[int]"


def fold(text: str) -> Folded:
    """Letters and digits in lower case, without accents and ligatures.

    >>> fold("Naïve ﬁts, x^2").letters
    'naivefitsx2'
    """
    letters: list[str] = []
    places = array("I")
    for place, character in enumerate(text):
        if character.isascii():
            if character.isalnum():
                letters.append(character.lower())
                places.append(place)
            continue
        for part in unicodedata.normalize("NFKD", character).casefold():
            if part.isalnum():
                letters.append(part)
                places.append(place)
    return Folded("".join(letters), places)


def substance(text: str) -> list[str]:
    """Numbers with their decimal points, signs and negations, in order: what a quote must share with its passage.

    >>> substance("does not exceed −1.50 (10,000 runs)")
    ['not', '-', '1.50', '10000']
    """
    plain = compose(_TEX.sub(lambda match: _TEX_SIGNS[match[0]], text), "NFKC").translate(_MINUS)
    plain = _THOUSANDS.sub("", plain)
    found = []
    for match in _TOKEN.finditer(plain):
        token = match[0].lower()
        if token == "-" and not _is_sign(plain, match.start()):  # noqa: S105 - a hyphen
            continue
        found.append("not" if token in ("n't", "n’t") else token)
    return found


def _is_sign(text: str, place: int) -> bool:
    """Whether a hyphen stands for minus: before a digit or within a formula, and not between two letters of a word."""
    end = place
    while end and text[end - 1] == " ":
        end -= 1
    before, after = text[max(0, end - 1) : end], text[place + 1 : place + 40].lstrip()
    hyphenated = before.isalpha() and after[:1].isalpha() and text[place - 1 : place] != " "
    dash = before == "-" or after[:1] == "-"
    return not (hyphenated or dash) and (after[:1].isalnum() or after[:1] in ("\\", "(", "{", "."))
