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
def link_suffixes(
    pool: Bytes,
    starts: Integers,
    lengths: Integers,
    units: Integers,
    piece_at: Integers,
    failures: Integers,
    shorter: Integers,
) -> None:
    """Makes an automaton of the trie: Aho and Corasick, "Efficient string matching", 1975.

    Every single byte is a piece. failures: (units,) filled, the unit of the longest proper suffix of what leads to a
    unit. piece_at: where no piece ends, it gets the longest one that is a suffix. shorter: by piece, filled with the
    longest piece that is a proper suffix of it, -1 if none is.
    """
    failures[:] = -1
    failures[ROOT] = ROOT
    places = np.full(len(starts), ROOT)
    for depth in range(lengths.max()):  # so that all that is shorter is known
        for piece in range(len(starts)):
            if depth >= lengths[piece]:
                continue
            byte = np.int64(pool[starts[piece] + depth])
            above = places[piece]
            unit = units[above] >> SHIFT ^ byte
            places[piece] = unit
            if failures[unit] >= 0:
                continue
            suffix = above
            while suffix != ROOT:
                suffix = failures[suffix]
                if units[units[suffix] >> SHIFT ^ byte] & LABEL == byte:
                    break
            failures[unit] = units[suffix] >> SHIFT ^ byte if depth > 0 else ROOT
            longest = piece_at[failures[unit]]
            if piece_at[unit] >= 0:
                shorter[piece_at[unit]] = longest
            else:
                piece_at[unit] = longest


@compiled
def recount(
    pool: Bytes,
    starts: Integers,
    lengths: Integers,
    counts: Integers,
    units: Integers,
    failures: Integers,
    piece_at: Integers,
    shorter: Integers,
    piece_lengths: Integers,
    scores: Floats,
    result: Integers,
) -> None:
    """Cuts pieces into the most probable pieces of an automaton and adds their counts to those.

    starts, lengths, counts: (m,) what to cut, passed over where the count is 0. units to shorter: as
    `link_suffixes` leaves them; piece_lengths, scores and result: by piece, its log-probability, -inf if it is gone.
    Of equal scores the longest last piece wins, since it comes first.
    """
    longest = lengths.max() if len(lengths) > 0 else 0
    best = np.empty(longest + 1, np.float64)
    reached = np.empty(longest + 1, np.int64)
    best[0] = 0.0
    for item in range(len(starts)):
        if counts[item] == 0:
            continue
        state = np.uint64(ROOT)  # numba would ask of a signed number whether it is negative
        for place in range(lengths[item]):
            byte = np.int64(pool[starts[item] + place])
            unit = np.uint64(units[state] >> SHIFT ^ byte)
            while units[unit] & LABEL != byte:
                state = np.uint64(failures[state])
                unit = np.uint64(units[state] >> SHIFT ^ byte)
            state = unit
            piece: Any = piece_at[unit]
            total: Any = -np.inf
            last = piece
            while piece >= 0:
                score = best[place + 1 - piece_lengths[np.uint64(piece)]] + scores[np.uint64(piece)]
                better = score > total  # chosen, not branched on: it can't be predicted
                total = score if better else total
                last = piece if better else last
                piece = shorter[np.uint64(piece)]
            best[place + 1] = total
            reached[place + 1] = last
        end = lengths[item]
        while end > 0:
            result[reached[end]] += counts[item]
            end -= piece_lengths[reached[end]]
