"""Addresses over what uvicorn's parser can hold are refused with 414, in the shapes that all failures have.

uvicorn alone would say "Invalid HTTP request" in plain text and let an address grow in memory without bound.
"""

from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.web.errors import failure

MOST_ADDRESS_BYTES = 65_000
"""httptools counts positions in an address with 16 bits."""

_SHOWN_PATH = 200
_SIZE = "address_bytes"


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol; of an address that is too long it keeps the start of the path, and tells its size."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._address_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._address_bytes += len(url)
        room = MOST_ADDRESS_BYTES - len(self.url)
        super().on_url(url[:room])

    def on_headers_complete(self) -> None:
        if self._address_bytes > MOST_ADDRESS_BYTES:
            self.url = self.url.partition(b"?")[0][:_SHOWN_PATH]
            state: dict[str, Any] = self.scope["state"]
            state[_SIZE] = self._address_bytes
        super().on_headers_complete()


class AddressLimit:
    """Answers 414 to what `BoundedHttp` found too long."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = scope.get("state", {}).get(_SIZE)
        if scope["type"] != "http" or size is None:
            await self.app(scope, receive, send)
            return
        reason = (
            f"The address has {size:,} bytes; at most {MOST_ADDRESS_BYTES:,} are taken. "
            "Many ids go by POST: /api/v1/papers and /api/v1/cite take them in a body"
        )
        response = failure(Request(scope), 414, "address-too-long", reason, headers={"connection": "close"})
        await response(scope, receive, send)
