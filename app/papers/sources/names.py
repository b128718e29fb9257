"""Authors from one line of names, as OAI-PMH's arXivRaw and the announcements give them. Affiliations are left out."""

import re
from collections.abc import Iterable

from app.papers.models import Author
from app.papers.names import is_suffix, people, split_name

_SEPARATOR = re.compile(
    r"(?<!\\)[,;]|(?<!\\)(:)(?=\s|\Z)|\s&\s|(?:^|(?<=[\s,]))and(?=\s)"
    r"|\s(?=et\.?\sal\b)|\s(?:on\sbehalf\sof|for)\s(?=the\s)"
)
_INITIALS = re.compile(r"(?:[^\W\d_]\.[ -]?){1,4}")
# Mail addresses and footnote marks beside names.
_BESIDE = re.compile(
    r"<[^<>\s@]{1,200}@[^<>\s@]{1,200}>|\$\s?\^[^$]{1,100}\$|(?<=\w)[*†‡§¶]{1,9}(?=\s{0,9}(?:[,;]|and\s|\Z))"
)
_PARENTHESIS = re.compile("[()]")


def read_names(line: str) -> tuple[Author, ...]:
    """The authors that a line names, in order, a collaboration before its members.

    >>> [author.name for author in read_names("D. Knuth (Stanford (CS), CA), M. King, Jr. and E. Noether")]
    ['D. Knuth', 'M. King Jr.', 'E. Noether']
    """
    parts = [
        part
        for part in _SEPARATOR.split(_BESIDE.sub("", _without_parentheses(line)))
        if part and part.strip()
    ]
    pairs = list(zip(parts[::2], parts[1::2], strict=False))
    # "Smith, J., Doe, A." lists families with initials after them.
    if pairs and len(parts) % 2 == 0 and all(_are_initials(after) for _, after in pairs):
        parts = [f"{family.strip()}, {initials.strip()}" for family, initials in pairs]
    return read_authors(parts)


def _are_initials(part: str) -> bool:
    return _INITIALS.fullmatch(part.strip()) is not None and not is_suffix(part.strip())


def read_authors(names: Iterable[str]) -> tuple[Author, ...]:
    """The authors of names that a source gives one by one."""
    whole: list[list[str]] = []
    for given in names:
        name = " ".join(given.split())
        if whole and is_suffix(name.replace(" ", "")):
            whole[-1].append(name)
        elif name:
            whole.append([name])
    joined = map(" ".join, whole)
    return tuple(people(split_name(name) if name != ":" else Author(name) for name in joined))


def _without_parentheses(line: str) -> str:
    """The line without what stands in parentheses, which may be nested; one that never closes is text."""
    ends = _closing_parentheses(line)
    kept: list[str] = []
    at = 0
    for start, end in ends:
        if start >= at:
            kept.append(line[at:start])
            at = end
    return "".join([*kept, line[at:]])


def _closing_parentheses(line: str) -> list[tuple[int, int]]:
    """Where each pair of parentheses begins and ends, in order."""
    opened: list[int] = []
    pairs: list[tuple[int, int]] = []
    for match in _PARENTHESIS.finditer(line):
        if match[0] == "(":
            opened.append(match.start())
        elif opened:
            pairs.append((opened.pop(), match.end()))
    return sorted(pairs)
