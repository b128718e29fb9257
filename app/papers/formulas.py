r"""Finds the mathematics in a title or an abstract: `$…$`, `$$…$$`, `\(…\)`, `\[…\]` and bare environments.

The rules are those of `static/math-text/tex-scanner.js` and `static/math-text/tex-marks.js` for the format "latex"; a
test compares the two on the same cases. Time grows with the text alone: for each delimiter the one that could close it
is known without searching.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass

from app.papers.likely_math import is_display_math, is_dollar_math, is_prose_line

_LONGEST_DISPLAY = 20_000
# Deeper groups are not text groups: no author writes so much text in text.
_TEXT_DEPTH = 12
_ENVIRONMENT = re.compile(
    r"(?:equation|align|alignat|aligned|alignedat|flalign|gather|gathered|multline|multlined|split|eqnarray|math"
    r"|displaymath|array|matrix|pmatrix|bmatrix|Bmatrix|vmatrix|Vmatrix|smallmatrix|cases|dcases|rcases|drcases"
    r"|numcases|subequations|CD|darray|empheq|xalignat|xxalignat|dmath|dgroup|IEEEeqnarray|tikzcd|prooftree"
    r"|spreadlines|lgathered|rgathered|bsmallmatrix|Bsmallmatrix|psmallmatrix|vsmallmatrix|Vsmallmatrix|subnumcases)"
)
_TOKEN = re.compile(r"\\(begin|end)\{([A-Za-z]+)\*?\}|\\.|\$+|[{}]", re.DOTALL)
_BOX = re.compile(
    r"\\(?:f?colorbox|textcolor|raisebox|parbox|makebox|framebox|scalebox|rotatebox|resizebox)"
    r"(?:\s*(?:\{[^{}]{0,60}\}|\[[^\]]{0,60}\])){1,3}\s*\Z"
)
_BEFORE_BOX = 160
_TEXT_GROUP = re.compile(
    r"\\(?:text[a-z]*|[mhf]box|framebox|makebox|ovalbox|[lr]lap|(?:short)?intertext|tag\*?"
    r"|[hv]box\s*(?:to|spread)\s*[0-9.]+[a-z]{2})\s*\Z"
)
_ADDRESS = re.compile(r"\\(?:url|href|nolinkurl)\s*\{[^{}]*\}")
_CLOSING = {r"\(": r"\)", r"\[": r"\]"}
_CLOSERS = frozenset({r"\)", r"\]", "end"})


@dataclass(slots=True)
class _Mark:
    """A delimiter; `next` may close it, and `same` where `next` stands in a text group further in."""

    kind: str
    at: int
    end: int
    group: int
    name: str = ""
    next: "_Mark | None" = None
    same: "_Mark | None" = None
    next_dollar: "_Mark | None" = None


def find_formulas(source: str) -> list[tuple[int, int]]:
    r"""Where the formulas of a text start and end, delimiters with them, in order.

    >>> find_formulas(r"for $5 and $10, or $x$")
    [(19, 22)]
    """
    if "$" not in source and "\\" not in source:
        return []
    return _Scanner(source).formulas()


class _Scanner:
    def __init__(self, source: str) -> None:
        self._source = source
        self._breaks: list[int] = []
        self._barriers: list[int] = []
        self._lines: list[int] = []
        self._read_lines()

    def formulas(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        end = 0
        for mark in _marks(self._source):
            if mark.kind in _CLOSERS:
                continue
            if mark.kind == "$$" and mark.at == end - 1:
                # The first of the two closed a formula; the second may open one.
                mark = _Mark("$", end, mark.end, mark.group, next=mark.next_dollar)
            elif mark.at < end:
                continue
            inline = mark.kind in ("$", r"\(")
            closed = self._inline(mark) if inline else self._display(mark)
            if closed:
                found.append((mark.at, closed))
                end = closed
        return found

    def _inline(self, mark: _Mark) -> int:
        source = self._source
        dollar = mark.kind == "$"
        start = mark.at + 1 if dollar else mark.end
        for close in (mark.same, mark.next):
            if close is None or _is_between(self._breaks, mark.end, close.at + 1):
                continue
            if close.kind == "$$" and self._leads(close.at):
                continue  # it opens a display
            end = close.at + 1 if dollar else close.end
            before = source[mark.at - 1] if mark.at else ""
            if not dollar or is_dollar_math(source[start : close.at], before, source[end : end + 1]):
                return end
        return 0

    def _display(self, mark: _Mark) -> int:
        for close in (mark.same, mark.next):
            if close is None or close.at - mark.end > _LONGEST_DISPLAY:
                continue
            if _is_between(self._barriers, mark.end, close.at):
                continue
            if mark.kind != "$$" or is_display_math(self._source[mark.end : close.at]):
                return close.end
        return 0

    def _leads(self, at: int) -> bool:
        """Whether a delimiter is the first on its line."""
        line = self._lines[bisect_left(self._lines, at + 1) - 1]
        return at - line <= 80 and not self._source[line:at].replace(">", "").strip()

    def _read_lines(self) -> None:
        """Notes where lines start, where inline formulas end at the latest, and where displays do."""
        start, blank = 0, False
        lines = self._source.split("\n")
        for line in lines if lines[-1] else lines[:-1]:
            self._lines.append(start)
            if blank and is_prose_line(line):
                self._barriers.append(start)
            blank = not line.strip()
            if blank:
                self._breaks.append(start)
            start += len(line) + 1


def _is_between(places: list[int], start: int, end: int) -> bool:
    at = bisect_left(places, start)
    return at < len(places) and places[at] < end


def _marks(source: str) -> list[_Mark]:
    """The delimiters in order, each with those that could close it."""
    marks, is_text = _grouped(source, _tokens(source))
    near: dict[str, _Mark] = {}
    inside: dict[tuple[int, str], _Mark] = {}
    ends: defaultdict[str, list[_Mark]] = defaultdict(list)
    for mark in reversed(marks):
        kind = mark.kind
        if kind == "end":
            ends[mark.name].append(mark)
            continue
        if kind == "begin":
            mark.next = ends[mark.name].pop() if ends[mark.name] else None
            continue
        mark.next_dollar = near.get("$")
        wanted = _CLOSING.get(kind, kind)
        family = r"\(" if kind == r"\)" else r"\[" if kind == r"\]" else kind
        candidate, own = near.get(family), inside.get((mark.group, family))
        if candidate and (kind in ("$", "$$") or candidate.kind == wanted != kind):
            mark.next = candidate
        deeper = candidate and candidate.group != mark.group and is_text[candidate.group]
        if deeper and own and (kind in ("$", "$$") or own.kind == wanted != kind):
            mark.same = own
        for slot in ("$", "$$") if kind == "$$" else (family,):
            near[slot] = inside[mark.group, slot] = mark
    return marks


def _tokens(source: str) -> list[_Mark]:
    """Delimiters and braces, none of them inside an address."""
    addresses = [match.span() for match in _ADDRESS.finditer(source)]
    tokens: list[_Mark] = []
    at = passed = 0
    while match := _TOKEN.search(source, at):
        start, at = match.span()
        while passed < len(addresses) and addresses[passed][1] <= start:
            passed += 1
        if passed < len(addresses) and addresses[passed][0] <= start:
            at = addresses[passed][1]
        elif match[1]:
            if _ENVIRONMENT.fullmatch(match[2]):
                tokens.append(_Mark(match[1], start, at, 0, match[0][len(match[1]) + 1 :]))
        elif match[0] == "$$$$":
            tokens += (_Mark("$$", start, start + 2, 0), _Mark("$$", start + 2, at, 0))
        elif match[0] in ("$", "$$", r"\(", r"\)", r"\[", r"\]", "{", "}"):
            tokens.append(_Mark(match[0], start, at, 0))
    return tokens


def _grouped(source: str, tokens: list[_Mark]) -> tuple[list[_Mark], list[bool]]:
    """The delimiters, each with the brace group that it stands in, and for each group whether it is text."""
    open_braces: list[int] = []
    partners: set[int] = set()
    for index, token in enumerate(tokens):
        if token.kind == "{":
            open_braces.append(index)
        elif token.kind == "}" and open_braces:
            partners |= {open_braces.pop(), index}
    marks: list[_Mark] = []
    is_text, groups = [False], [0]
    for index, token in enumerate(tokens):
        if token.kind not in "{}":
            token.group = groups[-1]
            marks.append(token)
        elif index in partners and token.kind == "{":
            before = source[max(0, token.at - 24) : token.at]
            shallow = len(groups) <= _TEXT_DEPTH
            is_text.append(
                shallow
                and (is_text[groups[-1]] or bool(_TEXT_GROUP.search(before)) or _is_box(source, token.at))
            )
            groups.append(len(is_text) - 1)
        elif index in partners:
            groups.pop()
    return marks, is_text


def _is_box(source: str, at: int) -> bool:
    """Whether the brace group that opens here is the last argument of a command that sets it as text."""
    before = source[max(0, at - _BEFORE_BOX) : at]
    return before.rstrip()[-1:] in ("}", "]") and _BOX.search(before) is not None
