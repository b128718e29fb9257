"""How fast texts become ids, beside every tokenizer that can be imported: `python -m benchmarks.encode`.

All run in one process and take turns over the same few texts, each once to warm up and once to be timed; of several
rounds the fastest counts, and the sums over all texts are compared. So ratios hold also on a machine that is busy with
other things; megabytes a second move with it.

SentencePiece and Hugging Face tokenizers get the same vocabulary, exported; pieces that are not whole characters are
left out of it, for us as well, since those formats can't hold them. Tokenizers that split at white space and cache
words are a class of their own: pieces here cross words.

The peers besides those that tests need are in the extra `bench` (`pip install -e '.[bench]'`). bytepiece itself needs a
pyahocorasick over bytes, with which our reference can't work, so it wants an environment of its own:
`AHOCORASICK_BYTES=1 pip install --no-binary pyahocorasick pyahocorasick cython bytepiece`, with
`--no-build-isolation` for bytepiece.
"""

import argparse
import importlib
import io
import json
import lzma
import os
import platform
import tempfile
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any

from app.tokenizer import Model, Tokenizer
from app.tokenizer.formats import to_huggingface, to_sentencepiece

ROOT = Path(__file__).resolve().parents[1]
SAME = "sentencepiece, same vocabulary"
OWN_VOCABULARY = 8000  # pieces of the peers that train their own on the texts they encode
SHORT = "A text of sixty bytes, as a chat or a search field sends it."

Encode = Callable[[list[str]], Any]
Make = Callable[[Model, Sequence[str]], Encode]


def expressible(model: Model) -> Model:
    """The model without the pieces that are not whole characters."""

    def whole(piece: bytes) -> bool:
        return len(piece) == 1 or (piece.decode(errors="replace").encode() == piece and b"\0" not in piece)

    counts = zip(model.pieces, model.counts.tolist(), strict=True)
    return Model.from_counts(model.name, {piece: count for piece, count in counts if whole(piece)})


def each(encode: Callable[[str], Any]) -> Encode:
    """Encodes texts one by one."""
    return lambda texts: [encode(text) for text in texts]


def sentencepiece_same(model: Model, _corpus: Sequence[str]) -> Encode:
    """SentencePiece with our vocabulary."""
    library = importlib.import_module("sentencepiece")
    return each(library.SentencePieceProcessor(model_proto=to_sentencepiece(model)).encode)


def sentencepiece_bpe(_model: Model, corpus: Sequence[str]) -> Encode:
    """SentencePiece with a BPE of its own."""
    library = importlib.import_module("sentencepiece")
    trained = io.BytesIO()
    library.SentencePieceTrainer.train(
        sentence_iterator=iter(line[:4000] for text in corpus for line in text.splitlines() if line),
        model_writer=trained,
        vocab_size=OWN_VOCABULARY,
        model_type="bpe",
        character_coverage=0.9995,
        minloglevel=2,
    )
    return each(library.SentencePieceProcessor(model_proto=trained.getvalue()).encode)


def huggingface_same(model: Model, _corpus: Sequence[str]) -> Encode:
    """Hugging Face tokenizers with our vocabulary."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    encode = importlib.import_module("tokenizers").Tokenizer.from_str(to_huggingface(model).decode()).encode
    return each(lambda text: encode(text).ids)


@cache
def byte_level_bpe(corpus: tuple[str, ...]) -> Any:
    """A byte-level BPE in Hugging Face's form, for libraries that train none."""
    bpe = importlib.import_module("tokenizers").ByteLevelBPETokenizer()
    bpe.train_from_iterator(corpus, vocab_size=OWN_VOCABULARY, show_progress=False)
    return bpe


