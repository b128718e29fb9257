"""`quire encode`, `decode`, `tokenize`: files or standard input to standard output, as streams.

A line is a document, as in training: its line end is not part of it. What is held in memory is a batch of lines.
"""

import base64
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from app.commands.texts import ErrorsOption, Field, FormatOption, Skipped, WholeFile
from app.errors import InputError, RecordError
from app.settings import Settings
from app.tokenizer import load
from app.tokenizer.engine.segmenters import Ids
from app.tokenizer.registry import AnyTokenizer, ModelRegistry
from app.tokenizer.training.corpus import STANDARD_INPUT, Corpus, Errors

BATCH_LINES = 2048

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Files = Annotated[list[str] | None, typer.Argument(help="Files to read; none, or -, is standard input.")]
Model = Annotated[str | None, typer.Option(help="A model's name, or the path of a vocabulary file.")]
Threads = Annotated[int | None, typer.Option(help="Threads to use; all cores if not given.", min=1)]
Alpha = Annotated[
    float | None,
    typer.Option(help="Draw each segmentation by its probability to this power, above 0 and at most 10."),
]
Seed = Annotated[
    int | None, typer.Option(help="Makes drawing reproducible; document i, counted from 0, uses SEED + i.")
]
Composed = Annotated[
    bool | None,
    typer.Option(
        "--nfc/--as-is", help="Compose texts (NFC), or take them as they are; else as the model's card says."
    ),
]


class ShardForm(StrEnum):
    """How a shard's numbers are written."""

    npy = "npy"
    bin = "bin"


def load_tokenizer(model: str | None) -> AnyTokenizer:
    """The tokenizer of a name, or of the path of a file or a folder that is there."""
    if model is not None and (
        Path(model).exists() or model.endswith((".model", ".zip", ".json", ".tiktoken"))
    ):
        found: AnyTokenizer = load(Path(model), max_bytes=Settings().max_model_bytes)
        return found
    return registry().get(model)


def registry() -> ModelRegistry:
    """The models that can be named."""
    settings = Settings()
    return ModelRegistry(
        settings.model_folders,
        settings.default_model,
        settings.max_model_bytes,
        settings.max_loaded_models,
        settings.max_models_bytes,
    )


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """The texts in lists that fit in memory."""
    iterator = iter(texts)
    while batch := list(islice(iterator, BATCH_LINES)):
        yield batch


def normalization(composed: bool | None) -> Any:
    """What `Tokenizer` takes for `--nfc`, `--as-is` or neither."""
    return ... if composed is None else "NFC" if composed else None


def seed_of(seed: int | None, number: int) -> int | None:
    """The seed of a document: another one for each, so that equal lines are drawn apart."""
    return None if seed is None else (seed + number) % 2**64


@app.command()
def encode(
    files: Files = None,
    model: Model = None,
    bos: Annotated[
        bool | None, typer.Option("--bos/--no-bos", help="Begin each document with <bos>.")
    ] = None,
    eos: Annotated[bool | None, typer.Option("--eos/--no-eos", help="End each document with <eos>.")] = None,
    alpha: Alpha = None,
    seed: Seed = None,
    composed: Composed = None,
    field: Field = "text",
    text_format: FormatOption = "auto",
    errors: ErrorsOption = "strict",
    whole_file: WholeFile = False,
    threads: Threads = None,
    shards: Annotated[Path | None, typer.Option(help="Write a folder of shards instead of lines.")] = None,
    shard_form: Annotated[ShardForm, typer.Option(help="The form of the shards.")] = ShardForm.npy,
    shard_tokens: Annotated[int, typer.Option(help="Ids in a shard, at most.", min=1)] = 1 << 24,
) -> None:
    """Print the ids of each line, separated by spaces; `quire decode` turns them back."""
    tokenizer = load_tokenizer(model)
    skipped = Skipped()
    pending: list[str] = []
    done = 0

    def flush() -> None:
        nonlocal done
        first, texts = seed_of(seed, done), pending.copy()
        done += len(texts)
        pending.clear()
        write(tokenizer.encode_batch(texts, threads, bos, eos, alpha, first, normalization(composed)))

    texts = Corpus(
        files or [STANDARD_INPUT],
        field,
        whole_file,
        format=text_format,
        errors=errors,
        on_wait=flush,
        on_skip=skipped,
    )
    with writer_of_ids(tokenizer, shards, shard_form, shard_tokens) as write:
        try:
            for text in texts:
                pending.append(text)
                if len(pending) == BATCH_LINES:
                    flush()
        finally:  # what was read before a failure is written too
            flush()
    skipped.report()


