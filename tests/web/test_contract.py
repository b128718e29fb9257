"""Whatever fails says so in one shape: problem+json to programs, a page to people, and the same id to both."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app.web.errors import Problem
from tests.server import serving

JSON = {"content-type": "application/json"}
NDJSON = {"content-type": "application/x-ndjson"}
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

FAILURES: list[tuple[int, str, str, dict[str, Any]]] = [
    (404, "GET", "/nowhere", {}),
    (404, "GET", "/api/v1/nowhere", {}),
    (404, "GET", "/api/v1/papers/2606.99999", {}),
    (404, "GET", "/api/v1/models/none", {}),
    (404, "GET", "/static/js/none.js", {}),
    (404, "GET", "/static/js/..%2f..%2fapp%2fmain.py", {}),
    (404, "GET", "/api/v1/models/..%2f..%2f..%2fetc%2fpasswd", {}),
    (404, "POST", "/api/v1/encode", {"json": {"text": "a", "model": "../../etc/passwd"}}),
    (404, "POST", "/api/v1/encode", {"json": {"text": "a", "model": "default\u0000"}}),
    (404, "GET", "/api/v1/papers/%00%ff%e2%80%ae", {}),
    (405, "PUT", "/api/v1/encode", {}),
    (405, "GET", "/tokenize", {}),
    (405, "POST", "/healthz", {}),
    (400, "POST", "/api/v1/encode", {"content": b"{", "headers": JSON}),
    (400, "POST", "/api/v1/papers", {"content": b"{", "headers": JSON}),
    (400, "POST", "/api/v1/encode", {"content": b"[" * 200_000, "headers": JSON}),
    (400, "POST", "/api/v1/papers", {"content": b'{"ids":' * 50_000, "headers": JSON}),
    (400, "POST", "/tokenize", {"content": b"\xff\xfe", "headers": JSON}),
    (413, "POST", "/api/v1/encode", {"content": b" " * 400_001, "headers": JSON}),
    (413, "POST", "/api/v1/papers", {"content": b" " * 400_001, "headers": JSON}),
    (413, "POST", "/api/v1/papers", {"content": [b" " * 200_001] * 2, "headers": JSON}),
    (413, "POST", "/api/v1/papers", {"content": [b" " * 200_001] * 2, "headers": NDJSON}),
    (413, "POST", "/api/v1/cite", {"content": b" " * 400_001, "headers": NDJSON}),
    (415, "POST", "/api/v1/encode", {"content": b"x", "headers": {"content-type": "text/plain"}}),
    (415, "POST", "/api/v1/papers", {"content": b"x", "headers": {"content-type": "text/plain"}}),
    (415, "POST", "/api/v1/cite", {"content": b"x"}),
    (422, "POST", "/api/v1/encode", {"json": {}}),
    (422, "POST", "/tokenize", {"json": {"prompt": "a", "content": "b"}}),
    (422, "GET", "/api/v1/papers?limit=201", {}),
    (422, "GET", "/api/v1/papers?date=tomorrow", {}),
    (422, "GET", "/arxiv/none.XX/feed", {}),
]


@pytest.mark.parametrize(("status", "method", "path", "options"), FAILURES, ids=lambda value: str(value)[:40])
def test_a_failure_is_a_problem_with_the_requests_id(
    client: httpx.Client, status: int, method: str, path: str, options: dict[str, Any]
) -> None:
    headers = {"x-request-id": "from-the-client.1"} | options.get("headers", {})
    answer = client.request(method, path, **{**options, "headers": headers})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == "from-the-client.1"
    problem = Problem.model_validate_json(answer.content)
    assert problem.request_id == "from-the-client.1"
    assert problem.status == status
    assert problem.type.startswith("/problems/")
    assert problem.detail


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/api/v1/encode", {"texts": ["a", 3]}, "/texts/1"),
        ("/api/v1/encode", {"text": "a", "truncate": {"max_tokens": -1}}, "/truncate/max_tokens"),
        ("/api/v1/encode", {"text": "a", "a/b~c": 1}, "/a~1b~0c"),
        ("/api/v1/decode", {"ids": [3, 10**6]}, "/ids/1"),
        ("/api/v1/papers", {"ids": [1]}, "/ids/0"),
        ("/api/v1/papers?sort=best", None, "?sort"),
    ],
)
def test_a_pointer_leads_to_what_is_wrong(client: httpx.Client, path: str, body: Any, pointer: str) -> None:
    answer = client.post(path, json=body) if body else client.get(path)
    assert answer.status_code == 422
    assert [field["pointer"] for field in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("status", "method", "path"),
    [
        (404, "GET", "/nowhere"),
        (404, "GET", "/arxiv/2606.99999"),
        (422, "GET", "/arxiv/none.XX"),
        (422, "GET", "/search?q=((("),
        (405, "POST", "/search"),
    ],
)
def test_people_get_a_page_with_the_same_status_and_id(
    client: httpx.Client, status: int, method: str, path: str
) -> None:
    answer = client.request(method, path, headers=HTML | {"x-request-id": "shown-to-them"})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["x-request-id"] == "shown-to-them"
    assert "shown-to-them" in answer.text
    assert client.request(method, path, headers={"accept": "application/json"}).json()["status"] == status


def test_allow_names_every_method_of_an_address_and_head_answers_like_get(client: httpx.Client) -> None:
    assert client.delete("/api/v1/papers").headers["allow"] == "GET, HEAD, POST"
    assert client.get("/detokenize").headers["allow"] == "POST"
    for path in ("/", "/healthz", "/api/v1/papers", "/static/js/reader/list.js", "/nowhere"):
        head, whole = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (whole.status_code, b"")
        assert head.headers["content-type"] == whole.headers["content-type"]


def test_openapi_describes_every_failure_in_the_shape_that_comes(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()["paths"]
    for path, calls in described.items():
        for method, call in calls.items():
            answers = call["responses"]
            expected = {"401", "403", "429", "503"} if "security" in call else {"503"}
            assert expected <= answers.keys(), f"{method} {path}"
            if method == "post":
                assert {"400", "413", "415", "422"} <= answers.keys(), f"{method} {path}"
            for status, answer in answers.items():
                if int(status) >= 400:
                    ours = "application/problem+json" in answer["content"]
                    assert ours or "dialects" in call["tags"], f"{method} {path} {status}"


def test_too_much_work_at_once_is_refused_at_once_and_told_when_to_come_back(model_folder: Path) -> None:
    settings = {"MAX_CONCURRENT": "1", "MAX_WAITING": "1"}
    text = "Ein Text, der eine Weile dauert. " * 200_000
    with serving(model_folder.parent, settings=settings) as address:
        body = json.dumps({"text": text, "return": ["pieces"]}).encode()
        streams = [_begin(address, body) for _ in range(8)]
        statuses = [_status(stream) for stream in streams]
        refused = [head for head in statuses if b" 503 " in head]
        assert refused, "of eight that came at once, two can be taken"
        assert all(b"retry-after: 1" in head and b"application/problem+json" in head for head in refused)
        assert httpx.get(f"{address}/healthz", trust_env=False).status_code == 200


def test_too_many_readers_at_once_are_refused_too_and_nobody_else_is(model_folder: Path) -> None:
    settings = {"MAX_CONCURRENT": "1", "MAX_READERS_WAITING": "1"}
    with serving(model_folder.parent, settings=settings) as address:
        streams = [_sent(address, b"GET /search?q=token HTTP/1.1\r\nhost: quire\r\n\r\n") for _ in range(32)]
        short = httpx.post(f"{address}/tokenize", json={"prompt": "a short text"}, trust_env=False)
        statuses = [_status(stream) for stream in streams]
        refused = [head for head in statuses if b" 503 " in head]
        assert short.status_code == 200
        assert 0 < len(refused) < 32
        assert all(b"retry-after: 1" in head for head in refused)
        assert httpx.get(f"{address}/search?q=token", trust_env=False).status_code == 200


def _begin(address: str, body: bytes) -> socket.socket:
    head = (
        f"POST /api/v1/encode HTTP/1.1\r\nhost: quire\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return _sent(address, head.encode() + body)


def _sent(address: str, request: bytes) -> socket.socket:
    parts = urlsplit(address)
    connection = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=300)
    connection.sendall(request)
    return connection


def _status(connection: socket.socket) -> bytes:
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        return head.partition(b"\r\n\r\n")[0]


@pytest.fixture(scope="module")
def short_of_patience(model_folder: Path) -> Iterator[str]:
    """A server that waits half a second for anything."""
    settings = {
        "HEAD_SECONDS": "0.5",
        "SILENT_SECONDS": "0.5",
        "MAX_HEAD_BYTES": "10000",
        "MAX_CONNECTIONS": "50",
    }
    with serving(model_folder.parent, settings=settings) as address:
        yield address


def talk(address: str, *sent: bytes) -> bytes:
    """What comes back until the server hangs up."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=300) as connection:
        for part in sent:
            connection.sendall(part)
        received = b""
        while part := connection.recv(65536):
            received += part
        return received


