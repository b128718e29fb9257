"""A tokenizer from whatever a file or a folder is, recognised by its content; ModelError names what it is instead.

Libraries that read these files may abort the process on a broken one. `load` first reads a file in a child process
with bounded time and memory, so that an abort there is a ModelError here; `load_isolated` leaves it in that process.
"""

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from app.errors import FileError, ModelError
from app.tokenizer.model import MAX_MODEL_BYTES, Card
from app.tokenizer.others.base import OtherTokenizer
from app.tokenizer.others.isolated import IsolatedTokenizer, Process
from app.tokenizer.tokenizer import Tokenizer

VOCABULARIES = (
    "tokenizer.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tiktoken.model",
)
"""The files of a folder that hold a vocabulary; the first one that is there counts."""

MOST_ADDED = 200_000
"""Added tokens of a tokenizer.json; each is looked for in every text."""

MOST_CONTEXT = 1 << 30
"""Longest context of a language model that is taken; longer ones stand for none."""

_BYTEPIECE = re.compile(rb'\s*\{\s*"[A-Za-z0-9+/=]*"\s*:\s*\[')
"""How BytePiece's JSON begins: a piece in base64, which no other file's key is, and a list."""

_MARKUP = re.compile(rb"<(?:!doctype|!--|\?xml|html|head|title|body)\b|<!--", re.IGNORECASE)
_RANK = re.compile(rb"[A-Za-z0-9+/]+={0,2} \d+\r?\n")
_ROLES = ("bos_token", "eos_token", "pad_token", "unk_token", "cls_token", "sep_token", "mask_token")


def load(path: str | os.PathLike[str], max_bytes: int = MAX_MODEL_BYTES, name: str | None = None) -> Any:
    """The tokenizer of a file or a Hub folder: a `Tokenizer` or an `OtherTokenizer`. Raises ModelError.

    >>> load("models/small.model").kind
    'bytepiece'
    """
    path = Path(path)
    vocabulary = vocabulary_of(path)
    data = read_bounded(vocabulary, max_bytes)
    kind = kind_of(data, vocabulary)
    if kind == "bytepiece":
        return Tokenizer.load(vocabulary, max_bytes=max_bytes)
    Process(path, max_bytes, name).close()
    return load_here(path, data, kind, name)


def load_isolated(
    path: str | os.PathLike[str],
    max_bytes: int,
    name: str,
    admit: Callable[[str, int], None],
) -> Tokenizer | IsolatedTokenizer:
    """The same for a server: a tokenizer of another kind stays in the process in which it was tried.

    `admit` is called with the kind, as the file begins, and its bytes before it is loaded; it may refuse.
    """
    path = Path(path)
    vocabulary = vocabulary_of(path)
    data = read_bounded(vocabulary, max_bytes)
    kind = _kind_at_sight(data, vocabulary)
    if kind == "json":  # reading it whole to know which holds the interpreter's lock
        kind = "bytepiece" if _BYTEPIECE.match(data) else "huggingface"
    admit(kind, len(data))
    if kind != "bytepiece":
        process = Process(path, max_bytes, name)
        if process.description["kind"] != "bytepiece":
            return IsolatedTokenizer(process)
    return Tokenizer.load(vocabulary, max_bytes=max_bytes)


def load_here(path: Path, data: bytes, kind: str, name: str | None = None) -> OtherTokenizer:
    """The tokenizer of another kind, read in this process."""
    name = name or (path.name if path.is_dir() else path.stem)
    card_path = path / "card.json" if path.is_dir() else path.with_name(f"{path.stem}.card.json")
    card = Card.load(card_path) if card_path.is_file() else Card()
    config = _config(path) if path.is_dir() else {}
    if kind == "sentencepiece":
        for key in ("add_bos_token", "add_eos_token"):
            if isinstance(config.get(key), bool):
                card = _with(card, key.removesuffix("_token"), config[key])
    made = _classes()[kind](data, name, hashlib.sha256(data).hexdigest(), card, _template(path, config))
    made.context_length = _context_length(path, config, card)
    for role in _ROLES:
        written = config.get(role)
        written = written.get("content") if isinstance(written, dict) else written
        if isinstance(written, str):
            made.named_specials[role] = written
    return made


def _context_length(path: Path, config: dict[str, Any], card: Card) -> int | None:
    """Most tokens of the model by its card, its tokenizer_config.json or its config.json; None where none says it.

    `transformers` writes 10**30 into a tokenizer_config.json where it knows no length.
    """
    lengths = [card.extra.get("context_length"), config.get("model_max_length")]
    if path.is_dir() and (path / "config.json").is_file():
        model = _object(path / "config.json")
        within = model.get("text_config")
        lengths += [part.get("max_position_embeddings") for part in (within, model) if isinstance(part, dict)]
    return next((one for one in lengths if type(one) is int and 0 < one <= MOST_CONTEXT), None)


def _with(card: Card, key: str, value: bool) -> Card:
    return replace(card, add_bos=value) if key == "add_bos" else replace(card, add_eos=value)


def vocabulary_of(path: Path) -> Path:
    """The file of a vocabulary: the path itself, or the file in a folder."""
    if not path.is_dir():
        return path
    for name in VOCABULARIES:
        if (path / name).is_file():
            return path / name
    raise ModelError(
        f"{path}: a folder without a tokenizer; one of {', '.join(VOCABULARIES)} should be in it"
    )


def kind_of(data: bytes, path: Path) -> str:
    """The kind of a vocabulary by its content. ModelError names what it is where it is not a vocabulary."""
    kind = _kind_at_sight(data, path)
    return _kind_of_json(data, path) if kind == "json" else kind


