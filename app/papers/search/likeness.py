"""Papers like those that a reader starred, the most similar first; newer stars count more.

By words it is tf-idf: a profile of the stars' words, each as rare as it is in the whole index, and a paper counts by
what of the profile its own words make up. Where papers have vectors, the nearness to the nearest stars is a second
order, and both are joined by reciprocal rank. Nothing is left out, and the words that speak for a paper are named.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from app.papers.meaning.embedder import Vectors
from app.papers.meaning.reading import VectorSet
from app.papers.meaning.searching import Meaning
from app.papers.models import Paper
from app.papers.plain_text import resolve
from app.papers.search.blending import fused
from app.papers.search.schema import analyzer, searchable
from app.papers.search.searching import Search, SearchIndex
from app.papers.store.positions import paper_number
from app.papers.store.reading import Store

MOST_STARS = 200
"""So many of the newest stars count."""

_HALVED_AFTER = 10
"""A star that so many newer ones have followed counts half."""

_IN_TITLE = 3
_CENTRES = 8
_POOL = 150
_QUERY_WORDS = 40
_SHOWN_WORDS = 3
_LEAST_COMMON = 20
_MOST_HELD = 0.2
"""A word that more of all papers hold says nothing about a reader."""

_NEAREST_STARS = 3


@dataclass(frozen=True, slots=True)
class Liked:
    """A paper with the words that speak for it, as they are written, and the star that it is nearest to, if any is."""

    paper: Paper
    words: tuple[str, ...]
    near: str | None


def like(
    store: Store,
    index: SearchIndex,
    meaning: Meaning | None,
    ids: Sequence[str],
    *,
    among: Sequence[str] | None = None,
    since: date | None = None,
    limit: int = 25,
) -> list[Liked]:
    """Papers like those of `ids` (the newest star first), the most similar first.

    With `among` these papers, all of them, in that order. Else `limit` of all papers announced on `since` or later, the
    given ones left out. Ids that are not here are passed over.
    """
    stars = store.papers(list(ids))[:MOST_STARS]
    if not stars:
        return [Liked(paper, (), None) for paper in store.papers(list(among or ()))]
    profile = Profile(index, stars)
    vectors = meaning.vectors() if meaning is not None else None
    taste = _Taste(vectors, stars) if vectors is not None else None
    if among is not None:
        papers = store.papers(list(among))
        limit = len(papers)
    else:
        own = {paper_number(paper.id) for paper in stars} | set(map(paper_number, ids))
        numbers = profile.candidates(since, _POOL + len(own))
        if taste is not None:
            numbers += taste.candidates(since, _POOL)
        papers = [
            paper
            for paper in store.papers_by_number(list(dict.fromkeys(numbers)))
            if paper_number(paper.id) not in own
        ]
    by_words = {paper_number(paper.id): profile.of(paper) for paper in papers}
    near = taste.of(list(by_words)) if taste is not None else {}
    lists = {
        "words": sorted(by_words, key=lambda number: (-by_words[number][0], -number)),
        "meaning": sorted(near, key=lambda number: (-near[number][0], -number)),
    }
    named = {paper_number(paper.id): paper for paper in papers}
    return [
        Liked(named[number], by_words[number][1], near[number][1] if number in near else None)
        for number in fused(lists)[:limit]  # type: ignore[arg-type]
    ]


def weight(place: int) -> float:
    """What a star counts, by its place from 0, the newest.

    >>> weight(0), weight(10)
    (1.0, 0.5)
    """
    return 1 / (1 + place / _HALVED_AFTER)


class Profile:
    """The words of some papers, weighed by how often they stand there and how seldom in all papers."""

    def __init__(self, index: SearchIndex, papers: Sequence[Paper]) -> None:
        self._index = index
        sums: Counter[str] = Counter()
        self._written: dict[str, Counter[str]] = {}
        for place, paper in enumerate(papers):
            counts, written = _words(paper)
            for term, count in counts.items():
                sums[term] += weight(place) * (1 + math.log(count))  # type: ignore[assignment]
                self._written.setdefault(term, Counter()).update(written[term])
        total, held = index.frequencies(sums)
        most = max(_LEAST_COMMON, _MOST_HELD * total)
        self._rarity = {term: math.log((1 + total) / (1 + held[term])) for term in sums if held[term] <= most}
        self.weights = {term: sums[term] * rarity for term, rarity in self._rarity.items() if rarity > 0}

    def candidates(self, since: date | None, limit: int) -> list[int]:
        """The numbers of papers that hold most of the profile's weightiest words."""
        best = sorted(self.weights, key=lambda term: (-self.weights[term], term))[:_QUERY_WORDS]
        return self._index.holding(
            {term: self.weights[term] for term in best}, Search("", None, since), limit
        )

    def of(self, paper: Paper) -> tuple[float, tuple[str, ...]]:
        """How much a paper speaks of the profile, and by which words, as the given papers mostly write them."""
        counts, _ = _words(paper)
        parts = {
            term: self.weights[term] * self._rarity[term] * (1 + math.log(count))
            for term, count in counts.items()
            if term in self.weights
        }
        best = sorted(parts, key=lambda term: (-parts[term], term))[:_SHOWN_WORDS]
        score = sum(parts.values()) / math.sqrt(max(1, len(counts)))
        return score, tuple(self._written[term].most_common(1)[0][0] for term in best)