POST = b"POST /api/v1/encode HTTP/1.1\r\nhost: q\r\ncontent-type: application/json\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", b""),
        (b"GET /healthz HTTP/1.1\r\nhost: q\r\nx-slow: ", b"408"),
        (b"GET /healthz HTTP/1.1\r\nhost: q\r\nx-long: " + b"a" * 1_000_000 + b"\r\n\r\n", b"431"),
        (b"GET /healthz HTTP/1.1\r\n" + b"a: b\r\n" * 200_000 + b"\r\n", b"431"),
        (b"GET /" + b"a" * 2_000_000 + b" HTTP/1.1\r\nhost: q\r\nconnection: close\r\n\r\n", b"414"),
        (POST + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n" + b"x: y\r\n" * 200_000, b"431"),
        (POST + b"content-length: 100\r\n\r\n{", b"408"),
        (b"this is not HTTP\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
    ],
    ids=["silence", "slow head", "long header", "many headers", "long path", "trailers", "slow body", "text", "TLS"],
)  # fmt: skip
def test_a_connection_that_goes_too_far_is_answered_and_closed(
    short_of_patience: str, sent: bytes, status: bytes
) -> None:
    answer = talk(short_of_patience, sent)
    assert answer.partition(b"\r\n")[0].split(b" ")[1:2] == ([status] if status else [])
    if status:
        head, _, body = answer.partition(b"\r\n\r\n")
        problem = Problem.model_validate_json(body)
        assert f"x-request-id: {problem.request_id}".encode() in head
    assert httpx.get(f"{short_of_patience}/healthz", trust_env=False).status_code == 200


