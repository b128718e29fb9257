"""How well papers are found by what they mean: 220 queries in English and Chinese, by words, by meaning, and by both.

Run: `QUIRE_DATA_DIR=FOLDER QUIRE_EMBED_… .venv/bin/python -m benchmarks.meaning_quality`, where FOLDER has papers of
arXiv's metadata, those of the queries among them, and their vectors (`quire papers import`, `quire papers embed`).

`meaning_queries.jsonl` was made by reading 110 abstracts, drawn by seed over twenty categories: for each paper an
English query that says in other words what it is about, and a Chinese one, without its name and mostly without its
title's words. `papers` are those that answer, `half` says whether a query may be tuned on: each paper is in one half
with both its queries. Nothing here was tuned on the half that was held out.

MRR is the mean of 1 / place of the first answer among the first 100, recall the share of queries with one in the first
10. The ways: words as a search has them (all of them), words of which any may be there (BM25, what most engines do),
meaning, and both as they are joined, with other constants for comparison.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from app.embedding import open_embedder
from app.papers.meaning.searching import Meaning
from app.papers.search import blending
from app.papers.search.blending import By
from app.papers.search.schema import searchable, terms
from app.papers.search.searching import Search, SearchIndex
from app.papers.store.positions import paper_number
from app.papers.store.reading import Store
from app.settings import Settings

QUERIES = Path(__file__).parent / "meaning_queries.jsonl"
_DEPTH = 100
_SHOWN = 10

Way = Callable[[str], Sequence[int]]


def main() -> None:
    settings = Settings()
    embedder = open_embedder(settings)
    queries = [json.loads(line) for line in QUERIES.read_text(encoding="utf-8").splitlines()]
    index, meaning = SearchIndex(settings.index_path), Meaning(settings.vectors_path, embedder)
    with Store(settings.store_location) as store:
        names = [name for query in queries for name in query["papers"]]
        if missing := set(names) - {paper.id for paper in store.papers(list(dict.fromkeys(names)))}:
            raise SystemExit(
                f"{len(missing)} of the queries' papers are not in {settings.data_dir}: {sorted(missing)[:3]}"
            )

        def found(by: By, constant: int | None = None) -> Way:
            def way(text: str) -> list[int]:
                if constant is not None:
                    blending.CONSTANTS |= {"words": constant, "some": constant, "meaning": constant}
                page = blending.find(store, index, meaning, Search(text), by, limit=_DEPTH).page
                return [paper_number(paper.id) for paper in page.papers]

            return way

        def any_word(text: str) -> list[int]:
            words = dict.fromkeys(terms(searchable(text), "abstract"), 1.0)
            return index.holding(words, Search(""), _DEPTH)

        ways: dict[str, Way] = {"words, all of them": found("words"), "words, any of them": any_word}
        if meaning.is_on():
            ways |= {"meaning": found("meaning")}
            ways |= {f"both, k = {constant}": found("both", constant) for constant in (60, 10, 5)}
        print(f"{len(store):,} papers, {len(queries)} queries, model {meaning.model}")
        for half in ("tuning", "held out"):
            for language in ("en", "zh"):
                chosen = [
                    query for query in queries if (query["half"], query["language"]) == (half, language)
                ]
                for name, way in ways.items():
                    ranks = [_rank(way(query["query"]), query["papers"]) for query in chosen]
                    mrr = sum(1 / rank for rank in ranks if rank) / len(ranks)
                    recall = sum(0 < rank <= _SHOWN for rank in ranks) / len(ranks)
                    print(f"{half:9} {language}  {name:20} MRR {mrr:.3f}   recall at {_SHOWN} {recall:.3f}")


def _rank(numbers: Sequence[int], papers: Sequence[str]) -> int:
    """The place of the first answer, from 1; 0 where none is there."""
    wanted = set(map(paper_number, papers))
    return next((place for place, number in enumerate(numbers, 1) if number in wanted), 0)


if __name__ == "__main__":
    main()
