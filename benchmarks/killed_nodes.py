"""Nodes, the writer and the database of several machines, killed again and again while readers read.

Run: `.venv/bin/python -m benchmarks.killed_nodes --kills 200`. Three servers are on one PostgreSQL that has a
synchronous replica; `quire papers import` writes to it without a pause. A server or the import is killed (SIGKILL) and
begun again; every twentieth time it is the database that is stopped, crashes or stands still, once for a minute; half
way it fails over to the replica. Each answer is looked at: a whole list in order, of papers as some import had them, or
503 with Retry-After. At the end what each node's index finds and what is in the store are compared with unbroken
imports of the same files, and no connection is left.
"""

import argparse
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import orjson

from app.papers.maintenance import check
from app.papers.store.location import PostgresLocation
from benchmarks.killed_imports import content, importing, write_files
from benchmarks.large_set import records
from tests.nodes import until
from tests.postgres import PostgresServer, guarded, postgres_folder, postgres_server
from tests.server import server_process

NODES = 3
CONNECTIONS = 8
READS = (
    "/api/v1/papers?limit=25",
    "/api/v1/papers?categories=cs.AI&limit=25",
    "/api/v1/papers?categories=cs.AI%2Bcs.LG-cs.CY&limit=25",
    "/api/v1/papers?q=learning&sort=announced&limit=25",
    "/api/v1/papers?q=graph+networks&limit=25",
)


class Node:
    """One server with a data folder of its own, which can be killed and begun again."""

    def __init__(self, place: PostgresLocation, data: Path) -> None:
        self.place, self.data = place, data
        self.address: str | None = None
        self._life = ExitStack()
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        settings = {"STORE_URL": self.place.url, "STORE_CONNECTIONS": str(CONNECTIONS), "STORE_SECONDS": "5"}
        while True:
            try:
                self.address, self._process = self._life.enter_context(
                    server_process(self.data, settings=settings)
                )
            except AssertionError as error:  # it says in a line that the database is away, and ends
                if "database" not in str(error):
                    raise
                time.sleep(0.5)
            else:
                return

    def kill(self) -> None:
        self.address = None
        if self._process is not None:
            self._process.kill()
        self._life.close()

    def stop(self) -> None:
        self.address = None
        self._life.close()


class Writer(threading.Thread):
    """Imports one file after another, each to its end, however often it is killed."""

    def __init__(self, place: PostgresLocation, data: Path, folder: Path, papers: int) -> None:
        super().__init__()
        self.place, self.data, self.folder = place, data, folder
        self.files: list[Path] = []
        self.failure = ""
        self._papers = list(records(papers))
        self._process: subprocess.Popen[bytes] | None = None
        self._ending = threading.Event()
        self._first = write_files(folder, papers)

    def run(self) -> None:
        while not self._ending.is_set() and not self.failure:
            file = self._first.pop(0) if self._first else self._changes(len(self.files))
            self.files.append(file)
            while not self._imported(file) and not self.failure:
                time.sleep(0.2)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def finish(self) -> None:
        """Ends after the file that is being imported."""
        self._ending.set()
        self.join()

    def _imported(self, file: Path) -> bool:
        self._process = importing(self.data, self.place, file)
        said = self._process.communicate()[1].decode()
        code = self._process.returncode
        # The database may be away, and a node that begins holds the writer's lock for a moment.
        if code > 0 and "database" not in said and "wait until it is done" not in said:
            self.failure = said
        return code == 0

    def _changes(self, number: int) -> Path:
        file = self.folder / f"changes-{number}.jsonl"
        day = (date(2026, 12, 1) + timedelta(number)).isoformat()
        with file.open("wb") as lines:
            for record in self._papers[number % 5 :: 5]:
                changed = {**record, "title": f"Change {number}: {record['title']}", "update_date": day}
                lines.write(orjson.dumps(changed) + b"\n")
        return file


class Reader(threading.Thread):
    """Reads lists of any node that is up, and keeps what was wrong with an answer."""

    def __init__(self, nodes: list[Node], titles: dict[str, str], seed: int) -> None:
        super().__init__()
        self.nodes, self.titles, self.draw = nodes, titles, random.Random(seed)
        self.outcomes: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.ending = threading.Event()

    def run(self) -> None:
        with httpx.Client(trust_env=False, timeout=60) as client:
            while not self.ending.is_set():
                address = self.draw.choice(self.nodes).address
                if address is None:
                    time.sleep(0.02)
                    continue
                path = self.draw.choice(READS)
                try:
                    answer = client.get(address + path)
                except httpx.TransportError:
                    self.outcomes["the node died"] += 1
                    continue
                self.outcomes[str(answer.status_code)] += 1
                if fault := self._fault(answer, path):
                    self.wrong.append(f"{path}: {answer.status_code}, {fault}")

    def _fault(self, answer: httpx.Response, path: str) -> str | None:
        if answer.status_code == 503:
            return None if "retry-after" in answer.headers else "no Retry-After"
        if answer.status_code != 200:
            return answer.text[:300]
        page = answer.json()
        items: list[dict[str, Any]] = page["items"]
        ids = [item["id"] for item in items]
        days = [item["announced"] for item in items]
        if len(set(ids)) != len(ids):
            return "a paper twice"
        if len(ids) < min(25, page["total"]):
            return f"{len(ids)} papers of {page['total']}"
        if "q=graph" not in path and days != sorted(days, reverse=True):
            return "not in order"
        for item in items:
            title = self.titles.get(item["id"])
            if title is not None and not item["title"].endswith(title):
                return f"a title that no import had: {item['title']}"
        return None


