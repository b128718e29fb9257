"""`quire compare`: which tokenizer encodes a text in fewer tokens, by script and by language, as a table or a check."""

import operator
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from app.commands.texts import ErrorsOption, Field, FormatOption, Skipped, matching
from app.commands.tokens import load_tokenizer
from app.errors import InputError
from app.tokenizer.registry import AnyTokenizer
from app.tokenizer.training.corpus import STANDARD_INPUT, Corpus
from app.tokenizer.training.report import lines_by_script

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_FIGURES = ("tokens", "bytes_per_token", "ids")
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_CONDITION = re.compile(
    r"(?:(?P<model>[^<>=]+):)?(?P<figure>\w+)\s*(?P<sign><=|>=|<|>)\s*"
    r"(?:(?P<factor>[0-9.]+)\s*\*?\s*)??(?:(?P<other>[^<>=*]+):(?P<others>\w+)|(?P<number>[0-9.]+))"
)
_LABELLED = re.compile(r"([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)=(.+)")

Texts = dict[str, list[str]]


@dataclass(frozen=True)
class Condition:
    """`model`'s figure, or that of any model, is smaller or greater than a number, or than so many times another's."""

    written: str
    model: str | None
    figure: str
    sign: str
    factor: float
    other: str | None
    others: str

    @classmethod
    def read(cls, written: str, models: list[str]) -> "Condition":
        """What `mine:tokens>1.02*default:tokens` means. InputError says what is wrong with it."""
        found = _CONDITION.fullmatch(written.strip())
        factor = _number(found["number"] or found["factor"] or "1") if found else None
        if found is None or factor is None:
            raise InputError(
                f"--fail-if {written!r}: it should be like 'bytes_per_token<3.9', 'mine:tokens>1000' or "
                "'mine:tokens>1.02*default:tokens'"
            )
        for figure in filter(None, (found["figure"], found["others"])):
            if figure not in _FIGURES:
                raise InputError(
                    f"--fail-if {written!r}: {figure} is not a figure; choose from {', '.join(_FIGURES)}"
                )
        for model in filter(None, (found["model"], found["other"])):
            if model not in models:
                raise InputError(
                    f"--fail-if {written!r}: {model} is not among the compared models: {', '.join(models)}"
                )
        return cls(
            written,
            found["model"],
            found["figure"],
            found["sign"],
            factor,
            found["other"],
            found["others"] or "",
        )

    def holding(self, rows: dict[str, dict[str, Any]]) -> list[str]:
        """A line for each model that meets the condition."""
        limit = self.factor * (rows[self.other][self.others] if self.other else 1)
        return [
            f"{name}: {self.figure} is {row[self.figure]:,}: {self.written}"
            for name, row in rows.items()
            if self.model in (None, name)
            and row[self.figure] is not None
            and _SIGNS[self.sign](row[self.figure], limit)
        ]


@app.command()
def compare(
    models: Annotated[
        list[str], typer.Argument(help="Names of models, or paths of files and folders of any kind.")
    ],
    text: Annotated[
        list[str] | None,
        typer.Option(
            "--text",
            help="Files of text, or LANGUAGE=FILE such as de=news.txt; standard input if not given.",
        ),
    ] = None,
    by_script: Annotated[
        bool, typer.Option("--by-script", help="Also print bytes per token over the lines of each script.")
    ] = False,
    by_language: Annotated[
        bool,
        typer.Option(
            "--by-language",
            help='Also print bytes per token by language, from --text or the key "lang" of JSON lines.',
        ),
    ] = False,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-if",
            help="Exit with 1 if this holds: 'bytes_per_token<3.9', 'mine:tokens>1.02*default:tokens'.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
    field: Field = "text",
    text_format: FormatOption = "auto",
    errors: ErrorsOption = "strict",
) -> None:
    """Print how many tokens each tokenizer needs for the same text, and how many bytes a token holds."""
    if len(set(models)) < len(models):
        raise InputError(f"{next(name for name in models if models.count(name) > 1)} is named twice")
    conditions = [Condition.read(one, models) for one in fail_if or []]
    skipped = Skipped()
    texts = _texts(text or [STANDARD_INPUT], field, text_format, errors, skipped)
    documents = [document for some in texts.values() for document in some]
    if not _size(documents):
        raise InputError(
            "there is no text to compare on; name files with --text, or send some to standard input"
        )
    groups: dict[str, Texts] = {}
    if by_script:
        groups["script"] = _by_script(documents)
    if by_language:
        groups["language"] = _by_size({name: some for name, some in texts.items() if name})
        if not groups["language"]:
            raise InputError(
                'no text names its language; give --text de=FILE, or JSON lines with the key "lang"'
            )
    rows = {name: _row(load_tokenizer(name), documents, groups) for name in models}
    if as_json:
        sizes = {kind: {name: _size(some) for name, some in group.items()} for kind, group in groups.items()}
        answer = {"bytes": _size(documents), **{f"bytes_by_{kind}": size for kind, size in sizes.items()}}
        answer["models"] = [{"model": name, **row} for name, row in rows.items()]
        sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print_tables(rows, groups)
    failures = [line for condition in conditions for line in condition.holding(rows)]
    for line in failures:
        print(f"quire: {line}", file=sys.stderr)
    if failures:
        raise typer.Exit(1)
    skipped.report()


