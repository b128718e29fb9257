"""Numbers and positions: one for each paper, in the order that lists promise."""

from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.papers.store.positions import (
    announced_position,
    day_at,
    day_position,
    first_of_month,
    listing_day,
    number_at,
    paper_number,
    published_position,
)
from tests.papers.samples import paper
from tests.papers.test_models import arxiv_ids, own_ids

ids = arxiv_ids | own_ids
days = st.dates(date(1990, 1, 1), date(2050, 1, 1))


@given(ids, ids)
def test_each_id_has_a_number_of_its_own(one: str, other: str) -> None:
    assert (paper_number(one) == paper_number(other)) == (one == other)
    assert 0 <= paper_number(one) < 1 << 32


@given(ids, days, st.none() | st.datetimes(timezones=st.just(UTC)))
def test_a_position_tells_its_paper_and_day_again(paper_id: str, day: date, instant: datetime | None) -> None:
    one = paper(1, id=paper_id, announced=day, published=instant)
    assert number_at(announced_position(one)) == number_at(published_position(one)) == paper_number(paper_id)
    assert day_at(announced_position(one)) == day
    assert day_position(day) <= announced_position(one) < 1 << 63
    assert 0 <= published_position(one) < 1 << 63


@given(days, days)
def test_later_days_have_greater_positions(one: date, other: date) -> None:
    first, last = paper(9, announced=min(one, other)), paper(1, announced=max(one, other))
    assert (announced_position(first) < announced_position(last)) == (one != other)


def test_a_paper_without_announcement_is_listed_by_what_is_known() -> None:
    bare = paper(1, announced=None)
    assert listing_day(bare) == first_of_month(bare.id) == date(2026, 1, 1)
    sent = replace(bare, published=datetime(2026, 1, 3, tzinfo=UTC))
    assert listing_day(sent) == date(2026, 1, 3)
    assert listing_day(replace(sent, updated=datetime(2026, 2, 4, tzinfo=UTC))) == date(2026, 2, 4)
    assert first_of_month("math/0211159") == date(2002, 11, 1)
    assert first_of_month("hep-th/9901001") == date(1999, 1, 1)