def tiktoken_trained(_model: Model, corpus: Sequence[str]) -> Encode:
    """tiktoken with the ranks of a byte-level BPE, and GPT-2's pattern."""
    library = importlib.import_module("tiktoken")
    shown = {character: byte for byte, character in byte_letters().items()}
    vocabulary = byte_level_bpe(tuple(corpus)).get_vocab()
    ranks = {bytes(shown[letter] for letter in piece): rank for piece, rank in vocabulary.items()}
    pattern = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
    encoding = library.Encoding("trained", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return each(encoding.encode_ordinary)


def byte_letters() -> dict[int, str]:
    """The character by which byte-level BPE writes each byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = (byte for byte in range(256) if byte not in plain)
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + i) for i, byte in enumerate(others)}


def bytepiece_peer(module: str) -> Make:
    """bytepiece or one of its Rust cousins, with the same model file."""

    def make(model: Model, _corpus: Sequence[str]) -> Encode:
        library = importlib.import_module(module)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "same.model")
            model.save(path)
            return each(library.Tokenizer(str(path)).encode)

    return make


def tokie_same(model: Model, _corpus: Sequence[str]) -> Encode:
    """tokie with our vocabulary."""
    library = importlib.import_module("tokie")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tokenizer.json")
        path.write_bytes(to_huggingface(model))
        return each(library.Tokenizer.from_json(str(path)).encode)


def gigatoken_bpe(_model: Model, corpus: Sequence[str]) -> Encode:
    """gigatoken, which knows BPE alone."""
    library = importlib.import_module("gigatoken")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tokenizer.json")
        byte_level_bpe(tuple(corpus)).save(str(path))
        return each(library.Tokenizer(str(path)).encode)


PEERS: dict[str, Make] = {
    SAME: sentencepiece_same,
    "sentencepiece BPE": sentencepiece_bpe,
    "tokenizers, same vocabulary": huggingface_same,
    "tiktoken": tiktoken_trained,
    "bytepiece_py (Rust)": bytepiece_peer("bytepiece_py"),
    "rs_bytepiece (Rust)": bytepiece_peer("rs_bytepiece"),
    "bytepiece (Cython)": bytepiece_peer("bytepiece"),
    "tokie (caches words)": tokie_same,
    "gigatoken (caches words)": gigatoken_bpe,
}


def peers(model: Model, corpus: Sequence[str]) -> tuple[dict[str, Encode], list[str]]:
    """The other tokenizers on one thread, and which can't be had and why."""
    found: dict[str, Encode] = {}
    missing = []
    for name, make in PEERS.items():
        try:
            found[name] = make(model, corpus)
        except Exception as error:  # noqa: BLE001 (whatever a peer raises is reported, not hidden)
            missing.append(f"{name}: {type(error).__name__}: {error}"[:160])
    return found, missing


def seconds(encoders: dict[str, Encode], texts: list[str], group: int, rounds: int) -> dict[str, float]:
    """Seconds for all texts: taking turns by groups, warmed up, the fastest of several rounds."""
    total = dict.fromkeys(encoders, 0.0)
    for start in range(0, len(texts), group):
        part = texts[start : start + group]
        fastest = dict.fromkeys(encoders, float("inf"))
        for _ in range(rounds):
            for name, encode in encoders.items():
                encode(part)
                began = perf_counter()
                encode(part)
                fastest[name] = min(fastest[name], perf_counter() - began)
        for name in encoders:
            total[name] += fastest[name]
    return total


def report(title: str, texts: list[str], taken: dict[str, float], base: str) -> None:
    """Prints a table: megabytes a second, and how many times as fast as `base`."""
    size = sum(len(text.encode()) for text in texts)
    print(f"\n{title}: {len(texts):,} texts, {size / 1e6:.2f} MB")
    for name, time in sorted(taken.items(), key=lambda item: item[1]):
        ratio = f"{taken[base] / time:6.2f}x" if base in taken else ""
        print(f"  {name:32} {size / time / 1e6:8.1f} MB/s {time / len(texts) * 1e6:10.1f} us a text {ratio}")


def samples(path: Path, most: int) -> dict[str, list[str]]:
    """Mixed, English and Chinese texts of up to 16 KB in NFC, `most` of each, evenly from the file."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        texts = [unicodedata.normalize("NFC", json.loads(line)["text"])[:5000] for line in file]
    english = [text for text in texts if sum(letter.isascii() for letter in text) > 0.98 * len(text)]
    chinese = [text for text in texts if sum("一" <= letter <= "鿿" for letter in text) > 0.3 * len(text)]
    kinds = {"mixed": texts, "English": english, "Chinese": chinese}
    return {kind: some[:: max(1, len(some) // most)] for kind, some in kinds.items()}


def main() -> None:
    """Runs and prints all."""
    parser = argparse.ArgumentParser(description="Encoding speed beside other tokenizers.")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "default.model")
    parser.add_argument("--corpus", type=Path, default=ROOT.parent / "shared/data/corpus/dev.jsonl.xz")
    parser.add_argument("--texts", type=int, default=60, help="texts of each kind")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    loaded = Model.load(options.model)
    model = expressible(loaded)
    kinds = samples(options.corpus, options.texts)
    print(
        f"{loaded.name}: {model.vocab_size:,} ids, {loaded.vocab_size - model.vocab_size:,} left out for all"
    )
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    tokenizer = Tokenizer(model)
    own: dict[str, Encode] = {
        "quire, array": each(tokenizer.encode_array),
        "quire, list": each(tokenizer.encode),
    }
    others, missing = peers(model, [text for texts in kinds.values() for text in texts])
    for kind, texts in kinds.items():
        report(f"{kind}, one thread", texts, seconds(own | others, texts, 3, options.rounds), SAME)
    calls = seconds(own | others, [SHORT] * 40, 40, options.rounds * 5)
    report("one short text, one thread", [SHORT] * 40, calls, SAME)
    batches: dict[str, Encode] = {"quire, batch": lambda texts: tokenizer.encode_batch(texts, 2)}
    if SAME in others:
        library = importlib.import_module("sentencepiece")
        processor = library.SentencePieceProcessor(model_proto=to_sentencepiece(model))
        batches[SAME] = lambda texts: processor.encode(texts, num_threads=2)
    many = kinds["mixed"] * 4
    report("mixed, two threads", many, seconds(batches, many, len(many), options.rounds), SAME)
    for reason in missing:
        print(f"missing: {reason}")


if __name__ == "__main__":
    main()
