"""One list out of three: papers whose title is the query, those that its words find, those that are near in meaning.

Where hardly any paper holds all the words, as of a question written out, those that hold some of them are a fourth.

The lists are joined by reciprocal rank (Cormack, Clarke and Büttcher 2009): a paper gets 1 / (k + its place) from each
list that it stands in. A title that is the query counts more than first places in both other lists together. Equal
papers stand by their numbers, the newest first, so that the same search gives the same list always.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app.errors import EmbedError, InputError, Sentence
from app.papers.cursors import read_cursor, write_cursor
from app.papers.meaning.embedder import Vectors
from app.papers.meaning.reading import VectorSet, Within
from app.papers.meaning.searching import Meaning
from app.papers.plain_text import resolve
from app.papers.query import Node, parse_query
from app.papers.search.meaning_query import MeaningQuery, meaning_query
from app.papers.search.schema import EXACT, terms
from app.papers.search.searching import Search, SearchIndex, search_page
from app.papers.store.positions import paper_number
from app.papers.store.reading import Page, Store

By = Literal["words", "meaning", "both"]
List = Literal["title", "words", "some", "meaning"]

CONSTANTS: dict[List, int] = {"title": 2, "words": 10, "some": 10, "meaning": 10}
"""The k of each list, chosen on one half of the queries of benchmarks/meaning_queries.jsonl."""

DEPTH = 200
"""So many papers of the list of words, and of the list of meaning, are joined; after them the words' list goes on."""

_FEW = 20_000
"""What narrows a search to so few papers gives their numbers; else it is asked about the nearest ones."""

_FARTHEST = 16_000
_HARDLY_ANY = 10
"""Where fewer papers hold all words, those that hold some are looked at as well."""

