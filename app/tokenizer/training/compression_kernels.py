"""The loops of training for compression: cut lines into the fewest pieces, count pieces and pairs of pieces.

Plain functions over arrays, compiled by numba, which release the GIL; all memory is the caller's. What is worth
counting is decided in `compression.py`; the trie is that of `pruning_kernels.py`, whose layout is repeated here
because numba does not see edits across files.

Pieces are numbers here, in the order of their bytes. `links` and `piece_at` are by unit of the trie: its link with, in
the lowest PRICE_BITS, the price of the piece that ends there (NO_PRICE where none does), and that piece. One load then
says all that a step needs. A path's price is the sum over its pieces, and one piece costs far more than what two pieces
differ by.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.jit import compiled

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int32]
Integers = NDArray[np.int64]
Keys = NDArray[np.uint64]

ROOT = 256
SHIFT = 9
LABEL = 0x1FF
PRICE_BITS = 21
NO_PRICE = (1 << PRICE_BITS) - 1
FAR = 1 << 60

BLANK = 1  # spaces alone
ENDS_BLANK = 2  # ends with a space
BEGINS_BLANK = 4  # begins with a space
WORDS = 8  # holds a space behind something else
NO_LEFT = 16  # nothing is put behind it
NO_RIGHT = 32  # it is put behind nothing


@compiled
def _cheapest(
    data: Bytes, first: int, length: int, whole: bool, links: Integers, best: Integers, reached: Integers
) -> None:
    """Fills `reached` with the unit of the last piece of the cheapest path to each byte of a stretch.

    whole: whether one piece may be all of it. Of equal prices the longest last piece wins, since it starts first.
    """
    best[0] = 0
    best[1 : length + 1] = FAR
    for start in range(length):
        base, so_far = links[ROOT] >> (PRICE_BITS + SHIFT), best[start]
        for end in range(start, length):
            byte = np.int64(data[first + end])
            unit = base ^ byte
            link = links[unit]
            if (link >> PRICE_BITS) & LABEL != byte or (end - start == length - 1 and not whole):
                break
            base = link >> (PRICE_BITS + SHIFT)
            price = link & NO_PRICE
            # Chosen, not branched on: it can't be predicted.
            better = (price != NO_PRICE) & (so_far + price < best[end + 1])
            best[end + 1] = so_far + price if better else best[end + 1]
            reached[end + 1] = unit if better else reached[end + 1]


@compiled
def cut(
    data: Bytes,
    ends: Integers,
    links: Integers,
    piece_at: Numbers,
    lengths: Integers,
    pieces: Numbers,
    counts: Integers,
) -> int:
    """Cuts stretches into the cheapest pieces; returns how many there are.

    data: (n,); ends: (m,) where each stretch ends; lengths: of each piece; pieces: (n,) filled from the start;
    counts: (m,) how many pieces each stretch has.
    """
    longest, first = 0, 0
    for end in ends:
        longest = max(longest, end - first)
        first = end
    best, reached = np.empty(longest + 1, np.int64), np.empty(longest + 1, np.int64)
    first, filled = 0, 0
    for stretch in range(len(ends)):
        length = ends[stretch] - first
        _cheapest(data, first, length, True, links, best, reached)
        at, size = length, 0
        while at > 0:
            at -= lengths[piece_at[reached[at]]]
            size += 1
        at = length
        for place in range(filled + size - 1, filled - 1, -1):
            pieces[place] = piece_at[reached[at]]
            at -= lengths[pieces[place]]
        counts[stretch] = size
        filled += size
        first = ends[stretch]
    return filled


@compiled
def count_pieces(pieces: Numbers, counts: Integers, weights: Integers, result: Integers) -> None:
    """Adds the weight of its stretch for every piece. counts, weights: by stretch; result: by piece."""
    at = 0
    for stretch in range(len(counts)):
        for place in range(at, at + counts[stretch]):
            result[pieces[place]] += weights[stretch]
        at += counts[stretch]


@compiled
def divide(
    pool: Bytes,
    starts: Integers,
    lengths: Integers,
    weights: Integers,
    links: Integers,
    piece_at: Numbers,
    piece_lengths: Integers,
    parts: Integers,
    result: Integers,
) -> None:
    """Cuts candidates into the cheapest pieces without the whole candidate itself, those of one byte apart.

    starts, lengths, weights: (m,) of the candidates in `pool`; parts: (m,) how many pieces each has then; result: by
    piece, the weights of the candidates that it is in are added.
    """
    longest = lengths.max()
    best, reached = np.empty(longest + 1, np.int64), np.empty(longest + 1, np.int64)
    for item in range(len(starts)):
        length = lengths[item]
        parts[item] = 1
        if length > 1:
            _cheapest(pool, starts[item], length, False, links, best, reached)
            at, size = length, 0
            while at > 0:
                piece = piece_at[reached[at]]
                result[piece] += weights[item]
                at -= piece_lengths[piece]
                size += 1
            parts[item] = size


@compiled
def _in_word(byte: int) -> Any:
    return byte >= 128 or 48 <= byte < 58 or 65 <= byte < 91 or 97 <= byte < 123


@compiled
def _joins(data: Bytes, first: int, start: int, end: int, last: int, left: int, right: int) -> Any:
    """Whether two neighbours, data[start:end] together, may become a piece here.

    first, last: where their stretch starts and ends; left, right: their kinds. A space goes with what follows it, so
    that a word is one piece and not four; and what spans words neither begins nor ends within one.
    """
    if left & NO_LEFT or right & NO_RIGHT:
        return False
    if right & ENDS_BLANK and not (left & BLANK and right & BLANK):
        return False
    if (left | right) & WORDS or (right & BEGINS_BLANK and not left & BLANK):
        within = start > first and _in_word(data[start - 1]) and _in_word(data[start])
        return not within and not (end < last and _in_word(data[end]))
    return True


@compiled
def _slot(key: Any, size: int) -> Any:
    """Where the search for a key begins in a table of `size` slots, a power of two."""
    spread = key * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((spread ^ (spread >> np.uint64(29))) >> np.uint64(8)) & (size - 1)


@compiled
def count_pairs(
    data: Bytes,
    ends: Integers,
    pieces: Numbers,
    counts: Integers,
    lengths: Integers,
    kinds: Numbers,
    longest: int,
    keys: Keys,
    sums: Integers,
) -> None:
    """Counts neighbours that may be joined, in a table that is large enough.

    keys, sums: the table, a power of two of slots and more than there are pieces. A key is the left piece + 1 and the
    right one, 32 bits each, 0 where the slot is free.
    """
    at, start = 0, 0
    for stretch in range(len(ends)):
        first = start
        for place in range(at, at + counts[stretch] - 1):
            left, right = pieces[place], pieces[place + 1]
            size = lengths[left] + lengths[right]
            if size <= longest and _joins(
                data, first, start, start + size, ends[stretch], kinds[left], kinds[right]
            ):
                key = (np.uint64(left + 1) << np.uint64(32)) | np.uint64(right)
                slot = _slot(key, len(keys))
                while keys[slot] != 0 and keys[slot] != key:
                    slot = (slot + 1) & (len(keys) - 1)
                keys[slot] = key
                sums[slot] += 1
            start += lengths[left]
        start = ends[stretch]
        at += counts[stretch]
