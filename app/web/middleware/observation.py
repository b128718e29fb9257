"""What is recorded about each request: its id, a line in the log, its share of the metrics, the answer to a defect.

Neither a text nor a query is ever logged.
"""

import re
import time
import uuid
from functools import cache

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import Sentence
from app.web.errors import failure

log = structlog.get_logger()

REQUESTS = Counter("http_requests", "Requests answered", ["route", "method", "status"])
SECONDS = Histogram("http_request_duration_seconds", "Time until an answer was sent", ["route", "method"])

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


# Looked up once for each: a label's value is checked and turned into text each time else.
_requests = cache(REQUESTS.labels)
_seconds = cache(SECONDS.labels)


def _given_id(scope: Scope) -> str | None:
    """The id that the client gave, if it is one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            return given if _GIVEN_ID.fullmatch(given) else None
    return None


class Observation:
    """The outermost layer: every request passes it once, whatever becomes of it.

    With `clients` the log's line names the key of a request, or else the address that it came from.
    """

    def __init__(self, app: ASGIApp, clients: bool = False) -> None:
        self.app = app
        self.clients = clients

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _given_id(scope) or uuid.uuid4().hex
        method = scope["method"] if scope["method"] in _METHODS else "other"
        scope["request_id"] = request_id
        if method == "HEAD":
            # It asks for what GET would say, without its body. The server reads the method in its own scope.
            scope = {**scope, "method": "GET"}
        # Filled in by access.py, which knows keys; the layers between may pass on copies of the scope.
        known: dict[str, str] = {}
        scope["known_client"] = known
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", []).append((b"x-request-id", request_id.encode()))
            elif method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_id)
            except ClientDisconnect:
                status = status or 499  # as other servers write it: the client had left
            except Exception:
                # The last place that can answer.
                log.exception("defect")
                if not status:
                    detail = Sentence(
                        "Something unforeseen broke here. It is logged under this request's id."
                    )
                    response = failure(Request(scope), 500, "defect", detail)
                    await response(scope, receive, send_with_id)
            finally:
                seconds = time.perf_counter() - started
                # The route's pattern and not the path: no paper, query or scan of addresses becomes a label.
                route = getattr(scope.get("route"), "path", None) or "unmatched"
                _requests(route, method, status).inc()
                _seconds(route, method).observe(seconds)
                log.info(
                    "request",
                    method=method,
                    path=scope["path"],
                    status=status,
                    milliseconds=round(seconds * 1000, 2),
                    # The same fields in every line, so that a program that reads them needs no special cases.
                    key=known.get("key") if self.clients else None,
                    client=scope["client"][0] if self.clients and scope.get("client") else None,
                )
