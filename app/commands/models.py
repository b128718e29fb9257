"""`quire models`: what there is, what is in it, other formats, and which tokenizer says a text in fewer tokens."""

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from app.commands.tokens import load_tokenizer, registry, visible
from app.errors import FileError, InputError, ModelError
from app.settings import Settings
from app.tokenizer import Tokenizer
from app.tokenizer.formats import from_sentencepiece, to_huggingface, to_sentencepiece, to_tiktoken
from app.tokenizer.model import FIRST_PIECE, Model, write_whole
from app.tokenizer.others.base import OtherTokenizer
from app.tokenizer.training.corpus import STANDARD_INPUT, Corpus
from app.tokenizer.training.report import lines_by_script

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="List, show, convert and compare models.",
)


class Format(StrEnum):
    """What a model can be converted to; tiktoken is a listing to look at."""

    bytepiece = "bytepiece"
    sentencepiece = "sentencepiece"
    huggingface = "huggingface"
    tiktoken = "tiktoken"


_WRITERS: dict[Format, Callable[[Model], bytes]] = {
    Format.bytepiece: Model.to_bytes,
    Format.sentencepiece: to_sentencepiece,
    Format.huggingface: to_huggingface,
    Format.tiktoken: to_tiktoken,
}


@app.command("list")
def list_models() -> None:
    """List the models that can be named, the default first."""
    table = Table(box=None, pad_edge=False)
    table.add_column("name", no_wrap=True)
    for heading in ("ids", "bytes per token"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("corpus")
    models = registry()
    for name in models.names():
        try:
            model = models.get(name)
        except ModelError as error:
            table.add_row(name, "-", "-", str(error))
            continue
        card = model.card
        measured = "" if card.bytes_per_token is None else f"{card.bytes_per_token:.2f}"
        table.add_row(name, f"{model.vocab_size:,}", measured, card.corpus or "")
    Console().print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A model's name, or the path of a vocabulary file.")],
    pieces: Annotated[int, typer.Option(help="How many of its most frequent pieces to list.", min=0)] = 20,
) -> None:
    """Show a model's card and its most frequent pieces."""
    tokenizer = load_tokenizer(name)
    if not isinstance(tokenizer, Tokenizer):
        print(orjson.dumps(_about(tokenizer), option=orjson.OPT_INDENT_2).decode())
        return
    model = tokenizer.model
    card = {
        "name": model.name,
        "vocab_size": model.vocab_size,
        "sha256": model.sha256,
        "normalization": model.card.normalization,
        "add_bos": model.card.add_bos,
        "add_eos": model.card.add_eos,
        "corpus": model.card.corpus,
        "licence": model.card.licence,
        "bytes_per_token": model.card.bytes_per_token,
        "bytes_per_token_by_script": model.card.bytes_per_token_by_script,
        "bytes_per_token_by_language": model.card.bytes_per_token_by_language,
        **model.card.extra,
    }
    print(orjson.dumps(card, option=orjson.OPT_INDENT_2).decode())
    for place in (-model.counts).argsort(kind="stable")[:pieces]:
        print(f"{place + FIRST_PIECE}\t{model.counts[place]}\t{visible(model.pieces[place])}")


def _about(tokenizer: OtherTokenizer) -> dict[str, Any]:
    return {
        "name": tokenizer.name,
        "kind": tokenizer.kind,
        "vocab_size": tokenizer.vocab_size,
        "lossless": tokenizer.lossless,
        "can": tokenizer.can,
        "special_tokens": dict(tokenizer.special_tokens),
        "sha256": tokenizer.sha256,
    }


@app.command()
def convert(
    file: Annotated[Path, typer.Argument(help="A BytePiece or SentencePiece vocabulary file.")],
    to: Annotated[Format, typer.Option(help="The format to write.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace OUT where it exists.")] = False,
) -> None:
    """Write a model in another format; pieces that it can't express are named, and nothing is written."""
    if out.exists() and not force:
        raise InputError(f"{out} exists already; name another file, or replace it with --force")
    model = _read_any(file)
    if to is Format.bytepiece:
        model.save(out)
    else:
        write_whole(out, _WRITERS[to](model))


def _read_any(file: Path) -> Model:
    """A BytePiece file (JSON or zip), else SentencePiece's, told apart by how they begin."""
    try:
        with file.open("rb") as stream:
            start = stream.read(64).lstrip()
    except OSError as error:
        raise FileError(f"{file}: can't be read: {error.strerror}") from error
    if start.startswith((b"{", b"PK")):
        return Model.load(file, Settings().max_model_bytes)
    return from_sentencepiece(file.read_bytes(), file.name)


@app.command()
def compare(
    models: Annotated[
        list[str], typer.Argument(help="Names or paths of models, or a Hugging Face tokenizer.json.")
    ],
    text: Annotated[
        list[str] | None, typer.Option(help="Files of text; standard input if not given.")
    ] = None,
    by_script: Annotated[
        bool, typer.Option("--by-script", help="Also bytes per token over the lines of each script.")
    ] = False,
) -> None:
    """Print how many tokens each tokenizer needs for the same text, and how many bytes a token holds."""
    documents = list(Corpus(text or [STANDARD_INPUT], parts=True))
    size = _size(documents)
    if not size:
        raise InputError(
            "there is no text to compare on; name files with --text, or send some to standard input"
        )
    table = Table(box=None, pad_edge=False)
    table.add_column("tokenizer")
    for heading in ("ids", "tokens", "bytes per token"):
        table.add_column(heading, justify="right")
    scripts = _by_script(documents) if by_script else {}
    figures: dict[str, list[str]] = {script: [] for script in scripts}
    for name in models:
        vocab_size, count = _counter(name)
        tokens = count(documents)
        table.add_row(name, f"{vocab_size:,}", f"{tokens:,}", f"{size / tokens:.3f}")
        for script, lines in scripts.items():
            tokens = count(lines)
            figures[script].append(f"{_size(lines) / tokens:.3f}" if tokens else "-")
    console = Console(file=sys.stdout)
    console.print(table)
    if scripts:
        console.print()
        console.print(_table_by_script(models, figures, scripts))


def _size(documents: list[str]) -> int:
    return sum(len(document.encode()) for document in documents)


def _by_script(documents: list[str]) -> dict[str, list[str]]:
    """The lines of each script, the script with the most bytes first."""
    scripts: dict[str, list[str]] = {}
    for document in documents:
        for script, lines in lines_by_script(document).items():
            scripts.setdefault(script, []).append(lines)
    return dict(sorted(scripts.items(), key=lambda item: -_size(item[1])))


def _table_by_script(
    models: list[str], figures: dict[str, list[str]], scripts: dict[str, list[str]]
) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("bytes per token by script")
    for heading in ("bytes", *models):
        table.add_column(heading, justify="right")
    for script, row in figures.items():
        table.add_row(script, f"{_size(scripts[script]):,}", *row)
    return table


def _counter(name: str) -> tuple[int, Callable[[list[str]], int]]:
    """A tokenizer's vocabulary size, and how it counts the tokens of documents."""
    tokenizer = load_tokenizer(name)
    return tokenizer.vocab_size, lambda documents: sum(map(len, tokenizer.encode_batch(documents)))
