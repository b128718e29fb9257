"""What a worker costs: seconds until it answers, and the memory that is its own.

Run: `.venv/bin/python -m benchmarks.workers`. Needs Linux. A server is started with one, two, four and eight workers,
over a data folder that was used before. Told are the seconds until it says its address; those from the moment at which
all its workers are killed (SIGKILL) to the first answer of one that replaces them; and the memory of all its processes
once each kind of request of `benchmarks.soak` was answered often enough to have met each worker.
"""

import argparse
import os
import signal
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.soak import MIX, answer, serving, settled, workers_of


def seconds_of(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def first_answer(address: str) -> None:
    """Waits until the server answers; a connection that a dying worker had taken is lost."""
    while True:
        try:
            answer(address, 0)
        except OSError:
            continue
        return


def replaced(address: str, process: int) -> float:
    """Seconds from the death of all workers to the first answer of a new one."""
    before = workers_of(process)
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    seconds = seconds_of(lambda: first_answer(address))
    while len(set(workers_of(process)) - set(before)) < len(before):
        time.sleep(0.05)
    time.sleep(1.5)  # one that dies young is replaced later
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        with serving(folder / "data", folder / "log", workers=1):
            pass  # makes the store and compiles what is kept
        for count in options.workers:
            begun = time.perf_counter()
            with serving(folder / "data", folder / "log", workers=count) as (address, process):
                started = time.perf_counter() - begun
                again = [replaced(address, process) for _ in range(options.rounds if count > 1 else 0)]
                for kind in range(len(MIX)):
                    for _ in range(8 * count):
                        answer(address, kind)
                held = settled(process)
            told = f"{statistics.median(again):.2f} s ({max(again):.2f} at most)" if again else "no others"
            print(
                f"{count} workers: address after {started:.2f} s; killed, they are replaced in {told}; "
                f"own memory {held.own / 1024:.0f} MB, mapped files {held.mapped / 1024:.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
