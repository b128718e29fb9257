"""Authors from one line of names, as OAI-PMH's arXivRaw and the announcements give them.

Such a line does not tell family from given names, and neither do we. Affiliations are left out.
"""

import re

from app.papers.models import Author

_SEPARATOR = re.compile(r"(?<!\\)[,;]|(?<!\\):(?=\s)|\s&\s|(?:^|(?<=[\s,]))and(?=\s)")
_SUFFIX = re.compile(r"(?:Jr|Sr)\.?|I{2,3}|IV", re.IGNORECASE)


def read_names(line: str) -> tuple[Author, ...]:
    """The authors that a line names, in order.

    >>> [author.name for author in read_names("D. Knuth (Stanford (CS), CA), M. King, Jr. and E. Noether")]
    ['D. Knuth', 'M. King Jr.', 'E. Noether']
    """
    authors: list[Author] = []
    for part in _SEPARATOR.split(_without_parentheses(line)):
        name = " ".join(part.split())
        if authors and _SUFFIX.fullmatch(name):
            authors[-1] = Author(f"{authors[-1].name} {name}", suffix=name)
        elif name:
            authors.append(Author(name))
    return tuple(authors)


def _without_parentheses(line: str) -> str:
    """The line without what stands in parentheses, which may be nested; one that never closes is text."""
    kept, opened = [""], 0
    for character in line:
        if character == "(":
            opened += 1
            kept.append("")
        elif character == ")" and opened:
            opened -= 1
            kept.pop()
        else:
            kept[-1] += character
    return "(".join(kept)
