"""A large set of papers, made of a small one: each of another's title, sentences of some abstracts, other authors.

Run: `.venv/bin/python -m benchmarks.large_set 600000 FILE` writes JSON lines as arXiv's metadata snapshot has them. The
same number and seed give the same file. Words are as frequent as in the sample, categories and lengths are its own;
rare words are rarer in reality, where the vocabulary grows with the set.
"""

import argparse
import gzip
import random
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson

from tests.shared import SHARED

SAMPLE = SHARED / "arxiv/arxiv-metadata-sample.jsonl.gz"

_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_FIRST_YEAR = 2015
_MONTHS = 138


def sample() -> list[dict[str, Any]]:
    """The records of the sample, as they stand in its file."""
    with gzip.open(SAMPLE) as lines:
        return [orjson.loads(line) for line in lines]


def records(count: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """`count` records with ids of their own, from the oldest announcement to the newest, over 138 months."""
    draw = random.Random(seed)
    given = sample()
    sentences = [
        sentence for record in given for sentence in _SENTENCES.split(record["abstract"].strip()) if sentence
    ]
    most = -(-count // _MONTHS)
    for number in range(count):
        month, place = divmod(number, most)
        year, month = _FIRST_YEAR + month // 12, month % 12 + 1
        day = date(year, month, 1) + timedelta(days=27 * place // most)
        authors = draw.choice(given)
        yield {
            "id": f"{year % 100:02}{month:02}.{place + 1:05}",
            "title": draw.choice(given)["title"],
            "abstract": " ".join(draw.choices(sentences, k=draw.randint(4, 9))),
            "authors": authors["authors"],
            "authors_parsed": authors["authors_parsed"],
            "categories": draw.choice(given)["categories"],
            "update_date": day.isoformat(),
        }


def write(path: Path, count: int, seed: int = 0) -> None:
    """Writes the set as JSON lines."""
    with path.open("wb") as file:
        file.writelines(orjson.dumps(record) + b"\n" for record in records(count, seed))


if __name__ == "__main__":
    reader = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    reader.add_argument("count", type=int, help="how many papers")
    reader.add_argument("file", type=Path, help="the file to write")
    reader.add_argument("--seed", type=int, default=0)
    given = reader.parse_args()
    write(given.file, given.count, given.seed)
