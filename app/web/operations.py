"""What an operator asks a running server: is it up, can it work, which version is it, what has it done."""

import os
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from app import __version__
from app.errors import QuireError
from app.web.deps import ServicesDep

router = APIRouter(tags=["operations"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process is up."""
    return {"status": "ok"}


@router.get("/version")
async def version() -> dict[str, str]:
    return {"name": "quire", "version": __version__}


@router.get("/readyz", responses={503: {"description": "Something is missing; `reasons` says what"}})
def readyz(services: ServicesDep, response: Response) -> dict[str, Any]:
    """Whether requests can be answered: the default model loads, and the store and its index can be read."""
    reasons: dict[str, str] = {}
    checks = {
        "model": lambda: services.models.get(None),
        "store": lambda: services.store.changes,
        "index": services.index.extent,
    }
    for name, check in checks.items():
        try:
            check()
        except QuireError as error:
            reasons[name] = str(error)
    if reasons:
        response.status_code = 503
    return {"status": "not ready" if reasons else "ready", "reasons": reasons}


@router.get("/metrics", responses={200: {"content": {"text/plain": {}}}}, response_class=Response)
def metrics() -> Response:
    """Counts and times for Prometheus, of all workers together."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})
