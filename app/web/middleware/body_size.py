"""Bodies over the limit are refused with 413: by their announced length before a byte is read, else while they come.

Compressed ones are refused with 415: they would have to be unpacked to be bounded.
"""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import Overloaded, Sentence, TooLarge
from app.web.errors import failure

NDJSON = "application/x-ndjson"
_MOST_DIGITS = 18  # of a length that is read as a number


def is_lines(headers: Headers) -> bool:
    """Whether a request's body is newline-delimited JSON."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == NDJSON


class BodyTooLarge(TooLarge, HTTPException):
    """A body over the limit, found while it was read; FastAPI lets exceptions of Starlette pass its own reading."""

    def __init__(self, reason: str) -> None:
        TooLarge.__init__(self, reason)
        self.status_code, self.detail, self.headers = 413, reason, None


class TooManyBodies(Overloaded, HTTPException):
    """More bytes of bodies than a worker holds at once have come."""

    def __init__(self, most: int) -> None:
        reason = Sentence(
            "requests being sent take {most:,} bytes already (QUIRE_MAX_BODIES_BYTES); try again in a moment",
            most=most,
        )
        Overloaded.__init__(self, reason)
        self.status_code, self.detail, self.headers = 503, reason, {"retry-after": str(self.retry_after)}


class BodyLimit:
    """Bounds request bodies to `most` bytes, and all that are held at once to `most_together`.

    Streams are left alone: `streamed` are the paths of routes that read newline-delimited JSON, and bound each line.
    """

    def __init__(self, app: ASGIApp, most: int, most_together: int, streamed: Collection[str] = ()) -> None:
        self.app = app
        self.streamed = frozenset(streamed)
        self.most = most
        self.most_together = most_together
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        encoding, announced = "identity", ""
        for name, value in scope["headers"]:
            if name == b"content-encoding":
                encoding = value.decode("latin-1").strip().lower()
            elif name == b"content-length":
                announced = value.decode("latin-1")
        if encoding != "identity":
            detail = f"The body is sent as {encoding[:40]!r}; send it as it is, without a content-encoding"
            await failure(Request(scope), 415, "unsupported-media-type", detail)(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path in self.streamed and is_lines(Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        if announced.isdecimal() and (len(announced) > _MOST_DIGITS or int(announced) > self.most):
            response = failure(Request(scope), 413, "too-large", self._reason(announced))
            await response(scope, receive, send)
            return
        received = 0

        async def receive_counting() -> Message:
            nonlocal received
            message = await receive()
            size = len(message.get("body", b""))
            received += size
            self._held += size
            if received > self.most:
                raise BodyTooLarge(self._reason(str(received)))
            if self._held > self.most_together:
                raise TooManyBodies(self.most_together)
            return message

        try:
            await self.app(scope, receive_counting, send)
        finally:
            self._held -= received

    def _reason(self, digits: str) -> str:
        size = (
            f"{int(digits):,}"
            if len(digits) <= _MOST_DIGITS
            else Sentence("a number of {count:,} digits of", count=len(digits))
        )
        return Sentence(
            "The body has {size} bytes or more; at most {most:,} are taken (QUIRE_MAX_BODY_BYTES)",
            size=size,
            most=self.most,
        )