def _kind_at_sight(data: bytes, path: Path) -> str:
    """The kind by how a file begins, or `json`, which may be one of two."""
    start = data[:4096].lstrip()
    if start.startswith(b"version https://git-lfs"):
        raise _not(path, "a Git LFS pointer to a file that was not fetched: git lfs pull")
    if _MARKUP.match(start):
        raise _not(path, "an HTML page, as a server may send instead of the file")
    if data[:1] == b"\x80" and data[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        raise _not(path, "a Python pickle, which Quire never opens: reading one runs the code in it")
    if (
        data[:4] == b"GGUF"
        or data[:8] == b"\x89HDF\r\n\x1a\n"
        or (data[8:9] == b"{" and data[5:8] == b"\0\0\0")
    ):
        raise _not(path, "a model's weights")
    if data.startswith((b"\x1f\x8b", b"\xfd7zXZ\0", b"BZh", b"\x28\xb5\x2f\xfd")):
        raise _not(path, "a compressed file, to be unpacked first")
    if start.startswith((b"#version:", b"[PAD]\n", b"[PAD]\r\n")):
        raise _not(path, "a list of merges or pieces alone; use its model's tokenizer.json instead")
    if data[:2] == b"PK":
        if b"data.pkl" in data[:4096] or b".npy" in data[:4096]:
            raise _not(path, "a model's weights (PyTorch's zip)")
        return "bytepiece"
    if start.startswith((b"{", b"[")):
        return "json"
    if not data:
        raise _not(path, "an empty file")
    if _RANK.match(data if data.endswith(b"\n") else data + b"\n"):
        return "tiktoken"
    if data[:1] == b"\n":  # field 1 of SentencePiece's protobuf, a piece
        return "sentencepiece"
    raise _not(path, "an unknown format")


def _kind_of_json(data: bytes, path: Path) -> str:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        if b'"model"' in data[:100_000] and b'"added_tokens"' in data[:100_000]:
            raise _not(path, f"a tokenizer.json that is cut short or damaged ({error})") from error
        return "bytepiece"  # its own reader says what is wrong
    if not isinstance(value, dict):
        return "bytepiece"
    if isinstance(value.get("model"), dict) and ("added_tokens" in value or "pre_tokenizer" in value):
        added = value.get("added_tokens") or []
        if not isinstance(added, list):
            raise ModelError(f"{path}: its added_tokens should be a list")
        if len(added) > MOST_ADDED:
            raise ModelError(f"{path}: {len(added):,} added tokens; up to {MOST_ADDED:,} are taken")
        if value.get("version") not in (None, "1.0"):
            raise ModelError(f"{path}: a tokenizer.json of version {value['version']!r}; 1.0 can be read")
        return "huggingface"
    for keys, what in (
        (
            {"vocab", "config"},
            "Mistral's tekken.json; the tokenizer.json or tokenizer.model of its model is wanted",
        ),
        ({"weight_map"}, "the index of a model's weights"),
        ({"architectures"}, "a model's config.json; its tokenizer.json is wanted"),
        ({"tokenizer_class"}, "a tokenizer_config.json; the tokenizer.json beside it is wanted"),
    ):
        if keys <= value.keys():
            raise _not(path, what)
    return "bytepiece"


def _not(path: Path, what: str) -> ModelError:
    return ModelError(
        f"{path}: this is {what}; a tokenizer is a BytePiece model, a SentencePiece .model, a tokenizer.json or a "
        "list of ranks"
    )


def read_bounded(path: Path, most: int) -> bytes:
    """A file's content. ModelError where it is larger than `most` bytes, FileError where it can't be read."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise FileError(f"{path}: can't be read: {error.strerror}") from error
    if len(data) > most:
        raise ModelError(f"{path}: more than {most:,} bytes, the most that is taken (QUIRE_MAX_MODEL_BYTES)")
    return data


def _classes() -> dict[str, Callable[..., OtherTokenizer]]:
    """Imported when one is needed: a server of BytePiece models does without the libraries."""
    from app.tokenizer.others.huggingface import HuggingFaceTokenizer
    from app.tokenizer.others.sentencepiece import SentencePieceTokenizer
    from app.tokenizer.others.tiktoken import TiktokenTokenizer

    kinds = (HuggingFaceTokenizer, SentencePieceTokenizer, TiktokenTokenizer)
    return {kind.kind: kind for kind in kinds}


def _config(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        path = folder / name
        if path.is_file():
            found |= _object(path)
    return found


def _object(path: Path) -> dict[str, Any]:
    try:
        value = orjson.loads(read_bounded(path, MAX_MODEL_BYTES))
    except orjson.JSONDecodeError as error:
        raise ModelError(f"{path}: not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path}: it should be a JSON object")
    return value


def _template(path: Path, config: dict[str, Any]) -> str | dict[str, str] | None:
    """The chat template of a folder, or of the file NAME.jinja beside a file."""
    if not path.is_dir():
        beside = path.with_name(f"{path.stem}.jinja")
        return _text(beside) if beside.is_file() else None
    if (path / "chat_template.jinja").is_file():
        return _text(path / "chat_template.jinja")
    found = config.get("chat_template")
    if (path / "chat_template.json").is_file():
        found = _object(path / "chat_template.json").get("chat_template")
    if isinstance(found, list):
        named = [(item.get("name"), item.get("template")) for item in found if isinstance(item, dict)]
        return {
            name: template for name, template in named if isinstance(name, str) and isinstance(template, str)
        }
    return found if isinstance(found, str) else None


def _text(path: Path) -> str:
    try:
        return read_bounded(path, MAX_MODEL_BYTES).decode()
    except UnicodeDecodeError as error:
        raise ModelError(f"{path}: a template is text in UTF-8, this is not") from error
