"""`create_app` builds the web application, and `prepare` what it reads; nothing else does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.staticfiles import StaticFiles

from app import __version__
from app.logs import configure_logs
from app.papers.importing import prepare_papers
from app.papers.search import SearchIndex
from app.papers.store import Store
from app.settings import Settings
from app.tokenizer.registry import ModelRegistry
from app.web import citations, dialects, discovery, errors, feeds, operations, pages, papers, tokens
from app.web.addresses import AddressLimit
from app.web.deps import Limits, Services, Work
from app.web.limits import NDJSON, BodyLimit
from app.web.observation import Observation
from app.web.security import SecurityHeaders
from app.web.templates import STATIC


def prepare(settings: Settings) -> None:
    """Make what the application reads: a store of today's format, with the built-in papers where it has none.

    Done once, before the workers start. Raises QuireError for a folder or a store that can't be used.
    """
    prepare_papers(settings.store_path, settings.index_path)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application of these settings; of the environment's where none are given, as the server's workers do."""
    settings = settings or Settings()
    configure_logs(settings.log_format, settings.log_level)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with Store(settings.store_path) as store:
            app.state.services = _services(settings, store)
            yield

    app = FastAPI(
        title="Quire",
        version=__version__,
        description="Tokenises text and reads papers.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        middleware=[
            Middleware(Observation),
            Middleware(SecurityHeaders),
            Middleware(
                GZipMiddleware,
                minimum_size=1024,
                compresslevel=5,
                # A compressor would hold back lines that are to leave as they come.
                exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, NDJSON),
            ),
            Middleware(AddressLimit),
            Middleware(BodyLimit, most=settings.max_body_bytes),
        ],
    )
    errors.install(app)
    for router in (
        # First, because routers are asked in this order and short calls feel it.
        dialects.router,
        operations.router,
        tokens.router,
        tokens.pages_router,
        papers.router,
        citations.router,
        feeds.router,
        discovery.router,
        pages.router,
    ):
        app.include_router(router)
    for folder in ("css", "img", "js", "vendor"):
        app.mount(f"/static/{folder}", StaticFiles(directory=STATIC / folder), name=folder)
    return app


def _services(settings: Settings, store: Store) -> Services:
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
        models=ModelRegistry(
            settings.model_folders,
            settings.default_model,
            settings.max_model_bytes,
            settings.max_loaded_models,
        ),
        store=store,
        index=SearchIndex(settings.index_path),
        work=Work(settings.max_concurrent, settings.max_waiting),
    )
