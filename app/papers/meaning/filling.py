"""Computes the vectors that papers lack, newest first, within a budget; a later run resumes there.

The store may change meanwhile, by another process too: the next run follows. The store's writer is not held up.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from app.papers.meaning.embedder import Embedder, Vectors, text_of
from app.papers.meaning.files import read_state
from app.papers.meaning.writing import SetWriter, VectorRow, VectorWriter, open_vectors, row_of
from app.papers.store.location import StoreLocation
from app.papers.store.reading import Store

_TOGETHER = 256
"""Papers that are read and embedded between two looks at the budget."""

_COMMIT_PAPERS = 4096
_COMMIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may use up: papers, seconds; None sets no bound."""

    papers: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class EmbeddingProgress:
    """How far a run is: papers done by it, papers that lack a vector still, seconds since it began."""

    done: int
    lacking: int
    seconds: float

    @property
    def rate(self) -> float:
        """Papers in a second."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At this rate; None before there is one."""
        return self.lacking / self.rate if self.rate > 0 else None


def fill(
    store_path: StoreLocation,
    folder: Path,
    embedder: Embedder,
    budget: Budget | None = None,
    *,
    on_progress: Callable[[EmbeddingProgress], None] | None = None,
    command: str = "quire papers embed",
) -> EmbeddingProgress:
    """Gives papers vectors until none lacks one or the budget is used up. What is done when it stops stays done.

    Raises EmbedError where the model fails, StoreLocked where another process makes vectors, StoreError for the disk.
    """
    with Store(store_path) as store, open_vectors(folder, command) as writer:
        return fill_set(store, writer, embedder, budget or Budget(), on_progress)


def fill_set(
    store: Store,
    writer: VectorWriter,
    embedder: Embedder,
    budget: Budget,
    on_progress: Callable[[EmbeddingProgress], None] | None = None,
) -> EmbeddingProgress:
    """As `fill`, with a store and a writer that are open."""
    begun = time.monotonic()
    identity, changes = store.identity, store.changes
    vectors = writer.open_set(embedder.model, embedder.probe(), identity, changes)
    run = _Run(vectors, budget, begun, on_progress, len(store))
    run.follow(store, changes)
    try:
        whole = run.through(store, embedder)
    finally:
        run.commit()
    if whole:
        vectors.switch()
    return run.progress()


def is_behind(store: Store, folder: Path, model: str, per_day: int) -> bool:
    """Whether papers may lack vectors of a model that today's share of `per_day` papers has room for."""
    state = read_state(folder)
    if not per_day or (state.day == _today() and state.count >= per_day):
        return False
    if len(state.sets) != 1:
        return True
    (only,) = state.sets
    in_step = (only.store, only.changes, only.living) == (store.identity, store.changes, len(store))
    return not (in_step and only.model == model)


def fill_today(
    store_path: StoreLocation,
    folder: Path,
    embedder: Embedder,
    per_day: int,
    *,
    seconds: float | None = None,
    on_progress: Callable[[EmbeddingProgress], None] | None = None,
    command: str = "quire serve, embedding",
) -> EmbeddingProgress | None:
    """As `fill`, where nobody asked for it by name: at most `per_day` papers a day in all; None where none lacks one.

    Raises what `fill` raises.
    """
    with Store(store_path) as store:
        if not is_behind(store, folder, embedder.model, per_day):
            return None
        with open_vectors(folder, command) as writer:
            today = _today()
            count = writer.state.count if writer.state.day == today else 0
            budget = Budget(max(0, per_day - count), seconds)
            progress = fill_set(store, writer, embedder, budget, on_progress)
            if progress.done:
                writer.note(today, count + progress.done)
            return progress


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


class _Run:
    def __init__(
        self,
        vectors: SetWriter,
        budget: Budget,
        begun: float,
        on_progress: Callable[[EmbeddingProgress], None] | None,
        papers: int,
    ) -> None:
        self._vectors = vectors
        self._budget = budget
        self._begun = begun
        self._on_progress = on_progress
        self._papers = papers
        self._done = 0
        self._rows: list[VectorRow] = []
        self._waiting: list[Vectors] = []
        self._committed = time.monotonic()

    def follow(self, store: Store, changes: int) -> None:
        """Brings in what the store changed in papers that have vectors."""
        if len(self._vectors):
            for _, papers in store.changed_papers(self._vectors.state.changes):
                self._vectors.follow([row_of(paper, text_of(paper)) for paper in papers])
        self._vectors.commit(changes)

    def through(self, store: Store, embedder: Embedder) -> bool:
        """Goes through the papers, the newest first; whether the budget lasted to the end."""
        for numbers in _lacking(store, self._vectors):
            room = self._room()
            if room is not None and room <= 0:
                return False
            papers = store.papers_by_number(numbers if room is None else numbers[:room])
            texts = [text_of(paper) for paper in papers]
            self._waiting.append(embedder.embed(texts))
            self._rows += [row_of(paper, text) for paper, text in zip(papers, texts, strict=True)]
            self._done += len(papers)
            if len(self._rows) >= _COMMIT_PAPERS or time.monotonic() - self._committed > _COMMIT_SECONDS:
                self.commit()
            if self._on_progress is not None:
                self._on_progress(self.progress())
            if room is not None and room < len(numbers):
                return False
        return True

    def commit(self) -> None:
        """Makes what was embedded count."""
        if self._rows:
            self._vectors.append(self._rows, np.concatenate(self._waiting))
            self._rows, self._waiting = [], []
            self._vectors.commit()
        self._committed = time.monotonic()

    def progress(self) -> EmbeddingProgress:
        lacking = max(0, self._papers - len(self._vectors) - len(self._rows))
        return EmbeddingProgress(self._done, lacking, time.monotonic() - self._begun)

    def _room(self) -> int | None:
        """How many papers more the budget allows; None for any number."""
        if self._budget.seconds is not None and time.monotonic() - self._begun >= self._budget.seconds:
            return 0
        return None if self._budget.papers is None else self._budget.papers - self._done


def _lacking(store: Store, vectors: SetWriter) -> Iterator[list[int]]:
    """The papers that have no vector, the newest first, some at a time."""
    left: list[int] = []
    for numbers in store.newest_numbers():
        left += vectors.lacking(numbers)
        while len(left) >= _TOGETHER:
            yield left[:_TOGETHER]
            left = left[_TOGETHER:]
    if left:
        yield left
