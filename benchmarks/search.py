"""How long searches take among hundreds of thousands of abstracts, beside SQLite's FTS5 with bm25.

Run: `.venv/bin/python -m benchmarks.search --papers 600000`. Makes the set (large_set.py) and imports it into FOLDER
unless it is there, which takes minutes and 2.5 GB for each million. Queries are words, pairs, triples, phrases, fields
and unions, drawn from the set's own texts by seed; each is asked once cold and measured the second time. Three ways:
in the engine (the first 25 hits and how many there are), over HTTP on loopback (the JSON of 25 papers, one worker), and
FTS5 with the porter stemmer, ordered by bm25, without a count. Lists by category are measured over HTTP too.
"""

import argparse
import random
import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from app.papers.importing import import_files
from app.papers.search.searching import Search, SearchIndex
from benchmarks.large_set import sample, write
from tests.server import serving

_WORD = re.compile(r"[a-z]{3,}")
LISTS = [
    *(
        "cs.AI",
        "math.CO",
        "cs.AI+cs.LG",
        "cs.AI+cs.LG-cs.CY",
        "cs",
        "-cs.LG",
        "hep-th",
        "cs.AI?date=2020-05-04",
    ),
    *("cs.AI?since=2018-01-01&until=2018-12-31", "cs+math+stat-cs.LG?sort=published"),
]


def queries(count: int, seed: int) -> list[str]:
    """Queries of every kind in turns, made of words that stand together in some abstract."""
    draw, given = random.Random(seed), sample()

    def words(number: int) -> list[str]:
        while True:
            found = _WORD.findall(draw.choice(given)["abstract"].lower())
            if len(found) > number:
                start = draw.randrange(len(found) - number)
                return found[start : start + number]

    kinds: list[Callable[[], str]] = [
        lambda: words(1)[0],
        lambda: " ".join(words(2)),
        lambda: " ".join(words(3)),
        lambda: f'"{" ".join(words(2))}"',
        lambda: f"ti:{words(1)[0]} {words(1)[0]}",
        lambda: " OR ".join(words(3)),
        lambda: f"{words(1)[0]} -{words(1)[0]}",
        lambda: f"au:{draw.choice(given)['authors_parsed'][0][0].split()[-1]}",
        lambda: f"{words(1)[0]} cat:cs.LG",
    ]
    return [kinds[number % len(kinds)]() for number in range(count)]


def prepared(folder: Path, papers: int) -> tuple[Path, Path]:
    """The store and the index of the set, made where they are not there."""
    store, index = folder / "papers.sqlite", folder / "index"
    if not index.exists():
        records = folder / "records.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        write(records, papers)
        start, cpu = time.perf_counter(), time.process_time()
        result = import_files(store, index, [records])
        took, worked = time.perf_counter() - start, time.process_time() - cpu
        print(f"imported {result.new:,} papers in {took:.0f} s ({worked:.0f} s of processor time)")
        records.unlink()
    return store, index


def measured(ask: Callable[[str], object], asked: Sequence[str]) -> list[float]:
    """Milliseconds of each, the second time that it is asked."""
    found = []
    for query in asked:
        ask(query)
        start = time.perf_counter()
        ask(query)
        found.append((time.perf_counter() - start) * 1000)
    return found


def show(name: str, milliseconds: Sequence[float]) -> None:
    ordered = sorted(milliseconds)
    at = [ordered[min(int(len(ordered) * part), len(ordered) - 1)] for part in (0.5, 0.95, 0.99)]
    print(f"{name:34} p50 {at[0]:8.1f}   p95 {at[1]:8.1f}   p99 {at[2]:8.1f}   most {ordered[-1]:8.1f} ms")


def full_text(folder: Path, store: Path) -> Callable[[str], object]:
    """A search of SQLite's own over the same texts."""
    connection = sqlite3.connect(folder / "fts5.sqlite")
    connection.execute("ATTACH ? AS papers", (str(store),))
    columns = "title, authors, abstract"
    if not connection.execute("SELECT 1 FROM main.sqlite_master").fetchone():
        connection.execute(
            f"CREATE VIRTUAL TABLE main.texts USING fts5({columns}, content='', tokenize='porter unicode61')"
        )
        connection.execute(
            f"INSERT INTO main.texts (rowid, {columns}) SELECT number, {columns} FROM papers.papers"
        )
        connection.commit()
    statement = "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY bm25(texts, 2.5, 1.0, 1.0) LIMIT 25"
    return lambda query: connection.execute(statement, (query,)).fetchall()


def in_fts5(query: str) -> str | None:
    """The query in FTS5's language, where it has one for it."""
    if "cat:" in query:
        return None
    query = query.replace("ti:", "title:").replace("au:", "authors:").replace(" -", " NOT ")
    return " ".join(
        word if word in ("OR", "NOT") or '"' in query else re.sub(r"([^\s:]+)$", r'"\1"', word)
        for word in query.split(" ")
    )


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    reader.add_argument("--papers", type=int, default=600_000)
    reader.add_argument("--folder", type=Path, help="where the set is kept; made there if it is not")
    reader.add_argument("--queries", type=int, default=270)
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--no-fts5", action="store_true")
    given = reader.parse_args()
    folder = given.folder or Path(f"/tmp/quire-search-{given.papers}")
    store, path = prepared(folder, given.papers)
    asked = queries(given.queries, given.seed)
    index = SearchIndex(path)
    indexed = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    print(
        f"{index.extent()[1]:,} papers, {len(asked)} queries; "
        f"the store has {store.stat().st_size >> 20:,} MB, the index {indexed >> 20:,} MB"
    )
    show("engine, by relevance", measured(lambda query: index.search(Search(query)), asked))
    show("engine, by day", measured(lambda query: index.search(Search(query, sort="announced")), asked))
    if not given.no_fts5:
        ask = full_text(folder, store)
        show("SQLite FTS5, bm25", measured(ask, [text for query in asked if (text := in_fts5(query))]))
    with serving(folder) as address, httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        get = client.get

        def search(query: str) -> None:
            get("/api/v1/papers", params={"q": query}).raise_for_status()

        def listed(name: str) -> None:
            expression, _, rest = name.partition("?")
            get(f"/api/v1/papers?categories={expression.replace('+', '%2B')}&{rest}").raise_for_status()

        show("HTTP, a search", measured(search, asked))
        show("HTTP, a list", measured(listed, LISTS))
        show("HTTP, a list's page", measured(lambda name: get(f"/arxiv/{name}").raise_for_status(), LISTS))
        show("HTTP, suggestions", measured(lambda query: get("/suggest", params={"q": query}), asked))


if __name__ == "__main__":
    main()
