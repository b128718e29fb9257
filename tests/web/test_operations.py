"""An operator sees whether the server is up and can work, and finds a request by its id."""

import json
import re
import shutil
from pathlib import Path

import httpx

from app import __version__
from tests import library
from tests.server import serving


def test_health_readiness_and_version(library_address: str) -> None:
    with httpx.Client(base_url=library_address, trust_env=False) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        ready = client.get("/readyz").json()
        assert (ready["status"], ready["reasons"]) == ("ready", {})
        assert ready["models"]["loaded"] == ["default"]
        assert ready["store"]["papers"] == ready["index"]["papers"] == len(library.records())
        assert ready["index"]["behind"] == 0
        assert ready["store"]["age_seconds"] < 24 * 3600
        assert client.get("/version").json() == {"name": "quire", "version": __version__}


def test_metrics_count_requests_by_route_and_name_no_paper(library_address: str) -> None:
    with httpx.Client(base_url=library_address, trust_env=False) as client:
        client.get("/api/v1/papers/2606.00001").raise_for_status()
        client.get("/nowhere-at-all")
        answer = client.get("/metrics").raise_for_status()
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'http_requests_total{method="GET",route="/api/v1/papers/{id:path}",status="200"}' in answer.text
    assert "http_request_duration_seconds_bucket" in answer.text
    assert "2606.00001" not in answer.text
    assert "nowhere-at-all" not in answer.text


def test_a_server_that_lacks_something_says_what_and_why(model_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(model_folder, tmp_path / "data" / "models")
    (tmp_path / "data" / "models" / "default.model").write_text("no model")
    with serving(tmp_path / "data") as address:
        answer = httpx.get(f"{address}/readyz", trust_env=False, timeout=300)
        assert answer.status_code == 503
        assert answer.json()["reasons"].keys() == {"models"}
        assert "default.model" in answer.json()["reasons"]["models"]
        shutil.rmtree(tmp_path / "data" / "index")
        reasons = httpx.get(f"{address}/readyz", trust_env=False, timeout=300).json()["reasons"]
        assert "quire papers reindex" in reasons["index"]
        assert httpx.get(f"{address}/metrics", trust_env=False).status_code == 200


def test_metrics_tell_what_the_tokenizer_did_and_what_there_is(client: httpx.Client) -> None:
    def value(name: str) -> float:
        found = re.search(f"^{re.escape(name)} (.*)$", client.get("/metrics").text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    labels = '{model="bare",op="encode"}'
    before = [value(f"bp_tokenize_{what}_total{labels}") for what in ("requests", "tokens", "input_bytes")]
    client.post("/api/v1/encode", json={"texts": ["abc", "é"], "model": "bare"}).raise_for_status()
    after = [value(f"bp_tokenize_{what}_total{labels}") for what in ("requests", "tokens", "input_bytes")]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 5, 5]
    assert value(f"bp_tokenize_duration_seconds_count{labels}") >= 1
    assert value("bp_models_loaded") >= 1
    assert value('papers_total{source="quire"}') > 0
    assert value("papers_last_update_timestamp_seconds") > 1.7e9


def test_several_workers_add_up_their_metrics(library_folder: Path) -> None:
    with serving(library_folder, "--workers", "2") as address:
        for _ in range(20):
            httpx.get(f"{address}/version", trust_env=False)
        text = httpx.get(f"{address}/metrics", trust_env=False).text
    assert 'http_requests_total{method="GET",route="/version",status="200"} 20.0' in text


def test_a_request_id_that_could_break_a_log_is_replaced(library_address: str) -> None:
    with httpx.Client(base_url=library_address, trust_env=False) as client:
        given = client.get("/healthz", headers={"x-request-id": "a b\tc" * 40}).headers["x-request-id"]
        assert len(given) == 32
        assert given.isalnum()


def test_failures_of_the_api_are_problems(library_address: str) -> None:
    with httpx.Client(base_url=library_address, trust_env=False) as client:
        for method, path, status in (
            ("GET", "/api/v1/nothing", 404),
            ("DELETE", "/api/v1/papers", 405),
            ("POST", "/healthz", 405),
        ):
            response = client.request(method, path)
            assert response.status_code == status
            assert response.headers["content-type"] == "application/problem+json"
            assert response.json().keys() == {
                "type", "title", "status", "detail", "instance", "request_id", "errors"
            }  # fmt: skip


def test_openapi_describes_problems_and_refers_to_nothing_that_is_not_there(library_address: str) -> None:
    text = httpx.get(f"{library_address}/openapi.json", trust_env=False).raise_for_status().text
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert "Problem" in named
    assert named <= json.loads(text)["components"]["schemas"].keys()


def test_streamed_lines_are_not_held_back_by_compression(library_address: str) -> None:
    lines = b'{"text": "a line"}\n' * 200
    headers = {"content-type": "application/x-ndjson", "accept-encoding": "gzip"}
    answer = httpx.post(f"{library_address}/api/v1/encode", content=lines, headers=headers, trust_env=False)
    assert answer.raise_for_status().text.count("\n") == 200
    assert "content-encoding" not in answer.headers
