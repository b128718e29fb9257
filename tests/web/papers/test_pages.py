"""Pages can be read without script, say what is wrong kindly, and never hand a paper's text to the HTML parser."""

import html
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from app.papers.models import AnnounceType, Paper, Version
from app.web import templates
from app.web.middleware.security_headers import HEADERS
from app.web.wording import Wording
from tests import library
from tests.server import PATIENCE, quire, serving


@pytest.fixture(scope="module")
def client(library_address: str) -> Iterator[httpx.Client]:
    headers = {"accept": "text/html,*/*;q=0.8", "accept-language": "en"}
    with httpx.Client(base_url=library_address, headers=headers, timeout=300, trust_env=False) as client:
        yield client


def article_ids(page: str) -> list[str]:
    return re.findall(r'<article class="paper[^"]*" id="([^"]+)"', page)


def test_a_list_shows_25_papers_with_their_source_guarded_from_translation(client: httpx.Client) -> None:
    page = client.get("/arxiv/cs.AI+cs.LG+math.PR+cond-mat.mtrl-sci").raise_for_status().text
    assert len(article_ids(page)) == 25
    blocks = re.findall(r"<math-text ([^>]*)>(.*?)</math-text>", page, re.DOTALL)
    assert blocks
    for attributes, _ in blocks:
        assert re.search(r'class="[^"]*\bnotranslate\b', attributes)
        assert 'translate="no"' in attributes
        assert 'lang="en"' in attributes or 'lang=""' in attributes, "empty ones are for script to fill"
    shown = {html.unescape(text) for _, text in blocks}
    newest = [record for record in library.records() if record["update_date"] == library.DAYS[-1]]
    assert {record["abstract"] for record in newest if record["categories"] == "cs.LG"} <= shown


def test_a_page_of_a_paper_is_named_by_its_title_in_plain_text(client: httpx.Client) -> None:
    page = client.get("/arxiv/2606.09999").raise_for_status().text
    assert "<title>Many &lt;authors&gt; &amp; &#34;quotes&#34; · 2606.09999 · Quire</title>" in page


def test_following_rel_next_without_script_gives_every_paper_once_with_its_days(client: httpx.Client) -> None:
    address, ids, days = "/arxiv/cs.AI+cs.LG+math.PR+cond-mat.mtrl-sci+cs.CL?lang=en", [], []
    while address:
        page = client.get(address).raise_for_status().text
        ids += article_ids(page)
        days += re.findall(r'<h2 class="day" id="day-([\d-]+)"', page)
        found = re.search(r'<a rel="next" href="([^"]+)"', page)
        address = html.unescape(found[1]) if found else ""
    assert len(ids) == len(set(ids)) == 3 * library.PER_DAY
    assert list(dict.fromkeys(days)) == library.DAYS[::-1]
    assert "That was all: 72 papers." in page


def test_a_day_is_that_day_alone_and_says_when_it_ends(client: httpx.Client) -> None:
    _, middle, last = library.DAYS
    page = client.get(f"/arxiv/cs.LG?date={middle}").raise_for_status().text
    assert len(article_ids(page)) == 8
    assert "That was all for Tuesday 30 June 2026: 8 papers." in page.replace(",", "")
    assert f"date={last}" in page, "the way to the next day"
    assert f"date={library.DAYS[0]}" in page, "the way to the day before"
    empty = client.get("/arxiv/cs.LG?date=2026-07-04").raise_for_status().text
    assert "No papers on this day" in empty


def test_a_day_to_come_is_no_failure_and_called_so(client: httpx.Client) -> None:
    response = client.get("/arxiv/cs.AI?date=2999-01-01")
    assert response.status_code == 200
    assert "in the future" in response.text
    assert "in the future" not in client.get("/arxiv/cs.AI?date=2026-06-28").text


def test_the_form_of_a_list_leads_to_the_one_spelling_of_what_it_says(client: httpx.Client) -> None:
    asked = {"categories": "cs.LG, cs.ai - cs.cy", "since": "2026-06-01", "until": "", "sort": "published"}
    response = client.get("/arxiv", params=asked)
    assert response.status_code == 303
    assert response.headers["location"] == "/arxiv/cs.AI+cs.LG-cs.CY?since=2026-06-01&sort=published"
    page = client.get(response.headers["location"]).raise_for_status().text
    assert re.search(r'<input type="hidden" name="since" value="2026-06-01">', page)
    assert '<option value="published" selected>' in page


