"""The one queue that all processes of this machine ask papers' sources through.

A lock file in the data folder lets one request at a time happen, and a small file beside it remembers the last
one, the day's count and until when a server asked to be left alone. What is asked is none of its business. After
kill -9 the lock is free at once and the memory is whole, since it is replaced and never written over.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from app.errors import FileError, Sentence, SourceError

_LONGEST_PAUSE = 86_400.0
# Clocks near 2e9 seconds can't resolve less than a microsecond: a wait below it would never be over.
_SHORTEST_WAIT = 1e-3


@dataclass(frozen=True, slots=True)
class _Memory:
    """Instants in seconds since 1970: of the last request, and before which there may be none."""

    last: float = 0.0
    not_before: float = 0.0
    asked: bool = True
    """Whether the source asked for that; else the wait is our own, after a failure."""
    day: str = ""
    count: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    """How many requests ended how, ever: by `endpoint outcome`."""


class RequestQueue:
    """Turns at asking; at most one in `interval` seconds and `daily_budget` in a day (UTC) over all processes.

    `patience` is how many seconds a caller waits at most in the queue, `clock` and `sleep` are those of `time`,
    and `notice` is called with a sentence when a wait is longer than the interval.
    """

    def __init__(
        self,
        folder: Path,
        *,
        interval: float,
        daily_budget: int,
        patience: float,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        notice: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._interval, self._daily_budget, self._patience = interval, daily_budget, patience
        self._clock, self._sleep, self._notice = clock, sleep, notice

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits for the turn and holds it while the block runs, which makes one request.

        Raises SourceError where the budget is used up or the wait would be too long, FileError where the folder
        can't be written to: what can't be remembered can't be kept polite.
        """
        while True:
            with self._locked():
                memory = self._remembered()
                if memory.last > self._clock():
                    # The clock was set back since: how long ago the last request was can't be known.
                    memory = replace(memory, last=self._clock())
                    self._remember(memory)
                wait = self._wait(memory)
                if wait < _SHORTEST_WAIT:
                    self._count(memory)
                    yield
                    return
            if wait > self._interval:
                self._notice(
                    Sentence("waiting {wait:.0f} s, as arXiv asks", wait=wait)
                    if memory.asked
                    else Sentence("waiting {wait:.0f} s, before it is tried again", wait=wait)
                )
            self._sleep(wait)

    def pause(self, seconds: float, *, asked: bool = True) -> None:
        """Sends no request for so long, since the source `asked` for it or else failed; to be called within a turn."""
        until = self._clock() + min(seconds, _LONGEST_PAUSE)
        memory = self._remembered()
        if until > memory.not_before:
            self._remember(replace(memory, not_before=until, asked=asked))

    def note_arrival(self) -> None:
        """The interval is counted from now on: the request of this turn has reached its server, or has failed.

        A connection may take longer to make than the next one does; counted from the start of a turn, two requests
        could arrive closer together than the source allows.
        """
        self._remember(replace(self._remembered(), last=self._clock()))

    def count_outcome(self, endpoint: str, outcome: str) -> None:
        """Remember how a request to an endpoint, in a word each, ended; to be called within a turn."""
        memory = self._remembered()
        name = f"{endpoint} {outcome}"
        self._remember(replace(memory, outcomes=memory.outcomes | {name: memory.outcomes.get(name, 0) + 1}))

    def _wait(self, memory: _Memory) -> float:
        now = self._clock()
        pause = memory.not_before - now
        if pause > _LONGEST_PAUSE:
            # None is longer: here too the clock was set back, which must not lock everyone out.
            pause = 0.0
        if pause > self._patience:
            until = datetime.fromtimestamp(memory.not_before, UTC)
            why = (
                Sentence("arXiv asked to be left alone")
                if memory.asked
                else Sentence("after failures no requests are sent")
            )
            raise SourceError(
                Sentence(
                    "{why} until {until} UTC; try again then", why=why, until=f"{until:%Y-%m-%d %H:%M:%S}"
                )
            )
        return max(pause, memory.last + self._interval - now)

    def _count(self, memory: _Memory) -> None:
        now = self._clock()
        today = datetime.fromtimestamp(now, UTC).date().isoformat()
        count = memory.count if memory.day == today else 0
        if count >= self._daily_budget:
            raise SourceError(
                Sentence(
                    "today's {budget} requests to papers' sources are used up "
                    "(QUIRE_FETCH_DAILY_BUDGET); the count starts again at 00:00 UTC",
                    budget=self._daily_budget,
                )
            )
        self._remember(replace(memory, last=now, day=today, count=count + 1))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = FileLock(self._folder / "queue.lock", thread_local=False, is_singleton=False)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=self._patience, poll_interval=0.05)
        except Timeout as error:
            message = Sentence(
                "another process has been asking for {patience:.0f} s; try again later",
                patience=self._patience,
            )
            raise SourceError(message) from error
        except OSError as error:
            raise FileError(f"can't write to {self._folder}: {error.strerror or error}") from error
        try:
            yield
        finally:
            lock.release()

    def _remembered(self) -> _Memory:
        return _read(self._folder)

    def _remember(self, memory: _Memory) -> None:
        path = self._folder / "queue.json"
        beside = path.with_name(f"queue.json.{os.getpid()}")
        try:
            beside.write_text(json.dumps(asdict(memory)))
            beside.replace(path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise FileError(f"can't write {path}: {error.strerror or error}") from error


def last_request(folder: Path) -> datetime | None:
    """When any process last asked a source (UTC); None where none has. FileError where that can't be read."""
    last = _read(folder).last
    return datetime.fromtimestamp(last, UTC) if last else None


def outcomes(folder: Path) -> dict[tuple[str, str], int]:
    """How many requests of all processes ended how, by endpoint and outcome. FileError where that can't be read."""
    return {
        (endpoint, outcome): count
        for name, count in _read(folder).outcomes.items()
        for endpoint, _, outcome in [name.partition(" ")]
    }


def _read(folder: Path) -> _Memory:
    path = folder / "queue.json"
    try:
        kept = json.loads(path.read_bytes())
        return _Memory(
            float(kept["last"]),
            float(kept["not_before"]),
            bool(kept.get("asked", True)),
            str(kept["day"]),
            int(kept["count"]),
            {str(name): int(count) for name, count in kept.get("outcomes", {}).items()},
        )
    except FileNotFoundError:
        return _Memory()
    except OSError as error:
        raise FileError(f"can't read {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileError(f"{path} is not a record of past requests; remove it, and wait a minute") from error
