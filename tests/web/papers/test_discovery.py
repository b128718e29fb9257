"""Other programs find their way: browsers by OpenSearch, reference managers by unAPI, crawlers by robots.txt."""

import html
import re
from pathlib import Path
from urllib.parse import parse_qs
from urllib.robotparser import RobotFileParser

import httpx
import orjson
import pytest
from defusedxml.ElementTree import fromstring

from app.papers.answers import Answer
from app.web.wording import Wording
from app.web.xml import _environment
from tests import library
from tests.server import quire, serving

OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"


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
    [("id=arxiv:2606.77777", 404), ("id=x", 404), ("id=2606.00001&format=endnote", 406), ("format=ris", 422)],
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


def test_mods_says_that_a_paper_is_a_preprint(client: httpx.Client) -> None:
    root = fromstring(client.get("/unapi?id=arxiv:2606.00001&format=mods").content)
    mods = "{http://www.loc.gov/mods/v3}"
    assert root.findtext(f".//{mods}genre") == "preprint"
    assert root.findtext(f".//{mods}titleInfo/{mods}title") == "Paper number 0 on x^2 + y_1"
    assert [part.text for part in root.iter(f"{mods}namePart")] == ["Noether", "Emmy", "Author0", "A."]


def test_a_page_of_one_paper_tells_what_it_is(client: httpx.Client) -> None:
    told: dict[str, list[str]] = {}
    for name, content in re.findall(
        r'<meta name="(citation_\w+)" content="([^"]*)">', client.get("/arxiv/2606.09999").text
    ):
        told.setdefault(name, []).append(html.unescape(content))
    assert told["citation_title"] == ['Many <authors> & "quotes"']
    assert len(told["citation_author"]) == 45
    assert told["citation_author"][0] == "Name0, X."
    assert told["citation_online_date"] == ["2026/06"]
    assert told["citation_pdf_url"] == ["https://arxiv.org/pdf/2606.09999"]
    assert told["citation_arxiv_id"] == ["2606.09999"]
    assert told["citation_abstract"][0].startswith("<script>alert(1)</script>")


def test_a_list_holds_a_context_object_for_each_paper(client: httpx.Client) -> None:
    page = client.get("/arxiv/cs.AI").text
    objects = [
        parse_qs(html.unescape(one)) for one in re.findall(r'<span class="Z3988" title="([^"]*)"', page)
    ]
    assert len(objects) == page.count("<article") == 24
    for one in objects:
        assert one["ctx_ver"] == ["Z39.88-2004"]
        assert one["rft.au"][0] == "Noether, Emmy"
        assert one["rft.identifier"][0].startswith("https://arxiv.org/abs/")
    assert "Z3988" not in client.get("/arxiv/2606.00001").text


def test_what_is_typed_goes_on_as_a_category_or_a_title(client: httpx.Client) -> None:
    response = client.get("/suggest", params={"q": "paper num"})
    assert response.headers["content-type"] == "application/x-suggestions+json"
    typed, completions, told, addresses = response.json()
    assert typed == "paper num"
    assert completions[0].startswith("Paper number")
    assert len(completions) == len(told) == len(addresses) == 7
    for completion in completions:
        assert client.get("/api/v1/papers", params={"q": completion}).json()["total"] >= 1
    assert client.get("/suggest?q=cs.a").json()[1] == ["cat:cs.AI", "cat:cs.AR"]
    assert client.get("/suggest?q=artificial").json()[2][0] == "Artificial Intelligence"


@pytest.mark.parametrize(
    "typed", ["", "a", " ", '"', "ti:", "((", "zzzz", "x" * 5000, "机器学", "a.*b", "\x00"]
)
def test_whatever_is_typed_is_answered(client: httpx.Client, typed: str) -> None:
    answer = client.get("/suggest", params={"q": typed}).raise_for_status().json()
    assert answer[0] == typed
    assert len({len(column) for column in answer[1:]}) == 1


