"""The reader's API keeps its contract: shapes, paging, orders, and 404 or 422 with the field that is wrong."""

import re
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests import library

PAPER_KEYS = {
    "id", "version", "title", "abstract", "body", "authors", "categories", "primary_category", "subject_classes",
    "announced", "published", "updated", "comment", "doi", "journal_ref", "links",
}  # fmt: skip


@pytest.fixture(scope="module")
def client(library_address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{library_address}/api/v1", timeout=300, trust_env=False) as client:
        yield client


def every_page(client: httpx.Client, **parameters: Any) -> Iterator[dict[str, Any]]:
    while True:
        page = client.get("/papers", params=parameters).raise_for_status().json()
        yield from page["items"]
        if page["next_cursor"] is None:
            return
        parameters["cursor"] = page["next_cursor"]


def test_a_paper_has_every_key_of_the_contract_and_its_source_untouched(client: httpx.Client) -> None:
    record = library.records()[0]
    paper = client.get(f"/papers/{record['id']}").raise_for_status().json()
    assert paper.keys() == PAPER_KEYS
    assert paper["title"] == record["title"]
    assert paper["abstract"] == record["abstract"]
    assert paper["announced"] == record["update_date"]
    assert paper["primary_category"] == "cs.AI"
    assert paper["authors"][0] == {"name": "Emmy Noether", "family": "Noether", "given": "Emmy"}
    assert paper["body"] is None
    assert paper["doi"] is None


def test_what_is_no_category_is_a_subject_class(client: httpx.Client) -> None:
    paper = client.get("/papers/2606.00006").json()
    assert paper["categories"] == ["cs.CL"]
    assert paper["subject_classes"] == ["68T50"]


@pytest.mark.parametrize("name", ["math/0211159", "math.DG/0211159", "math/0211159v1", "arXiv:math/0211159"])
def test_ids_of_the_old_kind_work_in_every_spelling(client: httpx.Client, name: str) -> None:
    assert client.get(f"/papers/{name}").raise_for_status().json()["id"] == "math/0211159"
    assert client.get(f"/papers/{name}/answers").raise_for_status().json()["items"] == []
    assert client.get(f"/papers/{name}/related").raise_for_status().json()["next_cursor"] is None


def test_related_papers_are_others_that_share_words(client: httpx.Client) -> None:
    items = client.get("/papers/2606.00018/related", params={"limit": 5}).raise_for_status().json()["items"]
    assert 0 < len(items) <= 5
    assert "2606.00018" not in {paper["id"] for paper in items}


@pytest.mark.parametrize(
    "name", ["2606.99999", "nonsense", "2606.1", "math/1", "quire/9999", "..%2f..%2fetc"]
)
def test_an_id_that_is_unknown_or_none_is_404(client: httpx.Client, name: str) -> None:
    response = client.get(f"/papers/{name}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize("limit", [1, 7, 25, 200])
def test_paging_gives_every_paper_once_newest_day_first(client: httpx.Client, limit: int) -> None:
    papers = list(every_page(client, limit=limit))
    ids = [paper["id"] for paper in papers]
    assert len(ids) == len(set(ids)) == len(library.records())
    days = [paper["announced"] for paper in papers]
    assert days == sorted(days, reverse=True)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("cs.AI", lambda codes: "cs.AI" in codes),
        ("cs.AI+cs.LG-cs.CY", lambda codes: bool({"cs.AI", "cs.LG"} & codes) and "cs.CY" not in codes),
        ("cs.AI,math.PR", lambda codes: bool({"cs.AI", "math.PR"} & codes)),
        ("cs.AI cs.LG", lambda codes: bool({"cs.AI", "cs.LG"} & codes)),
        ("cond-mat.mtrl-sci", lambda codes: "cond-mat.mtrl-sci" in codes),
    ],
)
def test_expressions_choose_papers_by_category(client: httpx.Client, expression: str, wanted: Any) -> None:
    found = {paper["id"] for paper in every_page(client, categories=expression)}
    everything = every_page(client)
    assert found == {paper["id"] for paper in everything if wanted(set(paper["categories"]))}
    assert found


def test_days_bound_a_list_with_both_ends_included(client: httpx.Client) -> None:
    _, middle, last = library.DAYS
    one = list(every_page(client, date=middle))
    assert {paper["announced"] for paper in one} == {middle}
    assert len(one) == library.PER_DAY
    two = list(every_page(client, since=middle, until=last))
    assert {paper["announced"] for paper in two} == {middle, last}
    assert client.get("/papers", params={"date": "2031-01-01"}).json() == {
        "items": [], "next_cursor": None, "total": 0
    }  # fmt: skip


def test_ids_come_back_in_the_order_asked(client: httpx.Client) -> None:
    asked = ["2606.00030", "math/0211159", "2606.00002"]
    for answer in (
        client.get("/papers", params={"ids": ",".join(asked)}),
        client.post("/papers", json={"ids": asked}),
    ):
        assert [paper["id"] for paper in answer.raise_for_status().json()["items"]] == asked


