"""The loops of training over n-grams: count them, look them up, cut chunks where they say a piece begins.

Plain functions over arrays, compiled by numba, which release the GIL; all memory is the caller's. Counting pieces
and pruning them is in `training_kernels.py`. numba does not see edits across files, so the two share nothing.

An n-gram of up to 7 bytes is one uint64: its bytes from the top, zeros, and its length in the lowest byte. So keys
sort as the bytes do, a shorter n-gram before the longer ones that begin with it.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
Bytes = NDArray[np.uint8]
Keys = NDArray[np.uint64]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

MAX_ORDER = 7
BLOCK = 512  # positions whose n-grams are looked up together
LENGTH = np.uint64(0xFF)  # the bits of a key that hold its length
SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: neighbouring keys land far apart


def compiled(function: Function) -> Function:
    """Compiles a kernel and keeps the machine code where numba finds a folder it may write to."""
    try:
        return cast(Function, njit(nogil=True, error_model="numpy", cache=True)(function))
    except RuntimeError:  # a read-only installation without a cache folder: compiled anew in each process
        return cast(Function, njit(nogil=True, error_model="numpy")(function))


@compiled
def fill_keys(data: Bytes, ends: Integers, order: int, keys: Keys) -> None:
    """The n-gram of `order` bytes at every position, shorter where its chunk ends sooner.

    data: (n,) chunks one after another; ends: (chunks,) where each ends; keys: (n,) filled.
    """
    start = 0
    for end in ends:
        for position in range(start, end):
            length = min(order, end - position)
            key = np.uint64(length)
            for offset in range(length):
                key |= np.uint64(data[position + offset]) << np.uint64(56 - 8 * offset)
            keys[position] = key
        start = end


@compiled
def count_runs(keys: Keys, counts: Integers) -> int:
    """Of sorted keys keeps one each, in place, and how often it was there; returns how many are left."""
    size = 0
    for index in range(len(keys)):
        if size > 0 and keys[index] == keys[size - 1]:
            counts[size - 1] += 1
        else:
            keys[size] = keys[index]
            counts[size] = 1
            size += 1
    return size


@compiled
def merge_runs(
    left: Keys, left_counts: Integers, right: Keys, right_counts: Integers, keys: Keys, counts: Integers
) -> int:
    """Merges two sorted runs of distinct keys, adding the counts of keys in both; returns the size.

    keys, counts: (len(left) + len(right),) filled from the front.
    """
    size = i = j = 0
    while i < len(left) or j < len(right):
        take_left = j == len(right) or (i < len(left) and left[i] <= right[j])
        take_right = i == len(left) or (j < len(right) and right[j] <= left[i])
        keys[size] = left[i] if take_left else right[j]
        counts[size] = (left_counts[i] if take_left else 0) + (right_counts[j] if take_right else 0)
        i += take_left
        j += take_right
        size += 1
    return size


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


@compiled
def _bucket(key: np.uint64, size: int) -> np.int64:
    """Where the search for a key begins in a table of `size` < 2^32 buckets."""
    mixed = key * SPREAD
    mixed = (mixed ^ (mixed >> np.uint64(32))) * SPREAD  # once is not enough for keys that end in zeros
    return np.int64((mixed >> np.uint64(32)) * np.uint64(size) >> np.uint64(32))


@compiled
def insert(slots: Keys, scores: Floats, keys: Keys, values: Floats) -> None:
    """Puts n-grams and their scores into a hash table of buckets that hold four entries, a cache line.

    slots and scores are two views of one memory, (8 * buckets,): entry e has its key in slots[2 * e], 0 if free,
    and the score beside it in scores[2 * e + 1]. A bucket fills from its first entry; what it has no room for
    goes to the next one.
    """
    for index in range(len(keys)):
        entry: Any = 4 * _bucket(keys[index], len(slots) // 8)
        while slots[2 * entry] != 0:
            entry = entry + 1 if 2 * entry + 2 < len(slots) else 0
        slots[2 * entry] = keys[index]
        scores[2 * entry + 1] = values[index]


@compiled
def _look_up(slots: Keys, scores: Floats, key: np.uint64, bucket: int) -> Any:
    """The score of an n-gram whose search begins in `bucket`, -inf if it is not in the table."""
    while True:
        place = 8 * bucket
        score = -np.inf
        for entry in range(4):  # without a branch: the entry can't be predicted
            score = scores[place + 2 * entry + 1] if slots[place + 2 * entry] == key else score
        if score > -np.inf or slots[place + 6] == 0:
            return score
        bucket = bucket + 1 if place + 8 < len(slots) else 0


@compiled
def _fill_nodes(
    data: Bytes,
    start: int,
    first: int,
    count: int,
    order: int,
    ensure_unicode: bool,
    unigrams: Floats,
    bigrams: Floats,
    slots: Keys,
    scores: Floats,
    nodes: Floats,
    words: Keys,
    alive: Integers,
    searches: Integers,
    seen: Keys,
) -> None:
    """Scores of the n-grams that end at `count` positions from `first` on, in a chunk that begins at `start`.

    nodes: (BLOCK * order,) filled, a row a position, column k for the n-gram of k + 1 bytes, -inf where there is
    none. An n-gram can only be there if the one without its first byte is, so from length to length fewer
    positions are still `alive`, and their look-ups wait for memory side by side.
    """
    word = np.uint64(0)
    for position in range(max(start, first - MAX_ORDER), first):
        word = (word << np.uint64(8)) | np.uint64(data[position])
    nodes[: count * order] = -np.inf
    living = 0
    for index in range(count):
        byte = data[first + index]
        word = (word << np.uint64(8)) | np.uint64(byte)
        words[index] = word
        continues = ensure_unicode & (byte >= 0x80) & (byte < 0xC0)
        nodes[index * order] = -np.inf if continues else unigrams[byte]
        alive[living] = index
        living += (order > 1) & (first + index > start)
    kept = 0
    for place in range(living):
        index = alive[place]
        score = bigrams[np.int64(words[index] & np.uint64(0xFFFF))]
        nodes[index * order + 1] = score
        alive[kept] = index
        kept += (score > -np.inf) & (first + index > start + 1)
    for length in range(3, order + 1):
        living, kept = kept, 0
        # With no branch that waits for them, these loads are under way together: a tenth of the time.
        for place in range(living):
            key = (words[alive[place]] << np.uint64(64 - 8 * length)) | np.uint64(length)
            bucket = _bucket(key, len(slots) // 8)
            searches[place] = bucket
            seen[place] = slots[8 * bucket]
        for place in range(living):
            index = alive[place]
            key = (words[index] << np.uint64(64 - 8 * length)) | np.uint64(length)
            score = _look_up(slots, scores, key, searches[place])
            nodes[index * order + length - 1] = score
            alive[kept] = index
            kept += (score > -np.inf) & (first + index >= start + length)


@compiled
def _advance(best: Floats, nodes: Floats, row: int, order: int, routes: Bytes, here: int) -> None:
    """One byte of the best path over states: `best` becomes the scores at this byte.

    nodes[row:] are the scores of the byte, routes[here:] is filled with the state before each state. Sums are
    compared after the score of this byte is added, and the lowest state wins, also among impossible ones: this
    is where the result would drift from the reference's.
    """
    begin = nodes[row]
    top, top_state = best[0] + begin, 0
    for state in range(1, order):
        score = best[state] + begin
        better = score > top
        top = score if better else top
        top_state = state if better else top_state
    last = order - 1
    if order > 1:
        grown = best[last - 1] + nodes[row + last]
        stayed = best[last] + nodes[row + last]
        route = last - 1 if grown > -np.inf else 0
        routes[here + last] = last if stayed > grown else route
        best[last] = stayed if stayed > grown else grown
    for state in range(last - 1, 0, -1):
        score = best[state - 1] + nodes[row + state]
        routes[here + state] = state - 1 if score > -np.inf else 0
        best[state] = score
    best[0] = top
    routes[here] = top_state


@compiled
def cut_chunks(
    data: Bytes,
    ends: Integers,
    order: int,
    ensure_unicode: bool,
    unigrams: Floats,
    bigrams: Floats,
    slots: Keys,
    scores: Floats,
    begins: Bytes,
) -> None:
    """Marks where pieces begin: the best path of each chunk over states "k bytes of this piece came before".

    data: (n,) chunks one after another; ends: (chunks,); unigrams: (256,), bigrams: (65536,), slots and scores
    as `insert` fills them: log P(last byte | bytes before); begins: (n,) filled with 1 where a piece begins.
    """
    longest = start = 0
    for end in ends:
        longest = max(longest, end - start)
        start = end
    routes = np.zeros(longest * order, np.uint8)
    nodes = np.empty(BLOCK * order, np.float64)
    words = np.empty(BLOCK, np.uint64)
    alive = np.empty(BLOCK + 1, np.int64)
    searches = np.empty(BLOCK, np.int64)
    seen = np.empty(BLOCK, np.uint64)
    best = np.empty(order, np.float64)
    start = 0
    for end in ends:
        for first in range(start, end, BLOCK):
            count = min(BLOCK, end - first)
            _fill_nodes(
                data,
                start,
                first,
                count,
                order,
                ensure_unicode,
                unigrams,
                bigrams,
                slots,
                scores,
                nodes,
                words,
                alive,
                searches,
                seen,
            )
            for index in range(count):
                if first + index == start:
                    best[:] = nodes[:order]
                else:
                    _advance(best, nodes, index * order, order, routes, (first + index - start) * order)
        state = np.argmax(best)
        for position in range(end - 1, start, -1):
            begins[position] = state == 0
            state = np.int64(routes[(position - start) * order + state])
        begins[start] = 1
        start = end
