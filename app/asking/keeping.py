"""Answers that are whole on their way into the store, also while an import writes there or when the server is killed.

Each is first a file in a folder, renamed into place, and then brought into the store with all others that wait there.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import orjson

from app.errors import FileError, InputError, StoreLocked
from app.papers.answers import Answer
from app.papers.records import answer_record, read_answer

Store = Callable[[list[Answer]], None]


class Keeper:
    """Keeps answers; `store` writes some to the store, or raises StoreLocked where another process writes."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder = folder
        self._store = store
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

    def bring_in(self) -> bool:
        """Brings all that wait into the store; whether none is left. One that is damaged stays."""
        with self._lock:
            files = self._files()
            if not files:
                return True
            try:
                self._store([answer for _, answer in files])
            except StoreLocked:
                return False
            for path, _ in files:
                path.unlink(missing_ok=True)
            return True

    def _files(self) -> list[tuple[Path, Answer]]:
        found = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                found.append((path, read_answer(orjson.loads(path.read_bytes()))))
            except (OSError, ValueError, InputError):
                continue  # another process has just brought it in, or it is damaged: nothing is lost by leaving it
        return found
