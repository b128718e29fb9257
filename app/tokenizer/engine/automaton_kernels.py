"""The loops that make the automaton of a vocabulary, in the part of Python that numba compiles.

The rules are those of `segmentation_kernels.py`: memory is the caller's, no Python objects, no exceptions.
`automaton.py` describes what is made and calls these.
"""

# mypy: allow-untyped-calls, allow-untyped-defs

import math

import numpy as np
from numba import cfunc, njit, types

from app.tokenizer.engine.array_sizes import OPEN_BLOCKS, URGENCIES

FAILURES = 4  # a block that refused so many nodes is full enough
NOTHING = -1  # the end of a list
TAKEN = 0x100  # a link's bit that says that its unit is in use
LABEL = 0x1FF  # that bit, and the byte that leads to the unit
SHIFT = 9  # above these: where the unit's children are, 0 if it has none
UNKNOWN = -1  # a node that is not made yet

ONE = np.uint64(1)
LOWER_HALVES = (  # of all pairs of 1, 2, 4, 8, 16 and 32 bits
    np.uint64(0x5555555555555555),
    np.uint64(0x3333333333333333),
    np.uint64(0x0F0F0F0F0F0F0F0F),
    np.uint64(0x00FF00FF00FF00FF),
    np.uint64(0x0000FFFF0000FFFF),
    np.uint64(0x00000000FFFFFFFF),
)

BYTES = types.CPointer(types.uint8)
INTEGERS = types.CPointer(types.int32)
WORDS = types.CPointer(types.int64)
BITS = types.CPointer(types.uint64)
SCORES = types.CPointer(types.float64)

compiled = njit(nogil=True, error_model="numpy")


@compiled
def children_of(texts, starts, low, high, depth, labels, firsts):
    """The bytes that follow at `depth` in the pieces low..high, and where the pieces of each begin.

    labels and firsts: int32 (257,). Returns how many there are; `firsts` has one more, which is `high`.
    """
    count = 0
    for piece in range(low, high):
        if starts[piece] + depth < starts[piece + 1]:
            label = np.int64(texts[starts[piece] + depth])
            if count == 0 or labels[count - 1] != label:
                labels[count] = label
                firsts[count] = piece
                count += 1
    firsts[count] = high
    return count


@compiled
def clear(bits, number):
    """Takes a number out of a set."""
    bits[number >> 6] &= ~(ONE << np.uint64(number & 63))


@compiled
def least(word):
    """The place of the lowest bit of a word that is not 0."""
    return np.int64(math.log2(np.float64(word & (~word + ONE))))


@compiled
def crossed(word, label):
    """The word whose bit i is the bit i ^ label of the given one: halves change places wherever label has a bit."""
    for level in range(6):
        if (label >> level) & 1:
            lower, width = LOWER_HALVES[level], ONE << np.uint64(level)
            word = ((word & lower) << width) | ((word >> width) & lower)
    return word


@compiled
def base_in(units, bases, block, labels, count):
    """The first base of a block that no state has and whose units for all labels are free, or -1; 64 at a time."""
    for word in range(4 * block, 4 * block + 4):
        fitting = bases[word]
        child = 0
        while child < count and fitting != 0:
            label = np.int64(labels[child])
            fitting &= crossed(units[word ^ (label >> 6)], label)
            child += 1
        if fitting != 0:
            return 64 * word + least(fitting)
    return np.int64(-1)


@compiled
def find_base(units, bases, failures, opened, labels, count):
    """A base in one of the open blocks, or -1; blocks that refuse often are closed."""
    for number in range(OPEN_BLOCKS):
        block = np.int64(opened[number])
        if block == NOTHING:
            continue
        base = base_in(units, bases, block, labels, count)
        if base >= 0:
            return base
        failures[block] += 1
        if failures[block] == FAILURES:
            opened[number] = NOTHING
    return np.int64(-1)


@compiled
def queue_child(starts, weights, terminal, queue, heads, queued, low, high, depth, unit):
    """Notes the piece that ends at a new unit; if others go on, queues it by their weight. Returns the queue's end."""
    if starts[low] + depth == starts[low + 1]:
        terminal[unit] = low
        low += 1
    if low < high:
        share = (weights[low] - weights[high]) / weights[0]
        urgency = min(np.int64(-math.log2(share)), URGENCIES - 1) if share < 1.0 else np.int64(0)
        entry = queued * 5
        queue[entry] = low
        queue[entry + 1] = high
        queue[entry + 2] = depth
        queue[entry + 3] = unit
        queue[entry + 4] = heads[urgency]
        heads[urgency] = queued
        queued += 1
    return queued


BUILD = types.int64(
    BYTES, INTEGERS, SCORES, types.int64, INTEGERS, INTEGERS, types.int64, BITS, BITS, INTEGERS, INTEGERS,
    INTEGERS, INTEGERS, INTEGERS, INTEGERS,
)  # fmt: skip


