"""SentencePiece's `.model`, run by `sentencepiece`: BPE and unigram, with any normaliser."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sentencepiece import SentencePieceProcessor

from app.errors import ModelError
from app.tokenizer.model import Card
from app.tokenizer.others.base import OtherTokenizer


class SentencePieceTokenizer(OtherTokenizer):
    """A SentencePiece model; `add_bos` and `add_eos` say what a folder's tokenizer_config.json adds."""

    kind = "sentencepiece"

    def __init__(
        self, data: bytes, name: str, sha256: str, card: Card, template: str | dict[str, str] | None
    ) -> None:
        super().__init__(name, sha256, card, template)
        self.add_bos = card.add_bos
        self.add_eos = card.add_eos
        self._library = SentencePieceProcessor()
        try:
            self._library.LoadFromSerializedProto(data)
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(f"{name}: a SentencePiece model that can't be read: {error}") from error
        for number in range(self._library.get_piece_size()):
            try:
                self._library.id_to_piece(number)
            except UnicodeDecodeError as error:
                raise ModelError(f"{name}: the piece {number} isn't UTF-8") from error
        self._roles = {
            role: number
            for role in ("bos", "eos", "pad", "unk")
            if (number := getattr(self._library, f"{role}_id")()) >= 0
        }
        self.named_specials = {
            f"{role}_token": self._library.id_to_piece(number) for role, number in self._roles.items()
        }

    @cached_property
    def special_tokens(self) -> Mapping[str, int]:
        return {
            self._library.id_to_piece(number): number
            for number in range(self._library.get_piece_size())
            if self._library.is_control(number)
        }

    @property
    def own_special(self) -> tuple[list[int], list[int]]:
        return (
            [self._roles["bos"]] if self.add_bos and "bos" in self._roles else [],
            [self._roles["eos"]] if self.add_eos and "eos" in self._roles else [],
        )

    @cached_property
    def pieces(self) -> Sequence[bytes | None]:
        library = self._library
        return [
            bytes([int(written[3:5], 16)])
            if library.is_byte(number)
            else written.encode()
            if library.is_control(number) or library.is_unknown(number)
            else written.replace("▁", " ").encode()
            for number, written in enumerate(map(library.id_to_piece, range(library.get_piece_size())))
        ]

    def _encoded(self, text: str) -> Sequence[int]:
        ids: list[int] = self._library.encode(text, out_type=int)
        return ids

    def _offsets(self, text: str) -> tuple[Sequence[int], NDArray[np.int64]]:
        pieces = self._library.encode(text, return_type="proto").pieces
        places = np.array([(piece.begin, piece.end) for piece in pieces], np.int64).reshape(-1, 2)
        ids = [piece.id for piece in pieces]
        self._to_first(places, ids)
        starts = (np.frombuffer(text.encode(), np.uint8) & 0xC0) != 0x80
        return ids, np.append(0, np.cumsum(starts))[places]

    def _to_first(self, places: NDArray[np.int64], ids: Sequence[int]) -> None:
        """The library gives a character that is split to its last piece; here its first piece has it."""
        first = None
        for i, (begin, end) in enumerate(places.tolist()):
            if begin == end and self.pieces[ids[i]] != b" ":
                first = i if first is None or places[first][0] != begin else first
            elif first is not None:
                if places[first][0] == begin:
                    places[first, 1] = end
                    places[first + 1 : i + 1] = end
                first = None

    def _joined(self, ids: Sequence[int]) -> bytes:
        data = super()._joined(ids)
        try:
            data.decode()
        except UnicodeDecodeError:
            return data
        special = any(number in self._special_ids for number in ids)
        return data if special else bytes(self._library.decode(list(ids)).encode())
