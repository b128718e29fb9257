"""Several processes of one data folder: one desk answers for all, and a killed one leaves nothing half."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from app.asking.answering import PaperQuestion
from app.asking.day_counts import DayCounts
from app.asking.questions import Question
from app.asking.sharing import asked_record, read_asked
from app.papers.models import Paper
from tests.asking.chat_server import ChatServerDouble, Reply, chat_server, words
from tests.asking.event_streams import Reader, ask, names, text_of
from tests.server import server_process, serving

ANSWERS = "/api/v1/papers/quire/0001/answers"


@pytest.fixture
def model() -> Iterator[ChatServerDouble]:
    with chat_server() as double:
        yield double


def settings(model: ChatServerDouble, **more: str) -> dict[str, str]:
    return {"CHAT_URL": model.url, "CHAT_MODEL": "m-1", "OFFLINE": "true", **more}


def kept(address: str) -> list[str]:
    items = httpx.get(f"{address}{ANSWERS}", trust_env=False).json()["items"]
    return [item["answer"] for item in items if item["model"] == "m-1"]


def test_readers_of_two_processes_share_one_answer_and_go_on_at_either(
    model: ChatServerDouble, tmp_path: Path
) -> None:
    gate = threading.Event()
    model.reply = lambda _: Reply(words("One ", "two ", "three."), gate=gate)
    with (
        serving(tmp_path, settings=settings(model)) as one,
        serving(tmp_path, "--workers", "2", settings=settings(model)) as other,
    ):
        first = Reader(one, question="How many?")
        first.wait_for("text")
        others = [Reader(address, question="How many?") for address in (one, other, other, other)]
        for reader in others:
            reader.wait_for("text")
        lost = first.hang_up()
        # It goes on where it was, though at another process than where it began.
        resumed = Reader(other, last=lost[-1][1], question="How many?")
        gate.set()
        rest = resumed.end()
        for reader in others:
            found = reader.end()
            assert names(found)[0] == "started"
            assert text_of(found) == "One two three."
        assert text_of([*lost, *rest]) == "One two three."
        assert names([*lost, *rest]).count("started") == 1
        assert len({number for _, number, _ in [*lost, *rest]}) == len([*lost, *rest])
        assert len(model.requests) == 1
        assert kept(other) == ["One two three."]


def test_turns_and_the_count_of_a_day_are_those_of_all_processes(
    model: ChatServerDouble, tmp_path: Path
) -> None:
    gate = threading.Event()
    model.reply = lambda _: Reply(words("So", "."), gate=gate)
    bounds = settings(model, ASK_AT_ONCE="1", ASK_PER_DAY="2")
    with serving(tmp_path, settings=bounds) as one, serving(tmp_path, settings=bounds) as other:
        first = Reader(one, question="One?")
        first.wait_for("text")
        second = Reader(other, question="Two?")
        assert second.wait_for("waiting")[0][2]["place"] == 1
        for address in (one, other):
            refused = httpx.post(
                f"{address}/api/v1/papers/quire/0001/ask", json={"question": "Three?"}, trust_env=False
            )
            assert (refused.status_code, refused.json()["type"]) == (429, "/problems/rate-limited")
            assert int(refused.headers["retry-after"]) > 0
        gate.set()
        assert names(first.end())[-1] == names(second.end())[-1] == "done"
    with serving(tmp_path, settings=bounds) as again:  # a new server goes on counting
        refused = httpx.post(
            f"{again}/api/v1/papers/quire/0001/ask", json={"question": "Three?"}, trust_env=False
        )
        assert refused.status_code == 429


def test_an_answer_is_stopped_at_another_process(model: ChatServerDouble, tmp_path: Path) -> None:
    model.reply = lambda _: Reply(words("Half")[:1], stays_open=True)
    with (
        serving(tmp_path, settings=settings(model)) as one,
        serving(tmp_path, settings=settings(model)) as other,
    ):
        reader = Reader(one, question="Why?")
        asking = reader.wait_for("text")[0][2]["asking"]
        assert httpx.delete(f"{other}/api/v1/asking/{asking}", trust_env=False).status_code == 204
        failed = reader.end()[-1]
        assert (failed[0], failed[2]["type"]) == ("failed", "/problems/stopped")
        assert model.broken_off.wait(300)
        assert kept(other) == []


def test_a_process_that_is_killed_leaves_nothing_half_and_the_other_takes_the_desk(
    model: ChatServerDouble, tmp_path: Path
) -> None:
    model.reply = lambda _: Reply(words("Half")[:1], stays_open=True)
    with (
        server_process(tmp_path, settings=settings(model)) as (one, process),
        serving(tmp_path, settings=settings(model)) as other,
    ):
        readers = [Reader(one, name="next"), Reader(other, name="next")]
        for reader in readers:
            reader.wait_for("text")
        process.kill()
        failed = readers[1].end()[-1]
        assert (failed[0], failed[2]["status"]) == ("failed", 503)
        assert failed[1].split("-")[0] == readers[1].events[0][1].split("-")[0]
        assert kept(other) == []
        model.reply = lambda _: Reply(words("Whole."))
        assert ask(other, name="next")[-1][2]["answer"] == "Whole."
        assert kept(other) == ["Whole."]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_that_is_killed_while_it_writes_leaves_nothing_half(
    model: ChatServerDouble, tmp_path: Path, workers: str
) -> None:
    model.reply = lambda _: Reply(words("Half")[:1], stays_open=True)
    with server_process(tmp_path, "--workers", workers, settings=settings(model)) as (address, process):
        reader = Reader(address, name="next")
        reader.wait_for("text")
        process.kill()
        assert names(reader.end())[-1] in ("text", "failed")
    assert model.broken_off.wait(300)
    model.reply = lambda _: Reply(words("Whole."))
    with serving(tmp_path, settings=settings(model)) as address:
        assert kept(address) == []
        assert ask(address, name="next")[-1][2]["answer"] == "Whole."
        assert [
            path.suffix for path in (tmp_path / "asking").iterdir() if path.suffix in (".json", ".part")
        ] == []


def test_a_question_passes_between_processes_whole() -> None:
    asked = PaperQuestion(
        Paper("2401.12345", "T", "A", version=3), 2, Question(None, "Why 你好?", "Why?"), "zh", "rules",
        (("one", "two"),), True, "key a", "f1",
    )  # fmt: skip
    assert read_asked(asked_record(asked)) == asked


def test_counts_go_on_in_the_next_process_and_end_with_the_day(tmp_path: Path) -> None:
    day = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
    counts = DayCounts(tmp_path, lambda: day)
    for _ in range(3):
        counts.add("192.0.2.7")
    counts.add("key a")
    later = DayCounts(tmp_path, lambda: day)
    assert (later.of("192.0.2.7"), later.of("key a"), later.of("key b")) == (3, 1, 0)
    assert "192.0.2.7" not in "".join(path.read_text() for path in tmp_path.iterdir())
    day = datetime(2026, 12, 1, tzinfo=UTC)
    assert later.of("192.0.2.7") == 0
    assert len(list(tmp_path.iterdir())) == 1
