"""The Tokenizer: a model and an engine, and all that one does with them.

Checks what it is given, prepares texts, adds special tokens, and hands bytes to an engine (`engine/`). Where pieces
lie is worked out in `spans.py`, all segmentations of a short text in `lattice.py`.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from random import getrandbits
from types import EllipsisType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError, Sentence
from app.tokenizer.engine.segmenters import Ids, make_engine
from app.tokenizer.lattice import Lattice, Path
from app.tokenizer.model import BOS, EOS, FIRST_PIECE, MAX_MODEL_BYTES, SPECIAL_TOKENS, Card, Model
from app.tokenizer.spans import Pieces, at_least, locate
from app.tokenizer.text import Normalization, to_utf8
from app.tokenizer.text import normalize as normalized

MAX_ALPHA = 10.0
"""Above it every sample is the best segmentation but for ties."""

_MAX_SEED = 2**64 - 1
_FEW_BYTES = 256


class Tokenizer:
    """Texts to ids and back under one model. Thread-safe; the work releases the GIL.

    `normalize` in the methods below is "NFC", None for the text as it is, or `...` for what the model's card says;
    `add_bos` and `add_eos` are None for what the card says. With `alpha`, a number above 0 and at most 10, a
    segmentation is drawn by its probability to that power, the same one for the same `seed`. Text that looks like a
    special token is text. InputError says what is wrong with an argument and where.
    """

    def __init__(self, model: Model, engine: Literal["numba", "reference"] = "numba") -> None:
        if engine not in ("numba", "reference"):
            raise InputError(f'engine is {engine!r}; it should be "numba" or "reference"', "/engine")
        self.model = model
        self._engine = make_engine(model, engine)
        self._pieces = (b"",) * FIRST_PIECE + model.pieces

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        engine: Literal["numba", "reference"] = "numba",
        max_bytes: int = MAX_MODEL_BYTES,
    ) -> Self:
        """Reads a `.model` file, or a zip that holds one. ModelError says what is wrong with a file.

        Where there is no numba, "reference" takes its place: the same ids, slowly.
        """
        return cls(Model.load(path, max_bytes), engine)

    kind = "bytepiece"
    can = ("encode", "decode", "spans", "count", "chunk", "truncate", "sample", "lattice", "scores")
    lossless = True
    context_length: int | None = None
    chat_template = None
    special_tokens: Mapping[str, int] = {written: number for number, written in enumerate(SPECIAL_TOKENS)}

    @property
    def name(self) -> str:
        """The model's name, that of its file."""
        return self.model.name

    @property
    def card(self) -> Card:
        """What is known of the model beside its pieces."""
        return self.model.card

    @property
    def sha256(self) -> str:
        """The checksum of the model's file."""
        return self.model.sha256

    @property
    def own_special(self) -> tuple[list[int], list[int]]:
        """The special tokens that the model puts before a text and after it: those of its card."""
        return self.added(None, None)

    def is_special(self, number: int) -> bool:
        """Whether an id is a special token's."""
        return number < FIRST_PIECE

    def bytes_of(self, ids: Sequence[int], special: bool) -> bytes:
        """The bytes of ids; special tokens as they are written where `special`, else as nothing."""
        if not special:
            return self.decode_bytes(ids)
        return b"".join(
            SPECIAL_TOKENS[number].encode() if number < FIRST_PIECE else self._pieces[number]
            for number in self._checked_ids(ids)
        )

    def encode_plain(self, text: str) -> list[int]:
        """The ids of a text without special tokens."""
        return self.encode(text, False, False)

    def size(self, text: str) -> int:
        """The bytes of the normalised text."""
        return len(text) if text.isascii() else len(normalized(text, self.card.normalization).encode())

    @property
    def vocab_size(self) -> int:
        """Number of ids, the three special tokens included."""
        return self.model.vocab_size

    def encode(
        self,
        text: str,
        add_bos: bool | None = None,
        add_eos: bool | None = None,
        alpha: float | None = None,
        seed: int | None = None,
        normalize: Normalization | EllipsisType | None = ...,
    ) -> list[int]:
        """The ids of a text as a list; `encode_array` spares making it."""
        data = self._prepare(text, normalize)
        if alpha is None and len(data) <= _FEW_BYTES:
            bos, eos = self.added(add_bos, add_eos)
            numbers = self._engine.encode_list(data)
            return [*bos, *numbers, *eos] if bos or eos else numbers
        # Twice as fast as making new ints, once what numpy needs to set out is outweighed.
        shared: list[int] = self._numbers.take(self._encode(data, add_bos, add_eos, alpha, seed)).tolist()
        return shared

    def encode_array(
        self,
        text: str,
        add_bos: bool | None = None,
        add_eos: bool | None = None,
        alpha: float | None = None,
        seed: int | None = None,
        normalize: Normalization | EllipsisType | None = ...,
    ) -> Ids:
        """The ids of a text, int32 (count,)."""
        return self._encode(self._prepare(text, normalize), add_bos, add_eos, alpha, seed)

    def encode_batch(
        self,
        texts: Iterable[str],
        threads: int | None = None,
        add_bos: bool | None = None,
        add_eos: bool | None = None,
        alpha: float | None = None,
        seed: int | None = None,
        normalize: Normalization | EllipsisType | None = ...,
    ) -> list[Ids]:
        """The ids of each text, in order, on `threads` threads (default: one a processor).

        With `alpha`, text i is drawn as `encode` draws it with the seed `seed + i`.
        """
        texts = _listed(texts)
        if threads is None:
            threads = os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
        threads = min(at_least("threads", threads or 1, 1), len(texts))
        _check_sampling(alpha, seed)

        def encode_some(first: int, last: int) -> list[Ids]:
            return [
                self._encode(
                    self._prepare(texts[i], normalize, f"/texts/{i}"),
                    add_bos, add_eos, alpha, None if seed is None else (seed + i) & _MAX_SEED,
                )
                for i in range(first, last)
            ]  # fmt: skip

        if threads <= 1:
            return encode_some(0, len(texts))
        cuts = _even_cuts(texts, threads * 4)
        with ThreadPoolExecutor(threads) as pool:
            return [ids for part in pool.map(encode_some, cuts, cuts[1:]) for ids in part]

    def tokenize(
        self,
        text: str,
        alpha: float | None = None,
        seed: int | None = None,
        normalize: Normalization | EllipsisType | None = ...,
    ) -> list[bytes]:
        """The pieces of a text; joined they are its UTF-8 bytes, normalised."""
        ids = self._encode(self._prepare(text, normalize), False, False, alpha, seed)
        return [self._pieces[number] for number in ids.tolist()]

    def count(self, text: str, normalize: Normalization | EllipsisType | None = ...) -> int:
        """How many ids `encode` gives for a text."""
        return len(self.encode_array(text, normalize=normalize))

    def spans(
        self,
        text: str,
        alpha: float | None = None,
        seed: int | None = None,
        normalize: Normalization | EllipsisType | None = ...,
    ) -> Pieces:
        """The pieces of a text with where they lie in it, normalised and as sent, in bytes and in characters."""
        data = self._prepare(text, normalize)
        ids = self._encode(data, False, False, alpha, seed)
        places = ids - FIRST_PIECE
        return locate(
            ids, self.model.log_probabilities[places], self._lengths[places], data, data.decode(), text
        )

    def chunk(
        self,
        text: str,
        max_tokens: int,
        overlap: int = 0,
        normalize: Normalization | EllipsisType | None = ...,
    ) -> list[Pieces]:
        """Parts of at most `max_tokens` pieces that cover a text; see `Pieces.chunks`."""
        return self.spans(text, normalize=normalize).chunks(max_tokens, overlap)

    def truncate(
        self,
        text: str,
        max_tokens: int,
        side: str = "right",
        normalize: Normalization | EllipsisType | None = ...,
    ) -> str:
        """The longest beginning of a text, or end where `side` is "left", of at most `max_tokens` pieces.

        A part of the text as sent; never cut inside a character.
        """
        kept = self.spans(text, normalize=normalize).truncate(max_tokens, side)
        return text[int(kept.source_chars[0]) : int(kept.source_chars[-1])]

    def sample(self, text: str, alpha: float, seed: int | None = None) -> list[bytes]:
        """The pieces of a segmentation drawn with probability proportional to its own ** `alpha`."""
        return self.tokenize(text, alpha=alpha, seed=seed)

    def n_best(self, text: str, n: int) -> list[Path]:
        """The n most probable segmentations of a short text, best first; fewer where there are fewer."""
        return self.lattice(text).n_best(n)

    def lattice(self, text: str, normalize: Normalization | EllipsisType | None = ...) -> Lattice:
        """Every segmentation of a short text at once; TooLarge for a long one."""
        return Lattice.over(self._prepare(text, normalize), self._scored_pieces)

    def decode_bytes(self, ids: Iterable[int] | NDArray[Any]) -> bytes:
        """Exactly the bytes that ids stand for; special tokens stand for none."""
        return b"".join(map(self._pieces.__getitem__, self._checked_ids(ids)))

    def decode(self, ids: Iterable[int] | NDArray[Any]) -> str:
        """The text that ids stand for; bytes that are not UTF-8 show as U+FFFD."""
        return self.decode_bytes(ids).decode(errors="replace")

    @cached_property
    def _numbers(self) -> NDArray[np.object_]:
        return np.array(range(self.vocab_size), np.object_)

    @cached_property
    def _lengths(self) -> NDArray[np.int64]:
        return np.fromiter(map(len, self.model.pieces), np.int64, len(self.model.pieces))

    @cached_property
    def _scored_pieces(self) -> dict[bytes, tuple[int, float]]:
        scores = self.model.log_probabilities.tolist()
        return {piece: (i + FIRST_PIECE, scores[i]) for i, piece in enumerate(self.model.pieces)}

    def _encode(
        self, data: bytes, add_bos: bool | None, add_eos: bool | None, alpha: float | None, seed: int | None
    ) -> Ids:
        if alpha is None:
            ids = self._engine.encode(data)
        else:
            _check_sampling(alpha, seed)
            ids = self._engine.sample(data, float(alpha), getrandbits(64) if seed is None else seed)
        bos, eos = self.added(add_bos, add_eos)
        return np.concatenate((bos, ids, eos), dtype=np.int32, casting="unsafe") if bos or eos else ids

    def added(self, add_bos: bool | None, add_eos: bool | None) -> tuple[list[int], list[int]]:
        """The special tokens that go before the ids and after them."""
        card = self.model.card
        bos = [BOS] if (card.add_bos if add_bos is None else add_bos) else []
        return bos, [EOS] if (card.add_eos if add_eos is None else add_eos) else []

    def _prepare(
        self, text: Any, normalize: Normalization | EllipsisType | None, pointer: str = "/text"
    ) -> bytes:
        """The normalised text in UTF-8."""
        if normalize is ...:
            normalize = self.model.card.normalization
        elif normalize not in (None, "NFC"):
            raise InputError(f'normalize is {normalize!r}; it should be "NFC" or null', "/normalize")
        if not isinstance(text, str):
            raise InputError(f"a text should be a str, this is {type(text).__name__}", pointer)
        try:
            return to_utf8(text if text.isascii() else normalized(text, normalize))
        except InputError:
            try:
                to_utf8(text)  # says where the text as sent is wrong
            except InputError as error:
                raise InputError(str(error), pointer) from error
            raise

    def _checked_ids(self, ids: Iterable[int] | NDArray[Any]) -> Sequence[int]:
        if isinstance(ids, np.ndarray):
            if ids.ndim != 1 or ids.dtype.kind not in "iu":
                raise InputError(
                    f"ids should be whole numbers in one row, this is {ids.dtype} {ids.shape}", "/ids"
                )
            ids = ids.tolist()
        numbers = list(ids)
        if not set(map(type, numbers)) <= {int}:
            numbers = [int(number) if isinstance(number, np.integer) else number for number in numbers]
        whole = set(map(type, numbers)) <= {int}
        if numbers and not (whole and min(numbers) >= 0 and max(numbers) < self.vocab_size):
            wrong = (type(number) is not int or not 0 <= number < self.vocab_size for number in numbers)
            i = list(wrong).index(True)
            raise InputError(
                f"{numbers[i]!r} is not an id of {self.name}; ids are whole numbers from 0 to {self.vocab_size - 1}",
                f"/ids/{i}",
            )
        return numbers


