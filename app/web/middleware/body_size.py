"""Bodies over the limit are refused with 413: by their announced length before a byte is read, else while they come."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import TooLarge
from app.web.errors import failure

NDJSON = "application/x-ndjson"
_MOST_DIGITS = 18  # of a length that is read as a number
STREAMED = frozenset({"/api/v1/encode"})
"""Paths of routes that read newline-delimited JSON line by line, and bound each line themselves."""


class BodyTooLarge(TooLarge, HTTPException):
    """A body over the limit, found while it was read; FastAPI lets exceptions of Starlette pass its own reading."""

    def __init__(self, reason: str) -> None:
        TooLarge.__init__(self, reason)
        self.status_code, self.detail, self.headers = 413, reason, None


class BodyLimit:
    """Bounds request bodies to `most` bytes, but for streams whose lines are bounded one by one."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path in STREAMED and headers.get("content-type", "").startswith(NDJSON):
            await self.app(scope, receive, send)
            return
        announced = headers.get("content-length", "")
        if announced.isdecimal() and (len(announced) > _MOST_DIGITS or int(announced) > self.most):
            response = failure(Request(scope), 413, "too-large", self._reason(announced))
            await response(scope, receive, send)
            return
        received = 0

        async def receive_counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.most:
                raise BodyTooLarge(self._reason(str(received)))
            return message

        await self.app(scope, receive_counting, send)

    def _reason(self, digits: str) -> str:
        size = f"{int(digits):,}" if len(digits) <= _MOST_DIGITS else f"a number of {len(digits):,} digits of"
        return f"The body has {size} bytes or more; at most {self.most:,} are taken (QUIRE_MAX_BODY_BYTES)"
