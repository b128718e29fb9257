"""The report on a vocabulary: its pieces by script, and bytes per token by script and by language.

A mean hides that one language pays for another, so it is taken apart. A script is not a language: English and Polish
are both Latin. Languages are given only where the records of the texts name them; none is guessed here.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from app.errors import InputError
from app.tokenizer.text import split_lines, to_utf8
from app.tokenizer.tokenizer import Tokenizer

NO_LETTERS = "no letters"
OTHER_LETTERS = "other letters"
PART_OF_CHARACTER = "parts of characters"

# The first word of a letter's name in Unicode is its script's, for these scripts of today's languages.
_NAMED_ALIKE = (
    "Latin", "Greek", "Cyrillic", "Armenian", "Georgian", "Hebrew", "Arabic", "Syriac", "Thaana", "Ethiopic",
    "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala",
    "Thai", "Lao", "Tibetan", "Myanmar", "Khmer", "Mongolian", "Hangul",
)  # fmt: skip
_SCRIPTS = {script.upper(): script for script in _NAMED_ALIKE} | {
    "CJK": "Han",
    "IDEOGRAPHIC": "Han",
    "HIRAGANA": "Kana",
    "KATAKANA": "Kana",
    "KATAKANA-HIRAGANA": "Kana",
    "BOPOMOFO": "Bopomofo",
}
_ASCII_LETTER = re.compile(rb"[A-Za-z]")
_WIDTHS = ("HALFWIDTH ", "FULLWIDTH ")


class Share(NamedTuple):
    """So many bytes of text became so many tokens."""

    bytes: int
    tokens: int

    @property
    def bytes_per_token(self) -> float:
        """Rounded to what is worth keeping."""
        return round(self.bytes / self.tokens, 4)


@dataclass(frozen=True)
class Measured:
    """What some texts became: in all, and taken apart, the largest share first."""

    whole: Share
    by_script: dict[str, Share]
    by_language: dict[str, Share]


def script_of(text: str) -> str:
    """The script of most of a text's letters and vowel signs, the one seen first where two have as many.

    >>> script_of("Москва, Moscow"), script_of("東京とか"), script_of("3.14"), script_of("हिन्दी")
    ('Cyrillic', 'Han', 'no letters', 'Devanagari')
    """
    scripts = Counter(map(_script, text))
    scripts.pop(None, None)
    return str(scripts.most_common(1)[0][0]) if scripts else NO_LETTERS


def pieces_by_script(pieces: Iterable[bytes]) -> dict[str, int]:
    """How many pieces are of each script, most first; those that UTF-8 can't decode are parts of characters."""
    return dict(Counter(map(_script_of_piece, pieces)).most_common())


def measure(tokenizer: Tokenizer, texts: Iterable[tuple[str, str | None]]) -> Measured:
    """Bytes per token over texts, each with its language where that is known; scripts are counted line by line.

    Lines are segmented one by one, so the shares of scripts add up to the whole. InputError where there is no text.
    """
    scripts, languages = _Tally(), _Tally()
    for text, language in texts:
        size = tokens = 0
        for script, lines in lines_by_script(text).items():
            ids = tokenizer.encode_array(lines, add_bos=False, add_eos=False)
            share = Share(len(to_utf8(lines)), len(ids))
            scripts.add(script, share)
            size, tokens = size + share.bytes, tokens + share.tokens
        if language is not None:
            languages.add(language, Share(size, tokens))
    by_script = scripts.shares()
    whole = Share(
        sum(share.bytes for share in by_script.values()), sum(share.tokens for share in by_script.values())
    )
    if not whole.tokens:
        raise InputError(
            "there is no text to measure bytes per token on; name files that hold some with --dev"
        )
    return Measured(whole, by_script, languages.shares())


class _Tally:
    def __init__(self) -> None:
        self._bytes: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()

    def add(self, name: str, share: Share) -> None:
        self._bytes[name] += share.bytes
        self._tokens[name] += share.tokens

    def shares(self) -> dict[str, Share]:
        return {name: Share(size, self._tokens[name]) for name, size in self._bytes.most_common() if size}


def lines_by_script(text: str) -> dict[str, str]:
    """A text's lines of each script, in their order; put together they are cut into the same lines again."""
    lines: dict[str, list[str]] = {}
    for line in split_lines(text):
        lines.setdefault(script_of(line), []).append(line)
    return {script: "".join(of_script) for script, of_script in lines.items()}


def _script_of_piece(piece: bytes) -> str:
    if piece.isascii():  # most pieces of most vocabularies, whose letters are all of one script
        return "Latin" if _ASCII_LETTER.search(piece) else NO_LETTERS
    try:
        return script_of(piece.decode())
    except UnicodeDecodeError:
        return PART_OF_CHARACTER


@cache
def _script(character: str) -> str | None:
    """The script of a letter or of a mark that has one; None for all else, also for accents that any script takes."""
    kind = unicodedata.category(character)[0]
    if kind not in "LM":
        return None
    name = unicodedata.name(character, "")
    for width in _WIDTHS:
        name = name.removeprefix(width)
    return _SCRIPTS.get(name.split(" ")[0], OTHER_LETTERS if kind == "L" else None)
