"""Opening the store's file: SQLite in WAL mode, read-only or for the one writer, and its failures in plain words.

Reading never creates a store. What is in the file is for schema.py, store.py and writing.py to say.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from app.errors import StoreError

_WAIT_SECONDS = 10.0
_CACHE_KIB = 32 << 10
# The log is moved into the file each 16 MB: an import waits less often for the disk than by SQLite's own 4 MB.
_PAGES_PER_CHECKPOINT = 4000
_MAPPED_BYTES = 1 << 30


def reading_engine(path: Path) -> Engine:
    """An engine whose connections, one for each thread that asks, can only read."""

    def connect() -> sqlite3.Connection:
        mode = "mode=ro" if _can_share(path) else "immutable=1"
        connection = _connect(path, mode)
        connection.execute("PRAGMA query_only = 1")
        connection.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
        return connection

    return _engine(connect, begin="BEGIN")


def writing_engine(path: Path) -> Engine:
    """An engine for the one writer; creates the file. The caller holds the writer's lock."""

    def connect() -> sqlite3.Connection:
        connection = _connect(path, "mode=rwc")
        connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode NORMAL can't corrupt, and loses no committed transaction when only the process dies.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_PER_CHECKPOINT}")
        return connection

    return _engine(connect, begin="BEGIN IMMEDIATE")


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turns SQLite's failures in the block into StoreErrors that say what to do."""
    try:
        yield
    except DBAPIError as error:
        raise StoreError(_explain(str(error.orig), path)) from error
    except sqlite3.Error as error:
        raise StoreError(_explain(str(error), path)) from error
    except OSError as error:
        raise StoreError(f"can't use {path}: {error.strerror or error}") from error


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


def _engine(connect: object, begin: str) -> Engine:
    # As many connections are kept as were ever used at once, at most one for each thread: opening one costs more than
    # most of what is asked, and the file of a closed one stays open while another reads.
    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=0)

    # The driver's own transactions would leave out schema changes; ours hold whatever they are given.
    @event.listens_for(engine, "begin")
    def _begin(connection: object) -> None:
        connection.exec_driver_sql(begin)  # type: ignore[attr-defined]

    return engine


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    address = f"{path.resolve().as_uri()}?{mode}"
    connection = sqlite3.connect(
        address, uri=True, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    return connection


def _can_share(path: Path) -> bool:
    """Whether SQLite can keep its shared memory beside the file; on a read-only disk no other process writes either."""
    log = path.with_name(f"{path.name}-wal")
    return os.access(path.parent, os.W_OK) or log.exists()
