"""`quire serve`: the pages and the API, on one address."""

import gc
import os
import tempfile
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import structlog
import typer

from app.errors import FileError
from app.logs import configure_logs
from app.serving.connections import Bounds
from app.serving.memory import give_back, keep_together
from app.serving.schedule import beside, next_time
from app.serving.server import Manner, listen
from app.serving.server import serve as serve_until_stopped
from app.settings import Settings
from app.web.worker_counts import count_together

app = typer.Typer(add_completion=False)
log = structlog.get_logger()


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(help="Processes that share the port.", min=1, max=64)] = 1,
    data_dir: Annotated[Path | None, typer.Option(help="The folder that Quire writes to.")] = None,
) -> None:
    """Serve the pages and the API; prints one line with the address when it is ready."""
    keep_together()
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir.resolve())
    configure_logs(settings.log_format, settings.log_level)
    # Where code is compiled for this machine and kept, unless it can be kept beside its source.
    os.environ["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME") or str(settings.data_dir / "cache")
    listener = listen(host, port)
    due = next_time(datetime.now(UTC), settings.fetch_at)
    with _temporary_folder(settings.data_dir) as shared:
        # Whatever needs a file for a while, SQLite too, finds its place here, and it goes when the server ends.
        os.environ["TMPDIR"] = tempfile.tempdir = shared
        if workers > 1:
            count_together(Path(shared), workers)
        from app.main import create_app, prepare, warm_up

        prepare(settings)
        application = create_app(settings)
        warm_up(application)
        # What is here now stays: the collector shall not touch, and so copy, what the workers share.
        gc.collect()
        gc.freeze()
        give_back()
        with _daily_fetch(settings, due):
            code = serve_until_stopped(
                application,
                listener,
                workers,
                Manner(
                    Bounds(
                        settings.max_head_bytes,
                        settings.head_seconds,
                        settings.silent_seconds,
                        settings.max_connections,
                    ),
                    settings.trusted_proxies,
                    settings.keep_alive_seconds,
                    settings.drain_seconds,
                ),
                announce=lambda address: print(f"Quire is at {address}", flush=True),
            )
    if code:
        raise typer.Exit(code)


def _daily_fetch(settings: Settings, due: datetime) -> AbstractContextManager[None]:
    """The process that fetches the day's papers at `due` and daily from then on; none where none is asked for."""
    if not settings.fetch_daily:
        return nullcontext()
    if settings.offline:
        log.warning("no papers are fetched: Quire is offline (QUIRE_OFFLINE is set)")
        return nullcontext()
    from app.commands.papers import fetch_day

    return beside(
        due,
        settings.fetch_at,
        partial(fetch_day, settings),
        partial(configure_logs, settings.log_format, settings.log_level),
    )


def _temporary_folder(data_dir: Path) -> tempfile.TemporaryDirectory[str]:
    """A folder for as long as the server runs: in the data folder where nothing else can be written to."""
    try:
        place = Path(tempfile.gettempdir())
    except FileNotFoundError:
        data_dir.mkdir(parents=True, exist_ok=True)
        place = data_dir
    try:
        return tempfile.TemporaryDirectory(prefix="quire-", dir=place)
    except OSError as error:
        raise FileError(
            f"can't make a folder in {place}: {error.strerror}; name another one with TMPDIR"
        ) from error
