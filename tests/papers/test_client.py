"""Politeness over real sockets: one request at a time, far enough apart, and never when told not to."""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import FileError, InputError, SourceError
from app.papers.sources.atom import read_answer
from app.papers.sources.client import Addresses, PoliteClient, user_agent
from tests.papers.arxiv_forms import Sample, atom_entry, atom_error, atom_feed
from tests.papers.arxiv_server import Arxiv, Fault, Handler, answers, arxiv, cut_off, hang_up, rate_exceeded

START = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC).timestamp()
FEED = atom_feed(atom_entry(Sample("2401.00001")), 1)


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = START
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def server() -> Iterator[Arxiv]:
    with arxiv(papers=[Sample("2401.00001")]) as running:
        yield running


@pytest.fixture
def watch() -> Time:
    return Time()


def client_of(server: Arxiv, folder: Path, watch: Time, **options: Any) -> PoliteClient:
    settings: dict[str, Any] = {
        "version": "0.1.0",
        "addresses": server.addresses,
        "jitter": lambda: 0.5,
    } | options
    return PoliteClient(folder, clock=watch.clock, sleep=watch.sleep, **settings)


def ask(client: PoliteClient) -> list[str]:
    parameters = {"id_list": "2401.00001"}
    answer = client.get(client.addresses.api, parameters, lambda body: read_answer(body, "api"))
    return [paper.id for paper in answer.papers]


def test_requests_are_three_seconds_apart_whoever_asks(server: Arxiv, watch: Time, tmp_path: Path) -> None:
    with client_of(server, tmp_path, watch) as one, client_of(server, tmp_path, watch) as other:
        for client in (one, other, one):
            assert ask(client) == ["2401.00001"]
        watch.now += 2
        ask(other)
        watch.now += 60
        ask(one)
    assert watch.slept == pytest.approx([3, 3, 1])


def test_we_say_who_we_are(server: Arxiv, watch: Time, tmp_path: Path) -> None:
    with client_of(server, tmp_path, watch, contact="me@example.org") as client:
        ask(client)
    (request,) = server.requests
    assert request.headers["User-Agent"] == "quire/0.1.0 (mailto:me@example.org)"
    assert request.headers["Connection"] == "keep-alive"
    assert user_agent("0.1.0", "https://example.org/q") == "quire/0.1.0 (+https://example.org/q)"
    assert user_agent("0.1.0", "") == "quire/0.1.0"


@given(st.text())
def test_a_contact_is_fit_for_a_header_or_refused(contact: str) -> None:
    if not contact.isascii() or set(contact) & set(" ()\0\r\n"):
        with pytest.raises(InputError, match="QUIRE_CONTACT"):
            user_agent("0.1.0", contact)
    elif len(contact) not in (1, 2) and contact.isprintable():
        name = user_agent("0.1.0", contact)
        assert re.fullmatch(r"quire/0\.1\.0( \([!-'*-~]+\))?", name)


@pytest.mark.parametrize("status", [200, 429, 503])
@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [
        ("17", 17),
        (format_datetime(datetime.fromtimestamp(START + 40, UTC), usegmt=True), 40),
        (format_datetime(datetime.fromtimestamp(START - 40, UTC), usegmt=True), 3),
        ("soon", 5),
        (None, 5),
    ],
)
def test_being_throttled_is_understood_and_waited_for(
    server: Arxiv, watch: Time, tmp_path: Path, status: int, retry_after: str | None, wait: float
) -> None:
    server.faults.append(rate_exceeded(status, retry_after))
    with client_of(server, tmp_path, watch) as client:
        assert ask(client) == ["2401.00001"]
    assert sum(watch.slept) == pytest.approx(wait)
    assert len(server.requests) == 2


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


