"""From the tree of a query to what tantivy searches for: fields and their weights, phrases, categories, ids."""

from collections.abc import Callable

from tantivy import Occur, Query

from app.errors import InputError, NotFound
from app.papers.categories import CategoryExpression, parse_expression
from app.papers.models import parse_id
from app.papers.query import All, Either, Node, Not, Words
from app.papers.search.schema import LONGEST_TERM, schema, terms
from app.papers.store.positions import paper_number

_LEAST_BEGUN = 2
# What stands in the title tells more about a paper than what its abstract holds.
_PHRASE_ANYWHERE = {"title": 2.5, "authors": 1.0, "abstract": 1.0, "body": 0.5}

Common = Callable[[str], bool]
"""Whether so many papers hold a term that it tells nothing about one, also where it stands in the title."""


def matching(node: Node, common: Common) -> Query:
    """What a query's tree finds. Raises InputError where nothing in it can be found, such as signs alone."""
    query = _query(node, common)
    if query is None:
        raise InputError(
            f"the query holds signs alone, or words of more than {LONGEST_TERM} characters, which nothing is found "
            "by; write a word, a name or an id",
            "?q",
        )
    return query


def begun_title(text: str) -> Query | None:
    """Titles that hold all words of a text, the last of which may be only begun; None where there is none to go by."""
    words = terms(text, "authors")
    if not words or len(words[-1]) < _LEAST_BEGUN:
        return None
    *whole, begun = words
    clauses = [
        (Occur.Must, Query.term_query(schema(), "title", term))
        for word in whole
        for term in terms(word, "title")
    ]
    # The index holds stems: `studie` begins no term, but its own is `studi`.
    options = [Query.regex_query(schema(), "title", f"{begun}.*")]
    options += [Query.term_query(schema(), "title", term) for term in terms(begun, "title")]
    last = Query.boolean_query([(Occur.Should, option) for option in options])
    return Query.boolean_query([*clauses, (Occur.Must, last)])


def number_query(number: int) -> Query:
    """The one paper of a number."""
    return Query.term_query(schema(), "number", number)


def category_query(expression: CategoryExpression) -> Query:
    """The papers of a category expression."""
    included, excluded = expression.members
    clauses = [(Occur.Must, _in_categories(included) if expression.include else Query.all_query())]
    if expression.exclude:
        clauses.append((Occur.MustNot, _in_categories(excluded)))
    return Query.boolean_query(clauses)


def _in_categories(codes: frozenset[str]) -> Query:
    return Query.term_set_query(schema(), "category", sorted(codes))


def _query(node: Node, common: Common) -> Query | None:
    """None where a part holds nothing that could be found: it is passed over."""
    if isinstance(node, Not):
        query = _query(node.operand, common)
        return None if query is None else _without([(Occur.MustNot, query)])
    if not isinstance(node, All):
        return _any_of(_options(node, common))
    clauses = []
    for operand in node.operands:
        negative = isinstance(operand, Not)
        query = _query(operand.operand if isinstance(operand, Not) else operand, common)
        if query is not None:
            clauses.append((Occur.MustNot if negative else Occur.Must, query))
    if not clauses:
        return None
    return (
        Query.boolean_query(clauses)
        if any(occur == Occur.Must for occur, _ in clauses)
        else _without(clauses)
    )


def _without(clauses: list[tuple[Occur, Query]]) -> Query:
    return Query.boolean_query([(Occur.Must, Query.all_query()), *clauses])


def _any_of(options: list[Query]) -> Query | None:
    if len(options) < 2:
        return options[0] if options else None
    return Query.boolean_query([(Occur.Should, option) for option in options])


def _options(node: Node, common: Common) -> list[Query]:
    """Queries any of which finds what the node does; one flat list, since tantivy is slower at lists of lists."""
    if isinstance(node, Either):
        return [option for operand in node.operands for option in _options(operand, common)]
    if not isinstance(node, Words):
        query = _query(node, common)
    elif node.field == "any":
        return _anywhere(node.text, common)
    elif node.field == "category":
        query = category_query(parse_expression(node.text.removesuffix(".*"), "?q"))
    elif node.field == "id":
        query = _with_id(node)
    else:
        query = _in_field(node.text, node.field)
    return [] if query is None else [query]


def _with_id(words: Words) -> Query:
    try:
        return number_query(paper_number(parse_id(words.text)[0]))
    except NotFound as error:
        raise InputError(f"{error} (character {words.position + 1} of the query)", "?q") from error


def _anywhere(text: str, common: Common) -> list[Query]:
    found = terms(text, "text")
    if len(found) > 1:
        phrases = ((_in_field(text, field), weight) for field, weight in _PHRASE_ANYWHERE.items())
        return [Query.boost_query(phrase, weight) for phrase, weight in phrases if phrase is not None]
    fields = ["text"] if not found or common(found[0]) else ["text", "title"]
    return [query for field in fields if (query := _in_field(text, field)) is not None]


def _in_field(text: str, field: str) -> Query | None:
    found = terms(text, field)
    if not found:
        return None
    if len(found) > 1:
        return Query.phrase_query(schema(), field, list(found))
    if len(found[0]) == 1 and found[0] >= "\u3040":
        # Ideographs are indexed in pairs: a lone one is half of some.
        return Query.regex_query(schema(), field, f"{found[0]}.?|.{found[0]}")
    return Query.term_query(schema(), field, found[0])
