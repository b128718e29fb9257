"""Names of categories and the expressions over them, such as `cs.AI+cs.LG-cs.CY`.

It knows names, not papers: which papers an expression means is for the store and the index to find.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from app.errors import InputError, Sentence
from app.papers.taxonomy import ALIASES, CATEGORIES

_ORDER = {code: position for position, code in enumerate(CATEGORIES)}
_CANONICAL = {code.lower(): code for code in CATEGORIES} | {a.lower(): c for a, c in ALIASES.items()}
_MEMBERS: dict[str, tuple[str, ...]] = {
    code: tuple(other.code for other in CATEGORIES.values() if other.archive == code)
    for code in {category.archive for category in CATEGORIES.values()}
}
_NAME = re.compile(
    "(?:"
    + "|".join(re.escape(name) for name in sorted(_CANONICAL, key=len, reverse=True))
    + r")(?=[\s,+-]|$)",
    re.IGNORECASE,
)
_OPERATOR = re.compile(r"[\s,+]*(-?)[\s,+]*")
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class CategoryExpression:
    """The papers of any of `include` (empty: of all) that are in none of `exclude`; canonical and sorted."""

    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The one way to write this expression; `parse_expression` reads it back.

        >>> str(parse_expression("cs.LG,cs.AI - cs.cy"))
        'cs.AI+cs.LG-cs.CY'
        """
        return "+".join(self.include) + "".join(f"-{code}" for code in self.exclude)

    @property
    def members(self) -> tuple[frozenset[str], frozenset[str]]:
        """What a paper's own categories are compared with: each archive with all its categories."""
        return _with_members(self.include), _with_members(self.exclude)


def canonical_category(name: str) -> str | None:
    """The code of a category by any of its names, case aside; None where there is no such category.

    >>> canonical_category("cs.NA")
    'math.NA'
    """
    return _CANONICAL.get(name.lower())


def codes_to_fetch(names: Iterable[str]) -> list[str]:
    """The codes of categories that arXiv has, once each; raises InputError for another name, or none at all."""
    codes: dict[str, None] = {}
    for name in names:
        code = canonical_category(name)
        if code is None or code == "quire":
            raise InputError(
                Sentence("{name!r} is not a category of arXiv; codes look like cs.AI or hep-th", name=name),
                "?categories",
            )
        codes[code] = None
    if not codes:
        raise InputError(Sentence("no category is named; write for example cs.AI"), "?categories")
    return list(codes)


def sort_out(tokens: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Parts a record's category tokens into canonical categories and the rest, in order, once each.

    >>> sort_out(["cs.NA", "math.NA", "68T07,", "cs.LG"])
    (('math.NA', 'cs.LG'), ('68T07,',))
    """
    categories: dict[str, None] = {}
    others: dict[str, None] = {}
    for token in tokens:
        code = _EXACT.get(token)
        if code is None:
            others[token] = None
        else:
            categories[code] = None
    return tuple(categories), tuple(others)


# In records a token counts as it is written: `CS` there is a word of a subject class, not the archive.
_EXACT = {code: code for code in CATEGORIES} | ALIASES


def parse_expression(text: str, pointer: str = "?categories") -> CategoryExpression:
    """Reads `cs.AI+cs.LG-cs.CY`; a comma and a space are a plus, and case does not matter.

    Names are found by longest match against the taxonomy, since `-` is part of names such as
    cond-mat.mtrl-sci. A name on both sides is excluded. Raises InputError naming what is unknown, and names
    that are near it.
    """
    if len(text) > _LONGEST:
        raise InputError(
            Sentence(
                "a category expression has at most {most} characters, not {count}",
                most=_LONGEST,
                count=len(text),
            ),
            pointer,
        )
    include: set[str] = set()
    exclude: set[str] = set()
    position, end = 0, len(text.rstrip(" \t\r\n,+"))
    while position < end:
        operator = _OPERATOR.match(text, position, end)
        start = operator.end() if operator else position
        match = _NAME.match(text[:end], start)
        if match is None:
            raise InputError(_unknown(text[:end], start), pointer)
        (exclude if operator and operator[1] else include).add(_CANONICAL[match[0].lower()])
        position = match.end()
    if not include and not exclude:
        raise InputError(
            Sentence("no category is named; write for example cs.AI or cs.AI+cs.LG-cs.CY"), pointer
        )
    return CategoryExpression(_sorted(include), _sorted(exclude))


def _unknown(text: str, position: int) -> str:
    """`position` is where reading stopped; what stands before a `-` may be the start of the name meant."""
    name = re.split(r"[\s,+]", text[position:], maxsplit=1)[0][:40]
    if not name.strip("-"):
        return Sentence(
            "a category is missing at character {position}; write for example cs.AI+cs.LG-cs.CY",
            position=position + 1,
        )
    whole = re.split(r"[\s,+]", text[: position + len(name)])[-1][-40:].lower()
    near = [n for word in (whole, name.lower()) for n in difflib.get_close_matches(word, _CANONICAL, n=20)]
    near.sort(key=lambda n: (not n.startswith(whole[:-1]), n.partition(".")[0] != whole.partition(".")[0]))
    known = list(dict.fromkeys(_CANONICAL[n] for n in near))[:3]
    if not known:
        return Sentence(
            "there is no category {name!r}; codes look like cs.AI, math-ph or cond-mat.soft", name=name
        )
    meant = reduce(lambda one, other: Sentence("{one} or {other}", one=one, other=other), known)
    return Sentence("there is no category {name!r}; did you mean {meant}?", name=name, meant=meant)


def _sorted(codes: set[str]) -> tuple[str, ...]:
    return tuple(sorted(codes, key=_ORDER.__getitem__))


def _with_members(codes: Iterable[str]) -> frozenset[str]:
    return frozenset(member for code in codes for member in _MEMBERS.get(code, (code,)))