def _listed(texts: Iterable[str]) -> Sequence[str]:
    if isinstance(texts, str | bytes):
        raise InputError(f"texts should be a list of str, this is one {type(texts).__name__}", "/texts")
    return texts if isinstance(texts, list | tuple) else list(texts)


def _check_sampling(alpha: Any, seed: Any) -> None:
    if alpha is not None and (
        isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha <= MAX_ALPHA
    ):
        raise InputError(
            Sentence(
                "alpha is {alpha!r}; it should be a number above 0 and at most {most:g}",
                alpha=alpha,
                most=MAX_ALPHA,
            ),
            "/alpha",
        )
    if seed is not None and (type(seed) is not int or not 0 <= seed <= _MAX_SEED):
        raise InputError(
            Sentence("seed is {seed!r}; it should be a whole number from 0 to 2^64 - 1", seed=seed), "/seed"
        )


def _even_cuts(texts: Sequence[Any], parts: int) -> list[int]:
    """Where to cut a list of texts so that the parts have about the same number of characters."""
    sizes = np.cumsum([len(text) if isinstance(text, str) else 1 for text in texts])
    inner = np.searchsorted(sizes, np.linspace(0, sizes[-1], parts + 1)[1:-1])
    return sorted({0, len(texts), *inner.tolist()})
