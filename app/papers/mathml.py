"""Formulas as MathML, for readers that run no script. What the page shows is typeset in the browser, not here.

latex2mathml converts; its answer is rebuilt from a list of what is allowed, since it lets through addresses and
escapes nothing. A formula that it does not know whole, such as one with a macro of its author's, has no MathML.
"""

import html
import re
from functools import lru_cache
from xml.etree.ElementTree import Element, SubElement, tostring

from latex2mathml.converter import convert_to_element

_NAMESPACE = "http://www.w3.org/1998/Math/MathML"
_LONGEST = 1000
_DELIMITERS = (("$$", "$$", True), (r"\[", r"\]", True), (r"\(", r"\)", False), ("$", "$", False))
_ELEMENTS = re.compile(
    "math|m(?:row|i|n|o|text|space|frac|sqrt|root|sup|sub|subsup|under|over|underover|table|tr|td|style|padded|phantom"
    "|enclose)"
)
_ATTRIBUTES = re.compile(
    "accent|accentunder|column(?:align|lines|span)|depth|displaystyle|fence|form|height|linethickness|lspace|mathvariant"
    "|maxsize|minsize|movablelimits|notation|rowlines|rowspacing|rspace|scriptlevel|separator|stretchy|symmetric|voffset"
    "|width"
)
_VALUE = re.compile(r"[A-Za-z0-9.%+ -]{1,40}", re.ASCII)
# latex2mathml writes a command that it doesn't know as an identifier.
_UNKNOWN = re.compile(r"\\[A-Za-z]")


class _NoMathML(Exception):
    """Something in the answer is not allowed in the MathML that we send."""


@lru_cache(maxsize=8192)
def mathml(formula: str) -> str | None:
    """The element `math` of a formula that comes with its delimiters, its TeX in `alttext`; None where there is none.

    >>> mathml("$x$")
    '<math xmlns="http://www.w3.org/1998/Math/MathML" alttext="x"><mrow><mi>x</mi></mrow></math>'
    """
    source, display = _bare(formula)
    if not source or len(source) > _LONGEST:
        return None
    try:
        converted = convert_to_element(source, display="block" if display else "inline")
        root = Element("math", {"xmlns": _NAMESPACE, "alttext": source})
        if display:
            root.set("display", "block")
        for child in converted:
            _copy(child, root)
    except Exception:  # noqa: BLE001  # a formula is any text at all, and latex2mathml fails in ways of its own: no MathML
        return None
    return tostring(root, encoding="unicode")


def _bare(formula: str) -> tuple[str, bool]:
    """The source without its delimiters, and whether it stands in a line of its own."""
    for opening, closing, display in _DELIMITERS:
        if (
            formula.startswith(opening)
            and formula.endswith(closing)
            and len(formula) >= len(opening + closing)
        ):
            return formula[len(opening) : -len(closing)].strip(), display
    return formula, True


def _copy(given: Element, parent: Element) -> None:
    text = html.unescape(given.text or "")
    if not _ELEMENTS.fullmatch(given.tag) or _UNKNOWN.search(text):
        raise _NoMathML(given.tag)
    attributes = {
        name: value
        for name, value in given.items()
        if _ATTRIBUTES.fullmatch(name) and _VALUE.fullmatch(value)
    }
    copied = SubElement(parent, given.tag, attributes)
    copied.text = text or None
    for child in given:
        _copy(child, copied)
