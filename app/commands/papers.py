"""`quire papers`: imports, fetches, exports and checks papers, and rebuilds their index."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from app import __version__
from app.commands import asking
from app.commands.days import day_of
from app.commands.embedding import embed, go_on_embedding
from app.errors import InputError, RecordError
from app.papers import maintenance
from app.papers.importing import ImportProgress, import_files
from app.papers.intake import ImportResult
from app.papers.receiving import receive
from app.papers.sources import fetching
from app.papers.sources.client import PoliteClient
from app.papers.sources.fetching import FetchedBatch
from app.serving.schedule import next_time
from app.settings import Settings

MOST_PROBLEMS_SHOWN = 50
_DAY_FETCHED = "day fetched by a server"

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Import, export and look after the papers.",
)
console = Console(stderr=True)
log = structlog.get_logger()

app.command()(embed)


@app.command("import")
def import_papers(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="arXiv's metadata snapshot or our own export (JSON lines), Atom, OAI-PMH; .gz, .xz and .zst too; "
            "- is standard input."
        ),
    ],
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first bad record.")] = False,
) -> None:
    """Import papers and answers. A repeated import changes nothing; an interrupted one resumes where it stopped."""
    settings = Settings()
    problems = _Problems()
    bars = _bars()
    try:
        result = import_files(
            settings.store_location,
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
    go_on_embedding(settings)


@app.command()
def fetch(
    categories: Annotated[
        list[str] | None, typer.Argument(help="Categories of arXiv, such as cs.AI hep-th.")
    ] = None,
    ids: Annotated[
        list[str] | None, typer.Option("--id", help="A single paper, such as 2401.12345; may be repeated.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Fetch everything new or changed since this day, such as 2026-11-23.")
    ] = None,
    daily: Annotated[
        bool,
        typer.Option("--daily", help="Fetch the latest day's announcements and any days missed; for cron."),
    ] = False,
) -> None:
    """Fetch papers from arXiv, one request in three seconds; resumes where the last fetch ended or was interrupted."""
    settings = Settings()
    first = day_of(since, "--since")
    if first is not None and daily:
        raise InputError(
            "--daily goes on from the last announcement; leave out --since, or leave out --daily"
        )
    if ids and (categories or first or daily):
        raise InputError("--id names the papers themselves; leave out categories, --since and --daily")
    problems, notice = _Problems(), _Notices()
    with _client(settings, notice) as client:

        def batches(places: Mapping[str, str]) -> Iterator[FetchedBatch]:
            if ids:
                return fetching.fetch_papers(ids, client)
            if daily:
                return fetching.fetch_daily(categories or (), client, places=places)
            return fetching.fetch(categories or (), client, since=first, places=places)

        result = receive(
            settings.store_location, settings.index_path, batches, on_batch=notice.batch, on_error=problems
        )
    problems.finish()
    print(
        f"{result.new:,} new, {result.updated:,} updated, {result.unchanged:,} known already, "
        f"{result.skipped:,} skipped"
    )
    go_on_embedding(settings)


def fetch_day(settings: Settings) -> None:
    """Does what `quire papers fetch --daily` does for the categories of the settings, and logs it."""
    began = datetime.now(UTC)
    due = next_time(began, settings.fetch_at) - timedelta(days=1)
    with _client(settings, lambda sentence: log.info("fetching", said=sentence)) as client:

        def batches(places: Mapping[str, str]) -> Iterator[FetchedBatch]:
            # On one machine it is asked for once; machines that share a database leave word there.
            shared = not isinstance(settings.store_location, Path)
            if shared and places.get(_DAY_FETCHED, "") >= due.isoformat():
                log.info("another machine has fetched the day")
                return
            yield from fetching.fetch_daily(settings.fetch_daily, client, places=places)
            if shared:
                yield FetchedBatch("the day is fetched", places={_DAY_FETCHED: began.isoformat()})

        result = receive(
            settings.store_location,
            settings.index_path,
            batches,
            on_error=lambda error: log.warning("a record was skipped", reason=str(error)),
            command="quire serve, fetching the day",
        )
    log.info("the day was fetched", **asdict(result))


def _client(settings: Settings, notice: Callable[[str], None]) -> PoliteClient:
    return PoliteClient(
        settings.requests_folder,
        version=__version__,
        contact=settings.contact,
        daily_budget=settings.fetch_daily_budget,
        offline=settings.offline,
        addresses=settings.addresses,
        notice=notice,
    )


app.command("ask")(asking.ask)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="The file to write; compressed where its name ends in .gz.")],
    force: Annotated[bool, typer.Option("--force", help="Replace FILE where it exists.")] = False,
) -> None:
    """Write all papers and answers as JSON lines, which `import` reads back: a backup, or a move."""
    if file.exists() and not force:
        raise InputError(f"{file} exists already; name another file, or replace it with --force")
    count = maintenance.export(Settings().store_location, file)
    print(f"{count:,} records written to {file}")


@app.command()
def reindex() -> None:
    """Rebuild the search index from the store."""
    settings = Settings()
    print(f"{maintenance.reindex(settings.store_location, settings.index_path):,} papers indexed")


@app.command()
def check() -> None:
    """Look for damage in the store and for an index that is out of step; exits with 1 if something is wrong."""
    settings = Settings()
    findings = maintenance.check(settings.store_location, settings.index_path)
    for finding in findings:
        print(finding)
    if findings:
        raise typer.Exit(1)
    print("The store and its index are in order")


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[papers]:,} papers"),
        TimeRemainingColumn(),
        console=console,
    )


class _Notices:
    """Reports on standard error what came and what it waits for."""

    def __call__(self, sentence: str) -> None:
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)

    def batch(self, batch: FetchedBatch, result: ImportResult) -> None:
        """A line for each answer."""
        reached = f" up to {batch.reached}" if batch.reached else ""
        self(f"{batch.label}{reached}: {len(batch.papers):,} papers; {result.new:,} new in all")


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
