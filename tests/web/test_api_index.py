"""The API says itself what there is, and names the fields that are nearest to one that there isn't."""

import httpx
import pytest


def test_every_call_is_listed_with_a_link_that_leads_somewhere(client: httpx.Client) -> None:
    told = client.get("/api/v1").json()
    assert told["total"] == len(told["items"])
    named = {(item["method"], item["path"]) for item in told["items"]}
    described = client.get("/openapi.json").json()["paths"]
    assert named == {(method.upper(), path) for path, calls in described.items() for method in calls}
    for item in told["items"]:
        assert item["summary"]
        if item["method"] == "GET" and "{" not in item["path"] and "/." not in item["path"]:
            assert client.get(item["href"]).status_code in (200, 422), item
    for link in told["links"].values():
        assert client.get(link).status_code == 200


@pytest.mark.parametrize(
    ("call", "body", "pointer", "first"),
    [
        ("encode", {"txt": "a"}, "/txt", "text,"),
        ("encode", {"text": "a", "addbos": True}, "/addbos", "add_bos,"),
        ("encode", {"text": "a", "truncate": {"max_token": 3}}, "/truncate/max_token", "max_tokens,"),
        ("count", {"textes": ["a"]}, "/textes", "texts,"),
        ("chunk", {"text": "a", "max_tokens": 3, "overlaps": 1}, "/overlaps", "overlap,"),
    ],
)
def test_a_field_that_is_not_there_names_those_that_are(
    client: httpx.Client, call: str, body: dict[str, object], pointer: str, first: str
) -> None:
    refused = client.post(f"/api/v1/{call}", json=body)
    assert refused.status_code == 422
    [told] = [error for error in refused.json()["errors"] if error["pointer"] == pointer]
    assert told["detail"].startswith(f"there is no such field; there are {first}"), told
