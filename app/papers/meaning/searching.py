"""Finding by meaning, as a server does it all day: queries become vectors, once each; sets that grew are opened again.

A server of embeddings that fails is left alone for a while, so that searches by words are not held up by it.
"""

import os
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from app.errors import EmbedError, NoEmbedder, Sentence
from app.papers.meaning import files
from app.papers.meaning.embedder import PROBE, Embedder, Vectors, is_same_model
from app.papers.meaning.files import SetState
from app.papers.meaning.reading import VectorSet

_KEPT_QUERIES = 512
_KEPT_SETS = 8
_REST_SECONDS = 30.0

Observe = Callable[[str, float], None]
"""Called with how a query became a vector (answered, remembered, failed) and in how many seconds."""


class Meaning:
    """The vectors in a folder and what turns queries into such. Thread-safe; sees each commit at its next search."""

    def __init__(
        self,
        folder: Path,
        embedder: Embedder | None,
        observe: Observe = lambda _outcome, _seconds: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._embedder = embedder
        self._observe = observe
        self._clock = clock
        self._lock = Lock()
        self._seen: tuple[int, int] | None = None
        self._sets: tuple[SetState, ...] = ()
        # By name and extent, the newest last; older ones serve readers who page through what they found.
        self._open: OrderedDict[SetState, VectorSet] = OrderedDict()
        self._queries: OrderedDict[tuple[str, str], Vectors] = OrderedDict()
        self._speaks: dict[str, Embedder | None] = {}
        self._rests_until = 0.0

    def close(self) -> None:
        """Lets go of the embedder."""
        if self._embedder is not None:
            self._embedder.close()

    @property
    def model(self) -> str | None:
        """The model that the settings name; None where they name none."""
        return None if self._embedder is None else self._embedder.model

    def states(self) -> tuple[SetState, ...]:
        """The sets there are, the one that is searched first."""
        try:
            status = os.stat(self._folder / files.STATE)  # noqa: PTH116  # once a search, as for the index
        except OSError:
            return ()
        seen = (status.st_mtime_ns, status.st_ino)
        with self._lock:
            if seen != self._seen:
                self._sets = files.read_state(self._folder).sets
                self._seen = seen
            return self._sets

    def is_on(self) -> bool:
        """Whether queries can be asked by meaning: an embedder is set, and some paper has a vector."""
        return self._embedder is not None and any(state.living for state in self.states())

    def vectors(self, rows: int | None = None) -> VectorSet | None:
        """The set that is searched, None without vectors; with `rows`, as it was with so many, if that is kept."""
        return next((self._opened(state, rows) for state in self.states() if state.living), None)

    def asked(self, text: str, rows: int | None = None) -> tuple[VectorSet, Vectors]:
        """The vector of a query, and the set whose model it is of: the first one that speaks with an embedder here.

        Raises NoEmbedder where there is none, EmbedError where its model or its server fails.
        """
        if self._embedder is None:
            raise NoEmbedder(
                Sentence(
                    "search by meaning is not set up here (QUIRE_EMBED_URL, QUIRE_EMBED_FOLDER); "
                    "search by words"
                )
            )
        for state in self.states():
            if not state.living:
                continue
            vector = self._vector(state, text)
            if vector is not None:
                return self._opened(state, rows), vector
        raise NoEmbedder(Sentence("no paper has a vector yet; `quire papers embed` makes them"))

    def _opened(self, state: SetState, rows: int | None) -> VectorSet:
        with self._lock:
            if rows is not None:
                for kept, vectors in self._open.items():
                    if (kept.name, kept.rows) == (state.name, rows):
                        return vectors
            if state not in self._open:
                self._open[state] = VectorSet(self._folder, state)
                while len(self._open) > _KEPT_SETS:
                    self._open.popitem(last=False)
            return self._open[state]

    def _vector(self, state: SetState, text: str) -> Vectors | None:
        """The query's vector by the set's model; None where no embedder here speaks it."""
        key = (state.name, text)
        with self._lock:
            if key in self._queries:
                self._queries.move_to_end(key)
                found: Vectors | None = self._queries[key]
            else:
                found = None
        if found is not None:
            self._observe("remembered", 0.0)
            return found
        began = self._clock()
        if began < self._rests_until:
            raise EmbedError(
                Sentence(
                    "the model that turns queries into vectors failed just now; it will be tried again in half a minute"
                )
            )
        try:
            found = self._embedded(state, text)
        except EmbedError:
            self._rests_until = self._clock() + _REST_SECONDS
            self._observe("failed", self._clock() - began)
            raise
        if found is not None:
            self._observe("answered", self._clock() - began)
            with self._lock:
                self._queries[key] = found
                while len(self._queries) > _KEPT_QUERIES:
                    self._queries.popitem(last=False)
        return found

    def _embedded(self, state: SetState, text: str) -> Vectors | None:
        embedder = self._speaker(state)
        if embedder is None:
            return None
        vector: Vectors = embedder.embed([text], "query")[0]
        if vector.shape != (state.dimensions,):
            raise EmbedError(
                Sentence(
                    "{model} gave a query {count} dimensions, and the papers have {dimensions}",
                    model=embedder.model,
                    count=len(vector),
                    dimensions=state.dimensions,
                )
            )
        return vector

    def _speaker(self, state: SetState) -> Embedder | None:
        """The embedder whose vectors a set has, found out once by the vector of PROBE."""
        if state.name not in self._speaks and self._embedder is not None:
            other = state.model != self._embedder.model
            embedder = self._embedder.named(state.model)
            try:
                if embedder is not None and not is_same_model(
                    embedder.embed([PROBE])[0], self._opened(state, None).probe
                ):
                    embedder = None
            except EmbedError:
                if not other:
                    raise
                embedder = None  # its server has the old model no more
            self._speaks[state.name] = embedder
        return self._speaks.get(state.name)
