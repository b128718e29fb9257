"""Training for compression: the vocabulary that says texts, of other kinds too, in the fewest pieces.

An objective of `trainer.py`; the loops are in `compression_kernels.py`, the reasons in
docs/training-objectives.md. Nothing of the n-gram model of the likelihood objective is used here. Three steps:
read the distinct lines; grow candidates, from characters up, by joining the most frequent neighbours; shrink them to
the vocabulary by what each of them saves. All sums are of whole numbers, so the result is the same for any number of
threads.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log2
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError
from app.tokenizer.model import FIRST_PIECE
from app.tokenizer.training import compression_kernels as kernels
from app.tokenizer.training.compression_lines import Lines, read_lines
from app.tokenizer.training.likelihood import Integers
from app.tokenizer.training.pruning import trie
from app.tokenizer.training.resources import Work

LEAST_PAIRS = 128_000
"""Candidates that a round of growing adds at most, or twice the vocabulary if that is more."""

ROUNDS = 4
KEPT = 0.9
"""The part of the candidates that a round of shrinking keeps."""

PRICE = 1 << 16
RARITY = 0.02
"""What a piece e times as rare costs more, in pieces: so small that the fewest pieces always win."""

TYPES = 1
"""How many uses in the corpus a candidate's own weight, the root of its count, is worth."""

PHRASE = 0.67
"""What a use of a piece of several words is worth: elsewhere words come in other company."""

FAIRNESS = 0.2
"""The power by which a text weighs more the rarer its pieces are, for each doubling of a vocabulary of LEAST_SHARED.

A small vocabulary serves what is frequent. In a large one a further piece saves frequent languages little, others much.
"""

LEAST_SHARED = 4000
UNIT = 1000
"""The weight of a text that is cut as well as all together."""

RULES = ("-", "=", "~", "*", "^", ".", "_", "#", "+", "/", "\t", "─", "-+", " .")
"""What texts repeat to draw lines and to fill them."""

RULE_LENGTHS = (2, 3, 4, 8, 16, 32)

SENTENCE_END = b". "
"""Before another space, for texts that put two behind a sentence: manuals as they are set for terminals, RFCs."""

_PAIR_SLOTS = 1 << 20
_INSIDE_BLANK = re.compile(rb"[^ ] ")


class Options(NamedTuple):
    """Those of the trainer that matter here."""

    vocab_sizes: Sequence[int]
    min_count: int
    max_piece_length: int
    isolate_digits: bool
    ensure_unicode: bool


def train(texts: Iterable[str], options: Options, work: Work) -> dict[int, dict[bytes, int]]:
    """Pieces and counts for each vocabulary size, each smaller one out of the next larger.

    A count says how useful a piece is among the others, on a narrow scale: so the most probable segmentation, which
    BytePiece looks for, is one of the fewest pieces.
    """
    characters: Counter[str] = Counter()
    lines = list(read_lines(texts, characters, options.isolate_digits, work.progress))
    if not lines:
        raise InputError("the texts are empty; training needs some to learn from", "/texts")
    first = {bytes([byte]) for byte in range(256)} | set(_runs(max(options.vocab_sizes), options))
    first |= {
        piece
        for piece in (letter.encode() for letter, count in characters.items() if count >= options.min_count)
        if len(piece) <= options.max_piece_length
    }
    candidates, counts = _grow(lines, first, options, work)
    return _shrink(lines, candidates, counts, options, work)


