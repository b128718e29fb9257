"""Authors as people write them: "Smith, John", "J. Smith", "de Bruyn Kops, S M", and `he_k`."""

import re

from tantivy import Occur, Query

from app.papers.names import split_name
from app.papers.search.schema import analyzer, schema

_INVERTED = re.compile(r"(?P<family>[^,\d]{1,80}),\s*(?P<given>[^,\d]{1,80})")
_INITIALS = re.compile(
    r"(?:[^\W\d_]\.[\s-]?){1,4}\s*[^\W\d_][\w'’ -]{1,80}|(?:[A-Z]\s){1,3}[A-Z][a-z][\w'’-]{1,80}"
)
# As references in medicine write it: "Dresselhaus MS".
_FAMILY_FIRST = re.compile(
    r"(?P<family>(?:[a-z]{1,4}\s){0,3}[A-Z][^\W\d_]+(?:[-'’ ][A-Z][^\W\d_]+)?)"
    r"\s(?P<given>[A-Z]{1,3}|(?:[A-Z]\.[ -]?){1,3})"
)
_KEY = re.compile(
    r"(?P<family>[^\W\d_]{2,40}(?:_[^\W\d_]{2,40}){0,3})_(?P<given>[^\W\d_]{1,40}(?:_[^\W\d_]){0,3})(?:_\d{1,3})?"
)
_MOST_WORDS = 8


def key_query(text: str) -> Query | None:
    """The papers of an author in one of these forms; None where a text is in none.

    An author whose first names are given in full is found by initials, and one of whom the source has initials alone
    by the first name.
    """
    text = " ".join(text.split())
    if len(text.split()) > _MOST_WORDS:
        return None
    if named := _KEY.fullmatch(text) or _INVERTED.fullmatch(text):
        family, given = (named[part].replace("_", " ") for part in ("family", "given"))
    elif named := _FAMILY_FIRST.fullmatch(text):
        family = named["family"]
        given = " ".join(named["given"]) if named["given"].isalpha() else named["given"]
    elif _INITIALS.fullmatch(text):
        split = split_name(text)
        family, given = split.family or "", split.given or ""
    else:
        return None
    words, names = _terms(family), _terms(given)
    if not (words and names):
        return None
    found = _by_keys("".join(words), names)
    if len(words) < 2:
        return found
    # Sources part a name of two families before the last word.
    phrase = Query.phrase_query(schema(), "authors", list(words))
    last = Query.boolean_query([(Occur.Must, _by_keys(words[-1], names)), (Occur.Must, phrase)])
    return Query.boolean_query([(Occur.Should, found), (Occur.Should, last)])


def _by_keys(family: str, names: list[str]) -> Query:
    wanted = {f"{family}_{''.join(part[0] for part in names)}"}
    if len(names[0]) > 1:
        wanted.add(f"{family}_{names[0]}")
    return Query.boolean_query(
        [(Occur.Must, Query.term_query(schema(), "author_key", key)) for key in sorted(wanted)]
    )


def _terms(text: str) -> list[str]:
    return analyzer("names").analyze(text)
