"""How long a vocabulary takes, beside SentencePiece's trainers and bytepiece's: `python -m benchmarks.train`.

`--corpus` names the texts; without it they are the project's own files, which are few.

All train in turns, from one file with a document a line (their line ends are spaces), to the same number of pieces
with two threads: ours by the command `quire train`, the others by a process of their own that imports the library and
calls it. Time is that of the whole process, as a user waits for it; of several rounds the fastest counts, and the last
column has the median of the rounds' ratios. Processor time, of all threads and workers, says more on a busy machine.
Memory is the most that a process had in use, bytepiece's workers added. bytepiece needs minutes, so it gets the first
few megabytes (`--bytepiece-megabytes`), and its time is scaled by the size, which favours it, as its cost for a byte
grows with the corpus; `--whole-bytepiece` gives it all of them. `--only` leaves trainers out.
"""

import argparse
import importlib
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

from app.tokenizer.training.corpus import Corpus

ROOT = Path(__file__).resolve().parents[1]
OURS = "quire"
BYTEPIECE = "bytepiece"


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


PEERS: dict[str, Callable[[str, int], None]] = {
    "sentencepiece bpe": sentencepiece("bpe"),
    "sentencepiece unigram": sentencepiece("unigram"),
    BYTEPIECE: bytepiece,
}


class Result(NamedTuple):
    """What a training took: seconds, those of processors, and megabytes at the peak."""

    seconds: float
    processor: float
    megabytes: float


def run(name: str, path: Path, pieces: int) -> Result | None:
    """What a process that trains takes; None where the library is not there."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.train",
        "--measure",
        name,
        "--corpus",
        path,
        "--pieces",
        pieces,
    ]
    if name == OURS:
        options = ["--out", f"{path}.model", "--vocab-size", pieces, "--workers", 2, "--force"]
        command = [sys.executable, "-m", "app.cli", "train", path, *options]
    with tempfile.TemporaryFile() as errors:
        began = perf_counter()
        child = subprocess.Popen(list(map(str, command)), cwd=ROOT, stdout=errors, stderr=errors)
        _, status, used = os.wait4(child.pid, 0)
        seconds = perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            errors.seek(0)
            print(f"{name}: {errors.read().decode().strip().splitlines()[-1]}", file=sys.stderr)
            return None
    # Two workers of bytepiece are as large as its process, which the system names as the largest of the three.
    megabytes = used.ru_maxrss / 1024 * (3 if name == BYTEPIECE else 1)
    return Result(seconds, used.ru_utime + used.ru_stime, megabytes)


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


def report(name: str, rounds: dict[str, list[Result]]) -> None:
    """Prints a row: seconds, processor seconds and megabytes, and how many times ours they are, round by round."""
    seconds, processor, megabytes = min(rounds[name])
    row = f"{name:>22} {seconds:8.2f} s {processor:8.1f} s of processor {megabytes:6.0f} MB"
    if ours := rounds.get(OURS):
        pairs = list(zip(rounds[name], ours, strict=False))
        waited = median(peer.seconds / own.seconds for peer, own in pairs)
        worked = median(peer.processor / own.processor for peer, own in pairs)
        row += f"   {waited:6.2f} and {worked:6.2f} times ours"
    print(row, flush=True)


def compare(options: Any, folder: Path) -> None:
    """Runs all in turn and prints a table."""
    lines, part = folder / "corpus.txt", folder / "part.txt"
    size = write_lines(options.corpus, lines, float("inf"))
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    print(f"{size / 1e6:.1f} MB to {options.pieces:,} pieces, two threads")
    if OURS in options.only:
        run(OURS, lines, options.pieces)  # where nothing is compiled yet, it is now
    rounds: dict[str, list[Result]] = {}
    for _ in range(options.rounds):
        for name in options.only:
            if name != BYTEPIECE and (found := run(name, lines, options.pieces)):
                rounds.setdefault(name, []).append(found)
    if BYTEPIECE in options.only:
        most = float("inf") if options.whole_bytepiece else options.bytepiece_megabytes * 1e6
        part_size = write_lines(options.corpus, part, most)
        if found := run(BYTEPIECE, part, options.pieces):
            scale = size / part_size
            scaled = found._replace(seconds=found.seconds * scale, processor=found.processor * scale)
            rounds[BYTEPIECE] = [scaled]
            print(
                f"{BYTEPIECE}: {found.seconds:.1f} s for {part_size / 1e6:.1f} MB; its memory is of that part"
            )
    for name in rounds:
        report(name, rounds)


def main() -> None:
    """Prints a row for each trainer."""
    parser = argparse.ArgumentParser(description="Training a vocabulary, beside its peers.")
    parser.add_argument("--corpus", type=Path, help="texts as for `quire train`")
    parser.add_argument("--pieces", type=int, default=32000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--bytepiece-megabytes", type=float, default=3)
    parser.add_argument("--whole-bytepiece", action="store_true", help="give bytepiece all texts")
    parser.add_argument("--only", choices=[OURS, *PEERS], nargs="+", default=[OURS, *PEERS])
    parser.add_argument("--measure", choices=list(PEERS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        PEERS[options.measure](str(options.corpus), options.pieces)
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(options, Path(folder))


if __name__ == "__main__":
    main()