def _number(written: str) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None


def _texts(names: list[str], field: str, text_format: Any, errors: Any, skipped: Skipped) -> Texts:
    """The texts by language, "" for those that name none. A file is one text, a line of JSON another."""
    texts: Texts = {}
    for name in names:
        labelled = None if Path(name).exists() else _LABELLED.fullmatch(name)
        label, path = (labelled[1], labelled[2]) if labelled else (None, name)
        corpus = Corpus(
            matching([path]), field, whole_file=True, parts=True,
            format=text_format, errors=errors, on_skip=skipped,
        )  # fmt: skip
        for document, language in corpus.with_languages():
            texts.setdefault(label or language or "", []).append(document)
    return texts


def _row(tokenizer: AnyTokenizer, documents: list[str], groups: dict[str, Texts]) -> dict[str, Any]:
    tokens = _count(tokenizer, documents)
    row: dict[str, Any] = {
        "kind": tokenizer.kind,
        "ids": tokenizer.vocab_size,
        "tokens": tokens,
        "bytes_per_token": _ratio(documents, tokens),
    }
    for kind, group in groups.items():
        row[f"bytes_per_token_by_{kind}"] = {
            name: _ratio(some, _count(tokenizer, some)) for name, some in group.items()
        }
    return row


def _count(tokenizer: AnyTokenizer, documents: list[str]) -> int:
    return sum(map(len, tokenizer.encode_batch(documents, add_bos=False, add_eos=False)))


def _ratio(documents: list[str], tokens: int) -> float | None:
    return round(_size(documents) / tokens, 4) if tokens else None


def _size(documents: list[str]) -> int:
    return sum(len(document.encode()) for document in documents)


def _by_script(documents: list[str]) -> Texts:
    scripts: Texts = {}
    for document in documents:
        for script, lines in lines_by_script(document).items():
            scripts.setdefault(script, []).append(lines)
    return _by_size(scripts)


def _by_size(texts: Texts) -> Texts:
    return dict(sorted(texts.items(), key=lambda item: -_size(item[1])))


def _print_tables(rows: dict[str, dict[str, Any]], groups: dict[str, Texts]) -> None:
    console = Console(file=sys.stdout)
    table = Table(box=None, pad_edge=False)
    table.add_column("tokenizer", no_wrap=True)
    for heading in ("ids", "tokens", "bytes per token"):
        table.add_column(heading, justify="right")
    for name, row in rows.items():
        table.add_row(name, f"{row['ids']:,}", f"{row['tokens']:,}", _shown(row["bytes_per_token"]))
    console.print(table)
    for kind, group in groups.items():
        table = Table(box=None, pad_edge=False)
        table.add_column(f"bytes per token by {kind}")
        for heading in ("bytes", *rows):
            table.add_column(heading, justify="right")
        for name, some in group.items():
            figures = [_shown(row[f"bytes_per_token_by_{kind}"][name]) for row in rows.values()]
            table.add_row(name, f"{_size(some):,}", *figures)
        console.print()
        console.print(table)


def _shown(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}"
