"""The loops of the tokenizer, in the part of Python that numba compiles: segment and sample.

No Python objects, no allocation, no exceptions: every function reads and fills memory that its caller owns, so that
the machine code can be kept and loaded without numba (`compiled.py` does both). This file is imported only to
compile it. numba does not see edits across files, so all that calls each other lives here; laying out a
trie has its own file, `trie_kernels.py`.

A trie is the double array that `trie.py` describes. Segmenting costs a fixed amount of work for a byte and a level
of the trie, with hardly a branch to mispredict:

1. `walk` starts a search at every byte of a block and moves all of them down the trie together, a level at a time.
   The searches wait for memory side by side, not one after the other. The score of a piece of up to WIDTH bytes
   lands in the row of the byte where it ends, in the column of its length; the few longer ones go to lists.
2. `relax` goes over the rows in order: the best segmentation up to a byte is the best over the candidates that end
   there; the scores of the WIDTH bytes before it, where they start, stay in registers.
3. `trace` goes back along the best lengths, and forward again to look up the ids.

Sums of float64 round as the reference's do because they are added in the same order, and of equal scores the longest
piece wins because it starts first. Tried and slower: units of 16 bytes that hold link and score together, a table
of the first two bytes, pushing scores from starts to ends, a WIDTH of 16, start and base packed in one word.
"""

# mypy: allow-untyped-calls, allow-untyped-defs

import math
from typing import Any

import numpy as np
from numba import cfunc, njit, types
from numba.extending import intrinsic

from app.tokenizer.dimensions import BLOCK, WIDTH

SEGMENT = 1 << 16  # whole lines are segmented together until they have this many bytes
OUTSIDE = 0xFF  # stands for the bytes after a text's end: UTF-8 never holds it
NEWLINE = 10
NOTHING = -1  # the end of a list
TAKEN = 0x100  # a link's bit that says that its unit is in use
LABEL = 0x1FF  # that bit, and the byte that leads to the unit
SHIFT = 9  # above these: where the unit's children are, 0 if it has none

BYTES = types.CPointer(types.uint8)
INTEGERS = types.CPointer(types.int32)
ADDRESSES = types.CPointer(types.int64)
SCORES = types.CPointer(types.float64)

compiled = njit(nogil=True, error_model="numpy")


def _pointer_at(pointer: Any) -> Any:
    """A function that makes an address, an int64, a typed pointer."""

    @intrinsic
    def at(_typing: Any, _address: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(pointer))

        return pointer(types.int64), generate

    return at


bytes_at = _pointer_at(BYTES)
integers_at = _pointer_at(INTEGERS)
scores_at = _pointer_at(SCORES)


@compiled
def longer_wins(long_score, long_length, short_score, short_length):
    """The better of two candidates; the longer one where they are equal."""
    if short_score > long_score:
        return short_score, short_length
    return long_score, long_length


@compiled
def line_ends(before, after):
    """Whether a line ends between two bytes: after a newline that is the last of its run."""
    return before == NEWLINE and after != NEWLINE


@compiled
def step(link, base, byte):
    """One step down the trie: the unit that `byte` leads to, whether it is there, and where its children are."""
    unit = base ^ byte
    here = link[unit]
    return unit, (here & LABEL) == (byte | TAKEN), here >> SHIFT


@compiled
def walk_columns(link, score, text, count, live, base, rows):
    """Finds the pieces of up to WIDTH bytes that start at the first `count` bytes of `text`.

    `text` goes on for as long as a piece can. `rows` (count + WIDTH + 1, WIDTH) is all -inf and takes their
    scores. Returns how many searches could find longer ones, left in `live` (starts) and `base` (places of
    children), both (count,).
    """
    alive = 0
    for place in range(count):
        byte = np.int64(text[place])
        rows[(place + 1) * WIDTH] = score[byte]
        live[alive] = place
        base[alive] = link[byte] >> SHIFT
        alive += link[byte] >= (1 << SHIFT)
    for length in range(2, WIDTH + 1):
        kept = 0
        for search in range(alive):
            start = np.int64(live[search])
            unit, found, children = step(link, np.int64(base[search]), np.int64(text[start + length - 1]))
            place = unit | (np.int64(found) - 1)  # -1 if not found; a choice of scores would become a branch
            rows[(start + length) * WIDTH + length - 1] = score[place]
            live[kept] = start
            base[kept] = children
            kept += found & (children != 0)
        alive = kept
    return alive


