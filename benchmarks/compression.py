"""Bytes per token on texts that were not trained on: `python -m benchmarks.compression --texts FOLDER`.

FOLDER holds `KIND.LANGUAGE.jsonl`, a `{"text": …}` a line, of kinds that the corpus lacks. For each vocabulary size
SentencePiece's BPE and unigram (across white space, pieces of up to 36 characters) and both objectives of Quire are
trained on the same corpus, or read where `--keep` has them. SentencePiece is trained twice: as it comes, when it joins
lines and runs of spaces and gives a run of unknown characters one token, so that the text can't be had back; and
lossless, with the identity normalisation, all spaces kept, and bytes for what is unknown.

Three gains over the best peer are printed. `put in` counts the bytes of the text, whatever the tokens make of them.
`carried` counts the bytes that the tokens give back, without those that stand for unknown characters: a token is
not credited for what it lost. `lossless` leaves out the peers that lose text.
"""

import argparse
import io
import json
import lzma
import math
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Literal

import sentencepiece

from app.tokenizer import Model, Tokenizer, Trainer

ROOT = Path(__file__).resolve().parents[1]
LOSSLESS = {"byte_fallback": True, "normalization_rule_name": "identity", "remove_extra_whitespaces": False}
ACROSS_SPACES = {"split_by_whitespace": False, "max_sentencepiece_length": 36}

Measure = Callable[[list[str]], tuple[int, int]]
"""How many tokens some texts have, and how many bytes these tokens give back."""


def texts_of(path: Path) -> list[str]:
    """The texts of a .jsonl or .jsonl.xz file."""
    content = path.read_bytes()
    lines = (lzma.decompress(content) if path.suffix == ".xz" else content).decode().split("\n")
    return [json.loads(line)["text"] for line in lines if line]


def train_peer(corpus: Iterable[str], size: int, kind: str, options: dict[str, Any]) -> bytes:
    """SentencePiece's model, trained on the lines of a corpus."""
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
    return trained.getvalue()


def measure_peer(model: Path) -> Measure:
    """A measure by SentencePiece; what it gives back of a run of unknown characters is nothing."""
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    unknown = processor.unk_id()

    def measure(texts: list[str]) -> tuple[int, int]:
        encoded = processor.encode(texts)
        back = processor.decode([[item for item in ids if item != unknown] for ids in encoded])
        return sum(map(len, encoded)), sum(len(text.encode()) for text in back)

    return measure


def measure_ours(model: Path) -> Measure:
    """A measure by one of our models, which lose nothing."""
    tokenizer = Tokenizer(Model.load(model))
    return lambda texts: (sum(map(tokenizer.count, texts)), sum(len(text.encode()) for text in texts))


def train_ours(corpus: list[str], size: int, objective: Literal["likelihood", "compression"]) -> bytes:
    """Our model for an objective."""
    return Trainer(vocab_size=size, objective=objective).train(corpus).to_bytes()


def measures(corpus: list[str], size: int, unigram: bool, folder: Path) -> Iterator[tuple[str, Measure]]:
    """The tokenizers, trained one after another; prints how long each took."""
    kinds: dict[str, tuple[str, dict[str, Any]]] = {"bpe": ("bpe", {}), "lossless-bpe": ("bpe", LOSSLESS)}
    if unigram:
        kinds["unigram"] = ("unigram", ACROSS_SPACES)
        kinds["lossless-unigram"] = ("unigram", ACROSS_SPACES | LOSSLESS)
    for name, (kind, options) in kinds.items():
        train = partial(train_peer, corpus, size, kind, options)
        yield name, measure_peer(kept(folder / f"{name}.{size}.spm", train))
    objectives: tuple[Literal["likelihood"], Literal["compression"]] = ("likelihood", "compression")
    for objective in objectives:
        path = kept(folder / f"{objective}.{size}.model", partial(train_ours, corpus, size, objective))
        yield objective, measure_ours(path)


def kept(path: Path, train: Callable[[], bytes]) -> Path:
    """The path of a model, which is trained, timed and put there where it is missing."""
    if not path.exists():
        began = perf_counter()
        path.write_bytes(train())
        print(f"  trained {path.name} in {perf_counter() - began:.0f} s", flush=True)
    return path


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
    parser.add_argument("--keep", type=Path, help="folder where trained models are kept and looked for")
    options = parser.parse_args()
    if options.texts is None:
        print("Nothing measured: name a folder of texts that were not trained on with --texts")
        return
    files = sorted(options.texts.glob("*.jsonl"))
    if not files or not options.corpus.exists():
        parser.error(f"no *.jsonl in {options.texts}, or no {options.corpus}")
    corpus = texts_of(options.corpus)
    measured = {path.stem: texts_of(path) for path in files}
    with TemporaryDirectory() as temporary:
        for size in options.sizes:
            print(f"{size:,} pieces")
            unigram, folder = not options.no_unigram, options.keep or Path(temporary)
            report(measured, dict(measures(corpus, size, unigram, folder)))


def report(measured: dict[str, list[str]], tokenizers: dict[str, Measure]) -> None:
    """Prints bytes put in per token by text, and our gains over the best peer by the three measures; means by kind."""
    print(f"{'':22}" + "".join(f"{name:>17}" for name in tokenizers) + "   % put in  % carried % lossless")
    gains: dict[str, list[list[float]]] = {}
    for name, texts in measured.items():
        size = sum(len(text.encode()) for text in texts)
        found = {peer: measure(texts) for peer, measure in tokenizers.items()}
        ours = size / found["compression"][0]
        put_in = {peer: size / tokens for peer, (tokens, _) in found.items() if peer != "compression"}
        carried = [back / tokens for peer, (tokens, back) in found.items() if peer != "compression"]
        lossless = [ratio for peer, ratio in put_in.items() if peer.startswith(("lossless", "likelihood"))]
        row = [ours / max(put_in.values()), ours / max(carried), ours / max(lossless)]
        gains.setdefault(name.split(".")[0].split("-")[0], []).append(row)
        print(
            f"{name:22}" + "".join(f"{ratio:17.3f}" for ratio in [*put_in.values(), ours]) + percent(row),
            flush=True,
        )
    for kind, rows in gains.items():
        means = [math.exp(sum(map(math.log, column)) / len(rows)) for column in zip(*rows, strict=True)]
        print(f"{'mean of ' + kind:22}" + " " * 17 * len(tokenizers) + percent(means))


def percent(ratios: list[float]) -> str:
    """Columns of gains in percent."""
    return "".join(f"{100 * (ratio - 1):+11.1f}" for ratio in ratios)


if __name__ == "__main__":
    main()
