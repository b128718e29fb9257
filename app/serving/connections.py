"""What one connection may cost: bytes of a request's headers, seconds of silence, and how many there are at once.

uvicorn's protocol bounds none of these, and an endless head would fill the memory before any request is seen. What is
refused here leaves as problem+json too. Knows nothing of routes; bodies are bounded in `web/middleware/body_size.py`.
"""

import asyncio
import contextlib
import sys
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.errors import InputError
from app.serving.plain_http import PlainHttpParser
from app.web.errors import problem_json
from app.web.middleware.address_length import ADDRESS_SIZE, MOST_ADDRESS_BYTES

if sys.platform == "win32":
    fcntl = None
else:
    import fcntl
    import termios

log = structlog.get_logger()

DRAIN_GRACE = 0.5
"""Seconds that a connection stays open for a request on its way, once the server was told to stop."""

LINGER = 2.0
"""Seconds for which the rest of a refused request is read and thrown away, so that its answer is not lost with it."""

MOST_LINGERING = 64
"""Refused connections that linger at once: each holds a file, of which the system may have few left."""

_STILL_LOOKS = 2
_SHOWN_PATH = 200


@dataclass(frozen=True)
class ConnectionBounds:
    """What a connection may cost; times in seconds."""

    head_bytes: int
    head_seconds: float
    silent_seconds: float
    connections: int
    unread_bytes: int
    """What answers that clients have not taken may hold together."""