@compiled
def walk_lists(link, score, text, alive, live, base, first, heads, ring, lists, used, slots):
    """Goes on with the searches that `walk_columns` left, for pieces longer than WIDTH.

    Each goes into the list of its end, `heads[end & ring]`. `lists` are three columns of as many `slots`: score,
    length, next slot. Returns how many slots were ever `used`; they are used in turn, and there are enough for all
    lists alive. Blocks follow each other, so a list is not sorted by length.
    """
    scores, lengths, nexts = lists
    length = WIDTH + 1
    while alive > 0:
        kept = 0
        for search in range(alive):
            start = np.int64(live[search])
            unit, found, children = step(link, np.int64(base[search]), np.int64(text[start + length - 1]))
            if found and score[unit] > -np.inf:
                end = (first + start + length) & ring
                slot = used & (slots - 1)
                scores[slot] = score[unit]
                lengths[slot] = length
                nexts[slot] = heads[end]
                heads[end] = slot
                used += 1
            live[kept] = start
            base[kept] = children
            kept += found & (children != 0)
        alive = kept
        length += 1
    return used


@compiled
def relax(text, count, rows, best, longest, first, heads, ring, lists, routes):
    """Finds the best segmentation up to each of the first `count` bytes of `text`, the score of the best so far.

    `best` (longest + count + 1,) starts with the scores of the bytes before; `routes` takes the length of the last
    piece up to each byte. Rows and lists are left empty.
    """
    scores, lengths, nexts = lists
    b1, b2, b3, b4 = best[longest], best[longest - 1], best[longest - 2], best[longest - 3]
    b5, b6, b7, b8 = best[longest - 4], best[longest - 5], best[longest - 6], best[longest - 7]
    b9, b10, b11, b12 = best[longest - 8], best[longest - 9], best[longest - 10], best[longest - 11]
    for end in range(1, count + 1):
        row = end * WIDTH
        s12, l12 = longer_wins(b12 + rows[row + 11], 12, b11 + rows[row + 10], 11)
        s10, l10 = longer_wins(b10 + rows[row + 9], 10, b9 + rows[row + 8], 9)
        s8, l8 = longer_wins(b8 + rows[row + 7], 8, b7 + rows[row + 6], 7)
        s6, l6 = longer_wins(b6 + rows[row + 5], 6, b5 + rows[row + 4], 5)
        s4, l4 = longer_wins(b4 + rows[row + 3], 4, b3 + rows[row + 2], 3)
        s12, l12 = longer_wins(s12, l12, s10, l10)
        s8, l8 = longer_wins(s8, l8, s6, l6)
        s4, l4 = longer_wins(s4, l4, b2 + rows[row + 1], 2)
        s12, l12 = longer_wins(s12, l12, s8, l8)
        s12, l12 = longer_wins(s12, l12, s4, l4)
        # The candidate that waits for the score just found comes last, so that only it has to wait.
        total, length = longer_wins(s12, l12, b1 + rows[row], 1)
        for column in range(WIDTH):
            rows[row + column] = -np.inf
        place = (first + end) & ring
        slot = heads[place]
        if slot != NOTHING:
            heads[place] = NOTHING
            long_total, long_length = -np.inf, np.int64(0)
            while slot != NOTHING:
                candidate_length = np.int64(lengths[slot])
                candidate = best[longest + end - candidate_length] + scores[slot]
                if candidate > long_total or (candidate == long_total and candidate_length > long_length):
                    long_total, long_length = candidate, candidate_length
                slot = nexts[slot]
            total, length = longer_wins(long_total, long_length, total, length)
        routes[first + end] = length
        if line_ends(text[end - 1], text[end]):
            total = 0.0  # every line is summed from 0, as the reference does
        best[longest + end] = total
        b12, b11, b10, b9, b8, b7 = b11, b10, b9, b8, b7, b6
        b6, b5, b4, b3, b2, b1 = b5, b4, b3, b2, b1, total


@compiled
def segment(trie, scratch, text, start, stop, routes):
    """Fills `routes` (stop - start + 1,) with the length of the best last piece up to each byte of whole lines.

    `trie`: addresses of link, score and piece id, then the longest piece. `scratch`: see `trie.Scratch`.
    """
    link, score, longest = integers_at(trie[0]), scores_at(trie[1]), trie[3]
    window, live, base = bytes_at(scratch[0]), integers_at(scratch[1]), integers_at(scratch[2])
    rows, best = scores_at(scratch[3]), scores_at(scratch[4])
    heads, ring, slots = integers_at(scratch[5]), scratch[6], scratch[7]
    lists = scores_at(scratch[8]), integers_at(scratch[9]), integers_at(scratch[10])
    for place in range(longest):
        best[place] = -np.inf
    best[longest] = 0.0
    used = np.int64(0)
    for first in range(0, stop - start, BLOCK):
        count = min(BLOCK, stop - start - first)
        known = min(count + longest, stop - start - first)
        for place in range(known):
            window[place] = text[start + first + place]
        for place in range(known, count + longest):
            window[place] = OUTSIDE
        alive = walk_columns(link, score, window, count, live, base, rows)
        if alive > 0:
            used = walk_lists(link, score, window, alive, live, base, first, heads, ring, lists, used, slots)
        relax(window, count, rows, best, longest, first, heads, ring, lists, routes)
        for place in range(longest + 1):
            best[place] = best[place + count]
        if count == BLOCK:  # else the text ended, and no piece reaches over its end
            for place in range(WIDTH, WIDTH + WIDTH * WIDTH):
                rows[place] = rows[BLOCK * WIDTH + place]
                rows[BLOCK * WIDTH + place] = -np.inf


