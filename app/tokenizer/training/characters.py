"""The characters that a vocabulary holds in any case: those that most of a corpus is written in.

Decided by counts, as SentencePiece's `character_coverage` is, and by no list. Knows nothing of how pieces come about.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError
from app.tokenizer.model import FIRST_PIECE
from app.tokenizer.text import normalize, to_utf8

Integers = NDArray[np.int64]

CODE_POINTS = 0x110000
MOST = 2
"""One in so many ids may be a character that is there for the sake of coverage."""

_BATCH_CHARACTERS = 1 << 20


def check_coverage(coverage: float | None) -> float | None:
    """The coverage, if it is None or a share; else InputError."""
    given: object = coverage
    is_number = isinstance(given, float | int) and not isinstance(given, bool)
    if coverage is not None and not (is_number and 0 < coverage <= 1):
        raise InputError(
            f"character_coverage is {coverage!r}; it should be a number above 0 and at most 1, such as 0.9995",
            "/character_coverage",
        )
    return coverage


def count_in(text: str) -> Integers:
    """How often each code point is in a text that UTF-8 can hold: (CODE_POINTS,)."""
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    return np.bincount(points, minlength=CODE_POINTS).astype(np.int64)


def count_characters(texts: Iterable[str]) -> Integers:
    """How often each code point is in some texts after NFC. InputError names a text that UTF-8 can't hold."""
    counts = np.zeros(CODE_POINTS, np.int64)
    waiting: list[str] = []
    size = 0
    for number, text in enumerate(texts):
        try:
            to_utf8(text)
        except InputError as error:
            raise InputError(f"text {number}: {error}", f"/texts/{number}") from error
        waiting.append(normalize(text))
        size += len(waiting[-1])
        if size >= _BATCH_CHARACTERS:
            counts += count_in("".join(waiting))
            waiting, size = [], 0
    counts += count_in("".join(waiting))
    return counts


def covering(counts: Integers, coverage: float | None, vocab_size: int, longest: int) -> list[bytes]:
    """The fewest characters that are `coverage` of all, as pieces of two to `longest` bytes, the most frequent first.

    They take half of the ids at most, so that room for words is left. Of characters as frequent as one another the
    one with the lower code point comes first.

    >>> [piece.decode() for piece in covering(count_in("ééééüü."), 0.8, 300, 36)]
    ['é', 'ü']
    """
    if coverage is None:
        return []
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    reached = np.cumsum(counts[order])
    needed = int(np.searchsorted(reached, coverage * reached[-1] * (1 - 1e-12))) + 1 if len(order) else 0
    pieces = (chr(point).encode() for point in order[:needed].tolist())
    return [piece for piece in pieces if 1 < len(piece) <= longest][
        : (vocab_size - FIRST_PIECE - 256) // MOST
    ]


def with_characters(
    pieces: dict[bytes, int], characters: Iterable[bytes], vocab_size: int
) -> dict[bytes, int]:
    """A vocabulary with these characters among its pieces; the least frequent longer pieces are dropped for them.

    A character that was missing counts as often as the rarest piece that stays.
    """
    wanted = list(characters)
    missing = [piece for piece in wanted if piece not in pieces]
    too_many = len(pieces) + len(missing) - (vocab_size - FIRST_PIECE)
    kept = set(wanted)
    gone = sorted(
        (piece for piece in pieces if len(piece) > 1 and piece not in kept),
        key=lambda piece: (pieces[piece], len(piece), piece),
    )[: max(0, too_many)]
    result = {piece: count for piece, count in pieces.items() if piece not in set(gone)}
    least = min((count for piece, count in result.items() if len(piece) > 1), default=1)
    result.update(dict.fromkeys(missing, least))
    return dict(sorted(result.items()))
