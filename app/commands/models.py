"""`quire models`: lists, shows, adds, fetches and converts models."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from app.commands.compare import compare
from app.commands.tokens import load_tokenizer, registry, visible
from app.errors import FileError, InputError, ModelError
from app.settings import Settings
from app.tokenizer import Tokenizer
from app.tokenizer.formats import (
    from_sentencepiece,
    huggingface_config,
    to_huggingface,
    to_sentencepiece,
    to_tiktoken,
)
from app.tokenizer.model import FIRST_PIECE, Model, write_whole
from app.tokenizer.others import adding
from app.tokenizer.others.base import OtherTokenizer

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="List, show, add, fetch, convert and compare models.",
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
    """List the models that `--model` can name, the default first."""
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
        "context_length": tokenizer.context_length,
        "lossless": tokenizer.lossless,
        "can": tokenizer.can,
        "special_tokens": dict(tokenizer.special_tokens),
        "sha256": tokenizer.sha256,
    }


@app.command()
def convert(
    file: Annotated[Path, typer.Argument(help="A BytePiece or SentencePiece vocabulary file.")],
    to: Annotated[Format, typer.Option(help="The format to write.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write, or the folder.")],
    force: Annotated[bool, typer.Option("--force", help="Replace OUT where it exists.")] = False,
) -> None:
    """Write a model in another format. If that can't express some pieces, they are named and nothing is written.

    With --to huggingface, OUT without an ending is a folder that transformers loads as it is.
    """
    as_folder = to is Format.huggingface and not out.suffix
    if out.exists() and not force:
        raise InputError(f"{out} exists already; name another file, or replace it with --force")
    model = _read_any(file)
    if to is Format.bytepiece:
        model.save(out)
    elif as_folder:
        content = {
            "tokenizer_config.json": huggingface_config(model),
            "tokenizer.json": to_huggingface(model),
        }
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"{out}: this folder can't be made: {error.strerror}") from error
        for name, data in content.items():
            write_whole(out / name, data)
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
def add(
    source: Annotated[
        Path, typer.Argument(help="A vocabulary file of any kind, or a folder as the Hub lays it out.")
    ],
    name: Annotated[
        str | None,
        typer.Option(help="The name to serve it under; that of the file or the folder if not given."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the model of that name.")] = False,
) -> None:
    """Check a tokenizer, say what it is, and copy it to the models that are served."""
    settings = Settings()
    _report(adding.add(source, settings.data_dir / "models", settings.max_model_bytes, name, force))


@app.command()
def fetch(
    repository: Annotated[str, typer.Argument(help="ORG/NAME on the Hugging Face Hub.")],
    revision: Annotated[str | None, typer.Option(help="A branch, a tag or a commit.")] = None,
) -> None:
    """Fetch a tokenizer from the Hugging Face Hub; for one fetched before, only what has changed.

    No weights are fetched. HF_TOKEN identifies you to the Hub; HF_ENDPOINT names another server.
    """
    settings = Settings()
    if settings.offline:
        raise InputError("QUIRE_OFFLINE is set, so Quire contacts no other host")
    from app.tokenizer.others import hub

    _report(hub.fetch(repository, settings.data_dir / "models", settings.max_model_bytes, revision))


def _report(added: adding.AddedTokenizer) -> None:
    """What was added: its kind, its size, and what can be asked for."""
    tokenizer = added.tokenizer
    lossless = "every byte comes back" if tokenizer.lossless else "it changes texts"
    print(
        f"{added.name}: {tokenizer.kind}, {tokenizer.vocab_size:,} ids, {lossless}; {', '.join(tokenizer.can)}"
    )


app.command()(compare)
