"""Addresses over what the server's parser can hold are refused with 414, in the shapes that all failures have.

The connection (`app/serving/connections.py`) keeps the start of such an address, and reports its size.
"""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Sentence
from app.web.errors import failure

MOST_ADDRESS_BYTES = 65_000
"""httptools counts positions in an address with 16 bits."""

ADDRESS_SIZE = "address_bytes"
"""Where the connection says, in the scope's state, how long an address was that is too long."""


class AddressLimit:
    """Answers 414 to what the connection found too long."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = scope.get("state", {}).get(ADDRESS_SIZE)
        if scope["type"] != "http" or size is None:
            await self.app(scope, receive, send)
            return
        reason = Sentence(
            "The address has {size:,} bytes; at most {most:,} are taken. "
            "Many ids go by POST: /api/v1/papers and /api/v1/cite take them in a body",
            size=size,
            most=MOST_ADDRESS_BYTES,
        )
        response = failure(Request(scope), 414, "address-too-long", reason)
        await response(scope, receive, send)
