"""Where training keeps what it has finished, so that a run that was killed goes on, and what memory has no room for.

A workspace is a folder: `identity.json` says of what training it is, `scratch` holds what is not needed after a stop,
and each finished stage has a folder of its own, which appears whole. Knows nothing of what the stages are.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from app.errors import FileError, InputError

IDENTITY = "identity.json"


class Workspace:
    """A folder for one training, to be used in a `with` block; only one process has it at a time.

    identity: what the training's result depends on, as JSON has it. resume: whether a folder that a stopped training
    left may be used. InputError where there is one and `resume` is false, where it is of another training, or where
    another process uses it; FileError where it can't be written.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any], resume: bool = False) -> None:
        self._folder = folder
        self._identity = json.dumps(identity, indent=2, sort_keys=True)
        self._resume = resume
        self._lock = FileLock(folder.with_name(f"{folder.name}.lock"))
        self.scratch = folder / "scratch"

    @classmethod
    @contextmanager
    def temporary(cls) -> Iterator[Self]:
        """A workspace that is gone afterwards."""
        with (
            tempfile.TemporaryDirectory(prefix="quire-") as folder,
            cls(Path(folder, "training"), {}) as made,
        ):
            yield made

    def __enter__(self) -> Self:
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise InputError(f"{self._folder} is in use: another training writes there now") from None
        except OSError as error:
            raise FileError(f"{self._folder}: can't be written: {error.strerror}") from error
        try:
            self._open()
        except OSError as error:
            self._close()
            raise FileError(f"{self._folder}: can't be written: {error.strerror}") from error
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def finished(self, stage: str) -> Path | None:
        """The folder of a stage that was finished, by this process or one before it."""
        folder = self._folder / stage
        return folder if folder.is_dir() else None

    @contextmanager
    def finishing(self, stage: str) -> Iterator[Path]:
        """A folder to write a stage's results to; it counts as finished when the block ends without error."""
        partial = self.scratch / stage
        partial.mkdir()
        yield partial
        partial.rename(self._folder / stage)

    def remove(self) -> None:
        """Forgets all; what is left after a stop amidst this is not a workspace any more."""
        (self._folder / IDENTITY).unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _open(self) -> None:
        about = self._folder / IDENTITY
        if about.exists() and self._stages():
            self._check(about.read_text(encoding="utf-8"))
        else:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir()
            partial = self._folder / f".{IDENTITY}"
            partial.write_text(self._identity, encoding="utf-8")
            partial.rename(about)
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()

    def _stages(self) -> list[Path]:
        """What is finished."""
        folders = self._folder.iterdir() if self._folder.is_dir() else ()
        return [folder for folder in folders if folder.is_dir() and folder != self.scratch]

    def _check(self, found: str) -> None:
        if not self._resume:
            raise InputError(
                f"{self._folder} holds the finished part of a training that was stopped: continue it with --resume, or "
                "start over with --force"
            )
        if found != self._identity:
            raise InputError(
                f"{self._folder} comes from other texts or options: give the same ones again (its "
                f"{IDENTITY} says which), or start over with --force"
            )

    def _close(self) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)
        if not self._stages():
            self.remove()
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)
