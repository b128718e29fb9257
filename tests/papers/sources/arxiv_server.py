"""A small arXiv on loopback: its API, OAI-PMH and feeds answer over real sockets, with their faults on demand.

Limits, paging and errors follow what arXiv's own services do; what they send is written in arxiv_forms.py. A fault is
a function that takes the place of one answer.
"""

import gzip
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from app.papers.sources.atom import read_answer
from app.papers.sources.client import Addresses, PoliteClient
from tests.papers.sources.arxiv_forms import (
    Sample,
    atom_entry,
    atom_error,
    atom_feed,
    feed_document,
    feed_entry,
    oai_error,
    oai_list,
    oai_record,
    oai_set,
)


@dataclass(frozen=True)
class Request:
    """What was asked, and when by the machine's own clock."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    instant: float
    port: int


class Handler(BaseHTTPRequestHandler):
    """One request; `send` answers it, and faults answer in its stead."""

    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_GET(self) -> None:
        arxiv = self.server.arxiv
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        with arxiv.lock:
            arxiv.requests.append(
                Request(parts.path, query, dict(self.headers), time.monotonic(), self.client_address[1])
            )
            arxiv.at_once += 1
            arxiv.most_at_once = max(arxiv.most_at_once, arxiv.at_once)
            fault = arxiv.faults.popleft() if arxiv.faults else None
        try:
            if fault is not None:
                fault(self)
            else:
                self.send(*arxiv.answer(unquote(parts.path), query))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with arxiv.lock:
                arxiv.at_once -= 1

    def send(self, status: int, body: bytes, **headers: str) -> None:
        """A whole answer, compressed where the client takes it so."""
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
        self.send_response(status)
        for name, value in {"Content-Type": "text/xml", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Tests keep what was asked; nothing goes to standard error."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    arxiv: "Arxiv"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is nothing to report; a defect of this server is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


Fault = Callable[[Handler], None]


@dataclass(repr=False)
class Arxiv:
    """The state of the loopback arXiv; tests change it between requests."""

    papers: list[Sample] = field(default_factory=list)
    page_size: int = 3
    announced: date = date(2026, 11, 23)
    feed_limit: int = 2000
    texts: dict[str, bytes] = field(default_factory=dict)
    """What papers' addresses answer: `/html/2401.00001v2` and the like."""
    faults: deque[Fault] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    forgotten: set[str] = field(default_factory=set)
    address: str = ""
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def addresses(self) -> Addresses:
        """Where a client finds it."""
        texts = [f"{self.address}/{name}/" for name in ("html", "ar5iv", "pdf")]
        return Addresses(f"{self.address}/api/query", f"{self.address}/oai", f"{self.address}/atom/", *texts)

    def settings(self, **others: str) -> dict[str, str]:
        """The settings of a server that takes this one for arXiv, with others."""
        names = {"api": "ARXIV_API", "oai": "ARXIV_OAI", "feeds": "ARXIV_FEEDS"}
        return {setting: getattr(self.addresses, name) for name, setting in names.items()} | others

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        """The answer to a request without a fault."""
        if path == "/api/query":
            return self._api(query)
        if path == "/oai":
            return 200, self._oai(query)
        if path.startswith("/atom/"):
            return self._feed(path.removeprefix("/atom/"))
        if path in self.texts:
            return 200, self.texts[path]
        return 404, b"<html><body><h1>404 Not Found</h1></body></html>"

    def _api(self, query: dict[str, str]) -> tuple[int, bytes]:
        wanted = query.get("id_list", "").split(",")
        for text in wanted:
            if not text[:4].isdigit() and "/" not in text:
                return 400, atom_error(f"incorrect id format for {text}")
        found = [sample for text in wanted for sample in self.papers if sample.id == text.partition("v")[0]]
        return 200, atom_feed(
            "".join(map(atom_entry, found[: int(query.get("max_results", "10"))])), len(found)
        )

    def _oai(self, query: dict[str, str]) -> bytes:
        resumed, skip = "resumptionToken" in query, 0
        if resumed:
            token = query["resumptionToken"]
            asked = {key: values[0] for key, values in parse_qs(unquote(token)).items()}
            if (
                token in self.forgotten
                or not asked.get("skip", "").isdigit()
                or set(query) - {"verb", "resumptionToken"}
            ):
                return oai_error("badResumptionToken", "The token is invalid or has expired.")
            skip = int(asked.pop("skip"))
            query = asked
        if query.get("verb") != "ListRecords" or query.get("metadataPrefix") not in ("arXiv", "arXivRaw"):
            return oai_error("badArgument", "ListRecords needs a metadataPrefix.")
        start = date.fromisoformat(query.get("from", "2005-09-16"))
        if start < date(2005, 9, 16):
            return oai_error("badArgument", "start date too early")
        chosen = sorted(
            (
                sample
                for sample in self.papers
                if sample.datestamp >= start
                and any(oai_set(category).startswith(query.get("set", "")) for category in sample.categories)
            ),
            key=lambda sample: (sample.datestamp, sample.id),
        )[skip:]
        if not chosen:
            return oai_error("noRecordsMatch", "There is nothing.")
        page, more = chosen[: self.page_size], len(chosen) > self.page_size
        following = self._token(query, page, chosen[self.page_size], skip) if more else None
        self.forgotten.discard(following or "")
        records = "".join(oai_record(sample, query["metadataPrefix"]) for sample in page)
        return oai_list(records, "" if resumed and following is None else following)

    def _token(self, query: dict[str, str], page: list[Sample], following: Sample, skip: int) -> str:
        """Where the next page begins: a day, and how many of its records were given already."""
        if following.datestamp == page[0].datestamp:
            return quote(urlencode(query | {"skip": str(skip + self.page_size)}))
        given = sum(sample.datestamp == following.datestamp for sample in page)
        return quote(urlencode(query | {"from": following.datestamp.isoformat(), "skip": str(given)}))

    def _feed(self, asked: str) -> tuple[int, bytes]:
        categories = asked.split("+")
        if not all("." in category or category in ("hep-th", "cs") for category in categories):
            return 400, feed_document("", f"Feed error for query: {asked}", f"Bad archive '{asked}'.")
        found = [
            sample
            for sample in self.papers
            if sample.datestamp == self.announced and set(sample.categories) & set(categories)
        ]
        entries = "".join(feed_entry(sample, self.announced) for sample in found[: self.feed_limit])
        return 200, feed_document(entries)


