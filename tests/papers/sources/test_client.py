"""Asking over real sockets: who we say we are, what we wait for, what we refuse, and that all is bounded."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError, SourceError
from app.papers.sources.client import Addresses, PoliteClient, user_agent
from tests.papers.sources.arxiv_forms import Sample, atom_entry, atom_error, atom_feed
from tests.papers.sources.arxiv_server import (
    Arxiv,
    Fault,
    Handler,
    Time,
    answers,
    arxiv,
    ask,
    client_of,
    cut_off,
    hang_up,
    rate_exceeded,
)

START = Time().now
FEED = atom_feed(atom_entry(Sample("2401.00001")), 1)


@pytest.fixture
def server() -> Iterator[Arxiv]:
    with arxiv(papers=[Sample("2401.00001")]) as running:
        yield running


@pytest.fixture
def watch() -> Time:
    return Time()


def test_we_say_who_we_are(server: Arxiv, watch: Time, tmp_path: Path) -> None:
    with client_of(server, tmp_path, watch, contact="me@example.org") as client:
        ask(client)
    (request,) = server.requests
    assert request.headers["User-Agent"] == "quire/0.1.0 (mailto:me@example.org)"
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
        client_of(server, tmp_path, watch, attempts=1, deadline=200, stopwatch=watch.clock) as client,
        pytest.raises(SourceError, match="longer than 200 s"),
    ):
        ask(client)


@pytest.mark.parametrize("days", [4000, -4000])
def test_a_clock_that_is_set_while_an_answer_comes_spoils_it_not_nor_the_next(
    server: Arxiv, watch: Time, tmp_path: Path, days: int
) -> None:
    def set_clock(handler: Handler) -> None:
        watch.now += days * 86_400
        handler.send(*server.answer("/api/query", {"id_list": "2401.00001"}))

    server.faults.append(set_clock)
    with client_of(server, tmp_path, watch, attempts=1) as client:
        assert ask(client) == ["2401.00001"]
        assert ask(client) == ["2401.00001"]
    assert all(0 < seconds <= 3 for seconds in watch.slept)


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


def test_refusals_are_reported_in_the_servers_words(server: Arxiv, watch: Time, tmp_path: Path) -> None:
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
            with pytest.raises(SourceError, match="not one of arXiv's hosts"):
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


def test_offline_opens_no_socket_and_touches_no_file(server: Arxiv, watch: Time, tmp_path: Path) -> None:
    with (
        client_of(server, tmp_path / "queue", watch, offline=True) as client,
        pytest.raises(SourceError, match="QUIRE_OFFLINE"),
    ):
        ask(client)
    assert server.requests == []
    assert not (tmp_path / "queue").exists()


def test_the_addresses_are_arxivs_own_unless_others_are_given() -> None:
    assert all(".arxiv.org/" in address for address in (Addresses().api, Addresses().oai, Addresses().feeds))