_MOST_TITLES = 20
_LONGEST_NAME = 5


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a paper is found: the list that it stands in, and its place there, from 1."""

    by: List
    rank: int


@dataclass(frozen=True, slots=True)
class BlendedPage:
    """A page of a search, by what it was made, why each paper is there, and whether meaning could not be asked."""

    page: Page
    by: By
    reasons: Mapping[str, tuple[Reason, ...]]
    missed: bool = False


def fused(lists: Mapping[List, Sequence[int]], constants: Mapping[List, int] = CONSTANTS) -> list[int]:
    """The papers of lists of numbers as one list.

    >>> fused({"words": [1, 2], "meaning": [3, 1]})
    [1, 3, 2]
    """
    scores: dict[int, float] = {}
    for name, numbers in lists.items():
        for rank, number in enumerate(numbers, 1):
            scores[number] = scores.get(number, 0.0) + 1 / (constants[name] + rank)
    return sorted(scores, key=lambda number: (-round(scores[number], 12), -number))


def find(
    store: Store,
    index: SearchIndex,
    meaning: Meaning,
    search: Search,
    by: By | None = None,
    *,
    cursor: str | None = None,
    limit: int = 25,
    longest: int = 2048,
) -> BlendedPage:
    """A page of a search by words, meaning or both; None for what there is: both, where papers have vectors.

    Ids, DOIs, names of authors and orders by date are for words alone. Where meaning fails, both is words, and says so;
    meaning alone raises NoEmbedder or EmbedError. Raises InputError where there is no word that means something.
    """
    chosen = by or ("both" if meaning.is_on() and search.sort == "relevance" else "words")
    node = parse_query(search.text, longest)
    if chosen != "words" and by is not None and search.sort != "relevance":
        raise InputError(
            Sentence("by={by} has an order of its own; leave out sort, or search by=words", by=by), "?sort"
        )
    wanted = meaning_query(node)
    if chosen == "meaning" and not wanted.text:
        raise InputError(Sentence("a search by meaning needs words; write some, or search by=words"), "?q")
    if chosen == "both" and not _is_for_both(index, search, wanted, meaning):
        chosen = "words"
    blend = _Blend(store, index, meaning, search, chosen, wanted, longest)
    missed = False
    if chosen != "words":
        try:
            return blend.page(cursor, limit)
        except EmbedError:
            if chosen == "meaning" or (cursor is not None and blend.gave(cursor)):
                raise
            missed = True
    page = search_page(store, index, search, cursor=cursor, limit=limit, longest=longest)
    return BlendedPage(page, "words", {}, missed)


def _is_for_both(index: SearchIndex, search: Search, wanted: MeaningQuery, meaning: Meaning) -> bool:
    """Whether meaning has something to add: not to ids, DOIs and names of authors."""
    if not wanted.text or not meaning.is_on() or index.names_papers(search.text):
        return False
    words = terms(wanted.text, "authors")
    is_name = wanted.is_plain and 1 < len(words) <= _LONGEST_NAME and index.has_author(words)
    return not is_name


class _Blend:
    def __init__(
        self,
        store: Store,
        index: SearchIndex,
        meaning: Meaning,
        search: Search,
        by: By,
        wanted: MeaningQuery,
        longest: int,
    ) -> None:
        self._store, self._index, self._meaning = store, index, meaning
        self._search, self._by, self._asked, self._longest = search, by, wanted, longest
        self._bound = f"{search}|{by}"

    def gave(self, cursor: str) -> bool:
        """Whether a cursor is of this list, and not of the one by words that stood in for it."""
        try:
            read_cursor(cursor, 3, self._bound)
        except InputError:
            return False
        return True

    def page(self, cursor: str | None, limit: int) -> BlendedPage:
        changes, offset, rows = read_cursor(cursor, 3, self._bound) if cursor else (None, 0, None)
        vectors, vector = self._meaning.asked(self._asked.text, rows)
        near = nearest(self._index, vectors, vector, DEPTH, self._search, self._asked.narrowing)
        if self._by == "meaning":
            lists: dict[List, Sequence[int]] = {"meaning": near}
            reading, order, total = changes or 0, near, len(near)
        else:
            reading, first, matched = self._index.ranked(
                self._search, DEPTH, began=changes, longest=self._longest
            )
            some = self._some() if matched < _HARDLY_ANY else []
            lists = {"title": self._titles(), "words": first, "some": some, "meaning": near}
            order = fused(lists)
            by_words = self._index.matching_among(self._search, order, began=reading, longest=self._longest)
            total = matched + len(order) - len(by_words)
            wanted = offset + limit - len(order)
            if wanted > 0:
                # Beyond what was joined the words' list goes on, without the papers that stood in the joined one.
                further = self._index.ranked(
                    self._search, DEPTH + wanted + len(order), began=reading, longest=self._longest
                )[1]
                seen = set(order)
                order += [number for number in further[DEPTH:] if number not in seen]
        numbers = order[offset : offset + limit]
        more = offset + len(numbers) < total and numbers
        values = (reading, offset + len(numbers), vectors.state.rows)
        papers = tuple(self._store.papers_by_number(numbers))
        page = Page(papers, write_cursor(values, self._bound) if more else None, total)
        places = {
            name: {number: rank for rank, number in enumerate(numbers, 1)} for name, numbers in lists.items()
        }
        reasons = {
            paper.id: tuple(
                Reason(name, ranks[number])
                for name, ranks in places.items()
                if (number := paper_number(paper.id)) in ranks
            )
            or (Reason("words", offset + at),)
            for at, paper in enumerate(papers, 1)
        }
        return BlendedPage(page, self._by, reasons)

    def _some(self) -> list[int]:
        """The papers that hold most of the query's words, the rare ones above all."""
        if not self._asked.is_plain:
            return []
        weights = dict.fromkeys(terms(self._asked.text, "abstract"), 1.0)
        return self._index.holding(weights, self._search, DEPTH // 2)

    def _titles(self) -> list[int]:
        """The papers whose title is the query, then those whose title begins with it and a colon; the newest first."""
        wanted = terms(self._search.text, EXACT["title"])
        if not wanted or not self._asked.is_plain:
            return []
        whole, named = [], []
        for paper in self._store.papers_by_number(self._index.with_title(wanted, self._search, _MOST_TITLES)):
            title = resolve(paper.title)
            if terms(title, EXACT["title"]) == wanted:
                whole.append(paper_number(paper.id))
            elif terms(title.partition(":")[0], EXACT["title"]) == wanted:
                named.append(paper_number(paper.id))
        return sorted(whole, reverse=True) + sorted(named, reverse=True)


def nearest(
    index: SearchIndex,
    vectors: VectorSet,
    vector: Vectors,
    count: int,
    search: Search,
    narrowing: Node | None,
) -> list[int]:
    """The papers nearest to a vector, of the search's categories and days, and as a query narrows them."""
    bounds = search.expression, search.since, search.until
    if narrowing is None:
        within: Within | None = vectors.within(*bounds)
        return vectors.numbers(vectors.nearest(vector, count, within)[0])
    few = index.numbers_of(narrowing, replace(search, text=""), _FEW)
    if few is not None:
        within = vectors.within(*bounds, numbers=few)
        return vectors.numbers(vectors.nearest(vector, count, within)[0])
    within, looked = vectors.within(*bounds), count
    while True:
        numbers = vectors.numbers(vectors.nearest(vector, looked, within)[0])
        passing = index.passing(narrowing, numbers)
        found = [number for number in numbers if number in passing]
        if len(found) >= count or len(numbers) < looked or looked >= _FARTHEST:
            return found[:count]
        looked *= 4
