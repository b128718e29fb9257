"""The index of the API: what there is under `/api/v1` and beside it, with links."""

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

router = APIRouter(tags=["operations"])


class CallShape(BaseModel):
    """A call: its method, its path as OpenAPI writes it, the address it has here, and what it does in a sentence."""

    method: str
    path: str
    href: str
    summary: str


class IndexShape(BaseModel):
    """Every call, and where each is described in full."""

    items: list[CallShape]
    next_cursor: None
    total: int
    links: dict[str, str]


@router.get("/api/v1", responses={200: {"model": IndexShape}})
def index(request: Request) -> Response:
    """All calls of the API, with links."""
    base = request.scope.get("root_path", "")
    items = [
        {"method": method.upper(), "path": path, "href": base + path, "summary": _summary(call)}
        for path, calls in request.app.openapi()["paths"].items()
        for method, call in calls.items()
    ]
    links = {"openapi": f"{base}/openapi.json", "documentation": f"{base}/docs", "pages": f"{base}/"}
    body = {"items": items, "next_cursor": None, "total": len(items), "links": links}
    return Response(orjson.dumps(body), media_type="application/json")


def _summary(call: dict[str, Any]) -> str:
    first: str = call.get("description", "").partition("\n\n")[0] or call.get("summary", "")
    return " ".join(first.split())
