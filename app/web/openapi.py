"""What OpenAPI says beyond the routes' own signatures: the failures that any call can have, their shape, the keys.

And its address. FastAPI's own would serialise all of it for each request.
"""

from functools import cache
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from pydantic.json_schema import models_json_schema

from app.web.errors import Problem, problem_responses
from app.web.middleware.access import scope_of

_LATER = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}


def describe_fully(app: FastAPI) -> None:
    """Make the description of `app` name every failure, in the shape that it comes in, and serve it at its address."""
    describe = app.openapi

    def describe_with_failures() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        description = describe()
        shapes = models_json_schema(
            [(Problem, "serialization")], ref_template="#/components/schemas/{model}"
        )[1]
        components = description.setdefault("components", {})
        components.setdefault("schemas", {}).update(shapes["$defs"])
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "description": "a key of `quire keys new`"},
            "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        for path, calls in description["paths"].items():
            for call in calls.values():
                _describe_call(path, call)
        return description

    app.openapi = describe_with_failures  # type: ignore[method-assign]

    @cache
    def described(base_path: str) -> bytes:
        servers = {"servers": [{"url": base_path}]} if base_path else {}
        return orjson.dumps(app.openapi() | servers)

    async def openapi(request: Request) -> Response:
        return Response(described(request.scope.get("root_path", "")), media_type="application/json")

    app.add_route("/openapi.json", openapi, include_in_schema=False)


def _describe_call(path: str, call: dict[str, Any]) -> None:
    """A server may ask for keys and count requests, but for what is open to all, and may always be short of means."""
    guarded = scope_of(path) is not None
    if guarded:
        # The empty one first: whether a key is needed at all is the operator's choice.
        call["security"] = [{}, {"bearer": []}, {"header": []}]
    for status, problem in problem_responses(*((401, 403, 429, 503) if guarded else (503,))).items():
        answer = call["responses"].setdefault(str(status), problem)
        answer.setdefault("content", {}).update(problem["content"])
        if status in (429, 503):
            answer["headers"] = _LATER
