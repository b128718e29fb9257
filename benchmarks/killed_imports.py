"""Imports that are killed again and again end with what an unbroken one ends with, compared by content.

Run: `.venv/bin/python -m benchmarks.killed_imports --kills 200`, with `--postgres` for stores there. Two files are
imported one after the other, the second with changes to a third of the first's papers and with answers. `quire papers
import` is killed (SIGKILL) at a random moment and begun again until a file is done; with both done, the store's papers
and answers, what searches find, and the verdict of `quire papers check` are compared with those of one import of each
file, and a new round begins with an empty folder and database, until so many imports were killed.
"""

import argparse
import hashlib
import random
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from app.papers.maintenance import check, export_lines
from app.papers.search.indexing import open_index
from app.papers.search.searching import Search, SearchIndex
from app.papers.store.location import StoreLocation
from app.papers.store.reading import Store
from benchmarks.large_set import records
from benchmarks.search import queries
from tests.postgres import postgres_server
from tests.server import QUIRE, ROOT, environment

QUERIES = 60


def write_files(folder: Path, count: int) -> list[Path]:
    """The papers, and later versions of a third of them with an answer to each of these."""
    first, second = folder / "first.jsonl", folder / "second.jsonl"
    with first.open("wb") as papers, second.open("wb") as changes:
        for number, record in enumerate(records(count)):
            papers.write(orjson.dumps(record) + b"\n")
            if number % 3 == 0:
                changed = {**record, "title": f"Once more: {record['title']}", "update_date": "2026-12-01"}
                answer = {
                    "id": record["id"],
                    "question": "What is it?",
                    "answer": f"Number {number}.",
                    "model": "none",
                }
                changes.write(
                    orjson.dumps(changed) + b"\n" + orjson.dumps({**answer, "language": "en"}) + b"\n"
                )
    return [first, second]


def importing(data: Path, place: StoreLocation, file: Path) -> subprocess.Popen[bytes]:
    settings = {} if isinstance(place, Path) else {"STORE_URL": place.url}
    return subprocess.Popen(
        [*QUIRE, "papers", "import", str(file)],
        env=environment(data, **settings),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def content(data: Path, place: StoreLocation) -> str:
    """A digest of all papers and answers in an order of their own, and of what each search finds."""
    digest = hashlib.sha256()
    with Store(place) as store:
        if store.shared:  # a node's index follows the store by itself, while the node serves
            with open_index(data / "index", store) as writer:
                writer.catch_up(store)
        index = SearchIndex(data / "index")
        for line in sorted(export_lines(store)):
            digest.update(line)
        for query in queries(QUERIES, seed=1):
            found = index.search(Search(query, sort="announced"), limit=100_000)
            digest.update(orjson.dumps([query, found.total, sorted(found.numbers)]))
    return digest.hexdigest()


def unbroken(data: Path, place: StoreLocation, files: list[Path]) -> tuple[str, dict[Path, float]]:
    """The content after one import of each file, and the seconds that each took."""
    seconds = {}
    for file in files:
        begun = time.monotonic()
        if importing(data, place, file).wait():
            raise SystemExit(f"{file.name} could not be imported")
        seconds[file] = time.monotonic() - begun
    return content(data, place), seconds


def killed(
    data: Path, place: StoreLocation, files: list[Path], draw: random.Random, seconds: dict[Path, float]
) -> int:
    """Imports each file to its end, however often it is killed on the way; how often it was.

    What was learnt of how fast the machine is now goes into `seconds`, so that most imports are killed and some end.
    """
    kills = 0
    for file in files:
        while True:
            begun = time.monotonic()
            process = importing(data, place, file)
            try:
                said = process.communicate(timeout=draw.uniform(0.3, 1.1) * seconds[file])[1]
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                kills += 1
                continue
            if process.returncode:
                raise SystemExit(f"after {kills} kills: {said.decode()}")
            seconds[file] = min(seconds[file], time.monotonic() - begun)
            break
    return kills


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--papers", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--postgres", action="store_true", help="keep the stores in PostgreSQL")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        server = stack.enter_context(postgres_server()) if options.postgres else None

        def place(data: Path) -> StoreLocation:
            return server.new_database() if server else data / "papers.sqlite"

        files = write_files(folder, options.papers)
        data = folder / "unbroken"
        expected, seconds = unbroken(data, place(data), files)
        print(f"unbroken: {', '.join(f'{taken:.1f} s' for taken in seconds.values())}", flush=True)
        kills = rounds = 0
        while kills < options.kills:
            data = folder / f"killed-{rounds}"
            store = place(data)
            kills += killed(data, store, files, draw, seconds)
            rounds += 1
            found = content(data, store)
            findings = check(store, data / "index")
            same = found == expected and not findings
            print(
                f"round {rounds}: {kills} kills; {'the same' if same else f'not the same: {findings}'}",
                flush=True,
            )
            if not same:
                sys.exit(1)
    print(
        f"{kills} imports of {options.papers:,} papers were killed in {rounds} rounds; each ended as an unbroken one"
    )


if __name__ == "__main__":
    main()
