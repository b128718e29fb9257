"""Which files the paths of a command mean: files, patterns that a shell left alone, and what folders hold.

A folder gives its texts as git sees them: what `.gitignore` leaves out is left out, and so are hidden files and those
that hold a NUL, which aren't text. Files that are named themselves are never left out.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec

from app.commands.texts import matching
from app.errors import FileError, InputError
from app.tokenizer.training.corpus import STANDARD_INPUT

_LOOKED_AT = 8192


@dataclass(frozen=True)
class Rules:
    """What of a folder is wanted: patterns as in a .gitignore; with `everything` the folder's own rules don't count."""

    globs: Sequence[str] = ()
    ignored: Sequence[str] = ()
    everything: bool = False


@dataclass
class NamedFiles:
    """Files in order; `inside` holds those that a folder gave, `no_texts` those that it holds beside its texts.

    `empty` are the folders that gave no file.
    """

    files: list[str] = field(default_factory=list)
    inside: set[str] = field(default_factory=set)
    no_texts: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)


def files_of(names: Sequence[str], rules: Rules = Rules()) -> NamedFiles:
    """The files that names mean, each once; folders are walked in the order of their names."""
    found = NamedFiles()
    known: set[str] = set()
    for name in matching(names):
        folder = name != STANDARD_INPUT and Path(name).is_dir()
        paths = list(_walked(name, rules)) if folder else [name]
        if not paths:
            found.empty.append(name)
        for path in paths:
            if path in known:
                continue
            known.add(path)
            if folder and not _is_text(path):
                found.no_texts.append(path)
                continue
            found.files.append(path)
            if folder:
                found.inside.add(path)
    return found


def _walked(top: str, rules: Rules) -> Iterator[str]:
    wanted = _patterns(rules.globs, "--glob") if rules.globs else None
    ignored = _patterns(rules.ignored, "--ignore")
    specs = [] if rules.everything else _above(Path(top).absolute())
    yield from _inside(top, "", wanted, ignored, specs, rules.everything)


def _inside(
    top: str,
    below: str,
    wanted: GitIgnoreSpec | None,
    ignored: GitIgnoreSpec,
    specs: list[tuple[str, GitIgnoreSpec]],
    everything: bool,
) -> Iterator[str]:
    """The files of a folder and, after them, of the folders in it; links to folders are not followed."""
    folder = os.path.join(top, below) if below else top  # noqa: PTH118
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise FileError(f"{folder}: can't be read: {error.strerror}") from error
    if not everything:
        specs = [*specs, *_own(folder)]
    folders = []
    for entry in entries:
        path = f"{below}/{entry.name}" if below else entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if not everything and (
            entry.name.startswith(".") or _left_out(os.path.abspath(entry.path), is_folder, specs)  # noqa: PTH100
        ):
            continue
        if ignored.match_file(f"{path}/" if is_folder else path):
            continue
        if is_folder:
            folders.append(path)
        elif entry.is_file() and (wanted is None or wanted.match_file(path)):
            yield entry.path
    for path in folders:
        yield from _inside(top, path, wanted, ignored, specs, everything)


def _left_out(path: str, is_folder: bool, specs: list[tuple[str, GitIgnoreSpec]]) -> bool:
    """Whether the nearest rules that match the path leave it out."""
    for base, spec in reversed(specs):
        relative = os.path.relpath(path, base) + ("/" if is_folder else "")
        said = spec.check_file(relative).include
        if said is not None:
            return said
    return False


def _above(folder: Path) -> list[tuple[str, GitIgnoreSpec]]:
    """The rules of the folders above, up to the one that holds .git; none outside of a repository."""
    found: list[tuple[str, GitIgnoreSpec]] = []
    if (folder / ".git").exists():
        return found
    for parent in folder.parents:
        found = [*_own(str(parent)), *found]
        if (parent / ".git").exists():
            return found
    return []


def _own(folder: str) -> list[tuple[str, GitIgnoreSpec]]:
    try:
        lines = Path(folder, ".gitignore").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [(os.path.abspath(folder), _patterns(lines, f"{folder}/.gitignore"))]  # noqa: PTH100


def _patterns(lines: Sequence[str], where: str) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError as error:
        raise InputError(f"{where}: not a valid .gitignore pattern: {error}") from error


def _is_text(path: str) -> bool:
    """Whether a file may be a text; one that can't be opened is reported where it is read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return b"\0" not in file.read(_LOOKED_AT)
    except OSError:
        return True
