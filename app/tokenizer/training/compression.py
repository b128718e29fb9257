"""Training for compression: the vocabulary that encodes texts, of other kinds too, in the fewest pieces.

An objective of `trainer.py`; the loops are in `compression_kernels.py`, the candidates in `compression_candidates.py`,
the reasons in docs/training-objectives.md. Nothing of the n-gram model of the likelihood objective is used here. Two
steps over the distinct lines: grow candidates, from characters up, by joining the most frequent neighbours; shrink them
to the vocabulary by what each of them saves. All sums over lines are of whole numbers, so the result is the same for
any number of threads and machines.
"""

from collections.abc import Sequence
from functools import partial
from math import log2
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError
from app.tokenizer.model import FIRST_PIECE
from app.tokenizer.training.characters import CODE_POINTS, count_in, covering
from app.tokenizer.training.compression_candidates import (
    Candidates,
    Cutter,
    Use,
    count_pairs,
    merged_pairs,
    use,
)
from app.tokenizer.training.compression_library import Library
from app.tokenizer.training.compression_lines import SHARES, Lines
from app.tokenizer.training.likelihood import Integers, Keys, Map
from app.tokenizer.training.resources import Progress

LEAST_PAIRS = 128_000
"""Candidates that a round of growing adds at most, or twice the vocabulary if that is more."""

ROUNDS = 4

SAMPLE_BYTES = 64 << 20
"""What a round looks at of a larger corpus, each at another part of it; so much says what is frequent. In the end
all is counted."""

KEPT, KEPT_LAST = 0.75, 0.9
"""The part of the candidates that a round of shrinking keeps, and the last ones, which decide between near equals."""

NEARLY = 1.5
"""Times the vocabulary, where the last rounds begin."""

SQUEEZED = 0.05
"""The power to which counts are squeezed in the model: half as many pieces, and not their counts, then decide."""

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


class Options(NamedTuple):
    """Those of the trainer that matter here."""

    vocab_sizes: Sequence[int]
    min_count: int
    max_piece_length: int
    isolate_digits: bool
    ensure_unicode: bool
    character_coverage: float | None = None


def train(
    library: Library, options: Options, apply: Map, parts: int, progress: Progress
) -> dict[int, dict[bytes, int]]:
    """Pieces and counts for each vocabulary size, each smaller one out of the next larger.

    A count says how useful a piece is among the others, on a narrow scale: so the most probable segmentation, which
    BytePiece looks for, is one of the fewest pieces. The work on candidates is split into `parts` that `apply` runs.
    """
    if library.bytes == 0:
        raise InputError("the texts are empty; training needs some to learn from", "/texts")
    return _Training(library, options, apply, parts, progress).train()


