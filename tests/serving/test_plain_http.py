"""Requests that offer an upgrade are read like any other, however their bytes are cut into packets."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.serving.plain_http import PlainHttpParser

UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: q\r\n\r\n"


class Heard:
    """Requests as they were read: address and body."""

    def __init__(self) -> None:
        self.requests: list[list[Any]] = []
        self.complete = 0

    def on_message_begin(self) -> None:
        self.requests.append([b"", b""])

    def on_url(self, url: bytes) -> None:
        self.requests[-1][0] += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Headers are the parser's own business here."""

    def on_headers_complete(self) -> None:
        """Nothing is decided at the end of a head."""

    def on_body(self, body: bytes) -> None:
        self.requests[-1][1] += body

    def on_message_complete(self) -> None:
        self.complete += 1


BODIES = [
    (b"Content-Length: 0\r\n\r\n", b""),
    (b"\r\n", b""),
    (
        b"Content-Length: 34\r\n\r\nGET /metrics HTTP/1.1\r\nHost: q\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: q\r\n\r\n",
    ),
    (b"Transfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n2\r\n a\r\n0\r\n\r\n", b"GET / a"),
]


@pytest.mark.parametrize(("rest", "body"), BODIES)
@given(cuts=st.lists(st.integers(0, 400), max_size=6))
def test_an_offer_to_upgrade_changes_nothing(rest: bytes, body: bytes, cuts: list[int]) -> None:
    sent = b"POST /one HTTP/1.1\r\nHost: q\r\n" + UPGRADE + rest + NEXT
    edges = sorted({0, len(sent), *(cut for cut in cuts if cut < len(sent))})
    heard = Heard()
    parser = PlainHttpParser(heard)
    for start, end in pairwise(edges):
        parser.feed_data(sent[start:end])
    assert heard.requests == [[b"/one", body], [b"/next", b""]]
    assert heard.complete == 2
