"""`quire train`: texts in, a vocabulary file and its card out."""

import os
import resource
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from app import __version__
from app.errors import FileError, InputError
from app.tokenizer import Tokenizer
from app.tokenizer.corpus import STANDARD_INPUT, Corpus
from app.tokenizer.model import Model
from app.tokenizer.trainer import Trainer

LONGEST_SHOWN = 40

app = typer.Typer(add_completion=False)
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
    order: Annotated[int, typer.Option(help="Longest n-gram, in bytes.")] = 6,
    min_count: Annotated[int, typer.Option(help="Drop n-grams and pieces seen less often.")] = 2,
    max_piece_length: Annotated[int, typer.Option(help="Longest piece, in bytes.")] = 36,
    isolate_digits: Annotated[
        bool, typer.Option("--isolate-digits", help="Make each digit a piece of its own.")
    ] = False,
    ensure_unicode: Annotated[bool, typer.Option(help="Let pieces begin only where characters do.")] = True,
    workers: Annotated[int | None, typer.Option(help="Threads; all cores if not given.", min=1)] = None,
    field: Annotated[str, typer.Option(help="The key of the text in .jsonl files.")] = "text",
    whole_file: Annotated[
        bool, typer.Option("--whole-file", help="A file is one document, not its lines.")
    ] = False,
    dev: Annotated[list[str] | None, typer.Option(help="Other texts, to measure bytes per token on.")] = None,
    corpus: Annotated[str | None, typer.Option(help="What the texts are, for the card.")] = None,
    licence: Annotated[
        str | None, typer.Option(help="Under which licence the model may be used, for the card.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT where it exists.")] = False,
) -> None:
    """Learn a vocabulary from texts. The same texts and options give the same file, with any number of threads."""
    sizes = vocab_size or [32000]
    trainer = Trainer(
        order=order,
        vocab_size=sizes,
        min_count=min_count,
        max_piece_length=max_piece_length,
        isolate_digits=isolate_digits,
        ensure_unicode=ensure_unicode,
    )
    targets = _targets(out, sizes, force)
    texts = Corpus(files, field, whole_file)
    texts.check()
    held_out = Corpus(dev or [], field, whole_file)
    if dev:
        held_out.check()
    # Training reads the texts twice, and standard input can be read once.
    documents = list(texts) if STANDARD_INPUT in files else texts
    started = time.perf_counter()
    with _bars() as bars:
        models = trainer.train(documents, threads=workers, progress=_Stages(bars))
    seconds = time.perf_counter() - started
    for model, target in zip(models, targets, strict=True):
        card = replace(
            model.card,
            corpus=corpus,
            licence=licence,
            extra={**model.card.extra, "made_by": f"quire {__version__}"},
        )
        _save(replace(model, name=target.stem, card=card), target, held_out if dev else None, seconds)


def _targets(out: Path, sizes: list[int], force: bool) -> list[Path]:
    """Where each model goes; told before the work begins where that can't be written."""
    out = out if out.suffix == ".model" else out.with_name(f"{out.name}.model")
    targets = [out] if len(sizes) == 1 else [out.with_name(f"{out.stem}.{size}.model") for size in sizes]
    if len(set(targets)) < len(targets):
        raise InputError("--vocab-size names the same size twice")
    for target in targets:
        if target.exists() and not force:
            raise InputError(f"{target} exists already; name another file, or replace it with --force")
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise FileError(f"{out.parent}: no folder that can be written to")
    return targets


def _save(model: Model, target: Path, held_out: Corpus | None, seconds: float) -> None:
    if held_out is not None:
        model = replace(
            model, card=replace(model.card, bytes_per_token=round(_bytes_per_token(model, held_out), 4))
        )
    model.save(target)
    console.print(_summary(model, target, seconds))


def _bytes_per_token(model: Model, texts: Corpus) -> float:
    tokenizer = Tokenizer(model)
    size = tokens = 0
    for text in texts:
        size += len(text.encode())
        tokens += tokenizer.count(text)
    if not tokens:
        raise InputError("--dev: these files hold no text to measure on")
    return size / tokens


def _summary(model: Model, target: Path, seconds: float) -> Table:
    lengths = Counter(min(len(piece), 12) for piece in model.pieces)
    longest = sorted(model.pieces, key=len, reverse=True)[:LONGEST_SHOWN]
    table = Table(title=str(target), show_header=False, title_justify="left")
    table.add_row("ids", f"{model.vocab_size:,}")
    table.add_row(
        "pieces by bytes",
        "  ".join(f"{'12+' if size == 12 else size}: {lengths[size]:,}" for size in sorted(lengths)),
    )
    if model.card.bytes_per_token is not None:
        table.add_row("bytes per token", f"{model.card.bytes_per_token}")
    table.add_row("time", f"{seconds:.1f} s")
    table.add_row("memory", f"{_peak_megabytes():,.0f} MB")
    table.add_row("longest", "  ".join(repr(piece.decode(errors="backslashreplace")) for piece in longest))
    return table


def _peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20) if sys.platform == "darwin" else peak / 1024


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description:16}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


class _Stages:
    """Shows each stage of the trainer as a bar of its own."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=None)
        self._bars.update(self._tasks[stage], completed=done, total=total or None)
