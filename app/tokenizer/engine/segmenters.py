"""What turns bytes into ids: the compiled kernels over an automaton, or the reference. Both give the same ids.

Bytes in, int32 arrays out; texts, special tokens and options are `tokenizer.py`'s. An engine may be used from many
threads at once; the compiled one releases the GIL.
"""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from random import Random
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.tokenizer.engine.automaton import MAX_PIECE_LENGTH, Automaton, Memory
from app.tokenizer.model import FIRST_PIECE, Model
from app.tokenizer.text import split_lines

Ids = NDArray[np.int32]

_SHORT = 1 << 14  # bytes; memory for texts up to this size is kept from call to call


class Engine(Protocol):
    """Segments UTF-8 text of any number of lines."""

    def encode(self, text: bytes) -> Ids:
        """The ids of the best segmentation."""

    def encode_list(self, text: bytes) -> list[int]:
        """The same as a list."""

    def sample(self, text: bytes, alpha: float, seed: int) -> Ids:
        """The ids of a segmentation drawn by probability ** alpha; the same for the same seed, below 2**64."""


class CompiledEngine:
    """The kernels over the automaton of a model. ImportError where there is nothing to compile them with."""

    def __init__(self, model: Model) -> None:
        from app.tokenizer.engine.machine_code import load_kernels

        self._kernels = load_kernels()
        self._automaton = Automaton.build(model.pieces, model.log_probabilities, FIRST_PIECE)
        self._idle: deque[Memory] = deque()
        self.encode: Callable[[bytes], Ids] = partial(self._run, self._kernels.encode)

    def encode_list(self, text: bytes) -> list[int]:
        if len(text) > _SHORT:
            return list(self.encode(text).tolist())
        memory = self._unused_memory()
        ids: list[int] = memory.ids[: self._kernels.encode(memory.address, text, len(text))].tolist()
        self._idle.append(memory)
        return ids

    def sample(self, text: bytes, alpha: float, seed: int) -> Ids:
        return self._run(self._kernels.sample, text, alpha, seed)

    def _run(self, kernel: Callable[..., int], text: bytes, *options: float) -> Ids:
        size = len(text)
        if size > _SHORT:
            memory = Memory(self._automaton, 0)
            chosen, ids = np.empty(size + 1, np.int32), np.empty(size, np.int32)
            memory.serve(chosen, ids)
            ids.resize(kernel(memory.address, text, size, *options), refcheck=False)  # gives the rest back
            return ids
        memory = self._unused_memory()
        ids = memory.ids[: kernel(memory.address, text, size, *options)].copy()
        self._idle.append(memory)
        return ids

    def _unused_memory(self) -> Memory:
        """Memory for a short text that no other call uses; as many are kept as calls ever ran at once."""
        try:
            return self._idle.pop()
        except IndexError:
            return Memory(self._automaton, _SHORT)


class ReferenceEngine:
    """The algorithm as `reference.py` writes it down: for models and machines that the kernels don't serve."""

    def __init__(self, model: Model) -> None:
        from app.tokenizer.reference import Segmenter

        self._segmenter = Segmenter.of(model)
        self._ids = {piece: number for number, piece in enumerate(model.pieces, FIRST_PIECE)}

    def encode(self, text: bytes) -> Ids:
        return self._ids_of(piece for line in _lines(text) for piece in self._segmenter.segment(line))

    def encode_list(self, text: bytes) -> list[int]:
        return list(self.encode(text).tolist())

    def sample(self, text: bytes, alpha: float, seed: int) -> Ids:
        uniform = Random(seed).random
        return self._ids_of(
            piece for line in _lines(text) for piece in self._segmenter.sample(line, alpha, uniform)
        )

    def _ids_of(self, pieces: Iterable[bytes]) -> Ids:
        return np.fromiter((self._ids[piece] for piece in pieces), np.int32)


def _lines(text: bytes) -> list[bytes]:
    return [line.encode() for line in split_lines(text.decode())]


def make_engine(model: Model, engine: str) -> Engine:
    """The engine asked for; the reference for pieces too long for the kernels, and where nothing compiles them."""
    if engine == "numba" and max(map(len, model.pieces)) <= MAX_PIECE_LENGTH:
        try:
            return CompiledEngine(model)
        except ImportError:
            pass  # no numba on this machine; the reference gives the same ids, slowly
    return ReferenceEngine(model)
