"""How often each reader asked today, in UTC, in a file that the next process goes on with.

Readers stand in it as hashes that are of no use without the file's own salt, and the file of a day goes with the day.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from app.errors import FileError

_NAME = "asked-{day}.log"


class DayCounts:
    """Counts in the folder `folder`, which one process writes to at a time; `now` is an argument for tests."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._folder = folder
        self._now = now
        self._path: Path | None = None
        self._salt = b""
        self._counts: Counter[str] = Counter()

    def of(self, reader: str) -> int:
        """How often a reader asked today. Raises FileError where the folder can't be used."""
        self._open_today()
        return self._counts[self._name(reader)]

    def add(self, reader: str) -> None:
        """Counts one more, so that it is counted also where this process is killed next."""
        self._open_today()
        name = self._name(reader)
        self._counts[name] += 1
        self._append(f"{name}\n")

    def _name(self, reader: str) -> str:
        return hashlib.blake2b(
            reader.encode("utf-8", "surrogatepass"), key=self._salt, digest_size=8
        ).hexdigest()

    def _open_today(self) -> None:
        path = self._folder / _NAME.format(day=self._now().date().isoformat())
        if path == self._path:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for old in self._folder.glob(_NAME.format(day="*")):
                if old != path:
                    old.unlink(missing_ok=True)
            lines = path.read_text("ascii").splitlines() if path.exists() else []
        except (OSError, UnicodeDecodeError) as error:
            raise FileError(f"the day's questions can't be counted: {error}") from error
        self._path = path
        if not lines:
            lines = [secrets.token_hex(16)]
            self._append(f"{lines[0]}\n")
        self._salt = lines[0].encode()
        self._counts = Counter(lines[1:])

    def _append(self, line: str) -> None:
        try:
            with (self._path or self._folder).open("a", encoding="ascii") as stream:
                stream.write(line)
        except OSError as error:
            raise FileError(f"the day's questions can't be counted: {error.strerror or error}") from error