def rate_exceeded(status: int = 200, retry_after: str | None = None) -> Fault:
    """The plain words by which arXiv throttles, with whichever status."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return lambda handler: handler.send(status, b"Rate exceeded.", Content_Type="text/plain", **headers)


def answers(status: int, body: bytes, **headers: str) -> Fault:
    """Any other answer."""
    return lambda handler: handler.send(status, body, **headers)


def cut_off(body: bytes, after: int, told: bool = True) -> Fault:
    """The connection ends within the answer, whose length was told before or not."""

    def fault(handler: Handler) -> None:
        length = f"Content-Length: {len(body)}\r\n" if told else "Connection: close\r\n"
        handler.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n{length}\r\n".encode())
        handler.wfile.write(body[:after])
        handler.close_connection = True

    return fault


def hang_up(handler: Handler) -> None:
    """The connection ends without a word."""
    handler.close_connection = True


@contextmanager
def arxiv(**state: object) -> Iterator[Arxiv]:
    """A loopback arXiv that answers while the block runs."""
    server = _Server(("127.0.0.1", 0), Handler)
    server.arxiv = Arxiv(address=f"http://127.0.0.1:{server.server_address[1]}", **state)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.arxiv
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Time:
    """A clock at noon of 2026-11-23 (UTC) that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
        self.slept: list[float] = []

    def clock(self) -> float:
        """Seconds since 1970."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Lets the time go by, at once."""
        self.slept.append(seconds)
        self.now += seconds


def client_of(server: Arxiv, folder: Path, watch: Time, **options: Any) -> PoliteClient:
    """A client that asks the loopback arXiv, by that clock."""
    settings: dict[str, Any] = {"version": "0.1.0", "addresses": server.addresses, "jitter": lambda: 0.5}
    return PoliteClient(folder, clock=watch.clock, sleep=watch.sleep, **(settings | options))


def ask(client: PoliteClient) -> list[str]:
    """The ids that the API answers when asked for the paper 2401.00001."""
    parameters = {"id_list": "2401.00001"}
    answer = client.get(client.addresses.api, parameters, lambda body: read_answer(body, "api"))
    return [paper.id for paper in answer.papers]
