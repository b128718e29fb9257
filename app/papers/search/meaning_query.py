"""Splits a query into the words that are searched by meaning and the conditions that narrow the papers."""

from dataclasses import dataclass

from app.papers.query import All, Either, Node, Not, Words

_MEANT = ("any", "title", "abstract")


@dataclass(frozen=True, slots=True)
class MeaningQuery:
    """A query for a search by meaning: a text, and conditions on the papers; `is_plain` if there are none."""

    text: str
    narrowing: Node | None

    @property
    def is_plain(self) -> bool:
        return self.narrowing is None


def meaning_query(node: Node) -> MeaningQuery:
    """The text and the conditions of a query's tree.

    Plain words are meant and narrow nothing. Phrases and words in a title or abstract are meant, and narrow too;
    other fields and what stands after NOT only narrow.

    >>> from app.papers.query import parse_query
    >>> meaning_query(parse_query("message passing au:kipf -survey")).text
    'message passing'
    """
    operands = node.operands if isinstance(node, All) else (node,)
    narrowing = tuple(operand for operand in operands if not _is_plain(operand))
    text = " ".join(word for operand in operands for word in _words(operand))
    if not narrowing:
        return MeaningQuery(text, None)
    return MeaningQuery(text, narrowing[0] if len(narrowing) == 1 else All(narrowing))


def _is_plain(node: Node) -> bool:
    if isinstance(node, Words):
        return node.field == "any" and not node.phrase
    return isinstance(node, All | Either) and all(_is_plain(operand) for operand in node.operands)


def _words(node: Node) -> list[str]:
    if isinstance(node, Not):
        return []
    if isinstance(node, Words):
        return [node.text] if node.field in _MEANT and any(map(str.isalnum, node.text)) else []
    return [word for operand in node.operands for word in _words(operand)]
