"""Spelling suggestions for a search that found nothing: words of the index that are spelt almost the same."""

import re
from collections import Counter
from difflib import SequenceMatcher

from app.papers.plain_text import resolve
from app.papers.search.schema import analyzer
from app.papers.search.searching import SearchIndex
from app.papers.store.reading import Store

# Words with a field, a sign or a digit in them are not misspelt.
_WORD = re.compile(r"(?<![\w:./+#-])[^\W\d_]{4,40}(?![\w:./+#-])")
_OPERATORS = frozenset({"NOT", "ANDNOT"})
_MOST_WORDS = 8
_ALIKE = 0.7


def suggestion(store: Store, index: SearchIndex, query: str) -> str | None:
    """The query with each word that no paper holds replaced by the nearest that some do; None where none is near."""

    def mended(match: re.Match[str]) -> str:
        word = match[0]
        if word in _OPERATORS or index.holds(word):
            return word
        return _nearest(store, index, word) or word

    if len(query.split()) > _MOST_WORDS:
        return None
    found = _WORD.sub(mended, query)
    return found if found != query else None


def _nearest(store: Store, index: SearchIndex, word: str) -> str | None:
    words = analyzer("names")
    (folded,) = words.analyze(word) or [""]
    counts: Counter[str] = Counter()
    for paper in store.papers_by_number(index.spelt_like(folded)):
        text = f"{resolve(paper.title)} {resolve(paper.abstract)} {' '.join(author.name for author in paper.authors)}"
        counts.update(set(words.analyze(text)))
    alike = {
        other: SequenceMatcher(None, folded, other).ratio()
        for other in counts
        if abs(len(other) - len(folded)) <= 2
    }
    best = max(alike, key=lambda other: (round(alike[other], 2), counts[other]), default=None)
    return best if best is not None and alike[best] >= _ALIKE else None
