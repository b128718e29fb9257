"""A real `quire serve` in a process of its own, over a real socket, for the tests that talk to it."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from time import monotonic, sleep

PATIENCE = 600
"""Seconds after which a process that does not end fails a test: other tests run beside it, on few cores."""

QUIRE = [sys.executable, "-m", "app.cli"]
ROOT = Path(__file__).resolve().parent.parent


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """The environment of a `quire` command that writes to `data_dir` and is not disturbed by the caller's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QUIRE_")}
    return {
        **kept,
        "QUIRE_DATA_DIR": str(data_dir),
        **{f"QUIRE_{name}": value for name, value in settings.items()},
    }


def quire(
    *arguments: str | Path, data_dir: Path, input: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run one `quire` command to its end."""
    return subprocess.run(
        [*QUIRE, *map(str, arguments)],
        input=input,
        capture_output=True,
        env=environment(data_dir),
        cwd=ROOT,
        timeout=PATIENCE,
        check=False,
    )


@contextmanager
def serving(data_dir: Path, *arguments: str, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """The address of a server that is ready; it is told to stop, and does, when the block ends."""
    with server_process(data_dir, *arguments, settings=settings) as (address, _):
        yield address


@contextmanager
def server_process(
    data_dir: Path, *arguments: str, settings: Mapping[str, str] | None = None, before: Sequence[str] = ()
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The same with its process, which the block may end by itself; run by the command `before`, if one is given."""
    with TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [*before, *QUIRE, "serve", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment(data_dir, **(settings or {})),
            cwd=ROOT,
            text=True,
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            found = re.search(r"http://\S+", line)
            if not found:
                log.seek(0)
                raise AssertionError(f"the server did not start: {line}{log.read()}")
            yield found[0], process
        finally:
            process.terminate()
            try:
                process.communicate(timeout=PATIENCE)
            finally:
                process.kill()


def received(connection: socket.socket) -> bytes:
    """What came until the server hung up; closes the connection."""
    content = bytearray()
    with connection, suppress(ConnectionError):
        while part := connection.recv(1 << 16):
            content += part
    return bytes(content)


def wait_for(what: Callable[[], bool]) -> None:
    """Looks until it is so; fails where that takes too long on any machine."""
    deadline = monotonic() + PATIENCE
    while not what():
        assert monotonic() < deadline
        sleep(0.02)


def workers_of(process: subprocess.Popen[str]) -> set[int]:
    """The processes that a server has started."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return {int(pid) for pid in children.read_text().split()}
