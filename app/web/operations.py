"""Endpoints for operators: is the server up, can it work, which version is it, and what has it done."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import structlog
from anyio.to_thread import run_sync
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from pydantic import BaseModel

from app import __version__
from app.errors import QuireError, StoreError
from app.papers.categories import parse_expression
from app.papers.search.following import seconds_behind
from app.papers.sources.queue import outcomes
from app.papers.store.listing import ListQuery
from app.papers.store.reading import Store
from app.tokenizer.registry import ModelRegistry
from app.web.dependencies import Services, ServicesDep

log = structlog.get_logger()

router = APIRouter(tags=["operations"])

_NOTES = ListQuery(parse_expression("quire"))


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process is up."""
    return {"status": "ok"}


@router.get("/version")
async def version() -> dict[str, str]:
    return {"name": "quire", "version": __version__}


class ModelsState(BaseModel):
    """The models: the one that answers by default, and those in this worker's memory."""

    default: str
    available: int
    loaded: list[str]


class Extent(BaseModel):
    """How many papers there are, after how many changes, and when that was last written to."""

    papers: int
    changes: int
    updated: str
    age_seconds: int


class StoreState(Extent):
    """The store of papers; its kind is sqlite or postgresql."""

    kind: str


class IndexState(Extent):
    """The search index: `behind` are the store's changes that it lacks, and since when it lacks some."""

    behind: int
    seconds_behind: float = 0.0


class MeaningState(BaseModel):
    """The vectors: of which model, of how many papers, and how many papers lack one; None where nothing makes any.

    While another model's set is being made, `next_model` and `next_papers` say how far it is.
    """

    model: str | None
    papers: int
    lacking: int
    next_model: str | None = None
    next_papers: int | None = None


class Readiness(BaseModel):
    """Whether requests can be answered; `reasons` says what can't be used and why, by the names of the parts."""

    status: str
    reasons: dict[str, str]
    models: ModelsState | None = None
    store: StoreState | None = None
    index: IndexState | None = None
    meaning: MeaningState | None = None


@router.get(
    "/readyz",
    response_model=Readiness,
    responses={503: {"description": "Something is missing; `reasons` says what", "model": Readiness}},
)
async def readyz(services: ServicesDep, response: Response) -> Readiness:
    """Whether requests can be answered: the default model loads, and the store and its index can be read."""
    # In a thread of its own: those of the readers may all be waiting for a slow database.
    ready = await run_sync(_readiness, services, limiter=services.work.looking)
    if ready.reasons:
        ready.status = "not ready"
        response.status_code = 503
        response.headers["retry-after"] = "1"
    return ready


def _readiness(services: Services) -> Readiness:
    ready = Readiness(status="ready", reasons={})
    checks: dict[str, Callable[[], None]] = {
        "models": lambda: setattr(ready, "models", _models(services.models)),
        "store": lambda: setattr(ready, "store", _store(services.store)),
        "index": lambda: setattr(ready, "index", _index(services)),
        "meaning": lambda: setattr(ready, "meaning", _meaning(services)),
    }
    for name, check in checks.items():
        try:
            check()
        except QuireError as error:
            ready.reasons[name] = str(error)
    return ready


def _models(models: ModelRegistry) -> ModelsState:
    models.get(None)
    return ModelsState(default=models.default, available=len(models.names()), loaded=models.loaded)


def _store(store: Store) -> StoreState:
    return StoreState(kind=store.kind, papers=len(store), changes=store.changes, **_age(store.written))


def _index(services: Services) -> IndexState:
    changes, papers = services.index.extent()
    behind = max(0, services.store.changes - changes)
    seconds = 0.0
    if behind and services.store.shared:
        seconds = seconds_behind(services.index_path) or time.time() - services.index.written
        if seconds > services.max_behind_seconds:
            raise StoreError(
                f"the index lacks {behind:,} changes of the store and is {seconds:,.0f} seconds behind; "
                f"{services.max_behind_seconds:,.0f} are allowed (QUIRE_MAX_BEHIND_SECONDS)"
            )
    return IndexState(
        papers=papers,
        changes=changes,
        behind=behind,
        seconds_behind=round(seconds, 1),
        **_age(services.index.written),
    )


def _meaning(services: Services) -> MeaningState | None:
    """Nothing here makes a server unready: words are searched without it."""
    states = services.meaning.states()
    if services.meaning.model is None:
        return None
    first = states[0] if states else None
    following = states[1] if len(states) > 1 else None
    papers = first.living if first else 0
    return MeaningState(
        model=first.model if first else services.meaning.model,
        papers=papers,
        lacking=max(0, services.store.count() - (following.living if following else papers)),
        next_model=following.model if following else None,
        next_papers=following.living if following else None,
    )


def _age(written: float) -> dict[str, Any]:
    updated = datetime.fromtimestamp(written, UTC).isoformat(timespec="seconds")
    return {"updated": updated, "age_seconds": max(0, round(time.time() - written))}


@router.get("/metrics", responses={200: {"content": {"text/plain": {}}}}, response_class=Response)
def metrics(services: ServicesDep) -> Response:
    """Counts and times for Prometheus, of all workers together, and what the store and the models are now."""
    counted: CollectorRegistry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    now = CollectorRegistry()
    now.register(_Present(services))
    body = generate_latest(counted) + generate_latest(now)
    return Response(body, headers={"content-type": CONTENT_TYPE_LATEST})


class _Present(Collector):
    """The present state, looked up when it is asked for."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        models, store = self._services.models, self._services.store
        about = "Models in the memory of the worker that answers"
        yield GaugeMetricFamily("bp_models_loaded", about, len(models.loaded))
        try:
            notes = store.count(_NOTES)
            papers = GaugeMetricFamily("papers_total", "Papers in the store", labels=["source"])
            papers.add_metric(["quire"], notes)
            papers.add_metric(["arxiv"], store.count() - notes)
            yield papers
            about = "When the store was written to"
            yield GaugeMetricFamily("papers_last_update_timestamp_seconds", about, store.written)
            behind = store.changes - self._services.index.extent()[0]
            yield GaugeMetricFamily(
                "papers_index_behind", "Changes of the store that the index lacks", behind
            )
            if meaning := _meaning(self._services):
                made = GaugeMetricFamily("papers_vectors", "Papers that have a vector", labels=["model"])
                made.add_metric([meaning.model or ""], meaning.papers)
                yield made
                yield GaugeMetricFamily(
                    "papers_vectors_lacking", "Papers that lack a vector", meaning.lacking
                )
            asked = CounterMetricFamily(
                "arxiv_requests",
                "Requests to papers' sources, of all processes, ever",
                labels=["endpoint", "outcome"],
            )
            for (endpoint, outcome), count in outcomes(self._services.requests_folder).items():
                asked.add_metric([endpoint, outcome], count)
            yield asked
        except QuireError as error:
            log.warning("metrics are incomplete", reason=str(error))
