"""A small arXiv on loopback: its API, OAI-PMH and feeds as they answer over the wire, with their faults on demand.

Forms, limits and paging follow what arXiv's own services send (the API's Atom, the records and the resumption tokens
of oaipmh.arxiv.org, the feeds of rss.arxiv.org). A fault is a function that takes the place of one answer.
"""

import gzip
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit
from xml.sax.saxutils import escape, quoteattr

from app.papers.sources.client import Addresses

NEW_YORK = "-05:00"


@dataclass(frozen=True)
class Sample:
    """A paper as arXiv's database has it; every form is written from this."""

    id: str
    title: str = "On the zeros of a function"
    abstract: str = "We count zeros.\n  A second paragraph has $x<y$ & more."
    names: tuple[tuple[str, str, str], ...] = (("Noether", "Emmy", ""), ("King", "Martin", "Jr."))
    categories: tuple[str, ...] = ("cs.AI", "cs.LG")
    sent: tuple[datetime, ...] = (datetime(2026, 11, 19, 17, 30, 5, tzinfo=UTC),)
    datestamp: date = date(2026, 11, 20)
    comments: str = ""
    journal_ref: str = ""
    doi: str = ""
    msc: str = ""
    kind: str = "new"

    @property
    def authors(self) -> str:
        """The line of names that the database keeps."""
        return ", ".join(
            " ".join(filter(None, (given, family, suffix))) for family, given, suffix in self.names
        )


def atom_entry(sample: Sample) -> str:
    """An entry of the API's answers."""
    version = f"{sample.id}v{len(sample.sent)}"
    optional = "".join(
        f"    <arxiv:{name}>{escape(text)}</arxiv:{name}>\n"
        for name, text in (
            ("comment", sample.comments),
            ("journal_ref", sample.journal_ref),
            ("doi", sample.doi),
        )
        if text
    )
    authors = "".join(
        f"    <author>\n      <name>{escape(' '.join(filter(None, (given, family, suffix))))}</name>\n"
        "      <arxiv:affiliation>An Institute</arxiv:affiliation>\n    </author>\n"
        for family, given, suffix in sample.names
    )
    terms = (*sample.categories, *((sample.msc,) if sample.msc else ()))
    categories = "".join(
        f'    <category term={quoteattr(term)} scheme="http://arxiv.org/schemas/atom"/>\n' for term in terms
    )
    return (
        f"  <entry>\n    <id>http://arxiv.org/abs/{version}</id>\n    <title>{escape(sample.title)}</title>\n"
        f"    <updated>{sample.sent[-1]:%Y-%m-%dT%H:%M:%SZ}</updated>\n"
        f'    <link href="https://arxiv.org/abs/{version}" rel="alternate" type="text/html"/>\n'
        f'    <link href="https://arxiv.org/pdf/{version}" rel="related" type="application/pdf" title="pdf"/>\n'
        f"    <summary>{escape(sample.abstract)}</summary>\n{categories}"
        f"    <published>{sample.sent[0]:%Y-%m-%dT%H:%M:%SZ}</published>\n{optional}"
        f'    <arxiv:primary_category term="{sample.categories[0]}"/>\n{authors}  </entry>\n'
    )


def atom_feed(entries: str, total: int) -> bytes:
    """The API's answer around its entries."""
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
        'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">\n'
        "  <id>https://arxiv.org/api/HqHWuZByps04ziY4fhVbPNHBZ9Y</id>\n  <title>arXiv Query</title>\n"
        "  <updated>2026-11-23T00:00:00Z</updated>\n"
        f"  <opensearch:itemsPerPage>10</opensearch:itemsPerPage>\n"
        f"  <opensearch:totalResults>{total}</opensearch:totalResults>\n"
        f"  <opensearch:startIndex>0</opensearch:startIndex>\n{entries}</feed>\n"
    ).encode()


def atom_error(words: str) -> bytes:
    """The API's answer to a request that it refuses."""
    address = f"https://arxiv.org/api/errors#{words.replace(' ', '_')}"
    return atom_feed(
        f"  <entry>\n    <id>{escape(address)}</id>\n    <title>Error</title>\n"
        f"    <updated>2026-11-23T00:00:00Z</updated>\n    <summary>{escape(words)}</summary>\n"
        "    <author>\n      <name>arXiv api core</name>\n    </author>\n  </entry>\n",
        1,
    )


