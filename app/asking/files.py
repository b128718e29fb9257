"""Files that readers bring to be asked in the place of a paper's own text, under names that nobody can guess.

The file itself is not kept. Its text is read in the background and lies here for an hour after its last use, or, where
the reader asks for that, until it is taken away or the folder is full. Any process of the data folder can use it.
"""

import os
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import orjson
import structlog

from app.errors import (
    FileError,
    InputError,
    NotFound,
    Overloaded,
    QuireError,
    Sentence,
    dump_message,
    read_message,
)
from app.papers.fulltext.blocks import PaperText, Source
from app.papers.fulltext.cache import read_text, write_text

log = structlog.get_logger()

_UNUSED_SECONDS = 3600.0
_READ_SECONDS = 120.0
"""By then a file is read, or the process that read it was killed."""
_AT_ONCE = 2
_WAITING = 8
_LONGEST_NAME = 200
_TOKEN_LENGTH = 32


@dataclass(frozen=True, slots=True)
class DroppedFile:
    """A file as its reader sees it; `name` is what the reader calls it, `blocks` how many its text has.

    `size` is in bytes, `begun` in seconds since 1970; `reason` says why it failed.
    """

    file: str
    name: str
    size: int
    keep: bool
    begun: float
    state: Literal["reading", "ready", "failed"] = "reading"
    source: Source | None = None
    title: str | None = None
    blocks: int = 0
    reason: str | None = None


class DroppedFiles:
    """Reads and keeps texts in `folder`, of at most `most_bytes` together; `read` makes a text of a file's bytes."""

    def __init__(self, folder: Path, most_bytes: int, read: Callable[[bytes], PaperText]) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._read = read
        self._threads = ThreadPoolExecutor(_AT_ONCE, "dropped-file")
        self._waiting = threading.BoundedSemaphore(_AT_ONCE + _WAITING)

    def begin(self, name: str, content: bytes, keep: bool) -> DroppedFile:
        """Begins to read a file. Raises Overloaded where too many wait, FileError where none can be taken."""
        if not self._waiting.acquire(blocking=False):
            raise Overloaded(Sentence("too many files are being read already; try again in a moment"), 5)
        shown = "".join(sign for sign in name if sign.isprintable())[:_LONGEST_NAME]
        file = DroppedFile(secrets.token_hex(_TOKEN_LENGTH // 2), shown, len(content), keep, time.time())
        try:
            self._make_room()
            self._write(file)
            self._threads.submit(self._finish, file, content)
        except BaseException:
            self._waiting.release()
            raise
        return file

    def get(self, token: str) -> DroppedFile:
        """What became of a file. Raises NotFound where there is none of this name, or none any more."""
        path = self._facts_path(token)
        try:
            kept = orjson.loads(path.read_bytes())
            file = DroppedFile(**kept | {"reason": kept["reason"] and read_message(kept["reason"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise NotFound(
                Sentence("there is no such file here, or it has expired; send it again"), "/file"
            ) from error
        if file.state == "reading" and time.time() - file.begun > _READ_SECONDS:
            return replace(
                file,
                state="failed",
                reason=Sentence("reading the file was interrupted; send it again"),
            )
        return file

    def text(self, token: str) -> PaperText:
        """The text of a file, waited for where it is being read. Raises NotFound, or InputError where it has none."""
        while (file := self.get(token)).state == "reading":
            time.sleep(0.05)
        text = None if file.state == "failed" else read_text(self._text_path(token))
        if text is None:
            raise InputError(file.reason or Sentence("the text of the file is gone; send it again"), "/file")
        for path in (self._text_path(token), self._facts_path(token)):
            with suppress(OSError):
                os.utime(path)
        return text

    def remove(self, token: str) -> None:
        """Takes a file away, kept or not."""
        for path in (self._facts_path(token), self._text_path(token)):
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Begins no more files; those that are being read are finished."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _finish(self, file: DroppedFile, content: bytes) -> None:
        try:
            text = self._read(content)
            write_text(self._text_path(file.file), text)
            title = next((block.text for block in text.blocks if block.anchor == "title"), None)
            done = replace(
                file, state="ready", source=text.source, title=title and title[:500], blocks=len(text.blocks)
            )
        except QuireError as error:
            done = replace(file, state="failed", reason=error.message)
        except OSError as error:
            done = replace(
                file,
                state="failed",
                reason=Sentence("its text can't be kept: {error}", error=error.strerror or error),
            )
        except Exception:
            log.exception("defect")
            done = replace(
                file, state="failed", reason=Sentence("something unforeseen broke while the file was read")
            )
        finally:
            self._waiting.release()
        with suppress(FileError):
            if self._facts_path(file.file).exists():  # it may have been taken away meanwhile
                self._write(done)

    def _write(self, file: DroppedFile) -> None:
        path = self._facts_path(file.file)
        beside = path.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside.write_bytes(
                orjson.dumps(asdict(file) | {"reason": file.reason and dump_message(file.reason)})
            )
            beside.replace(path)
        except OSError as error:
            raise FileError(f"the file can't be taken: {error.strerror or error}") from error

    def _make_room(self) -> None:
        """Takes away what was unused for an hour and is not to be kept, then the oldest, the kept ones last."""
        found = []
        for path in self._folder.glob("*.json"):
            with suppress(OSError, NotFound):
                file, text = self.get(path.stem), self._text_path(path.stem)
                used = path.stat().st_mtime
                size = text.stat().st_size if text.exists() else 0
                found.append((file.keep, used, size, path.stem))
        total = sum(size for _, _, size, _ in found)
        for keep, used, size, token in sorted(found):
            if total > self._most_bytes or (not keep and time.time() - used > _UNUSED_SECONDS):
                self.remove(token)
                total -= size
        for beside in self._folder.glob("*.part"):
            with suppress(OSError):
                if time.time() - beside.stat().st_mtime > _READ_SECONDS:
                    beside.unlink()

    def _facts_path(self, token: str) -> Path:
        return self._folder / f"{self._checked(token)}.json"

    def _text_path(self, token: str) -> Path:
        return self._folder / f"{self._checked(token)}.text.gz"

    @staticmethod
    def _checked(token: str) -> str:
        if len(token) != _TOKEN_LENGTH or not set(token) <= set("0123456789abcdef"):
            raise NotFound(Sentence("there is no such file here"), "/file")
        return token
