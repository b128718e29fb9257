"""`quire papers`: bring papers in, take them out, look after the store and its index."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from app.errors import InputError, RecordError
from app.papers import upkeep
from app.papers.importing import ImportProgress, import_files
from app.settings import Settings

MOST_PROBLEMS_SHOWN = 50

app = typer.Typer(no_args_is_help=True, help="Import, export and look after the papers.")
console = Console(stderr=True)


@app.command("import")
def import_papers(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="arXiv's metadata snapshot or our own export (JSON lines), Atom, OAI-PMH; .gz too."
        ),
    ],
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first bad record.")] = False,
) -> None:
    """Bring in papers and answers. Doing it again changes nothing; what was cut off goes on where it was."""
    settings = Settings()
    problems = _Problems()
    bars = _bars()
    try:
        result = import_files(
            settings.store_path,
            settings.index_path,
            files,
            strict=strict,
            on_progress=_Files(bars),
            on_error=problems,
        )
    finally:
        if bars.tasks:
            bars.stop()
    problems.finish()
    print(
        f"{result.new:,} new, {result.updated:,} updated, {result.unchanged:,} known already, "
        f"{result.skipped:,} skipped"
    )


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="The file to write; compressed where its name ends in .gz.")],
    force: Annotated[bool, typer.Option("--force", help="Replace FILE where it exists.")] = False,
) -> None:
    """Write all papers and answers as JSON lines, which `import` reads back: a backup, or a move."""
    if file.exists() and not force:
        raise InputError(f"{file} exists already; name another file, or replace it with --force")
    count = upkeep.export(Settings().store_path, file)
    print(f"{count:,} records written to {file}")


@app.command()
def reindex() -> None:
    """Make the search index anew from the store."""
    settings = Settings()
    print(f"{upkeep.reindex(settings.store_path, settings.index_path):,} papers indexed")


@app.command()
def check() -> None:
    """Look for damage in the store and for an index that is out of step; exits with 1 where something is wrong."""
    settings = Settings()
    findings = upkeep.check(settings.store_path, settings.index_path)
    for finding in findings:
        print(finding)
    if findings:
        raise typer.Exit(1)
    print("The store and its index are well")


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[papers]:,} papers"),
        TimeRemainingColumn(),
        console=console,
    )


class _Files:
    """Shows each file as a bar of its own."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[Path, TaskID] = {}

    def __call__(self, progress: ImportProgress) -> None:
        self._bars.start()
        if progress.path not in self._tasks:
            self._tasks[progress.path] = self._bars.add_task(progress.path.name, total=None, papers=0)
        result = progress.result
        self._bars.update(
            self._tasks[progress.path],
            total=progress.size if progress.consumed is not None else None,
            completed=progress.consumed or 0,
            papers=result.new + result.updated + result.unchanged,
        )


class _Problems:
    """Prints the first bad records, each with file and line, and counts the rest."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, error: RecordError) -> None:
        self._count += 1
        if self._count <= MOST_PROBLEMS_SHOWN:
            console.print(f"skipped: {error}", markup=False, highlight=False, soft_wrap=True)

    def finish(self) -> None:
        more = self._count - MOST_PROBLEMS_SHOWN
        if more > 0:
            print(f"and {more:,} more records were skipped", file=sys.stderr)
