"""Models by name from a few folders: loaded when first asked for, kept while they are used, read anew when replaced.

Knows no settings: folders and bounds are arguments. What every request asks is asked by text: a `Path` made anew for it
takes longer than the question, and leaves its name's place in Python's table of names, which then grows.
"""

import os
import re
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from app.errors import ModelError, NotFound
from app.tokenizer.tokenizer import Tokenizer

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ENDINGS = (".model", ".zip")  # where a folder holds both of one name, the first one is served

_Stamp = tuple[int, int, int]


class ModelRegistry:
    """Serves `NAME.model` and `NAME.zip` of the given folders; where two hold the same name, the first folder wins.

    `most_loaded` models stay in memory; the one unused the longest makes room. Thread-safe.
    """

    def __init__(self, folders: tuple[Path, ...], default: str, most_bytes: int, most_loaded: int) -> None:
        self.folders = folders
        self.default = default
        self._most_bytes = most_bytes
        self._most_loaded = most_loaded
        self._loaded: OrderedDict[str, tuple[_Stamp, Tokenizer]] = OrderedDict()
        self._lock = Lock()

    def names(self) -> list[str]:
        """All names, sorted, the default first."""
        found = {
            name
            for folder in self.folders
            for name, ending in map(os.path.splitext, _listed(folder))
            if ending in _ENDINGS and _NAME.fullmatch(name)
            # Neither a folder, a pipe nor a link that leads nowhere is a model, whatever it is called.
            if os.path.isfile(f"{folder}{os.sep}{name}{ending}")  # noqa: PTH113
        }
        return sorted(found, key=lambda name: (name != self.default, name))

    @property
    def loaded(self) -> list[str]:
        """The names of the models in memory."""
        with self._lock:
            return sorted(self._loaded)

    def get(self, name: str | None) -> Tokenizer:
        """The tokenizer called `name`, or the default for None; raises NotFound or ModelError."""
        name = self.default if name is None else name
        path, stamp = self._found(name)
        if kept := self._kept(name, stamp):
            return kept
        # Loaded outside the lock, so that nobody waits who asks for another model.
        try:
            tokenizer = Tokenizer.load(path, max_bytes=self._most_bytes)
        except ModelError as error:
            # Whoever asks may know which file is wrong, not where on the machine it lies.
            raise ModelError(str(error).replace(path.removesuffix(os.path.basename(path)), "")) from error  # noqa: PTH119
        with self._lock:
            self._loaded[name] = (stamp, tokenizer)
            self._loaded.move_to_end(name)
            while len(self._loaded) > self._most_loaded:
                self._loaded.popitem(last=False)
        return tokenizer

    def in_memory(self, name: str | None) -> Tokenizer | None:
        """The tokenizer if it is loaded and its file still the same, which costs a look at the file; else None."""
        name = self.default if name is None else name
        if name not in self._loaded:
            return None
        try:
            return self._kept(name, self._found(name)[1])
        except NotFound:
            return None

    def _found(self, name: str) -> tuple[str, _Stamp]:
        """The file of a model, and what changes with it; raises NotFound."""
        path = self._path(name)
        try:
            status = os.stat(path)  # noqa: PTH116
        except FileNotFoundError as error:
            raise NotFound(f"The model {name!r} was taken away just now", "/model") from error
        return path, (status.st_mtime_ns, status.st_size, status.st_ino)

    def _kept(self, name: str, stamp: _Stamp) -> Tokenizer | None:
        with self._lock:
            kept = self._loaded.get(name)
            if kept and kept[0] == stamp:
                self._loaded.move_to_end(name)
                return kept[1]
        return None

    def _path(self, name: str) -> str:
        if _NAME.fullmatch(name):
            for folder in self.folders:
                for ending in _ENDINGS:
                    path = f"{folder}{os.sep}{name}{ending}"
                    if os.path.isfile(path):  # noqa: PTH113
                        return path
        shown = name if len(name) <= 100 else name[:100] + "…"
        raise NotFound(f"There is no model {shown!r} here; there are: {', '.join(self.names())}", "/model")


def _listed(folder: Path) -> list[str]:
    """The names of the files in a folder; one that is not there, or can't be read, has no models."""
    try:
        return os.listdir(folder)  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
