"""A store in one file: SQLite in WAL mode, read-only or for the one writer, and its failures in plain words.

Reading never creates a store.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from app.errors import StoreError
from app.papers.store.lock import writer_lock
from app.papers.store.network_files import check_local

_WAIT_SECONDS = 10.0
_CACHE_KIB = 32 << 10
# The log is moved into the file each 16 MB: an import waits less often for the disk than by SQLite's own 4 MB.
_PAGES_PER_CHECKPOINT = 4000
_MAPPED_BYTES = 1 << 30


class SQLite:
    """A file in WAL mode; its writer's lock is a file beside it."""

    shared = False
    merges_unions = True
    list_changed = """
INSERT INTO listings (category, announced_position, published_position)
SELECT category.value, papers.announced_position, papers.published_position
FROM papers, json_each('["' || replace(papers.categories, ' ', '","') || '"]') AS category
WHERE papers.changed = :changed AND papers.categories != ''
"""

    def __init__(self, path: Path) -> None:
        self.path = path

    def require(self) -> None:
        if not self.path.is_file():
            raise StoreError(
                f"there is no store of papers at {self.path}; `quire papers import FILE` makes one"
            )
        check_local(self.path.parent)

    def reading(self) -> Engine:
        def connect() -> sqlite3.Connection:
            connection = _connect(self.path, "mode=ro" if self._can_share() else "immutable=1")
            connection.execute("PRAGMA query_only = 1")
            connection.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
            return connection

        return _engine(connect, begin="BEGIN")

    @contextmanager
    def writing(self, command: str) -> Iterator[Engine]:
        with self.errors():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            check_local(self.path.parent)
        with writer_lock(self.path.with_suffix(".lock"), command):
            engine = writing_engine(self.path)
            try:
                yield engine
            finally:
                engine.dispose()

    @contextmanager
    def errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise StoreError(_explain(str(error.orig), self.path)) from error
        except sqlite3.Error as error:
            raise StoreError(_explain(str(error), self.path)) from error
        except OSError as error:
            raise StoreError(f"can't use {self.path}: {error.strerror or error}") from error

    def check(self, connection: Connection) -> None:
        """A file has nothing that would keep it from holding a store."""

    def check_connections(self, needed: int) -> None:
        """A file takes as many as the process can open."""

    def faults(self, connection: Connection) -> Iterator[str]:
        for (said,) in connection.execute(text("PRAGMA quick_check")):
            if said != "ok":
                yield str(said)

    def written(self, connection: Connection) -> float:  # noqa: ARG002 - the files say it
        log = self.path.with_name(f"{self.path.name}-wal")
        return max(file.stat().st_mtime for file in (self.path, log) if file.exists())

    def _can_share(self) -> bool:
        """Whether SQLite can keep its shared memory beside the file; on a read-only disk no process writes."""
        log = self.path.with_name(f"{self.path.name}-wal")
        return os.access(self.path.parent, os.W_OK) or log.exists()


def writing_engine(path: Path) -> Engine:
    """SQLite's engine for the one writer; creates the file. The caller holds the writer's lock."""

    def connect() -> sqlite3.Connection:
        connection = _connect(path, "mode=rwc")
        connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode NORMAL can't corrupt, and loses no committed transaction when only the process dies.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_PER_CHECKPOINT}")
        return connection

    return _engine(connect, begin="BEGIN IMMEDIATE")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    address = f"{path.resolve().as_uri()}?{mode}"
    connection = sqlite3.connect(
        address, uri=True, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    return connection


def _engine(connect: Callable[[], sqlite3.Connection], begin: str) -> Engine:
    # As many connections are kept as were ever used at once, at most one for each thread: opening one costs more than
    # most of what is asked, and the file of a closed one stays open while another reads.
    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=0)

    # The driver's own transactions would leave out schema changes; ours hold whatever they are given.
    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _explain(message: str, path: Path) -> str:
    if "full" in message:
        return (
            f"the disk that holds {path} is full; make room and run the same command again, nothing is lost"
        )
    if "readonly" in message or "read-only" in message:
        return f"{path} can't be written to: the file or its disk is read-only"
    if "unable to open" in message:
        return (
            f"can't open {path}: check that the folder exists and that this user may read it and write to it"
        )
    if "locked" in message or "busy" in message:
        return f"{path} is kept busy by another program; close what has it open and try again"
    if "not a database" in message or "malformed" in message or "no such" in message:
        return f"{path} is damaged or no store of papers ({message}); restore it from an export"
    if "I/O error" in message:
        return (
            f"the disk that holds {path} fails ({message}): it is full, over a quota or broken; mend that and run the "
            "same command again, what was stored is kept"
        )
    return f"{path}: {message}"
