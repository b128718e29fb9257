"""From nothing to the first ids: `python -m benchmarks.startup`, with `--model` for another model than the default.

Each run is a process of its own that finds machine code kept by the one before; the fastest counts. The interpreter's
own start is left out, importing numpy is not.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

RUN = """
import sys, json
from time import perf_counter
began = perf_counter()
from app.tokenizer import Tokenizer
imported = perf_counter()
tokenizer = Tokenizer.load(sys.argv[1])
loaded = perf_counter()
tokenizer.encode("the first text")
print(json.dumps([imported - began, loaded - imported, perf_counter() - began, tokenizer.vocab_size]))
"""


def main() -> None:
    """Runs and prints all."""
    parser = argparse.ArgumentParser(description="Time to the first ids.")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "default.model")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    runs = []
    for _ in range(options.rounds + 1):
        command = [sys.executable, "-c", RUN, str(options.model)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        runs.append(json.loads(done.stdout))
    fastest = [min(times) for times in zip(*runs[1:], strict=True)]
    print(
        f"{options.model.stem}, {fastest[3]:,} ids: import {fastest[0]:.2f} s, load {fastest[1]:.2f} s, "
        f"from nothing to the first ids {fastest[2]:.2f} s"
    )


if __name__ == "__main__":
    main()
