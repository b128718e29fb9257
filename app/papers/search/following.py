"""Keeps a machine's own index in step with a database that others write to: by notifications, with a poll behind them.

On one machine the process that writes the store writes the index too (indexing.py), and nothing here is needed.
"""

import json
import os
import time
from contextlib import ExitStack
from pathlib import Path

from app.errors import StoreError
from app.papers.search.indexing import SearchWriter, open_index
from app.papers.store.location import PostgresLocation
from app.papers.store.postgresql import PostgreSQL, Wake
from app.papers.store.reading import Store

_POLL_SECONDS = 2.0
"""How long a turn waits to be woken: a notification may be lost with its connection."""

_SEEN = "followed.json"


class Following:
    """Follows a database with the index in `folder`; each call is a turn, and says that there is more to do.

    A turn brings the index in step, then waits until the database changes or two seconds have passed. Whatever fails
    closes all that is open, and the next turn begins again. Raises StoreError where the database can't be asked,
    StoreLocked where another process follows with this index.
    """

    def __init__(self, place: PostgresLocation, folder: Path) -> None:
        self._place = place
        self._database = PostgreSQL(place)
        self._folder = folder
        self._stack: ExitStack | None = None
        self._open: tuple[Store, SearchWriter, Wake] | None = None

    def __call__(self) -> bool:
        """One turn."""
        try:
            with self._database.errors():
                store, index, wake = self._opened()
                if (
                    store.identity != index.state.store
                ):  # another store has taken its place: the next turn is for that
                    self.close()
                    return True
                seen = time.time()
                index.catch_up(store)
                _note(self._folder, seen)
                wake.wait(_POLL_SECONDS)
        except BaseException:
            self.close()
            raise
        return True

    def close(self) -> None:
        """Closes the index and all connections."""
        stack, self._stack, self._open = self._stack, None, None
        if stack is not None:
            stack.close()

    def _opened(self) -> tuple[Store, SearchWriter, Wake]:
        if self._open is None:
            with ExitStack() as stack:
                # It listens before it looks: what changes in between is heard.
                wake = stack.enter_context(self._database.listening())
                store = stack.enter_context(Store(self._place))
                index = stack.enter_context(open_index(self._folder, store))
                self._open = store, index, wake
                self._stack = stack.pop_all()
        return self._open


def seconds_behind(folder: Path) -> float | None:
    """How long ago the index in `folder` held all that the store did; None where nothing has followed yet."""
    try:
        seen = json.loads((folder / _SEEN).read_text())["seen"]
        return max(0.0, time.time() - float(seen))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _note(folder: Path, seen: float) -> None:
    beside = folder / f"{_SEEN}.{os.getpid()}"
    try:
        beside.write_text(json.dumps({"seen": seen}))
        beside.replace(folder / _SEEN)
    except OSError as error:
        raise StoreError(f"can't write the search index in {folder}: {error.strerror or error}") from error
