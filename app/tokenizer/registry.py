"""Models by name from a few folders: loaded when first asked for, kept while they are used, read again when replaced.

Knows no settings: folders and bounds are arguments. What every request asks is asked by text: a new `Path` for each
request takes longer than the question, and leaves its name's place in Python's table of names, which then grows.
"""

import os
import re
import tomllib
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic
from weakref import ReferenceType, ref

from app.errors import ModelError, NotFound, Sentence
from app.tokenizer.others.base import OtherTokenizer
from app.tokenizer.others.isolated import PROCESS_BYTES, IsolatedTokenizer
from app.tokenizer.others.loading import VOCABULARIES, load_isolated
from app.tokenizer.tokenizer import Tokenizer

AnyTokenizer = Tokenizer | OtherTokenizer

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_NAME = re.compile(rf"{_PART}(/{_PART})?")
_ENDINGS = (
    ".model",
    ".zip",
    ".json",
    ".tiktoken",
)  # where a folder holds several of one name, the first one is served

MEMORY_PER_BYTE = {"bytepiece": 12, "huggingface": 24, "sentencepiece": 12, "tiktoken": 32}
"""Bytes of memory that a byte of the vocabulary file is taken to cost before it is loaded: estimates.

What is loaded in a process of its own is measured, as that process stands, whenever another model needs room.
"""

_BROKEN_SECONDS = 60.0
"""For so long a file that can't be used is not tried again, unless it changes: trying one takes a process."""

FRESH_SECONDS = 1.0
"""For so long a model is used again before its file is looked at: that costs as much as a short text's tokens."""

Stamp = tuple[tuple[int, int, int], ...]


@dataclass
class _Loaded:
    stamp: Stamp
    tokenizer: AnyTokenizer
    estimate: int

    @property
    def memory(self) -> int:
        if isinstance(self.tokenizer, IsolatedTokenizer):
            return self.tokenizer.resident_bytes
        return self.estimate


