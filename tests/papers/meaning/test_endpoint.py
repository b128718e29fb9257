"""A server of embeddings, as it should be and as it fails: what is sent, in which parts, and what is never told."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from app.errors import EmbedError
from app.papers.meaning.endpoint import EndpointEmbedder, Server
from tests.papers.meaning.embedding_server import (
    DIMENSIONS,
    EmbeddingServer,
    Reply,
    embedding_server,
    embeddings,
    text_vector,
)
from tests.server import PATIENCE

KEY = "sk-secret-1234567890"


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with embedding_server() as double:
        yield double


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []
    monkeypatch.setattr("app.papers.meaning.endpoint.time.sleep", pauses.append)
    return pauses


MADE: list[EndpointEmbedder] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while MADE:
        MADE.pop().close()


def embedder(
    server: EmbeddingServer, prefixes: tuple[str, str] = ("", ""), seconds: float = 30.0
) -> EndpointEmbedder:
    """An embedder that is closed when the test ends."""
    MADE.append(EndpointEmbedder(Server(server.url, "words", KEY, 4, seconds), prefixes))
    return MADE[-1]


def problem(status: int, message: str, **headers: str) -> Reply:
    return Reply(status, json.dumps({"error": {"message": message}}).encode(), headers)


def test_vectors_come_in_the_order_of_the_texts_though_the_answer_has_another(
    server: EmbeddingServer,
) -> None:
    texts = [f"word{letter} galaxies" for letter in "abcdefghij"]
    found = embedder(server).embed(texts)
    wanted = np.stack([text_vector(text) / np.linalg.norm(text_vector(text)) for text in texts])
    assert found.dtype == np.float32
    assert np.allclose(found, wanted, atol=1e-6)
    assert [len(request["input"]) for request in server.requests] == [4, 4, 2]
    assert {request["path"] for request in server.requests} == {"/v1/embeddings"}
    assert server.requests[0]["model"] == "words"
    assert server.requests[0]["headers"]["Authorization"] == f"Bearer {KEY}"
    assert embedder(server).embed([]).shape == (0, 0)


def test_what_a_model_wants_before_a_text_is_put_there(server: EmbeddingServer) -> None:
    made = embedder(server, prefixes=("passage: ", "query: "))
    made.embed(["graph"])
    made.embed(["graph"], "query")
    assert [request["input"] for request in server.requests] == [["passage: graph"], ["query: graph"]]


def test_a_batch_too_large_is_sent_in_halves_and_a_text_too_long_is_cut(server: EmbeddingServer) -> None:
    def reply(body: dict[str, Any]) -> Reply | None:
        if len(body["input"]) > 1:
            return problem(413, "batch too large")
        return problem(400, "too many tokens") if len(body["input"][0]) > 600 else None

    server.reply = reply
    found = embedder(server).embed(["short", "long " * 400, "graph"])
    assert found.shape == (3, DIMENSIONS)
    sent = [text for request in server.requests for text in request["input"] if len(request["input"]) == 1]
    assert [text for text in sent if "long" in text] == ["long " * 400, "long " * 200, "long " * 100]


def test_a_server_that_is_too_slow_for_a_batch_gets_smaller_ones_from_then_on(
    server: EmbeddingServer,
) -> None:
    ended = threading.Event()

    def reply(body: dict[str, Any]) -> Reply | None:
        if len(body["input"]) > 2:
            ended.wait(PATIENCE)
        return None

    server.reply = reply
    texts = [f"graph {number}" for number in range(12)]
    found = embedder(server, seconds=1).embed(texts)
    ended.set()
    assert found.shape == (12, DIMENSIONS)
    assert [len(request["input"]) > 2 for request in server.requests] == [True] + [False] * (
        len(server.requests) - 1
    )


def test_what_passes_is_waited_for_as_long_as_the_server_says(
    server: EmbeddingServer, no_pauses: list[float]
) -> None:
    replies = [
        problem(429, "slowly", **{"retry-after": "7"}),
        problem(503, "loading"),
        Reply(breaks_off=True),
        None,
    ]
    server.reply = lambda _: replies.pop(0)
    assert embedder(server).embed(["graph"]).shape == (1, DIMENSIONS)
    assert no_pauses[0] == 7
    assert len(no_pauses) == 3


def test_a_server_that_stays_away_is_given_up_after_some_attempts(
    server: EmbeddingServer, no_pauses: list[float]
) -> None:
    server.reply = lambda _: problem(503, "loading")
    with pytest.raises(EmbedError, match="503: loading"):
        embedder(server).embed(["graph"])
    assert len(server.requests) == 5
    assert no_pauses == sorted(no_pauses)


def test_a_readers_query_is_tried_once(server: EmbeddingServer, no_pauses: list[float]) -> None:
    server.reply = lambda _: problem(429, "slowly")
    with pytest.raises(EmbedError):
        embedder(server).embed(["graph"], "query")
    assert len(server.requests) == 1
    assert no_pauses == []


def test_a_server_that_is_not_there_or_silent_is_named_with_its_setting(server: EmbeddingServer) -> None:
    gone = embedder(EmbeddingServer("http://127.0.0.1:9/v1"))
    with pytest.raises(EmbedError, match="QUIRE_EMBED_URL"):
        gone.embed(["graph"], "query")
    server.gate = threading.Event()
    with pytest.raises(EmbedError, match="silent for 0 s"):
        embedder(server, seconds=0.2).embed(["graph"], "query")


def test_the_key_is_in_no_message_though_the_server_repeats_it(server: EmbeddingServer) -> None:
    server.reply = lambda body: problem(401, f"the key {KEY} is wrong")
    with pytest.raises(EmbedError) as caught:
        embedder(server).embed(["graph"])
    assert "401" in str(caught.value)
    assert KEY not in str(caught.value)
    assert KEY not in repr(Server(server.url, "words", KEY))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update(data=data["data"][:1]),
        lambda data: data["data"][0].update(index=0),
        lambda data: data["data"][0].update(embedding=[1.0]),
        lambda data: data["data"][0].update(embedding="text"),
        lambda data: data["data"][0].update(embedding=[0.0] * DIMENSIONS),
        lambda data: data["data"][0].update(embedding=[float("1e999")] * DIMENSIONS),
        lambda data: data["data"][0].pop("embedding"),
        lambda data: data.pop("data"),
    ],
)
def test_an_answer_that_is_not_one_vector_for_each_text_is_refused(
    server: EmbeddingServer, change: Any
) -> None:
    def reply(body: dict[str, Any]) -> Reply:
        data = embeddings(body)
        change(data)
        return Reply(body=json.dumps(data).encode())

    server.reply = reply
    with pytest.raises(EmbedError):
        embedder(server).embed(["graph", "tree"])


def test_what_is_not_json_is_refused(server: EmbeddingServer) -> None:
    server.reply = lambda _: Reply(body=b"<html>", headers={"content-type": "text/html"})
    with pytest.raises(EmbedError, match="something else than a list of embeddings"):
        embedder(server).embed(["graph"])