class _Training:
    def __init__(
        self, library: Library, options: Options, apply: Map, parts: int, progress: Progress
    ) -> None:
        self._library, self._options, self._apply, self._parts = library, options, apply, parts
        self._progress = progress
        wanted = min(SHARES, -(-SHARES * SAMPLE_BYTES // library.bytes))
        self._looked_at = (
            1 << (wanted - 1).bit_length()
        )  # SHARES is a power of two too, so that rounds go through all
        self._round = 0
        self._characters = library.each(_characters, np.add, 0, SHARES)

    def train(self) -> dict[int, dict[bytes, int]]:
        candidates, counts = self._grow()
        found, begun = candidates, len(candidates.pieces)
        types = np.round(UNIT * TYPES * np.sqrt(counts)).astype(np.int64)
        uses, plain = UNIT * counts, counts
        weights = np.full(self._library.texts, UNIT, np.int64)
        result: dict[int, dict[bytes, int]] = {}
        for vocab_size in sorted(set(self._options.vocab_sizes), reverse=True):
            goal, phrases = vocab_size - FIRST_PIECE, candidates.phrases()
            stays = self._stays(candidates, vocab_size)
            while len(candidates.pieces) > goal:
                self._progress("shrink candidates", begun - len(candidates.pieces), begun - goal)
                used = self._use(candidates.cutter(uses), weights, plain, self._looked_at)
                uses, plain = (uses + used.weighted) // 2, used.plain  # of two rounds: each saw a part
                weights = _fair(used, weights, vocab_size)
                cutter = candidates.cutter(uses)
                _, in_types = self._divide(cutter, found, types)
                pieces, _ = self._divide(cutter, candidates, np.zeros_like(uses))
                value = _value(uses + in_types, pieces, phrases)
                value[stays] = np.inf
                share = KEPT if len(value) > NEARLY * goal else KEPT_LAST
                keep = np.sort(np.argsort(-value, kind="stable")[: max(goal, int(share * len(value)))])
                candidates = Candidates.of([candidates.pieces[item] for item in keep])
                uses, plain, phrases, stays = uses[keep], plain[keep], phrases[keep], stays[keep]
            used = self._use(candidates.cutter(uses), weights, plain, SHARES)
            uses, plain, weights = used.weighted, used.plain, _fair(used, weights, vocab_size)
            result[vocab_size] = dict(zip(candidates.pieces, _squeezed(uses).tolist(), strict=True))
        self._progress("shrink candidates", 1, 1)
        return result

    def _stays(self, candidates: Candidates, vocab_size: int) -> NDArray[np.bool_]:
        """Which candidates are in the vocabulary whatever they save: bytes, runs, and the characters to cover."""
        runs = {*_runs(vocab_size, self._options), *self._covering(vocab_size)}
        return np.fromiter((len(piece) == 1 or piece in runs for piece in candidates.pieces), np.bool_)

    def _covering(self, vocab_size: int) -> list[bytes]:
        options = self._options
        return covering(self._characters, options.character_coverage, vocab_size, options.max_piece_length)

    def _grow(self) -> tuple[Candidates, Integers]:
        """Joins the most frequent neighbours to new candidates, in rounds; gives them and how often each is used.

        A character that is seldom alone is never lost on the way: it is needed to say what is new.
        """
        options = self._options
        largest = max(options.vocab_sizes)
        letters = map(chr, np.flatnonzero(self._characters >= options.min_count).tolist())
        first = {bytes([byte]) for byte in range(256)} | {*_runs(largest, options), *self._covering(largest)}
        first |= {
            piece for piece in (letter.encode() for letter in letters if letter != "\n")
            if len(piece) <= options.max_piece_length
        }  # fmt: skip
        most = max(LEAST_PAIRS, 2 * largest)
        candidates = Candidates.of(first)
        counts = np.ones(len(candidates.pieces), np.int64)
        for number in range(ROUNDS):
            self._progress("grow candidates", number, ROUNDS)
            counts, keys, sums = self._count_pairs(candidates, counts)
            frequent = sums >= options.min_count
            keys, sums = keys[frequent], sums[frequent]
            top = np.lexsort((keys, -sums))[:most]
            known = {
                piece: count
                for piece, count in zip(candidates.pieces, counts.tolist(), strict=True)
                if count >= options.min_count or piece in first
            }
            left, right = (keys[top] >> np.uint64(32)).astype(np.int64) - 1, keys[top] & np.uint64(0xFFFFFFFF)
            least = int(sums[top[-1]]) if len(top) else 1
            for one, other in zip(left.tolist(), right.tolist(), strict=True):
                known.setdefault(candidates.pieces[one] + candidates.pieces[other], least)
            candidates = Candidates.of(known)
            counts = np.fromiter((known[piece] for piece in candidates.pieces), np.int64)
        self._progress("grow candidates", ROUNDS, ROUNDS)
        return candidates, counts

    def _count_pairs(self, candidates: Candidates, counts: Integers) -> tuple[Integers, Keys, Integers]:
        """How often each candidate is used; the pairs of neighbours that may be joined, sorted, and their counts."""
        shared = (candidates.cutter(counts), candidates.kinds(self._options.ensure_unicode))
        first, count = self._next_shares(self._looked_at)
        used, found = self._library.each(
            count_pairs, _both, first, count, *shared, self._options.max_piece_length
        )
        scale = SHARES // count
        keys, sums = merged_pairs(found)
        return scale * used, keys, scale * sums

    def _use(self, cutter: Cutter, weights: Integers, plain: Integers, count: int) -> Use:
        """How often each candidate is used in all, as `count` shares of the lines say; and of each text what it has."""
        frequency = np.round(UNIT * np.log(plain + 1)).astype(np.int64)
        used = self._library.each(use, Use.and_of, *self._next_shares(count), cutter, weights, frequency)
        scale = SHARES // count
        return used._replace(plain=scale * used.plain, weighted=scale * used.weighted)

    def _next_shares(self, count: int) -> tuple[int, int]:
        first = self._round * count % SHARES
        self._round += 1
        return first, count

    def _divide(self, cutter: Cutter, of: Candidates, weights: Integers) -> tuple[Integers, Integers]:
        """How many pieces each candidate needs without itself, and the weights of those that use a piece."""
        split = [part for part in np.array_split(np.arange(len(of.pieces)), self._parts) if len(part)]
        divided = self._apply(partial(cutter.divide, of, weights=weights), split)
        parts, results = zip(*divided, strict=True)
        return np.concatenate(parts), sum(results[1:], results[0])


def _runs(vocab_size: int, options: Options) -> list[bytes]:
    """Runs of spaces and of signs that every vocabulary holds: other texts indent and rule more than the corpus may."""
    longest = min(32, vocab_size // 256, options.max_piece_length)
    if longest < 2:
        return []
    blanks = [b" " * length for length in range(2, longest + 1)]
    lengths = [length for length in RULE_LENGTHS if length <= longest]
    rules = [sign.encode() * (length // len(sign)) for sign in RULES for length in lengths]
    return [SENTENCE_END, *blanks, *(rule for rule in rules if len(rule) <= options.max_piece_length)]


def _characters(lines: Lines) -> Integers:
    """How often each code point is in some lines."""
    return count_in(lines.data.tobytes().decode()) if len(lines.data) else np.zeros(CODE_POINTS, np.int64)


def _both(
    one: tuple[Integers, list[tuple[Keys, Integers]]], other: tuple[Integers, list[tuple[Keys, Integers]]]
) -> tuple[Integers, list[tuple[Keys, Integers]]]:
    return one[0] + other[0], one[1] + other[1]


def _fair(used: Use, weights: Integers, vocab_size: int) -> Integers:
    """The weight of each text: the rarer its pieces are the more; within bounds, for there is noise too.

    By so much is the mean logarithm of its pieces' counts less than that of all. These counts are without weights, or a
    text that weighs much would seem familiar and weigh little the next time, and so on. A text that was not looked at
    keeps its weight.
    """
    strangeness = used.familiar.sum() / used.pieces.sum() - used.familiar / np.maximum(used.pieces, 1)
    power = FAIRNESS * max(0.0, log2(vocab_size / LEAST_SHARED))
    fair = UNIT * np.clip(np.exp(power * strangeness / UNIT), 0.1, 10)
    result: Integers = np.where(used.pieces > 0, np.round(fair), weights).astype(np.int64)
    return result


def _value(uses: Integers, parts: Integers, phrases: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What each candidate saves on texts elsewhere: pieces saved by a use, times uses, fewer where it is a phrase."""
    worth = np.ones(len(uses))
    worth[phrases] = PHRASE
    value: NDArray[np.float64] = worth * uses * (parts - 1)
    return value


def _squeezed(counts: Integers) -> Integers:
    """Whole numbers in the order of the counts, the least about half of the greatest."""
    rarity = np.log(counts.max() + 1) - np.log(counts + 0.5)
    result: Integers = np.round(1e6 * np.exp(-SQUEEZED * rarity)).astype(np.int64)
    return result
