"""What tests of several kinds share: a data folder with a small library, and a server that reads it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import library
from tests.server import quire, serving


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
