"""How time and memory of training grow with the corpus: `python -m benchmarks.train_growth --megabytes 10 100`.

A corpus that is too small is repeated, and each copy is perturbed: of its words, one in twenty is replaced by one
drawn from the whole corpus, always the same way. So new n-grams keep coming, though fewer than in new texts. Each
size is trained in a process of its own by two threads, from a file; with `--memory` counts go to disk. Processor time,
of both threads and imports, says more on a busy machine.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from app.tokenizer.training.corpus import Corpus
from benchmarks.train import ROOT, own_texts

REPLACED = 0.05  # of the words of a copy


def write_perturbed(corpus: Path | None, target: Path, most: float) -> int:
    """Writes about `most` bytes, a text a line, and returns how many there are."""
    texts = [text.replace("\n", " ") for text in (Corpus([str(corpus)]) if corpus else own_texts())]
    chosen = random.Random(1)
    known = [word for text in chosen.sample(texts, min(2000, len(texts))) for word in text.split(" ")]
    size = copy = 0
    with target.open("w", encoding="utf-8") as out:
        while size < most:
            for text in texts:
                words = text.split(" ")
                for _ in range(round(len(words) * REPLACED) if copy else 0):
                    words[chosen.randrange(len(words))] = chosen.choice(known)
                line = " ".join(words) + "\n"
                size += len(line.encode())
                out.write(line)
                if size >= most:
                    break
            copy += 1
    return size


def measure(path: str, pieces: int, memory: int | None) -> None:
    """Trains in this process and prints seconds, those of processors, and megabytes (2^20 bytes) at the peak."""
    from app.tokenizer.training.trainer import Trainer

    began = perf_counter()
    Trainer(vocab_size=pieces).train(Corpus([path]), threads=2, memory=memory)
    seconds = perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))


def main() -> None:
    """Prints a row for each size."""
    parser = argparse.ArgumentParser(description="Training as the corpus grows.")
    parser.add_argument(
        "--corpus", type=Path, help="texts as for `quire train`; else the project's own files"
    )
    parser.add_argument("--megabytes", type=float, nargs="+", default=[1, 3, 10])
    parser.add_argument("--pieces", type=int, default=32000)
    parser.add_argument("--memory", type=float, help="megabytes to stay below")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    memory = None if options.memory is None else int(options.memory * 1e6)
    if options.measure:
        measure(options.measure, options.pieces, memory)
        return
    print(f"{'corpus':>10} {'seconds':>9} {'processor':>9} {'a MB':>6} {'peak':>9}")
    for megabytes in options.megabytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "corpus.txt")
            size = write_perturbed(options.corpus, path, megabytes * 1e6) / 1e6
            command = [sys.executable, "-m", "benchmarks.train_growth", "--measure", str(path)]
            command += ["--pieces", str(options.pieces)]
            command += ["--memory", str(options.memory)] if memory else []
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
        seconds, processor, peak = json.loads(done.stdout)
        row = f"{size:7.0f} MB {seconds:9.1f} {processor:9.1f} {processor / size:6.3f} {peak:6.0f} MB"
        print(row, flush=True)


if __name__ == "__main__":
    main()
