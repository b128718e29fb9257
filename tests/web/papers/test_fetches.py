"""Papers are fetched where a page asks for it: shown as it goes on, stopped at a word, refused truthfully."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.papers.sources.arxiv_forms import Sample
from tests.papers.sources.arxiv_server import Arxiv, Handler, arxiv
from tests.server import quire, serving

TODAY = datetime.now(UTC).date()
CALL = "/api/v1/fetches"


@pytest.fixture
def source() -> Iterator[Arxiv]:
    papers = [Sample(f"2611.{n:05}", categories=("cs.CL",), datestamp=TODAY) for n in range(1, 41)]
    with arxiv(papers=papers, announced=TODAY) as source:
        yield source


def until(asked: Callable[[], dict[str, Any]], over: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What is told once it is over; a minute is far more than it takes."""
    deadline = time.monotonic() + 300
    while not over(told := asked()):
        assert time.monotonic() < deadline, told
        time.sleep(0.05)
    return told


def outcome(client: httpx.Client, state: dict[str, Any]) -> dict[str, Any]:
    return until(lambda: client.get(f"{CALL}/{state['id']}").json(), lambda now: now["state"] != "running")


@pytest.mark.parametrize("workers", ["1", "3"])
def test_the_newest_day_comes_and_every_worker_shows_it(source: Arxiv, tmp_path: Path, workers: str) -> None:
    with serving(tmp_path, "--workers", workers, settings=source.settings()) as address:
        assert httpx.get(f"{address}{CALL}").json() == {"items": [], "next_cursor": None, "total": 0}
        with httpx.Client(base_url=address) as client:
            begun = client.post(CALL, json={"categories": ["cs.CL"]})
            assert begun.status_code == 202
            assert begun.headers["location"] == f"{CALL}/{begun.json()['id']}"
            told = outcome(client, begun.json())
            assert (told["state"], told["papers"], told["new"]) == ("done", 40, 40), told
        for _ in range(6):  # each by a connection of its own, and so by any of the workers
            assert httpx.get(f"{address}/api/v1/papers?categories=cs.CL").json()["total"] == 40
            assert httpx.get(f"{address}{CALL}").json()["items"][0]["state"] == "done"
    assert [request.path for request in source.requests] == ["/atom/cs.CL"]


def test_where_the_feed_is_empty_the_last_days_come(source: Arxiv, tmp_path: Path) -> None:
    source.announced, source.page_size = TODAY + timedelta(days=1), 100
    with serving(tmp_path, settings=source.settings()) as address, httpx.Client(base_url=address) as client:
        told = outcome(client, client.post(CALL, json={"categories": ["cs.CL"]}).json())
        assert (told["state"], told["new"]) == ("done", 40), told


def test_it_stops_at_a_word_and_another_may_begin(source: Arxiv, tmp_path: Path) -> None:
    asked, over = threading.Event(), threading.Event()

    def never_answers(handler: Handler) -> None:
        asked.set()
        over.wait(300)
        handler.close_connection = True

    source.faults.append(never_answers)
    with serving(tmp_path, settings=source.settings()) as address, httpx.Client(base_url=address) as client:
        state = client.post(CALL, json={"categories": ["cs.CL"]}).json()
        assert asked.wait(300)
        assert client.post(CALL, json={"categories": ["cs.CL"]}).json()["id"] == state["id"], "it is joined"
        other = client.post(CALL, json={"categories": ["cs.LG"]})
        assert other.status_code == 503
        assert "cs.CL is being fetched" in other.json()["detail"]
        assert client.delete(f"{CALL}/{state['id']}").status_code == 204
        assert outcome(client, state)["state"] == "cancelled"
        over.set()
        again = client.post(CALL, json={"categories": ["cs.CL"]}).json()
        assert outcome(client, again)["state"] == "done"


