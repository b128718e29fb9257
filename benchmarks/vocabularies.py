"""Bytes per token by language beside four peers: `python -m benchmarks.vocabularies CORPUS`.

CORPUS is the folder that `make models` trains from. SentencePiece's BPE and unigram (lossless: the identity
normalisation, all spaces kept, bytes for what is unknown), the byte-level BPE of Hugging Face's tokenizers, and
BytePiece's own objective are trained on all of it, to as many ids as our model has, or read where `--keep` has them.
Unigram, which would take dozens of gigabytes, gets a sample of the lines, as SentencePiece's documentation advises. All
are measured on `dev.jsonl.xz`, on which none was trained. The last lines have the geometric mean over languages of our
model against each peer, and against whichever is best in a language.
"""

import argparse
import json
import lzma
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tokenizers import Tokenizer as LibraryTokenizer
from tokenizers import decoders, models, pre_tokenizers, trainers

from app.tokenizer import Model, Tokenizer
from benchmarks.compression import (
    ACROSS_SPACES,
    LOSSLESS,
    Measure,
    kept,
    measure_ours,
    measure_peer,
    train_ours,
    train_peer,
)

FILES = ("chinese", "code", "english", "languages", "science")
OURS = Path(__file__).resolve().parents[1] / "models"
LEAST_BYTES = 20_000
"""Of a language's texts: shorter ones say little."""

Count = Callable[[list[str]], int]
"""How many tokens some texts have."""


def records(path: Path) -> Iterator[tuple[str, str]]:
    """The texts of a file with their languages; all code is one."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            yield ("code" if record["kind"] == "code" else record["lang"]), record["text"]


def train_byte_bpe(corpus: list[str], size: int) -> bytes:
    """A byte-level BPE as GPT-2's, by Hugging Face's tokenizers."""
    tokenizer = LibraryTokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(corpus, trainer, length=len(corpus))
    return tokenizer.to_str().encode()


def peers(corpus: list[str], size: int, folder: Path) -> Iterator[tuple[str, Count]]:
    """The four, trained one after another."""
    sample = ACROSS_SPACES | LOSSLESS | {"input_sentence_size": 1_000_000, "shuffle_input_sentence": True}
    for name, kind, options in (("bpe", "bpe", LOSSLESS), ("unigram", "unigram", sample)):
        path = kept(folder / f"{name}.{size}.spm", partial(train_peer, corpus, size, kind, options))
        yield f"SentencePiece {name}", count_by(measure_peer(path))
    path = kept(folder / f"byte-bpe.{size}.json", partial(train_byte_bpe, corpus, size))
    library = LibraryTokenizer.from_file(str(path))
    yield "byte-level BPE", lambda texts: sum(len(found.ids) for found in library.encode_batch(texts))
    path = kept(folder / f"bytepiece.{size}.model", partial(train_ours, corpus, size, "likelihood"))
    yield "BytePiece", count_by(measure_ours(path))


def count_by(measure: Measure) -> Count:
    """The tokens alone of what compression.py measures."""
    return lambda texts: measure(texts)[0]


def main() -> None:
    """Trains the peers, measures all and prints a row for each language."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path, help="the folder with chinese.jsonl.xz and the others")
    parser.add_argument("--model", default="default", help="of models/")
    parser.add_argument("--keep", type=Path, help="folder where trained models are kept and looked for")
    options = parser.parse_args()
    model = OURS / f"{options.model}.model"
    size = Tokenizer(Model.load(model)).vocab_size
    texts: dict[str, list[str]] = defaultdict(list)
    for language, text in records(options.corpus / "dev.jsonl.xz"):
        texts[language].append(text)
    corpus = [text for name in FILES for _, text in records(options.corpus / f"{name}.jsonl.xz")]
    with TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        counts = dict(peers(corpus, size, folder))
        counts["ours"] = count_by(measure_ours(model))
        report(texts, counts)


def report(texts: dict[str, list[str]], counts: dict[str, Count]) -> None:
    """Prints bytes per token, the most text first, and the means of our gains over each peer and over the best."""
    sizes = {language: sum(len(text.encode()) for text in found) for language, found in texts.items()}
    print(f"{'':10}{'bytes':>10}" + "".join(f"{name:>23}" for name in counts) + f"{'of best':>9}")
    gains: dict[str, dict[str, float]] = defaultdict(dict)
    for language, size in sorted(sizes.items(), key=lambda item: -item[1]):
        if size < LEAST_BYTES:
            continue
        ratios = {name: size / count(texts[language]) for name, count in counts.items()}
        own = ratios["ours"]
        over = {name: own / ratio for name, ratio in ratios.items() if name != "ours"}
        least = min(over.values())
        for name, gain in (over | {"the best of each language": least}).items():
            gains[name][language] = gain
        row = "".join(f"{ratio:23.2f}" for ratio in ratios.values())
        print(f"{language:10}{size:10,}{row}{least:9.3f}", flush=True)
    for name, found in gains.items():
        mean = math.exp(sum(map(math.log, found.values())) / len(found))
        worst = min(found, key=found.__getitem__)
        print(
            f"over {name}: mean of {len(found)} languages {mean:.3f}, code {found.get('code', math.nan):.3f}, "
            f"least {found[worst]:.3f} ({worst})"
        )


if __name__ == "__main__":
    main()
