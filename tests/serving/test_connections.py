"""Clients that vanish, send ahead or hold on: none of them costs the others an answer, or the log a defect."""

import json
import re
import select
import signal
import socket
import struct
import threading
from contextlib import ExitStack, suppress
from http.client import HTTPResponse
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import httpx
import pytest

from app.web import long_json
from tests.server import received, server_process

LONG = b"GET /static/vendor/mathjax/tex-chtml.js HTTP/1.1\r\nhost: quire\r\n\r\n"  # a megabyte


def connect(address: str) -> socket.socket:
    parts = urlsplit(address)
    connection = socket.socket()
    connection.settimeout(60)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((parts.hostname, parts.port))
    return connection


def wait_for_a_hangup(connection: socket.socket) -> None:
    """Without taking anything of the answer: what is sent comes back as a reset; fails after a minute."""
    deadline = monotonic() + 300
    with suppress(ConnectionError):
        while monotonic() < deadline:
            connection.sendall(b"\r\n")
            threading.Event().wait(0.05)
        raise AssertionError("who takes nothing of an answer is hung up on")


@pytest.mark.parametrize(
    "settings", [{}, {"SILENT_SECONDS": "0.5"}], ids=["the client goes", "the server goes"]
)
def test_requests_that_were_sent_ahead_end_with_their_connection(
    library_folder: Path, tmp_path: Path, settings: dict[str, str]
) -> None:
    log = tmp_path / "log"
    keeping = ["sh", "-c", 'exec "$@" 2>"$0"', str(log)]
    with server_process(library_folder, settings={"LOG_LEVEL": "warning", **settings}, before=keeping) as (
        address,
        process,
    ):
        for _ in range(2):
            with connect(address) as connection:
                connection.sendall(LONG * 8)
                assert connection.recv(100).startswith(b"HTTP/1.1 200")
                if settings:
                    wait_for_a_hangup(connection)
                else:  # with a reset, as from a process that was killed
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            assert httpx.get(f"{address}/healthz", trust_env=False).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(300) == 0
    assert log.read_text() == ""


def test_a_malformed_request_is_not_reported_in_the_middle_of_an_answer(library_folder: Path) -> None:
    with server_process(library_folder) as (address, _), connect(address) as connection:
        connection.sendall(LONG)
        received = bytearray(connection.recv(100))
        connection.sendall(LONG + b"this is not HTTP\r\n\r\n")
        while part := connection.recv(1 << 20):
            received += part
    assert received.startswith(b"HTTP/1.1 200")
    left = bytes(received)
    while left:  # what is told stands between answers, where one begins
        head, _, rest = left.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        assert length is not None
        assert b"HTTP/1.1 400" not in rest[: int(length[1])]
        left = rest[int(length[1]) :]


def test_no_more_connections_are_taken_than_the_system_grants_files(library_folder: Path) -> None:
    few_files = ["sh", "-c", 'ulimit -n 160 && exec "$@"', "sh"]
    with server_process(library_folder, before=few_files) as (address, _):
        held = [connect(address) for _ in range(32)]
        beyond = [connect(address) for _ in range(200)]  # at once, more than there are files
        for connection in beyond:
            assert connection.recv(100).startswith(b"HTTP/1.1 503")
        for connection in held + beyond:
            connection.close()
        assert httpx.get(f"{address}/readyz", trust_env=False, timeout=300).status_code == 200


def test_an_offer_to_upgrade_neither_loses_the_body_nor_runs_it_as_a_request(library_folder: Path) -> None:
    hidden = b"GET /metrics HTTP/1.1\r\nhost: quire\r\n\r\n"
    body = b'{"text": "' + b"a" * 40 + b'"}'
    offer = b"connection: upgrade\r\nupgrade: h2c\r\ncontent-type: application/json\r\nhost: quire\r\n"
    with server_process(library_folder) as (address, _), connect(address) as connection:
        for content, status in ((body, 200), (hidden, 400)):
            head = b"POST /api/v1/count HTTP/1.1\r\n" + offer + b"content-length: %d\r\n\r\n" % len(content)
            connection.sendall(head)
            threading.Event().wait(0.05)  # so that the body comes in a packet of its own
            connection.sendall(content)
            answer = HTTPResponse(connection, method="POST")
            answer.begin()
            assert (answer.status, bool(answer.read())) == (status, True)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: quire\r\nconnection: close\r\n\r\n")
        last = b""
        while part := connection.recv(1 << 16):
            last += part
    assert last.startswith(b"HTTP/1.1 200")
    assert b"quire_requests" not in last


@pytest.mark.parametrize("hosts", [b"", b"host: a\r\nhost: b\r\n"], ids=["none", "two"])
def test_a_request_names_one_host(library_folder: Path, hosts: bytes) -> None:
    with server_process(library_folder) as (address, _), connect(address) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n" + hosts + b"\r\n")
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 400")


def test_bodies_that_are_being_sent_are_bounded_together(library_folder: Path) -> None:
    head = (
        b"POST /api/v1/count HTTP/1.1\r\nhost: quire\r\ncontent-type: application/json\r\n"
        b"content-length: 900000\r\n\r\n"
    )
    with server_process(library_folder, settings={"MAX_BODIES_BYTES": "2000000"}) as (address, _):
        held = [connect(address) for _ in range(4)]
        for connection in held:
            connection.sendall(head + b" " * 800_000)
        answered, _, _ = select.select(held, [], [], 60)
        assert answered[0].recv(1 << 16).startswith(b"HTTP/1.1 503")
        for connection in held:
            connection.close()
        short = httpx.post(f"{address}/api/v1/count", json={"text": "a"}, trust_env=False, timeout=300)
        assert short.status_code == 200


def test_of_answers_that_nobody_takes_the_oldest_is_given_up(library_folder: Path) -> None:
    body = json.dumps({"text": "a, b; " * 20_000, "return": ["pieces"]}).encode()
    head = b"POST /api/v1/encode HTTP/1.1\r\nhost: quire\r\ncontent-type: application/json\r\n"
    request = head + b"content-length: %d\r\n\r\n" % len(body) + body  # its answer has some megabytes
    with (
        server_process(library_folder, settings={"MAX_UNREAD_BYTES": "10000000"}) as (address, _),
        ExitStack() as stack,
    ):
        held = [stack.enter_context(connect(address)) for _ in range(4)]
        for connection in held:
            connection.sendall(request)
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
        wait_for_a_hangup(held[0])
        assert httpx.get(f"{address}/healthz", trust_env=False, timeout=300).status_code == 200


def test_lines_of_which_an_answer_was_given_up_do_not_end_as_if_they_were_whole(library_folder: Path) -> None:
    body = json.dumps({"text": "a, b; " * 20_000, "return": ["pieces"]}).encode()
    head = b"POST /api/v1/encode HTTP/1.1\r\nhost: quire\r\nconnection: close\r\ncontent-type: "
    lines = head + b"application/x-ndjson\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    whole = head + b"application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    with (
        server_process(library_folder, settings={"MAX_UNREAD_BYTES": "1000000"}) as (address, _),
        connect(address) as unread,
    ):
        unread.sendall(lines)
        assert unread.recv(100).startswith(b"HTTP/1.1 200")
        still_until = monotonic() + long_json.STILL_SECONDS + 1
        asked = 0.0
        while asked < still_until:
            asked = monotonic()
            with connect(address) as other:
                other.sendall(whole)
                assert received(other).endswith(b"0\r\n\r\n")
        assert not received(unread).endswith(b"0\r\n\r\n")
