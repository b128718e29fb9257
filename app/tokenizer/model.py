"""Vocabulary files: reading, checking and writing BytePiece models and the cards beside them.

No segmentation here. A `.model` is a JSON object {base64 of the piece: [id, text to look at, count]}; ids 0
to 2 are special tokens and are not in the file. What the format has no place for is in `NAME.card.json`
beside it. Files come from strangers: what is read is bounded and checked, and nothing is unpacked to disk.
"""

import binascii
import gc
import hashlib
import io
import json
import lzma
import math
import os
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from app.errors import FileError, ModelError
from app.tokenizer.text import Normalization

PAD, BOS, EOS = 0, 1, 2
SPECIAL_TOKENS = ("<pad>", "<bos>", "<eos>")
FIRST_PIECE = len(SPECIAL_TOKENS)

MAX_MODEL_BYTES = 64 << 20
MAX_CARD_BYTES = 1 << 20

MAX_PIECE_BYTES = 32_768
"""Longest piece: pyahocorasick frees a trie by recursion, and pieces of 100,000 bytes end the process so."""

# What zipfile lets through of its readers and decompressors when bytes of an archive are damaged.
_BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
)

_NOT_FINITE = re.compile("NaN|Infinity")

_OTHER_FILES = (
    (
        b"version https://git-",
        "a pointer of Git LFS to a file that was not fetched (`git lfs pull` fetches it)",
    ),
    (b"<", "an HTML or XML page, as a server may send instead of the file"),
    (b"\x80", "a pickle, which is a program and is never opened"),
    (b"\n", "a model of SentencePiece (`quire models convert` makes a BytePiece model of one)"),
    (b"\x1f\x8b", "compressed with gzip; unpack it"),
)
"""What models are mistaken for, by their first bytes."""

Counts = NDArray[np.int64] | NDArray[np.float64]


@dataclass(frozen=True)
class Card:
    """What is known of a model beside its pieces. The defaults are BytePiece's own.

    `bytes_per_token` is measured on the development texts, also by script and, where they name them, by language;
    `sha256` is of the model's file; `extra` keeps every other key of the file as it came, since cards also give
    how a model was made.
    """

    normalization: Normalization | None = "NFC"
    add_bos: bool = False
    add_eos: bool = False
    corpus: str | None = None
    licence: str | None = None
    bytes_per_token: float | None = None
    bytes_per_token_by_script: Mapping[str, float] | None = None
    bytes_per_token_by_language: Mapping[str, float] | None = None
    sha256: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Reads a card. ModelError says which key is wrong and what would be right."""
        path = Path(path)
        content = _parse(_read(path, MAX_CARD_BYTES), path)
        if not isinstance(content, dict):
            raise ModelError(f"{path}: a card is a JSON object, this is {_kind(content)}")
        known = {key: content.pop(key) for key in _CARD_KEYS if key in content}
        for key, value in known.items():
            if not _CARD_KEYS[key](value):
                raise ModelError(f'{path}: "{key}" is {_shown(value)}, it should be {_CARD_VALUES[key]}')
        return cls(**known, extra=content)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the card as JSON, unknown keys included; the file appears whole or not at all."""
        known = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "extra"}
        text = json.dumps(known | dict(self.extra), indent=2, ensure_ascii=False)
        write_whole(Path(path), f"{text}\n".encode())


_CARD_VALUES = {
    "normalization": '"NFC" or null',
    "add_bos": "true or false",
    "add_eos": "true or false",
    "corpus": "a text or null",
    "licence": "a text or null",
    "bytes_per_token": "a number above 0 or null",
    "bytes_per_token_by_script": "an object of numbers above 0 or null",
    "bytes_per_token_by_language": "an object of numbers above 0 or null",
    "sha256": "64 hexadecimal digits or null",
}
_CARD_KEYS: dict[str, Callable[[Any], bool]] = {
    "normalization": lambda value: value is None or value == "NFC",
    "add_bos": lambda value: isinstance(value, bool),
    "add_eos": lambda value: isinstance(value, bool),
    "corpus": lambda value: value is None or isinstance(value, str),
    "licence": lambda value: value is None or isinstance(value, str),
    "bytes_per_token": lambda value: value is None or _is_above_0(value),
    "bytes_per_token_by_script": lambda value: value is None or _are_above_0(value),
    "bytes_per_token_by_language": lambda value: value is None or _are_above_0(value),
    "sha256": lambda value: value is None or (isinstance(value, str) and len(value) == 64),
}


