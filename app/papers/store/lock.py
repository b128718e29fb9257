"""The writer's lock: one process at a time writes to a data folder, and the next one learns which.

Readers hold a lock of their own that any number can share, and that keeps a backup from replacing the store under them.
Locks live as long as their process: after a crash nothing has to be cleared away.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from app.errors import Sentence, StoreError, StoreLocked


@contextmanager
def writer_lock(path: Path, command: str) -> Iterator[None]:
    """Holds the lock file `path` while the block runs; others report `command` as the work being done.

    Raises StoreLocked at once where another process (or thread) holds it, StoreError where the folder refuses.
    """
    lock = FileLock(path, timeout=0, thread_local=False, is_singleton=False)
    holder = path.with_name(f"{path.name}.holder")
    try:
        lock.acquire()
    except Timeout as error:
        raise StoreLocked(
            Sentence(
                "the papers in {place} are being written by {holder}; wait until it is done",
                place=path.parent,
                holder=_named(holder),
            )
        ) from error
    except OSError as error:
        raise StoreError(f"can't write to {path.parent}: {error.strerror or error}") from error
    try:
        since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        try:
            holder.write_text(json.dumps({"pid": os.getpid(), "command": command, "since": since}))
        except OSError as error:
            raise StoreError(f"can't write to {path.parent}: {error.strerror or error}") from error
        yield
    finally:
        lock.release()


def readers_lock(store: Path) -> Path:
    """The lock file of a store's readers."""
    return store.with_suffix(".readers")


def hold_for_reading(path: Path) -> int | None:
    """A file descriptor that says, while it is open, that a process reads the store beside the lock file `path`.

    None where the folder can't be written to, so that no store in it can be replaced either. Raises StoreLocked
    while the store is being replaced.
    """
    try:
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        os.close(held)
        raise StoreLocked(
            Sentence(
                "the papers in {place} are being replaced by a backup; try again then", place=path.parent
            )
        ) from error
    return held


@contextmanager
def no_readers(path: Path) -> Iterator[None]:
    """Keeps readers away while the block runs; raises StoreLocked where there are any."""
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreLocked(
                f"the papers in {path.parent} are being read, probably by a server; stop what has them open first"
            ) from error
        yield
    finally:
        os.close(held)


def _named(holder: Path) -> str:
    try:
        said = json.loads(holder.read_text())
        return Sentence(
            "process {pid} ({command}) since {since}",
            pid=str(said["pid"]),
            command=said["command"],
            since=said["since"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        # It is writing these very words, or its disk is full: that it holds the lock is certain all the same.
        return Sentence("another process")
