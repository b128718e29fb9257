"""The loops of training over pieces: count them in runs, sorted, and merge such runs.

Plain functions over arrays, compiled by numba, which release the GIL. Counting n-grams is in `ngram_kernels.py`,
cutting the corpus by them in `cutting_kernels.py`, pruning in `pruning_kernels.py`. numba does not see edits across
files, so they share nothing.

A piece of up to 7 bytes is one uint64, its key: its bytes from the top, zeros, and its length in the lowest byte. A
longer piece has a hash for a key, with 0xFF in the lowest byte, and pieces of one key are told apart by their bytes.
A run of pieces is sorted by key, then length, then bytes; the bytes lie one after another in that order.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.jit import compiled

Bytes = NDArray[np.uint8]
Keys = NDArray[np.uint64]
Lengths = NDArray[np.uint16]  # enough for a chunk of 10,000 characters and 100 newlines
Integers = NDArray[np.int64]

HASHED = np.uint64(0xFF)  # the lowest byte of a key that is a hash
MIX = np.uint64(0xD6E8FEB86659FD93)


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
def find_pieces(data: Bytes, begins: Bytes, starts: Integers, keys: Keys) -> int:
    """Where the pieces of a batch start, and their keys; returns how many there are.

    data: (n,); begins: (n,) 1 where a piece begins, so at 0; starts, keys: long enough for them.
    """
    size = start = 0
    while start < len(data):
        end = start + 1
        while end < len(data) and begins[end] == 0:
            end += 1
        starts[size] = start
        keys[size] = _key(data, start, end - start)
        size += 1
        start = end
    return size


@compiled
def _compare(left: Bytes, i: Any, left_length: Any, right: Bytes, j: Any, right_length: Any) -> Any:
    """Below, at or above 0 as left[i : i + left_length] comes before, with or after the piece in `right`."""
    if left_length != right_length:
        return left_length - right_length
    for offset in range(left_length):
        if left[i + offset] != right[j + offset]:
            return np.int64(left[i + offset]) - np.int64(right[j + offset])
    return 0


@compiled
def group(
    data: Bytes,
    starts: Integers,
    lengths: Integers,
    weights: Integers,
    keys: Keys,
    order: Integers,
    places: Integers,
    counts: Integers,
) -> int:
    """Finds equal pieces among those that `order` sorts by key; returns how many different ones there are.

    starts, lengths, weights, keys: (n,) where each piece lies in `data`, how often it is there, its key.
    places: (n,) filled with the number of one piece of each kind, in the order of a run; counts: (n,) with the
    sums of their weights.
    """
    size = first = 0
    for item in order:
        if size == 0 or keys[places[size - 1]] != keys[item]:
            first = size
        place: Any = size
        ordered: Any = np.int64(-1)
        while place > first:
            other = places[place - 1]
            ordered = _compare(data, starts[other], lengths[other], data, starts[item], lengths[item])
            if ordered <= 0:
                break
            place -= 1
        if ordered == 0:
            counts[place - 1] += weights[item]
            continue
        for later in range(size, place, -1):
            places[later] = places[later - 1]
            counts[later] = counts[later - 1]
        places[place] = item
        counts[place] = weights[item]
        size += 1
    return size


@compiled
def gather(data: Bytes, starts: Integers, lengths: Lengths, pool: Bytes) -> None:
    """Copies pieces of `data` one after another into `pool`. starts, lengths: (n,)."""
    filled: Any = 0
    for piece in range(len(starts)):
        start, length = starts[piece], np.int64(lengths[piece])
        for offset in range(length):
            pool[filled + offset] = data[start + offset]
        filled += length


@compiled
def merge_runs(
    left: Keys,
    left_counts: Integers,
    left_lengths: Lengths,
    left_pool: Bytes,
    right: Keys,
    right_counts: Integers,
    right_lengths: Lengths,
    right_pool: Bytes,
    keys: Keys,
    counts: Integers,
    lengths: Lengths,
    pool: Bytes,
) -> Any:
    """Merges two runs, adding the counts of pieces in both; returns how many pieces and bytes there are then.

    keys, counts, lengths: (len(left) + len(right),) filled from the front, and so is `pool`.
    """
    size = i = j = 0
    filled: Any = 0
    at_left: Any = 0
    at_right: Any = 0
    while i < len(left) or j < len(right):
        ordered = -1 if j == len(right) else 1
        if i < len(left) and j < len(right):
            ordered = -1 if left[i] < right[j] else 1
            if left[i] == right[j]:
                lengths_here = np.int64(left_lengths[i]), np.int64(right_lengths[j])
                ordered = _compare(left_pool, at_left, lengths_here[0], right_pool, at_right, lengths_here[1])
        if ordered <= 0:
            length, key, count = np.int64(left_lengths[i]), left[i], left_counts[i]
            for offset in range(length):
                pool[filled + offset] = left_pool[at_left + offset]
            at_left += length
            i += 1
        else:
            length, key, count = np.int64(right_lengths[j]), right[j], np.int64(0)
            for offset in range(length):
                pool[filled + offset] = right_pool[at_right + offset]
        if ordered >= 0:
            count += right_counts[j]
            at_right += length
            j += 1
        keys[size] = key
        lengths[size] = length
        counts[size] = count
        filled += length
        size += 1
    return size, filled
