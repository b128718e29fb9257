"""Behind a proxy, with keys and rates: who is let in, who is told to wait, and where every link leads."""

import re
import time
from collections.abc import Iterator
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from app.main import create_app
from app.settings import Settings
from app.web.middleware.access import scope_of
from app.web.middleware.keys import SCOPES, new_key, revoke_key
from app.web.middleware.rates import Rates
from tests.server import serving

BASE = "/quire"
MOST = 30
BODY = {"prompt": "hello"}


@pytest.fixture(scope="module")
def data(library_folder: Path) -> Path:
    return library_folder


@pytest.fixture(scope="module")
def keys(data: Path) -> Iterator[dict[str, str]]:
    """Keys by the scope that each is good for."""
    path = data / "keys.json"
    yield {scope: new_key(path, scope, [scope]) for scope in SCOPES}
    path.unlink()


@pytest.fixture(scope="module")
def guarded(data: Path, keys: dict[str, str]) -> Iterator[str]:
    """Two workers behind a proxy that takes the base path away."""
    settings = {
        "BASE_PATH": BASE,
        "TRUSTED_PROXIES": "127.0.0.1",
        "CORS_ORIGINS": "https://reader.example",
        "KEYS_REQUIRED": "tokenise,admin",
        "RATE_LIMIT": str(MOST),
        "RATE_SECONDS": "3600",
    }
    with serving(data, "--workers", "2", settings=settings) as address:
        yield address


def ask(guarded: str, method: str, path: str, *, who: str, **options: object) -> httpx.Response:
    """A request as it comes from the proxy on behalf of the client `who`."""
    headers = {"x-forwarded-for": who, "x-forwarded-proto": "https"} | dict(options.pop("headers", {}))  # type: ignore[call-overload]
    return httpx.request(method, guarded + path, headers=headers, trust_env=False, timeout=300, **options)  # type: ignore[arg-type]


def test_what_needs_a_key_is_refused_without_one_and_says_how_to_send_it(guarded: str) -> None:
    answer = ask(guarded, "POST", "/tokenize", who="10.0.0.1", json=BODY)
    assert answer.status_code == 401
    assert answer.json()["type"] == "/problems/unauthorised"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    page = ask(guarded, "GET", "/tokenizer", who="10.0.0.1", headers={"accept": "text/html"})
    assert page.status_code == 401
    assert page.headers["www-authenticate"].startswith("Basic"), "browsers ask for a password then"
    assert page.headers["x-request-id"] in page.text
    assert ask(guarded, "GET", "/arxiv/cs.LG", who="10.0.0.1").status_code == 200
    assert ask(guarded, "GET", "/healthz", who="10.0.0.1").status_code == 200


@pytest.mark.parametrize("way", ["bearer", "header", "password"])
def test_a_key_is_taken_in_each_way_that_clients_can_send_it(
    guarded: str, keys: dict[str, str], way: str
) -> None:
    ways: dict[str, dict[str, Any]] = {
        "bearer": {"headers": {"authorization": f"Bearer {keys['tokenise']}"}},
        "header": {"headers": {"x-api-key": keys["tokenise"]}},
        "password": {"auth": ("anyone", keys["tokenise"])},
    }
    options = ways[way]
    answer = ask(guarded, "POST", "/tokenize", who="10.0.0.2", json=BODY, **options)
    assert answer.json()["count"] > 0


def test_a_key_is_good_for_its_scopes_alone(guarded: str, keys: dict[str, str]) -> None:
    wrong = {"authorization": f"Bearer {keys['read']}"}
    assert ask(guarded, "POST", "/tokenize", who="10.0.0.3", json=BODY, headers=wrong).status_code == 403
    assert ask(guarded, "GET", "/metrics", who="10.0.0.3", headers=wrong).status_code == 403
    right = {"authorization": f"Bearer {keys['admin']}"}
    assert ask(guarded, "GET", "/metrics", who="10.0.0.3", headers=right).status_code == 200
    unknown = {"authorization": f"Bearer {keys['admin'][:-1]}"}
    assert ask(guarded, "GET", "/metrics", who="10.0.0.3", headers=unknown).status_code == 401


