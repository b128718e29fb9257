"""What the search index holds of a paper, and how its texts become terms. Schema and analysis, no files.

English words are stemmed and accents folded; runs of Chinese and Japanese characters become overlapping pairs,
which neither need a dictionary nor miss a word (docs/decisions/0008-chinese-in-pairs.md). Any change
here raises SCHEMA_VERSION: an index of another version is rebuilt from the store.
"""

import re
from dataclasses import replace
from functools import lru_cache
from typing import Any

from tantivy import (
    Document,
    Filter,
    Index,
    Schema,
    SchemaBuilder,
    TextAnalyzer,
    TextAnalyzerBuilder,
    Tokenizer,
)

from app.papers.models import Author, Paper
from app.papers.names import split_name
from app.papers.plain_text import resolve
from app.papers.store.positions import announced_position, paper_number, published_position

SCHEMA_VERSION = 3

LONGEST_TERM = 80
_MOST_INITIALS = 20
# Where the words of a field are found as they stand, without stemming.
EXACT = {
    "title": "title_exact",
    "abstract": "abstract_exact",
    "body": "body_exact",
    "comment": "comment_exact",
}
# Names of languages that would lose their signs: C++, C#, .NET.
_SIGNED = re.compile(
    r"(?<![\w+#])(?:(?P<plus>[A-Za-z])\+\+(?!\+)|(?P<sharp>[A-Za-z])#(?![\w#])|(?P<net>\.NET)\b)"
)
_IDEOGRAPHS = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]+")
# Most texts hold none: this is the cheap test.
_BEYOND_LATIN = re.compile("[\u3040-\U0003134f]")


@lru_cache(maxsize=1)
def schema() -> Schema:
    """The fields; nothing is stored, since the store has it all.

    `text` is all of a paper's words together: a word that is asked for anywhere is one list to read there, not four.
    It knows no places: phrases are found in the fields of EXACT, where words are as they stand. `author_key` names an
    author by family name and initials or first name: `smith_j`, `smith_jr`, `smith_john`.
    """
    builder = SchemaBuilder()
    builder.add_unsigned_field("number", indexed=True, fast=True)
    builder.add_unsigned_field("announced", indexed=True, fast=True)
    builder.add_unsigned_field("published", indexed=True, fast=True)
    builder.add_text_field("title", tokenizer_name="prose")
    builder.add_text_field("authors", tokenizer_name="names")
    builder.add_text_field("abstract", tokenizer_name="prose")
    builder.add_text_field("body", tokenizer_name="prose")
    for name in EXACT.values():
        builder.add_text_field(name, tokenizer_name="names")
    builder.add_text_field("text", tokenizer_name="prose", index_option="freq")
    builder.add_text_field("comment", tokenizer_name="prose")
    builder.add_text_field("doi", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("author_key", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("category", tokenizer_name="raw", index_option="basic")
    return builder.build()


@lru_cache(maxsize=2)
def analyzer(name: str) -> TextAnalyzer:
    """The analyzer `prose` (words, stemmed as English) or `names` (words as they are)."""
    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(LONGEST_TERM))
    builder = builder.filter(Filter.lowercase()).filter(Filter.ascii_fold())
    return (builder.filter(Filter.stemmer("english")) if name == "prose" else builder).build()


def register(index: Index) -> Index:
    """The index, knowing the analyzers; every index that is opened has to pass here."""
    index.register_tokenizer("prose", analyzer("prose"))
    index.register_tokenizer("names", analyzer("names"))
    return index


def terms(text: str, field: str) -> list[str]:
    """The terms of a text, in order.

    >>> terms("Running Erdős: 机器学习", "abstract")
    ['run', 'erdo', '机器', '器学', '学习']
    """
    plain = field == "authors" or field in EXACT.values()
    return analyzer("names" if plain else "prose").analyze(searchable(text))


def searchable(text: str) -> str:
    """The text with runs of ideographs as pairs, and with words for the signs that belong to a word.

    >>> searchable("C++17 or .NET")
    'cplusplus 17 or dotnet '
    """
    if "+" in text or "#" in text or ".N" in text:
        text = _SIGNED.sub(_signed, text)
    return in_pairs(text)


def _signed(match: re.Match[str]) -> str:
    if match["net"]:
        return "dotnet "
    return f"{match['plus']}plusplus ".lower() if match["plus"] else f"{match['sharp']}sharp ".lower()


def author_keys(author: Author) -> set[str]:
    """What an author is found by: the family name with the first initials or the first name.

    >>> sorted(author_keys(Author("Stephen M. de Bruyn Kops", "de Bruyn Kops", "Stephen M.")))
    ['debruynkops_s', 'debruynkops_sm', 'debruynkops_stephen', 'kops_s', 'kops_sm', 'kops_stephen']
    """
    keys: set[str] = set()
    split = split_name(author.name)
    last_word = (split.family or "").split()[-1:]
    last = ("".join(last_word), split.given)
    for family, given in {(author.family, author.given), (split.family, split.given), last}:
        name, names = "".join(_plain_terms(family)), _plain_terms(given)
        if name and names:
            initials = "".join(part[0] for part in names[:_MOST_INITIALS])
            keys |= {f"{name}_{initials[:length]}" for length in range(1, len(initials) + 1)}
            keys.add(f"{name}_{names[0]}")
    return keys


def _plain_terms(text: str | None) -> list[str]:
    return analyzer("names").analyze(text) if text else []


def in_pairs(text: str) -> str:
    """The text with each run of ideographs as its overlapping pairs; a lone one stays alone."""
    if text.isascii() or not _BEYOND_LATIN.search(text):
        return text
    return _IDEOGRAPHS.sub(_pairs, text)


def _pairs(match: re.Match[str]) -> str:
    run = match[0]
    if len(run) == 1:
        return f" {run} "
    return f" {' '.join(run[at : at + 2] for at in range(len(run) - 1))} "


def document(paper: Paper) -> Document:
    """What is indexed of a paper."""
    authors = [replace(author, name=resolve(author.name)) for author in paper.authors]
    texts = {
        "title": searchable(resolve(paper.title)),
        "authors": in_pairs(", ".join([author.name for author in authors])),
        "abstract": searchable(resolve(paper.abstract)),
    }
    if paper.body:
        texts["body"] = searchable(paper.body)
    beside = {"comment": searchable(resolve(paper.comment))} if paper.comment else {}
    exact = {EXACT[name]: text for name, text in (texts | beside).items() if name in EXACT}
    fields: dict[str, Any] = {
        "number": paper_number(paper.id),
        "announced": announced_position(paper),
        "published": published_position(paper),
        "category": list(paper.categories),
        "text": list(texts.values()),
        "doi": [doi.lower() for doi in (paper.doi or "").split()],
        "author_key": sorted(set().union(*map(author_keys, authors))),
    }
    return Document.from_dict(fields | texts | beside | exact, schema())
