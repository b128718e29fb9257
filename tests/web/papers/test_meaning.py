"""Finding by meaning over HTTP: a real server, an embedding server on loopback, and the process that makes vectors."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import library
from tests.papers.meaning.embedding_server import EmbeddingServer, Reply, embedding_server
from tests.server import quire, serving, wait_for

PATIENCE = 300.0


def record(number: int, title: str, abstract: str, categories: str = "cs.CL") -> dict[str, Any]:
    return {
        **library.records()[0],
        "id": f"2607.{number:05}",
        "title": title,
        "abstract": abstract,
        "categories": categories,
    }


RECORDS = [
    record(1, "Prosody of questions", "How the voice rises"),
    record(2, "Mapping vegetation", "Forest seen from above", "eess.IV"),
    record(3, "Distant galaxies", "A telescope looks far", "astro-ph.GA"),
    *(record(number, f"Matter {number}", f"Something {number} else") for number in range(10, 40)),
]


@pytest.fixture(scope="module")
def embeddings() -> Iterator[EmbeddingServer]:
    with embedding_server() as double:
        yield double


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("meaning")
    (made / "papers.jsonl").write_text("".join(json.dumps(one) + "\n" for one in RECORDS))
    assert quire("papers", "import", made / "papers.jsonl", data_dir=made).returncode == 0
    return made


@pytest.fixture(scope="module")
def client(folder: Path, embeddings: EmbeddingServer) -> Iterator[httpx.Client]:
    settings = {
        "EMBED_URL": embeddings.url,
        "EMBED_MODEL": "words",
        "EMBED_KEY": "sk-hidden",
        "OFFLINE": "true",
    }
    with (
        serving(folder, settings=settings) as address,
        httpx.Client(base_url=address, timeout=300, trust_env=False) as client,
    ):
        wait_for(lambda: client.get("/readyz").json()["meaning"]["lacking"] == 0)
        yield client


def found(client: httpx.Client, **parameters: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/api/v1/papers", params=parameters).raise_for_status().json()
    return answer


def test_the_server_gives_papers_their_vectors_by_itself(client: httpx.Client) -> None:
    state = client.get("/readyz").json()["meaning"]
    assert (state["model"], state["papers"], state["lacking"], state["next_model"]) == (
        "words",
        len(RECORDS),
        0,
        None,
    )
    metrics = client.get("/metrics").text
    assert f'papers_vectors{{model="words"}} {len(RECORDS)}.0' in metrics
    assert "papers_vectors_lacking 0.0" in metrics


def test_a_search_says_by_what_it_was_made_and_why_each_paper_is_there(client: httpx.Client) -> None:
    answer = found(client, q="plants")
    assert answer["by"] == "both"
    assert answer["items"][0]["id"] == "2607.00002"
    assert answer["items"][0]["why"] == [{"by": "meaning", "rank": 1}]
    assert found(client, q="语音", by="meaning")["items"][0]["id"] == "2607.00001"
    words = found(client, q="prosody", by="words")
    assert (words["by"], [one["id"] for one in words["items"]]) == ("words", ["2607.00001"])
    assert "meaning_queries_total" in client.get("/metrics").text


def test_what_makes_no_sense_is_refused_with_its_field(client: httpx.Client) -> None:
    for parameters, pointer in (
        ({"q": "au:kipf", "by": "meaning"}, "?q"),
        ({"q": "graph", "by": "both", "sort": "announced"}, "?sort"),
        ({"by": "meaning"}, "?by"),
        ({"q": "graph", "by": "magic"}, "?by"),
    ):
        refused = client.get("/api/v1/papers", params=parameters)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == pointer


def test_papers_like_some_come_with_their_reasons_and_nothing_is_kept(
    client: httpx.Client, folder: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    answer = client.post("/api/v1/papers/like", json={"ids": ["2607.00001v1", "nonsense"], "limit": 3})
    items = answer.raise_for_status().json()["items"]
    assert len(items) == 3
    assert items[0]["why"].keys() == {"words", "near"}
    among = ["2607.00011", "2607.00002", "2607.00010"]
    answer = client.post("/api/v1/papers/like", json={"ids": ["2607.00002"], "among": among})
    assert answer.json()["items"][0]["id"] == "2607.00002"
    assert sorted(one["id"] for one in answer.json()["items"]) == sorted(among)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    wrong: list[dict[str, Any]] = [
        {},
        {"ids": []},
        {"ids": ["2607.00001"], "limit": 0},
        {"ids": ["2607.00001"], "since": "yesterday"},
    ]
    for body in wrong:
        assert client.post("/api/v1/papers/like", json=body).status_code == 422


def test_a_page_says_why_too_and_offers_the_choice(client: httpx.Client) -> None:
    page = client.get("/search", params={"q": "plants", "lang": "en"}).text
    assert "found by meaning (1)" in page
    assert '<select id="by"' in page
    page = client.get("/search", params={"q": "prosody", "lang": "zh", "by": "words"}).text
    assert '<option value="words" selected>仅词语</option>' in page
    # A form sends its choice with an order by date, which is for words alone.
    assert client.get("/search", params={"q": "matter", "by": "both", "sort": "announced"}).status_code == 200


def test_a_server_of_embeddings_that_is_down_leaves_words(
    client: httpx.Client, embeddings: EmbeddingServer
) -> None:
    embeddings.reply = lambda _: Reply(503, b"{}")
    try:
        answer = found(client, q="vegetation never asked before")
        assert answer["by"] == "words"
        page = client.get("/search", params={"q": "vegetation not asked either", "lang": "en"}).text
        assert "Meaning could not be searched just now" in page
        refused = client.get("/api/v1/papers", params={"q": "nor this", "by": "meaning"})
        assert refused.status_code == 502
        assert refused.json()["type"] == "/problems/embedding-failed"
        assert "sk-hidden" not in refused.text
    finally:
        embeddings.reply = lambda _: None


def test_papers_that_come_in_are_found_by_meaning_without_a_restart(
    client: httpx.Client, folder: Path
) -> None:
    (folder / "more.jsonl").write_text(
        json.dumps(record(50, "Gaps between integers", "An arithmetic question")) + "\n"
    )
    assert quire("papers", "import", folder / "more.jsonl", data_dir=folder).returncode == 0
    wait_for(lambda: client.get("/readyz").json()["meaning"]["papers"] == len(RECORDS) + 1)
    liked = client.post("/api/v1/papers/like", json={"ids": ["2607.00050"]}).json()["items"]
    assert liked[0]["why"]["near"] == "2607.00050"


def test_without_an_embedder_everything_is_as_before(folder: Path) -> None:
    with (
        serving(folder, settings={"OFFLINE": "true"}) as address,
        httpx.Client(base_url=address, timeout=300, trust_env=False) as client,
    ):
        assert found(client, q="prosody").keys() == {"items", "next_cursor", "total"}
        assert "why" not in found(client, q="prosody")["items"][0]
        refused = client.get("/api/v1/papers", params={"q": "prosody", "by": "meaning"})
        assert (refused.status_code, refused.json()["type"]) == (501, "/problems/no-embedder")
        assert found(client, q="prosody", by="both")["by"] == "words"
        assert client.get("/readyz").json()["meaning"] is None
        assert '<select id="by"' not in client.get("/search", params={"q": "prosody"}).text
