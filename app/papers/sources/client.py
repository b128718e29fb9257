"""The one way by which papers' sources are asked: politely, with bounds on all, and not at all when offline.

The rules are arXiv's (https://info.arxiv.org/help/api/tou.html): one connection, one request in three seconds over
all processes, an honest name, and waiting when asked to. What answers mean is for the readers of each format.
"""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import httpx

from app.errors import InputError, Sentence, SourceError, message_of
from app.papers.sources.markup import MarkupError
from app.papers.sources.queue import RequestQueue

T = TypeVar("T")
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_NO_WAY = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)
_MOST_REDIRECTS = 5
_LONGEST_REFUSAL = 1 << 14
_FIRST_BACKOFF, _LONGEST_BACKOFF = 5.0, 120.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the sources are: the API, OAI-PMH, the feeds (categories follow the last slash), and papers' texts (an id
    with its version follows)."""

    api: str = "https://export.arxiv.org/api/query"
    oai: str = "https://oaipmh.arxiv.org/oai"
    feeds: str = "https://rss.arxiv.org/atom/"
    html: str = "https://arxiv.org/html/"
    ar5iv: str = "https://ar5iv.labs.arxiv.org/html/"
    pdf: str = "https://arxiv.org/pdf/"


class _Passing(Exception):
    """A failure that may be gone when asked again, after `wait` seconds where the server says so."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class _Moved(Exception):
    def __init__(self, target: httpx.URL) -> None:
        super().__init__(str(target))
        self.target = target


