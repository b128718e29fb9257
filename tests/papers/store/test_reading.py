"""The store as its readers see it: lists, days, papers, answers."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import InputError, NotFound, StoreError
from app.papers.answers import Answer
from app.papers.categories import CategoryExpression, parse_expression
from app.papers.models import Paper
from app.papers.store.listing import ListQuery
from app.papers.store.location import StoreLocation
from app.papers.store.positions import announced_position, listing_day, published_position
from app.papers.store.reading import Store
from app.papers.store.writing import open_for_writing
from tests.papers.samples import CATEGORIES, FIRST_DAY, paper, papers, stored


@pytest.fixture
def path(place: StoreLocation) -> StoreLocation:
    return place


def every_page(store: Store, query: ListQuery, limit: int = 25) -> Iterator[Paper]:
    cursor = None
    while True:
        page = store.page(query, cursor=cursor, limit=limit)
        assert len(page.papers) <= limit
        yield from page.papers
        cursor = page.next_cursor
        if cursor is None:
            return


expressions = st.builds(
    lambda include, exclude: CategoryExpression(tuple(sorted(include)), tuple(sorted(exclude))),
    st.sets(st.sampled_from([*CATEGORIES, "cs"]), max_size=3),
    st.sets(st.sampled_from([*CATEGORIES, "cs"]), max_size=2),
)
days = st.none() | st.integers(-1, 5).map(lambda count: FIRST_DAY + timedelta(days=count))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(papers(), expressions, days, days, st.sampled_from(["announced", "published"]), st.integers(1, 7))
def test_paging_gives_every_paper_of_a_list_once_and_in_order(
    new_place: Callable[[], StoreLocation],
    given_papers: list[Paper],
    expression: CategoryExpression,
    since: date | None,
    until: date | None,
    sort: str,
    limit: int,
) -> None:
    if since and until and until < since:
        return
    include, exclude = expression.members
    wanted = [
        one
        for one in given_papers
        if (not include or include & set(one.categories))
        and not exclude & set(one.categories)
        and (since is None or listing_day(one) >= since)
        and (until is None or listing_day(one) <= until)
    ]
    position = announced_position if sort == "announced" else published_position
    wanted.sort(key=position, reverse=True)
    query = ListQuery(expression, since, until, sort)  # type: ignore[arg-type]
    with stored(new_place(), given_papers) as store:
        assert list(every_page(store, query, limit)) == wanted
        assert store.count(query) == len(wanted)
        if sort == "announced":
            counted = store.days(query)
            assert sum(counted.values()) == len(wanted)
            assert list(counted) == sorted({listing_day(one) for one in wanted}, reverse=True)


def test_papers_imported_between_pages_neither_repeat_nor_hide_others(path: StoreLocation) -> None:
    before = [paper(number) for number in range(1, 60, 2)]
    with stored(path, before) as store:
        page = store.page(limit=10)
        seen = list(page.papers)
        number = 2
        while page.next_cursor:
            stored(path, [paper(number), paper(number + 500, announced=date(2026, 2, 1))]).close()
            number += 2
            page = store.page(cursor=page.next_cursor, limit=10)
            seen += page.papers
    assert len({one.id for one in seen}) == len(seen)
    assert {one.id for one in before} <= {one.id for one in seen}


def test_the_newest_day_comes_first_and_has_neighbours(path: StoreLocation) -> None:
    some = [paper(n, announced=date(2026, 1, day)) for n, day in enumerate([5, 7, 7, 12], start=1)]
    other = paper(9, announced=date(2026, 1, 9), categories=("cs.LG",))
    with stored(path, [*some, other]) as store:
        assert store.latest_day() == date(2026, 1, 12)
        assert store.latest_day(parse_expression("cs.LG")) == date(2026, 1, 9)
        assert store.latest_day(parse_expression("math.NA")) is None
        assert store.neighbour_days(date(2026, 1, 7)) == (date(2026, 1, 5), date(2026, 1, 9))
        assert store.neighbour_days(date(2026, 1, 7), parse_expression("cs.AI")) == (
            date(2026, 1, 5),
            date(2026, 1, 12),
        )
        assert store.neighbour_days(date(2026, 1, 1)) == (None, date(2026, 1, 5))
        assert store.neighbour_days(date.max) == (date(2026, 1, 12), None)
        assert store.neighbour_days(date.min) == (None, date(2026, 1, 5))
        assert store.days(ListQuery(parse_expression("cs.AI"))) == {
            date(2026, 1, 12): 1,
            date(2026, 1, 7): 2,
            date(2026, 1, 5): 1,
        }
        assert store.category_counts(date(2026, 1, 7)) == {"cs.AI": 2}
        assert store.category_counts() == {"cs.AI": 4, "cs.LG": 1}


def test_papers_come_in_the_order_asked_and_unknown_ones_are_left_out(path: StoreLocation) -> None:
    with stored(path, [paper(1), paper(2), paper(3)]) as store:
        found = store.papers(["2601.00003", "2601.00009", "2601.00001", "2601.00003"])
        assert [one.id for one in found] == ["2601.00003", "2601.00001"]
        assert store.paper("https://arxiv.org/abs/2601.00002v4") == paper(2)
        with pytest.raises(NotFound, match=r"2601\.00009 is not here"):
            store.paper("2601.00009")
        with pytest.raises(NotFound, match="not a paper's id"):
            store.paper("nonsense")


def test_answers_come_in_the_order_they_came(path: StoreLocation) -> None:
    answers = [Answer("2601.00001", version, "Why?", "m", "en", "Because.") for version in (2, 1, None)]
    with open_for_writing(path, "test") as writer:
        writer.add([], answers)
    with Store(path) as store:
        assert store.answers("2601.00001v2") == answers
        assert store.answers("2601.00002") == []
        assert list(store.all_answers()) == answers


@pytest.mark.parametrize("cursor", ["x", "", "é", "A" * 10_000, "AAAA=", "AAAAAAAAAAAAAAAAAAA"])
def test_a_cursor_made_up_is_refused(path: StoreLocation, cursor: str) -> None:
    with stored(path, [paper(1)]) as store:
        if cursor:
            with pytest.raises(InputError, match="cursor"):
                store.page(cursor=cursor)
        else:
            assert len(store.page(cursor=cursor).papers) == 1


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_cursor_that_was_changed_or_taken_elsewhere_is_refused(
    new_place: Callable[[], StoreLocation], data: st.DataObject
) -> None:
    with stored(new_place(), [paper(1), paper(2)]) as store:
        cursor = store.page(limit=1).next_cursor
        assert cursor is not None
        with pytest.raises(InputError, match="cursor"):
            store.page(ListQuery(parse_expression("cs.AI")), cursor=cursor)
        place = data.draw(st.integers(0, len(cursor) - 1))
        other = data.draw(
            st.sampled_from("ABCdef123-_=").filter(lambda character: character != cursor[place])
        )
        with pytest.raises(InputError, match="cursor"):
            store.page(cursor=cursor[:place] + other + cursor[place + 1 :])


def test_a_range_that_ends_before_it_starts_is_refused(path: StoreLocation) -> None:
    with stored(path, [paper(1)]) as store, pytest.raises(InputError, match="holds no day"):
        store.page(ListQuery(since=date(2026, 1, 2), until=date(2026, 1, 1)))


def test_reading_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store of papers"):
        Store(tmp_path / "folder" / "papers.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "papers.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match=r"papers\.sqlite is damaged or no store"):
        Store(path)
    with pytest.raises(StoreError, match="damaged or no store"), open_for_writing(path, "test"):
        pass


def test_many_threads_read_while_one_process_writes(path: StoreLocation) -> None:
    with stored(path, [paper(number) for number in range(1, 50)]) as store, ThreadPoolExecutor(8) as threads:
        counts = [threads.submit(lambda: len(list(every_page(store, ListQuery(), 7)))) for _ in range(30)]
        with open_for_writing(path, "test") as writer:
            for number in range(50, 80):
                writer.add([paper(number)])
        assert all(49 <= count.result() <= 79 for count in counts)
        assert len(list(every_page(store, ListQuery()))) == 79
