"""The loops of pruning: sort pieces, build a trie over them, and cut pieces into those of the trie.

Plain functions over arrays, compiled by numba, which release the GIL; all memory is the caller's. Counting n-grams
and cutting the corpus by them is in `ngram_kernels.py`, counting pieces in `piece_kernels.py`. numba does not see
edits across files, so the three share nothing.

Pieces lie in a pool of bytes; where each starts, how long it is and how often it was counted are arrays beside it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tokenizer.jit import compiled

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

ROOT = 256
SHIFT = 9
LABEL = 0x1FF
FREE = LABEL  # the label of a unit that is not in use
TRIED = 1 << 7  # units at the end of a trie that are tried for the children of a unit
ROOM = 1 << 9  # units that are left at the end, so that a base found there and its children are inside


@compiled
def sort_pieces(pool: Bytes, starts: Integers, lengths: Integers, longest: int, order: Integers) -> None:
    """Sorts distinct pieces by their bytes: radix sort from the last byte to the first.

    starts, lengths: (m,) where each lies in the pool; longest: the greatest length; order: (m,) filled.
    """
    before = np.arange(len(starts))
    buckets = np.empty(258, np.int64)
    for depth in range(longest - 1, -1, -1):
        buckets[:] = 0
        for piece in before:
            byte = np.int64(pool[starts[piece] + depth]) + 1 if depth < lengths[piece] else 0
            buckets[byte + 1] += 1
        for byte in range(257):
            buckets[byte + 1] += buckets[byte]
        for piece in before:
            byte = np.int64(pool[starts[piece] + depth]) + 1 if depth < lengths[piece] else 0
            order[buckets[byte]] = piece
            buckets[byte] += 1
        before, order = order, before
    if longest % 2 == 0:
        order[:] = before


@compiled
def _place(children: Integers, size: int, units: Integers, taken: Bytes, free: int, used: int) -> Any:
    """A base of nobody else for which the units of all children are free, and a lower bound of the free units.

    A base is `taken` by one unit only, or one would find the other's children.

    Only the last TRIED units are tried, and beyond them there is always room, so that the search stays short.
    """
    while units[free] & LABEL != FREE:
        free += 1
    unit = max(free, used - TRIED)
    while True:
        base = unit ^ children[0]
        fits = taken[base] == 0
        for child in range(size):
            fits = fits and units[base ^ children[child]] & LABEL == FREE
        if fits:
            taken[base] = 1
            return base, free
        unit += 1


@compiled
def build_trie(pool: Bytes, starts: Integers, lengths: Integers, units: Integers, piece_at: Integers) -> int:
    """Builds a double-array trie of sorted, distinct pieces; returns how many units it uses, -1 if too few.

    The child of unit u by byte b is unit (units[u] >> SHIFT) ^ b, if the label (units[] & LABEL) there is b.
    piece_at: the piece that ends at a unit, or -1. Unit ROOT is the root, and no unit before it is used.
    """
    units[:] = FREE
    piece_at[:] = -1
    units[ROOT] = LABEL - 1
    pending = np.empty((256 * (lengths.max() + 1), 4), np.int64)  # unit, its first and last piece, depth
    pending[0] = (ROOT, 0, len(starts), 0)
    waiting = 1
    taken = np.zeros(len(units), np.uint8)
    children = np.empty(256, np.int64)
    bounds = np.empty(257, np.int64)
    free, used = ROOT + 1, 2 * ROOT
    while waiting > 0:
        if used + ROOM > len(units):
            return -1
        waiting -= 1
        unit, first, last, depth = pending[waiting]
        if lengths[first] == depth:
            piece_at[unit] = first
            first += 1
        size = 0
        for piece in range(first, last):
            byte = np.int64(pool[starts[piece] + depth])
            if size == 0 or children[size - 1] != byte:
                children[size] = byte
                bounds[size] = piece
                size += 1
        bounds[size] = last
        if size > 0:
            base, free = _place(children, size, units, taken, free, used)
            units[unit] |= base << SHIFT
            used = max(used, (base | 0xFF) + 1)
        for child in range(size):
            units[base ^ children[child]] = children[child]
            pending[waiting] = (base ^ children[child], bounds[child], bounds[child + 1], depth + 1)
            waiting += 1
    return used


@compiled
def recount(
    pool: Bytes,
    starts: Integers,
    lengths: Integers,
    counts: Integers,
    units: Integers,
    scores: Floats,
    piece_at: Integers,
    piece_lengths: Integers,
    result: Integers,
) -> None:
    """Cuts pieces into the most probable pieces of a trie and adds their counts to those.

    starts, lengths, counts: (m,) what to cut, passed over where the count is 0; scores: the log-probability of
    the piece that ends at a unit, -inf where none does; piece_lengths and result: by piece of the trie. Of equal
    scores the longest last piece wins, since it starts first.
    """
    longest = lengths.max() if len(lengths) > 0 else 0
    best = np.empty(longest + 1, np.float64)
    reached = np.empty(longest + 1, np.int64)
    for item in range(len(starts)):
        if counts[item] == 0:
            continue
        first, length = starts[item], lengths[item]
        best[0] = 0.0
        best[1 : length + 1] = -np.inf
        for start in range(length):
            base, so_far = units[ROOT] >> SHIFT, best[start]
            for end in range(start, length):
                byte = np.int64(pool[first + end])
                unit = base ^ byte
                link = units[unit]
                if link & LABEL != byte:
                    break
                base = link >> SHIFT
                score = so_far + scores[unit]
                better = score > best[end + 1]  # chosen, not branched on: it can't be predicted
                best[end + 1] = score if better else best[end + 1]
                reached[end + 1] = unit if better else reached[end + 1]
        end = length
        while end > 0:
            piece = piece_at[reached[end]]
            result[piece] += counts[item]
            end -= piece_lengths[piece]
