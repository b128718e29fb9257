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
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Rows = NDArray[np.float64]
Routes = NDArray[np.uint16]

MAX_ORDER = 7
BLOCK = 256  # positions whose n-grams are looked up together
LENGTH = np.uint64(0xFF)  # the bits of a key that hold its length
STAYED = 3  # the bit of a route that says that the last state came after itself
ALIVE = 3  # state k > 0 can be reached if bit ALIVE + k is set
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
def _bucket(key: np.uint64, size: int) -> np.int64:
    """Where the search for a key begins in a table of `size` < 2^32 buckets."""
    mixed = key * SPREAD
    mixed = (mixed ^ (mixed >> np.uint64(32))) * SPREAD  # once is not enough for keys that end in zeros
    return np.int64((mixed >> np.uint64(32)) * np.uint64(size) >> np.uint64(32))


@compiled
def insert(table: Keys, keys: Keys, entries: Integers) -> None:
    """Puts n-grams into a hash table of buckets that hold eight, a cache line, and tells where each is.

    table: (8 * buckets,) 0 where free. A bucket fills from its first entry; what it has no room for goes to the
    next one. entries: (len(keys),) filled.
    """
    for index in range(len(keys)):
        entry: Any = 8 * _bucket(keys[index], len(table) // 8)
        while table[entry] != 0:
            entry = entry + 1 if entry + 1 < len(table) else 0
        table[entry] = keys[index]
        entries[index] = entry


@compiled
def _find(table: Keys, key: np.uint64, bucket: Any) -> Any:
    """The entry of an n-gram whose search begins in `bucket`, -1 if it is not in the table."""
    while True:
        place = 8 * bucket
        entry = -1
        for offset in range(8):  # without a branch: the entry can't be predicted
            entry = place + offset if table[place + offset] == key else entry
        if entry >= 0 or table[place + 7] == 0:
            return entry
        bucket = bucket + 1 if place + 8 < len(table) else 0


@compiled
def fill_suffixes(keys: Keys, entries: Integers, order: int, table: Keys, scores: Floats, rows: Rows) -> None:
    """The scores of what n-grams of `order` bytes end in, of three bytes and more.

    table, scores: the shorter n-grams, all of these among them; rows[entries + 1] gets them by rising length, but
    for its last column.
    """
    for index in range(len(keys)):
        for length in range(3, order):
            word = (keys[index] & ~LENGTH) << np.uint64(8 * (order - length))
            key = word | np.uint64(length)
            rows[entries[index] + 1, length - 3] = scores[_find(table, key, _bucket(key, len(table) // 8))]


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
    table: Keys,
    rows: Rows,
    short_table: Keys,
    short_scores: Floats,
    nodes: Rows,
    words: Keys,
    alive: Integers,
    places: Integers,
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
    buckets = len(table) // 8
    for index in range(count):
        byte = data[first + index]
        word = (word << np.uint64(8)) | np.uint64(byte)
        words[index] = word
        continues = ensure_unicode & (byte >= 0x80) & (byte < 0xC0)
        nodes[index, 0] = -np.inf if continues else unigrams[byte]
        pair = bigrams[np.int64(word & np.uint64(0xFFFF))]
        nodes[index, 1] = pair if reach[first + index] > 1 else -np.inf
        # With no branch that waits for them, these loads are under way together: a fraction of the time.
        bucket = _bucket((word << np.uint64(64 - 8 * order)) | np.uint64(order), buckets)
        places[index] = bucket
        seen[index] = table[8 * bucket]
    kept = 0
    for index in range(count):
        entry = _find(table, (words[index] << np.uint64(64 - 8 * order)) | np.uint64(order), places[index])
        found = (entry >= 0) & (reach[first + index] >= order)
        places[index] = entry + 1 if found else 0
        alive[kept] = index
        kept += (not found) & (reach[first + index] > 2)
    for index in range(count):
        for column in range(2, order):
            nodes[index, column] = rows[places[index], column - 2]
    buckets = len(short_table) // 8
    for length in range(3, order):
        living, kept = kept, 0
        for place in range(living):
            key = (words[alive[place]] << np.uint64(64 - 8 * length)) | np.uint64(length)
            places[place] = _bucket(key, buckets)
            seen[place] = short_table[8 * places[place]]
        for place in range(living):
            index = alive[place]
            key = (words[index] << np.uint64(64 - 8 * length)) | np.uint64(length)
            entry = _find(short_table, key, places[place])
            nodes[index, length - 1] = short_scores[entry] if entry >= 0 else -np.inf
            alive[kept] = index
            kept += (entry >= 0) & (reach[first + index] > length)


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
    STAYED says that the last state stayed; bit ALIVE + k is 0 where state k can't be reached, and then 0 is before
    it.

    Sums are compared after the score of this byte is added, and the lowest state wins, also among impossible
    ones: this is where the result would drift from the reference's.
    """
    b0, b1, b2, b3, b4, b5, b6 = before
    n0, n1, n2, n3, n4, n5, n6 = node
    begun, state = _lowest_best(b0 + n0, b1 + n0, b2 + n0, b3 + n0, b4 + n0, b5 + n0, b6 + n0)
    g1, g2, g3, g4, g5, g6 = b0 + n1, b1 + n2, b2 + n3, b3 + n4, b4 + n5, b5 + n6
    s1, s2, s3 = (b1 + n1) + stays[0], (b2 + n2) + stays[1], (b3 + n3) + stays[2]
    s4, s5, s6 = (b4 + n4) + stays[3], (b5 + n5) + stays[4], (b6 + n6) + stays[5]
    stayed = (s1 > g1) | (s2 > g2) | (s3 > g3) | (s4 > g4) | (s5 > g5) | (s6 > g6)
    b1, b2, b3, b4, b5, b6 = max(g1, s1), max(g2, s2), max(g3, s3), max(g4, s4), max(g5, s5), max(g6, s6)
    alive = np.int64(b1 > -np.inf) | (np.int64(b2 > -np.inf) << 1) | (np.int64(b3 > -np.inf) << 2)
    alive |= (np.int64(b4 > -np.inf) << 3) | (np.int64(b5 > -np.inf) << 4) | (np.int64(b6 > -np.inf) << 5)
    route = state | (np.int64(stayed) << STAYED) | (alive << (ALIVE + 1))
    return (begun, b1, b2, b3, b4, b5, b6), route


@compiled
def _mark(start: int, end: int, state: Any, last: int, routes: Routes, begins: Bytes) -> None:
    """Goes back along the routes of a chunk from its last state and marks where state 0 is."""
    for position in range(end - 1, start, -1):
        begins[position] = state == 0
        route = np.int64(routes[position])
        before: Any = state if (state == last) & (route >> STAYED & 1 == 1) else state - 1
        before = before if route >> (ALIVE + state) & 1 == 1 else 0
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
    table: Keys,
    rows: Rows,
    short_table: Keys,
    short_scores: Floats,
    begins: Bytes,
) -> None:
    """Marks where pieces begin: the best path of each chunk over states "k bytes of this piece came before".

    data: (n,) chunks one after another; ends: (chunks,). Scores are log P(last byte | bytes before): unigrams
    (256,), bigrams (65536,), short_scores for the entries of short_table, n-grams of 3 to order - 1 bytes; for
    those of `order` bytes rows (len(table) + 1, order - 2), -inf in the first row, then one for each entry of
    `table` with the scores of its last 3, 4, ... bytes. begins: (n,) filled with 1 where a piece begins.
    """
    reach = np.empty(len(data), np.uint8)
    _fill_reach(ends, order, reach)
    routes = np.empty(len(data), np.uint16)
    nodes = np.full((BLOCK, 8), -np.inf)
    words = np.empty(BLOCK, np.uint64)
    alive = np.empty(BLOCK + 1, np.int64)
    places = np.empty(BLOCK, np.int64)
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
            rows,
            short_table,
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
