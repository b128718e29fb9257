"""The pieces of a vocabulary as an automaton in flat arrays, and the memory that one segmentation needs.

No segmentation here. The automaton is Aho and Corasick's ("Efficient string matching", 1975) over a trie whose nodes
lie in a double array (Aoe, "An efficient digital search algorithm by using a double-array structure", 1989): the
child of a state for a byte is the node at `state ^ byte`, if that node holds this byte. No two states have the same
number, and a unit that is not in use holds a byte that leads to it from nowhere, so one comparison decides. The
root is state 0 and has a child for every byte. A leaf is not a state of its own: what follows it is the longest of its
suffixes that has children.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import ModelError
from app.tokenizer.engine.array_sizes import BLOCK, LANES, OPEN_BLOCKS, OVERRUN, REACH, URGENCIES

MAX_PIECE_LENGTH = REACH - 1
"""Longest piece that the kernels take, in bytes: a length has to fit in one."""

_MAX_BLOCKS = 1 << 14  # a link has 22 bits for a state
_UNKNOWN = -1
_ALL = 2**64 - 1


@dataclass(frozen=True, eq=False)
class Automaton:
    """The arrays of an automaton; plain arrays, so that processes can share them by mapping a file.

    nodes: int64 (units,), the byte that leads to a node in the lowest 8 bits, in the next 24 the state that follows it,
    and above the entry of the longest piece of two or more bytes that ends there, 0 where none does. failures: int32
    (units,), by state, the state of its longest proper suffix. depths: uint8 (units,), by state, its bytes. entries:
    int64 (2 * (pieces + 1),), an entry at every even place: a float64, the log-probability; REACH less the length in
    the lowest 8 bits, then the id in 24; and in the upper 32 the entry of the longest proper suffix of two or more
    bytes. Entry 0 stands for none, the single bytes follow in order, and then the others by probability.
    """

    nodes: NDArray[np.int64]
    failures: NDArray[np.int32]
    depths: NDArray[np.uint8]
    entries: NDArray[np.int64]

    @classmethod
    def build(
        cls, pieces: Sequence[bytes], log_probabilities: NDArray[np.float64], first_id: int
    ) -> "Automaton":
        """Lays out distinct pieces, every single byte among them; `pieces[i]` gets the id `first_id + i`."""
        from app.tokenizer.engine.machine_code import (
            load_kernels,  # llvmlite may be missing, and then the reference serves
        )

        order = sorted(range(len(pieces)), key=pieces.__getitem__)
        ordered = [pieces[number] for number in order]
        texts = b"".join(ordered)
        lengths = np.fromiter(map(len, ordered), np.int32, len(ordered))
        starts = np.append(np.int32(0), np.cumsum(lengths, dtype=np.int32))
        longest = int(lengths.max())
        if longest > MAX_PIECE_LENGTH:
            raise ModelError(
                f"the longest piece has {longest} bytes; this engine takes up to {MAX_PIECE_LENGTH}, "
                'engine="reference" takes any'
            )
        scores = log_probabilities[order]
        link, terminal, bases = _lay_out(texts, starts, np.exp(scores))
        entries, places = _entries(texts, starts, scores, np.array(order) + first_id)
        result = cls(
            np.full(len(link), _UNKNOWN, np.int64),
            np.zeros(len(link), np.int32),
            np.zeros(len(link), np.uint8),
            entries,
        )
        cursors = np.zeros(len(pieces), np.int32)
        load_kernels().connect(
            texts, _address(starts), len(pieces), longest, *map(_address, (link, terminal, bases)), len(link) // 256,
            *map(_address, (places, result.nodes, result.failures, result.depths, entries)),
            _address(cursors),
        )  # fmt: skip
        return result

    @cached_property
    def addresses(self) -> list[int]:
        """What the kernels know an automaton by."""
        return [_address(array) for array in (self.nodes, self.failures, self.depths, self.entries)]


def _entries(
    texts: bytes, starts: NDArray[np.int32], log_probabilities: NDArray[np.float64], ids: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The entries without their links, and where each piece's is; the pieces are sorted."""
    lengths = np.diff(starts)
    first_bytes = np.frombuffer(texts, np.uint8)[starts[:-1]]
    order = np.argsort(np.where(lengths == 1, first_bytes - 256.0, -log_probabilities))
    entries = np.zeros((len(lengths) + 1, 2), np.int64)
    entries.view(np.float64)[0, 0] = -np.inf
    entries[0, 1] = REACH - MAX_PIECE_LENGTH
    entries.view(np.float64)[1:, 0] = log_probabilities[order]
    entries[1:, 1] = ids[order] << 8 | (REACH - lengths[order])
    places = np.empty(len(lengths), np.int32)
    places[order] = np.arange(2, 2 * len(lengths) + 2, 2)
    return entries.reshape(-1), places


def _lay_out(
    texts: bytes, starts: NDArray[np.int32], weights: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint64]]:
    """A trie as `build` leaves it: links, the piece that ends at each unit, and which numbers are not states."""
    from app.tokenizer.engine.machine_code import load_kernels

    sums = np.append(np.cumsum(weights[::-1])[::-1], 0.0)
    blocks = len(texts) // 200 + 64
    while blocks <= _MAX_BLOCKS:
        link = np.zeros(blocks * 256, np.int32)
        terminal = np.full(blocks * 256, -1, np.int32)
        units, bases = (np.full(blocks * 4, _ALL, np.uint64) for _ in range(2))
        work = (
            np.zeros(blocks, np.int32),
            np.full(OPEN_BLOCKS, -1, np.int32),
            np.empty(257, np.int32),
            np.empty(257, np.int32),
            np.empty(5 * len(texts), np.int32),
            np.full(URGENCIES, -1, np.int32),
        )
        used = load_kernels().build(
            texts, _address(starts), _address(sums), len(starts) - 1, _address(link), _address(terminal), blocks,
            *map(_address, (units, bases, *work)),
        )  # fmt: skip
        if used > 0:
            return link[: used * 256], terminal[: used * 256], bases[: used * 4]
        blocks *= 2
    raise ModelError(
        f"{len(starts) - 1:,} pieces of {len(texts):,} bytes don't fit in an automaton of {_MAX_BLOCKS * 256:,} units"
    )


class Memory:
    """The memory of one segmentation: some 50 KB, and 8 bytes for each byte of a text of up to `limit` bytes.

    Can be used again, by one call at a time; nothing that a call leaves there matters to the next one. For longer texts
    `serve` points the kernels to arrays of the caller's.
    """

    def __init__(self, automaton: Automaton, limit: int) -> None:
        self._arrays = (
            np.zeros(BLOCK + OVERRUN, np.uint8),
            np.zeros(2 * LANES, np.int64),
            np.zeros(BLOCK + OVERRUN, np.int64),
            np.zeros(REACH + BLOCK + 1),
            np.zeros(limit + 1, np.int32),
            np.zeros(limit, np.int32),
        )
        self._plan = np.array([*automaton.addresses, *map(_address, self._arrays)], np.int64)
        self.ids = self._arrays[-1]
        self.address = _address(self._plan)

    def serve(self, chosen: NDArray[np.int32], ids: NDArray[np.int32]) -> None:
        """Has the next call use `chosen` (size + 1,), of which the longest line takes its part, and fill `ids`."""
        self._plan[-2:] = _address(chosen), _address(ids)


def _address(array: Any) -> int:
    address: int = array.ctypes.data
    return address
