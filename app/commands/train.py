"""`quire train`: texts in, a vocabulary file and its card out."""

import hashlib
import os
import re
import resource
import shutil
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from app import __version__
from app.commands.texts import ErrorsOption, FormatOption, Skipped, matching
from app.errors import FileError, InputError
from app.tokenizer import Tokenizer
from app.tokenizer.model import Model
from app.tokenizer.training.corpus import Corpus, is_read_once
from app.tokenizer.training.report import Measured, Share, measure, pieces_by_script
from app.tokenizer.training.trainer import Objective, Trainer
from app.tokenizer.training.workspace import Workspace

_NOTED_SHORTFALL = 0.01  # of the ids asked for; the last few are left out in most trainings
LONGEST_SHOWN = 8
MOST_SHARES = 10
"""So many rows of figures are shown, that the report fits a screen; the card has all of them."""

app = typer.Typer(rich_markup_mode=None, add_completion=False)
console = Console(stderr=True)


@app.command()
def train(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Texts: .txt (a document a line), .jsonl, .gz .xz .zst of both; - is standard input."
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The vocabulary file to write; its card is written beside it.")
    ],
    vocab_size: Annotated[
        list[int] | None, typer.Option(help="Ids in the model; repeat it for several models: OUT.SIZE.model.")
    ] = None,
    objective: Annotated[
        Objective,
        typer.Option(
            help="likelihood is BytePiece's; compression finds more bytes per token, on other kinds of text too."
        ),
    ] = "likelihood",
    order: Annotated[int, typer.Option(help="Longest n-gram, in bytes.")] = 6,
    min_count: Annotated[int, typer.Option(help="Drop n-grams and pieces seen less often.")] = 2,
    max_piece_length: Annotated[int, typer.Option(help="Longest piece, in bytes.")] = 36,
    isolate_digits: Annotated[
        bool, typer.Option("--isolate-digits", help="Make each digit a piece of its own.")
    ] = False,
    ensure_unicode: Annotated[bool, typer.Option(help="Let pieces begin only where characters do.")] = True,
    character_coverage: Annotated[
        float | None,
        typer.Option(
            help="Make this share of the characters, such as 0.9995, pieces of their own, most frequent first."
        ),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Threads; all cores if not given.", min=1)] = None,
    field: Annotated[str, typer.Option(help="The key of the text in .jsonl files.")] = "text",
    text_format: FormatOption = "auto",
    errors: ErrorsOption = "strict",
    whole_file: Annotated[
        bool, typer.Option("--whole-file", help="A file is one document, not its lines.")
    ] = False,
    dev: Annotated[
        list[str] | None,
        typer.Option(
            help='Other texts, to measure bytes per token on, by script, and by language where records have "lang".'
        ),
    ] = None,
    corpus: Annotated[str | None, typer.Option(help="What the texts are, for the card.")] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            help="Where they come from, for the card, such as a package and its sha256; may be repeated."
        ),
    ] = None,
    licence: Annotated[str | None, typer.Option(help="The model's licence, for the card.")] = None,
    memory: Annotated[
        str | None,
        typer.Option(help="Stay below this much memory, such as 800MB or 2GB; counts go to disk beside OUT."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Train on a Dask cluster, tcp://HOST:PORT; its workers read the files by their names."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a training that was stopped.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace OUT where it exists, and start over.")
    ] = False,
) -> None:
    """Learn a vocabulary from texts. The same texts and options give the same file, with any number of threads.

    Finished stages are kept in OUT.progress until the model is written.
    """
    sizes = vocab_size or [32000]
    trainer = Trainer(
        order=order,
        vocab_size=sizes,
        min_count=min_count,
        max_piece_length=max_piece_length,
        isolate_digits=isolate_digits,
        ensure_unicode=ensure_unicode,
        objective=objective,
        character_coverage=character_coverage,
    )
    most = None if memory is None else _in_bytes(memory)
    folder = out.with_name(f"{out.name.removesuffix('.model')}.progress")
    names = matching(files)
    skipped = Skipped()  # the texts are read more than once, and what is wrong with them is said once
    texts = Corpus(names, field, whole_file, format=text_format, errors=errors, on_skip=skipped)
    size = texts.check()
    held_out = replace(texts, paths=matching(dev or []))
    if dev:
        held_out.check()
    targets = _targets(out, sizes, force or (resume and folder.is_dir()))

    def write(models: list[Model], seconds: float) -> None:
        extra: dict[str, Any] = {"sources": source} if source else {}
        extra["made_by"] = f"quire {__version__}"
        for model, target, wanted in zip(models, targets, sizes, strict=True):
            card = replace(model.card, corpus=corpus, licence=licence, extra={**model.card.extra, **extra})
            _save(
                replace(model, name=target.stem, card=card),
                target,
                held_out if dev else None,
                seconds,
                wanted,
            )

    bars = _bars()
    stages = _Stages(bars, size)
    started = time.perf_counter()
    if scheduler is not None:
        from app.tokenizer.training import cluster

        if memory is not None or resume:
            raise InputError("--memory and --resume are for training on one machine; leave them out")
        if any(map(is_read_once, names)):
            raise InputError(
                "--scheduler: the workers can't read this machine's standard input or pipes; name files"
            )
        located = replace(
            texts,
            paths=[str(Path(name).resolve()) for name in names],
            on_read=stages.read,
            on_skip=None,  # it is here and not where the workers are
        )
        with bars:
            models = cluster.train(trainer, located, scheduler, stages)
        write(models, time.perf_counter() - started)
        skipped.report()
        return
    if any(map(is_read_once, names)):
        documents: Any = list(texts)  # training reads the texts twice
    else:
        documents = replace(texts, on_read=stages.read)
    identity = {"options": trainer.options(), "texts": _identity(texts, documents)}
    if force and not resume:
        shutil.rmtree(folder, ignore_errors=True)
    with Workspace(folder, identity, resume) as workspace:
        with bars:
            models = trainer.train(documents, workers, stages, most, workspace)
        write(models, time.perf_counter() - started)
        workspace.remove()
    skipped.report()