def test_feeds_are_taken_in_as_opml(client: httpx.Client) -> None:
    chosen = client.get("/feeds.opml", params={"categories": ["cs.LG,cs.AI", "math.NA"], "q": 'graph "a b"'})
    assert chosen.headers["content-type"] == "text/x-opml; charset=utf-8"
    outlines = [one.attrib for one in fromstring(chosen.content).iter("outline")]
    assert [one["text"] for one in outlines] == ["cs.AI+cs.LG", "math.NA", 'graph "a b"']
    everything = [one.attrib for one in fromstring(client.get("/feeds.opml").content).iter("outline")]
    assert "cs.AI" in {one["text"] for one in everything}
    for one in (*outlines, everything[0]):
        assert client.get(one["xmlUrl"]).status_code == 200
        assert client.get(one["htmlUrl"]).status_code == 200
    for wrong in ("categories=cs.XX", "q=AND", "&".join(["categories=cs.AI"] * 201)):
        assert client.get(f"/feeds.opml?{wrong}").status_code == 422


def test_the_sitemap_leads_to_every_paper_once(client: httpx.Client) -> None:
    assert f"Sitemap: {client.base_url}/sitemap.xml" in client.get("/robots.txt").text.splitlines()
    index = fromstring(client.get("/sitemap.xml").content)
    parts = [one.text or "" for one in index.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert len(parts) == 2
    found = [
        one.text or ""
        for part in parts
        for one in fromstring(client.get(part).content).iter(
            "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"
        )
    ]
    assert sorted(found) == sorted(f"{client.base_url}/arxiv/{record['id']}" for record in library.records())
    for month in ("0", "99999999999", "-1"):
        assert client.get(f"/sitemap/{month}.xml").status_code == 404


def test_security_txt_names_the_operators_contact(client: httpx.Client, library_folder: Path) -> None:
    assert client.get("/.well-known/security.txt").status_code == 404
    with serving(library_folder, settings={"CONTACT": "me@example.org"}) as address:
        told = httpx.get(f"{address}/.well-known/security.txt", trust_env=False)
    assert told.headers["content-type"] == "text/plain; charset=utf-8"
    assert "Contact: mailto:me@example.org" in told.text.splitlines()
    assert re.search(r"^Expires: \d{4}-12-31T23:59:59Z$", told.text, re.MULTILINE)


def test_answers_go_in_by_a_file_and_out_by_api_and_export(tmp_path: Path) -> None:
    paper = {"id": "2606.00001", "title": "T", "abstract": "A", "categories": "cs.AI"}
    quote = {"quote": "the words", "status": "repaired", "anchor": "S1.p1", "passage": "a", "words": "b"}
    asked = {
        "name": "why",
        "created": "2026-11-23T08:30:00Z",
        "source": "html",
        "prompt_sha256": "ab" * 32,
        "usage": {"prompt_tokens": 12000, "completion_tokens": 300},
        "quotes": [quote],
    }
    nothing = dict.fromkeys(asked) | {"quotes": []}
    told: list[dict[str, object]] = [
        {"question": "Why $x$?", "answer": "**So** $y$", "version": 2, "model": "m", "language": "en"},
        {"question": "为什么？", "answer": "<b>", "version": None, "model": None, "language": None},
        {"question": "Why $x$?", "answer": "**No**", "version": 2, "model": "m", "language": "en"} | asked,
    ]
    answers = [{"id": "2606.00001", **nothing, **answer} for answer in told]
    file, saved = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    file.write_bytes(b"\n".join(map(orjson.dumps, [paper, *answers])) + b"\n")
    assert quire("papers", "import", file, data_dir=tmp_path / "one").returncode == 0
    assert quire("papers", "export", saved, data_dir=tmp_path / "one").returncode == 0
    assert quire("papers", "import", saved, data_dir=tmp_path / "two").returncode == 0
    with serving(tmp_path / "two") as address:
        page = httpx.get(f"{address}/api/v1/papers/2606.00001/answers", trust_env=False).json()
    assert page["items"] == answers


def test_the_block_of_answers_escapes_all_and_keeps_the_source() -> None:
    macro = _environment.get_template("answers.html").module.exchange  # type: ignore[attr-defined]
    shown = str(macro(Wording("en"), Answer("2606.00001", 2, "<i>", "m", "zh", "**a** <script> $x<y$")))
    assert 'lang="zh" format="latex">&lt;i&gt;</math-text></h3>' in shown
    assert '<math-text class="answer notranslate" translate="no" lang="zh" format="markdown">' in shown
    assert "**a** &lt;script&gt; $x&lt;y$</math-text>" in shown