def oai_set(category: str) -> str:
    """The set that a category's papers are in."""
    archive = category.split(".")[0]
    group = archive if archive in ("cs", "econ", "eess", "math", "q-bio", "q-fin", "stat") else "physics"
    return f"{group}:{category.replace('.', ':')}"


def oai_record(sample: Sample, prefix: str = "arXivRaw") -> str:
    """A record in one of the two formats of arXiv's own."""
    sets = "".join(f"        <setSpec>{oai_set(category)}</setSpec>\n" for category in sample.categories)
    header = (
        f"      <header>\n        <identifier>oai:arXiv.org:{sample.id}</identifier>\n"
        f"        <datestamp>{sample.datestamp}</datestamp>\n{sets}      </header>\n"
    )
    named = (
        ("comments", sample.comments),
        ("msc-class", sample.msc),
        # The service writes the MSC class here too; what it has is what we get.
        ("acm-class", sample.msc),
        ("journal-ref", sample.journal_ref),
        ("doi", sample.doi),
        ("license", "http://creativecommons.org/licenses/by/4.0/"),
        ("abstract", sample.abstract),
    )
    rest = "".join(f"          <{name}>{escape(text)}</{name}>\n" for name, text in named if text)
    title = f"          <title>{escape(sample.title)}</title>\n"
    categories = f"          <categories>{' '.join(sample.categories)}</categories>\n"
    if prefix == "arXivRaw":
        versions = "".join(
            f'          <version version="v{number}">\n'
            f"            <date>{sent:%a, %d %b %Y %H:%M:%S} GMT</date>\n            <size>12kb</size>\n"
            "            <source_type>D</source_type>\n          </version>\n"
            for number, sent in enumerate(sample.sent, start=1)
        )
        inner = (
            f"          <submitter>A Submitter</submitter>\n{versions}{title}"
            f"          <authors>{escape(sample.authors)}</authors>\n{categories}{rest}"
        )
    else:
        authors = "".join(
            f"            <author>\n              <keyname>{escape(family)}</keyname>\n"
            + (f"              <forenames>{escape(given)}</forenames>\n" if given else "")
            + (f"              <suffix>{escape(suffix)}</suffix>\n" if suffix else "")
            + "            </author>\n"
            for family, given, suffix in sample.names
        )
        inner = (
            f"          <created>{sample.sent[-1]:%Y-%m-%d}</created>\n"
            f"          <authors>\n{authors}          </authors>\n{title}{categories}{rest}"
        )
    return (
        f'    <record>\n{header}      <metadata>\n        <{prefix} xmlns="http://arxiv.org/OAI/{prefix}/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
        f"          <id>{sample.id}</id>\n{inner}        </{prefix}>\n      </metadata>\n    </record>\n"
    )


def oai_deleted(paper_id: str, day: str) -> str:
    """The record of a paper that is no more."""
    return (
        f'    <record>\n      <header status="deleted">\n'
        f"        <identifier>oai:arXiv.org:{paper_id}</identifier>\n"
        f"        <datestamp>{day}</datestamp>\n      </header>\n    </record>\n"
    )


