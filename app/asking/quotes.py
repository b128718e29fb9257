"""Quotes of an answer, found as they are written and looked up in the paper: exact, repaired, elsewhere or missing.

A quote is `"words of the paper" [ANCHOR]`. Its place is found by letters and digits alone, since two readers of one
PDF agree on little else; then numbers, signs, decimal points and negations have to be the same.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from app.asking.folding import Folded, fold, substance
from app.papers.answers import Quote, QuoteStatus
from app.papers.fulltext.blocks import PaperText

_ANCHOR = r"(?:abstract|title|[A-Za-z][\w.-]*\d[\w.-]*)"
_WRITTEN = re.compile(
    rf"(?:\"(?P<straight>[^\"“”]{{1,4000}})\"|“(?P<curly>[^“”]{{1,4000}})”)"
    rf"[*_]{{0,3}}[.,;:，。；]?\s{{0,3}}[\[【(（]\s*(?P<anchors>{_ANCHOR}(?:\s*[,;，；、]\s*{_ANCHOR})*)\s*[\]】)）]",
)
_ELLIPSIS = re.compile(r"\[ ?(?:\.{3}|…) ?\]|\.{3,}|…+")
_LEAST = 12
_GRAM = 12
_LEAST_RUN = 0.5
_LEAST_ALIKE = 0.8
_MOST_PASSAGE = 2000
_MOST_PLACES = 200


@dataclass(frozen=True, slots=True)
class Written:
    """A quote as the answer has it: the words, the anchors it names, and where it ends in the answer."""

    words: str
    anchors: tuple[str, ...]
    end: int


def written_quotes(answer: str, start: int = 0) -> Iterator[Written]:
    """The quotes that are complete in an answer, from the character `start` on.

    >>> [quote.words for quote in written_quotes('They say "it converges fast" [S2.p1], and "so" on.')]
    ['it converges fast']
    """
    for match in _WRITTEN.finditer(answer, start):
        words = match["straight"] if match["straight"] is not None else match["curly"]
        yield Written(words.strip(), tuple(re.findall(_ANCHOR, match["anchors"])), match.end())


@dataclass(frozen=True, slots=True)
class _Place:
    """A stretch of the paper's folded text, and how much of the quote it has."""

    start: int
    end: int
    alike: float