def test_a_search_finds_by_relevance_and_pages(client: httpx.Client) -> None:
    page = client.get("/papers", params={"q": "case 17", "limit": 2}).raise_for_status().json()
    assert page["items"][0]["id"] == "2606.00018"
    assert client.get("/papers", params={"q": "zzzzz"}).json()["total"] == 0


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "?limit"),
        ("limit=201", "?limit"),
        ("limit=x", "?limit"),
        ("limit=1_0", "?limit"),
        ("limit=%2B5", "?limit"),
        ("limit=+5", "?limit"),
        ("limit=%D9%A1", "?limit"),
        ("limit=5.0", "?limit"),
        ("limit=-1", "?limit"),
        ("sort=stars", "?sort"),
        ("sort=relevance", "?sort"),
        ("date=yesterday", "?date"),
        ("date=2026-02-30", "?date"),
        ("date=1751328000", "?date"),
        ("date=2026-07-01T00:00", "?date"),
        ("date=", "?date"),
        ("until=", "?until"),
        ("limit=", "?limit"),
        ("since=20260701", "?since"),
        ("since=2026-07-02&until=2026-07-01", "?until"),
        ("categories=cs.XX", "?categories"),
        ("cursor=AAAA", "?cursor"),
        ("q=in:starred", "?q"),
        ("q=tag:x", "?q"),
        ("q=AND", "?q"),
        ("q=ti:", "?q"),
        ("q=(ti:) case", "?q"),
        ("q=%22open", "?q"),
        ("q=-", "?q"),
        ("q=" + "x" * 1000, "?q"),
        ("q=" + "(" * 100 + "a", "?q"),
        ("ids=" + ",".join(["2606.00001"] * 201), "?ids"),
    ],
)
def test_what_makes_no_sense_is_422_and_names_the_parameter(
    client: httpx.Client, query: str, pointer: str
) -> None:
    response = client.get(f"/papers?{query}")
    assert response.status_code == 422, response.text
    problem = response.json()
    assert pointer in {field["pointer"] for field in problem["errors"]}
    assert problem["type"] == "/problems/invalid-input"
    assert problem["detail"]


def test_an_id_that_is_not_here_is_404_among_others_too_and_left_out_by_post(client: httpx.Client) -> None:
    ids = ["2606.00001", "2606.99999", "math/0211159"]
    response = client.get("/papers", params={"ids": ",".join(ids)})
    assert response.status_code == 404
    assert "2606.99999" in response.json()["detail"]
    items = client.post("/papers", json={"ids": ids}).raise_for_status().json()["items"]
    assert [item["id"] for item in items] == ["2606.00001", "math/0211159"]


def test_many_ids_come_by_post_in_the_order_asked(client: httpx.Client) -> None:
    ids = [record["id"] for record in library.records()][::-1] * 8
    assert len(ids) > 200
    items = client.post("/papers", json={"ids": ids}).raise_for_status().json()["items"]
    assert [item["id"] for item in items] == list(dict.fromkeys(ids))


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"ids": ["nonsense"]}', "application/json", 404),
        (b'{"ids": "2606.00001"}', "application/json", 422),
        (b"{}", "application/json", 422),
        (b"{", "application/json", 400),
        (b"ids=2606.00001", "application/x-www-form-urlencoded", 415),
        (b'{"ids": [' + b",".join([b'"2606.00001"'] * 10_001) + b"]}", "application/json", 422),
    ],
)
def test_a_wrong_body_of_ids_is_refused(
    client: httpx.Client, body: bytes, content_type: str, status: int
) -> None:
    response = client.post("/papers", content=body, headers={"content-type": content_type})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/api/v1/papers?ids=", "/arxiv/", "/search?q="])
def test_an_address_of_ten_thousand_ids_is_414_in_the_shape_of_all_failures(
    library_address: str, path: str
) -> None:
    address = urlsplit(library_address)
    ids = ",".join(f"2606.{number:05}" for number in range(10_000))
    # Clients in Python refuse such addresses themselves.
    with socket.create_connection((address.hostname, address.port), timeout=300) as connection:
        connection.sendall(f"GET {path}{ids} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b"")).decode()
    assert answer.startswith("HTTP/1.1 414 ")
    kind = "application/problem+json" if path.startswith("/api") else "text/html"
    assert f"content-type: {kind}" in answer
    assert "110," in answer
    assert "POST" in answer


def test_a_query_over_the_limit_is_413(client: httpx.Client) -> None:
    assert client.get("/papers", params={"q": "x" * 5000}).status_code == 413


def test_every_category_is_listed_with_its_papers(client: httpx.Client) -> None:
    items = {item["code"]: item for item in client.get("/categories").raise_for_status().json()["items"]}
    assert items["math.DG"]["papers"] == 1
    assert items["math.NA"]["papers"] == 0
    assert "cs.NA" not in items, "aliases are not categories of their own"


def test_the_next_page_is_linked(client: httpx.Client) -> None:
    response = client.get("/papers", params={"categories": "cs.AI+cs.LG", "limit": 3})
    found = re.fullmatch(r'<(/api/v1/papers\?.*)>; rel="next"', response.headers["link"])
    assert found
    following = client.get(found[1].removeprefix("/api/v1")).raise_for_status().json()
    assert len(following["items"]) == 3
    assert not {p["id"] for p in following["items"]} & {p["id"] for p in response.json()["items"]}