def test_a_client_is_told_its_rate_over_all_workers_and_then_to_wait(guarded: str) -> None:
    seen = [ask(guarded, "GET", "/api/v1/categories", who="10.0.0.4") for _ in range(MOST + 2)]
    assert [answer.status_code for answer in seen] == [200] * MOST + [429] * 2
    assert [int(answer.headers["ratelimit-remaining"]) for answer in seen[:MOST]] == list(range(MOST))[::-1]
    assert seen[0].headers["ratelimit-policy"] == f'"default";q={MOST};w=3600'
    assert re.fullmatch(r'"default";r=\d+;t=\d+', seen[0].headers["ratelimit"])
    assert 0 < int(seen[-1].headers["retry-after"]) <= 3600 / MOST + 1
    assert seen[-1].headers["content-type"] == "application/problem+json"
    assert ask(guarded, "GET", "/api/v1/categories", who="10.0.0.5").status_code == 200, "others go on"
    assert ask(guarded, "GET", "/readyz", who="10.0.0.4").status_code == 200, "watching is never counted"


def test_pages_of_named_origins_may_call_and_read_failures_too(guarded: str) -> None:
    origin = {"origin": "https://reader.example"}
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    allowed = ask(guarded, "OPTIONS", "/tokenize", who="10.0.0.6", headers=origin | preflight)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://reader.example"
    refused = ask(guarded, "POST", "/tokenize", who="10.0.0.6", json=BODY, headers=origin)
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://reader.example"
    other = ask(
        guarded, "POST", "/tokenize", who="10.0.0.6", json=BODY, headers={"origin": "https://b.example"}
    )
    assert "access-control-allow-origin" not in other.headers


def test_requests_by_tls_are_answered_with_hsts(guarded: str, library_address: str) -> None:
    assert "strict-transport-security" in ask(guarded, "GET", "/", who="10.0.0.7").headers
    plain = httpx.get(library_address, headers={"x-forwarded-proto": "https"}, trust_env=False)
    assert "strict-transport-security" not in plain.headers, "this server trusts no proxy"


def test_a_revoked_key_is_refused_at_once_by_a_server_that_has_not_seen_it(data: Path) -> None:
    path = data / "other-keys.json"
    text = new_key(path, "short-lived", ["read"])
    assert text.encode() not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0, "no other user can read the file"
    revoke_key(path, "short-lived")
    assert path.read_bytes() == b"[]"
    path.unlink()


def test_every_address_has_a_scope_or_is_open_to_all() -> None:
    assert {scope_of(path) for path in ("/healthz", "/readyz", "/version", "/static/js/reader/list.js")} == {
        None
    }
    assert scope_of("/metrics") == "admin"
    described = create_app(Settings()).openapi()["paths"]
    by_tag = {"tokenizer": "tokenise", "dialects": "tokenise", "reader": "read", "feeds": "read"}
    for path, calls in described.items():
        for call in calls.values():
            for tag in call["tags"]:
                if tag in by_tag:
                    assert scope_of(path) == by_tag[tag], path


def test_rates_forget_nobody_early_and_refill_evenly() -> None:
    rates = Rates(most=10, seconds=100)
    assert [rates.take("a", now=1000.0).remaining for _ in range(10)] == list(range(10))[::-1]
    refused = rates.take("a", now=1000.0)
    assert (refused.allowed, refused.retry_after) == (False, 10)
    assert not rates.take("a", now=1009.9).allowed
    assert rates.take("a", now=1010.0).allowed
    assert not rates.take("a", now=1010.0).allowed
    assert rates.take("a", now=5000.0).remaining == 9
    for number in range(200_000):
        rates.take(f"stranger {number}", now=5000.0)
    assert rates.take("a", now=5000.0).allowed, "a table of fixed size may forget, in the client's favour"


