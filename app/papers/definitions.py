"""Commands that an author defines within a text: where their definitions stand, which no plain text shows.

The rules are those of the page, `static/math-text/definitions.js`; a test compares the two. It expands nothing.
"""

import re
from bisect import bisect_left
from functools import lru_cache

_DEFINING = re.compile(
    r"\\(?:((?:re)?newcommand|providecommand)|(g?def)|(let)|(DeclareMathOperator)|(DeclarePairedDelimiter))(?![A-Za-z])"
)
_NAME = re.compile(r"\*?\s*(?:\{\s*(\\[A-Za-z]+)\s*\}|(\\[A-Za-z]+))")
_COUNT = re.compile(r"\s*\[([1-9])\](?:\[([^\[\]{}]*)\])?")
_PARAMETERS = re.compile(r"\s*(?:((?:#[1-9])+)\s*)?(?=\{)")
_TARGET = re.compile(r"\s*(?:=\s*)?(\\(?:[A-Za-z]+|[^A-Za-z\s])|[^\s\\{}#%$])")
_OPENING = re.compile(r"\s*\{")
_ARGUMENT = re.compile(r"\\(?:[A-Za-z]+|[^A-Za-z])|[^}]", re.DOTALL)
_SPACE = re.compile(r"\s*")
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
# Code, or a new paragraph, within what looks like a definition.
_ENDS = re.compile(r"`|\n[ \t]*\n")


def end_of_definition(source: str, at: int, to: int) -> int:
    """Where a definition ends that begins at a place, or -1; it ends at `to` at the latest.

    >>> end_of_definition(r"\\newcommand{\\R}{\\mathbb{R}} and", 0, 100)
    27
    """
    match = _DEFINING.match(source, at)
    end = _end(source, match) if match else -1
    if end < 0 or end > to:
        return -1
    _, breaks = _structure(source)
    next_break = bisect_left(breaks, (at,))
    return -1 if next_break < len(breaks) and breaks[next_break][1] <= end else end


def _end(source: str, match: re.Match[str]) -> int:
    name = _NAME.match(source, match.end())
    if not name:
        return -1
    _, is_def, is_let, _, is_paired = match.groups()
    if is_let:
        target = _TARGET.match(source, name.end())
        return target.end() if target else -1
    if is_paired:
        left = _after_argument(source, name.end())
        return _after_argument(source, left) if left >= 0 else -1
    counted = (_PARAMETERS if is_def else _COUNT).match(source, name.end())
    if is_def and not counted:
        return -1
    opening = _OPENING.match(source, counted.end() if counted else name.end())
    return _end_of_group(source, opening) if opening else -1


def _after_argument(source: str, at: int) -> int:
    opening = _OPENING.match(source, at)
    if opening:
        return _end_of_group(source, opening)
    space = _SPACE.match(source, at)
    argument = _ARGUMENT.match(source, space.end() if space else at)
    return argument.end() if argument else -1


def _end_of_group(source: str, opening: re.Match[str]) -> int:
    groups, _ = _structure(source)
    return groups.get(opening.end(), -1)


@lru_cache(maxsize=1)
def _structure(source: str) -> tuple[dict[int, int], list[tuple[int, int]]]:
    """Where each brace group ends, by where its contents begin, and where code or a new paragraph stands.

    Found for a text as a whole: to look again for each definition would take quadratic time where none is closed.
    """
    groups: dict[int, int] = {}
    opened: list[int] = []
    for found in _BRACES.finditer(source):
        if found[0] == "{":
            opened.append(found.end())
        elif found[0] == "}" and opened:
            groups[opened.pop()] = found.end()
    return groups, [found.span() for found in _ENDS.finditer(source)]
