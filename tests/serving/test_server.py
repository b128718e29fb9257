"""A server starts whole, stops without losing a request, and outlives the loss of a worker."""

import http.client
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from app import __version__
from tests.server import QUIRE, ROOT, environment, received, server_process, wait_for, workers_of

BODY = b'{"text": "Some words to be cut into pieces, and some more."}'
HEADERS = {"content-type": "application/json"}


class Client(threading.Thread):
    """Asks over one connection, again and again, as long as it lasts; every tenth time over a new one."""

    def __init__(self, address: str, begun: threading.Barrier) -> None:
        super().__init__(daemon=True)
        parts = urlsplit(address)
        self.host, self.port = parts.hostname or "", parts.port or 80
        self.begun = begun
        self.answered = 0
        self.lost: list[str] = []

    def run(self) -> None:
        while True:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=300)
            try:
                connection.connect()
            except OSError:
                return  # the server takes no new client: that is said before a request is sent
            for _ in range(10):
                try:
                    connection.request("POST", "/api/v1/encode", BODY, HEADERS)
                    answer = connection.getresponse()
                    answer.read()
                except (OSError, http.client.HTTPException) as error:
                    self.lost.append(repr(error))
                    return
                if answer.status != 200:
                    self.lost.append(str(answer.status))
                self.answered += 1
                if self.answered == 20:
                    self.begun.wait(300)
                if answer.will_close:
                    break
            connection.close()


@pytest.fixture
def heeded_hangup() -> Iterator[None]:
    """SIGHUP as it is by default for what is started: a run under nohup passes on that it is ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("workers", "number"), [(1, signal.SIGTERM), (2, signal.SIGTERM), (1, signal.SIGHUP), (2, signal.SIGHUP)]
)
def test_no_request_is_lost_when_a_busy_server_is_told_to_stop(
    library_folder: Path, workers: int, number: signal.Signals, heeded_hangup: None
) -> None:
    with server_process(library_folder, "--workers", str(workers)) as (address, process):
        begun = threading.Barrier(9)
        clients = [Client(address, begun) for _ in range(8)]
        for client in clients:
            client.start()
        begun.wait(300)
        process.send_signal(number)
        for client in clients:
            client.join(60)
        assert process.wait(300) == 0
    assert [client.lost for client in clients] == [[]] * 8
    assert all(client.answered >= 20 for client in clients)


def test_a_request_that_is_half_sent_is_still_answered_after_the_order_to_stop(library_folder: Path) -> None:
    with server_process(library_folder) as (address, process):
        parts = urlsplit(address)
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=300) as connection:
            head = f"POST /api/v1/encode HTTP/1.1\r\nhost: q\r\ncontent-length: {len(BODY)}\r\n"
            connection.sendall(head.encode())
            process.send_signal(signal.SIGTERM)

            wait_for(lambda: refuses((parts.hostname or "", parts.port or 80)))
            connection.sendall(b"content-type: application/json\r\n\r\n" + BODY)
            received = b""
            while part := connection.recv(65536):
                received += part
        assert b" 200 " in received.partition(b"\r\n")[0]
        assert b"connection: close" in received
        assert process.wait(300) == 0


@pytest.mark.parametrize(("seconds", "signals"), [("60", 2), ("1", 1)])
def test_what_is_given_up_is_not_called_a_failure(library_folder: Path, seconds: str, signals: int) -> None:
    """By a second Ctrl-C, or when the time to finish is over."""
    body = b'{"text": "%b", "return": ["pieces"]}' % (b"a b, c; d " * 40_000)
    head = f"POST /api/v1/encode HTTP/1.1\r\nhost: q\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    settings = {"MAX_CONCURRENT": "1", "DRAIN_SECONDS": seconds}
    with server_process(library_folder, settings=settings) as (address, process):
        parts = urlsplit(address)
        where = parts.hostname or "", parts.port or 80
        asking = [socket.create_connection(where, timeout=300) for _ in range(8)]
        for connection in asking:
            connection.sendall(head.encode() + b"\r\n\r\n" + body)
        asking[0].recv(1, socket.MSG_PEEK)  # an answer has begun, and nobody takes it
        for _ in range(signals):
            process.send_signal(signal.SIGINT)
            wait_for(lambda: refuses(where))
        assert process.wait(300) == 0
        answers = [received(connection) for connection in asking]
    assert {answer.partition(b"\r\n")[0] for answer in answers} <= {b"", b"HTTP/1.1 200 OK"}
    assert not any(answer.endswith(b"0\r\n\r\n") for answer in answers), "nobody read one to its end"


def refuses(where: tuple[str, int]) -> bool:
    with suppress(ConnectionRefusedError):
        socket.create_connection(where).close()
        return False
    return True


def test_a_worker_that_is_killed_is_replaced_alone(library_folder: Path) -> None:
    with server_process(library_folder, "--workers", "2") as (address, process):
        before = workers_of(process)
        assert len(before) == 2
        killed = min(before)
        os.kill(killed, signal.SIGKILL)
        wait_for(lambda: len(workers_of(process) - {killed}) == 2)
        assert len(before & workers_of(process)) == 1, "the other one went on"
        for _ in range(20):
            assert httpx.get(f"{address}/readyz", trust_env=False, timeout=300).status_code == 200


def test_workers_do_not_outlive_their_parent(library_folder: Path) -> None:
    with server_process(library_folder, "--workers", "2") as (address, process):
        workers = workers_of(process)
        process.kill()
        process.wait()
        wait_for(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers))
        with pytest.raises(httpx.ConnectError):
            httpx.get(address, trust_env=False)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"MAX_BATCH": "0"}, "QUIRE_MAX_BATCH"),
        ({"BASE_PATH": "quire"}, "QUIRE_BASE_PATH"),
        ({"RATE_LIMT": "600"}, "did you mean QUIRE_RATE_LIMIT?"),
        ({"MAXBATCH": "600"}, "did you mean QUIRE_MAX_BATCH?"),
        ({"FROBNICATE": "1"}, "there is no setting QUIRE_FROBNICATE"),
        ({"DEFAULT_MODEL": "defualt"}, "did you mean default?"),
        ({"DEFAULT_MODEL": "gone"}, "there is no model 'gone'"),
        ({"KEYS_REQUIRED": "all"}, "QUIRE_KEYS_REQUIRED"),
        ({"TRUSTED_PROXIES": "somewhere"}, "QUIRE_TRUSTED_PROXIES"),
        ({"CORS_ORIGINS": "https://a.example/page"}, "QUIRE_CORS_ORIGINS"),
        ({"DATA_DIR": "/dev/null/data"}, "/dev/null/data"),
        ({"CHAT_URL": "http://u:secret@h/v1"}, "without a name or a password (it is 'http://…@h/v1')"),
    ],
)
def test_a_server_that_can_not_start_says_why_in_a_line(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    command = [*QUIRE, "serve", "--port", "0"]
    done = subprocess.run(
        command,
        capture_output=True,
        env=environment(tmp_path, **settings),
        cwd=ROOT,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == b""
    assert done.stderr.count(b"\n") == 1
    assert said.encode() in done.stderr


def test_the_start_is_reported_in_a_line(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*QUIRE, "serve", "--port", "0", "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(tmp_path, BASE_PATH="/quire"),
        cwd=ROOT,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    process.terminate()
    assert process.communicate(timeout=300)[0] == "", "one line is all"
    for told in (
        f"Quire {__version__} is at http://127.0.0.1:",
        "/quire/",
        str(tmp_path),
        "default",
        "13 papers",
    ):
        assert told in line
    assert line.endswith("2 workers\n")
