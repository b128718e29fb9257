"""Hugging Face's `tokenizer.json`, run by `tokenizers`.

`encode_batch` and `encode_batch_fast` alone are used: `encode` holds the interpreter's lock for as long as it works.
The fast one notes no places, which saves a third of the time or more.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from tokenizers import Tokenizer as Library

from app.errors import ModelError
from app.tokenizer.model import Card
from app.tokenizer.others.base import OtherTokenizer, refusing_panics

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


class HuggingFaceTokenizer(OtherTokenizer):
    """A `tokenizer.json`. Truncation, padding and dropout that the file sets are left out: a text has one count."""

    kind = "huggingface"

    def __init__(
        self, data: bytes, name: str, sha256: str, card: Card, template: str | dict[str, str] | None
    ) -> None:
        super().__init__(name, sha256, card, template)
        self._data = data
        self._library = _read(data, name)
        steps = orjson.dumps([(said := orjson.loads(data)).get("decoder"), said.get("pre_tokenizer")])
        self._byte_level = b'"ByteLevel"' in steps
        self._metaspace = "▁".encode() in steps
        self._special = {
            token.content: number
            for number, token in self._library.get_added_tokens_decoder().items()
            if token.special
        }

    @property
    def special_tokens(self) -> Mapping[str, int]:
        return self._special

    @cached_property
    def own_special(self) -> tuple[list[int], list[int]]:
        bare = self._encode(self._library, "a").ids
        full = self._encode(self._library, "a", special=True).ids
        for at in range(len(full) - len(bare) + 1):
            if full[at : at + len(bare)] == bare:
                return full[:at], full[at + len(bare) :]
        return [], []

    @cached_property
    def pieces(self) -> Sequence[bytes | None]:
        vocabulary = self._library.get_vocab(with_added_tokens=True)
        added = self._library.get_added_tokens_decoder()
        table = self._no_pieces(max(vocabulary.values(), default=-1) + 1)
        letters = _byte_letters()
        for written, number in vocabulary.items():
            if number in added:
                table[number] = written.encode()
            elif self._byte_level and all(letter in letters for letter in written):
                table[number] = bytes(letters[letter] for letter in written)
            elif byte := _BYTE.fullmatch(written):
                table[number] = bytes([int(byte[1], 16)])
            else:
                table[number] = (written.replace("▁", " ") if self._metaspace else written).encode()
        return table

    def _encoded(self, text: str) -> Sequence[int]:
        ids: list[int] = self._encode(self._library, text).ids
        return ids

    def encode_plain(self, text: str) -> list[int]:
        if not any(token in text for token in self._special):
            return list(self._encoded(text))
        ids: list[int] = self._encode(self._plain, text).ids
        return ids

    @cached_property
    def _plain(self) -> Any:
        """A second one to which special tokens are text: the switch is the tokenizer's, not a call's."""
        library = _read(self._data, self.name)
        library.encode_special_tokens = True
        return library

    def _offsets(self, text: str) -> tuple[Sequence[int], NDArray[np.int64]]:
        found = self._encode(self._library, text, places=True)
        return found.ids, np.array(found.offsets, np.int64).reshape(-1, 2)

    def _encode(self, library: Any, text: str, special: bool = False, places: bool = False) -> Any:
        """A text by the library, whose refusals are the model's: it lacks an unknown token, or a token it names."""
        try:
            with refusing_panics(self.name):
                encode = library.encode_batch if places else library.encode_batch_fast
                return encode([text], add_special_tokens=special)[0]
        except ModelError:
            raise
        except Exception as error:
            raise ModelError(f"{self.name}: this text can't be encoded with it: {error}") from error

    def _joined(self, ids: Sequence[int]) -> bytes:
        for number in ids:
            self._piece(number)
        if self._byte_level:
            return super()._joined(ids)
        text: str = self._library.decode(list(ids), skip_special_tokens=False)
        # The library shows bytes that are not a character as U+FFFD; here they are kept.
        return super()._joined(ids) if "\ufffd" in text else text.encode()


def _read(data: bytes, name: str) -> Any:
    try:
        with refusing_panics(name):
            library = Library.from_buffer(data)
    except Exception as error:
        raise ModelError(f"{name}: a tokenizer.json that can't be read: {error}") from error
    library.no_truncation()
    library.no_padding()
    if getattr(library.model, "dropout", None):
        library.model.dropout = None
    return library


def _byte_letters() -> dict[str, int]:
    """GPT-2's letters for bytes: those that can be seen stand for themselves, the others for U+0100 and on."""
    seen = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in seen]
    return {chr(byte): byte for byte in seen} | {chr(0x100 + i): byte for i, byte in enumerate(hidden)}
