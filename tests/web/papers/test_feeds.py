"""Feeds are sound Atom: complete, stable, safe, paged, and not sent again to clients that have them."""

import re
from pathlib import Path
from xml.etree.ElementTree import Element

import httpx
import orjson
import pytest
from defusedxml.ElementTree import fromstring

from tests import library
from tests.server import quire, serving

ATOM = "{http://www.w3.org/2005/Atom}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"
XHTML = "{http://www.w3.org/1999/xhtml}"
OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
FEEDS = [
    "/arxiv/cs.AI/feed",
    "/arxiv/cs.AI+cs.LG-cs.CY/feed?date=2026-06-30",
    "/arxiv/math.NA/feed",
    "/arxiv/math/0211159/feed",
    "/arxiv/2606.00003,2606.09999/feed",
    "/arxiv/quire/feed",
    "/search/feed?q=case",
    "/search/feed?q=zzzzz",
]


def feed(client: httpx.Client, address: str) -> Element:
    response = client.get(address)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/atom+xml; charset=utf-8"
    root: Element = fromstring(response.content)
    return root


def text(element: Element, name: str) -> str:
    found = element.find(f"{ATOM}{name}")
    assert found is not None, f"no {name}"
    return "".join(found.itertext())


def link(element: Element, relation: str) -> str | None:
    found = element.find(f"{ATOM}link[@rel='{relation}']")
    return None if found is None else found.attrib["href"]


def entries(root: Element) -> dict[str, Element]:
    return {text(entry, "id"): entry for entry in root.iterfind(f"{ATOM}entry")}


