"""The queue of all processes: one request at a time, far enough apart, within the day's budget, whatever happens."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import FileError, SourceError
from app.papers.sources.client import PoliteClient
from app.papers.sources.queue import outcomes
from tests.papers.sources.arxiv_forms import Sample
from tests.papers.sources.arxiv_server import (
    Arxiv,
    Handler,
    Time,
    arxiv,
    ask,
    client_of,
    hang_up,
    rate_exceeded,
)


@pytest.fixture
def server() -> Iterator[Arxiv]:
    with arxiv(papers=[Sample("2401.00001")]) as running:
        yield running


@pytest.fixture
def watch() -> Time:
    return Time()


def test_requests_of_all_processes_are_three_seconds_apart(
    server: Arxiv, watch: Time, tmp_path: Path
) -> None:
    with client_of(server, tmp_path, watch) as one, client_of(server, tmp_path, watch) as other:
        for client in (one, other, one):
            assert ask(client) == ["2401.00001"]
        watch.now += 2
        ask(other)
        watch.now += 60
        ask(one)
    assert watch.slept == pytest.approx([3, 3, 1])
    # A connection is closed with its request: else each process would hold one of its own.
    assert len({request.port for request in server.requests}) == 5


def test_a_pause_that_a_server_asks_for_holds_for_all(server: Arxiv, watch: Time, tmp_path: Path) -> None:
    notices: list[str] = []
    server.faults.append(rate_exceeded(429, "600"))
    with client_of(server, tmp_path, watch, attempts=1) as one:
        with pytest.raises(SourceError, match="Rate exceeded"):
            ask(one)
        with client_of(server, tmp_path, watch, notice=notices.append) as other:
            ask(other)
    assert watch.slept == pytest.approx([600])
    assert notices == ["waiting 600 s, as arXiv asks"]


def test_a_pause_beyond_patience_is_reported_and_not_slept_through(
    server: Arxiv, watch: Time, tmp_path: Path
) -> None:
    server.faults.append(rate_exceeded(503, "7200"))
    with client_of(server, tmp_path, watch) as client:
        for _ in range(2):
            with pytest.raises(SourceError, match="until 2026-11-23 14:00:00 UTC"):
                ask(client)
    assert len(server.requests) == 1
    assert watch.slept == []


def test_the_budget_is_shared_by_all_and_starts_again_each_day(
    server: Arxiv, watch: Time, tmp_path: Path
) -> None:
    with (
        client_of(server, tmp_path, watch, daily_budget=3) as one,
        client_of(server, tmp_path, watch, daily_budget=3) as other,
    ):
        for client in (one, other, one):
            ask(client)
        for client in (one, other):
            with pytest.raises(SourceError, match="QUIRE_FETCH_DAILY_BUDGET"):
                ask(client)
        assert len(server.requests) == 3
        watch.now += 43_200
        ask(other)


def test_retries_count_against_the_budget(server: Arxiv, watch: Time, tmp_path: Path) -> None:
    server.faults.extend([hang_up] * 5)
    with (
        client_of(server, tmp_path, watch, daily_budget=2) as client,
        pytest.raises(SourceError, match="BUDGET"),
    ):
        ask(client)
    assert len(server.requests) == 2


def test_how_requests_ended_is_counted_for_all_and_for_good(
    server: Arxiv, watch: Time, tmp_path: Path
) -> None:
    server.faults.extend([hang_up, rate_exceeded(429, "60")])
    with client_of(server, tmp_path, watch) as one:
        ask(one)
    with client_of(server, tmp_path, watch) as other:
        ask(other)
        with pytest.raises(SourceError):
            other.get(f"{server.addresses.oai}/nothing", {}, bytes)
    assert outcomes(tmp_path) == {("api", "failed"): 2, ("api", "answered"): 2, ("oai", "refused"): 1}
    assert outcomes(tmp_path / "nobody asked") == {}


def test_a_clock_that_was_set_back_locks_nobody_out(server: Arxiv, watch: Time, tmp_path: Path) -> None:
    server.faults.append(rate_exceeded(429, "60"))
    with client_of(server, tmp_path, watch) as client:
        ask(client)
        watch.now -= 400 * 86_400
        watch.slept.clear()
        ask(client)
    assert sum(watch.slept) == pytest.approx(3)


def test_what_cannot_be_remembered_is_not_asked(server: Arxiv, watch: Time, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with client_of(server, tmp_path / "file", watch) as client, pytest.raises(FileError, match="file"):
        ask(client)
    (tmp_path / "queue.json").write_text("{")
    with (
        client_of(server, tmp_path, watch) as client,
        pytest.raises(FileError, match=r"queue\.json.*remove it"),
    ):
        ask(client)
    assert server.requests == []


ASKING = """
import sys
from pathlib import Path
from app.papers.sources.client import Addresses, PoliteClient
with PoliteClient(
    Path(sys.argv[1]), version="0", interval=0.25, addresses=Addresses(api=sys.argv[2]), timeout=60
) as client:
    for _ in range(int(sys.argv[3])):
        client.get(client.addresses.api, {"id_list": "2401.00001"}, len)
"""


def asking(server: Arxiv, folder: Path, times: int) -> "subprocess.Popen[bytes]":
    arguments = [str(folder), server.addresses.api, str(times)]
    return subprocess.Popen(
        [sys.executable, "-c", ASKING, *arguments], cwd=Path(__file__).resolve().parents[3]
    )


def test_several_processes_stand_in_one_queue(server: Arxiv, tmp_path: Path) -> None:
    processes = [asking(server, tmp_path, 3) for _ in range(3)]
    assert [process.wait(300) for process in processes] == [0, 0, 0]
    instants = sorted(request.instant for request in server.requests)
    assert len(instants) == 9
    # The instants are those of arrival, some time after the ones that the queue keeps apart: their sum holds.
    assert instants[-1] - instants[0] > 4 * 0.25
    assert server.most_at_once == 1
    assert json.loads((tmp_path / "queue.json").read_text())["count"] == 9


def test_after_kill_9_the_queue_goes_on(server: Arxiv, tmp_path: Path) -> None:
    arrived, over = threading.Event(), threading.Event()

    def hold(handler: Handler) -> None:
        arrived.set()
        over.wait(300)
        handler.close_connection = True

    server.faults.append(hold)
    process = asking(server, tmp_path, 1)
    assert arrived.wait(300)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(300)
    with PoliteClient(tmp_path, version="0", interval=0.25, addresses=server.addresses, patience=5) as client:
        assert ask(client) == ["2401.00001"]
    over.set()
    assert json.loads((tmp_path / "queue.json").read_text())["count"] == 2


def test_another_process_that_never_ends_is_reported(server: Arxiv, watch: Time, tmp_path: Path) -> None:
    over = threading.Event()

    def hold(handler: Handler) -> None:
        over.wait(300)
        handler.close_connection = True

    server.faults.append(hold)
    process = asking(server, tmp_path, 1)
    try:
        while not server.requests:
            time.sleep(0.02)
        with (
            client_of(server, tmp_path, watch, patience=0.2) as client,
            pytest.raises(SourceError, match="another process"),
        ):
            ask(client)
    finally:
        over.set()
        process.kill()
        process.wait(300)
