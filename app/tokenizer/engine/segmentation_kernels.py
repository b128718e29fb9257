"""The loops of the tokenizer, in the part of Python that numba compiles: segment and sample.

No Python objects, no allocation, no exceptions: every function reads and fills memory that its caller owns, so that
the machine code can be kept and loaded without numba (`machine_code.py` does both). This file is imported only to
compile it. numba does not see edits across files, so all that calls each other lives here; making the automaton
has its own file, `automaton_kernels.py`.

The automaton is that of Aho and Corasick over all pieces, as `automaton.py` lays it out. A text is taken block by
block:

1. `match` walks through the block and notes at each byte the longest piece that ends there. That takes one step for a
   byte and one for each time that the automaton falls back, about 1.5 in all, while a search that starts again at
   every byte takes 3 to 5. A step has to wait for the one before it, so the block is cut into lanes whose steps
   alternate, and hardly any step can be mispredicted, since falling back and going on are the same instructions.
2. `relax` finds the best segmentation up to each byte. The other pieces that end at a byte are suffixes of the longest
   one, so every piece knows the next shorter one. Most bytes have three or fewer beside the single byte: three are
   looked at in any case, since a chain's end can't be predicted, and what is missing scores -inf.
3. `trace` goes back along the best last pieces.

Sums of float64 round as the reference's do because they are added in the same order, and of equal scores the longest
piece wins because it comes first.

Tried and slower, on English and Chinese with 32,000 and 80,000 pieces: a walk down a trie from every byte, all walks of
a block a level at a time, with scores in rows of 12 lengths (half as fast; so was pushing scores from starts
to ends); four lanes in registers (a miss of the cache halts all four); lanes that stop at their ends, each step asking
whether it has come there; a list of all its suffixes for each piece (larger, no faster); huge pages (no difference).
Choices that LLVM made branches cost a third: hence `pick`. A piece that stands for "none" and seems to begin nearby
makes every sum wait for the one before it: it begins REACH - 1 bytes back.
"""

# mypy: allow-untyped-calls, allow-untyped-defs

import math
from typing import Any

import numpy as np
from numba import cfunc, njit, types
from numba.extending import intrinsic

from app.tokenizer.engine.array_sizes import BLOCK, LANES, REACH
from app.tokenizer.engine.pick import pick

SEGMENT = 1 << 14  # whole lines are segmented together until they have this many bytes
TURN = 4  # how many times two steps each lane makes before someone looks how far they are
NEWLINE = 10
NONE = 0  # the entry after a piece's shortest suffix

BYTES = types.CPointer(types.uint8)
INTEGERS = types.CPointer(types.int32)
WORDS = types.CPointer(types.int64)
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
words_at = _pointer_at(WORDS)
scores_at = _pointer_at(SCORES)


@compiled
def base_of(node):
    """Where the children of a node are, which is the state that follows it."""
    return np.int64(np.uint32(node) >> np.uint32(8))


@compiled
def step(nodes, failures, window, trail, place, state):
    """Goes on over the byte at `place` if the state has a child for it, else falls back; returns place and state.

    What is noted in `trail` at a byte is right after the last step there.
    """
    byte = np.int64(window[place])
    node = nodes[state ^ byte]
    failure = np.int64(failures[state])
    found = (node & 0xFF) == byte
    trail[place] = node
    return place + np.int64(found), pick(found, base_of(node), failure)


@compiled
def pass_byte(nodes, failures, window, trail, place, state):
    """Steps until the byte at `place` is passed."""
    before = place
    while place == before:
        place, state = step(nodes, failures, window, trail, place, state)
    return place, state


@compiled
def match(nodes, failures, depths, window, count, state, lanes, trail):
    """Notes in `trail` the node of the longest piece that ends at each of the first `count` bytes of `window`.

    `state` is the one before the block, and the one after it is returned. All lanes go on until the slowest is at its
    end; those ahead overrun theirs, into OVERRUN bytes of no meaning after the block. Lanes but the first begin in
    the root's state, so they miss pieces that began before: at each border the true state is followed from the lane
    before, until all that it has read lies within the lane and so the lane knew as much.
    """
    number = min(LANES, (count + 15) >> 4)
    width = (count + number - 1) // number
    for lane in range(number):
        lanes[lane] = lane * width
        lanes[LANES + lane] = 0
    lanes[LANES] = state
    slowest = np.int64(0)
    while slowest < width:
        for _ in range(TURN):
            for lane in range(number):
                place, base = lanes[lane], lanes[LANES + lane]
                place, base = step(nodes, failures, window, trail, place, base)
                place, base = step(nodes, failures, window, trail, place, base)
                lanes[lane], lanes[LANES + lane] = place, base
        slowest = width
        for lane in range(number):
            slowest = min(slowest, lanes[lane] - lane * width)
    for lane in range(number):
        pass_byte(nodes, failures, window, trail, lanes[lane], lanes[LANES + lane])
    for border in range(width, count, width):
        place, state = border, base_of(trail[border - 1])
        while depths[state] > place - border:
            place, state = pass_byte(nodes, failures, window, trail, place, state)
    return base_of(trail[count - 1])


@compiled
def score_of(entry, scores, routes, best, end):
    """The score of a segmentation that ends with the piece of an entry, the piece's route, and the next entry."""
    route = np.int64(routes[2 * entry + 2])
    return best[end + (route & 0xFF)] + scores[entry], route, np.int64(routes[2 * entry + 3])


@compiled
def better(total, route, candidate, candidate_route):
    """The better of two segmentations, the first where they are equal."""
    kept = total >= candidate
    return (candidate if candidate > total else total), pick(kept, route, candidate_route)


