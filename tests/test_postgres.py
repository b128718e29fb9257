"""No test leaves a PostgreSQL behind, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.nodes import until
from tests.server import ROOT

HELD = """
import time
from tests.postgres import postgres_server
with postgres_server() as server:
    print(server.folder, flush=True)
    time.sleep(600)
"""


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_server_ends_with_the_tests_that_were_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", HELD], stdout=subprocess.PIPE, cwd=ROOT, text=True) as tests:
        assert tests.stdout is not None
        folder = Path(tests.stdout.readline().strip())
        server = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        assert is_running(server)
        tests.send_signal(signal.SIGKILL)
    until(lambda: not is_running(server), "the server goes on")
    until(lambda: not folder.exists(), "its folder stays")