def _in_bytes(amount: str) -> int:
    """What "800MB", "2 GiB" or "1e9" mean."""
    parts = re.fullmatch(r"\s*([0-9.]+)\s*([kmgt]?)(i?)b?\s*", amount.lower())
    try:
        number = float(parts[1]) if parts else 0.0
    except ValueError:
        number = 0.0
    if not parts or number <= 0:
        raise InputError(f"--memory is {amount!r}; it should be a size such as 800MB or 2GB")
    return int(number * (1024 if parts[3] else 1000) ** " kmgt".index(parts[2] or " "))


def _identity(texts: Corpus, documents: Any) -> dict[str, Any]:
    """What identifies a corpus: its files, their sizes and times of change, or its content."""
    options = {
        "field": texts.text_field, "whole_file": texts.whole_file, "format": texts.format, "errors": texts.errors
    }  # fmt: skip
    if isinstance(documents, list):
        content = hashlib.sha256("\0".join(documents).encode("utf-8", "surrogatepass"))
        return {**options, "sha256": content.hexdigest()}
    states = {name: Path(name).stat() for name in texts.paths}
    files = [[str(Path(name).resolve()), at.st_size, at.st_mtime_ns] for name, at in states.items()]
    return {**options, "files": files}


def _targets(out: Path, sizes: list[int], replaces: bool) -> list[Path]:
    """Where each model goes; refused before the work begins where that can't be written."""
    out = out if out.suffix == ".model" else out.with_name(f"{out.name}.model")
    targets = [out] if len(sizes) == 1 else [out.with_name(f"{out.stem}.{size}.model") for size in sizes]
    if len(set(targets)) < len(targets):
        raise InputError("--vocab-size names the same size twice")
    for target in targets:
        if target.exists() and not replaces:
            raise InputError(f"{target} exists already; name another file, or replace it with --force")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{out.parent}: this folder can't be made: {error.strerror}") from error
    if not os.access(out.parent, os.W_OK):
        raise FileError(f"{out.parent}: this folder can't be written to")
    return targets


