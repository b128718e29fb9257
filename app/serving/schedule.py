"""Background work, done once a day or all day in a child process, so that it takes no time from requests.

There is one such process, whatever the number of workers. It ends with the server, also with one that was killed, and
is started again where it is killed itself. What the work is and when it is due are arguments. Nothing is kept about
earlier days: the work goes on by itself where it was, and a time that passed while no server ran is not made up for.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from time import monotonic

import structlog

from app.errors import QuireError, StoreLocked

log = structlog.get_logger()

_AFTER_A_WRITER = timedelta(minutes=10)
# Clocks are set and machines sleep: the clock is read this often, in seconds.
_LONGEST_SLEEP = 60.0
# A process that hangs in the system, or was stopped, does not heed SIGTERM.
_STOP_SECONDS = 5.0
_AFTER_A_FAILURE = 60.0
_BETWEEN_STARTS = 60.0  # seconds, so that a process that dies at once again and again costs little


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


def work_on(
    pause: float,
    work: Callable[[], bool],
    over: Callable[[float], bool],
    after_failure: float = _AFTER_A_FAILURE,
) -> None:
    """Works again and again, with a pause of so many seconds where `work` says that nothing is left, until `over`.

    A failure is logged once until something else happens, and tried again after another pause.
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
        if not left and over(after_failure if failed else pause):
            return


class SupervisedProcess:
    """A child process beside the server that is started again if it dies.

    `target` gets `arguments` at first, and later what `again` gives: functions of modules and plain values, since they
    are sent to a fresh interpreter. One that is forked later than threads were started may hang.
    """

    def __init__(
        self,
        name: str,
        target: Callable[..., None],
        arguments: tuple[object, ...],
        again: Callable[[], tuple[object, ...]],
    ) -> None:
        self._name, self._target, self._again = name, target, again
        self._not_before = 0.0
        self._reported = False
        self._process = self._started(arguments)

    def look_after(self) -> None:
        """Starts the process again if it has died, at most once a minute; to be called every few seconds."""
        if self._process.is_alive():
            return
        if not self._reported:
            log.error(f"the {self._name} process died and is started again", exit=self._process.exitcode)
            self._reported = True
        if monotonic() >= self._not_before:
            self._not_before = monotonic() + _BETWEEN_STARTS
            self._reported = False
            self._process = self._started(self._again())

    def stop(self) -> None:
        """Ends the process, and waits for that no longer than a few seconds."""
        # The work has to be such that it may be killed at any moment.
        for end in (self._process.terminate, self._process.kill):
            end()
            self._process.join(_STOP_SECONDS)
            if not self._process.is_alive():
                return
        log.error(f"the {self._name} process did not stop in time", pid=self._process.pid)

    def _started(self, arguments: tuple[object, ...]) -> BaseProcess:
        process = multiprocessing.get_context("spawn").Process(
            target=self._target, args=arguments, name=self._name, daemon=True
        )
        process.start()
        return process


@contextmanager
def continuous_process(
    pause: float,
    work: Callable[[], bool],
    begin: Callable[[], None],
    name: str = "embedding",
    after_failure: float = _AFTER_A_FAILURE,
) -> Iterator[SupervisedProcess]:
    """Runs `work_on` in another process of this name, as `daily_process` runs `work_daily`."""
    arguments = (pause, work, begin, after_failure)
    with _kept(SupervisedProcess(name, _run_on, arguments, lambda: arguments)) as process:
        yield process


@contextmanager
def daily_process(
    due: datetime, at: time, work: Callable[[], None], begin: Callable[[], None]
) -> Iterator[SupervisedProcess]:
    """Runs `work_daily` in another process, where `begin` is called first, while the block runs.

    It may be killed at its work, which is then done ten minutes later.
    """

    def again() -> tuple[object, ...]:
        now = datetime.now(UTC)
        return min(now + _AFTER_A_WRITER, next_time(now, at)), at, work, begin

    with _kept(SupervisedProcess("daily", _run, (due, at, work, begin), again)) as process:
        yield process


@contextmanager
def _kept(process: SupervisedProcess) -> Iterator[SupervisedProcess]:
    try:
        yield process
    finally:
        process.stop()


def _run(due: datetime, at: time, work: Callable[[], None], begin: Callable[[], None]) -> None:
    work_daily(due, at, work, _begun(begin))


def _run_on(pause: float, work: Callable[[], bool], begin: Callable[[], None], after_failure: float) -> None:
    work_on(pause, work, _begun(begin), after_failure)


def _begun(begin: Callable[[], None]) -> Callable[[float], bool]:
    """Begins in the new process; what waits so many seconds there and says whether the server is over."""
    for number in (signal.SIGINT, signal.SIGHUP):
        # A terminal sends these to this process too; the server ends it when it stops.
        signal.signal(number, signal.SIG_IGN)
    begin()
    parent = multiprocessing.parent_process()
    watched = [parent.sentinel] if parent else []
    return lambda seconds: bool(wait(watched, seconds))
