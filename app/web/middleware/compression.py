"""Answers of a kilobyte and more leave compressed where the client takes gzip; short ones pass as they are.

Starlette's compressor does the work. What says that it is short, as most JSON does, never meets it: for a short text
that costs as much as finding the tokens.
"""

from starlette.middleware.gzip import (
    DEFAULT_EXCLUDED_CONTENT_TYPES,
    GZipResponder,
    IdentityResponder,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.middleware.body_size import NDJSON

LEAST_BYTES = 1024
_LEVEL = 5
_NOT_COMPRESSED = (*DEFAULT_EXCLUDED_CONTENT_TYPES, NDJSON)
"""A compressor would hold back lines that are to leave as they come."""


class Compression:
    """Compresses what is worth it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        pass_on = send  # until an answer begins, then whatever is right for it
        begun = False

        async def choose(message: Message) -> None:
            nonlocal begun, pass_on
            if not begun and message["type"] == "http.response.start":
                begun = True
                if not _is_short(message):
                    responder = _responder(scope)
                    responder.send = send
                    pass_on = responder.send_with_compression
            await pass_on(message)

        await self.app(scope, receive, choose)


def _is_short(start: Message) -> bool:
    for name, value in start.get("headers", ()):
        if name == b"content-length":
            return value.isdigit() and int(value) < LEAST_BYTES
    return False


def _responder(scope: Scope) -> IdentityResponder:
    """What compresses an answer, or says that it could have been."""
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
    app: ASGIApp = _nothing
    if b"gzip" in accepted:
        return GZipResponder(app, LEAST_BYTES, compresslevel=_LEVEL, exclude_content_types=_NOT_COMPRESSED)
    return IdentityResponder(app, LEAST_BYTES, exclude_content_types=_NOT_COMPRESSED)


async def _nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """The responder is given messages, and calls no application."""
