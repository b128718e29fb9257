"""The loops of pruning: sort pieces, build a trie over them, and cut pieces into those of the trie.

Plain functions over arrays, compiled by numba, which release the GIL. Counting n-grams is in `ngram_kernels.py`,
cutting the corpus by them in `cutting_kernels.py`, counting pieces in `piece_kernels.py`. numba does not see edits
across files, so they share nothing.

Pieces lie in a pool of bytes; where each starts, how long it is and how often it was counted are arrays beside it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.jit import compiled
from app.tokenizer.engine.pick import pick

Bytes = NDArray[np.uint8]
Symbols = NDArray[np.uint16]
Units = NDArray[np.uint32]
Keys = NDArray[np.uint64]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

ROOT = 256
SHIFT = 9
LABEL = 0x1FF
FREE = LABEL  # the label of a unit that is not in use
TRIED = 1 << 7  # units at the end of a trie that are tried for the children of a unit
ROOM = 1 << 9  # units that are left at the end, so that a base found there and its children are inside

LANES = 8
TURN = 8  # steps of each lane before someone looks whether all are done
WINDOW = 1 << 14  # bytes of pieces that are cut together
START = np.uint16(1 << 8)
LINK = np.uint64(16)
LENGTHS = np.uint64(0xFFFF)
ONE = np.uint64(1)


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
    """A base of no other state, for which the units of all children are free, and a lower bound of the free units.

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
    falls: Integers,
    shorter: Integers,
) -> None:
    """Makes an automaton of the trie: Aho and Corasick, "Efficient string matching", 1975.

    Every single byte is a piece. Where the children of a unit are, its base, is all that the next byte asks for, so
    the automaton goes from base to base: falls: (units,) filled, by base, the base to go on from where it has no
    child for a byte, that of the longest proper suffix. A unit without children gets the base of that suffix at
    once. piece_at: where no piece ends, it gets the longest one that is a suffix. shorter: by piece, filled with the
    longest piece that is a proper suffix of it, -1 if none is.
    """
    failures = np.full(len(units), -1)
    failures[ROOT] = ROOT
    falls[units[ROOT] >> SHIFT] = units[ROOT] >> SHIFT
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
            failure = units[suffix] >> SHIFT ^ byte if depth > 0 else ROOT
            failures[unit] = failure
            if units[unit] >> SHIFT == 0:
                units[unit] |= units[failure] & ~LABEL
            else:
                falls[units[unit] >> SHIFT] = units[failure] >> SHIFT
            longest = piece_at[failure]
            if piece_at[unit] >= 0:
                shorter[piece_at[unit]] = longest
            else:
                piece_at[unit] = longest


@compiled
def _match(window: Symbols, units: Keys, falls: Keys, lanes: Keys, trail: Units) -> None:
    """Notes in `trail` the unit that each byte of a window leads to: LANES walks in turn, as each waits for memory.

    lanes: (3, LANES) by lane its place, its end, which is a piece's start, and a base. There a walk begins again, so
    one that is done does nothing but repeat what the next one notes first.
    """
    root = units[ROOT] >> np.uint64(SHIFT)
    waiting = True
    while waiting:
        for _ in range(TURN):
            for lane in range(LANES):
                place, base = lanes[0, lane], lanes[2, lane]
                symbol = np.uint64(window[place])
                base = pick(symbol >= START, root, base)
                byte = symbol & np.uint64(0xFF)
                unit = base ^ byte
                node, fallen = units[unit], falls[base]
                found = (node & np.uint64(LABEL)) == byte
                trail[place] = unit
                lanes[2, lane] = pick(found, node >> np.uint64(SHIFT), fallen)
                lanes[0, lane] = min(place + np.uint64(found), lanes[1, lane])
        waiting = False
        for lane in range(LANES):
            waiting |= lanes[0, lane] < lanes[1, lane]