def test_the_calendar_links_the_days_that_have_papers(client: httpx.Client) -> None:
    june = client.get("/arxiv/cs.LG/calendar?month=2026-06").raise_for_status().text
    assert re.findall(r'href="/arxiv/cs\.LG\?date=([\d-]+)"', june) == library.DAYS[:2]
    assert "Tuesday, 30 June 2026: 8 papers" in june
    assert "month=2026-05" in june
    assert "month=2026-07" in june
    latest = client.get("/arxiv/cs.LG/calendar").raise_for_status().text
    assert re.findall(r'href="/arxiv/cs\.LG\?date=([\d-]+)"', latest) == library.DAYS[2:]
    assert "month=2026-08" not in latest, "there is nothing later"
    for month in ("2026-13", "0000-01", "9999-12", "x"):
        assert client.get("/arxiv/cs.LG/calendar", params={"month": month}).status_code == 422
    assert client.get("/arxiv/2606.00001/calendar").status_code == 404


def test_cross_lists_and_replacements_are_marked(client: httpx.Client) -> None:
    page = client.get("/arxiv/cs.LG?lang=en").raise_for_status().text
    assert page.count("cross-list") == sum(r["categories"] == "cs.AI cs.LG" for r in library.records())
    assert "cross-list" not in client.get("/arxiv/cs.AI+cs.LG?lang=en").text


def test_several_ids_come_in_the_order_asked(client: httpx.Client) -> None:
    asked = [f"2606.{number:05}" for number in range(40, 5, -1)]
    assert article_ids(client.get(f"/arxiv/{','.join(asked)}").text) == asked


@pytest.mark.parametrize(
    "name", ["math/0211159", "math.DG/0211159", "math/0211159v2", "quire/0001", "2606.00001"]
)
def test_a_single_paper_has_a_page_of_its_own(client: httpx.Client, name: str) -> None:
    page = client.get(f"/arxiv/{name}")
    if name.startswith("quire/"):
        assert page.status_code == 404, "a library that holds papers gets no built-in ones"
    else:
        assert len(article_ids(page.raise_for_status().text)) == 1


def test_hostile_text_stays_text(client: httpx.Client) -> None:
    page = client.get("/arxiv/2606.09999").raise_for_status().text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; and $a&lt;b$." in page
    assert "and 25 more" in page, "authors are folded above twenty"


def test_an_id_or_an_address_typed_into_the_search_leads_to_the_paper(client: httpx.Client) -> None:
    for typed in ("2606.00001", "https://arxiv.org/abs/2606.00001v3", "arXiv:2606.00001"):
        response = client.get("/search", params={"q": typed})
        assert (response.status_code, response.headers["location"]) == (303, "/arxiv/2606.00001")


def test_a_search_shows_what_it_found(client: httpx.Client) -> None:
    page = client.get("/search", params={"q": "case 17"}).raise_for_status().text
    assert article_ids(page)[0] == "2606.00018"
    nothing = client.get("/search", params={"q": "zzzzz"}).text
    assert "Nothing was found" in nothing
    assert 'id="cite-all"' not in nothing
    mended = client.get("/search", params={"q": "papre number"}).text
    assert 'href="/search?q=paper%20number"' in mended


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/arxiv/cs.XX", 422, {"en": "no category", "zh": "没有类别"}),
        ("/arxiv/2606.99999", 404, {"en": "2606.99999", "zh": "2606.99999"}),
        ("/arxiv/2606.1", 404, {"en": "not a paper", "zh": "不是论文编号"}),
        ("/arxiv/cs.AI?date=tomorrow", 422, {"en": "2026-11-23", "zh": "2026-11-23"}),
        ("/arxiv/cs.AI?cursor=x", 422, {"en": "cursor", "zh": "游标"}),
        ("/search?q=AND", 422, {"en": "before AND", "zh": "“AND”前面"}),
        ("/nowhere", 404, {"en": "nothing at /nowhere", "zh": "/nowhere 上没有"}),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_failure_is_a_page_with_the_status_and_the_requests_id(
    client: httpx.Client, address: str, status: int, words: dict[str, str], language: str
) -> None:
    joined = f"{address}{'&' if '?' in address else '?'}lang={language}"
    response = client.get(joined, headers={"x-request-id": "abc-1.2_3"})
    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["x-request-id"] == "abc-1.2_3"
    assert response.headers["content-language"] == language
    assert "abc-1.2_3" in response.text
    assert words[language] in html.unescape(response.text)
    assert "Traceback" not in response.text


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("de,en;q=0.5", "en"),
        ("en;q=0.2,zh;q=0.1", "en"),
        ("", "en"),
        ("q=,;", "en"),
    ],
)
def test_the_interface_speaks_the_readers_language(client: httpx.Client, accept: str, expected: str) -> None:
    response = client.get("/", headers={"accept-language": accept})
    assert response.headers["content-language"] == expected
    assert client.get("/?lang=zh", headers={"accept-language": accept}).headers["content-language"] == "zh"


