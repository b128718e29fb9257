"""A server of a chat model on loopback: it answers with a test's own bytes, and remembers what it was asked."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def chunk(**delta: Any) -> bytes:
    """An event with one delta."""
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"


def words(*texts: str, end: bytes = b"") -> list[bytes]:
    """The packets of a plain answer, ended as most servers do."""
    stop = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
    return [*(chunk(content=text) for text in texts), stop, end or b"data: [DONE]\n\n"]


@dataclass
class Reply:
    """What one request is answered: packets, each sent by itself, once `gate` (where there is one) is set."""

    packets: Sequence[bytes] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream"})
    gate: threading.Event | None = None
    chunked: bool = True
    stays_open: bool = False


@dataclass
class ChatServerDouble:
    """The requests that came, and how the next ones are answered."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    reply: Callable[[dict[str, Any]], Reply] = lambda body: Reply(words("So."))
    broken_off: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    double: ChatServerDouble

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.double.requests.append({"path": self.path, "headers": dict(self.headers), **body})
        reply = self.double.reply(body)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header(
            "transfer-encoding" if reply.chunked else "connection", "chunked" if reply.chunked else "close"
        )
        self.end_headers()
        try:
            for number, packet in enumerate(reply.packets):
                if number and reply.gate is not None:
                    while not reply.gate.wait(0.02):
                        self._write(b": waiting\n\n", reply.chunked)
                self._write(packet, reply.chunked)
            while reply.stays_open:
                self._write(b": waiting\n\n", reply.chunked)
                time.sleep(0.02)
            if reply.chunked:
                self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.double.broken_off.set()
        self.close_connection = not reply.chunked

    def _write(self, packet: bytes, chunked: bool) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(packet), packet) if chunked else packet)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that hangs up is what some tests are about


@contextmanager
def chat_server() -> Iterator[ChatServerDouble]:
    """A server that listens while the block runs."""
    double = ChatServerDouble()
    handler = type("Handler", (_Handler,), {"double": double})
    server = _Server(("127.0.0.1", 0), handler)
    double.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
