"""The language of searches: words, "phrases", fields, AND OR NOT and brackets, read into a small tree.

    graph neural           both words (words without an operator are ANDed)
    "message passing"      a phrase, its words as they stand
    ti:graph au:kipf       in a field: ti, au, abs, cat, id, co (comment), doi
    graph OR tree          either; AND binds more closely than OR
    NOT survey, -survey    without it
    ti:(graph OR tree)     a field of several words
    ti: graph              with a space, as it is copied from a page

What the tree finds is decided in `search/matching.py`.
"""

import re
from dataclasses import dataclass
from typing import Literal

from app.errors import InputError, Sentence, TooLarge

Field = Literal["any", "title", "authors", "abstract", "category", "id", "comment", "doi"]

_FIELDS: dict[str, Field] = {
    "all": "any",
    "ti": "title",
    "title": "title",
    "au": "authors",
    "author": "authors",
    "authors": "authors",
    "abs": "abstract",
    "abstract": "abstract",
    "cat": "category",
    "category": "category",
    "id": "id",
    "co": "comment",
    "comment": "comment",
    "comments": "comment",
    "doi": "doi",
}
# What only the reader's browser knows.
_IN_THE_BROWSER = re.compile(r"in:starred\b|tag:", re.IGNORECASE)
_DOI = re.compile(r"10\.[0-9]{4,9}/\S+")
_SPACED_DOI = re.compile(r"\bdoi:\s+(?=10\.[0-9]{4,9}/)", re.IGNORECASE)
# Copied from a page: `Title: …`, `Authors: …`. Capital OR and NOT are operators, not words of the field.
_SPACED_FIELD = re.compile(
    r"(?<![\w:])(ti|title|au|authors?|abs|abstract|co|comments?|cat|id):[ \t]+(?!(?:AND|OR|NOT|ANDNOT)\b)(?=[\w\"“(])",
    re.IGNORECASE,
)
_MOST_WORDS = 200
_DEEPEST = 40
_QUOTES = '"“”„«»'
_TOKEN = re.compile(
    rf"\s*(?:(?P<field>[A-Za-z]+):(?=[^\s)])|(?P<bracket>[()])|(?P<quote>[{_QUOTES}])|(?P<minus>-(?=[\w({_QUOTES}]))"
    rf"|(?P<word>[^\s(){_QUOTES}]+))"
)


@dataclass(frozen=True, slots=True)
class Words:
    """A word or a phrase in a field, as it was written; `position` is its place in the query, from 0."""

    field: Field
    text: str
    phrase: bool
    position: int


@dataclass(frozen=True, slots=True)
class Not:
    """All papers that `operand` does not find."""

    operand: "Node"


@dataclass(frozen=True, slots=True)
class All:
    """Papers that every operand finds."""

    operands: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Papers that any operand finds."""

    operands: tuple["Node", ...]


Node = Words | Not | All | Either


def asks_the_browser(text: str) -> bool:
    """Whether a query asks for what only the reader's browser knows: `in:starred`, `tag:…`.

    >>> asks_the_browser("kernel in:starred"), asks_the_browser("staging:area")
    (True, False)
    """
    return re.search(rf"(?<![\w:])(?:{_IN_THE_BROWSER.pattern})", text, re.IGNORECASE) is not None


def parse_query(text: str, longest: int = 2048) -> Node:
    """The tree of a query.

    Raises TooLarge for one of more than `longest` bytes, InputError that says at which character anything else is
    wrong: a quote or a bracket that is left open, an operator without a word, a field that only a browser knows.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > longest:
        raise TooLarge(
            Sentence(
                "the query has {size} bytes, over the limit of {longest} (QUIRE_MAX_QUERY_BYTES)",
                size=size,
                longest=longest,
            ),
            "?q",
        )
    return _Reader(_SPACED_FIELD.sub(r"\1:", _SPACED_DOI.sub("doi:", text))).read()


