"""A server of embeddings on loopback, which speaks OpenAI's `/embeddings`: words are vectors, a text is their sum.

Words of one meaning, in English or Chinese, have one vector (MEANINGS), so that what is found by meaning can be told.
It keeps what it was asked, and fails as a test wants it to.
"""

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from app.papers.meaning.embedder import Embedder, Vectors

DIMENSIONS = 96

MEANINGS = [
    {"speech", "voice", "spoken", "prosody", "语音"},
    {"plants", "vegetation", "forest", "crops", "植物"},
    {"graph", "network", "nodes", "图"},
    {"galaxies", "stars", "telescope", "星系"},
    {"prime", "integers", "arithmetic", "素数"},
]
_WORD = re.compile(r"[a-z]+|[\u4e00-\u9fff]+")


def word_vector(word: str, model: str = "words", dimensions: int = DIMENSIONS) -> Vectors:
    """The vector of a word: its meaning's, or one of its own; each model has others."""
    meaning = next((min(group) for group in MEANINGS if word in group), word)
    seed = int.from_bytes(hashlib.sha256(f"{model} {meaning}".encode()).digest()[:8], "little")
    weight = 1.0 if meaning != word or any(word in group for group in MEANINGS) else 0.25
    return (weight * np.random.default_rng(seed).standard_normal(dimensions)).astype(np.float32)


def text_vector(text: str, model: str = "words", dimensions: int = DIMENSIONS) -> Vectors:
    """The sum of the vectors of a text's words; of a text without any, that of the empty word."""
    words = _WORD.findall(text.lower()) or [""]
    total: Vectors = np.sum([word_vector(word, model, dimensions) for word in words], axis=0)
    return total


class WordEmbedder(Embedder):
    """The same without a server."""

    kind = "words"

    def __init__(self, model: str = "words", dimensions: int = DIMENSIONS) -> None:
        super().__init__(model)
        self.dimensions = dimensions
        self.texts: list[str] = []

    def _embed(self, texts: Sequence[str], *, patient: bool) -> Vectors:
        self.texts += texts
        return np.stack([text_vector(text, self.model, self.dimensions) for text in texts])


@dataclass
class Reply:
    """What a request is answered instead of its embeddings."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    breaks_off: bool = False


@dataclass
class EmbeddingServer:
    """The requests that came, and what the next ones are answered; None: their embeddings."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    reply: Callable[[dict[str, Any]], Reply | None] = lambda body: None
    gate: threading.Event | None = None


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request; its vectors stand in reverse, as the protocol allows."""
    data = [
        {"object": "embedding", "index": index, "embedding": text_vector(text, body["model"]).tolist()}
        for index, text in enumerate(body["input"])
    ]
    return {"object": "list", "data": data[::-1], "model": body["model"]}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_double: EmbeddingServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        double = self.server_double
        double.requests.append({"path": self.path, "headers": dict(self.headers), **body})
        if double.gate is not None:
            double.gate.wait(300)
        reply = double.reply(body) or Reply(body=json.dumps(embeddings(body)).encode())
        self.send_response(reply.status)
        for name, value in ({"content-type": "application/json"} | reply.headers).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply.body) + (10 if reply.breaks_off else 0)))
        self.end_headers()
        self.wfile.write(reply.body)
        if reply.breaks_off:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing: a test says what it needs."""


@contextmanager
def embedding_server() -> Iterator[EmbeddingServer]:
    """A server while the block runs."""
    double = EmbeddingServer()
    handler = type("Handler", (_Handler,), {"server_double": double})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    double.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        if double.gate is not None:
            double.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()