@dataclass(frozen=True, eq=False)
class Model:
    """A vocabulary: `pieces[i]` has id `i + FIRST_PIECE` and was counted `counts[i]` times in training.

    `counts` is int64, or float64 where a file holds fractions. `sha256` is of the `.model` file's bytes, also
    where it came out of a zip. Make one with `load` or `from_counts`; both check it.
    """

    name: str
    pieces: tuple[bytes, ...]
    counts: Counts
    card: Card
    sha256: str

    @classmethod
    def load(cls, path: str | os.PathLike[str], max_bytes: int = MAX_MODEL_BYTES) -> Self:
        """Reads a `.model` file, or a zip that holds exactly one, with the card beside it if there is one.

        `max_bytes` bounds the file and what is unpacked from it. ModelError says what is wrong, where, and
        what would be right.
        """
        path = Path(path)
        content = _read(path, max_bytes)
        if content.startswith(b"PK"):
            content = _unzip(content, path, max_bytes)
        with _without_collector():
            pieces, counts = _entries(content, path)
        sha256 = hashlib.sha256(content).hexdigest()
        card_path = card_beside(path)
        card = Card.load(card_path) if card_path.exists() else Card()
        if card.sha256 is not None and card.sha256.lower() != sha256:
            raise ModelError(
                f"{card_path} belongs to another file: it names sha256 {card.sha256}, {path.name} has "
                f"{sha256}; fetch the two together again, or remove the card"
            )
        return cls(_name(path), pieces, _count_array(counts, path), card, sha256)

    @classmethod
    def from_counts(cls, name: str, counts: Mapping[bytes, int], card: Card | None = None) -> Self:
        """A model from pieces and counts; ids follow the length and then the bytes, as BytePiece's do."""
        pieces = tuple(sorted(counts, key=lambda piece: (len(piece), piece)))
        values = [counts[piece] for piece in pieces]
        _check_pieces(pieces, name)
        for piece, count in zip(pieces, values, strict=True):
            if type(count) is not int or count <= 0:
                _check_count(count, piece, name)
        sha256 = hashlib.sha256(_serialize(pieces, values)).hexdigest()
        card = replace(card or Card(), sha256=sha256)
        return cls(name, pieces, _count_array(values, name), card, sha256)

    @property
    def vocab_size(self) -> int:
        """Number of ids, the three special tokens included."""
        return len(self.pieces) + FIRST_PIECE

    @cached_property
    def log_probabilities(self) -> NDArray[np.float64]:
        """log(count / total) of each piece, float64 (len(pieces),), bit for bit what bytepiece 0.6.3 has."""
        total = np.log(sum(self.counts.tolist()))
        result: NDArray[np.float64] = np.log(self.counts) - total
        result.flags.writeable = False
        return result

    def to_bytes(self) -> bytes:
        """The `.model` file: byte for byte what bytepiece 0.6.3 writes for these pieces, ids and counts."""
        return _serialize(self.pieces, self.counts.tolist())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model, and its card beside it; each file appears whole or not at all.

        The card is always written: one that a former model left there would belong to another file.
        """
        path = Path(path)
        content = self.to_bytes()
        write_whole(path, content)
        replace(self.card, sha256=hashlib.sha256(content).hexdigest()).save(card_beside(path))


def card_beside(path: Path) -> Path:
    """Where the card of a model file lies: NAME.card.json beside NAME.model or NAME.zip."""
    return path.with_name(f"{_name(path)}.card.json")


def _name(path: Path) -> str:
    return path.stem if path.suffix in {".model", ".zip"} else path.name


def _read(path: Path, max_bytes: int) -> bytes:
    if path.exists() and not path.is_file():  # a pipe would be waited for without end
        raise ModelError(f"{path} can't be read: it is not a file")
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise ModelError(f"{path} can't be read: {error.strerror or error}") from error
    if len(content) > max_bytes:
        raise ModelError(f"{path} is larger than the {max_bytes:,} bytes that are read of such a file")
    return content


def _unzip(content: bytes, path: Path, max_bytes: int) -> bytes:
    """The one model in a zip, read in memory and never beyond `max_bytes`, whatever its header claims."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) != 1:
                raise ModelError(f"{path} holds {len(names)} files; it should hold exactly one model")
            inner = PurePosixPath(names[0].replace("\\", "/"))
            if inner.is_absolute() or ".." in inner.parts or ":" in names[0]:
                raise ModelError(
                    f"{path}: the path {names[0]!r} leads out of the archive; use a plain file name"
                )
            if archive.getinfo(names[0]).flag_bits & 1:
                raise ModelError(f"{path} is encrypted; unpack it with its password first")
            with archive.open(names[0]) as file:
                model = file.read(max_bytes + 1)
    except _BROKEN_ZIP as error:
        raise ModelError(f"{path} is a broken zip file: {error}; fetch it again") from error
    if len(model) > max_bytes:
        raise ModelError(
            f"{path}: {names[0]} unpacks to more than the {max_bytes:,} bytes that are read of a model"
        )
    return model