@compiled
def trace(link, ids, text, start, stop, routes, output, written):
    """Follows the best lengths back from `stop`, then writes the ids of the pieces in order.

    On the way back each length moves from the end of its piece to its start, in the same array. Returns how many
    ids are written in all.
    """
    end = stop - start
    length = routes[end]
    while end > 0:
        end -= length
        before = routes[end]
        routes[end] = length
        length = before
    while end < stop - start:
        length = np.int64(routes[end])
        unit = np.int64(text[start + end])
        for place in range(start + end + 1, start + end + length):
            unit = (link[unit] >> SHIFT) ^ np.int64(text[place])
        output[written] = ids[unit]
        written += 1
        end += length
    return written


@compiled
def whole_lines(text, start, size):
    """Where the line ends that is SEGMENT bytes after `start` or the first one after it; `size` is the last."""
    stop = start + SEGMENT
    while stop < size and not line_ends(text[stop - 1], text[stop]):
        stop += 1
    return min(stop, size)


@cfunc(types.int64(ADDRESSES, ADDRESSES, BYTES, types.int64, BYTES, INTEGERS), error_model="numpy")
def encode(trie, scratch, text, size, routes, output):
    """Writes the ids of the best segmentation of `text` and returns how many they are.

    text: uint8 (size,). output: int32 (size,). routes: uint8 (size + 1,), of which as much is touched as the longest
    line, or SEGMENT bytes of shorter ones, take.
    """
    written = np.int64(0)
    start = np.int64(0)
    while start < size:
        stop = whole_lines(text, start, size)
        segment(trie, scratch, text, start, stop, routes)
        written = trace(
            integers_at(trie[0]), integers_at(trie[2]), text, start, stop, routes, output, written
        )
        start = stop
    return written


@compiled
def uniform(seed, place, length):
    """A number in [0, 1) that depends on nothing but its arguments: SplitMix64 over them, 53 bits of it."""
    x = np.uint64(seed) + np.uint64(place) * np.uint64(0x9E3779B97F4A7C15)
    x += np.uint64(length) * np.uint64(0xD1B54A32D192ED03)
    for _ in range(2):
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    return np.float64(x >> np.uint64(11)) * 2.0**-53


@cfunc(
    types.int64(ADDRESSES, ADDRESSES, BYTES, types.int64, BYTES, INTEGERS, types.float64, types.uint64),
    error_model="numpy",
)
def sample(trie, scratch, text, size, routes, output, alpha, seed):
    """Draws a segmentation with probability proportional to the product of its pieces' probabilities ** `alpha`.

    Forward filtering, backward sampling (https://kexue.fm/archives/9811): `total` is the log of the summed weights
    of all segmentations up to a byte; each candidate replaces the last piece chosen there with its share of the
    total so far, which leaves every one of them with its share of the whole. Arrays as for `encode`; `routes` has to
    hold all of the text.
    """
    link, score, longest = integers_at(trie[0]), scores_at(trie[1]), trie[3]
    total, ring = scores_at(scratch[4]), scratch[6]
    for place in range(ring + 1):
        total[place] = -np.inf
    total[0] = 0.0
    for start in range(size):
        here = total[start & ring]
        total[start & ring] = -np.inf
        if start > 0 and line_ends(text[start - 1], text[start]):
            here = 0.0
        base = np.int64(0)
        for length in range(1, min(longest, size - start) + 1):
            unit, found, base = step(link, base, np.int64(text[start + length - 1]))
            if not found:
                break
            if score[unit] > -np.inf:
                end = start + length
                candidate = here + alpha * score[unit]
                larger = max(total[end & ring], candidate)
                smaller = min(total[end & ring], candidate)
                together = larger + math.log1p(math.exp(smaller - larger))
                if uniform(seed, start, length) < math.exp(candidate - together):
                    routes[end] = length
                total[end & ring] = together
            if base == 0:
                break
    return trace(link, integers_at(trie[2]), text, 0, size, routes, output, 0)