@cfunc(BUILD, error_model="numpy")
def build(
    texts, starts, weights, pieces, link, terminal, blocks, units, bases, failures, opened, labels, firsts, queue, heads
):  # fmt: skip
    """Lays a trie over sorted pieces out as a double array.

    The units that texts lead to most often are laid out first and so lie together, in few pages and cache lines: a
    node goes to the list `heads` of the order of magnitude of its share in all weight, the heaviest first.

    texts: uint8, the sorted pieces end to end; starts: int32 (pieces + 1,); weights: float64 (pieces + 1,), sums of
    the pieces' weights from each on, so the first is all. link, terminal: int32 (blocks * 256,), 0 and NOTHING;
    terminal takes the number of the piece that ends at a unit. units, bases: uint64 (blocks * 4,), a bit for each
    unit that is free and for each number without a state, all of them. failures: int32 (blocks,), 0; opened: int32
    (OPEN_BLOCKS,), NOTHING; labels and firsts: int32 (257,); queue: int32 (5 * nodes,); heads: int32 (URGENCIES,),
    NOTHING. Returns the number of blocks used, or -1 if there are too few.
    """
    count = children_of(texts, starts, 0, pieces, 0, labels, firsts)
    clear(bases, 0)  # the root's; 0 in a link says that there are no children
    used = np.int64(1)
    queued = base = depth = urgency = np.int64(0)
    while True:
        for child in range(count):
            unit = base ^ labels[child]
            clear(units, unit)
            link[unit] = labels[child] | TAKEN
            low, high = firsts[child], firsts[child + 1]
            queued = queue_child(starts, weights, terminal, queue, heads, queued, low, high, depth + 1, unit)
        while urgency < URGENCIES and heads[urgency] == NOTHING:
            urgency += 1  # children are never heavier than their parent, so no list fills again
        if urgency == URGENCIES:
            return used
        entry = np.int64(heads[urgency]) * 5
        low, high, depth = queue[entry], queue[entry + 1], np.int64(queue[entry + 2])
        parent = queue[entry + 3]
        heads[urgency] = queue[entry + 4]
        count = children_of(texts, starts, low, high, depth, labels, firsts)
        base = find_base(units, bases, failures, opened, labels, count)
        if base < 0:
            if used == blocks:
                return np.int64(-1)
            base = used * 256
            opened[used % OPEN_BLOCKS] = used
            used += 1
        clear(bases, base)
        link[parent] |= base << SHIFT


@compiled
def fall_back(link, nodes, failures, state, byte):
    """The node that `byte` leads to from the longest suffix of a state that has a child for it."""
    while (np.int64(link[state ^ byte]) & LABEL) != (byte | TAKEN):
        state = np.int64(failures[state])
    return nodes[state ^ byte]


@compiled
def bar_unused(bases, nodes, blocks):
    """Gives every unit that is not in use a byte that leads to it from nowhere, so that a step need not ask.

    A block with such a unit has a base that belongs to no state, since each state in it has a child.
    """
    for block in range(0, blocks * 256, 256):
        free = block
        while free < block + 255 and not (bases[free >> 6] >> np.uint64(free & 63)) & ONE:
            free += 1
        for unit in range(block, block + 256):
            if nodes[unit] == UNKNOWN:
                nodes[unit] = unit ^ free


CONNECT = types.int64(
    BYTES, INTEGERS, types.int64, types.int64, INTEGERS, INTEGERS, BITS, types.int64, INTEGERS,
    WORDS, INTEGERS, BYTES, INTEGERS, INTEGERS,
)  # fmt: skip


@cfunc(CONNECT, error_model="numpy")
def connect(
    texts, starts, pieces, longest, link, terminal, bases, blocks, entries, nodes, failures, depths, routes, cursors
):  # fmt: skip
    """Makes the nodes of an automaton and what falls back where, from a trie that `build` laid out.

    A state falls back to its longest proper suffix that is a state with children. Breadth first, so that all that is
    shorter is known: all pieces advance together, a byte at a time.

    texts, starts, link, terminal, bases as `build` has them; entries: int32 (pieces,), the entry of each piece;
    cursors: int32 (pieces,), 0. nodes: int64 (blocks * 256,), UNKNOWN; failures: int32 and depths: uint8
    (blocks * 256,), 0; routes: int32, the entries, whose last column takes the next shorter piece.
    """
    for depth in range(longest):
        for piece in range(pieces):
            if starts[piece] + depth >= starts[piece + 1]:
                continue
            byte = np.int64(texts[starts[piece] + depth])
            above = np.int64(cursors[piece])
            unit = above ^ byte
            base = np.int64(link[unit]) >> SHIFT
            cursors[piece] = base
            if nodes[unit] != UNKNOWN:
                continue
            entry = state = np.int64(0)
            if depth > 0:
                node = fall_back(link, nodes, failures, np.int64(failures[above]), byte)
                entry, state = node >> 32, (node >> 8) & 0xFFFFFF
            if base != 0:
                failures[base] = state
                depths[base] = depth + 1
                state = base
            if terminal[unit] != NOTHING and depth > 0:
                longer = np.int64(entries[terminal[unit]])
                routes[2 * longer + 3] = entry
                entry = longer
            nodes[unit] = (entry << 32) | (state << 8) | byte
    bar_unused(bases, nodes, blocks)
    return np.int64(0)