def _save(model: Model, target: Path, held_out: Corpus | None, seconds: float, wanted: int) -> None:
    measured = None if held_out is None else measure(Tokenizer(model), held_out.with_languages())
    if measured is not None:
        card = replace(
            model.card,
            bytes_per_token=measured.whole.bytes_per_token,
            bytes_per_token_by_script=_figures(measured.by_script),
            bytes_per_token_by_language=_figures(measured.by_language) or None,
        )
        model = replace(model, card=card)
    model.save(target)
    console.print(_summary(model, target, seconds, measured))
    if wanted - model.vocab_size > wanted * _NOTED_SHORTFALL:
        console.print(
            f"{model.vocab_size:,} ids and not the {wanted:,} asked for: the texts hold no more pieces that occur "
            "often enough; give more text, or lower --min-count"
        )


def _figures(shares: dict[str, Share]) -> dict[str, float]:
    return {name: share.bytes_per_token for name, share in shares.items()}


def _summary(model: Model, target: Path, seconds: float, measured: Measured | None) -> Table:
    lengths = Counter(min(len(piece), 12) for piece in model.pieces)
    longest = sorted(model.pieces, key=len, reverse=True)[:LONGEST_SHOWN]
    table = Table(title=str(target), show_header=False, title_justify="left")
    table.add_row("ids", f"{model.vocab_size:,}")
    table.add_row(
        "pieces by bytes",
        "  ".join(f"{'12+' if size == 12 else size}: {lengths[size]:,}" for size in sorted(lengths)),
    )
    by_script = pieces_by_script(model.pieces)
    table.add_row("pieces by script", _first([f"{name}: {count:,}" for name, count in by_script.items()]))
    if measured is not None:
        table.add_row("bytes per token", f"{measured.whole.bytes_per_token}")
        table.add_row("… by script (share)", _shares(measured.by_script, measured.whole))
        if measured.by_language:
            table.add_row("… by language (share)", _shares(measured.by_language, measured.whole))
    table.add_row("time", f"{seconds:.1f} s")
    table.add_row("memory", f"{_peak_megabytes():,.0f} MB")
    table.add_row("longest", "  ".join(repr(piece.decode(errors="backslashreplace")) for piece in longest))
    return table


def _shares(shares: dict[str, Share], whole: Share) -> str:
    """Bytes per token of each, and of how much of the text that is known."""
    return _first(
        [
            f"{name}: {share.bytes_per_token:.2f} ({share.bytes / whole.bytes:.1%})"
            for name, share in shares.items()
        ]
    )


def _first(figures: list[str]) -> str:
    """The first figures, and how many more there are."""
    more = len(figures) - MOST_SHARES
    return "  ".join(figures[:MOST_SHARES] + ([f"and {more:,} more"] if more > 0 else []))


def _peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20) if sys.platform == "darwin" else peak / 1024


def _bars() -> Progress:
    return Progress(
        SpinnerColumn(),  # turns also where a stage has nothing to count
        TextColumn("{task.description:14}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[rate]:>10}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
    )


def _of(done: int, total: int) -> str:
    return f"{done:,} of {total:,}" if total > 1 else ""


class _Stages:
    """Shows each stage of the trainer as a bar of its own: those that read the files by bytes, the others by steps."""

    def __init__(self, bars: Progress, size: int) -> None:
        self._bars, self._size = bars, size
        self._task: TaskID | None = None
        self._stage = ""
        self._bytes = 0
        self._began = 0.0

    def read(self, count: int) -> None:
        """So many bytes of the files were read. The next stage begins to read before it gives its name."""
        self._bytes += count

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self._begin(stage)
        if self._task is None:
            return
        seconds = max(time.perf_counter() - self._began, 0.01)
        if stage.startswith("count") and self._bytes:
            rate = f"{self._bytes / seconds / 1e6:.1f} MB/s"
            self._bars.update(self._task, completed=self._bytes, total=self._size, rate=rate)
        elif total or done:
            rate = f"{done / seconds:,.0f} /s" if stage.startswith("count") else _of(done, total)
            self._bars.update(self._task, completed=done, total=total or None, rate=rate)

    def _begin(self, stage: str) -> None:
        if self._task is not None and self._bytes:
            self._bars.update(self._task, completed=self._size, total=self._size)
        self._bytes = self._bytes if not self._stage else max(0, self._bytes - self._size)
        self._stage, self._began = stage, time.perf_counter()
        self._task = self._bars.add_task(stage, total=None, rate="")
