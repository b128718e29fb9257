"""`quire papers fetch` brings papers in over a real socket, politely, and goes on wherever it was cut off."""

import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from app.papers.maintenance import check
from app.papers.search.searching import Search, SearchIndex
from app.papers.store.reading import Store
from tests.papers.sources.arxiv_forms import Sample
from tests.papers.sources.arxiv_server import Arxiv, Handler, arxiv, hang_up
from tests.server import QUIRE, ROOT, environment

TODAY = datetime.now(UTC).date()


@pytest.fixture
def server() -> Iterator[Arxiv]:
    sent = datetime.combine(TODAY - timedelta(days=4), datetime.min.time(), UTC)
    papers = [
        Sample(f"2611.{n:05}", title=f"Zeros {n}", sent=(sent,), datestamp=TODAY - timedelta(days=3 - n // 4))
        for n in range(1, 6)
    ]
    with arxiv(papers=papers, announced=TODAY) as server:
        yield server


def start(server: Arxiv, data: Path, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    addresses = server.addresses
    given = {
        "ARXIV_API": addresses.api,
        "ARXIV_OAI": addresses.oai,
        "ARXIV_FEEDS": addresses.feeds,
        **settings,
    }
    return subprocess.Popen(
        [*QUIRE, "papers", "fetch", *arguments],
        env=environment(data, **given),
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def fetch(server: Arxiv, data: Path, *arguments: str, **settings: str) -> tuple[int, str, str]:
    process = start(server, data, *arguments, **settings)
    said, complained = process.communicate(timeout=300)
    return process.returncode, said, complained


def test_papers_are_stored_and_found_and_a_fault_on_the_way_costs_nothing(
    server: Arxiv, tmp_path: Path
) -> None:
    server.faults.append(hang_up)
    since = str(TODAY - timedelta(days=7))
    code, said, complained = fetch(server, tmp_path, "cs.AI", "--since", since, CONTACT="me@example.org")
    assert code == 0, complained
    assert said == "5 new, 0 updated, 0 known already, 0 skipped\n"
    assert "trying again" in complained
    assert "mailto:me@example.org" in server.requests[0].headers["User-Agent"]
    instants = [request.instant for request in server.requests]
    assert min(b - a for a, b in pairwise(instants)) >= 3.0
    with Store(tmp_path / "papers.sqlite") as store:
        assert len(store) == 5
    assert SearchIndex(tmp_path / "index").search(Search("zeros")).total == 5
    assert check(tmp_path / "papers.sqlite", tmp_path / "index") == []


def test_a_killed_fetch_goes_on_where_it_was(server: Arxiv, tmp_path: Path) -> None:
    asked, over = threading.Event(), threading.Event()

    def never_answers(handler: Handler) -> None:
        asked.set()
        over.wait(300)
        handler.close_connection = True

    process = start(server, tmp_path, "cs.AI")
    deadline = time.monotonic() + 300
    while not server.requests and time.monotonic() < deadline:
        time.sleep(0.02)
    server.faults.append(never_answers)
    assert asked.wait(300)
    process.kill()
    process.communicate()
    over.set()
    with Store(tmp_path / "papers.sqlite") as store:
        assert len(store) == server.page_size
    code, said, complained = fetch(server, tmp_path, "cs.AI")
    assert code == 0, complained
    assert said == "2 new, 0 updated, 0 known already, 0 skipped\n"
    assert "resumptionToken" in server.requests[2].query
    assert check(tmp_path / "papers.sqlite", tmp_path / "index") == []


def test_the_day_is_fetched_once_and_again_changes_nothing(server: Arxiv, tmp_path: Path) -> None:
    server.papers = [Sample("2611.00001", datestamp=TODAY)]
    assert fetch(server, tmp_path, "cs.AI", "cs.LG", "--daily")[1].startswith("1 new, 0 updated")
    assert fetch(server, tmp_path, "cs.AI", "cs.LG", "--daily")[1].startswith("0 new, 0 updated, 1 known")
    assert {request.path for request in server.requests} == {"/atom/cs.AI+cs.LG"}


def test_single_papers_are_fetched_by_id(server: Arxiv, tmp_path: Path) -> None:
    code, said, complained = fetch(server, tmp_path, "--id", "2611.00002", "--id", "2611.00099")
    assert code == 0, complained
    assert said == "1 new, 0 updated, 0 known already, 1 skipped\n"
    assert "arXiv has no paper 2611.00099" in complained
    assert {request.path for request in server.requests} == {"/api/query"}


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (["cs.XX"], {}, "not a category of arXiv"),
        (["cs.AI", "--since", "yesterday"], {}, "2026-11-23"),
        (["cs.AI", "--since", "2999-01-01"], {}, "a day up to today"),
        (["cs.AI", "--since", "2026-11-01", "--daily"], {}, "leave out"),
        (["cs.AI", "--id", "2611.00001"], {}, "leave out"),
        (["--id", "nonsense"], {}, "not a paper's id"),
        ([], {}, "no category is named"),
        (["cs.AI"], {"OFFLINE": "true"}, "QUIRE_OFFLINE"),
        (["cs.AI"], {"CONTACT": "two words"}, "QUIRE_CONTACT"),
    ],
)
def test_what_can_not_be_fetched_is_said_in_a_line_and_asked_of_nobody(
    server: Arxiv, tmp_path: Path, arguments: list[str], settings: dict[str, str], said: str
) -> None:
    code, _, complained = fetch(server, tmp_path, *arguments, **settings)
    assert code == 1
    assert said in complained
    assert "Traceback" not in complained
    assert server.requests == []
