"""How often a client may ask: one bucket a client, kept in memory that all workers of a server share.

The generic cell rate algorithm (ITU-T I.371): of each client only the time is kept at which its bucket will be full
again, so a table of fixed size holds them all, and what strangers send makes nothing grow. Knows no HTTP.
"""

import mmap
import os
import struct
import sys
import tempfile
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil

from app.web.middleware.mapped_files import reserve

if sys.platform != "win32":
    import fcntl

_BUCKETS = 1 << 14
_SLOTS = 4
_ROW = struct.Struct("=" + "Qd" * _SLOTS)
"""Of each of a few clients: a fingerprint, and the monotonic time in seconds at which nothing is used up."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether a request may pass, how many more may at once, and in how many seconds all may, or the next one."""

    allowed: bool
    remaining: int
    reset: int
    retry_after: int


class Rates:
    """At most `most` requests in any `seconds` of one client, evenly refilled.

    Made before the workers are forked, it counts for all of them together. Where more than about 65,000 clients are
    active at once, the one nearest to a full bucket is forgotten, in its favour. FileError where there is no room
    for the table.
    """

    def __init__(self, most: int, seconds: int) -> None:
        self.most = most
        self.seconds = seconds
        self._interval = seconds / most
        size = _BUCKETS * _ROW.size
        # A file without a name: locks on it end with the process that holds them, however it ends.
        self._file, name = tempfile.mkstemp(prefix="quire-rates-")
        weakref.finalize(self, os.close, self._file)
        os.unlink(name)  # noqa: PTH108 - mkstemp gives a plain name
        reserve(self._file, size)
        self._table = mmap.mmap(self._file, size)

    def take(self, client: str, now: float | None = None) -> Taken:
        """Count one request of `client`. A refused one costs nothing."""
        now = time.monotonic() if now is None else now
        # Python's hash has another seed in each server, one in its forked workers: no attacker can aim at a slot.
        fingerprint = hash(client) & 0xFFFF_FFFF_FFFF_FFFF or 1
        place = fingerprint % _BUCKETS * _ROW.size
        with self._locked(place):
            row = list(_ROW.unpack_from(self._table, place))
            slot = self._slot(row, fingerprint, now)
            full_at = max(now, row[slot + 1] if row[slot] == fingerprint else now) + self._interval
            allowed = full_at - now <= self.seconds + 1e-9
            if allowed:
                row[slot : slot + 2] = fingerprint, full_at
                _ROW.pack_into(self._table, place, *row)
        if not allowed:
            return Taken(False, 0, self.seconds, max(1, ceil(full_at - now - self.seconds)))
        used = full_at - now
        return Taken(True, int((self.seconds - used) / self._interval + 1e-9), ceil(used), 0)

    @staticmethod
    def _slot(row: list[float], fingerprint: int, now: float) -> int:
        """The place of this client in a row, else of one whose bucket is full, else of the nearest to that."""
        places = range(0, 2 * _SLOTS, 2)
        for slot in places:
            if row[slot] == fingerprint:
                return slot
        return min(places, key=lambda slot: max(row[slot + 1], now))

    @contextmanager
    def _locked(self, place: int) -> Iterator[None]:
        if sys.platform == "win32":  # one process, one event loop
            yield
            return
        fcntl.lockf(self._file, fcntl.LOCK_EX, _ROW.size, place)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, _ROW.size, place)
