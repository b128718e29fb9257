"""How long a vocabulary takes, beside SentencePiece's trainers and bytepiece's: `python -m benchmarks.train`.

`--corpus` names the texts; without it they are the project's own files, which are few.

Each trains in a process of its own, in turn, from one file with a document a line (their line ends are spaces), to
the same number of pieces with two threads. Time is from the call to the model, reading included, importing not; of
several rounds the fastest counts. Processor time, of all threads and workers, says more on a busy machine. Memory is
the most that the process had in use, workers added. bytepiece needs minutes, so it gets the first few megabytes
(`--bytepiece-megabytes`), and its time is scaled by the size, which favours it, as its cost for a byte grows with the
corpus; `--whole-bytepiece` gives it all of them. `--only` leaves trainers out.
"""

import argparse
import importlib
import json
import multiprocessing
import os
import platform
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from app.tokenizer.training.corpus import Corpus

ROOT = Path(__file__).resolve().parents[1]
OURS = "quire"
BYTEPIECE = "bytepiece"


def quire(path: str, pieces: int) -> None:
    """Ours, with two threads."""
    from app.tokenizer.training.trainer import Trainer

    model = Trainer(vocab_size=pieces).train(Corpus([path]), threads=2)
    model.save(path + ".quire.model")


def sentencepiece(kind: str) -> Callable[[str, int], None]:
    """SentencePiece's trainer of a kind, with its own defaults but for the length of a line."""

    def train(path: str, pieces: int) -> None:
        importlib.import_module("sentencepiece").SentencePieceTrainer.train(
            input=path,
            model_prefix=f"{path}.{kind}",
            vocab_size=pieces,
            model_type=kind,
            num_threads=2,
            max_sentence_length=1 << 20,
            minloglevel=2,
        )

    return train


def bytepiece(path: str, pieces: int) -> None:
    """bytepiece with two workers, its own way of using processors."""

    class Texts:
        def __iter__(self) -> Iterator[str]:
            with Path(path).open(encoding="utf-8", newline="\n") as lines:
                for line in lines:
                    yield line.removesuffix("\n")

    # Its workers are closures, which only a forked process can be given.
    multiprocessing.set_start_method("fork", force=True)
    trainer = importlib.import_module("bytepiece").Trainer(order=6, max_vocab_size=pieces, min_count=2)
    trainer.train(Texts(), workers=2)
    trainer.save(path + ".bytepiece.model")


TRAINERS: dict[str, Callable[[str, int], None]] = {
    OURS: quire,
    "sentencepiece bpe": sentencepiece("bpe"),
    "sentencepiece unigram": sentencepiece("unigram"),
    BYTEPIECE: bytepiece,
}


class Result(NamedTuple):
    """What a training took: seconds, those of processors (imports among them), and megabytes at the peak."""

    seconds: float
    processor: float
    megabytes: float


def measure(name: str, path: str, pieces: int) -> None:
    """Trains in this process and prints a result."""
    if name == OURS:
        importlib.import_module("app.tokenizer.training.trainer")
    else:
        importlib.import_module(name.split()[0])
    began = perf_counter()
    TRAINERS[name](path, pieces)
    seconds = perf_counter() - began
    own, workers = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime
    print(json.dumps([seconds, processor, (own.ru_maxrss + 2 * workers.ru_maxrss) / 1024]))


def run(name: str, path: Path, pieces: int) -> Result | None:
    """The same in a process of its own; None where the library is not there."""
    command = [sys.executable, "-m", "benchmarks.train", "--measure", name, "--pieces", str(pieces)]
    done = subprocess.run([*command, "--corpus", str(path)], cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        print(f"{name}: {done.stderr.decode().strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return Result(*json.loads(done.stdout.splitlines()[-1]))


def own_texts() -> Iterator[str]:
    """The project's own files of words and code."""
    for folder in ("app", "docs", "static", "tests"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".md", ".js", ".toml", ".css", ".html"):
                yield path.read_text(encoding="utf-8")


def write_lines(corpus: Path | None, target: Path, most: float) -> int:
    """The texts of a corpus, one a line, until there are `most` bytes; returns how many there are."""
    size = 0
    with target.open("w", encoding="utf-8") as out:
        for text in Corpus([str(corpus)]) if corpus else own_texts():
            line = text.replace("\n", " ") + "\n"
            size += len(line.encode())
            if size > most:
                return size - len(line.encode())
            out.write(line)
    return size


def report(name: str, results: dict[str, Result]) -> None:
    """Prints a row: seconds and processor seconds, each with how many times ours it is, and megabytes."""
    seconds, processor, megabytes = results[name]
    row = f"{name:>22} {seconds:8.1f} s {processor:8.1f} s of processor {megabytes:6.0f} MB"
    if ours := results.get(OURS):
        row += f"   {seconds / ours.seconds:6.2f} and {processor / ours.processor:6.2f} times ours"
    print(row, flush=True)


def compare(options: Any, folder: Path) -> None:
    """Runs all in turn and prints a table."""
    lines, part = folder / "corpus.txt", folder / "part.txt"
    size = write_lines(options.corpus, lines, float("inf"))
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    print(f"{size / 1e6:.1f} MB to {options.pieces:,} pieces, two threads")
    results: dict[str, Result] = {}
    for _ in range(options.rounds):
        for name in options.only:
            if name != BYTEPIECE and (found := run(name, lines, options.pieces)):
                results[name] = min(found, results.get(name, found))
    if BYTEPIECE in options.only:
        most = float("inf") if options.whole_bytepiece else options.bytepiece_megabytes * 1e6
        part_size = write_lines(options.corpus, part, most)
        if found := run(BYTEPIECE, part, options.pieces):
            scale = size / part_size
            results[BYTEPIECE] = found._replace(
                seconds=found.seconds * scale, processor=found.processor * scale
            )
            print(
                f"{BYTEPIECE}: {found.seconds:.1f} s for {part_size / 1e6:.1f} MB; its memory is of that part"
            )
    for name in results:
        report(name, results)


def main() -> None:
    """Prints a row for each trainer."""
    parser = argparse.ArgumentParser(description="Training a vocabulary, beside its peers.")
    parser.add_argument("--corpus", type=Path, help="texts as for `quire train`")
    parser.add_argument("--pieces", type=int, default=32000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--bytepiece-megabytes", type=float, default=3)
    parser.add_argument("--whole-bytepiece", action="store_true", help="give bytepiece all texts")
    parser.add_argument("--only", choices=list(TRAINERS), nargs="+", default=list(TRAINERS))
    parser.add_argument("--measure", choices=list(TRAINERS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, str(options.corpus), options.pieces)
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(options, Path(folder))


if __name__ == "__main__":
    main()
