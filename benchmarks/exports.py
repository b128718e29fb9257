"""How often a model that was exported cuts a line otherwise than its original, over texts of one's own.

python -m benchmarks.exports FILE…
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import sentencepiece
from tokenizers import Tokenizer as HuggingFace

from app.tokenizer import Tokenizer
from app.tokenizer.formats import to_huggingface, to_sentencepiece


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("files", nargs="+", type=Path, help="texts, a document a line")
    reader.add_argument("--model", type=Path, default=Path("models/default.model"))
    given = reader.parse_args()
    ours = Tokenizer.load(given.model)
    lines = [line for file in given.files for line in file.read_text("utf-8").splitlines() if line.strip()]
    loaded = HuggingFace.from_buffer(to_huggingface(ours.model))
    theirs: dict[str, Callable[[str], list[int]]] = {
        "sentencepiece": sentencepiece.SentencePieceProcessor(
            model_proto=to_sentencepiece(ours.model)
        ).encode,
        "huggingface": lambda line: loaded.encode(line, add_special_tokens=False).ids,
    }
    own = [ours.tokenize(line) for line in lines]
    print(f"{len(lines):,} lines, {sum(map(len, own)):,} pieces, {given.model.name}")
    for name, encode in theirs.items():
        other = [len(encode(line)) for line in lines]
        differing = sum(len(pieces) != count for pieces, count in zip(own, other, strict=True))
        more = sum(other) / sum(map(len, own)) - 1
        print(
            f"{name:14} {differing / len(lines):7.2%} of lines in another number of pieces, {more:+.2%} pieces"
        )


if __name__ == "__main__":
    main()
