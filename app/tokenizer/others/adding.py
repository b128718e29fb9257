"""Puts a tokenizer's files into a models folder: checked first, then each whole or not at all.

What is copied of a folder is what a tokenizer needs, never a model's weights.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from app.errors import FileError, InputError, ModelError
from app.tokenizer.others.loading import VOCABULARIES, load, vocabulary_of

FILES = (
    *VOCABULARIES,
    "tokenizer_config.json",
    "special_tokens_map.json",
    "config.json",
    "chat_template.jinja",
    "chat_template.json",
    "card.json",
)
"""The files of a folder that a tokenizer is made of; its model's config.json says how many tokens that takes."""

_ENDINGS = {"bytepiece": ".model", "sentencepiece": ".model", "huggingface": ".json", "tiktoken": ".tiktoken"}
_SERVED = (".model", ".zip", ".json", ".tiktoken")
_BESIDE = (".card.json", ".jinja")
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_NAME = re.compile(rf"{_PART}(/{_PART})?")


@dataclass(frozen=True)
class AddedTokenizer:
    """A tokenizer that was put into a models folder, and where."""

    name: str
    tokenizer: Any
    path: Path


def add(
    source: Path, folder: Path, max_bytes: int, name: str | None = None, replace: bool = False
) -> AddedTokenizer:
    """Check a file or a folder, and put it into a models folder as `name`.

    ModelError says what it is where it isn't a tokenizer, InputError that the name can't be, or is taken.
    """
    tokenizer = load(source, max_bytes)
    name = name or _name_of(source)
    check_name(name)
    taken = _taken(folder, name)
    if taken and not replace:
        raise InputError(
            f"{name} is there already: {taken[0]}; give another --name, or replace it with --force"
        )
    if source.is_dir():
        target = folder / name
        with beside(target) as made:
            for file in files_of_tokenizer(source):
                _copy(file, made / file.name)
            put(made, target)
    else:
        ending = ".zip" if source.suffix == ".zip" else _ENDINGS[tokenizer.kind]
        target = folder / f"{name}{ending}"
        with beside(target) as made:
            files = [(source, target)]
            for suffix in _BESIDE:
                with_it = source.with_name(f"{source.stem}{suffix}")
                if with_it.is_file():
                    files.insert(0, (with_it, folder / f"{name}{suffix}"))
            for file, goal in files:
                _copy(file, made / goal.name)
            for _, goal in files:  # the vocabulary last: what is beside it is there when it is
                (made / goal.name).replace(goal)
    for old in taken:
        if old != target:
            shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
    return AddedTokenizer(name, tokenizer, target)


def check_name(name: str) -> None:
    """InputError where a model can't be served under a name."""
    if not _NAME.fullmatch(name) or ".." in name:
        raise InputError(
            f"{name[:100]!r} can't be a model's name: letters, digits, '.', '_' and '-', and one '/' as in ORG/NAME"
        )


def files_of_tokenizer(folder: Path) -> list[Path]:
    """The files of a tokenizer in a folder."""
    return [folder / name for name in FILES if (folder / name).is_file()]


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A hidden folder in which files are made; what is left in it afterwards is removed."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
        made.chmod(0o777 & ~_umask())
    except OSError as error:
        raise FileError(f"{target.parent}: can't be written to: {error.strerror or error}") from error
    try:
        yield made
    except OSError as error:
        raise FileError(f"{target}: can't be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def put(made: Path, target: Path) -> None:
    """Move the files of a folder to `target`: at once where it is new, else each whole, the vocabulary last."""
    if not target.exists():
        made.replace(target)
        return
    vocabulary = vocabulary_of(made).name
    kept = {file.name for file in files_of_tokenizer(made)}
    for name in sorted(kept, key=lambda name: name == vocabulary):
        (made / name).replace(target / name)
    for file in files_of_tokenizer(target):
        if file.name not in kept:
            file.unlink()


def _name_of(source: Path) -> str:
    """A file's name without its ending; a Hub folder's, with that above it where it is in a cache of the Hub."""
    source = source.resolve() if source.is_dir() else source
    if (
        source.is_dir()
        and source.parent.name == "snapshots"
        and source.parent.parent.name.startswith("models--")
    ):
        return source.parent.parent.name.removeprefix("models--").replace("--", "/", 1)
    if source.stem == "tokenizer" and not source.is_dir():
        return source.resolve().parent.name
    return source.name if source.is_dir() else source.stem


def _taken(folder: Path, name: str) -> list[Path]:
    """What is served under a name in a folder already."""
    files = [folder / f"{name}{ending}" for ending in _SERVED]
    return [path for path in (*files, folder / name) if path.is_file() or _is_tokenizer(path)]


def _is_tokenizer(path: Path) -> bool:
    try:
        return path.is_dir() and vocabulary_of(path) is not None
    except ModelError:
        return False


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise FileError(f"{source}: can't be copied: {error.strerror or error}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
