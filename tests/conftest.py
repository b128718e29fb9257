"""What tests of several kinds share: a data folder with a small library, and a server that reads it."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import settings

from app.papers.store.location import StoreLocation
from tests import library
from tests.postgres import PostgresServer, postgres_server
from tests.server import PATIENCE, quire, serving

settings.register_profile("quire", deadline=None)  # what an example takes is the machine's affair
settings.load_profile("quire")

for _wait in ("connect", "read", "write", "pool"):  # of calls that name no timeout
    setattr(DEFAULT_TIMEOUT_CONFIG, _wait, float(PATIENCE))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says why a page was opened once more: the attempt that passed leaves no report of the first."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.section(f"first attempt of {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)


@pytest.fixture(scope="session")
def library_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder into which the library was imported by `quire papers import`."""
    folder = tmp_path_factory.mktemp("library")
    data = folder / "data"
    done = quire("papers", "import", library.write(folder / "records.jsonl"), data_dir=data)
    assert done.returncode == 0, done.stderr.decode()
    return data


@pytest.fixture(scope="session")
def library_address(library_folder: Path) -> Iterator[str]:
    """Where a server with the library listens."""
    with serving(library_folder) as address:
        yield address


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL for all tests of this process, which make databases of their own in it."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], StoreLocation]:
    """Gives places for stores, each empty and none like another, of one engine and then of the other."""
    numbers = count()
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        return server.new_schema

    def new_file() -> Path:
        folder = tmp_path / f"store{next(numbers) or ''}"
        folder.mkdir()
        return folder / "papers.sqlite"

    return new_file


@pytest.fixture
def place(new_place: Callable[[], StoreLocation]) -> StoreLocation:
    """An empty place for a store, of one engine and then of the other."""
    return new_place()
