"""The loops of training over n-grams: count them, look them up, cut chunks where they say a piece begins.

Plain functions over arrays, compiled by numba, which release the GIL. Counting pieces is in `piece_kernels.py`,
pruning them in `pruning_kernels.py`. numba does not see edits across files, so the three share nothing.

An n-gram of up to 7 bytes is one uint64: its bytes from the top, zeros, and its length in the lowest byte. So keys
sort as the bytes do, a shorter n-gram before the longer ones that begin with it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tokenizer.jit import compiled

Bytes = NDArray[np.uint8]
Keys = NDArray[np.uint64]
Buckets = NDArray[np.uint64]
Counts = NDArray[np.uint32]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Rows = NDArray[np.float64]
Routes = NDArray[np.uint8]

MAX_ORDER = 7
BLOCK = 256  # positions whose n-grams are looked up together
LENGTH = np.uint64(0xFF)  # the bits of a key that hold its length
STAYED = 3  # the bit of a route that says that the last state came after itself
ONE, EIGHT = np.uint64(1), np.uint64(8)
SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: neighbouring keys land far apart


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
def _bucket(key: np.uint64, buckets: int) -> np.uint64:
    """Where the search for a key begins in a table of fewer than 2^32 buckets."""
    mixed = key * SPREAD
    mixed = (mixed ^ (mixed >> np.uint64(32))) * SPREAD  # once is not enough for keys that end in zeros
    return (mixed >> np.uint64(32)) * np.uint64(buckets) >> np.uint64(32)


@compiled
def insert(table: Buckets, keys: Keys, entries: Keys) -> None:
    """Puts n-grams into a hash table of buckets that hold eight, a cache line, and tells where each is.

    table: (buckets, 8) 0 where free. A bucket fills from its first entry; what it has no room for goes to the next
    one. entries: (len(keys),) filled with numbers of entries, eight a bucket.
    """
    free = table.reshape(-1)
    for index in range(len(keys)):
        entry = _bucket(keys[index], len(table)) * EIGHT
        while free[entry] != 0:
            entry = entry + ONE if entry + ONE < np.uint64(len(free)) else np.uint64(0)
        free[entry] = keys[index]
        entries[index] = entry


@compiled
def _find(table: Buckets, before: Counts, key: np.uint64, bucket: np.uint64) -> np.uint64:
    """The row of an n-gram whose search begins in `bucket`, 0 if it is not in the table.

    before: (buckets,) how many n-grams all buckets before one hold. Rows are numbered from 1 by their entries.
    """
    while True:
        place = np.uint64(0)
        for offset in range(8):  # without a branch: the entry can't be predicted
            place = np.uint64(offset + 1) if table[bucket, offset] == key else place
        if place != 0 or table[bucket, 7] == 0:
            return before[bucket] + place if place != 0 else np.uint64(0)
        bucket = bucket + ONE if bucket + ONE < np.uint64(len(table)) else np.uint64(0)


@compiled
def fill_suffixes(
    keys: Keys, places: Keys, order: int, table: Buckets, before: Counts, scores: Floats, rows: Rows
) -> None:
    """The scores of what n-grams of `order` bytes end in, of three bytes and more.

    table, before, scores: the shorter n-grams, all of these among them, as `cut_chunks` has them; rows[places] gets
    the scores by rising length, but for its last column.
    """
    for index in range(len(keys)):
        for length in range(3, order):
            word = (keys[index] & ~LENGTH) << np.uint64(8 * (order - length))
            key = word | np.uint64(length)
            rows[places[index], length - 3] = scores[_find(table, before, key, _bucket(key, len(table)))]


@compiled
def _fill_reach(ends: Integers, order: int, reach: Bytes) -> None:
    """How many bytes of its chunk there are up to each position, `order` at most."""
    start = 0
    for end in ends:
        for position in range(start, end):
            reach[position] = min(position - start + 1, order)
        start = end


@compiled
def _fill_nodes(
    data: Bytes,
    first: int,
    count: int,
    reach: Bytes,
    order: int,
    ensure_unicode: bool,
    unigrams: Floats,
    bigrams: Floats,
    table: Buckets,
    before: Counts,
    rows: Rows,
    short_table: Buckets,
    short_before: Counts,
    short_scores: Floats,
    nodes: Rows,
    words: Keys,
    alive: Keys,
    places: Keys,
    seen: Keys,
) -> None:
    """Scores of the n-grams that end at `count` positions from `first` on.

    nodes: (BLOCK, 8) filled, a row a position, column k for the n-gram of k + 1 bytes, -inf where there is none.
    If the longest n-gram is known, and it nearly always is, one row holds the scores of all that it ends in. What
    is left goes from length to length, as an n-gram can only be there if the one without its first byte is.
    """
    word = np.uint64(0)
    for position in range(max(0, first - MAX_ORDER), first):
        word = (word << np.uint64(8)) | np.uint64(data[position])
    for index in range(count):
        byte = data[first + index]
        word = (word << np.uint64(8)) | np.uint64(byte)
        words[index] = word
        continues = ensure_unicode & (byte >= 0x80) & (byte < 0xC0)
        nodes[index, 0] = -np.inf if continues else unigrams[byte]
        pair = bigrams[word & np.uint64(0xFFFF)]
        nodes[index, 1] = pair if reach[first + index] > 1 else -np.inf
        # With no branch that waits for them, these loads are under way together: a fraction of the time.
        bucket = _bucket((word << np.uint64(64 - 8 * order)) | np.uint64(order), len(table))
        places[index] = bucket
        seen[index] = table[bucket, 0]
    kept = np.uint64(0)
    for index in range(count):
        key = (words[index] << np.uint64(64 - 8 * order)) | np.uint64(order)
        row = _find(table, before, key, places[index])
        found = (row != 0) & (reach[first + index] >= order)
        places[index] = row if found else np.uint64(0)
        alive[kept] = index
        kept += np.uint64((not found) & (reach[first + index] > 2))
    for column in range(2, order):
        for index in range(count):
            nodes[index, column] = rows[places[index], column - 2]
    for length in range(3, order):
        living, kept = np.int64(kept), np.uint64(0)
        for place in range(living):
            key = (words[alive[place]] << np.uint64(64 - 8 * length)) | np.uint64(length)
            places[place] = _bucket(key, len(short_table))
            seen[place] = short_table[places[place], 0]
        for place in range(living):
            index = alive[place]
            key = (words[index] << np.uint64(64 - 8 * length)) | np.uint64(length)
            row = _find(short_table, short_before, key, places[place])
            nodes[index, length - 1] = short_scores[row]
            alive[kept] = index
            kept += np.uint64((row != 0) & (reach[np.uint64(first) + index] > length))


@compiled
def _lowest_best(b0: Any, b1: Any, b2: Any, b3: Any, b4: Any, b5: Any, b6: Any) -> Any:
    """The greatest score and the lowest state that has it, 0 if all are -inf."""
    best = max(max(max(b0, b1), max(b2, b3)), max(max(b4, b5), b6))
    state = 6
    state = 5 if b5 == best else state
    state = 4 if b4 == best else state
    state = 3 if b3 == best else state
    state = 2 if b2 == best else state
    state = 1 if b1 == best else state
    state = 0 if b0 == best else state
    return best, state


@compiled
def _advance(before: Any, node: Any, stays: Any) -> Any:
    """One byte of the best path over states: the scores of the states at this byte, and the route to them.

    before, node: the scores of seven states, and of the byte in each; stays: for states 1 to 6, 0 for the last one,
    which follows itself too, -inf for all others. The lowest 3 bits of the route are the state before state 0; bit
    STAYED says that the last state stayed.

    Sums are compared after the score of this byte is added, and the lowest state wins, also among impossible
    ones: this is where the result would drift from the reference's. A route leads to no other state that can't be
    reached than 0, so there is nothing to note of those.
    """
    b0, b1, b2, b3, b4, b5, b6 = before
    n0, n1, n2, n3, n4, n5, n6 = node
    begun, state = _lowest_best(b0 + n0, b1 + n0, b2 + n0, b3 + n0, b4 + n0, b5 + n0, b6 + n0)
    g1, g2, g3, g4, g5, g6 = b0 + n1, b1 + n2, b2 + n3, b3 + n4, b4 + n5, b5 + n6
    s1, s2, s3 = (b1 + n1) + stays[0], (b2 + n2) + stays[1], (b3 + n3) + stays[2]
    s4, s5, s6 = (b4 + n4) + stays[3], (b5 + n5) + stays[4], (b6 + n6) + stays[5]
    stayed = (s1 > g1) | (s2 > g2) | (s3 > g3) | (s4 > g4) | (s5 > g5) | (s6 > g6)
    b1, b2, b3, b4, b5, b6 = max(g1, s1), max(g2, s2), max(g3, s3), max(g4, s4), max(g5, s5), max(g6, s6)
    return (begun, b1, b2, b3, b4, b5, b6), state | (np.int64(stayed) << STAYED)


@compiled
def _mark(start: int, end: int, state: Any, last: int, routes: Routes, begins: Bytes) -> None:
    """Goes back along the routes of a chunk from its last state and marks where state 0 is."""
    for position in range(end - 1, start, -1):
        begins[position] = state == 0
        route = np.int64(routes[position])
        before: Any = state if (state == last) & (route >> STAYED == 1) else state - 1
        state = route & 7 if state == 0 else before
    begins[start] = 1


@compiled
def cut_chunks(
    data: Bytes,
    ends: Integers,
    order: int,
    ensure_unicode: bool,
    unigrams: Floats,
    bigrams: Floats,
    table: Buckets,
    before: Counts,
    rows: Rows,
    short_table: Buckets,
    short_before: Counts,
    short_scores: Floats,
    begins: Bytes,
) -> None:
    """Marks where pieces begin: the best path of each chunk over states "k bytes of this piece came before".

    data: (n,) chunks one after another; ends: (chunks,). Scores are log P(last byte | bytes before): unigrams
    (256,), bigrams (65536,); short_scores (n-grams + 1,), -inf and then for each n-gram of 3 to order - 1 bytes by
    its row in `short_table`; for those of `order` bytes likewise rows (n-grams + 1, order - 2), in each the scores
    of its last 3, 4, ... bytes. Of the tables `_find` tells. begins: (n,) filled with 1 where a piece begins.
    """
    reach = np.empty(len(data), np.uint8)
    _fill_reach(ends, order, reach)
    routes = np.empty(len(data), np.uint8)
    nodes = np.full((BLOCK, 8), -np.inf)
    words = np.empty(BLOCK, np.uint64)
    alive = np.empty(BLOCK + 1, np.uint64)
    places = np.empty(BLOCK, np.uint64)
    seen = np.empty(BLOCK, np.uint64)
    nothing = -np.inf
    last = order - 1
    stays = (
        0.0 if last == 1 else nothing,
        0.0 if last == 2 else nothing,
        0.0 if last == 3 else nothing,
        0.0 if last == 4 else nothing,
        0.0 if last == 5 else nothing,
        0.0 if last == 6 else nothing,
    )
    best = (nothing, nothing, nothing, nothing, nothing, nothing, nothing)
    chunk = start = 0
    for first in range(0, len(data), BLOCK):
        count = min(BLOCK, len(data) - first)
        _fill_nodes(
            data,
            first,
            count,
            reach,
            order,
            ensure_unicode,
            unigrams,
            bigrams,
            table,
            before,
            rows,
            short_table,
            short_before,
            short_scores,
            nodes,
            words,
            alive,
            places,
            seen,
        )
        for index in range(count):
            position = first + index
            if position == start:
                best = (nodes[index, 0], nothing, nothing, nothing, nothing, nothing, nothing)
            else:
                low = (nodes[index, 0], nodes[index, 1], nodes[index, 2], nodes[index, 3])
                node = (*low, nodes[index, 4], nodes[index, 5], nodes[index, 6])
                best, routes[position] = _advance(best, node, stays)
            if position + 1 == ends[chunk]:
                _, state = _lowest_best(*best)
                _mark(start, position + 1, state, last, routes, begins)
                chunk += 1
                start = position + 1
