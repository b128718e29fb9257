"""How long it takes to find what is near in meaning among millions of vectors, and how much memory that is.

Run: `.venv/bin/python -m benchmarks.meaning --vectors 3000000`. Makes a set of vectors of 384 dimensions around 5,000
centres in FOLDER, unless it is there (1.4 GB for three million), and asks it for the nearest 200, once for each query,
after a first query that touches all pages: of all papers, of one category, and of one year and category. Recall is that
of the nearest 10 against exact arithmetic on the int8 vectors of the first 300,000 rows, sought in those rows alone.

With `--library DATA` it asks a server over HTTP instead: DATA is a data folder with papers (benchmarks/search.py makes
one), which get vectors of the same kind here; words and meaning together are asked of one worker, each query once.
"""

import argparse
import hashlib
import json
import random
import resource
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import httpx
import numpy as np

from app.papers.categories import parse_expression
from app.papers.meaning.embedder import PROBE, Vectors
from app.papers.meaning.files import read_state
from app.papers.meaning.reading import VectorSet
from app.papers.meaning.writing import VectorRow, open_vectors
from app.papers.store.reading import Store
from benchmarks.search import queries, show
from tests.papers.meaning.embedding_server import Reply, embedding_server
from tests.server import serving

DIMENSIONS = 384
_CENTRES = 5000
_STEP = 50_000
_KINDS = [
    "cs.LG",
    "cs.CL cs.LG",
    "cs.CV",
    "math.CO",
    "hep-th",
    "astro-ph.GA",
    "cond-mat.mtrl-sci",
    "quant-ph",
    "stat.ML",
]
_FIRST_DAY = date(2005, 1, 1).toordinal()
_DAYS = 7800


def vectors(count: int, seed: int) -> Vectors:
    """Vectors of length 1 around the centres, off the origin, as those of texts are."""
    centres = np.random.default_rng(0).standard_normal((_CENTRES, DIMENSIONS), np.float32) + 0.5
    draw = np.random.default_rng(seed)
    made = centres[draw.integers(_CENTRES, size=count)]
    made += 0.8 * draw.standard_normal((count, DIMENSIONS), np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made


def write(folder: Path, rows: Iterator[list[VectorRow]], store: str, changes: int) -> None:
    """Writes a set with vectors for these rows."""
    with open_vectors(folder, "benchmark") as writer:
        made = writer.open_set("benchmark", of_text(PROBE), store, changes)
        for seed, part in enumerate(rows, 1):
            made.append(part, vectors(len(part), seed))
        made.commit(changes)
        made.switch()


def invented(count: int) -> Iterator[list[VectorRow]]:
    """Rows of papers that there are not, the newest first."""
    for start in range(0, count, _STEP):
        yield [
            VectorRow(
                count - at, _FIRST_DAY + (count - at) * _DAYS // count, _KINDS[at * 7919 % len(_KINDS)], at
            )
            for at in range(start, min(start + _STEP, count))
        ]


def stored(store: Store) -> Iterator[list[VectorRow]]:
    """Rows of the papers of a store."""
    at = 0
    for numbers in store.newest_numbers(_STEP):
        yield [VectorRow(number, _FIRST_DAY, "cs.LG", at) for number in numbers]
        at += len(numbers)


def of_text(text: str) -> Vectors:
    """The vector that a text is said to have: one of the same kind, the same always."""
    found: Vectors = vectors(1, int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little"))[0]
    return found


def resident() -> float:
    """Megabytes of memory that this process holds, mapped files among them."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / (1 << 20)


def engine(folder: Path, count: int, asked: int) -> None:
    place = folder / f"vectors-{count}"
    if not read_state(place).sets:
        start = time.perf_counter()
        write(place, invented(count), "benchmark", 1)
        print(f"wrote {count:,} vectors in {time.perf_counter() - start:.0f} s")
    looked = vectors(asked, 10_000_019)
    before = resident()
    found = VectorSet(place, read_state(place).sets[0])
    found.nearest(looked[0], 200)
    bounds = {
        "all papers": (None, None, None),
        "of one category": (parse_expression("cs.LG"), None, None),
        "of one year and category": (parse_expression("cs.LG"), date(2020, 1, 1), date(2020, 12, 31)),
    }
    for name, (expression, since, until) in bounds.items():
        times = []
        for vector in looked:
            start = time.perf_counter()
            found.nearest(vector, 200, found.within(expression, since, until))
            times.append((time.perf_counter() - start) * 1000)
        show(name, times)
        print(f"{'':34} memory {resident() - before:.0f} MB")
    rows = np.arange(min(count, 300_000))
    exact = found.vectors(rows)
    within = np.zeros(count, np.uint8)
    within[rows] = 1
    hits = 0
    for vector in looked:
        best = set(np.argsort(-(exact @ vector), kind="stable")[:10].tolist())
        hits += len(best & set(found.nearest(vector, 10, within)[0].tolist()))
    print(f"recall at 10 in {len(rows):,} rows: {hits / (10 * len(looked)):.3f}")


def over_http(data: Path, asked: Sequence[str]) -> None:
    place = data / "vectors"
    with Store(data / "papers.sqlite") as store:
        papers, identity, changes = len(store), store.identity, store.changes
        state = read_state(place)
        if not state.sets or state.sets[0].living != papers:
            write(place, stored(store), identity, changes)

    def reply(body: dict[str, list[str]]) -> Reply:
        data = [{"index": at, "embedding": of_text(text).tolist()} for at, text in enumerate(body["input"])]
        return Reply(body=json.dumps({"data": data}).encode())

    with embedding_server() as embeddings:
        embeddings.reply = reply
        settings = {
            "EMBED_URL": embeddings.url,
            "EMBED_MODEL": "benchmark",
            "EMBED_PER_DAY": "0",
            "OFFLINE": "true",
        }
        with (
            serving(data, settings=settings) as address,
            httpx.Client(base_url=address, timeout=60) as client,
        ):
            for by in ("words", "meaning", "both"):
                client.get("/api/v1/papers", params={"q": "graph", "by": by}).raise_for_status()
                times = []
                for query in asked:
                    start = time.perf_counter()
                    client.get("/api/v1/papers", params={"q": query, "by": by}).raise_for_status()
                    times.append((time.perf_counter() - start) * 1000)
                show(f"over HTTP, {papers:,} papers, {by}", times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=300_000)
    parser.add_argument("--folder", type=Path, default=Path("build/meaning"))
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--library", type=Path)
    given = parser.parse_args()
    if given.library is None:
        given.folder.mkdir(parents=True, exist_ok=True)
        engine(given.folder, given.vectors, given.queries)
    else:
        # Words alone: fields and operators narrow, which the engine measures.
        plain = [
            query
            for query in queries(6 * given.queries, 7)
            if query.replace(" ", "").isalpha() and "OR" not in query
        ]
        random.Random(7).shuffle(plain)
        over_http(given.library, plain[: given.queries])


if __name__ == "__main__":
    main()
