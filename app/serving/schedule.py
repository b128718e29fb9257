"""Work that is done once a day or all day, in a process of its own beside the server: it takes no time from requests.

The process is started once, whatever the number of workers, and ends with the server, also with one that was killed.
What the work is and when it is due are arguments. Nothing is kept about earlier days: who works goes on by itself
where it was, and a time that passed while no server ran is not made up for.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from multiprocessing.connection import wait

import structlog

from app.errors import QuireError, StoreLocked

log = structlog.get_logger()

_AFTER_A_WRITER = timedelta(minutes=10)
# Clocks are set and machines sleep: it is looked at so often, in seconds.
_LONGEST_SLEEP = 60.0
# A process that hangs in the system, or was stopped, does not heed SIGTERM.
_STOP_SECONDS = 5.0
_AFTER_A_FAILURE = 60.0


def next_time(now: datetime, at: time) -> datetime:
    """The first instant after `now` at which the clock shows `at`, in UTC.

    >>> str(next_time(datetime(2026, 11, 23, 6, tzinfo=UTC), time(6)))
    '2026-11-24 06:00:00+00:00'
    """
    today = datetime.combine(now.astimezone(UTC).date(), at, UTC)
    return today if today > now else today + timedelta(days=1)


def work_daily(
    due: datetime,
    at: time,
    work: Callable[[], None],
    over: Callable[[float], bool],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Works at `due` and from then on daily at `at` (UTC), until `over`, which waits so many seconds, says so.

    A failure is logged, and the next day is tried again; where another process writes, ten minutes later.
    """
    while True:
        while (left := (due - (now := clock())).total_seconds()) > 0:
            if over(min(left, _LONGEST_SLEEP)):
                return
            # The clock may have been wrong when `due` was reckoned, and by years: no more than a day is waited for.
            due = min(due, next_time(now, at))
        due = next_time(clock(), at)
        try:
            work()
        except StoreLocked as error:
            due = clock() + _AFTER_A_WRITER
            log.warning("the daily work waits", reason=str(error), next=str(due))
        except QuireError as error:
            log.warning("the daily work failed", reason=str(error), next=str(due))
        except Exception:
            log.exception("the daily work failed", next=str(due))


def work_on(pause: float, work: Callable[[], bool], over: Callable[[float], bool]) -> None:
    """Works again and again, with a pause of so many seconds where `work` says that nothing is left, until `over`.

    A failure is logged once until something else happens, and tried again after a longer pause.
    """
    failed = ""
    while not over(0.0):
        try:
            left = work()
        except QuireError as error:
            if failed != str(error):
                log.warning("the work beside the server failed", reason=str(error))
            failed = str(error)
            left = False
        except Exception:
            log.exception("the work beside the server failed")
            failed, left = "defect", False
        else:
            failed = ""
        if not left and over(_AFTER_A_FAILURE if failed else pause):
            return


@contextmanager
def working_beside(pause: float, work: Callable[[], bool], begin: Callable[[], None]) -> Iterator[None]:
    """Runs `work_on` in another process, as `beside` runs `work_daily`."""
    with _process("embedding", _run_on, (pause, work, begin)):
        yield


@contextmanager
def beside(due: datetime, at: time, work: Callable[[], None], begin: Callable[[], None]) -> Iterator[None]:
    """Runs `work_daily` in another process, where `begin` is called first, while the block runs.

    `work` and `begin` are functions of modules, with plain arguments: they are sent to a fresh interpreter, since one
    that is forked later than threads were started may hang.
    """
    with _process("daily", _run, (due, at, work, begin)):
        yield


@contextmanager
def _process(name: str, target: Callable[..., None], arguments: tuple[object, ...]) -> Iterator[None]:
    process = multiprocessing.get_context("spawn").Process(
        target=target, args=arguments, name=name, daemon=True
    )
    process.start()
    try:
        yield
    finally:
        # Whatever it does, it may be killed at: so the work has to be.
        process.terminate()
        process.join(_STOP_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()


def _run(due: datetime, at: time, work: Callable[[], None], begin: Callable[[], None]) -> None:
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches this process too; the server says when it is over
    begin()
    parent = multiprocessing.parent_process()
    watched = [parent.sentinel] if parent else []
    work_daily(due, at, work, over=lambda seconds: bool(wait(watched, seconds)))


def _run_on(pause: float, work: Callable[[], bool], begin: Callable[[], None]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    begin()
    parent = multiprocessing.parent_process()
    watched = [parent.sentinel] if parent else []
    work_on(pause, work, over=lambda seconds: bool(wait(watched, seconds)))
