"""How Chinese should become terms of the search index: pairs of characters, our tokenizer's pieces, or both.

    python -m benchmarks.chinese_search [--queries 400] [--seed 1] [--model models/default.model]

The Chinese documents of the development corpus, cut at ends of lines into passages. Each way of analysis makes an index
of its own in tantivy, with the product's filters, and is asked the same queries, made into terms the same way; what is
several terms has to stand together, and several words have to be there all, as in the product. Two questions:

whole     a word is asked for: how many of the passages that hold it letter for letter are found, and how many of the
          found ones hold it
known     some words, or a few characters that stand together, are taken from one passage: on which place does it come

Words are those that rjieba, a segmenter with a dictionary, finds; it also stands beside as a way of analysis.
"""

import argparse
import importlib
import json
import lzma
import random
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tantivy import Document, Index, Occur, Query, Schema, SchemaBuilder

from app.papers.search.schema import analyzer, in_pairs, register
from app.tokenizer import Tokenizer
from tests.shared import SHARED

CORPUS = SHARED / "corpus/dev.jsonl.xz"
PASSAGE = 150  # characters at least, but for the last one of a document
MOST = 1000  # passages that are looked at for a query: more than there are

_RUN = re.compile("[\u3400-\u9fff]+")

Analysis = Callable[[str], str]
"""A text with blanks between the terms of its Chinese."""


def passages() -> list[str]:
    """The Chinese documents in pieces of some lines; those of little Chinese are left out."""
    found: list[str] = []
    with lzma.open(CORPUS, "rt", encoding="utf-8") as lines:
        texts = [str(json.loads(line)["text"]) for line in lines]
    for text in texts:
        if len(_ideographs(text)) < 0.3 * len(text):
            continue
        passage = ""
        for line in text.splitlines(keepends=True):
            passage += line
            if len(passage) >= PASSAGE:
                found.append(passage)
                passage = ""
        found.append(passage)
    return [passage for passage in found if len(_ideographs(passage)) >= 20]


def _ideographs(text: str) -> str:
    return "".join(_RUN.findall(text))


def by_run(cut: Callable[[str], Sequence[str]], text: str) -> str:
    """The text with each run of ideographs cut into terms."""
    return _RUN.sub(lambda run: f" {' '.join(cut(run[0]))} ", text)


def pieces(tokenizer: Tokenizer, run: str) -> list[str]:
    """The tokenizer's pieces of a run; bytes that are not a whole character wait for those that make it one."""
    found, waiting = [], b""
    for piece in tokenizer.tokenize(run):
        waiting += piece
        try:
            found.append(waiting.decode())
        except UnicodeDecodeError:
            continue
        waiting = b""
    return found


@dataclass(frozen=True)
class Way:
    """An index of the passages, made by one or more analyses, each in a field of its own."""

    name: str
    analyses: tuple[Analysis, ...]
    schema: Schema
    index: Index
    seconds: float
    size: int

    @classmethod
    def of(cls, name: str, analyses: Sequence[Analysis], texts: Sequence[str], folder: Path) -> "Way":
        builder = SchemaBuilder()
        builder.add_unsigned_field("number", fast=True)
        for place in range(len(analyses)):
            builder.add_text_field(f"text{place}", tokenizer_name="prose")
        schema = builder.build()
        folder.mkdir()
        index = register(Index(schema, path=str(folder)))
        writer = index.writer(50 << 20, 1)
        seconds = 0.0
        for number, text in enumerate(texts):
            start = time.perf_counter()
            fields = {f"text{place}": analysis(text) for place, analysis in enumerate(analyses)}
            seconds += time.perf_counter() - start
            writer.add_document(Document.from_dict({"number": number, **fields}, schema))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        size = sum(file.stat().st_size for file in folder.iterdir())
        return cls(name, tuple(analyses), schema, index, seconds, size)

    def find(self, words: Sequence[str]) -> list[int]:
        """The passages that hold all words, best first."""
        searcher = self.index.searcher()
        clauses = [(Occur.Must, self._word(word)) for word in words]
        hits = searcher.search(Query.boolean_query(clauses), MOST).hits
        numbers = searcher.fast_field_values("number", [address for _, address in hits])
        return [int(number or 0) for number in numbers]

    def _word(self, word: str) -> Query:
        options = []
        for place, analysis in enumerate(self.analyses):
            terms = analyzer("prose").analyze(analysis(word))
            field = f"text{place}"
            if len(terms) > 1:
                options.append(Query.phrase_query(self.schema, field, list(terms)))
            elif len(word) == 1 and analysis is in_pairs:
                options.append(Query.regex_query(self.schema, field, f"{word}.?|.{word}"))
            else:
                options.append(Query.term_query(self.schema, field, terms[0]))
        return Query.boolean_query([(Occur.Should, option) for option in options])


