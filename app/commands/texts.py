"""Shared by commands that read texts: options, the files that patterns name, and a tally of what was skipped.

Imports neither settings nor models, so that training begins without waiting for them.
"""

import sys
from collections.abc import Sequence
from glob import glob, has_magic
from pathlib import Path
from typing import Annotated

import typer

from app.errors import FileError
from app.tokenizer.training.corpus import Errors, Format

Field = Annotated[str, typer.Option(help="The key of the text in JSON lines.")]
FormatOption = Annotated[
    Format,
    typer.Option("--format", help="text, jsonl, or auto: by the file's ending, else by its first line."),
]
ErrorsOption = Annotated[
    Errors,
    typer.Option(
        "--errors",
        help="Stop at what can't be read, replace bytes that aren't UTF-8 by U+FFFD, or skip such lines and files.",
    ),
]
WholeFile = Annotated[bool, typer.Option("--whole-file", help="A file is one document, not its lines.")]


def matching(names: Sequence[str]) -> list[str]:
    """The files that are named, patterns such as `texts/*.jsonl` among them. FileError where one matches nothing."""
    found: list[str] = []
    for name in names:
        pattern = has_magic(name) and not Path(name).exists()
        matches = sorted(glob(name, recursive=True)) if pattern else [name]  # noqa: PTH207 - it may be absolute
        if not matches:
            raise FileError(f"{name}: no file matches this pattern")
        found += matches
    return found


class Skipped:
    """Counts what was left out, and says so at the end."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    @property
    def count(self) -> int:
        """How many lines and files were left out."""
        return len(self._known)

    def __call__(self, error: FileError) -> None:
        """Note one line or file that was left out; what is read a second time is noted once."""
        if str(error) not in self._known:
            self._known.add(str(error))
            print(f"quire: skipped: {error}", file=sys.stderr)

    def report(self) -> None:
        """The tally, and exit code 1, where something was left out."""
        if self.count:
            print(f"quire: {self.count:,} lines or files were skipped", file=sys.stderr)
            raise typer.Exit(1)
