"""The pieces of a vocabulary as a trie in flat arrays, and the memory that one segmentation needs.

No segmentation here. The trie is a double array: a node's children lie at the units `base ^ byte`, so a step is one
look-up. `link[unit]` holds the byte that leads to the unit and the unit's own base; no two nodes have the same
base, so byte and base together prove whose child the unit is. The first 256 units are the single bytes. The layout
is after Aoe, "An efficient digital search algorithm by using a double-array structure" (1989), with the check by
label of Yata's darts-clone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import ModelError
from app.tokenizer.dimensions import BLOCK, OPEN_BLOCKS, URGENCIES, WIDTH

MAX_PIECE_LENGTH = 255
"""Longest piece that the kernels take, in bytes: a length has to fit in one."""

_MAX_BLOCKS = 1 << 14  # a link has 22 bits for a base


@dataclass(frozen=True, eq=False)
class Trie:
    """The arrays of a trie; plain arrays, so that processes can share them by mapping a file.

    link: int32 (units,), see above. score: float64 (units,), the log-probability of the piece that ends at a unit,
    -inf where none does. ids: int32 (units,), its id, -1 where there is none. longest: bytes of the longest
    piece, at least WIDTH.
    """

    link: NDArray[np.int32]
    score: NDArray[np.float64]
    ids: NDArray[np.int32]
    longest: int

    @classmethod
    def build(cls, pieces: Sequence[bytes], log_probabilities: NDArray[np.float64], first_id: int) -> "Trie":
        """Lays out distinct pieces, every single byte among them; `pieces[i]` gets the id `first_id + i`."""
        longest = max(map(len, pieces))
        if longest > MAX_PIECE_LENGTH:
            raise ModelError(
                f"the longest piece has {longest} bytes; this engine takes up to {MAX_PIECE_LENGTH}, "
                'engine="reference" takes any'
            )
        link, terminal = _lay_out(pieces, np.exp(log_probabilities))
        ends = terminal >= 0
        score = np.append(np.where(ends, log_probabilities[terminal], -np.inf), -np.inf)
        score = np.roll(score, 1)
        ids = np.where(ends, terminal + np.int32(first_id), np.int32(-1))
        return cls(link, score, ids, max(longest, WIDTH))

    @cached_property
    def plan(self) -> NDArray[np.int64]:
        """What the kernels know a trie by: addresses of link, score and ids, and the longest piece."""
        return np.array(
            [*(_address(a) for a in (self.link, self.score[1:], self.ids)), self.longest], np.int64
        )


def _lay_out(
    pieces: Sequence[bytes], weights: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Link and the number of the piece that ends at each unit, -1 where none does."""
    from app.tokenizer.compiled import load_kernels  # llvmlite may be missing, and then the reference serves

    order = np.array(sorted(range(len(pieces)), key=pieces.__getitem__), np.int32)
    starts = np.array([0, *accumulate(map(len, pieces))], np.int32)
    texts = b"".join(pieces)
    sums = np.append(np.cumsum(weights[order][::-1])[::-1], 0.0)
    blocks = len(texts) // 200 + 64
    while blocks <= _MAX_BLOCKS:
        link = np.zeros(blocks * 256, np.int32)
        terminal = np.full(blocks * 256, -1, np.int32)
        work = (
            np.zeros(blocks * 256, np.uint8),
            np.zeros(blocks, np.int32),
            np.full(OPEN_BLOCKS, -1, np.int32),
            np.empty(257, np.int32),
            np.empty(257, np.int32),
            np.empty(5 * len(texts), np.int32),
            np.full(URGENCIES, -1, np.int32),
        )
        used = load_kernels().build(
            texts, *map(_address, (starts, order, sums)), len(pieces), _address(link), _address(terminal), blocks,
            *map(_address, work),
        )  # fmt: skip
        if used > 0:
            return link[: used * 256].copy(), terminal[: used * 256].copy()
        blocks *= 2
    raise ModelError(
        f"{len(pieces):,} pieces of {len(texts):,} bytes don't fit in a trie of {_MAX_BLOCKS * 256:,} units"
    )


class Scratch:
    """The memory of one segmentation: some 50 KB, whatever the text's length, and room for the lengths and
    ids of a text of up to `limit` bytes.

    Kernels leave it as they found it, so that it can be used again, by one call at a time.
    """

    def __init__(self, trie: Trie, limit: int) -> None:
        longest = trie.longest
        ring = 1 << (BLOCK + longest).bit_length()
        slots = 1 << ((BLOCK + longest) * (longest - WIDTH)).bit_length()
        self._arrays: dict[str, NDArray[Any]] = {
            "window": np.empty(BLOCK + longest, np.uint8),
            "live": np.empty(BLOCK, np.int32),
            "base": np.empty(BLOCK, np.int32),
            "rows": np.full((BLOCK + WIDTH + 1, WIDTH), -np.inf),
            "best": np.empty(ring + longest + 1),
            "heads": np.full(ring, -1, np.int32),
            "scores": np.empty(slots),
            "lengths": np.empty(slots, np.int32),
            "nexts": np.empty(slots, np.int32),
        }
        window, live, base, rows, best, heads, *lists = map(_address, self._arrays.values())
        self._plan = np.array([window, live, base, rows, best, heads, ring - 1, slots, *lists], np.int64)
        self._routes = np.empty(limit + 1, np.uint8)
        self.ids = np.empty(limit, np.int32)
        self.plan_address, self.routes_address, self.ids_address = map(
            _address, (self._plan, self._routes, self.ids)
        )


def _address(array: Any) -> int:
    address: int = array.ctypes.data
    return address
