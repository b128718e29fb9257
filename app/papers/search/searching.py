"""Searching: the index as its many readers see it, in any number of threads and processes.

It answers with the numbers of papers; their texts come from the store, which alone is the truth. Ranking is BM25
with titles weighing more, or a date: nothing else moves a paper up or down.
"""

import os
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Literal

from tantivy import FieldType, Index, Occur, Query, Searcher

from app.errors import InputError, NotFound, Sentence, StoreError
from app.papers.categories import CategoryExpression
from app.papers.cursors import read_cursor, write_cursor
from app.papers.models import Paper, parse_ids
from app.papers.plain_text import resolve
from app.papers.query import Node, parse_query
from app.papers.search.author_forms import key_query
from app.papers.search.indexing import read_state
from app.papers.search.matching import (
    begun_title,
    category_query,
    doi_query,
    is_doi,
    matching,
    numbers_query,
)
from app.papers.search.schema import EXACT, in_pairs, register, schema, terms
from app.papers.store.listing import ListQuery, check_range, day_after
from app.papers.store.positions import day_position, paper_number
from app.papers.store.reading import Page, Store

Sort = Literal["relevance", "announced", "published"]

_MOST_BY_RELEVANCE = 20_000
_KEPT_READINGS = 8
_FEW = 1000
# Terms in fewer papers are never called common, so that a small collection ranks by all of them.
_LEAST_COMMON = 10_000


@dataclass(frozen=True, slots=True)
class Search:
    """A search before it is paged: a query with the same bounds as a list has."""

    text: str
    expression: CategoryExpression | None = None
    since: date | None = None
    until: date | None = None
    sort: Sort = "relevance"

    def __str__(self) -> str:
        """What a cursor of this search is bound to."""
        return f"{self.text}|{self.expression or ''}|{self.since}|{self.until}|{self.sort}"


@dataclass(frozen=True, slots=True)
class Hits:
    """The numbers of papers found, in order; the cursor to go on with; how many were found in all."""

    numbers: tuple[int, ...]
    next_cursor: str | None
    total: int


