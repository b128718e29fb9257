"""How much there is to hold while a vocabulary is trained: `python -m benchmarks.train_sizes --corpus texts.jsonl`.

The different n-grams of the texts and the bytes that their counts take, the n-grams that stay and the bytes of their
tables, and the different pieces that the texts are cut into. Without `--corpus` it takes the project's own files.
"""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

from app.tokenizer.training import likelihood
from app.tokenizer.training.corpus import Corpus
from app.tokenizer.training.likelihood import CorpusBatch
from app.tokenizer.training.sorted_runs import Run, Runs, merged_between
from benchmarks.train import own_texts

ORDER = 6
MIN_COUNT = 2
EVERY_KEY = (0, 1 << 64)


def counted(texts: Iterable[str], count: Callable[[CorpusBatch], Run]) -> Run:
    """What a function gives for each batch of the texts, as one run."""
    runs: Runs[Run] = Runs()
    for batch in likelihood.read_batches(texts, isolate_digits=False):
        runs.add(count(batch))
    return merged_between(runs.runs(), *EVERY_KEY)


def main() -> None:
    """Prints a row for each kind of thing."""
    parser = argparse.ArgumentParser(description="What training has to hold.")
    parser.add_argument("--corpus", type=Path, help="texts as for `quire train`")
    corpus = parser.parse_args().corpus
    texts = Corpus([str(corpus)]) if corpus else list(own_texts())
    size = sum(len(text.encode()) for text in texts)
    ngrams = counted(texts, lambda batch: likelihood.count_ngrams(batch, ORDER))
    kept = likelihood.score_ngrams(ngrams, ORDER, MIN_COUNT)
    tables = likelihood.look_up_tables(kept, ORDER, MIN_COUNT)
    of_tables = sum(array.nbytes for array in tables[1:])
    pieces = counted(texts, lambda batch: likelihood.count_pieces(batch, likelihood.cut(batch, tables, True)))
    print(f"{size / 1e6:.1f} MB of text")
    print(
        f"{len(ngrams.keys) / 1e6:.2f} million n-grams of {ORDER} bytes, counts {ngrams.size() / 1e6:.1f} MB"
    )
    print(f"{len(kept.keys) / 1e6:.2f} million of 3 and more bytes stay, tables {of_tables / 1e6:.1f} MB")
    print(
        f"{len(pieces.keys) / 1e6:.2f} million pieces, {len(pieces.pool) / 1e6:.1f} MB long, "
        f"with counts {pieces.size() / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main()
