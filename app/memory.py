"""What a process holds, and what allocators do with freed memory: a server holds what it uses, no more.

Where the C library or the system is another one than GNU's on Linux, nothing is done, and nothing needs to be.
"""

import contextlib
import ctypes
import os
import sys
from pathlib import Path

_ARENAS_AT_MOST = -8
"""M_ARENA_MAX of glibc's malloc.h."""

_NO_HUGE_PAGES = 41
"""PR_SET_THP_DISABLE of Linux's prctl.h."""

_library = ctypes.CDLL(None) if os.name == "posix" else None


def keep_together() -> None:
    """Few heaps and no huge pages, here and in what is forked from here; to be called before threads start.

    Two heaps for all threads: glibc would give nearly each its own, and each keeps the most that it ever held. How many
    there may be is settled for good when a ninth one is made, by whatever library. No huge pages: NumPy asks for them
    where it made an array, and the system then fills gaps and copies what workers share, to make one.
    """
    with contextlib.suppress(AttributeError):
        _library.mallopt(_ARENAS_AT_MOST, 2)  # type: ignore[union-attr]
    if sys.platform == "linux":
        _library.prctl(_NO_HUGE_PAGES, 1, 0, 0, 0)  # type: ignore[union-attr]


def give_back() -> None:
    """Give free pages back to the system; else each heap stays as large as the rarest burst of requests made it."""
    with contextlib.suppress(AttributeError):
        _library.malloc_trim(0)  # type: ignore[union-attr]


def resident(process: int) -> int | None:
    """Bytes of memory that a process holds, what it shares included; None where the system doesn't say it.

    >>> resident(os.getpid()) != 0
    True
    """
    try:
        pages = Path(f"/proc/{process}/statm").read_bytes().split()[1]
    except (OSError, IndexError):
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