def test_a_pause_beyond_patience_is_told_and_not_slept_through(
    server: Arxiv, watch: Time, tmp_path: Path
) -> None:
    server.faults.append(rate_exceeded(503, "7200"))
    with client_of(server, tmp_path, watch) as client:
        for _ in range(2):
            with pytest.raises(SourceError, match="until 2026-11-23 14:00:00 UTC"):
                ask(client)
    assert len(server.requests) == 1
    assert watch.slept == []


def test_waits_double_and_attempts_end(server: Arxiv, watch: Time, tmp_path: Path) -> None:
    server.faults.extend([answers(500, b"oops")] * 9)
    with (
        client_of(server, tmp_path, watch) as client,
        pytest.raises(SourceError, match="failed 5 times: HTTP status 500: oops"),
    ):
        ask(client)
    assert watch.slept == pytest.approx([5, 10, 20, 40])
    assert len(server.requests) == 5


@pytest.mark.parametrize(("drawn", "wait"), [(0.0, 3), (0.999, 7.495)])
def test_waits_are_spread(server: Arxiv, watch: Time, tmp_path: Path, drawn: float, wait: float) -> None:
    server.faults.append(answers(502, b""))
    with client_of(server, tmp_path, watch, jitter=lambda: drawn) as client:
        ask(client)
    assert sum(watch.slept) == pytest.approx(wait)


def slow(handler: Handler) -> None:
    time.sleep(0.6)