def test_single_papers_come_by_their_ids(source: Arxiv, tmp_path: Path) -> None:
    with serving(tmp_path, settings=source.settings()) as address, httpx.Client(base_url=address) as client:
        told = outcome(client, client.post(CALL, json={"ids": ["arXiv:2611.00003v1"]}).json())
        assert (told["state"], told["ids"]) == ("done", ["2611.00003"])
        assert client.get("/arxiv/2611.00003").status_code == 200
        told = outcome(client, client.post(CALL, json={"ids": ["2611.00999"]}).json())
        assert (told["state"], told["said"]) == ("failed", "arXiv has no paper 2611.00999")


def test_what_cannot_be_reached_is_said_at_once(tmp_path: Path) -> None:
    with arxiv() as gone:
        there = gone.settings()
    with serving(tmp_path, settings=there) as address, httpx.Client(base_url=address) as client:
        begun = time.monotonic()
        told = outcome(client, client.post(CALL, json={"categories": ["cs.CL"]}).json())
        assert told["state"] == "failed"
        assert "can't be reached" in told["said"]
        assert "arXiv asks" not in told["said"]
        assert time.monotonic() - begun < 20, "nothing is waited for"


def test_offline_is_said_before_anything_is_tried(source: Arxiv, tmp_path: Path) -> None:
    with serving(tmp_path, settings=source.settings(OFFLINE="true")) as address:
        refused = httpx.post(f"{address}{CALL}", json={"categories": ["cs.CL"]})
        assert refused.status_code == 503
        assert "QUIRE_OFFLINE" in refused.json()["detail"]
        assert httpx.get(f"{address}{CALL}").json()["total"] == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-for": "203.0.113.9"},
        {"host": "papers.example"},
        {"origin": "https://elsewhere.example"},
        {"authorization": "Bearer quire_none"},
    ],
)
def test_who_speaks_for_somebody_else_needs_a_key(
    source: Arxiv, tmp_path: Path, headers: dict[str, str]
) -> None:
    elsewhere = headers if "authorization" not in headers else headers | {"x-forwarded-for": "203.0.113.9"}
    key = quire("keys", "new", "me", "--scope", "admin", data_dir=tmp_path).stdout.decode().split()[-1]
    other = quire("keys", "new", "other", "--scope", "read", data_dir=tmp_path).stdout.decode().split()[-1]
    with serving(tmp_path, settings=source.settings()) as address, httpx.Client(base_url=address) as client:

        def asked(**more: str) -> httpx.Response:
            return client.post(CALL, json={"categories": ["cs.CL"]}, headers={**elsewhere, **more})

        assert asked().status_code == 401
        assert asked(authorization=f"Bearer {other}").status_code == 403
        assert source.requests == []
        allowed = asked(authorization=f"Bearer {key}")
        assert allowed.status_code == 202
        outcome(client, allowed.json())


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"categories": ["cs.XX"]}, 422),
        ({"categories": ["quire"]}, 422),
        ({"categories": ["cs.CL"], "ids": ["2611.00001"]}, 422),
        ({"ids": ["nonsense"]}, 404),
        ({"category": "cs.CL"}, 422),
    ],
)
def test_what_cannot_be_fetched_is_refused(client: Any, body: dict[str, Any], status: int) -> None:
    assert client.post(CALL, json=body).status_code == status


def test_a_fetch_ends_with_the_server(source: Arxiv, tmp_path: Path) -> None:
    asked, over = threading.Event(), threading.Event()

    def never_answers(handler: Handler) -> None:
        asked.set()
        over.wait(300)
        handler.close_connection = True

    source.faults.append(never_answers)
    with serving(tmp_path, settings=source.settings()) as address:
        httpx.post(f"{address}{CALL}", json={"categories": ["cs.CL"]})
        assert asked.wait(300)
    over.set()
    with (
        serving(tmp_path, settings=source.settings()) as address,
        closing(httpx.Client(base_url=address)) as client,
    ):
        told = until(lambda: client.get(CALL).json()["items"][0], lambda now: now["state"] != "running")
        assert told["state"] == "failed"
        assert "stopped" in told["said"] or "interrupted" in told["said"]
