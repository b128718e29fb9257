"""A library that is moved from one engine to the other and back is the same, by its content."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from app.papers.answers import Answer, Quote, Usage
from app.papers.importing import import_files
from app.papers.maintenance import export
from app.papers.models import Version
from app.papers.store.location import StoreLocation
from app.papers.store.writing import open_for_writing
from tests.papers.samples import paper
from tests.postgres import PostgresServer


def fill(place: StoreLocation) -> None:
    created = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    given = [
        paper(1, title="A \x1b0 of $x$", versions=(Version(1, created), Version(2, created)), version=2),
        paper(2, announced=date(2026, 1, 7), categories=(), primary_category=None),
        paper(
            3,
            published=created,
            updated=created,
            doi="10.1/x",
            journal_ref="J 1",
            comment="é e\u0301 \U0001f600",
        ),
        paper(4, announced=None, published=created, subject_classes=("68T07",)),
        paper(5, body="# Words\n\nand *more*"),
    ]
    answers = [
        Answer("2601.00001", 2, "Why?", "m", "en", "Because."),
        Answer(
            "2601.00001", 2, "Why?", "m", "zh", "因为。", name="method", created=created, source="html",
            prompt_sha256="ab", usage=Usage(3, 4), quotes=(Quote("a", "exact", "S1.p1", "a b"),),
        ),
        Answer("2601.00002", None, "How?", None, None, "So."),
    ]  # fmt: skip
    with open_for_writing(place, "test") as writer:
        writer.add(given, answers)


def test_what_is_moved_between_engines_is_the_same_byte_for_byte(
    new_place: Callable[[], StoreLocation], postgres: PostgresServer, tmp_path: Path
) -> None:
    first = new_place()
    fill(first)
    sqlite = tmp_path / "other" / "papers.sqlite"
    wanted = tmp_path / "first.jsonl"
    assert export(first, wanted) == 8
    places: list[StoreLocation] = [postgres.new_database(), sqlite, postgres.new_schema()]
    for number, place in enumerate(places):
        result = import_files(place, tmp_path / f"index{number}", [wanted], strict=True)
        assert (result.new, result.skipped) == (8, 0)
        assert import_files(place, tmp_path / f"index{number}", [wanted]).new == 0
        again = tmp_path / f"again{number}.jsonl"
        assert export(place, again) == 8
        assert again.read_bytes() == wanted.read_bytes()
