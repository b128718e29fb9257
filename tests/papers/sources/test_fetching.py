"""Fetching end to end against a loopback arXiv: complete, idempotent, and resumed wherever it was cut off."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.errors import InputError, NotFound, SourceError, StoreError
from app.papers.models import Paper
from app.papers.sources.client import PoliteClient
from app.papers.sources.fetching import FetchedBatch, fetch, fetch_daily, fetch_papers, oai_set
from app.papers.taxonomy import CATEGORIES
from tests.papers.sources.arxiv_forms import (
    Sample,
    feed_document,
    feed_entry,
    oai_deleted,
    oai_error,
    oai_list,
    oai_record,
)
from tests.papers.sources.arxiv_server import (
    Arxiv,
    Time,
    answers,
    arxiv,
    client_of,
    cut_off,
    hang_up,
    rate_exceeded,
)

TODAY = date(2026, 11, 23)


class Kept:
    """What a store keeps: the papers of batches and their places, both or neither."""

    def __init__(self) -> None:
        self.papers: dict[str, Paper] = {}
        self.places: dict[str, str] = {}
        self.batches: list[FetchedBatch] = []

    def take(self, batches: Iterator[FetchedBatch], most: int | None = None) -> "Kept":
        """Stores `most` batches, and then the process is killed."""
        for batch in batches:
            self.batches.append(batch)
            self.papers |= {paper.id: paper for paper in batch.papers}
            self.places |= batch.places
            if most is not None and len(self.batches) >= most:
                break
        return self


@pytest.fixture
def server() -> Iterator[Arxiv]:
    with arxiv() as running:
        yield running


@pytest.fixture
def client(server: Arxiv, tmp_path: Path) -> Iterator[PoliteClient]:
    with client_of(server, tmp_path, Time(), daily_budget=10**6) as made:
        yield made


def samples(days: dict[int, int], category: str = "cs.AI") -> list[Sample]:
    """So many papers for each day of November."""
    numbers = iter(range(1, 100_000))
    return [
        Sample(
            f"2611.{next(numbers):05}",
            categories=(category,),
            sent=(datetime(2026, 11, day, 6, tzinfo=UTC),),
            datestamp=date(2026, 11, day),
        )
        for day, count in days.items()
        for _ in range(count)
    ]


def test_a_range_comes_whole_in_batches_of_pages(server: Arxiv, client: PoliteClient) -> None:
    server.papers = samples({10: 4, 11: 8, 12: 1}) + samples({12: 3}, "math.AG")
    kept = Kept().take(fetch(["cs.AI"], client, since=date(2026, 11, 11)))
    assert len(kept.papers) == 9
    assert [len(batch.papers) for batch in kept.batches] == [3, 3, 3]
    assert {paper.announced for paper in kept.papers.values()} == {date(2026, 11, 11), date(2026, 11, 12)}
    assert server.requests[0].query == {
        "verb": "ListRecords",
        "metadataPrefix": "arXivRaw",
        "from": "2026-11-11",
        "set": "cs:cs:AI",
    }
    assert set(server.requests[1].query) == {"verb", "resumptionToken"}


@settings(max_examples=20)
@given(
    st.dictionaries(st.integers(16, 23), st.integers(1, 9), min_size=1),
    st.integers(1, 4),
    st.integers(1, 6),
    st.booleans(),
)
def test_nothing_is_lost_however_often_it_is_killed(
    days: dict[int, int], page_size: int, life: int, forgetful: bool
) -> None:
    # Where no token outlives the process, it has to live for longer than the pages of a day.
    assume(not forgetful or page_size * (life - 1) > max(days.values()))
    kept = Kept()
    with (
        TemporaryDirectory() as folder,
        arxiv(papers=samples(days), page_size=page_size) as server,
        client_of(server, Path(folder), Time()) as client,
    ):
        while "done" not in kept.places.get("oai cs.AI", ""):
            before = len(kept.batches)
            kept.take(fetch(["cs.AI"], client, since=date(2026, 11, 16), places=kept.places), before + life)
            assert len(kept.batches) < 200
            if forgetful and "token" in (place := json.loads(kept.places["oai cs.AI"])):
                server.forgotten = {place["token"]}
        assert set(kept.papers) == {sample.id for sample in server.papers}


def test_each_answer_is_asked_for_once_when_nothing_goes_wrong(server: Arxiv, client: PoliteClient) -> None:
    server.papers = samples({16: 5, 17: 5})
    kept = Kept()
    for life in range(1, 5):
        kept.take(fetch(["cs.AI"], client, since=date(2026, 11, 16), places=kept.places), life)
    assert len(server.requests) == 4
    assert len(kept.papers) == 10


def test_the_next_fetch_begins_where_the_last_list_was_made(server: Arxiv, client: PoliteClient) -> None:
    server.papers = samples({20: 2})
    kept = Kept().take(fetch(["cs.AI"], client))
    assert server.requests[-1].query["from"] == (TODAY - timedelta(days=7)).isoformat()
    kept.take(fetch(["cs.AI"], client, places=kept.places))
    assert server.requests[-1].query["from"] == "2026-11-23"
    assert kept.batches[-1].papers == ()
    kept.take(fetch(["cs.AI"], client, since=date(2026, 11, 1), places=kept.places))
    assert server.requests[-1].query["from"] == "2026-11-01"


def test_an_expired_token_is_begun_again_from_the_last_day(server: Arxiv, client: PoliteClient) -> None:
    server.papers = samples({16: 2, 17: 3, 18: 3})
    kept = Kept().take(fetch(["cs.AI"], client, since=date(2026, 11, 16)), 1)
    server.faults.append(answers(200, oai_error("badResumptionToken", "expired")))
    kept.take(fetch(["cs.AI"], client, since=date(2026, 11, 16), places=kept.places))
    assert [request.query.get("from") for request in server.requests[:3]] == [
        "2026-11-16",
        None,
        "2026-11-17",
    ]
    assert len(kept.papers) == 8


def test_tokens_that_never_hold_end_in_an_error_and_not_in_a_circle(
    server: Arxiv, client: PoliteClient
) -> None:
    server.papers = samples({16: 9})

    def forgets() -> Iterator[FetchedBatch]:
        for batch in fetch(["cs.AI"], client, since=date(2026, 11, 16)):
            server.faults.append(answers(200, oai_error("badResumptionToken", "expired")))
            yield batch

    with pytest.raises(SourceError, match="forgets"):
        Kept().take(forgets())
    assert len(server.requests) < 12


def test_faults_on_the_way_cost_nothing(server: Arxiv, client: PoliteClient) -> None:
    server.papers = samples({16: 5, 17: 5})
    page = oai_list("".join(map(oai_record, server.papers[:3])))
    server.faults.extend([rate_exceeded(), hang_up, cut_off(page, len(page) // 2, told=False)])
    kept = Kept().take(fetch(["cs.AI"], client, since=date(2026, 11, 16)))
    assert len(kept.papers) == 10


def test_bad_and_deleted_records_are_handed_over_as_such(server: Arxiv, client: PoliteClient) -> None:
    bad = oai_record(Sample("2611.00001")).replace("<title>", "<titel>").replace("</title>", "</titel>")
    records = oai_deleted("2611.00002", "2026-11-20") + bad + oai_record(Sample("2611.00003"))
    server.faults.append(answers(200, oai_list(records)))
    (batch,) = fetch(["cs.AI"], client)
    assert [paper.id for paper in batch.papers] == ["2611.00003"]
    assert [deleted.id for deleted in batch.deleted] == ["2611.00002"]
    assert ["no title" in str(problem) for problem in batch.problems] == [True]


def test_each_category_has_a_place_of_its_own(server: Arxiv, client: PoliteClient) -> None:
    server.papers = [*samples({20: 4}), Sample("2611.90000", categories=("hep-th", "math-ph"))]
    kept = Kept().take(fetch(["cs.ai", "hep-th", "math.MP", "cs.AI"], client))
    assert set(kept.places) == {"oai cs.AI", "oai hep-th", "oai math-ph"}
    assert [r.query["set"] for r in server.requests if "set" in r.query] == [
        "cs:cs:AI",
        "physics:hep-th",
        "physics:math-ph",
    ]
    assert len(kept.papers) == 5


def test_every_category_but_our_own_has_a_set() -> None:
    known = {oai_set(code) for code in CATEGORIES if code != "quire"}
    assert {
        "cs:cs",
        "physics:cond-mat:soft",
        "physics:physics:optics",
        "q-bio:q-bio:NC",
        "stat:stat:ML",
    } <= known
    assert all(name.count(":") in (1, 2) for name in known)


@pytest.mark.parametrize("categories", [[], ["quire"], ["cs.XX"], ["cs.AI", "cs.AI+cs.LG"]])
def test_what_is_no_category_of_arxiv_is_refused_before_anything_is_asked(
    server: Arxiv, client: PoliteClient, categories: list[str]
) -> None:
    for call in (fetch, fetch_daily):
        with pytest.raises(InputError):
            list(call(categories, client))
    assert server.requests == []


def test_days_to_come_are_refused_and_days_before_the_first_are_not(
    server: Arxiv, client: PoliteClient
) -> None:
    with pytest.raises(InputError, match="2026-11-24"):
        list(fetch(["cs.AI"], client, since=date(2026, 11, 24)))
    list(fetch(["cs.AI"], client, since=date(1991, 8, 14)))
    assert server.requests[-1].query["from"] == "2005-09-16"


@pytest.mark.parametrize(
    "place", ["", "{}", "[]", '{"since": 3}', '{"since": "2026-11-01", "start": "x"}', '{"x": "2026-11-01"}']
)
def test_a_damaged_resume_point_is_refused(server: Arxiv, client: PoliteClient, place: str) -> None:
    with pytest.raises(StoreError, match=r"oai cs\.AI"):
        list(fetch(["cs.AI"], client, places={"oai cs.AI": place}))


def test_the_days_announcements_come_in_one_request(server: Arxiv, client: PoliteClient) -> None:
    server.papers = [
        *samples({22: 1, 23: 4}),
        Sample("2403.00001", categories=("math.AG", "cs.LG"), datestamp=TODAY, kind="cross"),
    ]
    kept = Kept().take(fetch_daily(["cs.AI", "cs.LG"], client))
    assert [request.path for request in server.requests] == ["/atom/cs.AI+cs.LG"]
    assert len(kept.papers) == 5
    assert {paper.announced for paper in kept.papers.values()} == {TODAY}
    assert kept.places == {"feed cs.AI": "2026-11-23", "feed cs.LG": "2026-11-23"}


def test_a_category_whose_feed_is_a_day_old_loses_nothing(server: Arxiv, client: PoliteClient) -> None:
    """One answer for two categories shows Monday for cs.AI and still Friday for cs.LG."""
    friday, tuesday = date(2026, 11, 20), date(2026, 11, 24)

    def sample(number: int, day: date, *codes: str) -> Sample:
        return Sample(f"2611.{number:05}", categories=codes, datestamp=day)

    stale, both = sample(1, friday, "cs.LG"), sample(2, TODAY, "cs.AI", "cs.LG")
    monday, late = sample(3, TODAY, "cs.AI"), sample(4, TODAY, "cs.LG")
    entries = feed_entry(stale, friday) + feed_entry(both, TODAY) + feed_entry(monday, TODAY)
    server.faults.append(answers(200, feed_document(entries)))
    places = {"feed cs.AI": "2026-11-20", "feed cs.LG": "2026-11-20"}
    kept = Kept().take(fetch_daily(["cs.AI", "cs.LG"], client, places=places))
    assert kept.places == {"feed cs.AI": "2026-11-23", "feed cs.LG": "2026-11-20"}

    server.papers = [stale, both, monday, late, sample(5, tuesday, "cs.LG"), sample(6, tuesday, "cs.AI")]
    server.announced, server.page_size = tuesday, 100
    kept.take(fetch_daily(["cs.AI", "cs.LG"], client, places=dict(kept.places)))
    assert late.id in kept.papers
    assert kept.places["feed cs.LG"] == "2026-11-24"


def test_a_weekend_changes_nothing(server: Arxiv, client: PoliteClient) -> None:
    kept = Kept().take(fetch_daily(["cs.AI"], client, places={"feed cs.AI": "2026-11-20"}))
    assert (kept.papers, kept.places) == ({}, {})


@pytest.mark.parametrize(
    ("last", "asked"), [("2026-11-20", 1), ("2026-11-23", 1), ("2026-11-19", 2), ("2026-10-01", 2)]
)
def test_days_that_were_missed_are_filled_in(
    server: Arxiv, client: PoliteClient, last: str, asked: int
) -> None:
    server.papers = samples({20: 2, 23: 1})
    server.page_size = 100
    kept = Kept().take(fetch_daily(["cs.AI"], client, places={"feed cs.AI": last}))
    assert len(server.requests) == asked
    assert len(kept.papers) == (3 if asked == 2 else 1)
    assert kept.places["feed cs.AI"] == "2026-11-23"


def test_a_gap_is_filled_even_if_filling_it_was_cut_off(server: Arxiv, client: PoliteClient) -> None:
    server.papers = samples({19: 5, 20: 5, 23: 1})
    kept = Kept()
    kept.places["feed cs.AI"] = "2026-11-18"
    kept.take(fetch_daily(["cs.AI"], client, places=dict(kept.places)), 2)
    kept.take(fetch_daily(["cs.AI"], client, places=dict(kept.places)))
    assert len(kept.papers) == 11
    assert sum("from" in request.query for request in server.requests) == 1


def test_a_full_feed_is_asked_for_in_parts_and_then_completed(
    server: Arxiv, client: PoliteClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.papers.sources.fetching._MOST_IN_FEED", 6)
    server.feed_limit, server.page_size = 6, 100
    server.papers = [*samples({23: 9}), Sample("2611.90000", categories=("cs.LG",), datestamp=TODAY)]
    kept = Kept().take(fetch_daily(["cs.AI", "cs.LG"], client))
    assert [r.path for r in server.requests] == ["/atom/cs.AI+cs.LG", "/atom/cs.AI", "/atom/cs.LG", "/oai"]
    assert len(kept.papers) == 10


def test_papers_are_fetched_by_id_many_at_a_time(server: Arxiv, client: PoliteClient) -> None:
    server.papers = [Sample(f"2611.{n:05}") for n in range(1, 151)] + [Sample("math/0309136")]
    ids = [sample.id for sample in server.papers]
    kept = Kept().take(fetch_papers([*ids, "https://arxiv.org/abs/math.GT/0309136", "2611.09999v3"], client))
    assert set(kept.papers) == set(ids)
    assert len(server.requests) == 2
    assert [str(p) for batch in kept.batches for p in batch.problems] == [
        f"{client.addresses.api}:1: arXiv has no paper 2611.09999v3"
    ]
    with pytest.raises(NotFound):
        list(fetch_papers(["nonsense"], client))


def test_the_feed_form_of_the_server_is_the_one_that_is_read() -> None:
    assert "<arxiv:announce_type>new</arxiv:announce_type>" in feed_entry(Sample("2611.00001"), TODAY)