@pytest.mark.parametrize(
    "address", ["/", "/arxiv/cs.AI", "/nowhere", "/static/css/page.css", "/api/v1/papers", "/healthz"]
)
def test_every_answer_carries_the_headers_that_keep_it_safe(client: httpx.Client, address: str) -> None:
    headers = client.get(address).headers
    for name, value in HEADERS.items():
        assert headers[name] == value
    assert "set-cookie" not in headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["script-src"] == "'self'"


def test_no_page_holds_inline_script_or_names_another_host_for_what_it_loads(client: httpx.Client) -> None:
    for address in ("/", "/arxiv/cs.AI", "/arxiv/2606.00001", "/search", "/preview", "/tokenizer", "/docs"):
        page = client.get(address).raise_for_status().text
        assert not re.search(r"<script(?![^>]*\bsrc=)", page), address
        assert not re.search(r"\son\w+=", page), address
        assert not re.search(r'<(?:script|link|img)[^>]*(?:src|href)="(?:https?:)?//', page), address


def test_templates_are_not_served(client: httpx.Client) -> None:
    assert client.get("/static/templates/base.html").status_code == 404


def test_preview_opens_with_the_format_asked_for(client: httpx.Client) -> None:
    page = client.get("/preview?format=markdown").text
    assert '<option value="markdown" selected>' in page
    assert re.search(r'<math-text id="output"[^>]* format="markdown"', page)


def test_a_paper_names_those_near_to_it(client: httpx.Client) -> None:
    near = client.get("/api/v1/papers/2606.00018/related?limit=5").raise_for_status().json()["items"]
    page = client.get("/arxiv/2606.00018").raise_for_status().text
    section = page.partition('<section class="related"')[2].partition("</section>")[0]
    assert near
    assert re.findall(r'href="/arxiv/([^"]+)"', section) == [paper["id"] for paper in near]


def block(paper: Paper, **options: bool) -> str:
    """A paper as pages show it, its spaces made one."""
    template = templates._environment.get_template("paper_block.html")
    return " ".join(str(template.module.paper_block(Wording("en"), "", paper, **options)).split())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "marks"),
    [
        (None, []),
        ("new", ["new"]),
        ("cross", ["cross-list"]),
        ("replace", ["replaced"]),
        ("replace-cross", ["cross-list", "replaced"]),
    ],
)
def test_how_a_feed_announced_a_paper_is_reported(kind: AnnounceType | None, marks: list[str]) -> None:
    shown = block(Paper("2601.00001", "T", "A", announce_type=kind))
    assert re.findall(r'class="mark">([^<]+)<', shown) == marks


def test_a_papers_page_lists_its_versions() -> None:
    versions = tuple(Version(number, datetime(2026, 1, number, tzinfo=UTC)) for number in (1, 2))
    paper = Paper("2601.00001", "T", "A", version=2, versions=versions)
    shown = block(paper, single=True)
    assert 'href="https://arxiv.org/abs/2601.00001v1"' in shown
    assert '<time datetime="2026-01-02T00:00:00+00:00">2026-01-02</time>' in shown
    assert 'class="versions' not in block(paper), "a list stays short"


def test_lists_show_a_paper_as_the_last_import_has_it(tmp_path: Path) -> None:
    file = tmp_path / "papers.jsonl"

    def import_version(version: int) -> None:
        record = {"id": "2606.00001", "version": version, "title": f"Title {version}", "abstract": "We ask."}
        record |= {"categories": ["cs.CL"], "announced": f"2026-06-0{version}"}
        file.write_text(json.dumps(record) + "\n")
        assert quire("papers", "import", file, data_dir=tmp_path).returncode == 0

    import_version(1)
    with (
        serving(tmp_path) as address,
        httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False) as client,
    ):
        for version in (1, 2, 3):
            if version > 1:
                import_version(version)
            for path in ("/arxiv/cs.CL?lang=en", "/search?q=ask&lang=en", "/api/v1/papers?categories=cs.CL"):
                for _ in range(3):
                    text = client.get(path).raise_for_status().text
                    assert set(re.findall(r"Title \d", text)) == {f"Title {version}"}, path
