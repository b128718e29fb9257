"""Every segmentation of a short text at once: a graph whose nodes are the places between bytes and whose edges are the
pieces that match there.

For looking at and for measuring, not for speed: plain Python, and texts have a bound. Methods: the Viterbi algorithm
for n paths (the n best up to a node come from the n best up to each node before it), and forward-backward sums in
the logarithm (Rabiner 1989) for the probability that a segmentation cuts at a place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from heapq import nlargest
from math import exp, inf, log
from typing import NamedTuple

from app.errors import Sentence, TooLarge
from app.tokenizer.spans import at_least

MAX_BYTES = 4096
"""Longest text that a lattice is made of, in bytes of UTF-8."""

MAX_PATHS = 1000
"""Most paths that `n_best` lists."""


class Edge(NamedTuple):
    """A piece that matches from byte `start` to byte `end`."""

    start: int
    end: int
    id: int
    score: float


class Path(NamedTuple):
    """A segmentation: its edges in order, and the sum of their log-probabilities."""

    edges: tuple[Edge, ...]
    score: float

    @property
    def ids(self) -> list[int]:
        """The ids of its pieces."""
        return [edge.id for edge in self.edges]


@dataclass(frozen=True)
class Lattice:
    """The pieces that match in `data`, by start and then by length. Nodes are 0 to len(data)."""

    data: bytes
    edges: tuple[Edge, ...]

    @classmethod
    def over(cls, data: bytes, pieces: Mapping[bytes, tuple[int, float]]) -> "Lattice":
        """The lattice of UTF-8 text, given the id and the log-probability of each piece."""
        if len(data) > MAX_BYTES:
            raise TooLarge(
                Sentence(
                    "the text has {count:,} bytes; a lattice is drawn for up to {most:,}",
                    count=len(data),
                    most=MAX_BYTES,
                ),
                "/text",
            )
        longest = max(map(len, pieces))
        return cls(
            data,
            tuple(
                Edge(start, end, *pieces[data[start:end]])
                for start in range(len(data))
                for end in range(start + 1, min(start + longest, len(data)) + 1)
                if data[start:end] in pieces
            ),
        )

    @cached_property
    def best(self) -> Path:
        """The best segmentation: the one that `encode` gives."""
        return self.n_best(1)[0]

    def n_best(self, n: int) -> list[Path]:
        """The n most probable segmentations, best first; of equal ones that with the longer last piece."""
        n = at_least("n", n, 1)
        if n > MAX_PATHS:
            raise TooLarge(
                Sentence("n is {n}; up to {most} segmentations are listed", n=n, most=MAX_PATHS),
                "/n",
            )
        into = self._into
        # For each node its best: score, edge to it, rank among the best of that edge's start.
        found: list[list[tuple[float, Edge | None, int]]] = [[(0.0, None, 0)]]
        for node in range(1, len(self.data) + 1):
            candidates = (
                (before[0] + edge.score, edge, rank)
                for edge in into[node]
                for rank, before in enumerate(found[edge.start])
            )
            found.append(nlargest(n, candidates, key=lambda candidate: candidate[0]))
        return [self._path(found, rank) for rank in range(len(found[-1]))]

    @cached_property
    def log_total(self) -> float:
        """The log of the summed probabilities of all segmentations."""
        return self._sums(forward=True)[-1]

    @cached_property
    def boundaries(self) -> list[float]:
        """For each node the probability that a segmentation drawn with alpha 1 cuts there; 1 at both ends."""
        forward, backward = self._sums(forward=True), self._sums(forward=False)
        return [min(1.0, exp(a + b - self.log_total)) for a, b in zip(forward, backward, strict=True)]

    @cached_property
    def _into(self) -> list[list[Edge]]:
        into: list[list[Edge]] = [[] for _ in range(len(self.data) + 1)]
        for edge in self.edges:
            into[edge.end].append(edge)
        return into

    def _sums(self, forward: bool) -> list[float]:
        """For each node the log of the summed probabilities of all ways to it, or from it to the end."""
        size = len(self.data)
        terms: list[list[float]] = [[] for _ in range(size + 1)]
        terms[0 if forward else size].append(0.0)
        sums = [-inf] * (size + 1)
        edges = self.edges if forward else sorted(self.edges, key=lambda edge: -edge.end)
        done = -1 if forward else size + 1
        for edge in edges:
            origin, target = (edge.start, edge.end) if forward else (edge.end, edge.start)
            if origin != done:
                sums[origin] = _log_sum(terms[origin])
                done = origin
            terms[target].append(sums[origin] + edge.score)
        last = size if forward else 0
        sums[last] = _log_sum(terms[last])
        return sums

    def _path(self, found: list[list[tuple[float, Edge | None, int]]], rank: int) -> Path:
        score, edge, rank = found[-1][rank]
        edges = []
        while edge is not None:
            edges.append(edge)
            _, edge, rank = found[edge.start][rank]
        return Path(tuple(reversed(edges)), score)


def _log_sum(terms: list[float]) -> float:
    largest = max(terms, default=-inf)
    if largest == -inf:
        return -inf
    return largest + log(sum(exp(term - largest) for term in terms))