class BoundedConnection(HttpToolsProtocol):
    """One client's connection; `bounded` makes the class whose bounds are set."""

    bounds: ConnectionBounds
    unread: "dict[BoundedConnection, None]"
    """The connections whose clients leave more of an answer unread than is sent at once, in the order it began."""
    lingering: "dict[BoundedConnection, None]"
    """The connections that were refused and wait for the rest of their requests, in the order it began."""
    _since_progress = 0  # bytes read that were no body and ended no head
    _address_bytes = 0
    _in_head = True
    _whole = True  # nothing of a request is missing
    _head_begun = 0.0
    _draining = False
    _refused = False
    _answering: RequestResponseCycle | None = None
    _waiting: asyncio.TimerHandle | None = None
    _writing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.parser = PlainHttpParser(self)  # type: ignore[assignment] # it has the interface of httptools' own
        super().connection_made(transport)
        if len(self.connections) > self.bounds.connections:
            self._refuse(503, "overloaded", "too many connections are open; try again in a moment")
        else:
            self._waiting = self.loop.call_later(self.bounds.head_seconds, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
        self.unread.pop(self, None)
        self.lingering.pop(self, None)
        self._abandon()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._stop_waiting()
        self._since_progress += len(data)
        super().data_received(data)
        if self._whole or self._refused:
            return
        if self._since_progress > self.bounds.head_bytes:
            self._refuse_head()
        else:
            self._wait_for_the_rest()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the signature is uvicorn's
        self._refuse(
            400, "malformed", "this is not an HTTP request: its first line, a header or a chunk is broken"
        )

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._whole, self._address_bytes = True, False, 0
        self._head_begun = self.loop.time()

    def on_url(self, url: bytes) -> None:
        # What is too long is not kept, and so costs no more than time.
        self._address_bytes += len(url)
        self._since_progress -= len(url)
        super().on_url(url[: max(0, MOST_ADDRESS_BYTES - len(self.url))])

    def on_headers_complete(self) -> None:
        if self._since_progress > self.bounds.head_bytes:
            size = sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > self.bounds.head_bytes:
                self._refuse_head()
                return
        if self._address_bytes > MOST_ADDRESS_BYTES:
            self.url = self.url.partition(b"?")[0][:_SHOWN_PATH]
            state: dict[str, Any] = self.scope["state"]
            state[ADDRESS_SIZE] = self._address_bytes
        self._in_head, self._since_progress = False, 0
        hosts = [value for name, value in self.headers if name == b"host"]
        if len(hosts) > 1 or (not hosts and self.parser.get_http_version() == "1.1"):
            said = f"this request names {len(hosts)} hosts; it should have one Host header"
            self._refuse(400, "malformed", said)
            return
        super().on_headers_complete()
        if self._draining:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        self._since_progress = 0
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._whole, self._since_progress = True, 0
        if not self._refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._abort_if_nobody_reads()

    def shutdown(self) -> None:
        """Drains: the request being read or answered is the last, and one that is on its way is still taken."""
        self._draining = True
        if asked := self._unanswered():
            asked[-1].keep_alive = False
        else:
            self.loop.call_later(DRAIN_GRACE, self._close_if_idle)

    def give_up(self) -> None:
        """Closes the connection at once; what was asked on it gets no answer."""
        self._abandon()
        self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._abort_if_nobody_reads()
        self.unread.setdefault(self)
        while sum(held.transport.get_write_buffer_size() for held in self.unread) > self.bounds.unread_bytes:
            longest = next(iter(self.unread))
            del self.unread[longest]
            longest.transport.abort()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.unread.pop(self, None)
        if self._writing is not None and not self.transport.is_closing():
            self._writing.cancel()
            self._writing = None

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._abort_if_nobody_reads()

    def _wait_for_the_rest(self) -> None:
        """A head has to be whole in time, however it trickles in; a body only must not fall silent."""
        seconds = self.bounds.silent_seconds
        if self._in_head:
            seconds = self._head_begun + self.bounds.head_seconds - self.loop.time()
        self._waiting = self.loop.call_later(max(0.0, seconds), self._too_slow)

    def _too_slow(self) -> None:
        asked = self._unanswered()
        if self.flow.read_paused or (self._in_head and asked):
            self._head_begun = self.loop.time()
            self._wait_for_the_rest()  # the server itself is what is busy
        elif self._in_head or (asked and not asked[-1].response_started):
            self._refuse(408, "too-slow", "the request did not arrive in time")
        else:
            self.transport.abort()

    def _abort_if_nobody_reads(self) -> None:
        """Ends a connection whose client takes nothing of its answer for a while.

        Its system says that there is room only once some tens of kilobytes are free: two looks in a row have to find
        that nothing was taken, so that a steady reader of two kilobytes a second is served to the end.
        """
        if self._writing is not None:
            return
        left, still = self._untaken(), 0

        def look() -> None:
            nonlocal left, still
            now = self._untaken()
            still = 0 if now < left else still + 1
            left, self._writing = now, None
            if still >= _STILL_LOOKS:
                self.transport.abort()
            elif left:
                self._writing = self.loop.call_later(self.bounds.silent_seconds, look)

        if left:
            self._writing = self.loop.call_later(self.bounds.silent_seconds, look)

    def _untaken(self) -> int:
        """Bytes of answers that the client has not taken: those that wait here, and those in the system's hands."""
        waiting = self.transport.get_write_buffer_size()
        if not waiting or fcntl is None:
            return waiting
        with contextlib.suppress(OSError):  # a system without the question; then what waits here has to do
            answer = fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
            waiting += int.from_bytes(answer, sys.byteorder)
        return waiting

    def _close_if_idle(self) -> None:
        if self._whole and not self._unanswered():
            self.transport.close()

    def _refuse_head(self) -> None:
        most = self.bounds.head_bytes
        detail = f"the headers have more than {most:,} bytes, the most that is taken (QUIRE_MAX_HEAD_BYTES)"
        self._refuse(431, "too-large", detail)

    def _refuse(self, status: int, kind: str, detail: str) -> None:
        """Answer in the application's stead, where an answer has not begun already, and hang up."""
        request_id = uuid.uuid4().hex
        log.info("refused", status=status, kind=kind, request_id=request_id)
        self._refused = True
        self._stop_waiting()
        if not any(cycle.response_started for cycle in self._unanswered()):
            body = problem_json(status, kind, detail, "", request_id, translate=False)
            lines = [
                f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
                "content-type: application/problem+json",
                f"content-length: {len(body)}",
                f"x-request-id: {request_id}",
                "x-content-type-options: nosniff",
                *(["retry-after: 1"] if status == HTTPStatus.SERVICE_UNAVAILABLE else []),
                "connection: close",
            ]
            self.transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self._abandon()
        self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.abort)
        self.lingering[self] = None
        if len(self.lingering) > MOST_LINGERING:
            longest = next(iter(self.lingering))
            del self.lingering[longest]
            longest.transport.abort()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _unanswered(self) -> list[RequestResponseCycle]:
        """The request that is answered now and those that were sent ahead, in the order they came."""
        asked = [self._answering, *(cycle for cycle, _ in reversed(self.pipeline))]
        return [cycle for cycle in asked if cycle is not None and not cycle.response_complete]

    def _abandon(self) -> None:
        """No client waits any more for what is not answered; uvicorn itself informs the latest request only."""
        for cycle in self._unanswered():
            cycle.disconnected = True
            cycle.message_event.set()
        self.pipeline.clear()

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


# What BoundedConnection overrides or reads without being asked to by uvicorn's documentation.
_HOOKS = ("_start_asgi_task", "on_headers_complete", "on_response_complete", "timeout_keep_alive_handler")


def bounded(bounds: ConnectionBounds) -> type[BoundedConnection]:
    """The protocol class for uvicorn's `http`; raises InputError where this uvicorn lacks what the class builds on."""
    missing = [name for name in _HOOKS if not hasattr(HttpToolsProtocol, name)]
    if missing:
        raise InputError(
            f"uvicorn {uvicorn.__version__} lacks {', '.join(missing)}: "
            "install the version that requirements/runtime.txt names"
        )
    attributes: dict[str, Any] = {"bounds": bounds, "unread": {}, "lingering": {}}
    return type("Connection", (BoundedConnection,), attributes)