@compiled
def _fill_window(
    pool: Bytes,
    starts: Integers,
    lengths: Integers,
    counts: Integers,
    first: int,
    window: Symbols,
    lanes: Keys,
) -> Any:
    """Copies pieces from `first` on to a window, and gives each lane as many; returns the next piece.

    window: (WINDOW + the longest + 1,); where a piece starts, START is added to the byte, and after the last one.
    """
    filled, lane = np.uint64(0), 0
    while first < len(starts) and filled < WINDOW:
        if counts[first] > 0:
            if filled * np.uint64(LANES) >= np.uint64(lane * WINDOW):
                lanes[0, lane] = filled
                lane += 1
            for offset in range(lengths[first]):
                window[filled + np.uint64(offset)] = pool[np.uint64(starts[first] + offset)]
            window[filled] |= START
            filled += np.uint64(lengths[first])
        first += 1
    window[filled] = START
    lanes[0, lane:] = filled
    lanes[1, :-1] = lanes[0, 1:]
    lanes[1, -1] = filled
    return first


@compiled
def _candidate(piece: Any, links: Keys, scores: Floats, best: Floats, end: Any) -> Any:
    """The score of what ends at `end` with a piece, and the next shorter piece."""
    link = links[piece]
    return best[end - (link & LENGTHS)] + scores[piece], link >> LINK


@compiled
def _relax(
    window: Symbols,
    trail: Units,
    length: Any,
    piece_at: Units,
    singles: Units,
    links: Keys,
    scores: Floats,
    best: Floats,
    reached: Units,
) -> None:
    """Finds the best last piece up to each of the `length` bytes of one piece, with which window and trail begin.

    Most bytes end three longer pieces or fewer beside the single byte: three are looked at in any case, since a
    chain's end can't be predicted. The single byte comes last, as it alone waits for the byte before.
    """
    none = np.uint64(len(scores) - 1)
    latest: Any = 0.0
    for end in range(np.uint64(1), length + np.uint64(1)):
        chosen: Any = np.uint64(piece_at[trail[end - ONE]])
        total, piece = _candidate(chosen, links, scores, best, end)
        for _ in range(2):
            score, shorter = _candidate(piece, links, scores, best, end)
            better = score > total
            total, chosen, piece = pick(better, score, total), pick(better, piece, chosen), shorter
        while piece != none:
            score, shorter = _candidate(piece, links, scores, best, end)
            better = score > total
            total, chosen, piece = pick(better, score, total), pick(better, piece, chosen), shorter
        single = np.uint64(singles[window[end - ONE] & np.uint16(0xFF)])
        score = latest + scores[single]
        better = score > total
        latest = pick(better, score, total)
        best[end] = latest
        reached[end] = pick(better, single, chosen)


@compiled
def recount(
    pool: Bytes,
    starts: Integers,
    lengths: Integers,
    counts: Integers,
    units: Keys,
    falls: Keys,
    piece_at: Units,
    singles: Units,
    links: Keys,
    scores: Floats,
    result: Integers,
) -> None:
    """Cuts pieces into the most probable pieces of an automaton and adds their counts to those.

    starts, lengths, counts: (m,) what to cut, passed over where the count is 0. units, falls: as `link_suffixes`
    leaves them. piece_at: by unit, the longest piece of two bytes or more that ends there; singles: (256,) the single
    bytes. By piece, and at the end for none of them: links, the next shorter piece of two bytes or more that it ends
    in, above the LINK bits of its length, 1 for none; scores, the log-probability, -inf for what is gone or none;
    result, the counts. Of equal scores the longest last piece wins, since it comes first.
    """
    longest = lengths.max() if len(lengths) > 0 else 0
    window = np.empty(WINDOW + longest + 1, np.uint16)
    trail = np.empty(len(window), np.uint32)
    best = np.empty(longest + 1, np.float64)
    reached = np.empty(longest + 1, np.uint32)
    lanes = np.empty((3, LANES), np.uint64)
    best[0] = 0.0
    first = 0
    while first < len(starts):
        after = _fill_window(pool, starts, lengths, counts, first, window, lanes)
        _match(window, units, falls, lanes, trail)
        place = np.uint64(0)
        for item in range(first, after):
            if counts[item] == 0:
                continue
            end = np.uint64(lengths[item])
            _relax(window[place:], trail[place:], end, piece_at, singles, links, scores, best, reached)
            place += end
            while end > 0:
                piece = np.uint64(reached[end])
                result[piece] += counts[item]
                end -= links[piece] & LENGTHS
        first = after