@compiled
def relax(window, count, trail, scores, routes, best, chosen):
    """Finds the best segmentation up to each of the first `count` bytes of `window`.

    `best` (REACH + count + 1,) starts with the scores up to the REACH bytes before and to the block's start; `chosen`
    takes the routes of the best last pieces. Every line is summed from 0, as the reference does; lines end after a
    run of newlines.
    """
    latest = best[REACH]
    for end in range(1, count + 1):
        byte = np.int64(window[end - 1])
        single, single_route = latest + scores[2 * byte + 2], np.int64(routes[4 * byte + 6])
        entry = trail[end - 1] >> 32
        total, route, entry = score_of(entry, scores, routes, best, end)
        candidate, candidate_route, entry = score_of(entry, scores, routes, best, end)
        total, route = better(total, route, candidate, candidate_route)
        candidate, candidate_route, entry = score_of(entry, scores, routes, best, end)
        total, route = better(total, route, candidate, candidate_route)
        while entry != NONE:
            candidate, candidate_route, entry = score_of(entry, scores, routes, best, end)
            total, route = better(total, route, candidate, candidate_route)
        # The candidate that waits for the score just found comes last, so that only it has to wait.
        latest, route = better(total, route, single, single_route)
        chosen[end] = route
        if byte == NEWLINE and window[end] != NEWLINE:
            latest = 0.0
        best[REACH + end] = latest


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


@compiled
def draw(window, count, trail, scores, routes, best, chosen, first, alpha, seed):
    """As `relax`, but draws the last piece up to each byte; the block begins `first` bytes into the text.

    Forward filtering, backward sampling (https://kexue.fm/archives/9811): `best` is the log of the summed weights of
    all segmentations up to a byte; each candidate replaces the last piece chosen there with its share of the sum so
    far, which leaves every one of them with its share of the whole.
    """
    for end in range(1, count + 1):
        byte = np.int64(window[end - 1])
        entry = trail[end - 1] >> 32
        total, route = -np.inf, np.int64(0)
        more = True
        while more:
            more = entry != NONE
            if not more:
                entry = 2 * byte + 2
            candidate_route = np.int64(routes[2 * entry + 2])
            back = candidate_route & 0xFF
            candidate = best[end + back] + alpha * scores[entry]
            entry = np.int64(routes[2 * entry + 3])
            larger, smaller = max(total, candidate), min(total, candidate)
            total = larger + math.log1p(math.exp(smaller - larger))
            length = REACH - back
            if uniform(seed, first + end - length, length) < math.exp(candidate - total):
                route = candidate_route
        chosen[end] = route
        if byte == NEWLINE and window[end] != NEWLINE:
            total = 0.0
        best[REACH + end] = total


@compiled
def segment(memory, text, start, stop, size, alpha, seed):
    """Fills `chosen` with the route of the last piece up to each byte of the whole lines from `start` to `stop`."""
    nodes, failures, depths = words_at(memory[0]), integers_at(memory[1]), bytes_at(memory[2])
    scores, routes = scores_at(memory[3]), integers_at(memory[3])
    window, lanes, trail = bytes_at(memory[4]), words_at(memory[5]), words_at(memory[6])
    best = scores_at(memory[7])
    for place in range(REACH):
        best[place] = -np.inf
    best[REACH] = 0.0
    state = np.int64(0)
    for first in range(start, stop, BLOCK):
        count = min(BLOCK, stop - first)
        for place in range(min(count + 1, size - first)):
            window[place] = text[first + place]
        state = match(nodes, failures, depths, window, count, state, lanes, trail)
        chosen = integers_at(memory[8] + 4 * (first - start))
        if alpha == 0.0:
            relax(window, count, trail, scores, routes, best, chosen)
        else:
            draw(window, count, trail, scores, routes, best, chosen, first, alpha, seed)
        if first + count < stop:
            for place in range(REACH + 1):
                best[place] = best[place + count]


@compiled
def trace(chosen, count, output, written):
    """Follows the chosen routes back from `count` and writes the ids in order; returns how many are written in all.

    On the way back the ids gather at the end of the same array, where nothing is left to read.
    """
    end = top = count
    while end > 0:
        route = np.int64(chosen[end])
        chosen[top] = route >> 8
        top -= 1
        end -= REACH - (route & 0xFF)
    for place in range(top + 1, count + 1):
        output[written] = chosen[place]
        written += 1
    return written


@compiled
def whole_lines(text, start, size):
    """Where the line ends that is SEGMENT bytes after `start` or the first one after it; `size` is the last."""
    stop = start + SEGMENT
    while stop < size and not (text[stop - 1] == NEWLINE and text[stop] != NEWLINE):
        stop += 1
    return min(stop, size)


@compiled
def segment_all(memory, text, size, alpha, seed):
    """Segments `size` bytes, some lines at a time, and writes the ids; returns how many they are."""
    written = np.int64(0)
    start = np.int64(0)
    while start < size:
        stop = whole_lines(text, start, size)
        segment(memory, text, start, stop, size, alpha, seed)
        written = trace(integers_at(memory[8]), stop - start, integers_at(memory[9]), written)
        start = stop
    return written


@cfunc(types.int64(WORDS, BYTES, types.int64), error_model="numpy")
def encode(memory, text, size):
    """Writes the ids of the best segmentation of `text`, uint8 (size,), and returns how many they are.

    memory: addresses, see `automaton.Memory`.
    """
    return segment_all(memory, text, size, 0.0, np.uint64(0))


@cfunc(types.int64(WORDS, BYTES, types.int64, types.float64, types.uint64), error_model="numpy")
def sample(memory, text, size, alpha, seed):
    """As `encode`, but draws a segmentation with probability proportional to its own ** `alpha`, above 0."""
    return segment_all(memory, text, size, alpha, seed)
