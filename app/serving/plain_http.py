"""HTTP/1.1 without upgrades: a request that offers one is read to its end like any other.

httptools stops reading a request at its head where it offers an upgrade, so its body would be lost, or, if it comes in
a later packet, be taken for the next request (https://github.com/Kludex/uvicorn/issues/2722). RFC 9110, 7.8, lets a
server ignore the offer. This one does, by going on with a parser that was shown a head which offers nothing.
"""

from typing import Protocol

import httptools


class Listener(Protocol):
    """httptools' callbacks, called for the parts of requests as they arrive."""

    def on_message_begin(self) -> None: ...
    def on_url(self, url: bytes) -> None: ...
    def on_header(self, name: bytes, value: bytes) -> None: ...
    def on_headers_complete(self) -> None: ...
    def on_body(self, body: bytes) -> None: ...
    def on_message_complete(self) -> None: ...


class PlainHttpParser:
    """httptools' parser of requests, with its interface, which ignores offers to upgrade."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._framing: list[bytes] = []
        self._upgrading = self._muted = False
        self._parser = httptools.HttpRequestParser(self)

    def feed_data(self, data: bytes) -> None:
        """Reads on; raises HttpParserError where the bytes are not HTTP."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on(data[upgrade.args[0] :])

    def get_method(self) -> bytes:
        """The method of the request being read."""
        method: bytes = self._parser.get_method()
        return method

    def get_http_version(self) -> str:
        """The version of the request being read, such as 1.1."""
        version: str = self._parser.get_http_version()
        return version

    def should_keep_alive(self) -> bool:
        """Whether the client wants the connection kept."""
        kept: bool = self._parser.should_keep_alive()
        return kept

    def should_upgrade(self) -> bool:
        """Never: offers are ignored."""
        return False

    def _go_on(self, rest: bytes) -> None:
        """Reads the body, and what follows it, with a parser that stands behind a head of the same framing."""
        self._upgrading = False
        self._parser = httptools.HttpRequestParser(self)
        self._muted = True
        head = b"\r\n".join([b"POST / HTTP/1.1", *self._framing, b"", b""])
        self._parser.feed_data(head)
        self._muted = False
        if rest:
            self.feed_data(rest)

    def on_message_begin(self) -> None:
        if not self._muted:
            self._framing = []
            self._listener.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self._muted:
            self._listener.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._muted:
            if name.lower() in (b"content-length", b"transfer-encoding"):
                self._framing.append(name + b": " + value)
            self._listener.on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self._muted:
            self._upgrading = self._parser.should_upgrade()
            self._listener.on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._listener.on_body(body)

    def on_message_complete(self) -> None:
        if not self._upgrading:
            self._listener.on_message_complete()
