"""Papers made up for tests, one by one and as hypothesis strategies."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from app.papers.models import Author, Paper
from app.papers.store.location import StoreLocation
from app.papers.store.reading import Store
from app.papers.store.writing import open_for_writing

FIRST_DAY = date(2026, 1, 5)
CATEGORIES = ["cs.AI", "cs.LG", "cs.CY", "math.NA", "astro-ph", "quire"]


def paper(number: int, **fields: Any) -> Paper:
    """Paper 2601.NNNNN, announced on the first day under cs.AI unless told otherwise."""
    given: dict[str, Any] = {
        "id": f"2601.{number:05}",
        "title": f"Title {number}",
        "abstract": f"Abstract {number}",
        "authors": (Author("Ada Lovelace", "Lovelace", "Ada"),),
        "categories": ("cs.AI",),
        "primary_category": "cs.AI",
        "announced": FIRST_DAY,
    }
    return Paper(**(given | fields))


@st.composite
def papers(draw: st.DrawFn, least: int = 0, most: int = 40) -> list[Paper]:
    """Papers of different ids over a few days and categories."""
    numbers = draw(st.lists(st.integers(1, 999), unique=True, min_size=least, max_size=most))
    return [
        paper(
            number,
            announced=FIRST_DAY + timedelta(days=draw(st.integers(0, 4))),
            categories=tuple(draw(st.lists(st.sampled_from(CATEGORIES), unique=True, max_size=3))),
        )
        for number in numbers
    ]


def stored(path: StoreLocation, given: Iterable[Paper]) -> Store:
    """A store of these papers, open for reading."""
    with open_for_writing(path, "test") as writer:
        writer.add(list(given))
    return Store(path)