def _parse(content: bytes, path: Path) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        if found := _NOT_FINITE.match(error.doc, error.pos):
            raise ModelError(
                f"{path}: line {error.lineno}, column {error.colno} has {found[0]}, which is not a number in JSON; "
                "counts and the like are finite"
            ) from error
        if known := next((what for begin, what in _OTHER_FILES if content[:20].startswith(begin)), ""):
            raise ModelError(f"{path} is {known}, not JSON") from error
        raise ModelError(f"{path} is not JSON: {error}") from error


@contextmanager
def _without_collector() -> Iterator[None]:
    """Python looks for unreachable cycles again and again while objects are made: a third of a large model's time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _parse_entries(content: bytes, path: Path) -> dict[str, tuple[Any, str, Any]]:
    """What a model's JSON maps each key to; the keys differ, ids and counts are not looked at."""
    entries = _parse(content, path)
    if not isinstance(entries, dict):
        raise ModelError(
            f"{path}: a model is a JSON object of base64 -> [id, text, count], this is {_kind(entries)}"
        )
    for key, value in entries.items():
        if type(value) is not list or len(value) != 3 or type(value[1]) is not str:
            raise ModelError(f'{path}: "{key[:80]}" should map to [id, text, count], not to {_shown(value)}')
    # Of equal keys the parser keeps the last one; but each key as it was written, and each in a text, has a colon.
    if content.count(b":") > len(entries) + "".join([text for _, text, _ in entries.values()]).count(":"):
        keys = Counter(key for key, _ in json.loads(content, object_pairs_hook=list))
        twice, times = keys.most_common(1)[0]
        if times > 1:
            raise ModelError(f'{path}: the piece "{twice[:80]}" is there {times} times; keep one of them')
    return entries


def _entries(content: bytes, path: Path) -> tuple[tuple[bytes, ...], list[int | float]]:
    """Pieces and counts in the order of their ids, each entry checked."""
    entries = _parse_entries(content, path)
    pieces = [b""] * len(entries)
    counts: list[int | float] = [0] * len(entries)  # 0 where no piece was given yet, since no count is 0
    last = len(entries) + FIRST_PIECE - 1
    for key, (number, _, count) in entries.items():
        if type(number) is not int or not FIRST_PIECE <= number <= last:
            raise ModelError(
                f'{path}: "{key[:80]}" has id {_shown(number)}; the ids go from {FIRST_PIECE} to {last}'
            )
        if counts[number - FIRST_PIECE] != 0:
            raise ModelError(f'{path}: id {number} is given twice, again by "{key[:80]}"')
        if type(count) is not int or count <= 0:
            _check_count(count, key, path)
        try:
            pieces[number - FIRST_PIECE] = binascii.a2b_base64(key, strict_mode=True)
        except ValueError as error:
            raise ModelError(f'{path}: the key "{key[:80]}" is not base64 ({error})') from error
        counts[number - FIRST_PIECE] = count
    _check_pieces(pieces, path)
    return tuple(pieces), counts


