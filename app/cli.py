"""The `quire` command. Each command reads its options, calls the library and prints; the work is done elsewhere."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from app import __version__
from app.commands import models, papers, tokens, training
from app.errors import QuireError
from app.logs import configure_logs
from app.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Tokenises text and reads papers, on your own machine.",
)


@app.callback()
def _version_option(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)
    ] = False,
) -> None:
    if version:
        typer.echo(f"quire {__version__}")
        raise typer.Exit


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(help="Processes that share the port.", min=1, max=64)] = 1,
    data_dir: Annotated[Path | None, typer.Option(help="The folder that Quire writes to.")] = None,
) -> None:
    """Serve the pages and the API; prints one line with the address when it is ready."""
    from app.main import prepare
    from app.serve import listen
    from app.serve import serve as serve_until_stopped

    if data_dir is not None:
        # The workers are processes of their own and read the same settings anew.
        os.environ["QUIRE_DATA_DIR"] = str(data_dir.resolve())
    settings = Settings()
    configure_logs(settings.log_format, settings.log_level)
    listener = listen(host, port)
    prepare(settings)
    serve_until_stopped(
        listener,
        workers=workers,
        base_path=settings.base_path,
        announce=lambda address: print(f"Quire is at {address}", flush=True),
    )


for command in (training.train, tokens.encode, tokens.decode, tokens.tokenize, tokens.count):
    app.command()(command)
app.add_typer(models.app, name="models")
app.add_typer(papers.app, name="papers")


def main() -> None:
    """The entry point: a failure that we foresaw is one line on standard error, never a traceback."""
    try:
        app()
    except QuireError as error:
        print(f"quire: {error}", file=sys.stderr)
        sys.exit(1)
    except ValidationError as error:
        for item in error.errors():
            name = "QUIRE_" + "_".join(str(step) for step in item["loc"]).upper()
            print(f"quire: {name}: {item['msg']} (it is {item['input']!r})", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
