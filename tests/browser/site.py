"""A small server on loopback that serves the repository's static/ and pages given by tests, under a strict policy."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import BinaryIO

ROOT = Path(__file__).resolve().parents[2]
POLICY = (
    "default-src 'none'; connect-src 'self'; font-src 'self'; img-src 'self' data:; script-src 'self'; "
    "style-src 'self'; style-src-elem 'self' 'unsafe-inline'; style-src-attr 'none'; worker-src blob:"
)
HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>test</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<link rel="icon" href="data:,">'
    '<link rel="stylesheet" href="/static/css/tokens.css"><link rel="stylesheet" href="/static/css/page.css">'
    '<link rel="stylesheet" href="/static/math-text/math-text.css">'
)
MATH_TEXT = '<script type="module" src="/static/math-text/math-text.js"></script>'


class Site:
    """Where the server listens, and the pages that tests have given it."""

    def __init__(self) -> None:
        self.address = ""
        self.pages: dict[str, bytes] = {}

    def page(self, body: str, head: str = MATH_TEXT, strict: bool = True) -> str:
        """The address of a page with this body; a page that is not strict has no policy to save it."""
        name = f"/{'page' if strict else 'lax'}/{len(self.pages)}"
        self.pages[name] = f"{HEAD}{head}</head><body><main>{body}</main></body></html>".encode()
        return self.address + name


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, site: Site, *arguments: object, **options: object) -> None:
        self.site = site
        super().__init__(*arguments, **options)  # type: ignore[arg-type]

    def send_head(self) -> BytesIO | BinaryIO | None:
        page = self.site.pages.get(self.path)
        if page is None:
            return super().send_head()
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        return BytesIO(page)

    def end_headers(self) -> None:
        if not self.path.startswith("/lax/"):
            self.send_header("content-security-policy", POLICY)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Tests print what they find themselves."""


@contextmanager
def serving() -> Iterator[Site]:
    """A site that answers until the block ends."""
    site = Site()
    handler = functools.partial(_Handler, site, directory=str(ROOT))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        site.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
