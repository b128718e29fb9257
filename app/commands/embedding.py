"""`quire papers embed`, and how imports, fetches and the server go on with it: papers get the vectors they lack."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import structlog
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from app.embedding import open_embedder
from app.errors import InputError, QuireError, StoreLocked
from app.logs import configure_logs
from app.papers.meaning.embedder import Embedder
from app.papers.meaning.filling import Budget, EmbeddingProgress, fill, fill_today
from app.settings import Settings

console = Console(stderr=True)
log = structlog.get_logger()

_TURN_SECONDS = 60.0
"""So long the server embeds before it looks at its settings' share of the day again."""


def embed(
    papers: Annotated[int | None, typer.Option(help="Stop after this many papers.", min=1)] = None,
    minutes: Annotated[float | None, typer.Option(help="Stop after this many minutes.", min=0.0)] = None,
) -> None:
    """Compute the vectors for finding papers by meaning, newest first; a second run resumes where the first stopped."""
    settings = Settings()
    embedder = open_embedder(settings, threads=0)
    if embedder is None:
        raise InputError(
            "no embedding model is set; set QUIRE_EMBED_URL with QUIRE_EMBED_MODEL, or "
            "QUIRE_EMBED_FOLDER (docs/meaning.md)"
        )
    budget = Budget(papers, None if minutes is None else 60 * minutes)
    with _shown() as bar:
        filled = fill(settings.store_location, settings.vectors_path, embedder, budget, on_progress=bar)
    print(_said(filled))


def go_on_embedding(settings: Settings) -> None:
    """Embeds today's share at the end of an import or a fetch, if an embedder is set and no other process embeds."""
    if not settings.embed_per_day or not (settings.embed_url or settings.embed_folder):
        return
    try:
        embedder = open_embedder(settings, threads=0)
        if embedder is None:
            return
        with _shown() as bar:
            filled = fill_today(
                settings.store_location,
                settings.vectors_path,
                embedder,
                settings.embed_per_day,
                on_progress=bar,
                command="quire papers, embedding what came in",
            )
    except StoreLocked:
        console.print(
            "The new papers get their vectors from the process that makes them now", highlight=False
        )
    except QuireError as error:
        # The papers are in: to find them by meaning can wait.
        console.print(f"no vectors were made: {error}", markup=False, highlight=False, soft_wrap=True)
    else:
        if filled is not None:
            print(_said(filled))


class KeepEmbedding:
    """The server's background work: computes vectors for new papers, however they came in."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._embedder: Embedder | None = None

    def __call__(self) -> bool:
        """Embeds for a minute at most, and says whether papers lack a vector still that this may go on with."""
        settings = self._settings
        self._embedder = self._embedder or open_embedder(settings)
        if self._embedder is None:
            return False
        try:
            filled = fill_today(
                settings.store_location,
                settings.vectors_path,
                self._embedder,
                settings.embed_per_day,
                seconds=_TURN_SECONDS,
            )
        except StoreLocked as error:
            log.debug("embedding waits", reason=str(error))
            return False
        else:
            if filled is None or not filled.done:
                return False
            log.info(
                "papers were embedded", papers=filled.done, lacking=filled.lacking, rate=round(filled.rate, 1)
            )
            return filled.lacking > 0


def keeps_embedding(settings: Settings) -> bool:
    """Whether a server of these settings gives papers their vectors by itself."""
    is_far = settings.embed_folder is None and not settings.embedder_is_here
    return bool(
        settings.embed_per_day
        and (settings.embed_url or settings.embed_folder)
        and not (settings.offline and is_far)
    )


def begin_embedding(log_format: Literal["json", "console"], log_level: str) -> None:
    """Sets up the embedding process: its log, and a lower priority than the processes that answer readers."""
    configure_logs(log_format, log_level)
    os.nice(10)


def _said(filled: EmbeddingProgress) -> str:
    rest = f"; {filled.lacking:,} lack one still, `quire papers embed` goes on" if filled.lacking else ""
    return f"{filled.done:,} papers got a vector, {filled.rate:,.1f} in a second{rest}"


class _Bar:
    """Shows how far it is, how fast, and how long it will take."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task = bars.add_task("embedding", total=None, said="")

    def __call__(self, filled: EmbeddingProgress) -> None:
        left = filled.seconds_left
        said = f"{filled.done:,} papers, {filled.rate:,.1f}/s" + (
            "" if left is None else f", {_duration(left)} left"
        )
        self._bars.update(self._task, completed=filled.done, total=filled.done + filled.lacking, said=said)


def _duration(seconds: float) -> str:
    """A time as one reads it, such as 3 h 20 min.

    >>> _duration(12_000), _duration(61), _duration(4.2)
    ('3 h 20 min', '1 min 1 s', '4 s')
    """
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600:,} h {whole % 3600 // 60} min"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


@contextmanager
def _shown() -> Iterator[_Bar]:
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}")
    with Progress(*columns, console=console, transient=True) as bars:
        yield _Bar(bars)
