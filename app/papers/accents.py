"""Accents put together with their letters (Unicode Standard Annex 15) in linear time, in texts to show or compare.

The standard library sorts accents that are out of order by insertion. A letter keeps thirty accents here, which is more
than any letter takes; what is stored and searched for is not touched.
"""

import unicodedata
from functools import lru_cache
from typing import Literal

_MOST_ACCENTS = 30


def composed(text: str, form: Literal["NFC", "NFKC"] = "NFC") -> str:
    r"""The text in a composed form, its letters with up to thirty accents each.

    >>> composed("e\u0301") == "\xe9"
    True
    """
    kept: list[str] = []
    accents = 0
    for character in text:
        accents = accents + 1 if _is_accent(character) else 0
        if accents <= _MOST_ACCENTS:
            kept.append(character)
    return unicodedata.normalize(form, "".join(kept))


@lru_cache(maxsize=4096)
def _is_accent(character: str) -> bool:
    # Some of class 0 decompose into others (U+0F73).
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) != 0
