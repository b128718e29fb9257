"""`quire count`, `chunk`, `truncate`: how many tokens files and folders take, and how to make them fit.

A file is one text, a line of JSON another; no model's count depends on how a file is read.
"""

import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from app.commands.named_files import NamedFiles, Rules, files_of
from app.commands.texts import ErrorsOption, Field, FormatOption, Skipped
from app.commands.tokens import Model, Threads, batches, load_tokenizer
from app.tokenizer import Tokenizer
from app.tokenizer.others.chunks import fitting_parts, fitting_slice
from app.tokenizer.registry import AnyTokenizer
from app.tokenizer.training.corpus import STANDARD_INPUT, Corpus, Errors, Format

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Paths = Annotated[
    list[str] | None,
    typer.Argument(help="Files, folders, or patterns such as 'src/**/*.py'; none, or -, is standard input."),
]
Globs = Annotated[
    list[str] | None,
    typer.Option(
        "--glob", help="In folders, take only files that match this .gitignore pattern; may be repeated."
    ),
]
Ignored = Annotated[
    list[str] | None,
    typer.Option("--ignore", help="Leave out files that match this pattern too; may be repeated."),
]
Everything = Annotated[
    bool, typer.Option("--no-ignore", help="Also take hidden files and those that .gitignore leaves out.")
]
MaxTokens = Annotated[
    int, typer.Option("--max-tokens", "-n", help="Most tokens, including those that the model adds.", min=1)
]


class Boundary(StrEnum):
    """Where a text is cut, as far as the limit allows."""

    token = "token"  # noqa: S105 - a token of text
    grapheme = "grapheme"
    word = "word"
    sentence = "sentence"
    paragraph = "paragraph"


class Side(StrEnum):
    """The side on which a text is cut off."""

    right = "right"
    left = "left"


@app.command()
def count(
    paths: Paths = None,
    model: Model = None,
    glob: Globs = None,
    ignore: Ignored = None,
    everything: Everything = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with each file.")] = False,
    field: Field = "text",
    text_format: FormatOption = "auto",
    errors: ErrorsOption = "strict",
    threads: Threads = None,
) -> None:
    """Print the number of tokens of each file, and of all; line ends count as they do within a text.

    Of folders, hidden files, what .gitignore leaves out and files that aren't text are passed over. Their files are
    texts whatever they end in; say --format jsonl to count the field of JSON lines there.
    """
    tokenizer = load_tokenizer(model)
    found = files_of(paths or [STANDARD_INPUT], Rules(glob or (), ignore or (), everything))
    skipped = Skipped()
    items: list[dict[str, Any]] = []
    for name in found.files:
        before = skipped.count
        size = tokens = 0
        for batch in batches(_texts(tokenizer, name, found, field, text_format, errors, skipped)):
            size += sum(len(text.encode()) for text in batch)
            tokens += sum(map(len, tokenizer.encode_batch(batch, threads=threads)))
        if not tokens and skipped.count > before:
            continue
        items.append({"file": name, "tokens": tokens, "bytes": size})
        if not as_json:
            print(tokens if name == STANDARD_INPUT else f"{tokens}\t{name}", flush=True)
    total = {key: sum(item[key] for item in items) for key in ("tokens", "bytes")}
    if as_json:
        answer = {"model": tokenizer.name, "files": items, **total, "no_texts": found.no_texts}
        sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2) + b"\n")
    elif len(found.files) != 1 or found.inside:
        print(f"{total['tokens']}\ttotal")
    _report_left_out(found)
    skipped.report()


