"""A client of a server with the library."""

from collections.abc import Iterator

import httpx
import pytest


@pytest.fixture(scope="session")
def client(library_address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=library_address, timeout=300, trust_env=False) as client:
        yield client