CUTS: dict[str, Fault] = {
    "without a word": hang_up,
    "within the answer": cut_off(FEED, 300),
    "within an answer of unknown length": cut_off(FEED, 300, told=False),
    "before the answer began": cut_off(FEED, 0, told=False),
    "too slow": slow,
    "compression that is none": answers(200, FEED, Content_Encoding="gzip"),
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
def test_cut_connections_are_tried_again_but_not_for_ever(
    server: Arxiv, watch: Time, tmp_path: Path, cut: Fault
) -> None:
    if cut is CUTS["compression that is none"]:

        def cut(handler: Handler) -> None:
            del handler.headers["Accept-Encoding"]
            handler.send(200, FEED, Content_Encoding="gzip")

    server.faults.append(cut)
    with client_of(server, tmp_path, watch, attempts=2, timeout=0.3) as client:
        assert ask(client) == ["2401.00001"]
        server.faults.extend([cut, cut])
        with pytest.raises(SourceError, match="failed 2 times"):
            ask(client)
    assert len(server.requests) == 4


def test_an_answer_that_drips_is_given_up_at_the_deadline(server: Arxiv, watch: Time, tmp_path: Path) -> None:
    def drip(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        for _ in range(50):
            watch.now += 20
            handler.wfile.write(b"<")
            handler.wfile.flush()
            time.sleep(0.01)
        handler.close_connection = True

    server.faults.append(drip)
    with (
        client_of(server, tmp_path, watch, attempts=1, deadline=200) as client,
        pytest.raises(SourceError, match="longer than 200 s"),
    ):
        ask(client)


@pytest.mark.parametrize("compressed", [True, False])
def test_an_answer_is_bounded_whether_compressed_or_not(
    server: Arxiv, watch: Time, tmp_path: Path, compressed: bool
) -> None:
    def big(handler: Handler) -> None:
        if not compressed:
            del handler.headers["Accept-Encoding"]
        handler.send(200, b"<feed>" + b" " * (3 << 20))

    server.faults.append(big)
    with (
        client_of(server, tmp_path, watch, max_bytes=1 << 20) as client,
        pytest.raises(SourceError, match="1048576"),
    ):
        ask(client)
    assert len(server.requests) == 1


def test_refusals_are_told_in_the_servers_words(server: Arxiv, watch: Time, tmp_path: Path) -> None:
    server.faults.append(answers(400, atom_error("start must be an integer")))
    server.faults.append(answers(403, b"<html>" + b"<" * 9_000 + b"<h1>Forbidden</h1>"))
    with client_of(server, tmp_path, watch) as client:
        with pytest.raises(SourceError, match=r"400.*start must be an integer"):
            ask(client)
        with pytest.raises(SourceError, match=r"403.*Forbidden"):
            ask(client)
    assert len(server.requests) == 2


def test_a_redirect_at_home_is_followed_as_a_request_of_its_own(
    server: Arxiv, watch: Time, tmp_path: Path
) -> None:
    server.faults.append(answers(301, b"", Location="/api/query?id_list=2401.00001"))
    with client_of(server, tmp_path, watch) as client:
        assert ask(client) == ["2401.00001"]
    assert watch.slept == pytest.approx([3])


def test_redirects_elsewhere_and_without_end_are_refused(server: Arxiv, watch: Time, tmp_path: Path) -> None:
    with arxiv() as elsewhere, client_of(server, tmp_path, watch) as client:
        for target in (
            elsewhere.address,
            "https://arxiv.org.example.org/",
            "http://arxiv.org/",
            "file:///etc/passwd",
        ):
            server.faults.append(answers(302, b"", Location=target))
            with pytest.raises(SourceError, match="none of arXiv's hosts"):
                ask(client)
        assert elsewhere.requests == []
        server.faults.extend([answers(302, b"", Location="/api/query")] * 9)
        with pytest.raises(SourceError, match="more than 5 times"):
            ask(client)
    assert len(server.requests) == 4 + 6


def test_redirects_between_arxivs_hosts_are_followed(watch: Time, tmp_path: Path) -> None:
    def route(request: httpx.Request) -> httpx.Response:
        if request.url.host == "export.arxiv.org":
            return httpx.Response(301, headers={"Location": "https://arxiv.org/api/query"})
        return httpx.Response(200, content=FEED)

    with PoliteClient(
        tmp_path, version="0", transport=httpx.MockTransport(route), clock=watch.clock, sleep=watch.sleep
    ) as client:
        assert ask(client) == ["2401.00001"]


def test_the_budget_is_shared_by_all_and_starts_anew_each_day(
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


def test_offline_opens_no_socket_and_touches_no_file(server: Arxiv, watch: Time, tmp_path: Path) -> None:
    with (
        client_of(server, tmp_path / "queue", watch, offline=True) as client,
        pytest.raises(SourceError, match="QUIRE_OFFLINE"),
    ):
        ask(client)
    assert server.requests == []
    assert not (tmp_path / "queue").exists()


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
        [sys.executable, "-c", ASKING, *arguments], cwd=Path(__file__).resolve().parents[2]
    )


def test_several_processes_stand_in_one_queue(server: Arxiv, tmp_path: Path) -> None:
    processes = [asking(server, tmp_path, 3) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    instants = sorted(request.instant for request in server.requests)
    assert len(instants) == 9
    # The instants are those of arrival, a little after the ones that the queue keeps apart.
    assert min(b - a for a, b in itertools.pairwise(instants)) > 0.2
    assert server.most_at_once == 1
    assert json.loads((tmp_path / "queue.json").read_text())["count"] == 9


def test_after_kill_9_the_queue_goes_on(server: Arxiv, tmp_path: Path) -> None:
    arrived, over = threading.Event(), threading.Event()

    def hold(handler: Handler) -> None:
        arrived.set()
        over.wait(30)
        handler.close_connection = True

    server.faults.append(hold)
    process = asking(server, tmp_path, 1)
    assert arrived.wait(30)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    with PoliteClient(tmp_path, version="0", interval=0.25, addresses=server.addresses, patience=5) as client:
        assert ask(client) == ["2401.00001"]
    over.set()
    assert json.loads((tmp_path / "queue.json").read_text())["count"] == 2


def test_another_process_that_never_ends_is_told_about(server: Arxiv, watch: Time, tmp_path: Path) -> None:
    over = threading.Event()

    def hold(handler: Handler) -> None:
        over.wait(30)
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
        process.wait(30)


def test_the_addresses_are_arxivs_own_unless_others_are_given() -> None:
    assert all(".arxiv.org/" in address for address in (Addresses().api, Addresses().oai, Addresses().feeds))
