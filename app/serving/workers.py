"""Several processes that answer on one socket: forked from one that has loaded everything, so that they share it.

A worker that dies is replaced alone. Asked to stop, the parent closes the socket, so that no new client comes in, and
waits while the workers finish what they have begun. A worker whose parent is gone stops by itself.
"""

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

log = structlog.get_logger()

_STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_HEEDED = (*_STOP, signal.SIGCHLD)
_SHORT_LIFE = 1.0  # seconds; a worker that lived no longer is replaced after that time only
_MOST_FAILURES = 5  # workers that die in a row before one has started
_LOOK_SECONDS = 2.0


def heeded(signals: Iterable[signal.Signals]) -> list[signal.Signals]:
    """The signals that the process was not started to ignore, as `nohup` has it ignore SIGHUP."""
    return [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]


@dataclass
class _Worker:
    number: int
    born: float
    started: bool = False


class Workers:
    """Keeps `count` workers alive.

    Each runs `work(number, on_started, life)`, and stops when `life`, a file, can be read. Its number, from 1 to
    `count`, goes to the one that replaces it. `look_after` are called every few seconds, in the parent.
    """

    def __init__(
        self,
        count: int,
        listener: socket.socket,
        work: Callable[[int, Callable[[], None], int], None],
        on_ready: Callable[[], None],
        stop_seconds: float,
        look_after: Sequence[Callable[[], None]] = (),
    ) -> None:
        self._count = count
        self._listener = listener
        self._work = work
        self._on_ready: Callable[[], None] | None = on_ready
        self._stop_seconds = stop_seconds
        self._look_after = look_after
        self._workers: dict[int, _Worker] = {}
        self._failures = 0
        self._told_to_stop = False
        self._signals, self._signalled = socket.socketpair()
        self._started, self._starting = os.pipe()
        self._life, self._alive = os.pipe()
        self._selector = selectors.DefaultSelector()

    def run(self) -> int:
        """Runs until SIGTERM, SIGINT or SIGHUP; the exit code: 1 where workers can't start or did not stop in time."""
        self._signals.setblocking(False)
        self._signalled.setblocking(False)
        os.set_blocking(self._started, False)
        for heard in heeded(_HEEDED):
            signal.signal(heard, lambda *_: None)
        signal.set_wakeup_fd(self._signalled.fileno())
        self._selector.register(self._signals, selectors.EVENT_READ)
        self._selector.register(self._started, selectors.EVENT_READ)
        while not self._told_to_stop and self._failures < _MOST_FAILURES:
            if self._failures:
                self._wait(_SHORT_LIFE)
            while len(self._workers) < self._count and not self._told_to_stop:
                self._fork()
            self._wait(_LOOK_SECONDS if self._look_after else None)
            for look in self._look_after:
                look()
        self._listener.close()
        stopped = self._stop()
        return 0 if self._told_to_stop and stopped else 1

    def _fork(self) -> None:
        taken = {worker.number for worker in self._workers.values()}
        number = next(number for number in range(1, self._count + 1) if number not in taken)
        # A signal that came between the fork and the worker's own handlers would be lost on it.
        signal.pthread_sigmask(signal.SIG_BLOCK, _HEEDED)
        pid = os.fork()
        if pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEEDED)
            self._workers[pid] = _Worker(number, time.monotonic())
            return
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for heard in heeded(_HEEDED):
                signal.signal(heard, signal.SIG_DFL)
            self._selector.close()
            self._signals.close()
            self._signalled.close()
            os.close(self._alive)
            os.close(self._started)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEEDED)
            self._work(number, self._say_started, self._life)
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        except BaseException:
            log.exception("a worker failed")
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _say_started(self) -> None:
        os.write(self._starting, os.getpid().to_bytes(8, "little"))

    def _wait(self, seconds: float | None) -> None:
        """Waits for a signal or a worker's report, and handles both and the workers that died."""
        self._selector.select(seconds)
        with suppress(BlockingIOError):
            self._told_to_stop |= any(number in _STOP for number in self._signals.recv(4096))
        with suppress(BlockingIOError):
            words = os.read(self._started, 4096)
            for start in range(0, len(words), 8):
                self._note_started(int.from_bytes(words[start : start + 8], "little"))
        self._reap()

    def _note_started(self, pid: int) -> None:
        if pid in self._workers:
            self._workers[pid].started = True
        self._failures = 0
        if self._on_ready and sum(worker.started for worker in self._workers.values()) == self._count:
            self._on_ready()
            self._on_ready = None

    def _reap(self) -> None:
        for pid, worker in list(self._workers.items()):
            # Each by its id: other children are for those who started them to wait for.
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            del self._workers[pid]
            if self._told_to_stop:
                continue
            log.error("a worker died", pid=pid, exit=os.waitstatus_to_exitcode(status))
            if not worker.started or time.monotonic() - worker.born < _SHORT_LIFE:
                self._failures += 1

    def _stop(self) -> bool:
        """Stops the workers and waits for them; whether all ended before they were killed."""
        for pid in self._workers:
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + self._stop_seconds
        while self._workers and time.monotonic() < deadline:
            self._wait(deadline - time.monotonic())
        for pid in self._workers:
            log.error("a worker did not stop in time", pid=pid)
            os.kill(pid, signal.SIGKILL)
        return not self._workers
