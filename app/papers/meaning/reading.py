"""A set of vectors as its readers see it: mapped, never changed; what is nearest to a vector, among which papers.

Candidates are found by signs, and ranked by int8: see `kernels.py`. A set that grew is opened again.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.papers.categories import CategoryExpression
from app.papers.meaning import files
from app.papers.meaning.embedder import Vectors
from app.papers.meaning.files import SetState

CANDIDATES = 1000
_ROWS_A_CANDIDATE = 2000
"""In a large set more than CANDIDATES are ranked: one in so many rows."""

_SAMPLE = 2000

Within = NDArray[np.uint8]
"""Which rows are looked at: uint8 (rows,), 1 or 0."""


class VectorSet:
    """The rows of a set that count as of one commit. Thread-safe: nothing in it changes."""

    def __init__(self, folder: Path, state: SetState) -> None:
        self.state = state
        place = folder / state.name
        self._numbers, self._days, self._kinds, self._bits, self._codes, self._scales = (
            files.mapped(place, state, name)
            for name in ("numbers", "days", "kinds", "bits", "codes", "scales")
        )
        self._categories = [frozenset(line.split()) for line in files.kinds(place, state.kinds)]
        self.alive: Within = np.ones(state.rows, np.uint8)
        self.alive[np.fromfile(place / "dead", "<u4", count=state.dead)] = 0
        self.mean: Vectors = (
            np.fromfile(place / "mean", "<f4") if state.rows else np.zeros(state.dimensions, "<f4")
        )
        self.probe: Vectors = np.fromfile(place / "probe", "<f4")

    def numbers(self, rows: NDArray[np.int64]) -> list[int]:
        """The papers of rows."""
        found: list[int] = self._numbers[rows].tolist()
        return found

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        """The vectors of rows, as int8 kept them: float32 (n, dimensions)."""
        found: Vectors = self._codes[rows] * self._scales[rows][:, None]
        return found

    def rows(self, numbers: Sequence[int]) -> NDArray[np.int64]:
        """The rows of papers, in their order; those without a vector are left out."""
        from app.papers.meaning import kernels

        wanted = np.unique(np.array(numbers, np.uint32))
        rows = np.full(len(wanted), -1, np.int64)
        kernels.find_rows(self._numbers, self.alive, wanted, rows)
        found = dict(zip(wanted.tolist(), rows.tolist(), strict=True))
        return np.array([found[number] for number in numbers if found[number] >= 0], np.int64)

    def within(
        self,
        expression: CategoryExpression | None = None,
        since: date | None = None,
        until: date | None = None,
        numbers: Sequence[int] | None = None,
    ) -> Within:
        """The rows of papers of some categories and days; with `numbers`, of those papers alone."""
        from app.papers.meaning import kernels

        within = self.alive
        if numbers is not None:
            within = np.zeros(len(self.alive), np.uint8)
            within[self.rows(list(dict.fromkeys(numbers)))] = 1
        if expression is None and since is None and until is None:
            return within
        narrowed = np.zeros(len(within), np.uint8)
        first, last = (since or date.min).toordinal(), (until or date.max).toordinal()
        kernels.narrow(within, self._kinds, self._allowed(expression), self._days, first, last, narrowed)
        return narrowed

    def nearest(
        self, vector: Vectors, count: int, within: Within | None = None
    ) -> tuple[NDArray[np.int64], Vectors]:
        """The rows nearest to a vector, the nearest first, and their cosines; of equal ones the newest paper first."""
        rows = self._candidates(vector, count, self.alive if within is None else within)
        near = self.vectors(rows) @ vector
        order = np.lexsort((-self._numbers[rows].astype(np.int64), -near))[:count]
        return rows[order], near[order]

    @lru_cache(maxsize=1)  # noqa: B019 - a set is dropped as a whole
    def usual(self) -> tuple[float, float]:
        """The mean cosine of two papers of the set, and its standard deviation, by some that are spread over it."""
        rows = np.flatnonzero(self.alive)
        some = self.vectors(rows[:: max(1, len(rows) // _SAMPLE)][:_SAMPLE].astype(np.int64))
        half = len(some) // 2
        if half < 2:
            return 0.0, 1.0
        near = np.einsum("ij,ij->i", some[:half], some[half : 2 * half])
        return float(near.mean()), float(max(near.std(), 1e-3))

    def _candidates(self, vector: Vectors, count: int, within: Within) -> NDArray[np.int64]:
        from app.papers.meaning import kernels

        wanted = max(CANDIDATES, 2 * count, self.state.rows // _ROWS_A_CANDIDATE)
        signs = files.signs(vector[None, :], self.mean)[0]
        distances = np.empty(self.state.rows, np.uint16)
        counts = np.zeros(64 * len(signs) + 1, np.int64)
        kernels.measure(self._bits, signs, within, distances, counts)
        up_to = np.cumsum(counts)
        limit = int(np.searchsorted(up_to, wanted))
        nearer = int(up_to[limit - 1]) if limit else 0
        rows = np.empty(min(wanted, int(up_to[-1])), np.int64)
        # Beyond the last distance nothing is left: rows that are left out are farther than any.
        found = kernels.collect(distances, np.uint16(min(limit, len(counts))), wanted - nearer, rows)
        return rows[:found]

    def _allowed(self, expression: CategoryExpression | None) -> NDArray[np.uint8]:
        if expression is None:
            return np.ones(len(self._categories), np.uint8)
        included, excluded = expression.members
        return np.array(
            [
                (not expression.include or not kind.isdisjoint(included)) and kind.isdisjoint(excluded)
                for kind in self._categories
            ],
            np.uint8,
        )
