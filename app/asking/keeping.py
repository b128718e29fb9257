"""Answers that are whole on their way into the store, also while an import writes there or when the server is killed.

Each is first a file in a folder, renamed into place, and then brought into the store with all others that wait there.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import orjson

from app.asking.answering import PaperQuestion, newest
from app.errors import FileError, InputError, StoreLocked
from app.papers.answers import Answer
from app.papers.records import answer_record, read_answer
from app.papers.search.indexing import pass_over
from app.papers.store.location import StoreLocation
from app.papers.store.reading import Store
from app.papers.store.writing import open_for_writing

Write = Callable[[list[Answer]], None]


_LONGEST_WRITE = 60.0


def keeper_of(folder: Path, store_location: StoreLocation, index_path: Path, command: str) -> "Keeper":
    """Keeps answers in the store at `store_location`; `command` is shown to others as the writer."""

    def write(answers: list[Answer]) -> None:
        with open_for_writing(store_location, command) as writer:
            added = writer.add([], answers)
            if isinstance(store_location, Path) and (added.new or added.updated):
                pass_over(index_path, added.changes - 1, added.changes)

    return Keeper(folder, write)


class Keeper:
    """Keeps answers; `write` writes some to the store, or raises StoreLocked where another process writes."""

    def __init__(self, folder: Path, write: Write) -> None:
        self._folder = folder
        self._write = write
        self._lock = threading.Lock()

    def keep(self, answer: Answer) -> bool:
        """Keeps an answer for good; whether it is in the store already. Raises FileError where it can't be written."""
        path = self._folder / f"{uuid4().hex}.json"
        beside = path.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(orjson.dumps(answer_record(answer)))
            beside.replace(path)
        except OSError as error:
            raise FileError(f"the answer can't be kept: {error.strerror or error}") from error
        return self.bring_in()

    def waiting(self) -> list[Answer]:
        """The answers that are not in the store yet."""
        return [answer for _, answer in self._files()]

    def find(self, store: Store, asked: PaperQuestion, model: str) -> Answer | None:
        """The answer that was kept to just this question, in the store or on its way there."""
        return newest([*store.answers(asked.paper.id), *self.waiting()], asked, model)

    def bring_in(self) -> bool:
        """Brings all that wait into the store; whether none is left. One that is damaged stays."""
        with self._lock:
            self._clear()
            files = self._files()
            if not files:
                return True
            try:
                self._write([answer for _, answer in files])
            except StoreLocked:
                return False
            for path, _ in files:
                path.unlink(missing_ok=True)
            return True

    def _clear(self) -> None:
        """Takes away what a process that was killed had begun to write; nobody writes for so long."""
        for beside in self._folder.glob("*.part"):
            with suppress(OSError):
                if time.time() - beside.stat().st_mtime > _LONGEST_WRITE:
                    beside.unlink()

    def _files(self) -> list[tuple[Path, Answer]]:
        found = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                found.append((path, read_answer(orjson.loads(path.read_bytes()))))
            except (OSError, ValueError, InputError):
                continue  # another process has just brought it in, or it is damaged: nothing is lost by leaving it
        return found