def test_a_client_that_reads_nothing_is_hung_up_on(short_of_patience: str) -> None:
    parts = urlsplit(short_of_patience)
    body = json.dumps({"text": "a b c " * 30_000, "return": ["pieces"]}).encode()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(60)
        connection.connect((parts.hostname, parts.port))
        request = POST + b"content-length: %d\r\n\r\n" % len(body) + body
        with pytest.raises(ConnectionError):
            # Each of these answers is some megabytes, of which none is read.
            connection.sendall(request * 1000)


def test_connections_over_the_bound_are_refused_and_later_ones_are_taken(short_of_patience: str) -> None:
    parts = urlsplit(short_of_patience)
    address = (parts.hostname or "", parts.port or 80)
    held = [socket.create_connection(address, timeout=300) for _ in range(50)]
    one_more = talk(short_of_patience)
    assert b" 503 " in one_more.partition(b"\r\n")[0]
    assert b"retry-after: 1" in one_more
    for connection in held:
        assert connection.recv(1) == b"", "an idle connection is closed after a while"
        connection.close()
    assert httpx.get(f"{short_of_patience}/healthz", trust_env=False).status_code == 200


def test_a_body_over_the_limit_is_answered_whole_however_the_client_sends_it(client: httpx.Client) -> None:
    for _ in range(5):
        answer = client.post("/api/v1/encode", content=b" " * 20_000_000, headers=JSON)
        assert answer.status_code == 413
    chunks = (b" " * 65_536 for _ in range(300))
    assert client.post("/api/v1/encode", content=chunks, headers=JSON).status_code == 413


@pytest.mark.parametrize("digits", [19, 4300, 5000])
def test_a_length_of_many_digits_is_too_large(address: str, digits: int) -> None:
    parts = urlsplit(address)
    head = f"POST /api/v1/papers HTTP/1.1\r\nhost: quire\r\ncontent-length: {'0' * (digits - 19)}{'9' * 19}\r\n\r\n"
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=300) as connection:
        connection.sendall(head.encode())
        status = connection.recv(1 << 16).partition(b"\r\n")[0]
    assert b" 413 " in status or b" 400 " in status
