"""BytePiece as one reads it: segmenting, sampling and training in plain Python over an Aho-Corasick automaton.

It is slow and it is the specification: the compiled engine and the trainer must equal it, and it equals
bytepiece 0.6.3. It reads no files and keeps nothing between calls.

Method: J. Su, https://kexue.fm/archives/9752 (unigram over bytes, the trainer), 9768 and 9811 (sampling), and
https://kexue.fm/archives/3956 (words from n-gram statistics).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import exp, inf, log1p

import ahocorasick
import numpy as np

from app.errors import InputError
from app.tokenizer.model import BOS, EOS, FIRST_PIECE, Model
from app.tokenizer.text import Normalization, normalize, split_chunks, split_lines, to_utf8

NGrams = dict[bytes, float]


class Segmenter:
    """Cuts bytes into pieces of a vocabulary by their log-probabilities. Every single byte must be a piece."""

    def __init__(self, log_probabilities: Mapping[bytes, float]) -> None:
        # The automaton matches characters, so a byte is written as the Latin-1 character of its value.
        self._automaton = ahocorasick.Automaton()
        for piece, score in log_probabilities.items():
            self._automaton.add_word(piece.decode("latin-1"), (len(piece), float(score)))
        self._automaton.make_automaton()

    @classmethod
    def of(cls, model: Model) -> "Segmenter":
        """The segmenter of a model."""
        return cls(dict(zip(model.pieces, model.log_probabilities.tolist(), strict=True)))

    def segment(self, line: bytes) -> list[bytes]:
        """The most probable pieces of a line; where two paths score the same, the longer last piece wins."""
        best = [0.0] + [-inf] * len(line)
        starts = [0] * (len(line) + 1)
        for start, end, score in self._matches(line):
            if best[start] + score > best[end]:
                best[end] = best[start] + score
                starts[end] = start
        return _cut(line, starts)

    def sample(self, line: bytes, alpha: float, uniform: Callable[[], float]) -> list[bytes]:
        """A random segmentation, drawn with a probability proportional to its own to the power of `alpha`.

        `total[end]` is the logarithm of the summed weights of all paths to `end`. A match takes over as the
        last piece with the share it has in the sum so far: so one pass draws exactly (kexue.fm 9811).
        `uniform` gives numbers in [0, 1) and is asked once for each match, by rising end and falling length.
        """
        total = [0.0] + [-inf] * len(line)
        starts = [0] * (len(line) + 1)
        for start, end, score in self._matches(line):
            weight = total[start] + alpha * score
            total[end] = _log_sum(total[end], weight)
            if uniform() < exp(weight - total[end]):
                starts[end] = start
        return _cut(line, starts)

    def _matches(self, line: bytes) -> Iterator[tuple[int, int, float]]:
        """(start, end, log-probability) of every piece in the line, by rising end and then falling length."""
        for last, (length, score) in self._automaton.iter(line.decode("latin-1")):
            yield last + 1 - length, last + 1, score


def tokenize(
    segmenter: Segmenter,
    text: str,
    normalization: Normalization | None = "NFC",
    alpha: float | None = None,
    uniform: Callable[[], float] | None = None,
) -> list[bytes]:
    """The pieces of a text, line by line; with `alpha` a random segmentation of each line."""
    lines = [to_utf8(line) for line in split_lines(normalize(text, normalization))]
    if alpha is None:
        return [piece for line in lines for piece in segmenter.segment(line)]
    if uniform is None:
        raise InputError("sampling needs a source of random numbers", "/alpha")
    return [piece for line in lines for piece in segmenter.sample(line, alpha, uniform)]


def encode(model: Model, text: str, add_bos: bool = False, add_eos: bool = False) -> list[int]:
    """The ids of a text under a model."""
    ids = {piece: number for number, piece in enumerate(model.pieces, FIRST_PIECE)}
    pieces = tokenize(Segmenter.of(model), text, model.card.normalization)
    return [BOS] * add_bos + [ids[piece] for piece in pieces] + [EOS] * add_eos


def decode(model: Model, ids: Iterable[int]) -> bytes:
    """The bytes that ids stand for; special tokens stand for none."""
    return b"".join(model.pieces[number - FIRST_PIECE] for number in ids if number >= FIRST_PIECE)


def train(
    texts: Iterable[str],
    vocab_sizes: Sequence[int],
    order: int = 6,
    min_count: int = 2,
    max_piece_length: int = 36,
    isolate_digits: bool = False,
    ensure_unicode: bool = True,
) -> list[Model]:
    """A model for each vocabulary size: count n-grams, cut the corpus by them, count the pieces, prune."""
    chunks = [to_utf8(chunk) for text in texts for chunk in split_chunks(normalize(text), isolate_digits)]
    if not chunks:
        raise InputError("the corpus holds no text; training needs some")
    ngrams = conditional_log_probabilities(count_ngrams(chunks, order), min_count)
    pieces = Counter(
        piece for chunk in chunks for piece in cut_by_ngrams(chunk, ngrams, order, ensure_unicode)
    )
    pruned = prune_pieces(pieces, vocab_sizes, min_count, max_piece_length)
    return [Model.from_counts("trained", pruned[size]) for size in vocab_sizes]


def count_ngrams(chunks: Iterable[bytes], order: int) -> Counter[bytes]:
    """How often each string of up to `order` bytes occurs within a chunk; the empty one once a byte."""
    counts: Counter[bytes] = Counter()
    for chunk in chunks:
        counts[b""] += len(chunk)
        for length in range(1, order + 1):
            counts.update(chunk[start : start + length] for start in range(len(chunk) - length + 1))
    return counts


def conditional_log_probabilities(counts: Counter[bytes], min_count: int) -> NGrams:
    """log P(last byte | bytes before it) of each n-gram seen `min_count` times, and of every single byte.

    A byte that the corpus lacks counts as seen once.
    """
    counts = counts.copy()
    for byte in range(256):
        if bytes([byte]) not in counts:
            counts[bytes([byte])] = 1
            counts[b""] += 1
    logarithms = {ngram: np.log(count) for ngram, count in counts.items()}
    return {
        ngram: float(logarithms[ngram] - logarithms[ngram[:-1]])
        for ngram, count in counts.items()
        if len(ngram) == 1 or (len(ngram) > 1 and count >= min_count)
    }


def cut_by_ngrams(chunk: bytes, ngrams: NGrams, order: int, ensure_unicode: bool) -> list[bytes]:
    """Pieces of a chunk along the best path over states; state k is "k bytes of this piece came before".

    The last state, order - 1, stands for that many or more. A byte in state k scores log P(it | the k bytes
    before). State 0 begins a piece, and with `ensure_unicode` a UTF-8 continuation byte can't.

    Two rules decide ties and dead ends: the lowest state wins, also where every path is impossible. So a
    character that fell under `min_count` turns the whole rest of its chunk into single bytes.
    """
    scores = [_state_scores(chunk, 0, ngrams, order, ensure_unicode)[0]] + [-inf] * (order - 1)
    routes = []
    for position in range(1, len(chunk)):
        here = _state_scores(chunk, position, ngrams, order, ensure_unicode)
        best = [-inf] * order
        route = [0] * order
        for state in range(order):
            for before in _states_before(state, order):
                if scores[before] + here[state] > best[state]:
                    best[state] = scores[before] + here[state]
                    route[state] = before
        scores = best
        routes.append(route)
    state = scores.index(max(scores))
    starts = [len(chunk)]
    for position in range(len(chunk) - 1, 0, -1):
        if state == 0:
            starts.append(position)
        state = routes[position - 1][state]
    starts.append(0)
    return [chunk[start:end] for end, start in pairwise(starts)][::-1]


def prune_pieces(
    pieces: Mapping[bytes, int], vocab_sizes: Iterable[int], min_count: int, max_piece_length: int
) -> dict[int, dict[bytes, int]]:
    """Pieces and counts for each vocabulary size, the larger ones first since each goes on from the last.

    Whatever is dropped is cut into what is kept, and its count goes there.
    """
    counts = {bytes([byte]): 1 for byte in range(256)} | dict(pieces)
    keep: dict[bytes, int] = {}
    drop: dict[bytes, int] = {}
    for piece, count in counts.items():
        wanted = len(piece) == 1 or (len(piece) <= max_piece_length and count >= min_count)
        (keep if wanted else drop)[piece] = count
    keep = _drop_wasted(_merge(keep, drop))
    result = {}
    for size in sorted(vocab_sizes, reverse=True):
        if len(keep) > size - FIRST_PIECE:
            ranked = sorted(keep, key=lambda piece: (len(piece) > 1, -keep[piece], -len(piece), piece))
            kept, dropped = ranked[: size - FIRST_PIECE], ranked[size - FIRST_PIECE :]
            keep = _drop_wasted(
                _merge({piece: keep[piece] for piece in kept}, {piece: keep[piece] for piece in dropped})
            )
        result[size] = keep
    return result


def _drop_wasted(keep: dict[bytes, int]) -> dict[bytes, int]:
    """Cuts every piece by the others until none is left that would never be used."""
    while True:
        before = len(keep)
        keep = _recount(keep, keep)
        if len(keep) == before:
            return keep


def _merge(keep: dict[bytes, int], drop: dict[bytes, int]) -> dict[bytes, int]:
    added = _recount(keep, drop)
    return {piece: count + added.get(piece, 0) for piece, count in keep.items()}


def _recount(keep: dict[bytes, int], pieces: dict[bytes, int]) -> dict[bytes, int]:
    """How often each kept piece occurs when `pieces` are cut by the probabilities of `keep`."""
    log_total = np.log(sum(keep.values()))
    segmenter = Segmenter({piece: np.log(count) - log_total for piece, count in keep.items()})
    result: Counter[bytes] = Counter()
    for piece, count in pieces.items():
        for part in segmenter.segment(piece):
            result[part] += count
    return dict(result)


def _state_scores(
    chunk: bytes, position: int, ngrams: NGrams, order: int, ensure_unicode: bool
) -> list[float]:
    scores = [
        ngrams.get(chunk[position - state : position + 1], -inf) if state <= position else -inf
        for state in range(order)
    ]
    if ensure_unicode and 0x80 <= chunk[position] < 0xC0:
        scores[0] = -inf
    return scores


def _states_before(state: int, order: int) -> Sequence[int]:
    if state == 0:
        return range(order)
    return (state - 1, state) if state == order - 1 else (state - 1,)


def _log_sum(x: float, y: float) -> float:
    """log(e^x + e^y); `y` is finite."""
    low, high = min(x, y), max(x, y)
    return high + log1p(exp(low - high))


def _cut(line: bytes, starts: Sequence[int]) -> list[bytes]:
    pieces = []
    end = len(line)
    while end:
        pieces.append(line[starts[end] : end])
        end = starts[end]
    return pieces[::-1]