class PoliteClient:
    """Asks papers' sources one request after the other; to be closed, or used in a `with`.

    `folder` keeps the queue that all processes share. `version` and `contact` (a mail address or a page) name us
    in the user agent. `timeout` bounds each wait for the network and `deadline` a whole answer, in seconds;
    `max_bytes` an answer's size uncompressed; `attempts` how often a request is made before giving up; `patience`
    how many seconds are waited for a turn. `transport`, `addresses`, `clock`, `stopwatch`, `sleep` and `jitter` are
    arguments for tests; `notice` is called with a sentence when there is a wait.
    """

    def __init__(
        self,
        folder: Path,
        *,
        version: str,
        contact: str = "",
        daily_budget: int = 2000,
        offline: bool = False,
        addresses: Addresses | None = None,
        transport: httpx.BaseTransport | None = None,
        interval: float = 3.0,
        timeout: float = 30.0,
        deadline: float = 300.0,
        patience: float = 900.0,
        attempts: int = 5,
        max_bytes: int = 64 << 20,
        clock: Callable[[], float] = time.time,
        stopwatch: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.addresses = addresses or Addresses()
        self._offline, self._attempts, self._reached = offline, attempts, False
        self._deadline, self._max_bytes = deadline, max_bytes
        self._clock, self._stopwatch, self._jitter, self._notice = clock, stopwatch, jitter, notice
        self._origins = {_origin(httpx.URL(address)) for address in astuple(self.addresses)}
        self._queue = RequestQueue(
            folder,
            interval=interval,
            daily_budget=daily_budget,
            patience=patience,
            clock=clock,
            sleep=sleep,
            notice=notice,
        )
        self._http = httpx.Client(
            transport=transport,
            timeout=timeout,
            # No connection outlives its request: the one that arXiv allows belongs to the next request.
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=0),
            headers={"User-Agent": user_agent(version, contact), "Accept-Encoding": "gzip"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of what the network needs."""
        self._http.close()

    def today(self) -> date:
        """The day by the client's clock, in UTC, as the sources count."""
        return datetime.fromtimestamp(self._clock(), UTC).date()

    def get(self, address: str, parameters: Mapping[str, str], read: Callable[[bytes], T]) -> T:
        """What `read` makes of the answer; a MarkupError that it raises for a cut one counts as a cut connection.

        Waits in the queue, and again where the server asks to or breaks off. Raises SourceError where it refuses,
        keeps failing, can't be reached from the start, or where we are offline or over the budget.
        """
        if self._offline:
            raise SourceError(Sentence("Quire is offline (QUIRE_OFFLINE is set) and contacts no other host"))
        # httpx would else drop a query that the address brings along.
        url = httpx.URL(address, params=parameters) if parameters else httpx.URL(address)
        for _ in range(_MOST_REDIRECTS + 1):
            try:
                return self._persist(url, read)
            except _Moved as moved:
                url = self._checked(moved.target)
        raise SourceError(
            Sentence(
                "{address} redirects more than {most} times",
                address=address,
                most=_MOST_REDIRECTS,
            )
        )

    def _checked(self, url: httpx.URL) -> httpx.URL:
        known = url.host == "arxiv.org" or url.host.endswith(".arxiv.org")
        if (known and url.scheme == "https") or _origin(url) in self._origins:
            return url
        raise SourceError(
            Sentence(
                "a source redirects to {host}, which is not one of arXiv's hosts; Quire does not follow it",
                host=url.host,
            )
        )

    def _persist(self, url: httpx.URL, read: Callable[[bytes], T]) -> T:
        attempt = 0
        while True:
            with self._queue.turn():
                try:
                    with self._counted(url):
                        return self._once(url, read)
                except (_Passing, httpx.RequestError) as error:
                    said = message_of(error) or type(error).__name__
                    if isinstance(error, _NO_WAY) and not self._reached:
                        # No server asked to wait, and the caller learns it at once.
                        raise SourceError(
                            Sentence(
                                "{host} can't be reached ({said}); check this machine's connection",
                                host=url.host,
                                said=said,
                            )
                        ) from error
                    attempt += 1
                    asked = isinstance(error, _Passing) and error.wait is not None
                    wait = self._backoff(attempt, error)
                    self._queue.pause(wait, asked=asked)
                    if attempt >= self._attempts:
                        raise SourceError(
                            Sentence(
                                "{host} failed {attempt} times: {said}",
                                host=url.host,
                                attempt=attempt,
                                said=said,
                            )
                        ) from error
                    self._notice(Sentence("{host}: {said}; trying again", host=url.host, said=said))

    @contextmanager
    def _counted(self, url: httpx.URL) -> Iterator[None]:
        """Has the queue remember to which source one request went, and how it ended."""
        outcome = "failed"
        try:
            yield
            outcome = "answered"
        except _Moved:
            outcome = "redirected"
            raise
        except SourceError:
            outcome = "refused"
            raise
        finally:
            named = (name for name, base in asdict(self.addresses).items() if str(url).startswith(base))
            self._queue.count_outcome(next(named, "elsewhere"), outcome)

    def _backoff(self, attempt: int, error: Exception) -> float:
        """Seconds: what the server asks for, else doubling with each attempt, half to one and a half of it."""
        if isinstance(error, _Passing) and error.wait is not None:
            return error.wait
        return min(_FIRST_BACKOFF * 2.0 ** (attempt - 1), _LONGEST_BACKOFF) * (0.5 + self._jitter())

    def _once(self, url: httpx.URL, read: Callable[[bytes], T]) -> T:
        request = self._http.build_request("GET", url)
        try:
            response = self._http.send(request, stream=True)
        finally:
            self._queue.note_arrival()
        with closing(response):
            self._reached = True
            if response.has_redirect_location:
                raise _Moved(_target(url, response))
            if response.status_code != 200:
                raise self._refusal(url, response)
            body = self._body(response, self._max_bytes)
            if len(body) > self._max_bytes:
                raise SourceError(
                    Sentence(
                        "the answer of {host} is over the limit of {most} bytes",
                        host=url.host,
                        most=self._max_bytes,
                    )
                )
        if _is_rate_exceeded(body):
            raise _Passing(Sentence("Rate exceeded."), self._retry_after(response))
        try:
            return read(body)
        except MarkupError as error:
            message = Sentence(
                "the answer breaks off or is not an answer (line {line}: {error})",
                line=error.line,
                error=error,
            )
            raise (
                _Passing(message)
                if error.cut
                else SourceError(Sentence("{host}: {message}", host=url.host, message=message))
            ) from error

    def _body(self, response: httpx.Response, most: int) -> bytes:
        """The answer as far as it came when it was over `most` bytes."""
        start, parts, size = self._stopwatch(), [], 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > most:
                break
            if self._stopwatch() - start > self._deadline:
                raise _Passing(
                    Sentence("the answer took longer than {deadline:.0f} s", deadline=self._deadline)
                )
        return b"".join(parts)

    def _refusal(self, url: httpx.URL, response: httpx.Response) -> Exception:
        """What a status other than 200 means: something to wait for, or the server's last word."""
        body = self._body(response, _LONGEST_REFUSAL)
        said = Sentence(
            "HTTP status {status}: {words}",
            status=response.status_code,
            words=_explanation(body[:_LONGEST_REFUSAL]),
        )
        if response.status_code in _PASSING or _is_rate_exceeded(body):
            return _Passing(said, self._retry_after(response))
        return SourceError(Sentence("{host} refuses {path}: {said}", host=url.host, path=url.path, said=said))

    def _retry_after(self, response: httpx.Response) -> float | None:
        """Seconds, from a header that holds seconds or a date (RFC 9110, 10.2.3); None where it says neither."""
        value = response.headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdigit():
            return float(value[:9])
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - self._clock())
        except (ValueError, TypeError, OverflowError):
            return None


def user_agent(version: str, contact: str) -> str:
    """The name that sources know us by, such as `quire/0.1.0 (mailto:me@example.org)`.

    Raises InputError where the contact can't stand in a header.
    """
    if not contact:
        return f"quire/{version}"
    if not re.fullmatch(r"[!-'*-~]{3,200}", contact):
        raise InputError(
            "QUIRE_CONTACT should be an email address or the address of a page, in ASCII and without spaces or "
            f"parentheses, not {contact[:60]!r}"
        )
    return (
        f"quire/{version} ({contact_address(contact)})"
        if "://" not in contact
        else f"quire/{version} (+{contact})"
    )


def contact_address(contact: str) -> str:
    """A contact as the address that it is, `mailto:` before a bare mail address.

    >>> contact_address("me@example.org"), contact_address("https://example.org/me")
    ('mailto:me@example.org', 'https://example.org/me')
    """
    return f"mailto:{contact}" if "@" in contact and ":" not in contact else contact


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _target(url: httpx.URL, response: httpx.Response) -> httpx.URL:
    try:
        return url.join(response.headers["Location"])
    except httpx.InvalidURL as error:
        raise SourceError(Sentence("{host} redirects to an invalid address", host=url.host)) from error


def _is_rate_exceeded(body: bytes) -> bool:
    """Whether arXiv throttles us: it says so in plain text, not always with a status that says so too."""
    return len(body) < 200 and body.strip().lower().startswith(b"rate exceeded")


def _explanation(body: bytes) -> str:
    """The words of a refusal, with the tags and the addresses between them taken away."""
    text = re.sub(r"<[^<>]{0,999}>|https?://\S{0,999}", " ", body.decode("utf-8", "replace"))
    words = " ".join(text.split())
    return words[-300:] if words else "without a word"