class _Reader:
    """Reads from left to right; `_at` is where it has come to."""

    def __init__(self, text: str) -> None:
        self._text = text.rstrip()
        self._at = 0
        self._words = 0

    def read(self) -> Node:
        if not self._text.strip():
            raise InputError(Sentence("the query is empty; write a word, a name or an id"), "?q")
        node = self._either("any", 0)
        if self._peek() is not None:
            raise self._wrong(Sentence("this closing bracket was never opened"))
        return node

    def _either(self, field: Field, depth: int) -> Node:
        operands = [self._all(field, depth)]
        while self._take_operator("OR"):
            operands.append(self._all(field, depth))
        return operands[0] if len(operands) == 1 else Either(tuple(operands))

    def _all(self, field: Field, depth: int) -> Node:
        operands = [self._not(field, depth)]
        while True:
            joined = self._take_operator("AND")
            token = self._peek()
            if not joined and (token is None or token["bracket"] == ")" or token["word"] == "OR"):
                return operands[0] if len(operands) == 1 else All(tuple(operands))
            operands.append(self._not(field, depth))

    def _not(self, field: Field, depth: int) -> Node:
        negative = False
        while (token := self._peek()) is not None and (token["minus"] or token["word"] in ("NOT", "ANDNOT")):
            self._at = token.end()
            negative = not negative
        node = self._one(field, depth)
        return Not(node) if negative else node

    def _one(self, field: Field, depth: int) -> Node:
        token = self._peek()
        if token is None:
            raise self._wrong(Sentence("a word is missing here, at the end"))
        if depth > _DEEPEST:
            raise self._wrong(
                Sentence("brackets and fields are nested more than {deepest} deep here", deepest=_DEEPEST)
            )
        start = token.end() - len(token[0].lstrip())
        if token["field"]:
            return self._field(token, field, depth)
        if token["bracket"] == "(":
            self._at = token.end()
            node = self._either(field, depth + 1)
            closing = self._peek()
            if closing is None or closing["bracket"] != ")":
                self._at = start
                raise self._wrong(Sentence("this bracket is left open"))
            self._at = closing.end()
            return node
        if token["quote"]:
            return self._phrase(field, token.end())
        if token["bracket"] or token["word"] in ("AND", "OR"):
            raise self._wrong(Sentence("a word is missing here, before {sign}", sign=token[0].strip()))
        if token["word"][-1] == ":" and token["word"][:-1].lower() in _FIELDS:
            raise self._wrong(Sentence("a word is missing here, right after {word}", word=token["word"]))
        self._at = token.end()
        return self._counted(Words(field, token["word"], False, start))

    def _field(self, token: re.Match[str], outer: Field, depth: int) -> Node:
        name = token["field"].lower()
        if found := _IN_THE_BROWSER.match(self._text, token.start("field")):
            raise self._wrong(
                Sentence(
                    "{term} is known to the reader's browser alone, which searches it there", term=found[0]
                )
            )
        if name in _FIELDS:
            self._at = token.end()
            doi = _DOI.match(self._text, self._at) if name == "doi" else None
            if doi:
                # A DOI may hold brackets, which don't group words there.
                self._at = doi.end()
                return self._counted(Words("doi", doi[0], False, token.start("field")))
            return self._not(_FIELDS[name], depth + 1)
        # A colon inside a word, such as an address or a ratio.
        word = re.compile(rf"[^\s(){_QUOTES}]+").match(self._text, token.start("field"))
        self._at = word.end() if word else token.end()
        return self._counted(
            Words(outer, self._text[token.start("field") : self._at], False, token.start("field"))
        )

    def _phrase(self, field: Field, start: int) -> Node:
        match = re.compile(f"[{_QUOTES}]").search(self._text, start)
        if match is None:
            self._at = start - 1
            raise self._wrong(Sentence("this quotation mark is left open"))
        self._at = match.end()
        return self._counted(Words(field, self._text[start : match.start()], True, start))

    def _counted(self, words: Words) -> Words:
        self._words += 1
        if self._words > _MOST_WORDS:
            raise self._wrong(Sentence("a query has at most {most} words and phrases", most=_MOST_WORDS))
        return words

    def _peek(self) -> re.Match[str] | None:
        return _TOKEN.match(self._text, self._at) if self._at < len(self._text) else None

    def _take_operator(self, operator: str) -> bool:
        token = self._peek()
        if token is None or token["word"] != operator:
            return False
        self._at = token.end()
        return True

    def _wrong(self, message: Sentence) -> InputError:
        position = self._at + len(self._text[self._at :]) - len(self._text[self._at :].lstrip())
        near = self._text[position : position + 20]
        if not near:
            return InputError(at_character(message, position), "?q")
        said = Sentence(
            "{message} (character {position} of the query: {near})",
            message=message,
            position=position + 1,
            near=f"{near}{'…' if len(self._text) > position + 20 else ''}",
        )
        return InputError(said, "?q")


def at_character(message: str, position: int) -> Sentence:
    """What is wrong at a place of a query; `position` is counted from 0."""
    return Sentence("{message} (character {position} of the query)", message=message, position=position + 1)
