"""Other programs find their way: browsers by OpenSearch, reference managers by unAPI, crawlers by robots.txt."""

from collections.abc import Iterator
from pathlib import Path
from urllib.robotparser import RobotFileParser

import httpx
import orjson
import pytest
from defusedxml.ElementTree import fromstring

from app.papers.answers import Answer
from app.web.xml import _environment
from tests.server import quire, serving

OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"


@pytest.fixture(scope="module")
def client(library_address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=library_address, timeout=30, trust_env=False) as client:
        yield client


def test_the_description_leads_to_a_page_and_a_feed_of_results(client: httpx.Client) -> None:
    response = client.get("/opensearch.xml")
    assert response.headers["content-type"].startswith("application/opensearchdescription+xml")
    root = fromstring(response.content)
    assert len(root.findtext(f"{OPENSEARCH}ShortName") or "") in range(1, 17)
    for media_type in ("text/html", "application/atom+xml"):
        (template,) = (
            url.attrib["template"]
            for url in root.iter(f"{OPENSEARCH}Url")
            if url.attrib["type"] == media_type
        )
        found = client.get(template.replace("{searchTerms}", "case"))
        assert found.status_code == 200
        assert found.headers["content-type"].startswith(media_type)


def test_unapi_offers_formats_and_gives_a_paper_in_them(client: httpx.Client) -> None:
    offered = client.get("/unapi")
    assert offered.status_code == 200
    formats = {one.attrib["name"]: one.attrib["type"] for one in fromstring(offered.content)}
    for identity in ("arxiv:math/0211159", "arxiv:2606.00001", "2606.00002"):
        choice = client.get(f"/unapi?id={identity}")
        assert choice.status_code == 300
        assert fromstring(choice.content).attrib["id"] == identity
        for name, media_type in formats.items():
            given = client.get(f"/unapi?id={identity}&format={name}")
            assert given.status_code == 200
            assert given.headers["content-type"] == f"{media_type}; charset=utf-8"
            assert identity.removeprefix("arxiv:").replace("/", "-") in given.text


@pytest.mark.parametrize(
    ("query", "status"),
    [("id=arxiv:2606.77777", 404), ("id=x", 404), ("id=2606.00001&format=mods", 406), ("format=ris", 422)],
)
def test_unapi_refuses_what_it_has_not(client: httpx.Client, query: str, status: int) -> None:
    response = client.get(f"/unapi?{query}")
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


def test_crawlers_read_papers_and_stay_away_from_searches(client: httpx.Client) -> None:
    response = client.get("/robots.txt")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    rules = RobotFileParser()
    rules.parse([line for line in response.text.splitlines() if "*" not in line or "User-agent" in line])
    for path, open_to_all in (
        ("/arxiv/2606.00001", True),
        ("/", True),
        ("/search?q=x", False),
        ("/api/v1/papers", False),
    ):
        assert rules.can_fetch("any", path) == open_to_all, path
    assert "Allow: /arxiv/cond-mat.mtrl-sci$" in response.text.splitlines()


def test_answers_go_in_by_a_file_and_out_by_api_and_export(tmp_path: Path) -> None:
    paper = {"id": "2606.00001", "title": "T", "abstract": "A", "categories": "cs.AI"}
    told: list[dict[str, object]] = [
        {"question": "Why $x$?", "answer": "**So** $y$", "version": 2, "model": "m", "language": "en"},
        {"question": "为什么？", "answer": "<b>", "version": None, "model": None, "language": None},
    ]
    answers = [{"id": "2606.00001", **answer} for answer in told]
    file, saved = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    file.write_bytes(b"\n".join(map(orjson.dumps, [paper, *answers])) + b"\n")
    assert quire("papers", "import", file, data_dir=tmp_path / "one").returncode == 0
    assert quire("papers", "export", saved, data_dir=tmp_path / "one").returncode == 0
    assert quire("papers", "import", saved, data_dir=tmp_path / "two").returncode == 0
    with serving(tmp_path / "two") as address:
        page = httpx.get(f"{address}/api/v1/papers/2606.00001/answers", trust_env=False).json()
    assert page["items"] == answers


def test_the_block_of_answers_escapes_all_and_keeps_the_source() -> None:
    macro = _environment.get_template("answers.html").module.answers_block  # type: ignore[attr-defined]
    shown = str(macro([Answer("2606.00001", 2, "<i>", "m", "zh", "**a** <script> $x<y$")]))
    assert '<math-text class="answer notranslate" translate="no" lang="zh" format="markdown">' in shown
    assert "**a** &lt;script&gt; $x&lt;y$</math-text>" in shown
    assert "&lt;i&gt;" in shown