@dataclass(frozen=True)
class Asked:
    """Words, and the passage that they were taken from."""

    words: tuple[str, ...]
    passage: int


def draw(
    texts: Sequence[str], words: Callable[[str], Sequence[str]], count: int, seed: int
) -> dict[str, list[Asked]]:
    """Queries of each kind, `count` of each."""
    chance = random.Random(seed)
    known = [[word for run in _RUN.findall(text) for word in words(run)] for text in texts]
    long = [list(dict.fromkeys(word for word in found if len(word) > 1)) for found in known]

    def some(number: int) -> Asked:
        while True:
            passage = chance.randrange(len(texts))
            if len(long[passage]) >= number:
                return Asked(tuple(chance.sample(long[passage], number)), passage)

    def together(length: int) -> Asked:
        while True:
            passage = chance.randrange(len(texts))
            run = chance.choice(_RUN.findall(texts[passage]))
            if len(run) >= length:
                start = chance.randrange(len(run) - length + 1)
                return Asked((run[start : start + length],), passage)

    kinds: dict[str, Callable[[], Asked]] = {
        "a character": lambda: together(1),
        "a word": lambda: some(1),
        "two words": lambda: some(2),
        "three words": lambda: some(3),
        "4 together": lambda: together(4),
        "6 together": lambda: together(6),
    }
    return {name: [make() for _ in range(count)] for name, make in kinds.items()}


def whole(way: Way, texts: Sequence[str], asked: Sequence[Asked]) -> tuple[float, float]:
    """Of the passages that hold a word, the share that is found; of those found, the share that holds it."""
    recalls, precisions = [], []
    for query in asked:
        holding = {number for number, text in enumerate(texts) if query.words[0] in text}
        found = set(way.find(query.words))
        recalls.append(len(found & holding) / len(holding))
        precisions.append(len(found & holding) / len(found) if found else 1.0)
    return sum(recalls) / len(asked), sum(precisions) / len(asked)


def places(way: Way, asked: Sequence[Asked]) -> tuple[float, float, float]:
    """How often the passage meant comes first, how often among ten, and the mean of 1 / its place."""
    found = [way.find(query.words) for query in asked]
    at = [
        numbers.index(query.passage) + 1 if query.passage in numbers else 0
        for numbers, query in zip(found, asked, strict=True)
    ]
    inverse = [1 / place if place else 0.0 for place in at]
    count = len(asked)
    return (
        sum(place == 1 for place in at) / count,
        sum(0 < place <= 10 for place in at) / count,
        sum(inverse) / count,
    )


def show(way: Way, texts: Sequence[str], queries: dict[str, list[Asked]]) -> None:
    for kind in ("a character", "a word", "4 together"):
        recall, precision = whole(way, texts, queries[kind])
        print(
            f"  whole, {kind:12} of those that hold it {recall:6.1%} found, of the found {precision:6.1%} hold it"
        )
    for kind in ("two words", "three words", "4 together", "6 together"):
        first, ten, mean = places(way, queries[kind])
        print(f"  known, {kind:12} first {first:6.1%}   among ten {ten:6.1%}   MRR {mean:.3f}")


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    reader.add_argument("--queries", type=int, default=400, help="of each kind")
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--model", type=Path, default=Path("models/default.model"))
    given = reader.parse_args()
    try:
        words = importlib.import_module("rjieba").cut
    except ImportError:
        print("rjieba is missing, which draws the queries' words: `pip install quire[bench]`")
        return
    texts = passages()
    in_pieces = partial(by_run, partial(pieces, Tokenizer.load(given.model)))
    in_pieces("预备")  # compiles what is compiled at first use
    ways: dict[str, list[Analysis]] = {
        "pairs": [in_pairs],
        "pieces": [in_pieces],
        "pieces and pairs": [in_pieces, in_pairs],
        "characters": [partial(by_run, list)],
        "rjieba's words": [partial(by_run, words)],
    }
    queries = draw(texts, words, given.queries, given.seed)
    characters = sum(map(len, texts))
    print(f"{len(texts)} passages, {characters:,} characters; {given.queries} queries of each kind")
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, analyses) in enumerate(ways.items()):
            way = Way.of(name, analyses, texts, Path(folder) / str(number))
            took = 1e6 * way.seconds / characters
            print(f"\n{name}: index {way.size / 1024:.0f} KB, analysis {took:.2f} µs a character")
            show(way, texts, queries)


if __name__ == "__main__":
    main()
