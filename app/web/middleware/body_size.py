"""Bodies over the limit are refused with 413: by their announced length before a byte is read, else while they come."""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import TooLarge
from app.web.errors import failure

NDJSON = "application/x-ndjson"


class BodyLimit:
    """Bounds request bodies to `most` bytes. NDJSON streams are exempt: their lines are bounded one by one."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if headers.get("content-type", "").startswith(NDJSON):
            await self.app(scope, receive, send)
            return
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self.most:
            response = failure(Request(scope), 413, "too-large", self._reason(int(announced)))
            await response(scope, receive, send)
            return
        received = 0

        async def receive_counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.most:
                raise TooLarge(self._reason(received))
            return message

        await self.app(scope, receive_counting, send)

    def _reason(self, size: int) -> str:
        return f"The body has {size:,} bytes or more; at most {self.most:,} are taken (QUIRE_MAX_BODY_BYTES)"
