"""A thousand altered quotes of the built-in papers: none passes for the paper's own words, and the true ones do."""

import random
import re
import tomllib
from collections.abc import Callable

import pytest

from app.asking.quotes import QuoteChecker, Written
from app.papers.fulltext.blocks import PaperText, text_of_record
from app.papers.importing import COLLECTION
from app.papers.records import read_paper

WORDS = 14
EACH = 250


def swapped_digit(words: list[str], chance: random.Random) -> list[str] | None:
    places = [number for number, word in enumerate(words) if re.search(r"\d", word)]
    if not places:
        return None
    place = chance.choice(places)
    digit = chance.choice(re.findall(r"\d", words[place]))
    other = chance.choice([one for one in "0123456789" if one != digit])
    return [*words[:place], words[place].replace(digit, other, 1), *words[place + 1 :]]


def turned_sign(words: list[str], chance: random.Random) -> list[str] | None:
    turns = {
        "<": ">",
        ">": "<",
        "+": "-",
        "=": "<",
        r"\leq": r"\geq",
        r"\ge": r"\le",
        r"\le": r"\ge",
        r"\geq": r"\leq",
    }
    found = [
        (number, match)
        for number, word in enumerate(words)
        for match in re.finditer(r"[<>+=]|\\[lg]eq?(?![a-z])", word)
        if (word[: match.start()] + word[match.end() :]).strip("$")
    ]
    if not found:
        return None
    place, match = chance.choice(found)
    word = words[place]
    changed = word[: match.start()] + turns[match[0]] + word[match.end() :]
    return [*words[:place], changed, *words[place + 1 :]]


def negated(words: list[str], chance: random.Random) -> list[str] | None:
    without = [word for word in words if word.lower() not in ("not", "no", "never", "without", "nor")]
    if len(without) < len(words):
        return without
    places = [
        number
        for number, word in enumerate(words[:-1])
        if word in ("is", "are", "can", "does", "has", "it", "we")
    ]
    if not places:
        return None
    place = chance.choice(places)
    return [*words[: place + 1], "not", *words[place + 1 :]]


def reordered(words: list[str], chance: random.Random) -> list[str] | None:
    plain = [number for number, word in enumerate(words) if word.isalpha() and len(word) > 3]
    if len(plain) < 2:
        return None
    one, other = chance.sample(plain, 2)
    if words[one].lower() == words[other].lower():
        return None
    changed = list(words)
    changed[one], changed[other] = words[other], words[one]
    return changed


ALTERATIONS: dict[str, Callable[[list[str], random.Random], list[str] | None]] = {
    "a digit": swapped_digit,
    "a sign": turned_sign,
    "a negation": negated,
    "an order": reordered,
}


@pytest.fixture(scope="module")
def papers() -> list[tuple[PaperText, QuoteChecker]]:
    notes = [tomllib.loads(path.read_text("utf-8")) for path in sorted(COLLECTION.glob("*.toml"))]
    texts = [text_of_record(read_paper(note | {"announced": None}), None) for note in notes]
    return [(text, QuoteChecker(text)) for text in texts]


def stretches(text: PaperText, chance: random.Random) -> tuple[str, list[str]] | None:
    """A few words in a row of a random block, and its anchor."""
    block = chance.choice([block for block in text.blocks if len(block.text.split()) > WORDS])
    words = block.text.split()
    start = chance.randrange(len(words) - WORDS)
    return block.anchor, words[start : start + WORDS]


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_no_altered_quote_passes_for_the_papers_own_words(
    papers: list[tuple[PaperText, QuoteChecker]], alteration: str
) -> None:
    chance = random.Random(7)
    tried = 0
    for _ in range(200_000):
        text, checker = chance.choice(papers)
        found = stretches(text, chance)
        if found is None:
            continue
        anchor, words = found
        altered = ALTERATIONS[alteration](words, chance)
        if altered is None or " ".join(altered) in " ".join(
            " ".join(block.text.split()) for block in text.blocks
        ):
            continue
        tried += 1
        quote = checker.check(Written(" ".join(altered), (anchor,), 0))
        assert quote.status in ("repaired", "missing"), (words, altered)
        if tried == EACH:
            return
    raise AssertionError(f"only {tried} quotes could be altered")


def test_true_quotes_are_not_refused(papers: list[tuple[PaperText, QuoteChecker]]) -> None:
    chance = random.Random(11)
    statuses = []
    for _ in range(EACH):
        text, checker = chance.choice(papers)
        found = stretches(text, chance)
        assert found is not None
        statuses.append(checker.check(Written(" ".join(found[1]), (found[0],), 0)).status)
    assert statuses.count("exact") >= 0.98 * EACH
