"""An operator sees whether the server is up and can work, and finds a request by its id."""

import httpx

from app import __version__


def test_health_readiness_and_version(library_address: str) -> None:
    with httpx.Client(base_url=library_address, trust_env=False) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/readyz").json() == {"status": "ready", "reasons": {}}
        assert client.get("/version").json() == {"name": "quire", "version": __version__}


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