@contextmanager
def writer_of_ids(
    tokenizer: AnyTokenizer, shards: Path | None, form: ShardForm, most: int
) -> Iterator[Callable[[list[Ids]], None]]:
    """What writes the ids of documents: as lines to standard output, or to a folder of shards."""
    if shards is None:

        def write(documents: list[Ids]) -> None:
            sys.stdout.write("".join(f"{' '.join(map(str, ids.tolist()))}\n" for ids in documents))
            sys.stdout.flush()

        yield write
        return
    from app.tokenizer.shards import ShardWriter

    with ShardWriter(
        shards, tokenizer.vocab_size, tokenizer.name, tokenizer.sha256, form.value, most
    ) as writer:
        yield writer.write


@app.command()
def decode(
    files: Files = None,
    model: Model = None,
    errors: Annotated[
        Errors,
        typer.Option(
            "--errors",
            help="Stop at a line of anything but the model's ids, show U+FFFD for it, or skip such lines.",
        ),
    ] = "strict",
) -> None:
    """Print the text of each line of ids, byte for byte; separators are spaces or commas.

    With --errors replace, bytes that aren't UTF-8 are U+FFFD too, so that what is printed is text.
    """
    tokenizer = load_tokenizer(model)
    skipped = Skipped()
    write = sys.stdout.buffer.write
    for name in files or [STANDARD_INPUT]:
        lines = Corpus([name], format="text", errors=errors, on_wait=sys.stdout.flush, on_skip=skipped)
        for number, line in enumerate(lines, 1):
            words = line.replace(",", " ").strip(" []").split()
            try:
                if errors == "replace":
                    write(_decoded_in_part(tokenizer, words).encode() + b"\n")
                else:
                    write(tokenizer.decode_bytes([_id(word) for word in words]) + b"\n")
            except (ValueError, InputError) as error:
                reason = f"a line of ids was expected: {error}"
                if errors == "strict":
                    raise InputError(f"{name}:{number}: {reason}") from error
                skipped(RecordError(reason, name, number))
    skipped.report()


def _decoded_in_part(tokenizer: AnyTokenizer, words: list[str]) -> str:
    """The text of ids, in which words that aren't ids of the model are U+FFFD."""
    parts: list[bytes] = []
    known: list[int] = []
    for word in words:
        try:
            number = _id(word)
            tokenizer.decode_bytes([number])
        except (ValueError, InputError):
            parts += [tokenizer.decode_bytes(known), "\ufffd".encode()]
            known = []
        else:
            known.append(number)
    return b"".join([*parts, tokenizer.decode_bytes(known)]).decode(errors="replace")


_LONGEST_ID = 40  # digits; Python's own limit is far above, and its message says nothing of ids


def _id(word: str) -> int:
    """An id as `encode` prints it. Raises ValueError for other spellings of numbers, such as 1_000 or +5."""
    if not (word.isascii() and word.isdigit() and len(word) <= _LONGEST_ID):
        raise ValueError(f"{word[:40]!r} is not an id")
    return int(word)


@app.command()
def tokenize(
    files: Files = None,
    model: Model = None,
    alpha: Alpha = None,
    seed: Seed = None,
    composed: Composed = None,
    field: Field = "text",
    text_format: FormatOption = "auto",
    errors: ErrorsOption = "strict",
    whole_file: WholeFile = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON array a line, with ids and spans.")
    ] = False,
) -> None:
    """Print the pieces of each line, separated by spaces; bytes that can't be seen show as \\xNN, a space as ␣."""
    tokenizer = load_tokenizer(model)
    skipped = Skipped()
    texts = Corpus(
        files or [STANDARD_INPUT],
        field,
        whole_file,
        format=text_format,
        errors=errors,
        on_wait=sys.stdout.flush,
        on_skip=skipped,
    )
    for number, text in enumerate(texts):
        how = (alpha, seed_of(seed, number), normalization(composed))
        if as_json:
            pieces = [
                {
                    "id": span.id,
                    "b64": base64.b64encode(span.data).decode(),
                    "bytes": span.bytes,
                    "chars": span.chars,
                    "source_bytes": span.source_bytes,
                    "source_chars": span.source_chars,
                }
                for span in tokenizer.spans(text, *how)
            ]
            sys.stdout.buffer.write(orjson.dumps(pieces) + b"\n")
        else:
            sys.stdout.buffer.write((" ".join(map(visible, tokenizer.tokenize(text, *how))) + "\n").encode())
    skipped.report()


def visible(piece: bytes) -> str:
    """A piece as one word without white space: `\\n`, `␣`, and `\\xNN` for bytes that are not a whole character."""
    shown = []
    for character in piece.decode("utf-8", "surrogateescape"):
        if "\udc80" <= character <= "\udcff":
            shown.append(f"\\x{ord(character) - 0xDC00:02x}")
        elif character == " ":
            shown.append("␣")
        elif character == "\\":
            shown.append("\\\\")
        else:
            shown.append(
                character if character.isprintable() else character.encode("unicode_escape").decode()
            )
    return "".join(shown)
