"""How long it takes to move a store from SQLite to PostgreSQL and back, and whether all of it arrives.

Run: `.venv/bin/python -m benchmarks.moving --papers 600000`. The papers are those of large_set.py, a third of them with
an answer. `quire papers export` and `quire papers import` are timed as typed, index and all, from one engine to the
other and back; the three exports have to be the same file.
"""

import argparse
import gzip
import hashlib
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from app.papers.store.location import StoreLocation
from benchmarks.large_set import records
from tests.postgres import postgres_server
from tests.server import QUIRE, ROOT, environment


def write_papers(file: Path, count: int) -> None:
    """The papers as JSON lines, with an answer after each third one."""
    with gzip.open(file, "wb", compresslevel=1) as lines:
        for number, record in enumerate(records(count)):
            lines.write(orjson.dumps(record) + b"\n")
            if number % 3 == 0:
                answer = {"id": record["id"], "question": "What is it?", "answer": f"Number {number}."}
                lines.write(orjson.dumps({**answer, "model": "none", "language": "en"}) + b"\n")


def run(place: StoreLocation, data: Path, *command: str) -> float:
    """The seconds that a command took; ends it all where it fails."""
    settings = {} if isinstance(place, Path) else {"STORE_URL": place.url}
    begun = time.monotonic()
    done = subprocess.run(
        [*QUIRE, "papers", *command],
        env=environment(data, **settings),
        cwd=ROOT,
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode:
        sys.exit(done.returncode)
    return time.monotonic() - begun


def digest(file: Path) -> str:
    with gzip.open(file) as lines:
        return hashlib.file_digest(lines, "sha256").hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--papers", type=int, default=600_000)
    options = parser.parse_args()
    with TemporaryDirectory() as name, postgres_server("fsync=on", "full_page_writes=on") as server:
        folder = Path(name)
        source = folder / "papers.jsonl.gz"
        write_papers(source, options.papers)
        places: list[tuple[str, StoreLocation]] = [
            ("SQLite", folder / "one" / "papers.sqlite"),
            ("PostgreSQL", server.new_database()),
            ("SQLite", folder / "three" / "papers.sqlite"),
        ]
        digests = []
        for number, (engine, place) in enumerate(places):
            data = place.parent if isinstance(place, Path) else folder / "two"
            imported = run(place, data, "import", str(source))
            source = folder / f"export-{number}.jsonl.gz"
            exported = run(place, data, "export", str(source))
            digests.append(digest(source))
            print(f"{engine}: imported in {imported:.0f} s, exported in {exported:.0f} s", flush=True)
    same = len(set(digests)) == 1
    print(f"{options.papers:,} papers: the exports are {'the same' if same else 'not the same'}")
    if not same:
        sys.exit(1)


if __name__ == "__main__":
    main()
