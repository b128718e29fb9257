"""Files that a reader brings over HTTP, answers as Markdown, and answers in a paper's feed."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.asking.files import DroppedFiles
from app.errors import InputError, NotFound
from app.papers.fulltext.blocks import Block, PaperText
from tests.asking.chat_server import ChatServerDouble, Reply, chat_server, words
from tests.asking.event_streams import ask, names
from tests.server import serving

TEX = (Path(__file__).parents[2] / "papers/fulltext/page.tex").read_bytes()
FILES = "/api/v1/files"
TEXT = PaperText("tex", None, (Block("title", "heading", "T"), Block("S1.p1", "paragraph", "words")))


@pytest.fixture
def model() -> Iterator[ChatServerDouble]:
    with chat_server() as double:
        yield double


def looked_at(client: httpx.Client, file: str) -> Any:
    """The file once it is read."""
    for _ in range(600):
        told = client.get(f"{FILES}/{file}").json()
        if told["state"] != "reading":
            return told
        time.sleep(0.05)
    raise AssertionError("it is read for ever")


def test_a_file_is_asked_in_the_place_of_the_paper_and_its_answer_is_not_kept(
    model: ChatServerDouble, tmp_path: Path
) -> None:
    model.reply = lambda _: Reply(words('It says "Let $a<b$ be real" [S1.p1].'))
    settings = {"CHAT_URL": model.url, "CHAT_MODEL": "m-1", "OFFLINE": "true", "FEED_ANSWERS": "true"}
    with (
        serving(tmp_path, settings=settings) as address,
        httpx.Client(base_url=address, trust_env=False, timeout=300) as client,
    ):
        brought = client.post(FILES, params={"name": "my paper.tex"}, content=TEX)
        assert brought.status_code == 202
        file = brought.json()["file"]
        assert brought.headers["location"] == f"{FILES}/{file}"
        told = looked_at(client, file)
        assert (told["state"], told["source"], told["title"], told["keep"]) == (
            "ready",
            "tex",
            "On Convergence",
            False,
        )
        found = ask(address, name="summary", file=file)
        assert (found[0][2]["source"], found[0][2]["version"]) == ("tex", None)
        assert [data["status"] for name, _, data in found if name == "quote"] == ["exact"]
        assert "[S1.E1] $$ E=mc^2 $$" in model.requests[0]["messages"][-1]["content"]
        answers = f"{address}/api/v1/papers/quire/0001/answers"
        before = httpx.get(answers, trust_env=False).json()["items"]
        assert all(item["model"] != "m-1" for item in before)
        # A file that fails says why, and so does asking it.
        broken = client.post(FILES, content=b"%PDF-1.4 broken", headers={"content-type": "application/pdf"})
        told = looked_at(client, broken.json()["file"])
        assert (told["state"], "damaged" in told["reason"]) == ("failed", True)
        failed = ask(address, name="summary", file=told["file"])
        assert names(failed) == ["failed"]
        assert failed[0][2]["status"] == 422
        for content, headers, status in (
            (b"", {}, 422),
            (TEX, {"content-type": "multipart/form-data; boundary=x"}, 415),
        ):
            assert client.post(FILES, content=content, headers=headers).status_code == status
        assert client.delete(f"{FILES}/{file}").status_code == 204
        for name in (file, "0" * 32, "..%2f..%2fpapers.sqlite", "x"):
            assert client.get(f"{FILES}/{name}").status_code == 404, name
        gone = client.post("/api/v1/papers/quire/0001/ask", json={"name": "summary", "file": file})
        assert gone.status_code == 404
        # An answer that is kept goes out as Markdown, and in the feed.
        model.reply = lambda _: Reply(words("So $x^2$ <b>it</b> **is**."))
        assert ask(address, name="summary")[-1][0] == "done"
        document = client.get("/api/v1/papers/quire/0001/answers", params={"format": "markdown"})
        assert document.headers["content-type"].startswith("text/markdown")
        assert "quire-0001-answers.md" in document.headers["content-disposition"]
        assert (
            "## Summary\n\nSo $x^2$ <b>it</b> **is**.\n\n*answered by m-1, from the abstract alone"
            in document.text
        )
        refused = client.get("/api/v1/papers/quire/0001/answers", params={"format": "pdf"})
        assert refused.status_code == 422
        feed = client.get("/arxiv/quire/0001/feed").text
        assert "<h2>Summary</h2>\n<p>So <math" in feed
        assert "&lt;b&gt;it&lt;/b&gt; <strong>is</strong>" in feed
        assert "<h2>Summary</h2>" not in client.get("/arxiv/quire/feed").text
    with serving(tmp_path, settings={"OFFLINE": "true"}) as address:
        assert "<h2>Summary</h2>" not in httpx.get(f"{address}/arxiv/quire/0001/feed", trust_env=False).text


def test_texts_go_when_their_hour_is_over_unless_they_are_to_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = DroppedFiles(tmp_path, 1 << 20, lambda content: TEXT)
    passing, kept = files.begin("a\x00b.tex", b"x", False), files.begin("b.tex", b"x", True)
    assert files.text(passing.file) == files.text(kept.file) == TEXT
    assert files.get(passing.file).name == "ab.tex"
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3700)
    files.begin("c.tex", b"x", False)
    with pytest.raises(NotFound):
        files.get(passing.file)
    assert files.text(kept.file) == TEXT
    files.close()


def test_the_oldest_text_goes_where_there_is_no_room(tmp_path: Path) -> None:
    files = DroppedFiles(tmp_path, 1, lambda content: TEXT)
    first = files.begin("a", b"x", True)
    files.text(first.file)
    second = files.begin("b", b"x", True)
    files.text(second.file)
    with pytest.raises(NotFound):
        files.get(first.file)
    files.close()


def test_a_reading_that_was_killed_is_reported(tmp_path: Path) -> None:
    files = DroppedFiles(tmp_path, 1 << 20, lambda content: TEXT)
    file = files.begin("a", b"x", False)
    files.text(file.file)
    path = tmp_path / f"{file.file}.json"
    facts = json.loads(path.read_bytes()) | {"state": "reading", "begun": time.time() - 1000}
    path.write_text(json.dumps(facts))
    with pytest.raises(InputError, match="interrupted"):
        files.text(file.file)
    files.close()
