"""Unicode's composed forms in time proportional to the text, whatever the text is.

The standard library sorts each run of combining marks by insertion, which takes quadratic time where a long run is out
of order, and holds the interpreter meanwhile. Here long runs are put into canonical order first; what is left for the
standard library is linear, and the result is the same (Unicode Standard Annex 15, D108 and D109).

Which characters compose depends on the version of Unicode that Python ships with: `UNICODE_VERSION`.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

UNICODE_VERSION = unicodedata.unidata_version

_PAST_LAST_MARK = 0x20000  # planes above have no combining marks

_LONG_RUN = 30
"""Marks in a run up to which insertion is as fast as sorting."""

_LEAST_LENGTH = 1000
"""Characters up to which a text cannot cost more than a millisecond, so that it need not be looked through."""

_WINDOW = 1 << 16
"""Characters that are looked through at once: other threads run between two windows."""


def compose(text: str, form: Literal["NFC", "NFKC"] = "NFC") -> str:
    """The text in a composed form, exactly as `unicodedata.normalize(form, text)` gives it, in linear time.

    >>> compose("e\\u0301") == "\\u00e9"
    True
    """
    if len(text) > _LEAST_LENGTH and not text.isascii() and _may_have_long_runs(text):
        text = "".join(_parts(text))
    return unicodedata.normalize(form, text)


def _may_have_long_runs(text: str) -> bool:
    """Whether two marks lie half a long run apart at the places looked at; a long run holds two such places."""
    points = np.frombuffer(text[:: _LONG_RUN // 2].encode("utf-32-le", "surrogatepass"), np.uint32)
    marks = _is_mark()[np.minimum(points, _PAST_LAST_MARK)]
    return bool((marks[1:] & marks[:-1]).any())


def _parts(text: str) -> Iterator[str]:
    """The parts of a text, with the marks of its long runs in canonical order."""
    done = looked = 0
    while looked < len(text):
        found = _long_run().search(text, looked, looked + _WINDOW + _LONG_RUN)
        whole = found and _marked_character().search(text, max(done, found.start() - 1))
        if whole:
            yield text[done : whole.start()]
            yield _in_order(whole[0])
            done = looked = whole.end()
        else:
            looked += _WINDOW
    yield text[done:]


def _in_order(run: str) -> str:
    """A character and the marks after it, decomposed and stably sorted by combining class."""
    starter, marks = ("", run) if run[0] in _marks() else (run[0], run[1:])
    decomposed = unicodedata.normalize("NFD", starter) + marks.translate(_decompositions())
    first = 1 if starter else 0
    points = np.frombuffer(decomposed[first:].encode("utf-32-le", "surrogatepass"), np.uint32)
    in_order = points[np.argsort(_classes()[points], kind="stable")]
    return decomposed[:first] + in_order.tobytes().decode("utf-32-le", "surrogatepass")


@cache
def _classes() -> NDArray[np.uint8]:
    """The canonical combining class of each code point."""
    return np.array([unicodedata.combining(chr(point)) for point in range(_PAST_LAST_MARK)], np.uint8)


@cache
def _decompositions() -> dict[int, str]:
    """The marks that decompose into other marks."""
    return {
        ord(mark): decomposed
        for mark in _marks()
        if (decomposed := unicodedata.normalize("NFD", mark)) != mark
    }


@cache
def _marks() -> frozenset[str]:
    """The characters that decompose into nothing but characters of a combining class other than 0."""
    return frozenset(
        character
        for character in map(chr, range(0x300, _PAST_LAST_MARK))
        if all(map(unicodedata.combining, unicodedata.normalize("NFD", character)))
    )


@cache
def _is_mark() -> NDArray[np.bool_]:
    """Whether each code point is a mark; the last one stands for all that are higher."""
    marks = np.zeros(_PAST_LAST_MARK + 1, np.bool_)
    marks[list(map(ord, _marks()))] = True
    return marks


@cache
def _long_run() -> re.Pattern[str]:
    return re.compile(f"[{_mark_class()}]{{{_LONG_RUN}}}")


@cache
def _marked_character() -> re.Pattern[str]:
    """A character with a long run of marks after it."""
    return re.compile(f"(?:[^{_mark_class()}])?[{_mark_class()}]{{{_LONG_RUN},}}+")


@cache
def _mark_class() -> str:
    return "".join(map(re.escape, sorted(_marks())))
