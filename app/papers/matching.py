"""From the tree of a query to what tantivy searches for: fields and their weights, phrases, categories, ids."""

from tantivy import Occur, Query

from app.errors import InputError, NotFound
from app.papers.categories import CategoryExpression, parse_expression
from app.papers.index_schema import LONGEST_TERM, schema, terms
from app.papers.models import parse_id
from app.papers.positions import paper_number
from app.papers.query import Either, Field, Node, Not, Words

_LEAST_BEGUN = 2
# A word of the title tells more about a paper than one of its abstract.
_ANYWHERE = {"title": 2.5, "authors": 1.0, "abstract": 1.0, "body": 0.5}


def matching(node: Node) -> Query:
    """What a query's tree finds. Raises InputError where nothing in it can be found, such as signs alone."""
    query = _query(node)
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


def _query(node: Node) -> Query | None:
    """None where a part holds nothing that could be found: it is passed over."""
    if isinstance(node, Words):
        return _words(node)
    if isinstance(node, Not):
        query = _query(node.operand)
        return None if query is None else _without([(Occur.MustNot, query)])
    if isinstance(node, Either):
        options = [query for operand in node.operands if (query := _query(operand)) is not None]
        return Query.boolean_query([(Occur.Should, query) for query in options]) if options else None
    clauses = []
    for operand in node.operands:
        negative = isinstance(operand, Not)
        query = _query(operand.operand if isinstance(operand, Not) else operand)
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


def _words(words: Words) -> Query | None:
    if words.field == "category":
        return category_query(parse_expression(words.text.removesuffix(".*"), "?q"))
    if words.field == "id":
        try:
            return number_query(paper_number(parse_id(words.text)[0]))
        except NotFound as error:
            raise InputError(f"{error} (character {words.position + 1} of the query)", "?q") from error
    weights = _ANYWHERE if words.field == "any" else {words.field: 1.0}
    options = []
    for field, weight in weights.items():
        query = _in_field(words.text, field)
        if query is not None:
            options.append((Occur.Should, query if weight == 1.0 else Query.boost_query(query, weight)))
    return Query.boolean_query(options) if options else None


def _in_field(text: str, field: str | Field) -> Query | None:
    found = terms(text, field)
    if not found:
        return None
    if len(found) > 1:
        return Query.phrase_query(schema(), field, list(found))
    if len(found[0]) == 1 and found[0] >= "\u3040":
        # Ideographs are indexed in pairs: a lone one is half of some.
        return Query.regex_query(schema(), field, f"{found[0]}.?|.{found[0]}")
    return Query.term_query(schema(), field, found[0])
