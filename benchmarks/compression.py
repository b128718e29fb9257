"""Bytes per token on texts that were not trained on: `python -m benchmarks.compression --texts FOLDER`.

FOLDER holds `KIND.LANGUAGE.jsonl`, a `{"text": …}` a line, of kinds that the corpus lacks. For each vocabulary size
SentencePiece's BPE and unigram (across white space, pieces of up to 36 characters) and both objectives of ours are
trained on the same corpus. SentencePiece is measured twice: as it comes, when it joins lines and runs of spaces and
gives a run of unknown characters one token, so that the text can't be had back; and lossless, with the identity
normalisation, all spaces kept, and bytes for what is unknown. Only the second does the same work as a BytePiece model.
"""

import argparse
import io
import json
import lzma
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import sentencepiece

from app.tokenizer import Tokenizer, Trainer

ROOT = Path(__file__).resolve().parents[1]
LOSSLESS = {"byte_fallback": True, "normalization_rule_name": "identity", "remove_extra_whitespaces": False}
ACROSS_SPACES = {"split_by_whitespace": False, "max_sentencepiece_length": 36}

Count = Callable[[str], int]


def texts_of(path: Path) -> list[str]:
    """The texts of a .jsonl or .jsonl.xz file."""
    content = path.read_bytes()
    lines = (lzma.decompress(content) if path.suffix == ".xz" else content).decode().split("\n")
    return [json.loads(line)["text"] for line in lines if line]


def peer(corpus: Iterable[str], size: int, kind: str, options: dict[str, Any]) -> Count:
    """SentencePiece, trained on the lines of a corpus."""
    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(line for text in corpus for line in text.split("\n") if line),
        model_writer=trained,
        vocab_size=size,
        model_type=kind,
        minloglevel=2,
        num_threads=2,
        **options,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=trained.getvalue())
    return lambda text: len(processor.encode(text))


def counters(corpus: list[str], size: int, unigram: bool) -> Iterator[tuple[str, Count]]:
    """The tokenizers, trained one after another; prints how long each took."""
    kinds: dict[str, tuple[str, dict[str, Any]]] = {"bpe": ("bpe", {}), "lossless bpe": ("bpe", LOSSLESS)}
    if unigram:
        kinds["unigram"] = ("unigram", ACROSS_SPACES)
        kinds["lossless unigram"] = ("unigram", ACROSS_SPACES | LOSSLESS)
    for name, (kind, options) in kinds.items():
        began = perf_counter()
        count = peer(corpus, size, kind, options)
        print(f"  trained {name} in {perf_counter() - began:.0f} s", flush=True)
        yield name, count
    for objective in ("likelihood", "compression"):
        began = perf_counter()
        model = Trainer(vocab_size=size, objective=objective).train(corpus)
        print(f"  trained quire {objective} in {perf_counter() - began:.0f} s", flush=True)
        yield objective, Tokenizer(model).count


def main() -> None:
    """Trains, measures and prints all."""
    parser = argparse.ArgumentParser(
        description="Bytes per token beside SentencePiece's and BytePiece's own."
    )
    parser.add_argument(
        "--corpus", type=Path, default=ROOT.parent / "shared/data/corpus/train.jsonl.xz", help="to train on"
    )
    parser.add_argument("--texts", type=Path, help="folder of KIND.LANGUAGE.jsonl to measure on")
    parser.add_argument("--sizes", type=int, nargs="+", default=[8000, 32000, 64000])
    parser.add_argument("--no-unigram", action="store_true", help="leave out what takes minutes to train")
    options = parser.parse_args()
    if options.texts is None:
        print("Nothing measured: name a folder of texts that were not trained on with --texts")
        return
    files = sorted(options.texts.glob("*.jsonl"))
    if not files or not options.corpus.exists():
        parser.error(f"no *.jsonl in {options.texts}, or no {options.corpus}")
    corpus = texts_of(options.corpus)
    measured = {path.stem: texts_of(path) for path in files}
    for size in options.sizes:
        print(f"{size:,} pieces")
        report(measured, dict(counters(corpus, size, not options.no_unigram)))


def report(measured: dict[str, list[str]], tokenizers: dict[str, Count]) -> None:
    """Prints bytes per token by kind, and our gain over the best that is as it comes, and that is lossless."""
    print(f"{'':22}" + "".join(f"{name:>17}" for name in tokenizers) + "  % as it comes  % lossless")
    gains: list[tuple[float, float]] = []
    for kind, texts in measured.items():
        size = sum(len(text.encode()) for text in texts)
        ratio = {name: size / sum(map(count, texts)) for name, count in tokenizers.items()}
        ours = ratio.pop("compression")
        lossless = [value for name, value in ratio.items() if name.startswith(("lossless", "likelihood"))]
        best = ours / max(ratio.values()), ours / max(lossless)
        gains.append(best)
        row = "".join(f"{value:17.3f}" for value in [*ratio.values(), ours])
        print(f"{kind:22}{row}" + "".join(f"{100 * (value - 1):+13.1f}" for value in best), flush=True)
    means = [math.exp(sum(map(math.log, column)) / len(gains)) for column in zip(*gains, strict=True)]
    print(
        f"{'mean':22}" + " " * 17 * len(tokenizers) + "".join(f"{100 * (mean - 1):+13.1f}" for mean in means)
    )


if __name__ == "__main__":
    main()