@app.command()
def chunk(
    paths: Paths = None,
    model: Model = None,
    max_tokens: MaxTokens = 512,
    overlap: Annotated[
        int, typer.Option(help="Most tokens that a chunk repeats from the one before.", min=0)
    ] = 0,
    boundary: Annotated[
        Boundary, typer.Option(help="Where chunks end, as far as the limit allows.")
    ] = Boundary.grapheme,
    glob: Globs = None,
    ignore: Ignored = None,
    everything: Everything = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON for each chunk, with its text.")
    ] = False,
    field: Field = "text",
    text_format: FormatOption = "auto",
    errors: ErrorsOption = "strict",
) -> None:
    """Cut texts into chunks, each of which fits into --max-tokens by itself.

    Prints tokens, characters and file of each chunk; --json adds the text.
    """
    tokenizer = load_tokenizer(model)
    added = sum(map(len, tokenizer.own_special))
    found = files_of(paths or [STANDARD_INPUT], Rules(glob or (), ignore or (), everything))
    skipped = Skipped()
    for name in found.files:
        texts = _texts(tokenizer, name, found, field, text_format, errors, skipped, whole=True)
        for number, text in enumerate(texts):
            for part in fitting_parts(tokenizer, text, max_tokens, overlap, boundary.value):
                tokens = part.count + added
                if not as_json:
                    print(f"{tokens}\t{part.start}-{part.end}\t{name}", flush=True)
                    continue
                _print_line(
                    {
                        "file": name,
                        "document": number,
                        "tokens": tokens,
                        "chars": (part.start, part.end),
                        "text": text[part.start : part.end],
                    }
                )
    _report_left_out(found)
    skipped.report()


@app.command()
def truncate(
    paths: Paths = None,
    model: Model = None,
    max_tokens: MaxTokens = 512,
    side: Annotated[Side, typer.Option(help="The side on which a text is cut off.")] = Side.right,
    boundary: Annotated[
        Boundary, typer.Option(help="Where a text is cut, as far as the limit allows.")
    ] = Boundary.grapheme,
    glob: Globs = None,
    ignore: Ignored = None,
    everything: Everything = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON for each text, with what was kept.")
    ] = False,
    field: Field = "text",
    text_format: FormatOption = "auto",
    errors: ErrorsOption = "strict",
) -> None:
    """Print as much of each text as fits into --max-tokens by itself."""
    tokenizer = load_tokenizer(model)
    added = sum(map(len, tokenizer.own_special))
    found = files_of(paths or [STANDARD_INPUT], Rules(glob or (), ignore or (), everything))
    skipped = Skipped()
    for name in found.files:
        texts = _texts(tokenizer, name, found, field, text_format, errors, skipped, whole=True)
        for number, text in enumerate(texts):
            part = fitting_slice(tokenizer, text, max_tokens, side.value, boundary.value)
            kept = text[part.start : part.end]
            if as_json:
                _print_line(
                    {
                        "file": name,
                        "document": number,
                        "tokens": part.count + added,
                        "chars": (part.start, part.end),
                        "truncated": len(kept) < len(text),
                        "text": kept,
                    }
                )
            else:
                sys.stdout.buffer.write(kept.encode())
                sys.stdout.buffer.flush()
    _report_left_out(found)
    skipped.report()


def _texts(
    tokenizer: AnyTokenizer,
    name: str,
    found: NamedFiles,
    field: str,
    text_format: Format,
    errors: Errors,
    skipped: Skipped,
    whole: bool = False,
) -> Iterator[str]:
    """The texts of a file. BytePiece's pieces end with lines, so that there a part at a time is enough to count."""
    if text_format == "auto" and name in found.inside:
        text_format = "text"
    return iter(
        Corpus(
            [name],
            field,
            whole_file=whole or not isinstance(tokenizer, Tokenizer),
            parts=True,
            format=text_format,
            errors=errors,
            on_skip=skipped,
        )
    )


def _print_line(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
    sys.stdout.buffer.flush()


def _report_left_out(found: NamedFiles) -> None:
    for folder in found.empty:
        print(
            f"quire: {folder}: no file in it is taken; --no-ignore takes hidden files and what .gitignore leaves out",
            file=sys.stderr,
        )
    if found.no_texts:
        shown: Sequence[str] = [Path(name).name for name in found.no_texts[:3]]
        more = len(found.no_texts) - len(shown)
        others = f" and {more:,} more" if more else ""
        print(f"quire: skipped, as they are not text: {', '.join(shown)}{others}", file=sys.stderr)
