"""`create_app` builds the web application, and `prepare` what it reads; nothing else does."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module

from fastapi import Depends, FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

from app import __version__
from app.asking.desk import DeskBounds
from app.embedding import open_embedder
from app.errors import FileError, QuireError
from app.logs import configure_logs
from app.papers.fetch_job import Fetches, FetchPlace
from app.papers.importing import prepare_papers
from app.papers.meaning.searching import Meaning
from app.papers.search.searching import SearchIndex
from app.papers.sources.client import PoliteClient
from app.papers.store.database import database
from app.papers.store.reading import Store
from app.paths import STATIC
from app.settings import Settings
from app.tokenizer.registry import ModelRegistry
from app.web import api_index, errors, operations
from app.web.application import Application
from app.web.asking import files as asking_files
from app.web.asking import routes as asking_routes
from app.web.asking.service import Asking, AskingSettings, open_asking
from app.web.dependencies import Limits, RequestThreads, Services, room_to_read
from app.web.long_json import LongAnswers
from app.web.middleware.access import Access
from app.web.middleware.address_length import AddressLimit
from app.web.middleware.base_path import BasePath
from app.web.middleware.body_size import BodyLimit
from app.web.middleware.compression import Compression
from app.web.middleware.keys import Keys
from app.web.middleware.observation import Observation
from app.web.middleware.rates import Rates
from app.web.middleware.security_headers import SecurityHeaders
from app.web.middleware.traces import Traces, span_exporter
from app.web.openapi import describe_fully
from app.web.papers import api, citations, crawlers, discovery, feeds, fetches, opml, pages, suggestions
from app.web.papers import meaning as papers_meaning
from app.web.templates import load_templates
from app.web.tokenizer import chats, dialects, routes


def prepare(settings: Settings, workers: int = 1) -> None:
    """Make what the application reads: a store of today's format, with the built-in papers where it has none.

    Done once, before the workers start. Raises QuireError for a folder or a store that can't be used.
    """
    # Beside the readers of each worker: who looks keys up, who follows, who writes.
    needed = workers * (settings.store_connections + 1) + 3
    database(settings.store_location).check_connections(needed)
    prepare_papers(settings.store_location, settings.index_path)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application of these settings; of the environment's where none are given."""
    settings = settings or Settings()
    configure_logs(settings.log_format, settings.log_level)
    if not (STATIC / "vendor").is_dir():
        raise FileError(
            f"{STATIC / 'vendor'} is missing; `make serve` copies MathJax and other libraries there"
        )
    models = ModelRegistry(
        settings.model_folders,
        settings.default_model,
        settings.max_model_bytes,
        settings.max_loaded_models,
        settings.max_models_bytes,
    )

    embedder = open_embedder(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        index = SearchIndex(settings.index_path)
        meaning = Meaning(settings.vectors_path, embedder, papers_meaning.observe)
        with Store(settings.store_location, index.count) as store:
            asking = open_asking(_asking(settings), store, models)
            await asking.desk.open()
            app.state.services = _services(settings, models, store, index, meaning, asking)
            app.state.services.work.bound_readers()
            yield
            asking.files.close()
            await asking.desk.close(settings.drain_seconds)
            meaning.close()

    app = Application(
        title="Quire",
        version=__version__,
        description="Tokenises text and reads papers.",
        openapi_url=None,  # web/openapi.py serves it, and web/papers/pages.py its page
        lifespan=lifespan,
        redirect_slashes=False,
        # Its spans hold queries, and so what people look for; ours don't (web/middleware/traces.py).
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        middleware=_middleware(settings),
    )
    app.state.models = models
    app.state.embedder = embedder
    server = _asking(settings).server
    app.state.chat_model = server.model if server else ""
    app.state.pages = [*pages.router.routes, *routes.pages_router.routes]
    errors.install(app)
    describe_fully(app)
    # One by one: a router that is included hides its routes from the layer that calls the short ones.
    app.router.routes.extend([*dialects.router.routes, *routes.router.routes])
    app.include_router(operations.router)
    app.router.routes.extend(chats.router.routes)
    app.include_router(api_index.router)
    app.include_router(asking_routes.router)
    app.include_router(asking_files.router)
    for router in (
        routes.pages_router,
        fetches.router,
        api.router,
        papers_meaning.router,
        citations.router,
        feeds.router,
        discovery.router,
        suggestions.router,
        opml.router,
        crawlers.router,
        pages.router,
    ):
        app.include_router(router, dependencies=[Depends(room_to_read)])
    for folder in ("css", "img", "js", "math-text", "vendor"):
        app.mount(f"/static/{folder}", StaticFiles(directory=STATIC / folder), name=folder)
    return app


def warm_up(app: FastAPI) -> None:
    """Load what every request needs, so that the workers that are forked from here share it and start at once."""
    with suppress(QuireError):  # /readyz reports it
        app.state.models.get(None)
    if app.state.embedder is not None:
        import_module("app.papers.meaning.kernels")  # which are compiled once on a machine, in some seconds
    app.openapi()
    load_templates()


def _middleware(settings: Settings) -> list[Middleware]:
    """The layers that a request passes, from the outside in, without those that no setting asks for."""
    layers = [Middleware(Observation, clients=settings.log_clients)]
    if exporter := span_exporter(os.environ):
        layers.append(Middleware(Traces, exporter=exporter))
    layers.append(Middleware(SecurityHeaders))
    if settings.base_path:
        layers.insert(0, Middleware(BasePath, base=settings.base_path))
    if settings.cors_origins:
        layers.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.cors_origins,
                allow_methods=["GET", "HEAD", "POST", "DELETE"],
                allow_headers=["authorization", "content-type", "last-event-id", "x-api-key", "x-request-id"],
                expose_headers=[
                    "etag",
                    "link",
                    "ratelimit",
                    "ratelimit-policy",
                    "retry-after",
                    "x-request-id",
                ],
                max_age=86_400,
            )
        )
    if settings.rate_limit or settings.keys_required:
        rates = Rates(settings.rate_limit, settings.rate_seconds) if settings.rate_limit else None
        required = frozenset(settings.keys_required)
        layers.append(Middleware(Access, keys=Keys(settings.keys_place), required=required, rates=rates))
    return [
        *layers,
        Middleware(Compression),
        Middleware(AddressLimit),
        Middleware(
            BodyLimit,
            most=settings.max_body_bytes,
            most_together=settings.max_bodies_bytes,
            streamed=routes.STREAMED,
        ),
    ]


