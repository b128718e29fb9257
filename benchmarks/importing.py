"""How long an import of the sample takes, index and all, beside the least that anyone could do with the same lines.

    python -m benchmarks.importing [--rounds 5]

Ours is `import_files` into an empty folder: lines checked, identified and merged, TeX resolved for the index, lists by
category and day, progress kept so that a killed import goes on. The least: `orjson.loads` of each line, a plain
`sqlite3.executemany` of its texts into one table without an index, `add_document` of the same texts as they came into
tantivy with the same schema, one transaction and one commit. Both take turns; the ratio is of the medians.
"""

import argparse
import gzip
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import orjson
from tantivy import Document, Index

from app.papers.importing import import_files
from app.papers.search.schema import register, schema
from tests.shared import SHARED

SAMPLE = SHARED / "arxiv/arxiv-metadata-sample.jsonl.gz"


def ours(lines: Path, folder: Path) -> int:
    return import_files(folder / "papers.sqlite", folder / "index", [lines]).new


def least(lines: Path, folder: Path) -> int:
    with lines.open("rb") as file:
        records = [orjson.loads(line) for line in file]
    connection = sqlite3.connect(folder / "papers.sqlite", isolation_level=None)
    connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
    connection.execute(
        "CREATE TABLE papers (id TEXT, title TEXT, authors TEXT, abstract TEXT, categories TEXT)"
    )
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO papers VALUES (:id, :title, :authors, :abstract, :categories)",
        records,
    )
    connection.execute("COMMIT")
    connection.close()
    (folder / "index").mkdir()
    index = register(Index(schema(), path=str(folder / "index")))
    writer = index.writer(200 << 20, 2)
    for number, record in enumerate(records):
        texts = {name: record[name] for name in ("title", "authors", "abstract")}
        fields = {"number": number, "text": list(texts.values()), "category": record["categories"].split()}
        writer.add_document(Document.from_dict(texts | fields, schema()))
    writer.commit()
    writer.wait_merging_threads()
    return len(records)


def timed(work: Callable[[Path, Path], int], lines: Path) -> tuple[float, float]:
    """Seconds by the clock and of processor, all threads together."""
    with tempfile.TemporaryDirectory(prefix="quire-importing-") as folder:
        clock, processor = time.perf_counter(), time.process_time()
        work(lines, Path(folder))
        return time.perf_counter() - clock, time.process_time() - processor


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    reader.add_argument("--rounds", type=int, default=5)
    rounds = reader.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="quire-importing-") as folder:
        lines = Path(folder) / "sample.jsonl"
        with gzip.open(SAMPLE) as packed:
            text = packed.read()
        lines.write_bytes(text)
        taken: dict[str, list[tuple[float, float]]] = {"ours": [], "least": []}
        for _ in range(rounds):
            taken["ours"].append(timed(ours, lines))
            taken["least"].append(timed(least, lines))
    print(f"{len(text.splitlines()):,} records, {len(text) / 1e6:.1f} MB, {rounds} rounds")
    for name, times in taken.items():
        clock, processor = (sorted(column) for column in zip(*times, strict=True))
        spread = f"{clock[0]:.2f} to {clock[-1]:.2f}"
        print(f"{name:6} {median(clock):5.2f} s ({spread}), {median(processor):5.2f} s of processor")
    middle = [median(seconds for seconds, _ in times) for times in taken.values()]
    print(f"ours / least: {middle[0] / middle[1]:.2f}")


if __name__ == "__main__":
    main()
