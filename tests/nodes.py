"""Commands and servers of several machines, each with a data folder of its own, on one database."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from app.papers.store.location import PostgresLocation
from tests.server import PATIENCE, QUIRE, ROOT, environment, server_process


def quire_on(
    place: PostgresLocation | str,
    data: Path,
    *arguments: str | Path,
    input: bytes | None = None,
    **settings: str,
) -> subprocess.CompletedProcess[bytes]:
    """Runs one `quire` command to its end."""
    url = place if isinstance(place, str) else place.url
    return subprocess.run(
        [*QUIRE, *map(str, arguments)],
        input=input,
        capture_output=True,
        env=environment(data, STORE_URL=url, **settings),
        cwd=ROOT,
        timeout=PATIENCE,
        check=False,
    )


@contextmanager
def nodes(place: PostgresLocation, folder: Path, count: int, **settings: str) -> Iterator[list[str]]:
    """The addresses of so many servers on a database."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                server_process(folder / f"node{number}", settings={"STORE_URL": place.url, **settings})
            )[0]
            for number in range(count)
        ]


def until(condition: Callable[[], bool], said: str) -> float:
    """Waits for a condition, and returns how many seconds it took; AssertionError where it never comes."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < PATIENCE, said
        time.sleep(0.05)
    return time.monotonic() - begun


def finds(address: str, query: str) -> int:
    """How many papers a search finds at a server."""
    answer = httpx.get(f"{address}/api/v1/papers", params={"q": query}, trust_env=False, timeout=PATIENCE)
    return int(answer.raise_for_status().json()["total"])