@pytest.mark.parametrize("address", FEEDS)
def test_a_feed_has_what_rfc_4287_demands(client: httpx.Client, address: str) -> None:
    root = feed(client, address)
    assert root.tag == f"{ATOM}feed"
    for element in (root, *root.iterfind(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1
            assert text(element, name)
        assert re.match(r"[a-z]+:", text(element, "id"))
        assert INSTANT.fullmatch(text(element, "updated"))
        for given in element.iterfind(f"{ATOM}link"):
            assert given.attrib["href"].startswith(("http://", "https://"))
    assert root.findall(f"{ATOM}author"), "entries without authors need the feed's"
    assert link(root, "self")
    for entry in root.iterfind(f"{ATOM}entry"):
        assert len(entry.findall(f"{ATOM}content")) == len(entry.findall(f"{ATOM}summary")) == 1
        assert link(entry, "alternate")
        content = entry.find(f"{ATOM}content")
        assert content is not None
        assert [child.tag for child in content] == [f"{XHTML}div"]
        assert {node.tag for node in content.iter() if not node.tag.startswith(MATHML)} <= {
            f"{ATOM}content", *(f"{XHTML}{name}" for name in ("div", "p", "code", "small", "a"))
        }  # fmt: skip
    assert len(entries(root)) == len(root.findall(f"{ATOM}entry"))


def test_the_latest_day_is_whole_and_the_rest_follows_on_pages(client: httpx.Client) -> None:
    first = feed(client, "/arxiv/cs+math+cond-mat+hep-ex/feed")
    found, address, pages = entries(first), link(first, "next"), 1
    assert len(found) >= 50
    while address:
        following = feed(client, address)
        assert not set(found) & set(entries(following))
        assert text(following, "id") == text(first, "id")
        assert link(following, "first") == link(first, "first")
        found |= entries(following)
        address, pages = link(following, "next"), pages + 1
    assert set(found) == {f"https://arxiv.org/abs/{record['id']}" for record in library.records()}
    assert pages == 2
    day = feed(client, f"/arxiv/cs+math+cond-mat/feed?date={library.DAYS[1]}")
    assert len(entries(day)) == library.PER_DAY
    assert link(day, "next") is None


def test_limits_bound_a_page(client: httpx.Client) -> None:
    assert len(entries(feed(client, "/arxiv/cs/feed?limit=3"))) == 3
    assert len(entries(feed(client, "/search/feed?q=case&limit=3"))) == 3


def test_an_entry_describes_its_paper(client: httpx.Client) -> None:
    root = feed(client, "/arxiv/2606.00015/feed")
    entry = entries(root)["https://arxiv.org/abs/2606.00015"]
    assert text(entry, "title") == "Paper number 14 on $x^2 + y_1$"
    assert [text(author, "name") for author in entry.iterfind(f"{ATOM}author")] == [
        "Emmy Noether",
        "A. Author14",
    ]
    assert [one.attrib["term"] for one in entry.iterfind(f"{ATOM}category")] == ["cs.AI", "cs.CY"]
    assert text(entry, "updated") == f"{library.DAYS[0]}T00:00:00Z"
    assert (link(entry, "alternate") or "").endswith("/arxiv/2606.00015")


def test_prose_is_unicode_formulas_are_mathml_and_money_is_neither(client: httpx.Client) -> None:
    entry = entries(feed(client, "/arxiv/2606.00015/feed"))["https://arxiv.org/abs/2606.00015"]
    content = entry.find(f"{ATOM}content")
    assert content is not None
    formula = library.FORMULAS[14 % len(library.FORMULAS)]
    assert [math.attrib["alttext"] for math in content.iter(f"{MATHML}math")] == [formula.strip("$")] * 2
    shown = " ".join("".join(content.itertext()).split())
    assert "It costs $5 and $10, and nothing else" in shown
    assert "emph" not in shown + text(entry, "summary")
    assert formula in text(entry, "summary"), "who knows no MathML reads the source"


def test_a_formula_with_a_macro_of_its_authors_stays_its_source(tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    record = {"id": "2606.00001", "title": "T", "abstract": r"Of $\ours<1$ and $x$.", "categories": "cs.AI"}
    file.write_bytes(orjson.dumps(record))
    assert quire("papers", "import", file, data_dir=tmp_path).returncode == 0
    with serving(tmp_path) as address:
        root = fromstring(httpx.get(f"{address}/arxiv/cs.AI/feed", trust_env=False).content)
    assert [code.text for code in root.iter(f"{XHTML}code")] == [r"$\ours<1$"]
    assert len(list(root.iter(f"{MATHML}math"))) == 1


def test_hostile_texts_stay_texts(client: httpx.Client) -> None:
    root = feed(client, "/arxiv/2606.09999/feed")
    entry = entries(root)["https://arxiv.org/abs/2606.09999"]
    assert text(entry, "title") == 'Many <authors> & "quotes"'
    assert text(entry, "summary").startswith("<script>alert(1)</script>")
    assert len(entry.findall(f"{ATOM}author")) == 45


def test_searches_count_and_watch_the_newest(client: httpx.Client) -> None:
    root = feed(client, "/search/feed?q=paper+number&limit=10")
    numbers = {
        child.tag.removeprefix(OPENSEARCH): child.text for child in root if child.tag.startswith(OPENSEARCH)
    }
    assert numbers["totalResults"] == str(len(library.DAYS) * library.PER_DAY)
    assert (numbers["startIndex"], numbers["itemsPerPage"]) == ("1", "10")
    days = [text(entry, "updated") for entry in root.iterfind(f"{ATOM}entry")]
    assert days == sorted(days, reverse=True)
    assert days[0].startswith(library.DAYS[-1])
    following = feed(client, link(root, "next") or "")
    assert following.findtext(f"{OPENSEARCH}startIndex") == "11"
    assert not set(entries(root)) & set(entries(following))


def test_a_search_is_narrowed_by_categories(client: httpx.Client) -> None:
    root = feed(client, "/search/feed?q=case&categories=cs.AI-cs.CY")
    found = [
        {one.attrib["term"] for one in entry.iterfind(f"{ATOM}category")}
        for entry in root.iterfind(f"{ATOM}entry")
    ]
    assert found
    assert all("cs.AI" in categories and "cs.CY" not in categories for categories in found)
    assert "categories=cs.AI-cs.CY" in (link(root, "self") or "")


def test_ids_are_the_same_by_every_spelling_and_differ_between_lists(client: httpx.Client) -> None:
    ids = [text(feed(client, address), "id") for address in FEEDS]
    assert len(set(ids)) == len(ids)
    same = ["/arxiv/cs.LG,cs.AI/feed", "/arxiv/cs.AI+cs.LG/feed", "/arxiv/cs.ai+CS.lg/feed?limit=5"]
    assert len({text(feed(client, address), "id") for address in same}) == 1


@pytest.mark.parametrize("address", ["/arxiv/cs.AI/feed", "/search/feed?q=case"])
def test_a_client_with_the_latest_state_gets_not_modified(client: httpx.Client, address: str) -> None:
    first = client.get(address)
    tag = first.headers["etag"]
    for headers in ({"if-none-match": tag}, {"if-none-match": f'"x", {tag}'}):
        again = client.get(address, headers=headers)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    assert client.get(address, headers={"if-none-match": 'W/"x"'}).status_code == 200
    assert client.get(f"{address}{'&' if '?' in address else '?'}limit=7").headers["etag"] != tag


def test_a_change_of_the_store_is_a_new_state(tmp_path: Path) -> None:
    record = '{"id": "2606.0000%d", "title": "T", "abstract": "A", "categories": "cs.AI"}\n'
    file = tmp_path / "records.jsonl"
    file.write_text(record % 1)
    assert quire("papers", "import", file, data_dir=tmp_path).returncode == 0
    with serving(tmp_path) as address, httpx.Client(base_url=address, trust_env=False) as client:
        for feed_address in ("/arxiv/cs.AI/feed", "/search/feed?q=t"):
            state = client.get(feed_address).headers["etag"]
            file.write_text(record % 1 + record % (2 + len(feed_address) % 7))
            assert quire("papers", "import", file, data_dir=tmp_path).returncode == 0
            changed = client.get(feed_address, headers={"if-none-match": state})
            assert changed.status_code == 200
            assert len(entries(fromstring(changed.content))) >= 2


def test_last_modified_serves_who_keeps_no_tags(client: httpx.Client) -> None:
    for address in ("/arxiv/cs.AI/feed", "/search/feed?q=case"):
        modified = client.get(address).headers["last-modified"]
        assert client.get(address, headers={"if-modified-since": modified}).status_code == 304
        for other in ("Thu, 01 Jan 2026 00:00:00 GMT", "yesterday", ""):
            assert client.get(address, headers={"if-modified-since": other}).status_code == 200


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/arxiv/cs.XX/feed", 422),
        ("/arxiv/cs.AI/feed?date=yesterday", 422),
        ("/arxiv/cs.AI/feed?cursor=AAAA", 422),
        ("/arxiv/cs.AI/feed?sort=relevance", 422),
        ("/arxiv/9999.99999/feed", 404),
        ("/arxiv/2606.77777/feed", 404),
        ("/arxiv/2606.00001,2606.77777/feed", 404),
        ("/search/feed?q=case&categories=cs.XX", 422),
        ("/search/feed?q=", 422),
        ("/search/feed", 422),
        ("/search/feed?q=tag:x", 422),
        ("/search/feed?q=" + "x" * 5000, 413),
    ],
)
def test_what_makes_no_feed_is_a_problem_for_programs(
    client: httpx.Client, address: str, status: int
) -> None:
    response = client.get(address)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


def test_addresses_are_those_that_the_reader_used(client: httpx.Client) -> None:
    response = client.get("/arxiv/quire/feed", headers={"host": "papers.example:81"})
    root = fromstring(response.content)
    assert link(root, "self") == "http://papers.example:81/arxiv/quire/feed"
    assert all(identity.startswith("urn:uuid:") for identity in entries(root))
    assert set(entries(root)) == set(entries(feed(client, "/arxiv/quire/feed")))


def test_a_withdrawn_paper_is_marked_and_leads_to_no_pdf(tmp_path: Path) -> None:
    record = {
        "id": "2606.00001",
        "title": "On zeros",
        "abstract": "It costs $5, and $x$ steps cost $10.",
        "authors": "E. Noether",
        "categories": "math.NT",
        "comments": "This paper has been withdrawn by the author due to a gap",
        "update_date": "2026-06-30",
        "versions": [{"version": "v1", "created": "Fri, 26 Jun 2026 17:59:59 GMT"}],
    }
    given = tmp_path / "given.jsonl"
    given.write_bytes(orjson.dumps(record))
    assert quire("papers", "import", given, data_dir=tmp_path).returncode == 0
    with serving(tmp_path) as address, httpx.Client(base_url=address, timeout=300, trust_env=False) as client:
        (entry,) = feed(client, "/arxiv/math.NT/feed").iterfind(f"{ATOM}entry")
    assert text(entry, "title") == "[Withdrawn] On zeros"
    assert "/pdf/" not in str([node.attrib for node in entry.iter()])
    assert text(entry, "published") == "2026-06-30T00:00:00Z"
    assert text(entry, "updated") == "2026-06-30T00:00:00Z"
    assert [node.attrib["alttext"] for node in entry.iter(f"{MATHML}math")] == ["x"]