class ModelRegistry:
    """Serves `NAME.model`, `.zip`, `.json`, `.tiktoken`, and Hub folders `NAME/`, `ORG/NAME/`; the first folder wins.

    `most_loaded` models that take `most_memory` bytes together stay loaded, the processes of other kinds than BytePiece
    included; the one unused the longest makes room.
    `aliases.toml` in the first folder maps further names. Thread-safe: a request for a model that is being loaded waits
    for it, and no other request does.
    """

    def __init__(
        self,
        folders: tuple[Path, ...],
        default: str,
        most_bytes: int,
        most_loaded: int,
        most_memory: int = 2 << 30,
    ) -> None:
        self.folders = folders
        self.default = default
        self._most_bytes = most_bytes
        self._most_loaded = most_loaded
        self._most_memory = most_memory
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()
        self._lock = Lock()
        self._loading: dict[str, Lock] = {}
        self._broken: dict[str, tuple[Stamp, float, str]] = {}
        self._used: dict[str | None, tuple[float, ReferenceType[AnyTokenizer]]] = {}
        self._aliases: tuple[tuple[int, int, int] | None, dict[str, str]] = (None, {})

    def names(self) -> list[str]:
        """All names without the aliases, sorted, the default first."""
        found = {name for folder in self.folders for name in _names_in(str(folder))}
        return sorted(found, key=lambda name: (name != self.default, name))

    def aliases(self) -> dict[str, str]:
        """Further names, each with the model's own. ModelError where aliases.toml is wrong."""
        path = f"{self.folders[0]}{os.sep}aliases.toml" if self.folders else ""
        stamp = _stamp_of(path)
        if stamp is None:
            return {}
        known, aliases = self._aliases
        if known != stamp:
            try:
                with open(path, "rb") as file:  # noqa: PTH123
                    content = tomllib.load(file)
            except (OSError, ValueError) as error:
                raise ModelError(f"aliases.toml: can't be read: {error}") from error
            if wrong := [name for name, model in content.items() if not isinstance(model, str)]:
                raise ModelError(
                    f'aliases.toml: {wrong[0]!r} should be the name of a model: "gpt" = "o200k_base"'
                )
            aliases = content
            self._aliases = (stamp, aliases)
        return aliases

    @property
    def loaded(self) -> list[str]:
        """The names of the models in memory."""
        with self._lock:
            return sorted(self._loaded)

    def own_name(self, name: str) -> str:
        """The name of the model that a name or an alias means. NotFound where there is none."""
        return self._path(name)[1]

    def get(self, name: str | None) -> AnyTokenizer:
        """The tokenizer called `name`, or the default for None; raises NotFound or ModelError."""
        tokenizer = self._get(self.default if name is None else name)
        self._used[name] = (monotonic() + FRESH_SECONDS, ref(tokenizer))
        return tokenizer

    def _get(self, name: str) -> AnyTokenizer:
        path, name = self._path(name)
        stamp = _stamp(path)
        if not stamp:
            raise NotFound(Sentence("The model {name!r} has just been removed", name=name), "/model")
        if kept := self._kept(name, stamp):
            return kept
        # Loaded outside the lock, so that requests for other models don't wait.
        with self._lock:
            loading = self._loading.setdefault(name, Lock())
        with loading:
            if kept := self._kept(name, stamp):
                return kept
            tokenizer = self._load(path, name, stamp)
        with self._lock:
            self._loading.pop(name, None)
        return tokenizer

    def _kept(self, name: str, stamp: Stamp) -> AnyTokenizer | None:
        with self._lock:
            kept = self._loaded.get(name)
            if kept is None or kept.stamp != stamp:
                return None
            self._loaded.move_to_end(name)
            return kept.tokenizer

    def _load(self, path: str, name: str, stamp: Stamp) -> AnyTokenizer:
        known, until, reason = self._broken.get(name, (None, 0.0, ""))
        if known == stamp and monotonic() < until:
            raise ModelError(reason)
        memory = 0

        def admit(kind: str, size: int) -> None:
            nonlocal memory
            memory = size * MEMORY_PER_BYTE[kind] + (0 if kind == "bytepiece" else PROCESS_BYTES)
            self._check_size(name, memory, "would take about")
            with self._lock:
                self._make_room(memory)

        try:
            tokenizer: AnyTokenizer = load_isolated(path, self._most_bytes, name, admit)
            loaded = _Loaded(stamp, tokenizer, memory)
            self._check_size(name, loaded.memory, "takes")
        except ModelError as error:
            # A client may know which file is wrong, not where on the machine it lies.
            reason = str(error).replace(path.removesuffix(os.path.basename(path)), "")  # noqa: PTH119
            self._broken[name] = (stamp, monotonic() + _BROKEN_SECONDS, reason)
            raise ModelError(reason) from error
        with self._lock:
            self._loaded.pop(name, None)
            self._make_room(loaded.memory)
            self._loaded[name] = loaded
        self._broken.pop(name, None)
        return tokenizer

    def _check_size(self, name: str, memory: int, takes: str) -> None:
        if memory > self._most_memory:
            raise ModelError(
                f"{name}: it {takes} {memory:,} bytes of memory; models take up to {self._most_memory:,} together "
                "(QUIRE_MAX_MODELS_BYTES)"
            )

    def _make_room(self, memory: int) -> None:
        """Let go of models, the one unused the longest first, until one more of so many bytes keeps the bounds."""
        while self._loaded and (
            len(self._loaded) >= self._most_loaded
            or sum(one.memory for one in self._loaded.values()) + memory > self._most_memory
        ):
            self._loaded.popitem(last=False)

    def at_hand(self, name: object) -> AnyTokenizer | None:
        """The tokenizer if it is loaded, and its file was the same a second ago; else None: `get` it, in a thread.

        A short text needs no thread then, and so does not wait behind heavy requests. Names that `get` never gave are
        not looked up.
        """
        if name is not None and not isinstance(name, str):
            return None
        until, kept = self._used.get(name, (0.0, None))
        if kept is None:
            return None
        if monotonic() < until:
            return kept()
        try:
            path, own = self._path(self.default if name is None else name)
        except NotFound:
            return None
        tokenizer = self._kept(own, _stamp(path)) if own in self._loaded else None
        if tokenizer is not None:
            self._used[name] = (monotonic() + FRESH_SECONDS, ref(tokenizer))
        return tokenizer

    def _path(self, name: str) -> tuple[str, str]:
        """Where a model lies, and its own name where an alias was given."""
        for own in (name, self.aliases().get(name)):
            if own is not None and _NAME.fullmatch(own):
                for folder in self.folders:
                    if path := _path_in(str(folder), own):
                        return path, own
        shown = name if len(name) <= 100 else name[:100] + "…"
        raise NotFound(
            Sentence(
                "There is no model {shown!r} here; there are: {names}",
                shown=shown,
                names=tuple(self.names()),
            ),
            "/model",
        )


def _path_in(folder: str, name: str) -> str | None:
    base = f"{folder}{os.sep}{name}"
    for ending in _ENDINGS:
        path = base + ending
        if os.path.isfile(path) and not path.endswith(".card.json"):  # noqa: PTH113
            return path
    return base if _is_hub_folder(base) else None


def _is_hub_folder(path: str) -> bool:
    return any(os.path.isfile(f"{path}{os.sep}{name}") for name in VOCABULARIES)  # noqa: PTH113


def _names_in(folder: str, prefix: str = "") -> list[str]:
    """The names that a folder serves; one that is not there, or can't be read, has none."""
    found = []
    for entry in _listed(folder):
        path = f"{folder}{os.sep}{entry}"
        name, ending = os.path.splitext(entry)  # noqa: PTH122
        if ending in _ENDINGS and not entry.endswith(".card.json") and os.path.isfile(path):  # noqa: PTH113
            found.append(prefix + name)
        elif _is_hub_folder(path):
            found.append(prefix + entry)
        elif not prefix and os.path.isdir(path):  # noqa: PTH112
            found += _names_in(path, f"{entry}/")
    return [name for name in found if _NAME.fullmatch(name)]


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []


def _stamp(path: str) -> Stamp:
    """What changes when a file, or a file that counts in a folder, is replaced; empty where there is nothing."""
    if not os.path.isdir(path):  # noqa: PTH112
        beside = (f"{path.rpartition('.')[0]}.card.json", f"{path.rpartition('.')[0]}.jinja")
        own = _stamp_of(path)
        return (own, *filter(None, map(_stamp_of, beside))) if own else ()
    paths = sorted(
        f"{path}{os.sep}{name}"
        for name in _listed(path)
        if name in VOCABULARIES or name.endswith((".json", ".jinja"))
    )
    return tuple(filter(None, map(_stamp_of, paths)))


def _stamp_of(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