def _asking(settings: Settings) -> AskingSettings:
    """What asking a paper needs."""
    return AskingSettings(
        server=settings.chat_server,
        bounds=DeskBounds(settings.ask_at_once, settings.ask_waiting, settings.ask_per_day),
        context=settings.chat_context,
        tokenizer=settings.chat_tokenizer or None,
        question_bytes=settings.max_question_bytes,
        data_dir=settings.data_dir,
        store_location=settings.store_location,
        index_path=settings.index_path,
        cache_bytes=settings.max_text_cache_bytes,
        files_bytes=settings.max_files_bytes,
        unpacked_bytes=settings.max_unpacked_bytes,
        connect=lambda: PoliteClient(
            settings.requests_folder,
            version=__version__,
            contact=settings.contact,
            daily_budget=settings.fetch_daily_budget,
            offline=settings.offline,
            addresses=settings.addresses,
            attempts=1,
            patience=60.0,
        ),
    )


def _services(
    settings: Settings,
    models: ModelRegistry,
    store: Store,
    index: SearchIndex,
    meaning: Meaning,
    asking: Asking,
) -> Services:
    return Services(
        limits=Limits(
            body_bytes=settings.max_body_bytes,
            text_bytes=settings.max_text_bytes,
            batch=settings.max_batch,
            ids=settings.max_ids,
            model_len=settings.max_model_len,
            lattice_bytes=settings.max_lattice_bytes,
            query_bytes=settings.max_query_bytes,
        ),
        models=models,
        store=store,
        index=index,
        meaning=meaning,
        work=RequestThreads(settings.max_concurrent, settings.max_waiting, settings.max_readers_waiting),
        answers=LongAnswers(settings.max_unread_bytes, settings.max_concurrent),
        asking=asking,
        requests_folder=settings.requests_folder,
        fetches=Fetches(
            FetchPlace(
                settings.store_location,
                settings.index_path,
                settings.requests_folder,
                __version__,
                settings.contact,
                settings.fetch_daily_budget,
                settings.addresses,
                settings.offline,
            )
        ),
        keys=Keys(settings.keys_place),
        keys_required=frozenset(settings.keys_required),
        fetch_on_loopback=settings.fetch_on_loopback,
        contact=settings.contact,
        feed_answers=settings.feed_answers,
        index_path=settings.index_path,
        max_behind_seconds=settings.max_behind_seconds,
    )
