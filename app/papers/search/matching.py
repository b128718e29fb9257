"""From the tree of a query to what tantivy searches for: fields and their weights, phrases, categories, ids."""

import re
from collections.abc import Callable

from tantivy import Occur, Query

from app.errors import InputError, NotFound, Sentence
from app.papers.categories import CategoryExpression, parse_expression
from app.papers.models import parse_ids
from app.papers.query import All, Either, Node, Not, Words, at_character
from app.papers.search.author_forms import key_query
from app.papers.search.schema import EXACT, LONGEST_TERM, schema, terms
from app.papers.store.positions import paper_number

_LEAST_BEGUN = 2
_DOI_LABEL = re.compile(r"\A(?:(?:https?://)?(?:dx\.|www\.)?doi\.org/|doi[:\s]\s*)", re.IGNORECASE)
# A word in the title says more about a paper than one in its abstract.
_PHRASE_ANYWHERE = {"title": 2.5, "authors": 1.0, "abstract": 1.0, "body": 0.5}

_FORMS = (EXACT["title"], EXACT["abstract"])

Common = Callable[[str], bool]
"""Whether so many papers hold a term that it says nothing about one, also where it stands in the title."""


def matching(node: Node, common: Common) -> Query:
    """What a query's tree finds. Raises InputError where nothing in it can be found, such as signs alone."""
    query = _query(node, common)
    if query is None:
        raise InputError(
            Sentence(
                "the query holds only signs, or words of more than {most} characters, which "
                "find nothing; write a word, a name or an id",
                most=LONGEST_TERM,
            ),
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


def numbers_query(numbers: list[int]) -> Query:
    """The papers of these numbers."""
    return Query.term_set_query(schema(), "number", numbers)


def is_doi(text: str) -> bool:
    """Whether a text is a DOI or the address of one, and nothing else."""
    return re.fullmatch(r"10\.[0-9]{4,9}/\S{1,400}", _DOI_LABEL.sub("", text.strip())) is not None


def doi_query(doi: str) -> Query:
    """The papers of a DOI, in any case and with or without its address before it; or of all of a publisher's."""
    bare = _DOI_LABEL.sub("", doi.strip()).rstrip(".,;").lower()
    if publisher := re.fullmatch(r"10\.([0-9]{4,9})/?", bare):
        return Query.regex_query(schema(), "doi", rf"10\.{publisher[1]}/.*")
    return Query.term_query(schema(), "doi", bare)


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
        return _anywhere(node, common)
    elif node.field == "category":
        query = category_query(parse_expression(node.text.removesuffix(".*"), "?q"))
    elif node.field == "id":
        query = _with_id(node)
    elif node.field == "doi":
        query = doi_query(node.text)
    elif node.field == "authors":
        return [
            query for query in (_in_field(node.text, "authors"), key_query(node.text)) if query is not None
        ]
    else:
        query = _in_field(node.text, EXACT[node.field] if node.phrase else node.field)
    return [] if query is None else [query]


def _with_id(words: Words) -> Query:
    try:
        return numbers_query([paper_number(name) for name in parse_ids(words.text)])
    except NotFound as error:
        raise InputError(at_character(error.message, words.position), "?q") from error


def _anywhere(words: Words, common: Common) -> list[Query]:
    text, found = words.text, terms(words.text, "text")
    person = key_query(text)
    options = [] if person is None else [person]
    if words.phrase or len(found) > 1:
        fields = [EXACT.get(field, field) if words.phrase else field for field in _PHRASE_ANYWHERE]
        phrases = zip(fields, _PHRASE_ANYWHERE.values(), strict=True)
        return options + [
            Query.boost_query(phrase, weight)
            for field, weight in phrases
            if (phrase := _in_field(text, field)) is not None
        ]
    # Papers that hold the word as it was written come before those with other forms of it.
    fields = ["text"] if not found or common(found[0]) else ["text", "title", *_FORMS]
    return options + [query for field in fields if (query := _in_field(text, field)) is not None]


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
