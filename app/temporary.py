"""Temporary folders that a killed process leaves no longer than until the next one of its kind starts.

A folder is locked while it is used. The system lets go of the lock when the last process that has it ends, however it
ends: what can be locked is used by nobody any more.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def temporary_folder(place: Path, prefix: str) -> Iterator[Path]:
    """A new folder in `place` while the block runs, its name being `prefix` and a few letters.

    Those of the same prefix that killed processes of this user left in `place` are removed first: give a prefix that
    nobody else uses. Processes that are forked within the block may go on using the folder until the block ends.
    Raises OSError where no folder can be made.
    """
    for left in place.glob(f"{prefix}*"):
        _remove_abandoned(left)
    folder, held = _locked_folder(place, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def _locked_folder(place: Path, prefix: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        if (held := _lock(folder)) is not None:
            if folder.exists():
                return folder, held
            os.close(held)  # another start took it for abandoned before it was locked


def _remove_abandoned(folder: Path) -> None:
    if (held := _lock(folder)) is not None:
        if os.fstat(held).st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def _lock(folder: Path) -> int | None:
    """A file descriptor that locks the folder while it is open; None where it is locked or is not a folder."""
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        return None
    return held
