"""Commands that an author defines within a text: where their definitions stand, which no plain text shows.

The rules are those of the page, `static/math-text/definitions.js`; a test compares the two. It expands nothing.
"""

import re

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
# Code, or a new paragraph, within what looks like a definition.
_ENDS = re.compile(r"`|\n[ \t]*\n")


def end_of_definition(source: str, at: int, to: int) -> int:
    """Where a definition ends that begins at a place, or -1; it ends at `to` at the latest.

    >>> end_of_definition(r"\\newcommand{\\R}{\\mathbb{R}} and", 0, 100)
    27
    """
    match = _DEFINING.match(source, at)
    end = _end(source, match) if match else -1
    return -1 if end < 0 or end > to or _ENDS.search(source, at, end) else end


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
    return _end_of_group(source, opening.end()) if opening else -1


def _after_argument(source: str, at: int) -> int:
    opening = _OPENING.match(source, at)
    if opening:
        return _end_of_group(source, opening.end())
    space = _SPACE.match(source, at)
    argument = _ARGUMENT.match(source, space.end() if space else at)
    return argument.end() if argument else -1


def _end_of_group(source: str, at: int) -> int:
    depth = 1
    for found in re.compile(r"\\.|[{}]", re.DOTALL).finditer(source, at):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return found.end()
    return -1
