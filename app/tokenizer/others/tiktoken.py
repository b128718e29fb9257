"""Lists of base64 ranks, run by `tiktoken`. The splitting pattern is not in the file: the published lists are known by
their checksum, the others by the card beside the file."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from tiktoken import Encoding

from app.errors import ModelError
from app.tokenizer.model import Card
from app.tokenizer.others.base import OtherTokenizer, refusing_panics
from app.tokenizer.others.published import PUBLISHED, Published


class TiktokenTokenizer(OtherTokenizer):
    """A rank list with its pattern."""

    kind = "tiktoken"

    def __init__(
        self, data: bytes, name: str, sha256: str, card: Card, template: str | dict[str, str] | None
    ) -> None:
        super().__init__(name, sha256, card, template)
        ranks = _ranks(data, name)
        known = _published(ranks, name, card)
        self._special = known.special_tokens
        _check_ids(ranks, self._special, name)
        try:
            with refusing_panics(name):
                self._library = Encoding(
                    name, pat_str=known.pattern, mergeable_ranks=ranks, special_tokens=dict(self._special)
                )
        except (ValueError, KeyError, OverflowError) as error:
            raise ModelError(f"{name}: tiktoken refuses its ranks or its pattern: {error}") from error
        self._ranks = ranks
        if "<|endoftext|>" in self._special:
            self.named_specials["eos_token"] = "<|endoftext|>"  # noqa: S105 - a token of text

    @property
    def special_tokens(self) -> Mapping[str, int]:
        return self._special

    @property
    def own_special(self) -> tuple[list[int], list[int]]:
        return [], []

    @cached_property
    def pieces(self) -> Sequence[bytes | None]:
        table = self._no_pieces(max([*self._ranks.values(), *self._special.values()]) + 1)
        for piece, number in self._ranks.items():
            table[number] = piece
        for written, number in self._special.items():
            table[number] = written.encode()
        return table

    def _encoded(self, text: str) -> Sequence[int]:
        with refusing_panics(self.name):
            return self._library.encode_ordinary(text)

    def _offsets(self, text: str) -> tuple[Sequence[int], NDArray[np.int64]]:
        raise ModelError(
            f"{self.name}: its tokens don't add up to {text[:50]!r}; the pattern in its card should leave out nothing"
        )


def _ranks(data: bytes, name: str) -> dict[bytes, int]:
    ranks: dict[bytes, int] = {}
    for line, written in enumerate(data.splitlines(), 1):
        if not written.strip():
            continue
        try:
            encoded, number = written.split()
            piece = base64.b64decode(encoded, validate=True)
            rank = int(number)
        except ValueError as error:
            raise ModelError(f"{name}:{line}: not a token in base64 and its rank") from error
        if piece in ranks:
            raise ModelError(
                f"{name}:{line}: the token of rank {rank} is there already, with rank {ranks[piece]}"
            )
        ranks[piece] = rank
    if len(set(ranks.values())) < len(ranks):
        raise ModelError(f"{name}: a rank is given to two tokens")
    if lacking := [byte for byte in range(256) if bytes([byte]) not in ranks]:
        raise ModelError(f"{name}: the byte {lacking[0]} has no rank, so that some texts have no tokens")
    return ranks


def _published(ranks: dict[bytes, int], name: str, card: Card) -> Published:
    pattern = card.extra.get("pattern")
    if isinstance(pattern, str):
        special = card.extra.get("special_tokens", {})
        if not (
            isinstance(special, dict)
            and all(written and type(number) is int and number >= 0 for written, number in special.items())
        ):
            raise ModelError(f"{name}: special_tokens in its card should map texts to ids")
        return Published(pattern, special)
    lines = [
        base64.b64encode(piece) + b" %d\n" % rank for piece, rank in sorted(ranks.items(), key=lambda x: x[1])
    ]
    encodings = PUBLISHED.get(hashlib.sha256(b"".join(lines)).hexdigest())
    if encodings is None:
        raise ModelError(
            f"{name}: a list of ranks that is none of the published ones; write its splitting pattern "
            f'and its special tokens into {name}.card.json: {{"pattern": "…", "special_tokens": {{"…": 0}}}}'
        )
    return encodings.get(name.rpartition("/")[2]) or next(iter(encodings.values()))


def _check_ids(ranks: dict[bytes, int], special: Mapping[str, int], name: str) -> None:
    taken = set(ranks.values())
    if double := taken & set(special.values()):
        raise ModelError(f"{name}: the id {min(double)} is a token's and a special token's")
    # Of the ranks from 0 on one is missing among the first ones that are one more than there are ids.
    ids = taken | set(special.values())
    holes = set(range(min(max(taken), len(ids)) + 1)) - ids
    if holes or min(taken) < 0:
        raise ModelError(f"{name}: no token has rank {min(holes, default=-1)}; lines are missing")
