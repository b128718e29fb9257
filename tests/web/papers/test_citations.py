"""Citations over HTTP: the right papers in the right order, in the media type of each format, described as they are."""

import httpx
import pytest

ASKED = ["2606.00030", "math/0211159", "2606.00002"]
MEDIA_TYPES = {
    "bibtex": "application/x-bibtex",
    "ris": "application/x-research-info-systems",
    "csl": "application/vnd.citationstyles.csl+json",
    "markdown": "text/markdown",
}


@pytest.mark.parametrize(("form", "media_type"), MEDIA_TYPES.items())
def test_each_format_has_its_media_type_and_keeps_the_order(
    client: httpx.Client, form: str, media_type: str
) -> None:
    by_address = client.get("/api/v1/cite", params={"ids": ",".join(ASKED), "format": form})
    by_body = client.post("/api/v1/cite", json={"ids": ASKED, "format": form})
    for response in (by_address, by_body):
        assert response.status_code == 200
        assert response.headers["content-type"] == f"{media_type}; charset=utf-8"
        assert response.headers["content-disposition"].startswith('attachment; filename="papers.')
        places = [response.text.index(name) for name in ASKED]
        assert places == sorted(places)
    assert by_address.content == by_body.content


def test_one_paper_is_a_file_of_its_name_and_bibtex_unless_told_otherwise(client: httpx.Client) -> None:
    response = client.get("/api/v1/cite", params={"ids": "math.DG/0211159v1"})
    assert response.headers["content-disposition"] == 'attachment; filename="arxiv-math-0211159.bib"'
    assert response.text.startswith("@misc{arxiv-math-0211159,")


def test_csl_is_json(client: httpx.Client) -> None:
    items = client.get("/api/v1/cite", params={"ids": ",".join(ASKED), "format": "csl"}).json()
    assert [item["id"] for item in items] == ["arxiv-2606.00030", "arxiv-math-0211159", "arxiv-2606.00002"]


@pytest.mark.parametrize(
    ("query", "status", "pointer"),
    [
        ("ids=2606.00001,2606.77777", 404, "?ids"),
        ("ids=nonsense", 404, "?ids"),
        ("", 422, "?ids"),
        ("q=", 422, "?ids"),
        ("q=AND", 422, "?q"),
        ("categories=cs.XX", 422, "?categories"),
        ("categories=cs.AI&date=", 422, "?date"),
        ("ids=,", 422, "?ids"),
        ("ids=2606.00001&format=endnote", 422, "?format"),
        ("ids=" + ",".join(["2606.00001"] * 201), 422, "?ids"),
    ],
)
def test_what_can_not_be_cited_is_said(client: httpx.Client, query: str, status: int, pointer: str) -> None:
    response = client.get(f"/api/v1/cite?{query}")
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert [field["pointer"] for field in response.json()["errors"]] == [pointer]


def test_an_id_that_is_not_here_is_named(client: httpx.Client) -> None:
    assert (
        "2606.77777" in client.get("/api/v1/cite", params={"ids": "2606.00001,2606.77777"}).json()["detail"]
    )


def test_by_body_more_than_an_address_holds_and_bounds_too(client: httpx.Client) -> None:
    many = client.post("/api/v1/cite", json={"ids": ["2606.00001"] * 500, "format": "ris"})
    assert many.status_code == 200
    assert many.text.count("TY  - ") == 1
    refused: list[dict[str, object]] = [
        {"ids": ["2606.00001"] * 2001},
        {"ids": []},
        {"ids": ["2606.00001"], "format": "x"},
        {},
    ]
    for body in refused:
        assert client.post("/api/v1/cite", json=body).status_code == 422
    assert client.post("/api/v1/cite", json={"ids": ["nonsense"]}).status_code == 404
    plain = client.post("/api/v1/cite", content=b"{}", headers={"content-type": "text/plain"})
    assert plain.status_code == 415
    broken = client.post("/api/v1/cite", content=b"{", headers={"content-type": "application/json"})
    assert broken.status_code == 400


def test_openapi_tells_all_media_types_and_failures(client: httpx.Client) -> None:
    path = client.get("/openapi.json").json()["paths"]["/api/v1/cite"]
    for method, failures in (
        ("get", {"404", "413", "422", "503"}),
        ("post", {"400", "404", "413", "415", "422", "503"}),
    ):
        responses = path[method]["responses"]
        assert set(responses["200"]["content"]) == set(MEDIA_TYPES.values())
        assert set(responses) >= {"200"} | failures
        assert all(list(responses[status]["content"]) == ["application/problem+json"] for status in failures)


def test_a_whole_list_or_search_is_cited_in_its_order(client: httpx.Client) -> None:
    for query in ({"categories": "cs.AI+cs.LG-cs.CY"}, {"q": "case"}, {"date": "2026-06-30"}):
        ids: list[str] = []
        asked: dict[str, str] | None = dict(query)
        while asked:
            page = client.get("/api/v1/papers", params=asked).raise_for_status().json()
            ids += [paper["id"] for paper in page["items"]]
            asked = {**query, "cursor": page["next_cursor"]} if page["next_cursor"] else None
        cited = client.get("/api/v1/cite", params={**query, "format": "csl"}).raise_for_status().json()
        assert [item["id"] for item in cited] == [f"arxiv-{name.replace('/', '-')}" for name in ids]
        assert len(ids) > 20
