"""A cache of what was read from a store, valid until the store changes.

Callers read the store's revision in the same transaction as they look something up.
"""

from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Any, NamedTuple

from app.papers.models import Paper

_MOST_FACTS = 256
_MOST_PAPERS = 2048
"""About 10 MB. The lists of a day, which most readers ask for, fit in."""


class StoreRevision(NamedTuple):
    """Which store it is, and how many transactions have changed it."""

    identity: str
    changes: int


class StoreMemory:
    """Facts and papers of one revision of a store; all are forgotten where another is read. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._revision: StoreRevision | None = None
        self._facts: dict[Hashable, Any] = {}
        self._papers: dict[int, Paper] = {}

    def fact(self, revision: StoreRevision, question: Hashable, ask: Callable[[], Any]) -> Any:
        """What `ask` returns in a revision; asked once, and then remembered by its question."""
        with self._lock:
            self._enter(revision)
            if question in self._facts:
                return self._facts[question]
        answer = ask()
        with self._lock:
            if revision == self._revision:
                if len(self._facts) >= _MOST_FACTS:
                    self._facts.clear()
                self._facts[question] = answer
        return answer

    def papers(
        self,
        revision: StoreRevision,
        numbers: Sequence[int],
        read: Callable[[list[int]], dict[int, Paper]],
    ) -> dict[int, Paper]:
        """The papers of some numbers; `read` is called for those that are not remembered."""
        with self._lock:
            self._enter(revision)
            found = {number: self._papers[number] for number in numbers if number in self._papers}
        wanted = [number for number in numbers if number not in found]
        if not wanted:
            return found
        new = read(wanted)
        with self._lock:
            if revision == self._revision and len(new) <= _MOST_PAPERS:
                if len(self._papers) + len(new) > _MOST_PAPERS:
                    self._papers.clear()
                self._papers |= {number: paper for number, paper in new.items() if paper.is_short}
        return found | new

    def _enter(self, revision: StoreRevision) -> None:
        if revision != self._revision:
            self._revision = revision
            self._facts.clear()
            self._papers.clear()
