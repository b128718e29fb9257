"""How cost grows with the length of one line: `python -m benchmarks.growth`, up to 100 MB with `--megabytes 100`.

Time and memory for a byte should not depend on how long the line is, whatever it is made of. Memory is what was in use
at most beside the text and the ids, as the system counts it, in a process of its own. `--stream MEGABYTES` shows
instead what `quire encode` has in memory at most when nothing, a hundredth of so much text, or all comes to its input.
"""

import argparse
import multiprocessing
import os
import random
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

from app.tokenizer import Tokenizer

ROOT = Path(__file__).resolve().parents[1]


def line_of(kind: str, size: int) -> str:
    """A line of about `size` bytes of UTF-8."""
    if kind == "random bytes":
        data = random.Random(1).randbytes(size * 2 // 3).replace(b"\n", b" ")
        return data.decode("latin-1")
    return kind * (size // len(kind.encode()))


def measure(model: Path, kind: str, size: int) -> tuple[int, float, float]:
    """Bytes, seconds (the best of some runs), and bytes of memory beside text and ids for a byte."""
    tokenizer = Tokenizer.load(model)
    tokenizer.encode_array("warm up")
    line = line_of(kind, size)
    in_bytes = len(line.encode())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    fastest = float("inf")
    ids = np.empty(0, np.int32)
    for _ in range(3):
        ids.resize(0, refcheck=False)  # or two answers would be in memory at once
        began = perf_counter()
        ids = tokenizer.encode_array(line, normalize=None)
        fastest = min(fastest, perf_counter() - began)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return in_bytes, fastest, max(0, most - before - ids.nbytes) / in_bytes


def measure_stream(model: Path, size: int) -> tuple[int, int]:
    """Bytes of text that were sent to `quire encode`, and the most bytes that it had in memory."""
    lines = "".join(f"Line {i} of a text that goes on, 一行接一行。\n" for i in range(10_000)).encode()
    command = [sys.executable, "-m", "app.cli", "encode", "--model", str(model)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=ROOT) as process:
        assert process.stdin is not None
        sent = 0
        while sent < size:
            sent += process.stdin.write(lines)
        process.stdin.close()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"quire encode ended with {process.returncode}")
    return sent, used.ru_maxrss * 1024


def main() -> None:
    """Prints a row for each kind and length."""
    parser = argparse.ArgumentParser(description="Cost as one line grows.")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "default.model")
    parser.add_argument("--megabytes", type=float, default=10, help="the longest line")
    parser.add_argument("--stream", type=float, metavar="MEGABYTES", help="measure the command instead")
    options = parser.parse_args()
    if options.stream is not None:
        print(f"{'bytes':>13} {'memory':>13}")
        for share in (0, 0.01, 1):
            print("{:13,} {:13,}".format(*measure_stream(options.model, int(options.stream * share * 1e6))))
        return
    print(f"{'line of':>14} {'bytes':>13} {'ns a byte':>10} {'memory a byte':>14}")
    processes = multiprocessing.get_context("spawn")
    for kind in ("a", "的", "random bytes", "👩"):
        for share in (0.01, 0.1, 1):
            with processes.Pool(1) as pool:
                size, seconds, memory = pool.apply(
                    measure, (options.model, kind, int(options.megabytes * share * 1e6))
                )
            print(f"{kind:>14} {size:13,} {seconds / size * 1e9:10.1f} {memory:14.2f}", flush=True)


if __name__ == "__main__":
    main()
