"""`quire papers ask` over papers and lists: kept answers are passed over, budgets hold, failures are told."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.papers.store.reading import Store
from tests import library
from tests.asking.chat_server import ChatServerDouble, Reply, chat_server, words
from tests.server import QUIRE, ROOT, environment, quire

USAGE = (
    b'data: {"choices": [], "usage": {"prompt_tokens": 900, "completion_tokens": 100}}\n\ndata: [DONE]\n\n'
)


@pytest.fixture
def model() -> Iterator[ChatServerDouble]:
    with chat_server() as double:
        double.reply = lambda _: Reply(words("It is so.", end=USAGE))
        yield double


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the library of three days."""
    folder = tmp_path / "data"
    assert (
        quire("papers", "import", library.write(tmp_path / "papers.jsonl"), data_dir=folder).returncode == 0
    )
    return folder


def ask(data: Path, model: ChatServerDouble | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the command; nothing is fetched, so that papers are asked by their abstracts."""
    settings = {"OFFLINE": "true"}
    if model is not None:
        settings |= {
            "CHAT_URL": model.url,
            "CHAT_MODEL": "m-1",
            "CHAT_KEY": "sk-secret-key",
            "CHAT_ANSWER": "500",
        }
    return subprocess.run(
        [*QUIRE, "papers", "ask", *arguments],
        capture_output=True,
        text=True,
        env=environment(data, **settings),
        cwd=ROOT,
        timeout=300,
        check=False,
    )


def kept(data: Path) -> list[tuple[str, str | None]]:
    with Store(data / "papers.sqlite") as store:
        return sorted(
            (answer.paper_id, answer.name) for answer in store.all_answers() if answer.model == "m-1"
        )


def test_papers_are_asked_once_and_a_second_run_costs_nothing(data: Path, model: ChatServerDouble) -> None:
    done = ask(data, model, "2606.00001", "math/0211159", "--name", "summary", "--name", "next")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "4 answered with 4,000 tokens, 0 kept already, 4 from the abstract alone\n"
    assert kept(data) == [
        (paper, name) for paper in ("2606.00001", "math/0211159") for name in ("next", "summary")
    ]
    again = ask(data, model, "2606.00001", "2606.00002")
    assert again.stdout == "1 answered with 1,000 tokens, 1 kept already, 1 from the abstract alone\n"
    assert len(model.requests) == 5
    assert ask(data, model, "2606.00001", "--again").stdout.startswith("1 answered")
    assert len(model.requests) == 6


def test_a_day_of_a_list_is_asked_within_a_budget_and_goes_on(data: Path, model: ChatServerDouble) -> None:
    day = ("--list", "cs.AI+cs.LG", "--day", library.DAYS[0])
    first = ask(data, model, *day, "--budget", "4000")
    assert first.returncode == 1
    assert "the budget allows no more" in first.stdout
    asked = len(model.requests)
    assert 0 < asked * 1000 <= 4000
    second = ask(data, model, *day, "--limit", str(asked + 1))
    assert second.stdout == f"1 answered with 1,000 tokens, {asked} kept already, 1 from the abstract alone\n"
    with Store(data / "papers.sqlite") as store:
        papers = {paper.id: paper for paper in store.papers([paper for paper, _ in kept(data)])}
    assert all(str(paper.announced) == library.DAYS[0] for paper in papers.values())
    assert all({"cs.AI", "cs.LG"} & set(paper.categories) for paper in papers.values())


def test_a_paper_that_fails_is_reported_and_the_others_are_asked(data: Path, model: ChatServerDouble) -> None:
    def reply(body: dict[str, Any]) -> Reply:
        if "holds for case 0." in body["messages"][-1]["content"]:
            said = json.dumps({"error": {"message": "not this one, sk-secret-key"}}).encode()
            return Reply([said], status=418, headers={"content-type": "application/json"})
        return Reply(words("It is so.", end=USAGE))

    model.reply = reply
    done = ask(data, model, "2606.00001", "2606.00002")
    assert done.returncode == 1
    assert (
        done.stdout == "1 answered with 1,000 tokens, 0 kept already, 1 from the abstract alone, 1 failed\n"
    )
    assert "2606.00001, Summary: the model's server refuses (status 418): not this one" in done.stderr
    assert "secret" not in done.stderr
    assert kept(data) == [("2606.00002", "summary")]


def test_what_is_wrong_is_said_in_a_line(data: Path, model: ChatServerDouble) -> None:
    for arguments, said in (
        (("2606.99999",), "2606.99999"),
        ((), "name either papers"),
        (("2606.00001", "--list", "cs.AI"), "name either papers"),
        (("2606.00001", "--name", "poem"), "there is no question 'poem'"),
        (("2606.00001", "--language", "fr"), "answers are in en or zh"),
        (("--list", "cs.AI", "--day", "yesterday"), "write the day as"),
    ):
        done = ask(data, model, *arguments)
        assert done.returncode == 1, arguments
        assert said in done.stderr, arguments
        assert "Traceback" not in done.stderr
    assert "QUIRE_CHAT_URL" in ask(data, None, "2606.00001").stderr
    assert not model.requests
