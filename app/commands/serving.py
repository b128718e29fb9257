"""`quire serve`: the pages and the API, on one address."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from app.logs import configure_logs
from app.main import prepare
from app.serve import listen
from app.serve import serve as serve_until_stopped
from app.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(help="Processes that share the port.", min=1, max=64)] = 1,
    data_dir: Annotated[Path | None, typer.Option(help="The folder that Quire writes to.")] = None,
) -> None:
    """Serve the pages and the API; prints one line with the address when it is ready."""
    if data_dir is not None:
        # The workers are processes of their own and read the same settings anew.
        os.environ["QUIRE_DATA_DIR"] = str(data_dir.resolve())
    settings = Settings()
    configure_logs(settings.log_format, settings.log_level)
    listener = listen(host, port)
    prepare(settings)
    with tempfile.TemporaryDirectory(prefix="quire-metrics-") as shared_metrics:
        if workers > 1:
            # Where prometheus-client adds up the numbers of several processes.
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = shared_metrics
        serve_until_stopped(
            listener,
            workers=workers,
            base_path=settings.base_path,
            announce=lambda address: print(f"Quire is at {address}", flush=True),
        )
