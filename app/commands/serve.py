"""`quire serve`: the pages and the API, on one address."""

import difflib
import gc
import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import structlog
import typer

from app import __version__
from app.commands.embedding import KeepEmbedding, begin_embedding, keeps_embedding
from app.errors import FileError, InputError
from app.logs import configure_logs
from app.memory import give_back, keep_together
from app.papers.search.following import Following
from app.papers.store.reading import Store
from app.serving.connections import ConnectionBounds
from app.serving.schedule import SupervisedProcess, continuous_process, daily_process, next_time
from app.serving.server import ServerOptions, listen
from app.serving.server import serve as serve_until_stopped
from app.settings import Settings
from app.temporary import temporary_folder
from app.web.worker_counts import count_together

app = typer.Typer(rich_markup_mode=None, add_completion=False)
log = structlog.get_logger()

_LOOK_SECONDS = 5.0
"""How often it is looked whether papers came in that lack a vector."""

_FOLLOW_AGAIN_SECONDS = 1.0
"""The pause after which an index follows again, where the database could not be asked."""


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(help="Processes that share the port.", min=1, max=64)] = 1,
) -> None:
    """Serve the pages and the API; prints one line with the address when it is ready."""
    keep_together()
    settings = Settings()
    configure_logs(settings.log_format, settings.log_level)
    # Where code is compiled for this machine and kept, unless it can be kept beside its source.
    os.environ["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME") or str(settings.data_dir / "cache")
    listener = listen(host, port)
    due = next_time(datetime.now(UTC), settings.fetch_at)
    with _temporary_folder(settings.data_dir) as shared:
        # Whatever needs a file for a while, SQLite too, finds its place here, and it goes when the server ends.
        os.environ["TMPDIR"] = tempfile.tempdir = str(shared)
        if workers > 1:
            count_together(shared, workers)
        from app.main import create_app, prepare, warm_up

        prepare(settings, workers)
        application = create_app(settings)
        _check_default_model(settings.default_model, application.state.models.names())
        warm_up(application)
        # What is here now stays: the collector must not touch, and so copy, what the workers share.
        gc.collect()
        gc.freeze()
        give_back()
        with (
            _daily_fetch(settings, due) as daily,
            _embedding(settings) as embedding,
            _following(settings) as following,
        ):
            code = serve_until_stopped(
                application,
                listener,
                workers,
                ServerOptions(
                    ConnectionBounds(
                        settings.max_head_bytes,
                        settings.head_seconds,
                        settings.silent_seconds,
                        settings.max_connections,
                        settings.max_unread_bytes,
                    ),
                    settings.trusted_proxies,
                    settings.keep_alive_seconds,
                    settings.drain_seconds,
                ),
                announce=lambda address: print(
                    _start_line(settings, address, workers, application.state.models.names()), flush=True
                ),
                look_after=[kept.look_after for kept in (daily, embedding, following) if kept],
            )
    if code:
        raise typer.Exit(code)


def _check_default_model(name: str, names: list[str]) -> None:
    """Raises InputError where no request that names no model could be answered."""
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}? There are" if near else "there are"
        raise InputError(
            f"QUIRE_DEFAULT_MODEL: there is no model {name[:80]!r}; {hint}: {', '.join(names) or 'none'}"
        )


def _start_line(settings: Settings, address: str, workers: int, models: list[str]) -> str:
    """One line for the operator: what has started, and where."""
    with Store(settings.store_location) as store:
        papers = len(store)
    place = settings.store_location
    kept = "" if isinstance(place, Path) else f" and papers in {place}"
    under = f" (for readers under {address}{settings.base_path}/ )" if settings.base_path else ""
    shown = ", ".join(models[:5]) + (f" and {len(models) - 5:,} more" if len(models) > 5 else "")
    return (
        f"Quire {__version__} is at {address}{under} with data in {settings.data_dir}{kept}, models {shown}, "
        f"{papers:,} {'paper' if papers == 1 else 'papers'}, {workers} {'worker' if workers == 1 else 'workers'}"
    )


def _daily_fetch(settings: Settings, due: datetime) -> AbstractContextManager[SupervisedProcess | None]:
    """The process that fetches the day's papers at `due` and daily from then on; none where none is asked for."""
    if not settings.fetch_daily:
        return nullcontext()
    if settings.offline:
        log.warning("no papers are fetched: Quire is offline (QUIRE_OFFLINE is set)")
        return nullcontext()
    from app.commands.papers import fetch_day

    return daily_process(
        due,
        settings.fetch_at,
        partial(fetch_day, settings),
        partial(configure_logs, settings.log_format, settings.log_level),
    )


def _embedding(settings: Settings) -> AbstractContextManager[SupervisedProcess | None]:
    """The process that computes vectors for new papers, however they came in; None where no embedder is set."""
    if not keeps_embedding(settings):
        return nullcontext()
    return continuous_process(
        _LOOK_SECONDS,
        KeepEmbedding(settings),
        partial(begin_embedding, settings.log_format, settings.log_level),
    )


def _following(settings: Settings) -> AbstractContextManager[SupervisedProcess | None]:
    """The process that keeps this machine's index in step with a database; none where there is no database."""
    place = settings.store_location
    if isinstance(place, Path):
        return nullcontext()
    return continuous_process(
        _FOLLOW_AGAIN_SECONDS,
        Following(place, settings.index_path),
        partial(configure_logs, settings.log_format, settings.log_level),
        name="following",
        after_failure=_FOLLOW_AGAIN_SECONDS,
    )


@contextmanager
def _temporary_folder(data_dir: Path) -> Iterator[Path]:
    """A folder for as long as the server runs: in the data folder where nothing else can be written to."""
    try:
        place = Path(tempfile.gettempdir())
    except FileNotFoundError:
        data_dir.mkdir(parents=True, exist_ok=True)
        place = data_dir
    with ExitStack() as kept:
        try:
            folder = kept.enter_context(temporary_folder(place, "quire-server-"))
        except OSError as error:
            raise FileError(
                f"can't make a folder in {place}: {error.strerror}; name another one with TMPDIR"
            ) from error
        yield folder
