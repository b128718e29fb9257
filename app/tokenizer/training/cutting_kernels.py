"""The loops of training that look n-grams up and cut chunks where these say that a piece begins.

Plain functions over arrays, compiled by numba, which release the GIL. What a key is, and counting n-grams, is in
`ngram_kernels.py`. numba does not see edits across files, so kernels share nothing else.
"""

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from app.jit import compiled
from app.tokenizer.engine.pick import pick
from app.tokenizer.training.ngram_kernels import LENGTH, MAX_ORDER

Bytes = NDArray[np.uint8]
Keys = NDArray[np.uint64]
Buckets = NDArray[np.uint64]
Counts = NDArray[np.uint32]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Rows = NDArray[np.float64]
Routes = NDArray[np.uint8]

BLOCK = 256  # positions whose n-grams are looked up together
LENGTHS = MAX_ORDER - 3  # how many lengths of n-grams there are in the table of shorter ones, at most
STAYED = 3  # the bit of a route that says that the last state came after itself
NONE = np.uint64(8)  # the number of an entry that is not there
ONE, EIGHT = np.uint64(1), np.uint64(8)
SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: neighbouring keys land far apart


def _entry(_typing: Any, table: Any, _number: Any, _key: Any) -> Any:
    """Which of a bucket's eight entries a key is, NONE if it is none of them; compares all at once."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        word, eight = ir.IntType(64), ir.VectorType(ir.IntType(64), 8)
        first = builder.mul(arguments[1], ir.Constant(word, 8))
        place = builder.gep(context.make_array(table)(context, builder, arguments[0]).data, [first])
        entries = builder.load(builder.bitcast(place, eight.as_pointer()), align=8)
        undefined, zeros = ir.Constant(eight, ir.Undefined), ir.VectorType(ir.IntType(32), 8)
        one = builder.insert_element(undefined, arguments[2], ir.Constant(ir.IntType(32), 0))
        keys = builder.shuffle_vector(one, undefined, ir.Constant(zeros, [0] * 8))
        equal = builder.bitcast(builder.icmp_unsigned("==", entries, keys), ir.IntType(8))
        beyond = ir.Constant(word, 1 << int(NONE))
        return builder.cttz(builder.or_(builder.zext(equal, word), beyond), ir.Constant(ir.IntType(1), 1))

    return types.uint64(table, types.uint64, types.uint64), generate


entry_of: Any = intrinsic(_entry)


@compiled
def _bucket(key: np.uint64, buckets: int) -> np.uint64:
    """Where the search for a key begins in a table of fewer than 2^32 buckets."""
    mixed = key * SPREAD
    mixed = (mixed ^ (mixed >> np.uint64(32))) * SPREAD  # once is not enough for keys that end in zeros
    return (mixed >> np.uint64(32)) * np.uint64(buckets) >> np.uint64(32)


@compiled
def insert(table: Buckets, keys: Keys, entries: Counts) -> None:
    """Puts n-grams into a hash table of buckets that hold eight, a cache line, and returns where each is.

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
def number_rows(before: Counts, entries: Counts) -> None:
    """Makes numbers of entries numbers of rows, as `_find` gives them."""
    for index in range(len(entries)):
        entry = np.uint64(entries[index])
        entries[index] = np.uint64(before[entry // EIGHT]) + entry % EIGHT + ONE


@compiled
def _find(table: Buckets, before: Counts, key: np.uint64, bucket: Any) -> Any:
    """The row of an n-gram whose search begins in `bucket`, 0 if it is not in the table.

    before: (buckets,) how many n-grams all buckets before one hold. Rows are numbered from 1 by their entries.
    """
    while True:
        entry = entry_of(table, bucket, key)
        if entry != NONE or table[bucket, NONE - ONE] == 0:
            return pick(entry != NONE, before[bucket] + entry + ONE, np.uint64(0))
        bucket = bucket + ONE if bucket + ONE < np.uint64(len(table)) else np.uint64(0)


@compiled
def _look_up(table: Buckets, before: Counts, keys: Keys, count: Any, found: Keys, seen: Keys) -> None:
    """Fills `found` with the rows of the first `count` keys, 0 for those that are not in the table; `seen` is room.

    With no branch that waits for them, the loads of the first loop are under way together: a fraction of the time.
    """
    for index in range(np.uint64(count)):
        bucket = _bucket(keys[index], len(table))
        found[index] = bucket
        seen[index] = table[bucket, np.uint64(0)]
    for index in range(np.uint64(count)):
        found[index] = _find(table, before, keys[index], found[index])


@compiled
def fill_rows(
    keys: Keys,
    scores: Floats,
    places: Counts,
    order: int,
    table: Buckets,
    before: Counts,
    short_scores: Floats,
    rows: Rows,
) -> None:
    """The scores of n-grams of `order` bytes, at least three, and of all of three bytes and more that they end in.

    table, before, short_scores: the shorter n-grams, all of these among them, as `cut_chunks` has them. rows[places]
    are filled.
    """
    suffixes, found, seen = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.uint64)
    for first in range(np.uint64(0), np.uint64(len(keys)), np.uint64(BLOCK)):
        count = min(np.uint64(BLOCK), np.uint64(len(keys)) - first)
        for length in range(3, order):
            for index in range(count):
                word = (keys[first + index] & ~LENGTH) << np.uint64(8 * (order - length))
                suffixes[index] = word | np.uint64(length)
            _look_up(table, before, suffixes, count, found, seen)
            for index in range(count):
                rows[places[first + index], length - 3] = short_scores[found[index]]
        for index in range(count):
            rows[places[first + index], order - 3] = scores[first + index]


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
    first: Any,
    count: Any,
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
    room: Keys,
) -> None:
    """Scores of the n-grams that end at `count` positions from `first` on.

    nodes: (BLOCK, 8) filled, a row a position, column k for the n-gram of k + 1 bytes, -inf where there is none.
    If the longest n-gram is known, and it nearly always is, one row holds the scores of all that it ends in. Else
    all shorter ones are looked up. words: (BLOCK,), alive: (BLOCK + 1,), room: (3, BLOCK * LENGTHS) to work in.
    """
    keys, found, seen = room[0], room[1], room[2]
    word = np.uint64(0)
    for position in range(max(np.int64(0), np.int64(first) - MAX_ORDER), np.int64(first)):
        word = (word << np.uint64(8)) | np.uint64(data[position])
    for index in range(count):
        byte = data[first + index]
        word = (word << np.uint64(8)) | np.uint64(byte)
        words[index] = word
        keys[index] = (word << np.uint64(64 - 8 * order)) | np.uint64(order)
        continues = ensure_unicode & (byte >= 0x80) & (byte < 0xC0)
        nodes[index, np.uint64(0)] = -np.inf if continues else unigrams[byte]
        pair = bigrams[word & np.uint64(0xFFFF)]
        nodes[index, ONE] = pair if reach[first + index] > 1 else -np.inf
    _look_up(table, before, keys, count, found, seen)
    kept = np.uint64(0)
    for index in range(count):
        whole = (found[index] != 0) & (reach[first + index] >= order)
        found[index] = pick(whole, found[index], np.uint64(0))
        alive[kept] = index
        kept += np.uint64(not whole)
    for column in range(np.uint64(2), np.uint64(order)):
        for index in range(count):
            nodes[index, column] = rows[found[index], column - np.uint64(2)]
    asked = np.uint64(0)
    for length in range(3, order):
        for place in range(kept):
            keys[asked] = (words[alive[place]] << np.uint64(64 - 8 * length)) | np.uint64(length)
            asked += ONE
    _look_up(short_table, short_before, keys, asked, found, seen)
    asked = np.uint64(0)
    for length in range(np.uint64(3), np.uint64(order)):
        for place in range(kept):
            row = pick(reach[first + alive[place]] >= length, found[asked], np.uint64(0))
            nodes[alive[place], length - ONE] = short_scores[row]
            asked += ONE


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
    of its last 3, 4, ... bytes. `_find` documents the tables. begins: (n,) filled with 1 where a piece begins.
    """
    reach = np.empty(len(data), np.uint8)
    _fill_reach(ends, order, reach)
    routes = np.empty(len(data), np.uint8)
    nodes = np.full((BLOCK, 8), -np.inf)
    words = np.empty(BLOCK, np.uint64)
    alive = np.empty(BLOCK + 1, np.uint64)
    room = np.empty((3, BLOCK * LENGTHS), np.uint64)
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
            np.uint64(first),
            np.uint64(count),
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
            room,
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
