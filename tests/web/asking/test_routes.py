"""Asking a paper over HTTP, against a chat server on loopback."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.asking.chat_server import ChatServerDouble, Reply, chat_server, chunk, words
from tests.asking.event_streams import ask, events, names
from tests.server import serving

PAPER = "/api/v1/papers/quire/0001"


@pytest.fixture
def model() -> Iterator[ChatServerDouble]:
    with chat_server() as double:
        yield double


def settings(model: ChatServerDouble, **more: str) -> dict[str, str]:
    return {
        "CHAT_URL": model.url,
        "CHAT_MODEL": "m-1",
        "CHAT_KEY": "sk-secret-key",
        "OFFLINE": "true",
        **more,
    }


def test_an_answer_is_streamed_checked_and_kept(model: ChatServerDouble, tmp_path: Path) -> None:
    with serving(tmp_path, settings=settings(model)) as address:
        abstract = httpx.get(f"{address}{PAPER}", trust_env=False).json()["abstract"]
        true = " ".join(abstract.split()[:8]).rstrip(",.;")
        answer = f'It says "{true}" [abstract], and "nothing of this kind is said here" [S1.p1].'
        usage = b'data: {"choices": [], "usage": {"prompt_tokens": 900, "completion_tokens": 40}}\n\ndata: [DONE]\n\n'
        model.reply = lambda _: Reply([chunk(reasoning_content="Hm."), *words(answer, end=usage)])
        found = ask(address, name="summary")
        assert names(found) == ["started", "reasoning", "text", "quote", "quote", "done"]
        started, quotes, done = (
            found[0][2],
            [data for name, _, data in found if name == "quote"],
            found[-1][2],
        )
        assert (started["source"], started["model"], started["version"]) == ("abstract", "m-1", None)
        assert started["tokens"] > 100
        assert [quote["status"] for quote in quotes] == ["exact", "missing"]
        assert quotes[0]["anchor"] == "abstract"
        assert true in quotes[0]["passage"]
        assert done["answer"] == answer
        assert done["usage"] == {"prompt_tokens": 900, "completion_tokens": 40}
        # Once more: at once, without the model, and with the same quotes.
        again = ask(address, name="summary")
        assert names(again) == ["started", "text", "quote", "quote", "done"]
        assert again[-1][2] == {"answer": answer, "usage": None}
        assert len(model.requests) == 1
        kept = httpx.get(f"{address}{PAPER}/answers", trust_env=False).json()["items"][-1]
        assert (kept["name"], kept["source"], kept["usage"]["prompt_tokens"]) == ("summary", "abstract", 900)
        assert [quote["status"] for quote in kept["quotes"]] == ["exact", "missing"]
        # What the model saw: rules, paper, and the question last; the key in the header alone.
        request = model.requests[0]
        prompts = httpx.get(f"{address}/api/v1/questions", trust_env=False).json()["items"]
        assert request["messages"][-1]["content"].endswith(prompts[-1]["prompt"])
        assert "[abstract]" in request["messages"][-1]["content"]
        assert request["headers"]["Authorization"] == "Bearer sk-secret-key"
        assert names(ask(address, name="summary", again=True))[-1] == "done"
        assert len(model.requests) == 2
        # Another language is another answer.
        assert ask(address, name="summary", language="zh")[-1][2]["usage"] is not None


def test_who_asks_the_same_joins_and_a_lost_stream_goes_on(model: ChatServerDouble, tmp_path: Path) -> None:
    gate = threading.Event()
    model.reply = lambda _: Reply(words("One ", "two ", "three."), gate=gate)
    with serving(tmp_path, settings=settings(model)) as address:
        seen: list[str] = []
        lost: list[tuple[str, str, Any]] = []
        with httpx.stream(
            "POST", f"{address}{PAPER}/ask", json={"question": "How many?"}, trust_env=False
        ) as one:
            for line in one.iter_lines():
                seen.append(line)
                if line == "" and any("event: text" in before for before in seen):
                    break
        lost = events("\n".join(seen))
        others: list[list[tuple[str, str, Any]]] = []
        threads = [
            threading.Thread(target=lambda: others.append(ask(address, question="How many?")))
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        resumed = threading.Thread(
            target=lambda: lost.extend(ask(address, last=lost[-1][1], question="How many?"))
        )
        resumed.start()
        gate.set()
        for thread in [*threads, resumed]:
            thread.join()
        assert len(model.requests) == 1
        for found in [lost, *others]:
            assert "".join(data["text"] for name, _, data in found if name == "text") == "One two three."
            assert names(found).count("started") == 1
        assert len({number for _, number, _ in lost}) == len(lost)


def test_an_answer_is_stopped_and_nothing_half_is_kept(model: ChatServerDouble, tmp_path: Path) -> None:
    model.reply = lambda _: Reply([chunk(content="Half")], stays_open=True)
    with serving(tmp_path, settings=settings(model)) as address:
        read = ""
        with httpx.stream("POST", f"{address}{PAPER}/ask", json={"name": "next"}, trust_env=False) as stream:
            for part in stream.iter_text():
                read += part
                found = events(read) if read.endswith("\n\n") else []
                if names(found)[-1:] == ["text"]:
                    asking = found[0][2]["asking"]
                    assert (
                        httpx.delete(f"{address}/api/v1/asking/{asking}", trust_env=False).status_code == 204
                    )
        assert names(events(read))[-1] == "failed"
        assert model.broken_off.wait(300)
        items = httpx.get(f"{address}{PAPER}/answers", trust_env=False).json()["items"]
        assert all(item["name"] != "next" for item in items)


def test_what_can_not_be_asked_is_refused_before_a_stream_begins(
    model: ChatServerDouble, tmp_path: Path
) -> None:
    def refused(address: str, paper: str, body: dict[str, Any]) -> tuple[int, str]:
        answer = httpx.post(f"{address}{paper}/ask", json=body, trust_env=False)
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code, answer.json()["type"]

    with serving(tmp_path / "none") as address:
        assert refused(address, PAPER, {"name": "summary"}) == (501, "/problems/no-chat-model")
    with serving(tmp_path / "one", settings=settings(model, ASK_PER_DAY="1")) as address:
        assert refused(address, "/api/v1/papers/2606.99999", {"name": "summary"})[0] == 404
        assert refused(address, PAPER, {"name": "poem"})[0] == 404
        bodies: list[dict[str, Any]] = [
            {},
            {"name": "summary", "question": "Why?"},
            {"question": " "},
            {"name": "summary", "language": "fr"},
        ]
        for body in bodies:
            assert refused(address, PAPER, body)[0] == 422
        assert names(ask(address, name="summary"))[-1] == "done"
        assert names(ask(address, name="summary"))[-1] == "done"  # it was kept
        assert refused(address, PAPER, {"name": "next"}) == (429, "/problems/rate-limited")


def test_a_failure_is_reported_in_the_stream_without_the_key(model: ChatServerDouble, tmp_path: Path) -> None:
    said = json.dumps({"error": {"message": "bad key sk-secret-key"}}).encode()
    model.reply = lambda _: Reply([said], status=418, headers={"content-type": "application/json"})
    with serving(tmp_path, settings=settings(model)) as address:
        found = ask(address, name="summary")
    assert names(found) == ["started", "failed"]
    assert found[-1][2]["status"] == 502
    assert "sk-secret" not in json.dumps(found)
