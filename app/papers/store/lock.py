"""The writer's lock: one process at a time writes to a data folder, and the next one is told who does.

Readers take no lock. The lock lives as long as its process: after a crash nothing has to be cleared away.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from app.errors import StoreError, StoreLocked


@contextmanager
def writer_lock(path: Path, command: str) -> Iterator[None]:
    """Holds the lock file `path` while the block runs; `command` is what others are told is being done.

    Raises StoreLocked at once where another process (or thread) holds it, StoreError where the folder refuses.
    """
    lock = FileLock(path, timeout=0, thread_local=False, is_singleton=False)
    holder = path.with_name(f"{path.name}.holder")
    try:
        lock.acquire()
    except Timeout as error:
        raise StoreLocked(
            f"the papers in {path.parent} are being written by {_told(holder)}; wait until it is done"
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


def _told(holder: Path) -> str:
    try:
        said = json.loads(holder.read_text())
        return f"process {said['pid']} ({said['command']}) since {said['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        # It is writing these very words, or its disk is full: that it holds the lock is certain all the same.
        return "another process"