@pytest.mark.parametrize("days", [4000, -4000])
def test_rates_take_no_notice_of_a_clock_that_is_set(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    rates = Rates(most=3, seconds=1000)
    assert [rates.take("a").allowed for _ in range(3)] == [True] * 3
    shown = time.time() + days * 86_400
    monkeypatch.setattr(time, "time", lambda: shown)
    refused = rates.take("a")
    assert not refused.allowed
    assert refused.retry_after <= 334


class _Proxy(BaseHTTPRequestHandler):
    """Serves what is under BASE from elsewhere, without it; knows nothing else."""

    upstream = ""

    def do_GET(self) -> None:
        if not self.path.startswith(BASE + "/"):
            self.send_error(404, "nothing is here but Quire")
            return
        headers = {"host": self.headers["host"], "x-forwarded-for": "10.9.9.9", "accept": "text/html,*/*"}
        path = self.path.removeprefix(BASE)
        answer = httpx.get(self.upstream + path, headers=headers, trust_env=False, timeout=300)
        self.send_response(answer.status_code)
        for name in ("content-type", "location"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None:
        """Tests print what they find themselves."""


@pytest.fixture(scope="module")
def proxied(data: Path) -> Iterator[str]:
    """The address of a server under BASE, as readers see it through a proxy that knows nothing of it."""
    with serving(data, settings={"BASE_PATH": BASE}) as upstream:
        handler = type("Handler", (_Proxy,), {"upstream": upstream})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = Thread(target=server.serve_forever, daemon=True)
            thread.start()
            yield f"http://127.0.0.1:{server.server_address[1]}{BASE}"
            server.shutdown()
            thread.join()


def links_of(answer: httpx.Response) -> list[str]:
    """Where a page, a document or a script of the site leads, as it writes it."""
    kind = answer.headers.get("content-type", "")
    if "javascript" in kind:
        return re.findall(r"""^(?:import|export) [^'"]*['"](\.[^'"]+)['"]""", answer.text, re.MULTILINE)
    written = r'\s(?:href|src|action|template|data-api|data-schema)="([^"{]+)"'
    return [unescape(link) for link in re.findall(written, answer.text)] if "ml" in kind else []


def test_every_link_on_pages_in_scripts_and_in_feeds_leads_through_the_proxy(proxied: str) -> None:
    pages = [
        "/",
        "/arxiv/cs.LG",
        "/arxiv/2606.00001",
        "/search?q=paper",
        "/starred",
        "/tokenizer",
        "/preview",
    ]
    others = [
        "/docs",
        "/arxiv/cs.LG/feed",
        "/search/feed?q=paper",
        "/opensearch.xml",
        "/static/js/reader/reading.js",
    ]
    wrong, led = [], set[str]()
    with httpx.Client(trust_env=False, timeout=300) as client:
        for path in (*pages, *others, "/nothing-here"):
            answer = client.get(proxied + path)
            assert answer.status_code == (404 if path == "/nothing-here" else 200), path
            for link in links_of(answer):
                target = urljoin(proxied + path, link).partition("#")[0]
                if target.startswith(proxied.removesuffix(BASE)):
                    led.add(target)
                    if not target.startswith(proxied + "/"):
                        wrong.append(f"{link} on {path} leaves {BASE}")
        for target in sorted(led):
            if (
                not re.search(r"/nothing-here|/api/v1$|/arxiv$", target)
                and client.get(target, follow_redirects=True).status_code != 200
            ):
                wrong.append(f"{target} leads nowhere")
    assert not wrong
    assert len(led) > 100


def test_a_proxy_that_leaves_the_base_path_on_is_understood_too(proxied: str, data: Path) -> None:
    with serving(data, settings={"BASE_PATH": BASE}) as address:
        for path in ("/healthz", f"{BASE}/healthz", f"{BASE}/api/v1/models", BASE, "/"):
            assert httpx.get(address + path, trust_env=False).status_code == 200, path
        listed = httpx.get(f"{address}/api/v1/papers?limit=1", trust_env=False)
        assert f"<{BASE}/api/v1/papers?" in listed.headers["link"]
        assert httpx.get(f"{address}/openapi.json", trust_env=False).json()["servers"] == [{"url": BASE}]
