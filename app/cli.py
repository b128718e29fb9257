"""The `quire` command: finds the module of the command that was asked for, and says what went wrong in a line.

A command's module is imported when the command is used, so that `quire encode` doesn't wait for the store's libraries.
"""

import gc
import os
import re
import sys
from copy import copy
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from app import __version__
from app.errors import QuireError

_COMMANDS = {
    "serve": ("serve", "Serve the pages and the API; prints one line with the address when it is ready."),
    "train": (
        "train",
        "Learn a vocabulary from texts. The same texts and options give the same file, with any number of threads.",
    ),
    "encode": (
        "tokens",
        "Print the ids of each line, separated by spaces; `quire decode` turns them back.",
    ),
    "decode": (
        "tokens",
        "Print the text of each line of ids, byte for byte; separators are spaces or commas.",
    ),
    "tokenize": (
        "tokens",
        "Print the pieces of each line, separated by spaces; bytes that can't be seen show as \\xNN, a space as ␣.",
    ),
    "count": (
        "counting",
        "Print the number of tokens of each file, and of all; line ends count as they do within a text.",
    ),
    "chunk": ("counting", "Cut texts into chunks, each of which fits into --max-tokens by itself."),
    "truncate": ("counting", "Print as much of each text as fits into --max-tokens by itself."),
    "compare": (
        "compare",
        "Print how many tokens each tokenizer needs for the same text, and how many bytes a token holds.",
    ),
    "models": ("models", "List, show, add, fetch, convert and compare models."),
    "papers": ("papers", "Import, export and look after the papers."),
    "keys": ("keys", "Make, list and revoke API keys."),
    "backup": (
        "backup",
        "Copy all papers and answers into one file, while servers and imports go on.",
    ),
    "restore": (
        "backup",
        "Replace the papers with a backup; stop all servers first. The old store is kept beside it.",
    ),
}
"""The module of each command, and the line that it has in the list of commands: that of its own help."""


class _Commands(TyperGroup):
    """The commands by name. To list them no module is imported, to run one its own is."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is click's
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        return TyperCommand(cmd_name, help=_COMMANDS[cmd_name][1]) if cmd_name in _COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in _COMMANDS and (near := get_close_matches(args[0], _COMMANDS, n=1)):
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        name, found, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if found and name else found, rest


def load_command(name: str) -> Any:
    """The command called `name`, with its options or its own commands."""
    command = typer.main.get_command(import_module(f"app.commands.{_COMMANDS[name][0]}").app)
    if name not in ("models", "papers", "keys") and isinstance(command, TyperGroup):
        # A module of several commands that stand at the top.
        command = command.commands[name]
    command.name = name
    _take_data_dir(command)
    return command


def _take_data_dir(command: Any) -> None:
    """Let the option `--data-dir` follow a command too, and not only stand before it."""
    if isinstance(command, TyperGroup):
        for each in command.commands.values():
            _take_data_dir(each)
        return
    option = next(copy(option) for option in typer.main.get_command(app).params if option.name == "data_dir")
    option.expose_value = False  # its callback has done all
    command.params.append(option)


app = typer.Typer(
    rich_markup_mode=None,
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


def _use_data_dir(folder: Path | None) -> None:
    if folder is not None:
        os.environ["QUIRE_DATA_DIR"] = str(folder.resolve())


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and stop.", callback=_print_version, is_eager=True),
    ] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            help="The folder that the command reads and writes; else QUIRE_DATA_DIR.",
            callback=_use_data_dir,
        ),
    ] = None,
) -> None:
    """Tokenises text and reads papers, on your own machine."""


_PASSWORD = re.compile(r"(://)[^@/]*@")  # what stands before the host of an address may be a secret


def main() -> None:
    """The entry point: a failure that we foresaw is one line on standard error, never a traceback."""
    try:
        app()
    except QuireError as error:
        print(f"quire: {error}", file=sys.stderr)
        sys.exit(1)
    except ValueError as error:
        from pydantic import ValidationError  # here, since most commands do without it, and it takes a while

        if not isinstance(error, ValidationError):
            raise
        for item in error.errors():
            name = "QUIRE_" + "_".join(str(step) for step in item["loc"]).upper()
            shown = _PASSWORD.sub(r"\1…@", f"{item['input']!r}")
            print(
                f"quire: {name}: {item['msg'].removeprefix('Value error, ')} (it is {shown})", file=sys.stderr
            )
        sys.exit(1)
    finally:
        gc.freeze()  # a process that ends need not look for circles among all that its libraries made


if __name__ == "__main__":
    main()
