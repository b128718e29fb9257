"""Two descriptions of a paper become one: nothing known is forgotten, and nothing old comes back."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.papers.merging import merged
from app.papers.models import Author, Paper, Version
from tests.papers.samples import FIRST_DAY, paper

LATER = date(2026, 3, 1)
instants = st.none() | st.integers(1, 3).map(lambda day: datetime(2026, 1, day, tzinfo=UTC))
papers = st.builds(
    lambda version, updated, published, announced, authors, doi: paper(
        1,
        version=version,
        updated=updated,
        published=published,
        announced=announced and announced.date(),
        authors=authors,
        doi=doi,
    ),
    st.none() | st.integers(1, 3),
    instants,
    instants,
    instants,
    st.sampled_from([(), (Author("Ada Lovelace"),), (Author("Ada Lovelace", "Lovelace", "Ada"),)]),
    st.none() | st.sampled_from(["10.1/a", "10.1/b"]),
)


@given(papers, papers)
def test_nothing_known_becomes_unknown(kept: Paper, told: Paper) -> None:
    after = merged(kept, told)
    for field in fields(Paper):
        if getattr(kept, field.name) not in (None, ()):
            assert getattr(after, field.name) not in (None, ()), field.name


@given(papers, papers)
def test_a_newer_version_is_never_replaced_by_an_older_one(kept: Paper, told: Paper) -> None:
    after = merged(kept, told)
    assert (after.version or 0) >= max(kept.version or 0, 0)
    if kept.version and told.version and told.version < kept.version:
        assert replace(after, published=kept.published) == kept


@given(papers, papers)
def test_names_that_were_told_apart_stay_apart(kept: Paper, told: Paper) -> None:
    if kept.authors and kept.authors[0].family:
        assert merged(kept, told).authors == kept.authors


def test_a_correction_is_no_announcement_and_a_new_version_is() -> None:
    kept = paper(1, version=2, announced=FIRST_DAY)
    corrected = merged(kept, paper(1, version=2, announced=LATER, doi="10.1/x"))
    assert (corrected.announced, corrected.doi) == (FIRST_DAY, "10.1/x")
    assert merged(kept, paper(1, version=3, announced=LATER)).announced == LATER
    assert merged(kept, paper(1, version=3, announced=None)).announced == FIRST_DAY


def test_an_author_who_joins_is_kept_as_given() -> None:
    told = paper(1, version=2, authors=(Author("Ada Lovelace"), Author("E. Noether")))
    assert merged(paper(1, version=1), told).authors == (
        Author("Ada Lovelace", "Lovelace", "Ada"),
        Author("E. Noether"),
    )


def test_how_a_paper_was_announced_goes_with_the_day_that_it_was() -> None:
    first = paper(1, version=1, announced=date(2026, 1, 5), announce_type="new")
    assert merged(first, paper(1, version=1, announced=date(2026, 1, 9))).announce_type == "new"
    assert merged(first, paper(1, version=1, announced=date(2026, 1, 5), doi="10.1/a")).announce_type == "new"
    again = paper(1, version=2, announced=date(2026, 2, 3), announce_type="replace")
    assert merged(first, again).announce_type == "replace"
    unknown = paper(1, version=3, announced=date(2026, 3, 3))
    assert merged(again, unknown).announce_type is None


def test_the_longer_list_of_versions_is_kept() -> None:
    one, two = (Version(number, datetime(2026, number, 1, tzinfo=UTC)) for number in (1, 2))
    both = paper(1, version=2, versions=(one, two))
    assert merged(both, paper(1, version=2, comment="9 pages")).versions == (one, two)
    assert merged(paper(1, version=1, versions=(one,)), both).versions == (one, two)
