"""The loops of training that count n-grams.

Plain functions over arrays, compiled by numba, which release the GIL. Looking n-grams up is in `cutting_kernels.py`,
counting pieces in `piece_kernels.py`, pruning them in `pruning_kernels.py`. numba does not see edits across files, so
the four share nothing but what a key is.

An n-gram of up to 7 bytes is one uint64: its bytes from the top, zeros, and its length in the lowest byte. So keys
sort as the bytes do, a shorter n-gram before the longer ones that begin with it.
"""

import numpy as np
from numpy.typing import NDArray

from app.jit import compiled

Bytes = NDArray[np.uint8]
Keys = NDArray[np.uint64]
Integers = NDArray[np.int64]

MAX_ORDER = 7
LENGTH = np.uint64(0xFF)  # the bits of a key that hold its length


@compiled
def fill_keys(data: Bytes, ends: Integers, order: int, keys: Keys) -> None:
    """The n-gram of `order` bytes at every position, shorter where its chunk ends sooner.

    data: (n,) chunks one after another; ends: (chunks,) where each ends; keys: (n,) filled.
    """
    start = 0
    for end in ends:
        word = np.uint64(0)
        for position in range(start, min(start + order - 1, end)):
            word = (word << np.uint64(8)) | np.uint64(data[position])
        for position in range(start, end - order + 1):
            word = (word << np.uint64(8)) | np.uint64(data[position + order - 1])
            keys[position] = (word << np.uint64(64 - 8 * order)) | np.uint64(order)
        for position in range(max(start, end - order + 1), end):
            length = end - position
            keys[position] = (word << np.uint64(64 - 8 * length)) | np.uint64(length)
        start = end


@compiled
def count_runs(keys: Keys, counts: Integers) -> int:
    """Of sorted keys keeps one each, in place, and how often it was there; returns how many are left.

    counts: (len(keys),) filled from the front.
    """
    if len(keys) == 0:
        return 0
    size, last = np.uint64(0), keys[0]  # numba would ask of a signed index whether it is negative
    for index in range(np.uint64(len(keys))):
        # Without a branch, which could not be predicted: what is written last at a place stays there.
        key = keys[index]
        counts[size] = index
        size += np.uint64(key != last)
        keys[size] = last = key
    counts[size] = len(keys)
    before = 0
    for index in range(size + np.uint64(1)):
        end = counts[index]
        counts[index] = end - before
        before = end
    return int(size) + 1


@compiled
def merge_runs(
    left: Keys, left_counts: Integers, right: Keys, right_counts: Integers, keys: Keys, counts: Integers
) -> int:
    """Merges two sorted runs of distinct keys, adding the counts of keys in both; returns the size.

    keys, counts: (len(left) + len(right),) filled from the front.
    """
    size, i, j = np.uint64(0), np.uint64(0), np.uint64(0)
    left_size, right_size = np.uint64(len(left)), np.uint64(len(right))
    while i < left_size and j < right_size:
        a, b = left[i], right[j]
        take_left, take_right = a <= b, b <= a
        keys[size] = min(a, b)
        counts[size] = left_counts[i] * take_left + right_counts[j] * take_right
        i += np.uint64(take_left)
        j += np.uint64(take_right)
        size += np.uint64(1)
    for index in range(i, left_size):
        keys[size], counts[size] = left[index], left_counts[index]
        size += np.uint64(1)
    for index in range(j, right_size):
        keys[size], counts[size] = right[index], right_counts[index]
        size += np.uint64(1)
    return int(size)


@compiled
def shorten(keys: Keys, counts: Integers, order: int) -> int:
    """Cuts the n-grams of a sorted run to `order` bytes, in place, adding what becomes equal; returns the size.

    The run stays sorted: among keys that begin alike, those too short to be cut come first.
    """
    mask = ~np.uint64(0) << np.uint64(64 - 8 * order)
    size = 0
    for index in range(len(keys)):
        key = (keys[index] & mask) | min(keys[index] & LENGTH, np.uint64(order))
        if size > 0 and keys[size - 1] == key:
            counts[size - 1] += counts[index]
        else:
            keys[size] = key
            counts[size] = counts[index]
            size += 1
    return size


@compiled
def parent_counts(keys: Keys, order: int, parents: Keys, counts: Integers, result: Integers) -> None:
    """For n-grams of `order` bytes, sorted, the count of the n-gram without its last byte.

    parents: (m,) a sorted run in which every such n-gram occurs, with its counts; result: (len(keys),) filled.
    """
    mask = ~np.uint64(0) << np.uint64(64 - 8 * (order - 1))
    place = 0
    for index in range(len(keys)):
        parent = (keys[index] & mask) | np.uint64(order - 1)
        while parents[place] != parent:
            place += 1
        result[index] = counts[place]