class QuoteChecker:
    """Looks quotes up in one paper."""

    def __init__(self, text: PaperText) -> None:
        self._blocks = [block for block in text.blocks if block.text]
        self._starts = array("I")
        self._ends = array("I")
        parts: list[Folded] = []
        length = 0
        for block in self._blocks:
            folded = fold(block.text)
            self._starts.append(length)
            length += len(folded.letters)
            self._ends.append(length)
            parts.append(folded)
        self._letters = "".join(part.letters for part in parts)
        self._places = [part.places for part in parts]

    def check(self, written: Written) -> Quote:
        """What becomes of a quote when it is looked up.

        Exact and elsewhere mean the same letters and digits without a gap, and the same numbers, signs and negations;
        a quote with an ellipsis is that in each of its parts, in order.
        """
        parts = [part.strip() for part in _ELLIPSIS.split(written.words) if fold(part).letters]
        if not parts:
            return Quote(written.words, "missing", None, None)
        found = [self._look_up(part, written.anchors) for part in parts]
        places = [place for place, _ in found if place is not None]
        if len(places) < len(parts) or any(one.end > other.start for one, other in pairwise(places)):
            return Quote(written.words, "missing", None, None)
        exact = all(same for _, same in found)
        first = self._block(places[0].start)
        cited = any(_within(self._blocks[first].anchor, anchor) for anchor in written.anchors)
        cited = cited or any(
            _within(self._blocks[block].anchor, anchor)
            for block in range(first, self._block(places[-1].end - 1) + 1)
            for anchor in written.anchors
        )
        status: QuoteStatus = "repaired" if not exact else "exact" if cited else "elsewhere"
        words = " … ".join(self._words(place) for place in places)
        return Quote(written.words, status, self._blocks[first].anchor, self._passage(places[0]), words)

    def _look_up(self, words: str, anchors: tuple[str, ...]) -> tuple[_Place | None, bool]:
        """The best place for some words, and whether they stand there exactly."""
        letters = fold(words).letters
        wanted = substance(words)
        best: tuple[tuple[bool, bool], _Place] | None = None
        for start in self._occurrences(letters):
            place = _Place(start, start + len(letters), 1.0)
            same = self._whole_words(place) and substance(self._words(place)) == wanted
            cited = any(_within(self._blocks[self._block(start)].anchor, anchor) for anchor in anchors)
            if len(letters) < _LEAST and not (cited and same):
                continue  # too short to be more than chance
            if best is None or (same, cited) > best[0]:
                best = (same, cited), place
        if best is not None:
            return best[1], best[0][0]
        return (self._nearest(letters), False) if len(letters) >= _LEAST else (None, False)

    def _occurrences(self, letters: str) -> Iterator[int]:
        start = self._letters.find(letters)
        for _ in range(_MOST_PLACES):
            if start < 0:
                return
            yield start
            start = self._letters.find(letters, start + 1)

    def _nearest(self, letters: str) -> _Place | None:
        """The place that has most of a quote in one run, and nearly all of it around that run."""
        run = self._longest_run(letters)
        if run is None or run[2] < max(_LEAST, _LEAST_RUN * len(letters)):
            return None
        in_quote, in_paper, size = run
        slack = max(8, len(letters) // 5)
        start = max(0, in_paper - in_quote - slack)
        end = min(len(self._letters), in_paper + size + (len(letters) - in_quote - size) + slack)
        window = self._letters[start:end]
        blocks = [
            block
            for block in SequenceMatcher(None, letters, window, autojunk=False).get_matching_blocks()
            if block.size >= 3
        ]
        alike = sum(block.size for block in blocks) / len(letters)
        if alike < _LEAST_ALIKE:
            return None
        return _Place(start + blocks[0].b, start + blocks[-1].b + blocks[-1].size, alike)

    def _longest_run(self, letters: str) -> tuple[int, int, int] | None:
        """Start in the quote, start in the paper and length of the longest stretch that both have."""
        best: tuple[int, int, int] | None = None
        offset = 0
        while offset + _GRAM <= len(letters):
            longest = 0
            for place in self._occurrences(letters[offset : offset + _GRAM]):
                size = _GRAM
                while (
                    offset + size < len(letters)
                    and place + size < len(self._letters)
                    and letters[offset + size] == self._letters[place + size]
                ):
                    size += 1
                longest = max(longest, size)
                if best is None or size > best[2]:
                    best = offset, place, size
            # Within a run nothing longer starts.
            offset += max(1, longest - _GRAM + 1)
        return best

    def _whole_words(self, place: _Place) -> bool:
        """Whether a place neither starts nor ends within a word or a number."""
        first, last = self._block(place.start), self._block(place.end - 1)
        begin, end = self._character(place.start), self._character(place.end - 1)
        before = self._blocks[first].text[:begin]
        after = self._blocks[last].text[end + 1 :]
        if _same_word(before[-1:], self._blocks[first].text[begin]) or _same_word(
            self._blocks[last].text[end], after[:1]
        ):
            return False
        if self._blocks[first].text[begin].isdigit() and re.search(r"\d[.,]$", before):
            return False
        return not (self._blocks[last].text[end].isdigit() and re.match(r"[.,]\d", after))

    def _words(self, place: _Place) -> str:
        """The paper's own text at a place, with the signs that stand against it."""
        first, last = self._block(place.start), self._block(place.end - 1)
        begin, end = self._character(place.start), self._character(place.end - 1) + 1
        if first == last:
            text = self._blocks[first].text
            return text[_with_sign(text, begin) : _with_closing(text, end)]
        parts = [self._blocks[first].text[_with_sign(self._blocks[first].text, begin) :]]
        parts += [self._blocks[between].text for between in range(first + 1, last)]
        parts.append(self._blocks[last].text[: _with_closing(self._blocks[last].text, end)])
        return " ".join(parts)

    def _passage(self, place: _Place) -> str:
        """The block around a place, or as much of it as a reader needs."""
        block = self._block(place.start)
        text = self._blocks[block].text
        if len(text) <= _MOST_PASSAGE:
            return text
        begin = max(0, self._character(place.start) - _MOST_PASSAGE // 4)
        return f"{'…' if begin else ''}{text[begin : begin + _MOST_PASSAGE]}…"

    def _block(self, letter: int) -> int:
        return bisect_right(self._ends, letter)

    def _character(self, letter: int) -> int:
        block = self._block(letter)
        return self._places[block][letter - self._starts[block]]


def _same_word(one: str, other: str) -> bool:
    """Whether two neighbouring characters belong to one word or number; Chinese has no space between words."""
    return one.isalnum() and other.isalnum() and not (_wide(one) or _wide(other))


def _wide(character: str) -> bool:
    return "\u2e80" <= character <= "\uffdc"


def _with_sign(text: str, begin: int) -> int:
    """Where a stretch begins with the sign before it, such as that of a negative number."""
    signed = (
        begin > 0 and text[begin - 1] in "+-−±<>≤≥=" and not text[max(0, begin - 2) : begin - 1].isalnum()
    )
    return begin - 1 if signed else begin


def _with_closing(text: str, end: int) -> int:
    return end + 1 if text[end : end + 1] == "%" else end


def _within(anchor: str, cited: str) -> bool:
    """Whether a block lies in what a quote names: the block itself, a section around it, or a part of the block."""
    one, other = anchor.casefold(), cited.casefold()
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