def disturb(server: PostgresServer, draw: random.Random, long: bool) -> str:
    """Stops, crashes or freezes the database and has it go on."""
    kind = "frozen for a minute" if long else draw.choice(["stopped", "crashed", "frozen"])
    if kind.startswith("frozen"):
        with server.frozen():
            time.sleep(60 if long else draw.uniform(1, 8))
    else:
        server.stop("fast" if kind == "stopped" else "immediate")
        time.sleep(draw.uniform(0, 3))
        server.start()
    return kind


def fail_over(first: PostgresServer, second: PostgresServer) -> None:
    """The primary crashes, and the replica takes its place, with nobody to wait for."""
    first.stop("immediate")
    second.promote()
    second.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
    second.value("SELECT pg_reload_conf()")


def run(kills: int, papers: int, seed: int, folder: Path, stack: ExitStack) -> None:
    """Kills as often as asked, and compares."""
    draw = random.Random(seed)
    first = stack.enter_context(postgres_server())
    other = stack.enter_context(postgres_folder())
    stack.enter_context(guarded(other))
    name = first.new_database().url.rsplit("/", 1)[1]
    second = first.replica(other)
    second.start()
    stack.callback(lambda: second.stop("immediate"))
    first.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
    first.value("SELECT pg_reload_conf()")
    hosts = f"host=127.0.0.1:{first.port}&host=127.0.0.1:{second.port}&target_session_attrs=read-write"
    place = PostgresLocation(f"postgresql+psycopg://quire@/{name}?{hosts}")

    writer = Writer(place, folder / "writer", folder, papers)
    writer.start()
    nodes = [Node(place, folder / f"node{number}") for number in range(NODES)]
    for node in nodes:
        node.start()
    titles = {str(record["id"]): str(record["title"]) for record in records(papers)}
    readers = [Reader(nodes, titles, seed + number) for number in range(3)]
    for reader in readers:
        reader.start()
    database, disturbed = first, Counter[str]()
    try:
        for number in range(1, kills + 1):
            time.sleep(draw.uniform(0.1, 1.5))
            if number == kills // 2:
                fail_over(first, second)
                database = second
                disturbed["failed over"] += 1
            elif number % 20 == 0:
                disturbed[disturb(database, draw, long=number == 40)] += 1
            elif draw.random() < 0.4:
                writer.kill()
                disturbed["import killed"] += 1
            else:
                node = draw.choice(nodes)
                node.kill()
                node.start()
                disturbed["node killed"] += 1
            if number % 20 == 0:
                print(f"{number}: {dict(disturbed)}", flush=True)
            if writer.failure or any(reader.wrong for reader in readers):
                break
    finally:
        writer.finish()
        for reader in readers:
            reader.ending.set()
            reader.join()
    wrong = [fault for reader in readers for fault in reader.wrong] + [writer.failure] * bool(writer.failure)
    outcomes = sum((reader.outcomes for reader in readers), Counter[str]())
    print(
        f"disturbed: {dict(disturbed)}\nanswers: {dict(outcomes)}, wrong: {wrong[:5] or 'none'}", flush=True
    )

    ready = httpx.Client(trust_env=False, timeout=60)
    for node in nodes:
        until(partial(_is_ready, ready, node), "a node does not follow")
        node.stop()
    until(partial(_is_alone, database, name), "connections are left open")
    expected = unbroken(folder / "unbroken", writer.files)
    found = {
        data.name: content(data, place) == expected and not check(place, data / "index")
        for data in (*(node.data for node in nodes), writer.data)
    }
    print(f"{len(writer.files)} files imported; the same as by unbroken imports: {found}")
    if wrong or not all(found.values()):
        sys.exit(1)


def unbroken(data: Path, files: list[Path]) -> str:
    """The content of a file's store after one import of each file."""
    store = data / "papers.sqlite"
    for file in files:
        if importing(data, store, file).wait():
            raise SystemExit(f"{file.name} could not be imported")
    return content(data, store)


def _is_ready(client: httpx.Client, node: Node) -> bool:
    with suppress(httpx.TransportError):
        return client.get(f"{node.address}/readyz").status_code == 200
    return False


def _is_alone(server: PostgresServer, name: str) -> bool:
    return bool(server.value(f"SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = '{name}'"))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--papers", type=int, default=6_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with TemporaryDirectory() as name, ExitStack() as stack:
        run(options.kills, options.papers, options.seed, Path(name), stack)


if __name__ == "__main__":
    main()
