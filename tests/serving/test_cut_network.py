"""A node whose network to the database is cut says so in time, and follows the store again once it is whole."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.nodes import finds, quire_on, until
from tests.postgres import postgres_server
from tests.server import PATIENCE, server_process

SPACE = f"quire{os.getpid()}"
READERS, STORE = ("10.213.71.1", "10.213.71.2"), ("10.213.72.1", "10.213.72.2")
"""This machine's end and the node's end of the node's two links."""


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@contextmanager
def two_links() -> Iterator[str]:
    """Makes a network namespace with a link to readers and one to the database; the second one's name."""
    if shutil.which("ip") is None or os.geteuid():
        pytest.skip("needs root and the command ip, to make a network namespace")
    try:
        ip("netns", "add", SPACE)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespace can be had here: {error.stderr.decode().strip()}")
    try:
        for number, (here, there) in enumerate((READERS, STORE)):
            near, far = f"q{number}h{os.getpid()}", f"q{number}n"
            ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", SPACE)
            ip("address", "add", f"{here}/30", "dev", near)
            ip("link", "set", near, "up")
            ip("-n", SPACE, "address", "add", f"{there}/30", "dev", far)
            ip("-n", SPACE, "link", "set", far, "up")
        ip("-n", SPACE, "link", "set", "lo", "up")
        yield f"q1h{os.getpid()}"
    finally:
        ip("netns", "delete", SPACE)


def test_a_node_that_is_cut_off_from_the_database_says_so_and_comes_back(tmp_path: Path) -> None:
    with two_links() as link, postgres_server("listen_addresses='*'") as server:
        server.admit(f"host all all {STORE[1]}/32 trust")
        place = server.new_database()
        far = place.url.replace("127.0.0.1", STORE[0])
        papers = tmp_path / "papers.jsonl"

        def import_paper(number: int) -> None:
            record = {"id": f"2606.0000{number}", "title": f"Turbulence {number}", "abstract": "A"}
            papers.write_text(json.dumps({**record, "categories": "cs.AI"}) + "\n")
            done = quire_on(place, tmp_path / "writer", "papers", "import", papers)
            assert done.returncode == 0, done.stderr

        import_paper(1)
        settings = {"STORE_URL": far, "STORE_SECONDS": "2", "MAX_BEHIND_SECONDS": "5"}
        inside = ["ip", "netns", "exec", SPACE]
        with (
            server_process(tmp_path / "node", "--host", READERS[1], settings=settings, before=inside) as (
                address,
                _,
            ),
            httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False) as client,
        ):
            until(partial(_is, client, "/readyz", 200), "the node is not ready")
            assert finds(address, "turbulence") == 1
            ip("link", "set", link, "down")
            answer = client.get("/api/v1/papers")
            assert answer.status_code == 503
            assert "retry-after" in answer.headers
            assert client.post("/api/v1/count", json={"text": "Tokens"}).status_code == 200
            assert client.get("/healthz").status_code == 200
            import_paper(2)
            until(partial(_is, client, "/readyz", 503), "the node calls itself ready")
            ip("link", "set", link, "up")
            until(partial(_is, client, "/api/v1/papers", 200), "the node does not come back")
            until(lambda: finds(address, "turbulence") == 2, "the node's index does not follow")
            until(partial(_is, client, "/readyz", 200), "the node is not ready again")


def _is(client: httpx.Client, path: str, status: int) -> bool:
    return client.get(path).status_code == status
