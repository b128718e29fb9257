"""Embedding by a server that speaks OpenAI's `/embeddings`, as llama.cpp, vLLM and text-embeddings-inference do.

A batch that a server finds too large is sent in halves, and so are all from one that it takes too long for; a text that
is too long for it is cut.
The key is sent and never shown: not in a message, not in a log.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import orjson
from numpy.typing import NDArray

from app.errors import EmbedError
from app.papers.meaning.embedder import Embedder

_ATTEMPTS = 5
_LONGEST_WAIT = 30.0
_QUERY_SECONDS = 5.0
"""A reader waits no longer for a query's vector: words alone are searched then."""

_LEAST_CHARACTERS = 200
_MOST_SAID = 300
_TOO_MUCH = frozenset({400, 413, 422})
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


@dataclass(frozen=True)
class Server:
    """A server of embeddings: its address, the model to ask for, its key, texts in a request, the longest silence."""

    url: str
    model: str
    key: str = ""
    batch: int = 64
    seconds: float = 60.0

    def __repr__(self) -> str:
        """Without the key."""
        return f"Server({self.url!r}, {self.model!r})"


class _Refused(Exception):
    """The server will not take this request; a smaller one, perhaps."""


class _Passing(Exception):
    """The server can't answer now; it may in `wait` seconds."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class EndpointEmbedder(Embedder):
    """Asks a server. Requests of papers are tried again, with growing pauses; a reader's query is tried once."""

    kind = "endpoint"

    def __init__(
        self,
        server: Server,
        prefixes: tuple[str, str] = ("", ""),
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(server.model, prefixes)
        self._server = server
        self._given_prefixes = prefixes
        self._transport = transport
        self._batch = server.batch
        """Texts in a request; fewer once a server was too slow: it goes on working on what was given up."""
        headers = {"Authorization": f"Bearer {server.key}"} if server.key else {}
        self._http = httpx.Client(
            transport=transport,
            headers={"Content-Type": "application/json", **headers},
            timeout=httpx.Timeout(server.seconds, connect=min(10.0, server.seconds)),
            trust_env=False,
        )
        path = httpx.URL(server.url).path.rstrip("/")
        whole = path if path.endswith("/embeddings") else f"{path}/embeddings"
        self._url = httpx.URL(server.url).copy_with(path=whole)

    def close(self) -> None:
        self._http.close()

    def named(self, model: str) -> Embedder | None:
        if model == self.model:
            return self
        other = Server(self._server.url, model, self._server.key, self._server.batch, self._server.seconds)
        return EndpointEmbedder(other, self._given_prefixes, self._transport)

    def _embed(self, texts: Sequence[str], *, patient: bool) -> NDArray[Any]:
        rows: list[Any] = []
        while len(rows) < len(texts):
            rows += self._in_parts(list(texts[len(rows) : len(rows) + self._batch]), patient)
        try:
            return np.array(rows, np.float64)
        except (ValueError, TypeError) as error:
            raise EmbedError(
                f"{self.model}: the server gave vectors of different sizes, or no numbers"
            ) from error

    def _in_parts(self, texts: list[str], patient: bool) -> list[Any]:
        try:
            return self._asked(texts, patient)
        except _Refused as error:
            if len(texts) > 1:
                half = len(texts) // 2
                return self._in_parts(texts[:half], patient) + self._in_parts(texts[half:], patient)
            if len(texts[0]) > _LEAST_CHARACTERS:
                return self._in_parts([texts[0][: len(texts[0]) // 2]], patient)
            raise EmbedError(str(error)) from error

    def _asked(self, texts: list[str], patient: bool) -> list[Any]:
        attempt = 1
        while True:
            try:
                return self._once(texts, patient)
            except _Passing as error:
                if not patient or attempt == _ATTEMPTS:
                    raise EmbedError(str(error)) from error
                wait = 2.0 ** (attempt - 2) if error.wait is None else error.wait
            time.sleep(min(wait, _LONGEST_WAIT))
            attempt += 1

    def _once(self, texts: list[str], patient: bool) -> list[Any]:
        body = {"model": self.model, "input": texts, "encoding_format": "float"}
        seconds = self._server.seconds if patient else min(_QUERY_SECONDS, self._server.seconds)
        try:
            response = self._http.post(self._url, content=orjson.dumps(body), timeout=seconds)
        except httpx.TimeoutException as error:
            if patient and len(texts) > 1:
                self._batch = min(self._batch, len(texts) // 2)
                raise _Refused(
                    "the server of embeddings did not get through so many texts in time"
                ) from error
            raise _Passing(
                f"the server of embeddings was silent for {seconds:.0f} s (QUIRE_EMBED_SECONDS)"
            ) from error
        except httpx.TransportError as error:
            raise _Passing(
                "the server of embeddings can't be reached, or broke off (QUIRE_EMBED_URL)"
            ) from error
        status = response.status_code
        if status == httpx.codes.OK:
            return _rows(response.content, len(texts))
        message = f"the server of embeddings answered {status}{self._said(response)}"
        if status in _PASSING:
            raise _Passing(message, _retry_after(response))
        if status in _TOO_MUCH:
            raise _Refused(message)
        raise EmbedError(message)

    def _said(self, response: httpx.Response) -> str:
        """What the server says of a failure, without the key, should it repeat it."""
        try:
            said = orjson.loads(response.content)
            said = said.get("error", said.get("message", said.get("detail", "")))
            said = said.get("message", "") if isinstance(said, dict) else said
        except (ValueError, AttributeError):
            said = response.text if "text/plain" in response.headers.get("content-type", "") else ""
        text = " ".join(str(said).split())
        if self._server.key:
            text = text.replace(self._server.key, "…")
        return f": {text[:_MOST_SAID]}" if text else ""


def _rows(content: bytes, count: int) -> list[Any]:
    """The vectors of an answer in the order of the texts, which the answer itself need not keep."""
    try:
        data = orjson.loads(content)["data"]
        ordered = sorted(data, key=lambda item: item["index"])
        if [item["index"] for item in ordered] != list(range(count)):
            raise EmbedError(
                f"the server of embeddings gave {len(data)} vectors for {count} texts, or numbered them wrongly"
            )
        return [item["embedding"] for item in ordered]
    except (ValueError, KeyError, TypeError) as error:
        raise EmbedError(
            "the server of embeddings answered with something else than a list of embeddings"
        ) from error


def _retry_after(response: httpx.Response) -> float | None:
    try:
        return max(0.0, float(response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None
