"""A server's threads share two heaps, however many there are, and its memory is not gathered into huge pages."""

import subprocess
import sys
from pathlib import Path

import pytest

from app import memory
from tests.server import ROOT

THREADS = """
import ctypes, sys
from threading import Barrier, Thread
from app.memory import give_back, keep_together

keep_together()
library = ctypes.CDLL(None)
held, all_hold = [], Barrier(13)

def hold():
    held.append(bytearray(5000))
    all_hold.wait()
    all_hold.wait()

threads = [Thread(target=hold) for _ in range(12)]
for thread in threads:
    thread.start()
all_hold.wait()
library.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(library.fopen(sys.argv[1].encode(), b"w"))
library.malloc_info(0, file)
library.fclose(file)
all_hold.wait()
give_back()
print(library.prctl(42, 0, 0, 0, 0))  # PR_GET_THP_DISABLE
"""


def test_threads_share_heaps_and_huge_pages_are_declined(tmp_path: Path) -> None:
    if sys.platform != "linux" or not hasattr(memory._library, "malloc_info"):
        pytest.skip("this C library has no heaps for each thread")
    done = subprocess.run(
        [sys.executable, "-c", THREADS, str(tmp_path / "heaps.xml")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout == "1\n", done.stderr
    assert (tmp_path / "heaps.xml").read_text().count("<heap nr=") == 2
