"""Parameters that a route does not know are ignored, whatever they are called: also like an argument inside."""

import ast
from pathlib import Path

import httpx
import pytest

APP = Path(__file__).resolve().parents[2] / "app"

PAGES = [
    "/",
    "/arxiv/quire",
    "/arxiv/quire/0001",
    "/arxiv/quire/0001,quire/0002",
    "/arxiv/quire?limit=1",
    "/arxiv/quire/feed",
    "/search?q=token",
    "/search/feed?q=token",
    "/starred",
    "/tokenizer",
    "/preview",
    "/docs",
    "/openapi.json",
    "/opensearch.xml",
    "/robots.txt",
    "/sitemap.xml",
    "/suggest?q=token",
    "/unapi?id=quire/0001",
    "/healthz",
    "/readyz",
    "/metrics",
    "/version",
    "/tokenizer_info",
    "/api/v1/models",
    "/api/v1/models/default",
    "/api/v1/papers",
    "/api/v1/papers?q=token&limit=1",
    "/api/v1/papers/quire/0001",
    "/api/v1/papers/quire/0001/related",
    "/api/v1/papers/quire/0001/answers",
    "/api/v1/categories",
    "/api/v1/cite?ids=quire/0001",
]


def arguments() -> set[str]:
    """The names of all arguments of all functions."""
    return {
        argument.arg
        for path in APP.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for argument in (
            *node.args.posonlyargs,
            *node.args.args,
            *node.args.kwonlyargs,
            node.args.vararg,
            node.args.kwarg,
        )
        if argument is not None
    }


def known(client: httpx.Client) -> set[str]:
    """The parameters that some route takes: those in OpenAPI, and those of the pages."""
    paths = client.get("/openapi.json").json()["paths"]
    told = {
        parameter["name"]
        for calls in paths.values()
        for call in calls.values()
        for parameter in call.get("parameters", ())
    }
    return told | {"text", "model", "sample", "alpha", "seed", "spaces", "start", "lang", "by"}


@pytest.mark.parametrize("page", PAGES)
def test_names_of_arguments_are_ignored_like_all_that_is_unknown(client: httpx.Client, page: str) -> None:
    names = sorted(arguments() - known(client))
    usual = client.get(page).status_code
    assert usual < 400
    for first in range(0, len(names), 100):
        query = "&".join(f"{name}=x" for name in names[first : first + 100])
        answer = client.get(f"{page}{'&' if '?' in page else '?'}{query}")
        assert answer.status_code == usual, f"{answer.text[:300]} of {names[first : first + 100]}"


@pytest.mark.parametrize("page", PAGES)
def test_a_value_that_makes_no_sense_is_never_a_defect(client: httpx.Client, page: str) -> None:
    for name in sorted(known(client)):
        for value in ("x", "%00", "9" * 1000, "-1", "%ff", "9999-12-31", ""):
            answer = client.get(f"{page}{'&' if '?' in page else '?'}{name}={value}")
            assert answer.status_code < 500, f"{name}={value[:20]}: {answer.text[:300]}"
