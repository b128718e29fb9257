"""The `quire` command: finds the module of the command that was asked for, and says what went wrong in a line.

A command's module is imported when the command is used, so that `quire encode` doesn't wait for the store's libraries.
"""

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from typer.core import TyperGroup

from app import __version__
from app.errors import QuireError

_MODULES = {
    "serve": "serving",
    "train": "training",
    "encode": "tokens",
    "decode": "tokens",
    "tokenize": "tokens",
    "count": "tokens",
    "models": "models",
    "papers": "papers",
    "keys": "keys",
    "backup": "safekeeping",
    "restore": "safekeeping",
}


class _Commands(TyperGroup):
    """The commands by name, each imported when it is needed."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is click's
        return list(_MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in _MODULES:
            return None
        command = typer.main.get_command(import_module(f"app.commands.{_MODULES[cmd_name]}").app)
        if cmd_name not in ("models", "papers", "keys") and isinstance(command, TyperGroup):
            # A module of several commands that stand at the top.
            return command.commands[cmd_name]
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Tokenises text and reads papers, on your own machine.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"quire {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and stop.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Tokenises text and reads papers, on your own machine."""


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
