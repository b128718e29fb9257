"""The loops over all vectors, compiled by numba: they release the interpreter's lock and hold no Python object.

A vector is looked at as the signs of its numbers, 64 in a word: how many signs two vectors differ in shows their angle
well enough to leave all but a few hundred out (sign random projections without the projection; Charikar 2002).
"""

# mypy: allow-untyped-calls, allow-untyped-defs, disable-error-code="misc"

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from app.jit import compiled_for

_WORDS = types.Array(types.uint64, 1, "C", readonly=True)
_ROWS_OF_WORDS = types.Array(types.uint64, 2, "C", readonly=True)
_BYTES = types.Array(types.uint8, 1, "C", readonly=True)
_NUMBERS = types.Array(types.uint32, 1, "C", readonly=True)
_DAYS = types.Array(types.int32, 1, "C", readonly=True)

LEFT_OUT = np.uint16(65535)
"""The distance of a row that is not looked at."""


@intrinsic
def _ones(_typing: Any, _word: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@compiled_for(_ROWS_OF_WORDS, _WORDS, _BYTES, types.uint16[::1], types.int64[::1])
def measure(bits: Any, query: Any, within: Any, distances: Any, counts: Any) -> None:
    """Fills `distances` (uint16, n) with the signs that rows differ in from a query, and counts each distance.

    bits: uint64 (n, words); query: uint64 (words,); within: uint8 (n,), 0 for rows to leave out; counts: int64, as
    many as there are signs and one more, all 0.
    """
    words = query.shape[0]
    for row in range(distances.shape[0]):
        if within[row] == 0:
            distances[row] = LEFT_OUT
            continue
        total = np.uint64(0)
        for word in range(words):
            total += _ones(bits[row, word] ^ query[word])  # type: ignore[call-arg]
        distances[row] = total
        counts[total] += 1


@compiled_for(types.uint16[::1], types.uint16, types.int64, types.int64[::1])
def collect(distances: Any, limit: Any, at_limit: Any, rows: Any) -> int:
    """Fills `rows` (int64) with those nearer than `limit` and the first `at_limit` of those at it; how many it were."""
    found = 0
    for row in range(distances.shape[0]):
        distance = distances[row]
        if distance < limit:
            rows[found] = row
            found += 1
        elif distance == limit and at_limit > 0:
            rows[found] = row
            found += 1
            at_limit -= 1
    return found


@compiled_for(_BYTES, _NUMBERS, _BYTES, _DAYS, types.int64, types.int64, types.uint8[::1])
def narrow(alive: Any, kinds: Any, allowed: Any, days: Any, first: Any, last: Any, within: Any) -> None:
    """Fills `within` (uint8, n): 1 for rows that live, of an allowed kind (uint8 by kind), from day first to last."""
    for row in range(within.shape[0]):
        day = days[row]
        within[row] = alive[row] & allowed[kinds[row]] & np.uint8(first <= day) & np.uint8(day <= last)


@compiled_for(_NUMBERS, _BYTES, _NUMBERS, types.int64[::1])
def find_rows(numbers: Any, alive: Any, wanted: Any, rows: Any) -> None:
    """Fills `rows` (int64) with the living row of each number of `wanted` (uint32, ascending, each once)."""
    mask = 65535
    seen = np.zeros(mask + 1, np.uint8)
    for number in wanted:
        seen[number & mask] = 1
    for row in range(numbers.shape[0]):
        number = numbers[row]
        if seen[number & mask] == 1 and alive[row] == 1:
            at = np.searchsorted(wanted, number)
            if at < wanted.shape[0] and wanted[at] == number:
                rows[at] = row
