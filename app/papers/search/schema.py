"""What the search index holds of a paper, and how its texts become terms. Schema and analysis, no files.

English words are stemmed and accents folded; runs of Chinese and Japanese characters become overlapping pairs,
which neither need a dictionary nor miss a word (docs/decisions/0008-chinese-in-pairs.md). Whoever changes anything
here raises SCHEMA_VERSION: an index of another version is rebuilt from the store.
"""

import re
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

from app.papers.models import Paper
from app.papers.plain_text import resolve
from app.papers.store.positions import announced_position, paper_number, published_position

SCHEMA_VERSION = 2

LONGEST_TERM = 80
_IDEOGRAPHS = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]+")
# Most texts hold none: this is the cheap test.
_BEYOND_LATIN = re.compile("[\u3040-\U0003134f]")


@lru_cache(maxsize=1)
def schema() -> Schema:
    """The fields; nothing is stored, since the store has it all.

    `text` is all of a paper's words together: a word that is asked for anywhere is one list to read there, not four.
    It knows no places: phrases are found in the fields.
    """
    builder = SchemaBuilder()
    builder.add_unsigned_field("number", indexed=True, fast=True)
    builder.add_unsigned_field("announced", indexed=True, fast=True)
    builder.add_unsigned_field("published", indexed=True, fast=True)
    builder.add_text_field("title", tokenizer_name="prose")
    builder.add_text_field("authors", tokenizer_name="names")
    builder.add_text_field("abstract", tokenizer_name="prose")
    builder.add_text_field("body", tokenizer_name="prose")
    builder.add_text_field("text", tokenizer_name="prose", index_option="freq")
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
    return analyzer("names" if field == "authors" else "prose").analyze(in_pairs(text))


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
    texts = {
        "title": in_pairs(resolve(paper.title)),
        "authors": in_pairs(resolve(", ".join([author.name for author in paper.authors]))),
        "abstract": in_pairs(resolve(paper.abstract)),
    }
    if paper.body:
        texts["body"] = in_pairs(paper.body)
    fields: dict[str, Any] = {
        "number": paper_number(paper.id),
        "announced": announced_position(paper),
        "published": published_position(paper),
        "category": list(paper.categories),
        "text": list(texts.values()),
    }
    return Document.from_dict(fields | texts, schema())
