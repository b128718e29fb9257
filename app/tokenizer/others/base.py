"""What tokenizers of other kinds share: the methods of `app.tokenizer.Tokenizer` over a library's own ids.

A kind gives ids, the bytes of each id, and the library's offsets for texts whose bytes the ids don't give back. Where
the bytes of the ids are the text's, pieces lie side by side, exactly; else they keep the library's offsets and may
leave gaps.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from types import EllipsisType
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError, ModelError, NotForThisModel
from app.normalization import compose
from app.tokenizer.model import Card
from app.tokenizer.spans import GappedPieces, Pieces, locate
from app.tokenizer.text import to_utf8

Ids = NDArray[np.int32]

MOST_IDS = 1 << 22
"""The published vocabularies have up to a million; a file of a few bytes can name any id."""

_PROBE = "  one Two\tthree\r\n\n é e\u0301 ﬁ Ⅳ ａ 你好，世界 ไทย 🦊👨‍👩‍👧 \u0000\u00a0 <x> don't 123  "


@contextmanager
def refusing_panics(name: str) -> Iterator[None]:
    """ModelError where a library written in Rust panics: its exception is not an `Exception`, and can't be imported."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ModelError(f"{name}: the library that runs it broke down: {str(error)[:300]}") from error


class OtherTokenizer(ABC):
    """Texts to ids and back, by another library. Thread-safe; encoding releases the interpreter's lock.

    `alpha`, `seed` and `normalize` are BytePiece's; giving one raises NotForThisModel.
    """

    kind: str

    def __init__(
        self, name: str, sha256: str, card: Card, chat_template: str | dict[str, str] | None
    ) -> None:
        self.name = name
        self.sha256 = sha256
        self.card = card
        self.chat_template = chat_template
        self.named_specials: dict[str, str] = {}
        """Special tokens by their role, such as `eos_token`, as chat templates name them."""
        self.context_length: int | None = None
        """Most tokens that the language model takes, where the files beside its vocabulary say so."""

    @abstractmethod
    def _encoded(self, text: str) -> Sequence[int] | Ids:
        """The library's ids of a text, without the special tokens that it adds."""

    @abstractmethod
    def _offsets(self, text: str) -> tuple[Sequence[int] | Ids, NDArray[np.int64]]:
        """The ids of a text and their places in it in characters, int64 (n, 2), by the library."""

    @property
    @abstractmethod
    def special_tokens(self) -> Mapping[str, int]:
        """The special tokens by how they are written."""

    @property
    @abstractmethod
    def own_special(self) -> tuple[list[int], list[int]]:
        """The special tokens that this tokenizer puts before a text and after it."""

    @cached_property
    @abstractmethod
    def pieces(self) -> Sequence[bytes | None]:
        """The bytes of each id; None for an id that there is not."""

    def _no_pieces(self, size: int) -> list[bytes | None]:
        """A table for the pieces of so many ids, which a file may name without having them."""
        if size > MOST_IDS:
            raise ModelError(
                f"{self.name}: it can't be read: it has the id {size - 1:,}, and ids up to {MOST_IDS - 1:,} are taken"
            )
        return [None] * size

    def encode_plain(self, text: str) -> list[int]:
        """The ids of a text in which what looks like a special token is text."""
        return list(self._encoded(text))

    @property
    def vocab_size(self) -> int:
        """One more than the highest id."""
        return len(self.pieces)

    @property
    def can(self) -> tuple[str, ...]:
        """What can be asked for."""
        able = ("encode", "decode", "spans", "count", "chunk", "truncate")
        return (*able, "chat") if self.chat_template else able

    @cached_property
    def lossless(self) -> bool:
        """Whether the bytes of the ids are the text's, but for NFC; found out with a text that is hard to keep.

        SentencePiece writes U+2581 for a space, so that a text that holds one does not come back whole there.
        """
        return not isinstance(self.spans(_PROBE), GappedPieces)

    def added(self, add_bos: bool | None, add_eos: bool | None) -> tuple[list[int], list[int]]:
        """The special tokens to put before the ids and after them; none where nothing is said."""
        before, after = self.own_special
        return (
            (before or self._role("bos_token")) if add_bos else [],
            (after or self._role("eos_token")) if add_eos else [],
        )

    def _role(self, role: str) -> list[int]:
        written = self.named_specials.get(role)
        if written is None or written not in self.special_tokens:
            raise NotForThisModel(f"{self.name} has no {role.replace('_', ' ')} to add", f"/add_{role[:3]}")
        return [self.special_tokens[written]]

    def encode_array(
        self,
        text: str,
        add_bos: bool | None = None,
        add_eos: bool | None = None,
        alpha: float | None = None,
        seed: int | None = None,  # noqa: ARG002 - BytePiece's signature
        normalize: str | EllipsisType | None = ...,
    ) -> Ids:
        """The ids of a text, int32 (count,); equal to the library's."""
        self._check(alpha, normalize)
        before, after = self.added(add_bos, add_eos)
        to_utf8(text)
        return np.concatenate((before, self._encoded(text), after), dtype=np.int32, casting="unsafe")

    def encode(self, text: str, add_bos: bool | None = None, add_eos: bool | None = None) -> list[int]:
        """The ids of a text as a list."""
        found: list[int] = self.encode_array(text, add_bos, add_eos).tolist()
        return found

    def encode_batch(
        self,
        texts: Iterable[str],
        threads: int | None = None,  # noqa: ARG002 - BytePiece's signature; the libraries choose for themselves
        add_bos: bool | None = None,
        add_eos: bool | None = None,
        alpha: float | None = None,
        seed: int | None = None,
        normalize: str | EllipsisType | None = ...,
    ) -> list[Ids]:
        """The ids of each text, in order."""
        return [self.encode_array(text, add_bos, add_eos, alpha, seed, normalize) for text in texts]

    def count(self, text: str, normalize: str | EllipsisType | None = ...) -> int:
        """How many ids `encode` gives for a text."""
        self._check(None, normalize)
        to_utf8(text)
        return len(self._encoded(text))

    def tokenize(
        self,
        text: str,
        alpha: float | None = None,
        seed: int | None = None,
        normalize: str | EllipsisType | None = ...,
    ) -> list[bytes]:
        """The bytes of the text that each piece stands for."""
        return [piece.data for piece in self.spans(text, alpha, seed, normalize)]

    def spans(
        self,
        text: str,
        alpha: float | None = None,
        seed: int | None = None,  # noqa: ARG002
        normalize: str | EllipsisType | None = ...,
    ) -> Pieces:
        """The pieces of a text with where they lie in it: side by side, or GappedPieces where they can't."""
        self._check(alpha, normalize)
        source = to_utf8(text)
        ids = np.array(self._encoded(text), np.int32)
        pieces = [self.pieces[number] or b"" for number in ids.tolist()]
        data = b"".join(pieces)
        lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
        if data != source and data[:1] == b" " and data[1:] == source:
            data, lengths[0] = source, lengths[0] - 1  # a space that was put before the text is nowhere in it
        scores = np.full(len(ids), np.nan)
        if data == source:
            return locate(ids, scores, lengths, data, text, text)
        composed = compose(text)
        if data == composed.encode():
            return locate(ids, scores, lengths, data, composed, text)
        found, offsets = self._offsets(text)
        return GappedPieces.over(np.array(found, np.int32), offsets, text)

    def decode_bytes(self, ids: Iterable[int] | NDArray[Any]) -> bytes:
        """The bytes that ids stand for; special tokens stand for none."""
        return self.bytes_of([int(number) for number in ids], special=False)

    def decode(self, ids: Iterable[int] | NDArray[Any]) -> str:
        """The text that ids stand for; bytes that aren't UTF-8 show as U+FFFD."""
        return self.decode_bytes(ids).decode(errors="replace")

    def bytes_of(self, ids: Sequence[int], special: bool) -> bytes:
        """The bytes of ids; special tokens as they are written where `special`, else as nothing."""
        return self._joined(ids if special else [n for n in ids if n not in self._special_ids])

    def _joined(self, ids: Sequence[int]) -> bytes:
        return b"".join(map(self._piece, ids))

    def is_special(self, number: int) -> bool:
        """Whether an id is a special token's."""
        return number in self._special_ids

    def lattice(self, text: str) -> NoReturn:  # noqa: ARG002
        """There is none."""
        raise self._refusal("lattice")

    def size(self, text: str) -> int:
        """The bytes of a text as it is counted."""
        return len(text) if text.isascii() else len(text.encode())

    @cached_property
    def _special_ids(self) -> frozenset[int]:
        return frozenset(self.special_tokens.values())

    def _piece(self, number: int) -> bytes:
        piece = self.pieces[number] if 0 <= number < len(self.pieces) else None
        if piece is None:
            raise InputError(f"{number} is not an id of {self.name}", "/ids")
        return piece

    def _check(self, alpha: float | None, normalize: str | EllipsisType | None) -> None:
        if alpha is not None:
            raise self._refusal("sample", "/alpha")
        if normalize is not ... and normalize is not None:
            raise NotForThisModel(
                f"{self.name} normalises as its own file says; leave normalize out", "/normalize"
            )

    def _refusal(self, what: str, pointer: str = "/model") -> NotForThisModel:
        return NotForThisModel(
            f"{self.name} is a {self.kind} tokenizer, which can't {what}; it supports: {', '.join(self.can)}",
            pointer,
        )