class _Taste:
    """The vectors of some papers, and how near others are to them."""

    def __init__(self, vectors: VectorSet, stars: Sequence[Paper]) -> None:
        self._vectors = vectors
        numbers = [paper_number(paper.id) for paper in stars]
        rows = vectors.rows(numbers)
        places = {number: place for place, number in enumerate(numbers)}
        self._names = [stars[places[number]].id for number in vectors.numbers(rows)]
        self._weights = np.array([weight(places[number]) for number in vectors.numbers(rows)], np.float32)
        self._stars = vectors.vectors(rows)

    def candidates(self, since: date | None, limit: int) -> list[int]:
        """The papers nearest to any of a few centres of the stars."""
        within = self._vectors.within(None, since)
        found: list[int] = []
        for centre in _centres(self._stars, self._weights):
            rows, _ = self._vectors.nearest(centre, limit, within)
            found += self._vectors.numbers(rows)
        scores = self.of(found)
        return sorted(scores, key=lambda number: (-scores[number][0], -number))[:limit]

    def of(self, numbers: Sequence[int]) -> dict[int, tuple[float, str]]:
        """How near papers are to the stars nearest to them, each by its weight, and which star that is above all."""
        rows = self._vectors.rows(list(dict.fromkeys(numbers)))
        if len(rows) == 0 or len(self._stars) == 0:
            return {}
        usual, spread = self._vectors.usual()
        beyond = np.maximum(0, (self._vectors.vectors(rows) @ self._stars.T - usual) / spread) * self._weights
        best = np.sort(beyond, axis=1)[:, -_NEAREST_STARS:].sum(axis=1).tolist()
        names = [self._names[at] for at in beyond.argmax(axis=1).tolist()]
        return dict(zip(self._vectors.numbers(rows), zip(best, names, strict=True), strict=True))


def _centres(stars: Vectors, weights: Vectors) -> Vectors:
    """A few vectors that stand for many: stars far from one another, each moved to the middle of those around it."""
    if len(stars) <= _CENTRES:
        return stars
    chosen = [0]
    nearest = stars @ stars[0]
    while len(chosen) < _CENTRES:
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, stars @ stars[chosen[-1]])
    of = (stars @ stars[chosen].T).argmax(axis=1)
    sums = np.stack([(stars[of == at] * weights[of == at, None]).sum(axis=0) for at in range(len(chosen))])
    centres: Vectors = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return centres


def _words(paper: Paper) -> tuple[Counter[str], dict[str, Counter[str]]]:
    """The terms of a paper's title and abstract with their counts, and how each is written."""
    counts: Counter[str] = Counter()
    written: dict[str, Counter[str]] = {}
    for text, times in ((paper.title, _IN_TITLE), (paper.abstract, 1)):
        given = searchable(resolve(text))
        for plain, term in zip(
            analyzer("names").analyze(given), analyzer("prose").analyze(given), strict=True
        ):
            if len(term) > 1 and not term.isdecimal():
                counts[term] += times
                written.setdefault(term, Counter())[plain] += 1
    return counts, written