class SearchIndex:
    """Reads the index in a folder. Thread-safe; sees each commit of a writer elsewhere at its next search."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state = folder / "state.json"
        self._lock = Lock()
        self._seen: tuple[int, int] | None = None
        self._open: tuple[str, Index] | None = None
        # The newest is last. Older ones serve readers who page through what they found.
        self._readings: OrderedDict[int, Searcher] = OrderedDict()

    def extent(self) -> tuple[int, int]:
        """Up to which of the store's changes the index goes, and how many papers it holds."""
        changes, searcher = self._newest()
        return changes, searcher.num_docs

    def numbers(self, lower: int, upper: int) -> list[int]:
        """The numbers of papers in the index from `lower` up to but not `upper`, sorted; twice where one is twice."""
        searcher = self._newest()[1]
        query = _between("number", lower, upper)
        count = int(searcher.search(query, 1).count or 0)  # type: ignore[attr-defined]
        return sorted(_numbers(searcher, query, max(count, 1)))

    @property
    def written(self) -> float:
        """When the index was last committed to, in seconds since 1970; to be asked where it can be read."""
        return self._state.stat().st_mtime

    def count(self, query: ListQuery, changes: int) -> int | None:
        """How many papers a list of the store holds after `changes`; None where the index is not at that state."""
        try:
            known, searcher = self._newest()
        except StoreError:
            return None
        if known != changes:
            return None
        clauses = _bounds(query.since, query.until)
        if query.expression is not None:
            clauses.append((Occur.Must, category_query(query.expression)))
        if not clauses:
            return int(searcher.num_docs)
        return int(searcher.search(Query.boolean_query(clauses), 1).count or 0)  # type: ignore[attr-defined]

    def search(
        self, search: Search, *, cursor: str | None = None, limit: int = 25, longest: int = 2048
    ) -> Hits:
        """Up to `limit` papers that a search finds, from its start or from where a cursor says.

        A query that is an id or the address of a paper finds that paper. By date, paging gives every paper once,
        also while others come in; by relevance it goes on in the reading of the index that it began with.

        Raises InputError for a query or a cursor that makes no sense, TooLarge for a query of more than `longest`
        bytes, StoreError where there is no index.
        """
        check_range(search.since, search.until)
        query = self._query(search, longest)
        if search.sort == "relevance":
            return self._by_relevance(query, search, cursor, limit)
        return self._by_date(query, search, search.sort, cursor, limit)

    def related(self, paper: Paper, limit: int = 10) -> dict[int, float]:
        """The numbers of the papers whose titles and abstracts share most with a paper's, best first.

        Each with its score as a share of the one that the paper itself has: 1 would be the same text.
        """
        searcher = self._newest()[1]
        count = searcher.num_docs
        fields = {"title": [in_pairs(resolve(paper.title))], "abstract": [in_pairs(resolve(paper.abstract))]}
        like = Query.more_like_this_document_fields_query(
            schema(),
            fields,
            min_doc_frequency=2 if count > _FEW else 1,
            max_doc_frequency=max(count // 10, 10),
            min_term_frequency=1,
            max_query_terms=25,
            min_word_length=2,
        )
        hits = searcher.search(like, limit + 1, count=False).hits
        numbers = searcher.fast_field_values("number", [address for _, address in hits])
        best = float(hits[0][0] or 1.0) if hits else 1.0
        shares = {
            int(number or 0): float(score or 0) / best
            for (score, _), number in zip(hits, numbers, strict=True)
        }
        shares.pop(paper_number(paper.id), None)
        return shares

    def begun(self, text: str, limit: int = 8) -> list[int]:
        """The numbers of papers whose titles hold the words of a text, the last of which may be only begun."""
        query = begun_title(text)
        return [] if query is None else _numbers(self._newest()[1], query, limit)

    def holds(self, word: str) -> bool:
        """Whether any paper holds a word, in any form of it."""
        searcher = self._newest()[1]
        return any(searcher.doc_freq("text", term) for term in terms(word, "text"))

    def spelt_like(self, term: str, limit: int = 50) -> list[int]:
        """The numbers of papers with words of one letter's difference from a term, or else of two."""
        searcher = self._newest()[1]
        for distance in (1, 2):
            options = [
                (Occur.Should, Query.fuzzy_term_query(schema(), field, term, distance=distance))
                for field in (EXACT["title"], EXACT["abstract"], "authors")
            ]
            if found := _numbers(searcher, Query.boolean_query(options), limit):
                return found
        return []

    def ranked(
        self, search: Search, limit: int, *, began: int | None = None, longest: int = 2048
    ) -> tuple[int, list[int], int]:
        """The first papers by relevance, with the reading that they were found in and how many there are in all.

        `began` names the reading to go on in, where it is kept still.
        """
        query = self._query(search, longest)
        changes, searcher = self._reading(began)
        result = searcher.search(query, limit)
        found = searcher.fast_field_values("number", [address for _, address in result.hits])
        return changes, [int(number or 0) for number in found], int(result.count or 0)  # type: ignore[attr-defined]

    def matching_among(
        self, search: Search, numbers: list[int], *, began: int | None = None, longest: int = 2048
    ) -> set[int]:
        """Those of some papers that a search finds."""
        query = self._query(search, longest)
        return _among(self._reading(began)[1], query, numbers)

    def passing(self, node: Node, numbers: list[int]) -> set[int]:
        """Those of some papers that a query's tree finds."""
        return _among(self._newest()[1], matching(node, lambda _: True), numbers)

    def numbers_of(self, node: Node, search: Search, most: int) -> list[int] | None:
        """The papers that a query's tree finds within a search's bounds; None where they are more than `most`."""
        searcher = self._newest()[1]
        query = Query.boolean_query([(Occur.Must, matching(node, lambda _: True)), *_within(search)])
        result = searcher.search(query, 1)
        count = int(result.count or 0)  # type: ignore[attr-defined]
        return None if count > most else _numbers(searcher, query, max(1, count))

    def names_papers(self, text: str) -> bool:
        """Whether a text is ids or addresses of papers, or a DOI."""
        with suppress(NotFound):
            return bool(parse_ids(text))
        return is_doi(text)

    def has_author(self, words: list[str]) -> bool:
        """Whether these words stand together in some author's name."""
        query = Query.phrase_query(schema(), "authors", list(words))
        return bool(self._newest()[1].search(query, 1, count=False).hits)

    def with_title(self, words: list[str], search: Search, limit: int) -> list[int]:
        """The papers whose titles hold these words as they stand, the shortest first, within a search's bounds."""
        field = EXACT["title"]
        query = (
            Query.phrase_query(schema(), field, list(words))
            if len(words) > 1
            else Query.term_query(schema(), field, words[0])
        )
        return _numbers(
            self._newest()[1], Query.boolean_query([(Occur.Must, query), *_within(search)]), limit
        )

    def frequencies(self, words: Iterable[str]) -> tuple[int, dict[str, int]]:
        """How many papers there are, and how many hold each of some terms."""
        searcher = self._newest()[1]
        return int(searcher.num_docs), {term: int(searcher.doc_freq("text", term)) for term in words}

    def holding(self, weights: Mapping[str, float], search: Search, limit: int) -> list[int]:
        """The papers that hold most of some terms, by their weights and BM25, within a search's bounds."""
        options = [
            (Occur.Should, Query.boost_query(Query.term_query(schema(), "text", term), weight))
            for term, weight in weights.items()
        ]
        if not options:
            return []
        query = Query.boolean_query([(Occur.Must, Query.boolean_query(options)), *_within(search)])
        return _numbers(self._newest()[1], query, limit)

    def _reading(self, began: int | None) -> tuple[int, Searcher]:
        newest = self._newest()
        with self._lock:
            kept = None if began is None else self._readings.get(began)
            return newest if began is None or kept is None else (began, kept)

    def _query(self, search: Search, longest: int) -> Query:
        node = parse_query(search.text, longest)
        found: Query | None = None
        with suppress(NotFound):
            found = numbers_query([paper_number(name) for name in parse_ids(search.text)])
        if found is None and is_doi(search.text):
            found = doi_query(search.text)
        searcher = self._newest()[1]

        def common(term: str) -> bool:
            return int(searcher.doc_freq("text", term)) > max(searcher.num_docs // 10, _LEAST_COMMON)

        if found is None:
            found = matching(node, common)
            # The words of a name stand in another order, or in full, in the lists of authors.
            if (person := key_query(search.text)) is not None:
                found = Query.boolean_query([(Occur.Should, found), (Occur.Should, person)])
        clauses = [(Occur.Must, found)]
        if search.expression is not None:
            clauses.append((Occur.Must, Query.const_score_query(category_query(search.expression), 0.0)))
        clauses += _bounds(search.since, search.until)
        return Query.boolean_query(clauses) if len(clauses) > 1 else clauses[0][1]

    def _by_relevance(self, query: Query, search: Search, cursor: str | None, limit: int) -> Hits:
        changes, searcher = self._newest()
        offset = 0
        if cursor:
            began, offset = read_cursor(cursor, 2, str(search))
            if offset > _MOST_BY_RELEVANCE:
                raise InputError(
                    Sentence(
                        "sorted by relevance, a search gives the first {most} papers; sort by announced to see all",
                        most=_MOST_BY_RELEVANCE,
                    ),
                    "?cursor",
                )
            with self._lock:
                if began in self._readings:
                    changes, searcher = began, self._readings[began]
        result = searcher.search(query, limit, offset=offset)
        total, addresses = int(result.count or 0), [address for _, address in result.hits]  # type: ignore[attr-defined]
        numbers = [int(number or 0) for number in searcher.fast_field_values("number", addresses)]
        more = offset + len(numbers) < total and numbers
        return Hits(
            tuple(numbers),
            write_cursor((changes, offset + len(numbers)), str(search)) if more else None,
            total,
        )

    def _by_date(
        self,
        query: Query,
        search: Search,
        field: Literal["announced", "published"],
        cursor: str | None,
        limit: int,
    ) -> Hits:
        searcher = self._newest()[1]
        rest = query
        if cursor:
            (after,) = read_cursor(cursor, 1, str(search))
            rest = Query.boolean_query([(Occur.Must, query), (Occur.Must, _between(field, None, after))])
        result = searcher.search(rest, limit + 1, order_by_field=field)
        counted = searcher.search(query, 1) if cursor else result
        total, hits = int(counted.count or 0), result.hits[:limit]  # type: ignore[attr-defined]
        numbers = searcher.fast_field_values("number", [address for _, address in hits])
        more = write_cursor((int(hits[-1][0]),), str(search)) if len(result.hits) > limit else None
        return Hits(tuple(int(number or 0) for number in numbers), more, total)

    def _newest(self) -> tuple[int, Searcher]:
        try:
            status = os.stat(self._state)  # noqa: PTH116  # once a search; Path.stat costs twice as much
        except OSError as error:
            raise StoreError(
                f"there is no search index in {self._folder}; `quire papers reindex` makes one"
            ) from error
        seen = (status.st_mtime_ns, status.st_ino)
        with self._lock:
            if seen != self._seen or not self._readings:
                self._read_anew()
                self._seen = seen
            changes = next(reversed(self._readings))
            return changes, self._readings[changes]

    def _read_anew(self) -> None:
        state = read_state(self._folder)
        if state is None:
            raise StoreError(
                f"the search index in {self._folder} is damaged or of another Quire; `quire papers reindex` mends it"
            )
        try:
            if self._open is None or self._open[0] != state.name:
                index = register(Index.open(str(self._folder / state.name)))
                index.config_reader("manual")
                self._open = state.name, index
            index = self._open[1]
            index.reload()
        except ValueError as error:
            reason = "tantivy puts a lock file there, and may not" if "Lockfile" in str(error) else str(error)
            raise StoreError(f"can't read the search index in {self._folder}: {reason}") from error
        self._readings.pop(state.changes, None)
        self._readings[state.changes] = index.searcher()
        while len(self._readings) > _KEPT_READINGS:
            self._readings.popitem(last=False)


def search_page(
    store: Store,
    index: SearchIndex,
    search: Search,
    *,
    cursor: str | None = None,
    limit: int = 25,
    longest: int = 2048,
) -> Page:
    """A page of what a search finds, with the papers from the store; see `SearchIndex.search`."""
    hits = index.search(search, cursor=cursor, limit=limit, longest=longest)
    return Page(tuple(store.papers_by_number(hits.numbers)), hits.next_cursor, hits.total)


def _numbers(searcher: Searcher, query: Query, limit: int) -> list[int]:
    """The numbers of the first papers that a query finds, best first."""
    hits = searcher.search(query, limit, count=False).hits
    found = searcher.fast_field_values("number", [address for _, address in hits])
    return [int(number or 0) for number in found]


def _among(searcher: Searcher, query: Query, numbers: list[int]) -> set[int]:
    if not numbers:
        return set()
    both = Query.boolean_query([(Occur.Must, query), (Occur.Must, numbers_query(numbers))])
    return set(_numbers(searcher, both, len(numbers)))


def _within(search: Search) -> list[tuple[Occur, Query]]:
    """The bounds of a search, its query left out."""
    clauses = _bounds(search.since, search.until)
    if search.expression is not None:
        clauses.append((Occur.Must, Query.const_score_query(category_query(search.expression), 0.0)))
    return clauses


def _bounds(since: date | None, until: date | None) -> list[tuple[Occur, Query]]:
    if since is None and until is None:
        return []
    lower = None if since is None else day_position(since)
    upper = None if until is None else day_after(until)
    return [(Occur.Must, _between("announced", lower, upper))]


def _between(field: str, lower: int | None, upper: int | None) -> Query:
    """Papers with `lower` <= field < `upper`; None sets no bound. Scores don't change."""
    last = None if upper is None else upper - 1
    bounds = Query.range_query(schema(), field, FieldType.Unsigned, lower, last)
    return Query.const_score_query(bounds, 0.0)
