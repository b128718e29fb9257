"""A server on loopback that speaks the Hugging Face Hub's protocol, as far as a tokenizer is fetched by it.

Files in `large` are kept elsewhere, as Git LFS's are: their address redirects there, with the ETag in `X-Linked-Etag`.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Hub:
    """What the server has, and what it was asked for."""

    files: dict[str, bytes]
    large: set[str] = field(default_factory=set)
    repository: str = "org/name"
    token: str | None = None
    """Who doesn't send it gets 401, as for a private or gated repository."""
    gated: bool = False
    cut: str | None = None
    """The file after half of which the connection ends."""
    asked: list[str] = field(default_factory=list)
    address: str = ""

    @property
    def commit(self) -> str:
        return hashlib.sha1(repr(sorted(self.files.items())).encode()).hexdigest()


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """The hub with its address set."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, body: bool) -> None:
            hub.asked.append(f"{self.command} {self.path}")
            if hub.token and self.headers.get("authorization") != f"Bearer {hub.token}":
                code = "GatedRepo" if hub.gated else "RepoNotFound"
                return self.send(403 if hub.gated else 401, b'{"error": "no"}', body, {"X-Error-Code": code})
            if self.path.startswith("/elsewhere/"):
                name = self.path.rpartition("/")[2]
                return self.send(200, hub.files[name], body, {"ETag": f'"{sha256(hub.files[name])}"'}, name)
            if not self.path.partition("?")[0].startswith(
                (f"/api/models/{hub.repository}", f"/{hub.repository}/")
            ):
                return self.send(404, b'{"error": "no"}', body, {"X-Error-Code": "RepoNotFound"})
            if self.path.startswith("/api/"):
                return self.send(200, json.dumps(self.described()).encode(), body)
            name = self.path.rpartition("/")[2]
            if name not in hub.files:
                return self.send(404, b"", body, {"X-Error-Code": "EntryNotFound"})
            content = hub.files[name]
            known = {"X-Repo-Commit": hub.commit}
            if name in hub.large:
                linked = {"X-Linked-Etag": f'"{sha256(content)}"', "X-Linked-Size": str(len(content))}
                return self.send(
                    302,
                    b"",
                    body,
                    {
                        **known,
                        **linked,
                        "Location": f"{hub.address.replace('127.0.0.1', 'localhost')}/elsewhere/{name}",
                    },
                )
            etag = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            return self.send(200, content, body, {**known, "ETag": f'"{etag}"'}, name)

        def described(self) -> Any:
            if "/tree/" in self.path:
                return [
                    {"type": "file", "path": name, "size": len(content), "oid": sha256(content)[:40]}
                    for name, content in hub.files.items()
                ]
            return {
                "id": hub.repository,
                "modelId": hub.repository,
                "sha": hub.commit,
                "private": False,
                "tags": [],
                "downloads": 0,
                "siblings": [{"rfilename": name} for name in hub.files],
            }

        def send(
            self,
            status: int,
            content: bytes,
            body: bool,
            headers: dict[str, str] | None = None,
            name: str | None = None,
        ) -> None:
            self.send_response(status)
            for key, value in (headers or {}).items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if not body:
                return
            if name is not None and name == hub.cut:
                self.wfile.write(content[: len(content) // 2])
                self.wfile.flush()
                self.close_connection = True
                self.connection.close()
                return
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