def oai_document(inner: str, now: datetime = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)) -> bytes:
    """An answer of OAI-PMH around its contents."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"\n'
        '         xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
        f"  <responseDate>{now:%Y-%m-%dT%H:%M:%SZ}</responseDate>\n"
        f'  <request verb="ListRecords">http://oaipmh.arxiv.org/oai</request>\n{inner}</OAI-PMH>\n'
    ).encode()


def oai_error(code: str, words: str) -> bytes:
    """An error of OAI-PMH, which comes with HTTP status 200."""
    return oai_document(f"  <error code='{code}'>{escape(words)}</error>\n")


def oai_list(records: str, token: str | None = None) -> bytes:
    """A page of ListRecords; the last one of several has an empty token, a single one has none."""
    if token is None:
        written = ""
    elif token:
        written = (
            f"    <resumptionToken expirationDate='2026-11-24T00:00:00Z'>{escape(token)}</resumptionToken>\n"
        )
    else:
        written = "    <resumptionToken/>\n"
    return oai_document(f"  <ListRecords>\n{records}{written}  </ListRecords>\n")


def feed_entry(sample: Sample, day: date) -> str:
    """An entry of the announcements in Atom."""
    version = f"{sample.id}v{len(sample.sent)}"
    categories = "".join(f'    <category term="{category}"/>\n' for category in sample.categories)
    return (
        f"  <entry>\n    <id>oai:arXiv.org:{version}</id>\n    <title>{escape(sample.title)}</title>\n"
        f"    <updated>{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}+00:00</updated>\n"
        f'    <link href="https://arxiv.org/abs/{sample.id}" rel="alternate" type="text/html"/>\n'
        f"    <summary>arXiv:{version} Announce Type: {sample.kind} \n"
        f"Abstract: {escape(sample.abstract)}</summary>\n{categories}"
        f"    <published>{day}T00:00:00{NEW_YORK}</published>\n"
        f"    <arxiv:announce_type>{sample.kind}</arxiv:announce_type>\n"
        "    <dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>\n"
        + (
            f"    <arxiv:journal_reference>{escape(sample.journal_ref)}</arxiv:journal_reference>\n"
            if sample.journal_ref
            else ""
        )
        + (f"    <arxiv:DOI>{escape(sample.doi)}</arxiv:DOI>\n" if sample.doi else "")
        + f"    <dc:creator>{escape(sample.authors)}</dc:creator>\n  </entry>\n"
    )


def feed_document(entries: str, title: str = "cs.AI updates on arXiv.org", words: str = "updates") -> bytes:
    """The announcements in Atom around their entries."""
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<feed xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns="http://www.w3.org/2005/Atom" xml:lang="en-us">\n'
        f"  <id>http://rss.arxiv.org/atom/cs.AI</id>\n  <title>{escape(title)}</title>\n"
        f"  <updated>2026-11-23T05:00:01.000000+00:00</updated>\n  <subtitle>{escape(words)}</subtitle>\n"
        f"{entries}</feed>\n"
    ).encode()


def rss_document(samples: list[Sample], day: date) -> bytes:
    """The announcements in RSS 2.0."""
    midnight = f"{day:%a, %d %b %Y} 00:00:00 -0500"
    items = "".join(
        f"    <item>\n      <title>{escape(sample.title)}</title>\n"
        f"      <link>https://arxiv.org/abs/{sample.id}</link>\n"
        f"      <description>arXiv:{sample.id}v{len(sample.sent)} Announce Type: {sample.kind} \n"
        f"Abstract: {escape(sample.abstract)}</description>\n"
        f'      <guid isPermaLink="false">oai:arXiv.org:{sample.id}v{len(sample.sent)}</guid>\n'
        + "".join(f"      <category>{category}</category>\n" for category in sample.categories)
        + f"      <pubDate>{midnight}</pubDate>\n      <arxiv:announce_type>{sample.kind}</arxiv:announce_type>\n"
        f"      <dc:creator>{escape(sample.authors)}</dc:creator>\n    </item>\n"
        for sample in samples
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:atom="http://www.w3.org/2005/Atom" version="2.0">\n  <channel>\n'
        "    <title>cs.AI updates on arXiv.org</title>\n    <link>http://rss.arxiv.org/rss/cs.AI</link>\n"
        f"    <description>cs.AI updates</description>\n    <pubDate>{midnight}</pubDate>\n"
        f"    <skipDays>\n      <day>Saturday</day>\n    </skipDays>\n{items}  </channel>\n</rss>\n"
    ).encode()


@dataclass(frozen=True)
class Request:
    """What was asked, and when by the machine's own clock."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    instant: float


class Handler(BaseHTTPRequestHandler):
    """One request; `send` answers it, and faults answer in its stead."""

    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_GET(self) -> None:
        arxiv = self.server.arxiv
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        with arxiv.lock:
            arxiv.requests.append(Request(parts.path, query, dict(self.headers), time.monotonic()))
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


Fault = Callable[[Handler], None]


@dataclass
class Arxiv:
    """The state of the loopback arXiv; tests change it between requests."""

    papers: list[Sample] = field(default_factory=list)
    page_size: int = 3
    announced: date = date(2026, 11, 23)
    feed_limit: int = 2000
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
        return Addresses(f"{self.address}/api/query", f"{self.address}/oai", f"{self.address}/atom/")

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        """The answer to a request without a fault."""
        if path == "/api/query":
            return self._api(query)
        if path == "/oai":
            return 200, self._oai(query)
        if path.startswith("/atom/"):
            return self._feed(path.removeprefix("/atom/"))
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