def _runs(vocab_size: int, options: Options) -> list[bytes]:
    """Runs of spaces and of signs that every vocabulary holds: other texts indent and rule more than the corpus may."""
    longest = min(32, vocab_size // 256, options.max_piece_length)
    if longest < 2:
        return []
    blanks = [b" " * length for length in range(2, longest + 1)]
    lengths = [length for length in RULE_LENGTHS if length <= longest]
    rules = [sign.encode() * (length // len(sign)) for sign in RULES for length in lengths]
    return [SENTENCE_END, *blanks, *(rule for rule in rules if len(rule) <= options.max_piece_length)]


@dataclass(frozen=True)
class Candidates:
    """Pieces sorted by their bytes, and the trie over them."""

    pieces: list[bytes]
    pool: NDArray[np.uint8]
    starts: Integers
    lengths: Integers
    units: Integers
    piece_at: NDArray[np.int32]

    @classmethod
    def of(cls, pieces: Iterable[bytes]) -> "Candidates":
        ordered = sorted(pieces)
        pool = np.frombuffer(b"".join(ordered), np.uint8).copy()
        lengths = np.fromiter(map(len, ordered), np.int64, len(ordered))
        starts = np.cumsum(lengths) - lengths
        units, piece_at = trie(pool, starts, lengths)
        return cls(ordered, pool, starts, lengths, units, piece_at.astype(np.int32))

    def prices(self, counts: Integers) -> Integers:
        """The price of the piece that ends at each unit, by how often each is used."""
        rarity = np.log(counts.max() + 1) - np.log(counts + 0.5)
        price = np.round(PRICE * (1 + RARITY * rarity)).astype(np.int64)
        ends = self.piece_at >= 0
        result = np.full(len(self.units), kernels.FAR)
        result[ends] = price[self.piece_at[ends]]
        return result

    def cut(self, lines: Lines, prices: Integers) -> tuple[NDArray[np.int32], Integers]:
        """The pieces of some lines, and how many each line has."""
        pieces, counts = np.empty(len(lines.data), np.int32), np.empty(len(lines.ends), np.int64)
        size = kernels.cut(
            lines.data, lines.ends, self.units, prices, self.piece_at, self.lengths, pieces, counts
        )
        return pieces[:size], counts

    def count(self, pieces: NDArray[np.int32], counts: Integers, weights: Integers) -> Integers:
        """How often each candidate is used, by the weights of the lines."""
        result = np.zeros(len(self.pieces), np.int64)
        kernels.count_pieces(pieces, counts, weights, result)
        return result

    def divide(
        self, of: "Candidates", weights: Integers, prices: Integers, work: Work
    ) -> tuple[Integers, Integers]:
        """How many pieces each of other candidates needs without itself, and the weights of those that use a piece."""

        def part(items: Integers) -> tuple[Integers, Integers]:
            parts, result = np.empty(len(items), np.int64), np.zeros(len(self.pieces), np.int64)
            places = (of.pool, of.starts[items], of.lengths[items], weights[items])
            kernels.divide(*places, self.units, prices, self.piece_at, self.lengths, parts, result)
            return parts, result

        split = [items for items in np.array_split(np.arange(len(of.pieces)), 4 * work.threads) if len(items)]
        parts, results = zip(*work.map(part, split), strict=True)
        return np.concatenate(parts), _sum(results)

    def kinds(self, ensure_unicode: bool) -> NDArray[np.int32]:
        """What the kernel needs of each candidate to decide which neighbours may be joined."""
        return np.fromiter((_kind(piece, ensure_unicode) for piece in self.pieces), np.int32)


def _kind(piece: bytes, ensure_unicode: bool) -> int:
    if ensure_unicode and len(piece) == 1 and piece[0] >= 128:
        return kernels.NO_LEFT | kernels.NO_RIGHT
    blank = piece.strip(b" ") == b""
    return (
        kernels.BLANK * blank
        | kernels.ENDS_BLANK * (piece[-1] == 32)
        | kernels.BEGINS_BLANK * (piece[0] == 32)
        | kernels.WORDS * (_INSIDE_BLANK.search(piece) is not None)
    )


def _grow(lines: list[Lines], first: set[bytes], options: Options, work: Work) -> tuple[Candidates, Integers]:
    """Joins the most frequent neighbours to new candidates, in rounds; gives them and how often each is used.

    first: what to begin with and never to lose: a character that is seldom alone is still needed to say what is new.
    """
    most = max(LEAST_PAIRS, 2 * max(options.vocab_sizes))
    candidates = Candidates.of(first)
    counts = np.ones(len(candidates.pieces), np.int64)
    for round_number in range(ROUNDS):
        work.progress("grow candidates", round_number, ROUNDS)
        counts, keys, sums = _count_pairs(lines, candidates, counts, options, work)
        frequent = sums >= options.min_count
        keys, sums = keys[frequent], sums[frequent]
        top = np.lexsort((keys, -sums))[:most]
        known = {
            piece: count
            for piece, count in zip(candidates.pieces, counts.tolist(), strict=True)
            if count >= options.min_count or len(piece) == 1 or piece in first
        }
        left, right = (keys[top] >> np.uint64(32)).astype(np.int64) - 1, keys[top] & np.uint64(0xFFFFFFFF)
        for one, other in zip(left.tolist(), right.tolist(), strict=True):
            known.setdefault(
                candidates.pieces[one] + candidates.pieces[other], int(sums[top[-1]]) if len(top) else 1
            )
        candidates = Candidates.of(known)
        counts = np.fromiter((known[piece] for piece in candidates.pieces), np.int64)
    work.progress("grow candidates", ROUNDS, ROUNDS)
    return candidates, counts


def _count_pairs(
    lines: list[Lines], candidates: Candidates, counts: Integers, options: Options, work: Work
) -> tuple[Integers, NDArray[np.uint64], Integers]:
    """How often each candidate is used; the pairs of neighbours that may be joined, sorted, and their counts."""
    prices, kinds = candidates.prices(counts), candidates.kinds(options.ensure_unicode)
    idle: SimpleQueue[_PairTable] = SimpleQueue()
    tables = [_PairTable() for _ in range(work.threads)]
    for table in tables:
        idle.put(table)

    def count(batch: Lines) -> Integers:
        pieces, sizes = candidates.cut(batch, prices)
        table = idle.get()
        table.count(batch, pieces, sizes, candidates.lengths, kinds, options.max_piece_length)
        idle.put(table)
        return candidates.count(pieces, sizes, np.ones(len(sizes), np.int64))

    used = _sum(work.map(count, lines))
    found = [table.entries() for table in tables]
    keys, sums = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(keys)
    keys, sums = keys[order], sums[order]
    if len(keys) == 0:
        return used, keys, sums
    begins = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    return used, keys[begins], np.add.reduceat(sums, begins)


class _PairTable:
    """Counts pairs in a hash table that grows; not to be used by two threads at once."""

    def __init__(self) -> None:
        self._keys, self._sums = np.zeros(_PAIR_SLOTS, np.uint64), np.zeros(_PAIR_SLOTS, np.int64)
        self._entries = 0

    def count(
        self,
        lines: Lines,
        pieces: NDArray[np.int32],
        sizes: Integers,
        lengths: Integers,
        kinds: NDArray[np.int32],
        longest: int,
    ) -> None:
        at = np.array([0, 0, self._entries])
        longest = min(longest, len(lines.data))
        while not kernels.count_pairs(
            lines.data, lines.ends, pieces, sizes, at, lengths, kinds, longest, self._keys, self._sums
        ):
            size = 2 * len(self._keys)
            keys, sums = np.zeros(size, np.uint64), np.zeros(size, np.int64)
            kernels.move_pairs(self._keys, self._sums, keys, sums)
            self._keys, self._sums = keys, sums
        self._entries = int(at[2])

    def entries(self) -> tuple[NDArray[np.uint64], Integers]:
        """Keys and counts, in no particular order."""
        taken = self._keys != 0
        return self._keys[taken], self._sums[taken]


def _shrink(
    lines: list[Lines], candidates: Candidates, counts: Integers, options: Options, work: Work
) -> dict[int, dict[bytes, int]]:
    """Drops, round by round, the candidates that save the least, until each vocabulary size is reached."""
    found = candidates
    types = np.round(UNIT * TYPES * np.sqrt(counts)).astype(np.int64)
    texts = 1 + max(int(batch.texts[-1]) for batch in lines)
    weights = np.full(texts, UNIT, np.int64)
    result: dict[int, dict[bytes, int]] = {}
    begun = len(candidates.pieces)
    for vocab_size in sorted(set(options.vocab_sizes), reverse=True):
        goal, runs = vocab_size - FIRST_PIECE, set(_runs(vocab_size, options))
        while True:
            work.progress("shrink candidates", max(0, begun - len(candidates.pieces)), begun - goal)
            prices = candidates.prices(counts)
            counts, strangeness = _use(lines, candidates, prices, weights, work)
            weights = _fair(strangeness, vocab_size)
            if len(candidates.pieces) <= goal:
                break
            prices = candidates.prices(counts)
            _, in_types = candidates.divide(found, types, prices, work)
            parts, _ = candidates.divide(candidates, np.zeros_like(counts), prices, work)
            value = _value(candidates, counts + in_types, parts)
            value[[len(piece) == 1 or piece in runs for piece in candidates.pieces]] = np.inf
            keep = np.argsort(-value, kind="stable")[: max(goal, int(KEPT * len(value)))]
            keep.sort()
            candidates, counts = Candidates.of([candidates.pieces[item] for item in keep]), counts[keep]
        result[vocab_size] = dict(zip(candidates.pieces, _pseudo_counts(counts).tolist(), strict=True))
    work.progress("shrink candidates", 1, 1)
    return result


def _use(
    lines: list[Lines], candidates: Candidates, prices: Integers, weights: Integers, work: Work
) -> tuple[Integers, NDArray[np.float64]]:
    """How often each candidate is used, by the weights of the texts; and how strange each text is.

    Strange is what has rare pieces: by so much is the mean logarithm of its pieces' counts less than that of all. Here
    the weights don't count, or a text that weighs much would seem familiar and weigh little the next time, and so on.
    """

    def count(batch: Lines) -> tuple[NDArray[np.int32], Integers, Integers, Integers]:
        pieces, sizes = candidates.cut(batch, prices)
        plain = candidates.count(pieces, sizes, np.ones(len(sizes), np.int64))
        return pieces.copy(), sizes, plain, candidates.count(pieces, sizes, weights[batch.texts])

    pieces, sizes, plain, used = zip(*work.map(count, lines), strict=True)
    frequency = np.round(UNIT * np.log(_sum(plain) + 1)).astype(np.int64)
    pieces_of, familiar = np.zeros_like(weights), np.zeros_like(weights)
    for batch, cut, size in zip(lines, pieces, sizes, strict=True):
        pieces_of += _by_text(batch, size, len(weights))
        familiar += _by_text(batch, np.add.reduceat(frequency[cut], np.cumsum(size) - size), len(weights))
    strangeness = familiar.sum() / pieces_of.sum() - familiar / np.maximum(pieces_of, 1)
    return _sum(used), strangeness / UNIT


def _sum(parts: Iterable[Integers]) -> Integers:
    first, *rest = parts
    for part in rest:
        first = first + part
    return first


def _by_text(lines: Lines, values: Integers, texts: int) -> Integers:
    """Sums by text of what is known of each line."""
    return np.bincount(lines.texts, values, texts).astype(np.int64)


def _fair(strangeness: NDArray[np.float64], vocab_size: int) -> Integers:
    """The weight of each text: the rarer its pieces are the more; within bounds, for there is noise too."""
    power = FAIRNESS * max(0.0, log2(vocab_size / LEAST_SHARED))
    result: Integers = np.round(UNIT * np.clip(np.exp(power * strangeness), 0.1, 10)).astype(np.int64)
    return result


def _value(candidates: Candidates, uses: Integers, parts: Integers) -> NDArray[np.float64]:
    """What each candidate saves on texts elsewhere: pieces saved by a use, times uses, fewer where it is a phrase."""
    worth = np.ones(len(uses))
    worth[[b" " in piece.strip(b" ") for piece in candidates.pieces]] = PHRASE
    value: NDArray[np.float64] = worth * uses * (parts - 1)
    return value


def _pseudo_counts(counts: Integers) -> Integers:
    """Whole numbers in the order of the counts, the least about half of the greatest."""
    rarity = np.log(counts.max() + 1) - np.log(counts + 0.5)
    result: Integers = np.round(1e6 * np.exp(-0.05 * rarity)).astype(np.int64)
    return result
