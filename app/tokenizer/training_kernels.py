"""The loops of training over pieces: count them, sort them, and cut some of them into the others.

Plain functions over arrays, compiled by numba, which release the GIL; all memory is the caller's. Counting n-grams
and cutting the corpus by them is in `ngram_kernels.py`. numba does not see edits across files, so the two share
nothing.

Pieces lie one after another in a pool of bytes. A table of pieces is a hash table with open addresses, three uint64
a slot: key (0 if free), place (where in the pool, and the length in the lowest 16 bits), count. Up to 7 bytes the
key is the piece itself and its length; longer ones have a hash there and are compared byte by byte.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
Bytes = NDArray[np.uint8]
Table = NDArray[np.uint64]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

PLACE_BITS = np.uint64(16)
MAX_PIECE = 0xFFFF  # bytes; a chunk of 10,000 characters and 100 newlines is shorter
HASHED = np.uint64(0xFF)  # the lowest byte of a key that is a hash
SPREAD = np.uint64(0x9E3779B97F4A7C15)
MIX = np.uint64(0xD6E8FEB86659FD93)

ROOT = 256
SHIFT = 9
LABEL = 0x1FF
FREE = LABEL  # the label of a unit that is not in use
TRIED = 1 << 9  # units at the end of a trie that are tried for the children of a unit


def compiled(function: Function) -> Function:
    """Compiles a kernel and keeps the machine code where numba finds a folder it may write to."""
    try:
        return cast(Function, njit(nogil=True, error_model="numpy", cache=True)(function))
    except RuntimeError:  # a read-only installation without a cache folder: compiled anew in each process
        return cast(Function, njit(nogil=True, error_model="numpy")(function))


@compiled
def _key(data: Bytes, start: int, length: int) -> Any:
    """The key of the piece data[start : start + length]."""
    if length <= 7:
        key = np.uint64(length)
        for offset in range(length):
            key |= np.uint64(data[start + offset]) << np.uint64(56 - 8 * offset)
        return key
    key = np.uint64(length)
    for offset in range(length):
        key = (key ^ np.uint64(data[start + offset])) * MIX
        key ^= key >> np.uint64(32)
    return key | HASHED


@compiled
def _slot(key: Any, size: int) -> Any:
    """Where the search for a key begins in a table of `size` slots, a power of two."""
    return np.int64((key * SPREAD) >> np.uint64(20)) & (size - 1)


@compiled
def _add(
    table: Table, pool: Bytes, state: Integers, data: Bytes, start: int, length: int, count: int
) -> None:
    """Adds `count` occurrences of data[start : start + length]. state: entries, bytes of the pool used."""
    key = _key(data, start, length)
    slot = _slot(key, len(table))
    while table[slot, 0] != 0:
        if table[slot, 0] == key:
            place = np.int64(table[slot, 1] >> PLACE_BITS)
            same = length <= 7 or np.int64(table[slot, 1] & np.uint64(MAX_PIECE)) == length
            offset = 0
            while length > 7 and same and offset < length:
                same = pool[place + offset] == data[start + offset]
                offset += 1
            if same:
                table[slot, 2] += np.uint64(count)
                return
        slot = (slot + 1) & (len(table) - 1)
    table[slot, 0] = key
    table[slot, 1] = (np.uint64(state[1]) << PLACE_BITS) | np.uint64(length)
    table[slot, 2] = np.uint64(count)
    for offset in range(length):
        pool[state[1] + offset] = data[start + offset]
    state[0] += 1
    state[1] += length


@compiled
def _full(table: Table, pool: Bytes, state: Integers) -> Any:
    return 2 * state[0] >= len(table) or state[1] + MAX_PIECE > len(pool)


@compiled
def count_pieces(data: Bytes, begins: Bytes, start: int, table: Table, pool: Bytes, state: Integers) -> int:
    """Counts the pieces from `start` on until the end or until table or pool is full; returns where it stopped.

    data: (n,); begins: (n,) 1 where a piece begins; `start` is where one does.
    """
    while start < len(data) and not _full(table, pool, state):
        end = start + 1
        while end < len(data) and begins[end] == 0:
            end += 1
        _add(table, pool, state, data, start, end - start, 1)
        start = end
    return start


@compiled
def add_pieces(
    data: Bytes, places: Table, counts: Integers, first: int, table: Table, pool: Bytes, state: Integers
) -> int:
    """Adds pieces from `first` on until the last or until table or pool is full; returns how far it came.

    places: (m,) as in a table, into `data`; counts: (m,).
    """
    while first < len(places) and not _full(table, pool, state):
        start: Any = np.int64(places[first] >> PLACE_BITS)
        length: Any = np.int64(places[first] & np.uint64(MAX_PIECE))
        _add(table, pool, state, data, start, length, counts[first])
        first += 1
    return first


@compiled
def move_entries(table: Table, larger: Table) -> None:
    """Moves all entries of a table into a larger, empty one over the same pool."""
    for entry in range(len(table)):
        if table[entry, 0] != 0:
            slot = _slot(table[entry, 0], len(larger))
            while larger[slot, 0] != 0:
                slot = (slot + 1) & (len(larger) - 1)
            larger[slot] = table[entry]


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
        if used + TRIED > len(units):
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
