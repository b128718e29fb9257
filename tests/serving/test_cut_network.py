"""A node whose network to the database is cut says so in time, and follows the store again once it is whole."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from subprocess import PIPE, STDOUT
from urllib.parse import urlsplit

import httpx
import pytest

from tests.nodes import finds, quire_on, until
from tests.postgres import postgres_server
from tests.server import PATIENCE, server_process

BLOCK = f"10.{100 + os.getpid() % 100}.{os.getpid() // 100 % 256}"
READERS, STORE = (f"{BLOCK}.1", f"{BLOCK}.2"), (f"{BLOCK}.5", f"{BLOCK}.6")
"""This machine's end and the node's end of the node's two links; other runs have other addresses."""


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def two_links() -> Iterator[tuple[str, list[str]]]:
    """Makes a network namespace with a link to readers and one to the database.

    Gives the second link's name, and what to write before a command that is to run in the namespace. The namespace
    ends with this process, since its own one reads from a pipe until then.
    """
    if os.geteuid() or not all(shutil.which(program) for program in ("ip", "unshare", "nsenter")):
        pytest.skip("needs root, ip, unshare and nsenter, to make a network namespace")
    namespace = ["unshare", "--net", "sh", "-c", "echo made; exec cat"]
    with subprocess.Popen(namespace, stdin=PIPE, stdout=PIPE, stderr=STDOUT) as holder:
        said = holder.stdout.readline() if holder.stdout else b""
        if said != b"made\n":
            pytest.skip(f"a network namespace can't be made here: {said.decode().strip()}")
        inside = ["nsenter", f"--net=/proc/{holder.pid}/ns/net"]
        for number, (here, there) in enumerate((READERS, STORE)):
            near, far = f"q{number}h{os.getpid()}", f"q{number}n"
            try:
                run("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", str(holder.pid))
            except subprocess.CalledProcessError as error:
                pytest.skip(f"a link can't be made here: {error.stderr.decode().strip()}")
            run("ip", "address", "add", f"{here}/30", "dev", near)
            run("ip", "link", "set", near, "up")
            run(*inside, "ip", "address", "add", f"{there}/30", "dev", far)
            run(*inside, "ip", "link", "set", far, "up")
        run(*inside, "ip", "link", "set", "lo", "up")
        yield f"q1h{os.getpid()}", inside


def reaches(url: str, inside: list[str]) -> bool:
    """Whether the node's end of the link reaches the database, which a firewall of this machine may forbid."""
    host, port = urlsplit(url).hostname, urlsplit(url).port
    connect = f"import socket; socket.create_connection(({host!r}, {port}), {PATIENCE / 20}).close()"
    return (
        subprocess.run([*inside, sys.executable, "-c", connect], check=False, capture_output=True).returncode
        == 0
    )


def test_a_node_that_is_cut_off_from_the_database_says_so_and_comes_back(tmp_path: Path) -> None:
    with two_links() as (link, inside), postgres_server("listen_addresses='*'") as server:
        server.admit(f"host all all {STORE[1]}/32 trust")
        place = server.new_database()
        far = place.url.replace("127.0.0.1", STORE[0])
        if not reaches(far, inside):
            pytest.skip("a network namespace doesn't reach this machine's own ports here")
        papers = tmp_path / "papers.jsonl"

        def import_paper(number: int) -> None:
            record = {"id": f"2606.0000{number}", "title": f"Turbulence {number}", "abstract": "A"}
            papers.write_text(json.dumps({**record, "categories": "cs.AI"}) + "\n")
            done = quire_on(place, tmp_path / "writer", "papers", "import", papers)
            assert done.returncode == 0, done.stderr

        import_paper(1)
        settings = {"STORE_URL": far, "STORE_SECONDS": "5", "MAX_BEHIND_SECONDS": "5"}
        with (
            server_process(tmp_path / "node", "--host", READERS[1], settings=settings, before=inside) as (
                address,
                _,
            ),
            httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False) as client,
        ):
            until(partial(_is, client, "/readyz", 200), "the node is not ready")
            assert finds(address, "turbulence") == 1
            run("ip", "link", "set", link, "down")
            answer = client.get("/api/v1/papers")
            assert answer.status_code == 503
            assert "retry-after" in answer.headers
            assert client.post("/api/v1/count", json={"text": "Tokens"}).status_code == 200
            assert client.get("/healthz").status_code == 200
            import_paper(2)
            until(partial(_is, client, "/readyz", 503), "the node calls itself ready")
            run("ip", "link", "set", link, "up")
            until(partial(_is, client, "/api/v1/papers", 200), "the node does not come back")
            until(lambda: finds(address, "turbulence") == 2, "the node's index does not follow")
            until(partial(_is, client, "/readyz", 200), "the node is not ready again")


def _is(client: httpx.Client, path: str, status: int) -> bool:
    return client.get(path).status_code == status
