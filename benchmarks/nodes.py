"""Lists on PostgreSQL against SQLite, three nodes against one, and how long a paper takes to be found everywhere.

Run: `.venv/bin/python -m benchmarks.nodes --papers 20000`. Both stores get the same papers. A server of each engine is
asked for the same lists, taking turns, for the p95. Three servers on one database are asked by several clients, one of
the servers first, then all (behind nginx, where there is one). Papers are imported one by one until each finds them.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import orjson

from benchmarks.large_set import records
from tests.nodes import finds, nodes, quire_on, until
from tests.ports import free_port
from tests.postgres import postgres_server
from tests.server import quire, serving

LISTS = [
    "/api/v1/papers?limit=25",
    "/api/v1/papers?categories=cs.AI&limit=25",
    "/api/v1/papers?categories=cs.AI%2Bcs.LG-cs.CY&limit=25",
    "/api/v1/papers?categories=math&limit=100",
    "/arxiv/cs.LG",
]


def milliseconds(client: httpx.Client, path: str) -> float:
    begun = time.perf_counter()
    client.get(path).raise_for_status()
    return 1000 * (time.perf_counter() - begun)


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def compare_lists(sqlite: str, postgres: str, rounds: int) -> None:
    with (
        httpx.Client(base_url=sqlite, trust_env=False, timeout=60) as one,
        httpx.Client(base_url=postgres, trust_env=False, timeout=60) as other,
    ):
        taken: tuple[list[float], list[float]] = ([], [])
        for number in range(rounds + 1):
            for path in LISTS:
                for client, times in zip((one, other), taken, strict=True):
                    spent = milliseconds(client, path)
                    if number:
                        times.append(spent)
    first, second = (p95(times) for times in taken)
    print(
        f"lists, p95: SQLite {first:.1f} ms, PostgreSQL {second:.1f} ms, ratio {second / first:.2f} (aim: 1.5)",
        flush=True,
    )


def rate(addresses: Sequence[str], seconds: float, clients: int) -> float:
    """Lists a second that so many clients are answered, each at one of the addresses."""
    end = time.monotonic() + seconds

    def ask(number: int) -> int:
        count = 0
        with httpx.Client(base_url=addresses[number % len(addresses)], trust_env=False, timeout=60) as client:
            while time.monotonic() < end:
                client.get(LISTS[count % len(LISTS)]).raise_for_status()
                count += 1
        return count

    with ThreadPoolExecutor(clients) as threads:
        return sum(threads.map(ask, range(clients))) / seconds


@contextmanager
def balanced(addresses: Sequence[str], folder: Path, program: str) -> Iterator[str]:
    """The address of an nginx before these servers."""
    port = free_port()
    servers = "".join(f"server {address.removeprefix('http://')};" for address in addresses)
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; upstream quire {{ {servers} keepalive 64; }}\n"
        f"client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://quire; proxy_http_version 1.1;\n"
        'proxy_set_header Connection ""; } } }\n'
    )
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        address = f"http://127.0.0.1:{port}"
        until(lambda: httpx.get(f"{address}/healthz", trust_env=False).is_success, "nginx does not answer")
        yield address
    finally:
        process.terminate()
        process.wait()


def found_at_all(addresses: Sequence[str], word: str) -> bool:
    return all(finds(address, word) for address in addresses)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--found", type=int, default=20)
    options = parser.parse_args()
    nginx = shutil.which("nginx")
    with TemporaryDirectory() as name, postgres_server() as server, ExitStack() as stack:
        folder = Path(name)
        file = folder / "papers.jsonl"
        with file.open("wb") as stream:
            for record in records(options.papers):
                stream.write(orjson.dumps(record) + b"\n")
        place = server.new_database()
        for engine in ("SQLite", "PostgreSQL"):
            begun = time.monotonic()
            done = (
                quire("papers", "import", file, data_dir=folder / "sqlite")
                if engine == "SQLite"
                else quire_on(place, folder / "import", "papers", "import", file)
            )
            if done.returncode:
                raise SystemExit(done.stderr.decode())
            spent = time.monotonic() - begun
            kept = "store and index" if engine == "SQLite" else "store"
            print(f"import of {options.papers:,} papers, {engine} ({kept}): {spent:.1f} s", flush=True)
        server.execute("ANALYZE", place.url.rsplit("/", 1)[1])
        addresses = stack.enter_context(nodes(place, folder, 3))
        with serving(folder / "sqlite") as alone:
            compare_lists(alone, addresses[0], options.rounds)
        clients = 12
        single = rate(addresses[:1], options.seconds, clients)
        print(f"one node, {clients} clients, {os.cpu_count()} cores: {single:.0f} lists a second", flush=True)
        if nginx is None:
            print("nginx is missing: the clients go to the three nodes by themselves", file=sys.stderr)
        with balanced(addresses, folder, nginx) if nginx else nullcontext("") as balancer:
            together = rate([balancer] if balancer else addresses, options.seconds, clients)
        print(f"three nodes: {together:.0f} lists a second, {together / single:.2f} times", flush=True)
        waits = []
        for number in range(options.found):
            word = f"zyxw{number:04}q"
            record = {
                "id": f"2712.{number + 1:05}",
                "title": f"On {word}",
                "abstract": "None.",
                "categories": "cs.AI",
            }
            record |= {"update_date": "2027-12-01", "authors": "A. Author"}
            (folder / "one.jsonl").write_bytes(orjson.dumps(record) + b"\n")
            done = quire_on(place, folder / "import", "papers", "import", folder / "one.jsonl")
            if done.returncode:
                raise SystemExit(done.stderr.decode())
            waits.append(until(partial(found_at_all, addresses, word), "not found"))
        print(
            f"found at all three nodes after the end of an import: median {statistics.median(waits):.2f} s, "
            f"longest {max(waits):.2f} s of {len(waits)} (aim: 2)"
        )


if __name__ == "__main__":
    main()