def _check_count(count: Any, piece: object, where: object) -> None:
    if not _is_above_0(count):
        raise ModelError(
            f"{where}: {piece!r:.80} has count {_shown(count)}; a count is a finite number above 0"
        )


def _check_pieces(pieces: Sequence[bytes], where: object) -> None:
    """Raises ModelError unless pieces are distinct and not too long, hold every single byte, and stay within a line."""
    longest = max(map(len, pieces), default=0)
    if longest > MAX_PIECE_BYTES:
        raise ModelError(
            f"{where}: the longest piece has {longest:,} bytes; pieces have up to {MAX_PIECE_BYTES:,}"
        )
    distinct = set(pieces)
    if len(distinct) < len(pieces):
        twice = Counter(pieces).most_common(1)[0][0]
        raise ModelError(f"{where}: the piece {twice!r} is there twice, under two spellings of base64")
    if b"" in distinct:
        raise ModelError(f"{where}: one piece is empty; remove it")
    missing = [byte for byte in range(256) if bytes([byte]) not in distinct]
    if missing:
        listed = ", ".join(f"0x{byte:02X}" for byte in missing[:8])
        raise ModelError(
            f"{where}: {len(missing)} of the 256 single bytes are missing ({listed}); without them some "
            "text has no segmentation"
        )
    ends = np.cumsum([len(piece) for piece in pieces])
    newline = np.frombuffer(b"".join(pieces), np.uint8) == ord("\n")
    goes_on = newline[:-1] & ~newline[1:]
    goes_on[ends[:-1] - 1] = False
    if goes_on.any():
        piece = pieces[int(np.searchsorted(ends, goes_on.argmax(), "right"))]
        raise ModelError(
            f"{where}: the piece {piece!r} goes on after a newline; lines are segmented one by one, so "
            "newlines can only end a piece"
        )


def _count_array(counts: Iterable[int | float], where: object) -> Counts:
    values = list(counts)
    if not sum(values) < 1 << 63:
        raise ModelError(f"{where}: the counts add up to {sum(values)}; they should stay below 2^63")
    whole = set(map(type, values)) == {int}
    array: Counts = np.array(values, np.int64) if whole else np.array(values, np.float64)
    array.flags.writeable = False
    return array


def _serialize(pieces: Sequence[bytes], counts: Iterable[int | float]) -> bytes:
    """JSON in the layout of `json.dump(…, indent=4, ensure_ascii=False)`, which has no quick path for it."""
    as_json = json.JSONEncoder(ensure_ascii=False).encode
    entries = [
        f'    "{binascii.b2a_base64(piece, newline=False).decode()}": [\n        {number},\n        '
        f"{as_json(piece.decode(errors='ignore'))},\n        {count!r}\n    ]"
        for number, (piece, count) in enumerate(zip(pieces, counts, strict=True), FIRST_PIECE)
    ]
    return ("{\n" + ",\n".join(entries) + "\n}").encode()


def write_whole(path: Path, content: bytes) -> None:
    """Writes beside the path, then renames: a reader finds the old file or the new one, never a part."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        try:
            partial.write_bytes(content)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(f"{path} can't be written: {error.strerror or error}") from error


def _is_above_0(value: object) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0
    )


def _are_above_0(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_above_0, value.values()))


def _shown(value: object) -> str:
    """A value of a file as an error shows it: not all of what is long, and nothing of what is nested too deeply."""
    try:
        return repr(value)[:80]
    except RecursionError:
        return "nested too deeply to be shown"


def _kind(value: object) -> str:
    return "null" if value is None else f"a {type(value).__name__}"
