"""API keys: made once, shown once, kept as their hashes in a file or a database, and each good for some scopes.

A key is 256 random bits, so a plain SHA-256 hides it: there is no list of likely keys to try. Which requests need a
key is in `access.py`.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal, get_args

import orjson
from filelock import FileLock

from app.errors import FileError, InputError, NotFound
from app.papers.store.location import PostgresLocation, StoreLocation

if TYPE_CHECKING:
    from app.papers.store.key_table import KeyRow, KeyTable

Scope = Literal["tokenise", "read", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_PREFIX = "quire_"
"""Lets people and scanners of secrets see what a string is that lies where it should not."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FRESH_SECONDS = 1.0


@dataclass(frozen=True)
class Key:
    """A key as it is kept: `sha256` in hexadecimal of its text, `created` in ISO 8601."""

    name: str
    sha256: str
    scopes: tuple[Scope, ...]
    created: str


def read_keys(place: StoreLocation) -> list[Key]:
    """The keys in a file or a database; none where there is no file.

    Raises FileError for a file that can't be understood, StoreError where the database can't be asked.
    """
    if isinstance(place, Path):
        return _read_file(place)
    table = _table(place)
    try:
        return _of_rows(table.read())
    finally:
        table.close()


def new_key(place: StoreLocation, name: str, scopes: Sequence[Scope]) -> str:
    """Adds a key and returns its text, which is kept nowhere. Raises InputError for a name that is taken."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{name[:80]!r}: a name has up to 64 letters, digits, dots, dashes and underscores")
    text = _PREFIX + secrets.token_urlsafe(32)
    key = Key(
        name, _hash(text), tuple(dict.fromkeys(scopes)), datetime.now(UTC).isoformat(timespec="seconds")
    )
    if isinstance(place, Path):
        with _changing(place):
            keys = _read_file(place)
            added = all(other.name != name for other in keys)
            if added:
                _write(place, [*keys, key])
    else:
        from app.papers.store.key_table import KeyRow

        added = _table(place).add(KeyRow(key.name, key.sha256, " ".join(key.scopes), key.created))
    if not added:
        raise InputError(f"there is a key named {name} already; revoke it first, or choose another name")
    return text


def revoke_key(place: StoreLocation, name: str) -> None:
    """Takes a key away; servers that are running notice within a second. Raises NotFound for an unknown name."""
    if isinstance(place, Path):
        with _changing(place):
            keys = _read_file(place)
            left = [key for key in keys if key.name != name]
            removed = len(left) < len(keys)
            if removed:
                _write(place, left)
    else:
        removed = _table(place).remove(name)
    if not removed:
        raise NotFound(f"there is no key named {name[:80]!r}; `quire keys list` shows all")


class Keys:
    """The keys of a file or a database as a server asks for them; they are read again once a second."""

    def __init__(self, place: StoreLocation) -> None:
        self._file = place if isinstance(place, Path) else None
        self._table = None if isinstance(place, Path) else _table(place)
        self._keys: list[Key] = []
        self._until = 0.0
        self._renewing = Lock()

    @property
    def may_block(self) -> bool:
        """Whether `find` would wait for a database now, and is not to be called in an event loop."""
        return self._table is not None and time.monotonic() >= self._until

    def find(self, text: str) -> Key | None:
        """The key of this text. Takes as long for a wrong one as for a right one."""
        if time.monotonic() >= self._until:
            self._renew()
        hashed, found = _hash(text), None
        for key in self._keys:
            if hmac.compare_digest(hashed, key.sha256):
                found = key
        return found

    def _renew(self) -> None:
        with self._renewing:
            if time.monotonic() < self._until:
                return
            if self._file is not None:
                self._keys = _read_file(self._file)
            elif self._table is not None:
                self._keys = _of_rows(self._table.read())
            self._until = time.monotonic() + _FRESH_SECONDS


def _table(place: PostgresLocation) -> "KeyTable":
    # Imported where a database is named: no other command waits for SQLAlchemy.
    from app.papers.store.key_table import KeyTable

    return KeyTable(place)


def _of_rows(rows: "Sequence[KeyRow]") -> list[Key]:
    known: dict[str, Scope] = {scope: scope for scope in SCOPES}
    return [
        Key(
            row.name,
            row.sha256,
            tuple(known[name] for name in row.scopes.split() if name in known),
            row.created,
        )
        for row in rows
    ]


def _read_file(path: Path) -> list[Key]:
    try:
        records = orjson.loads(path.read_bytes())
        keys = [Key(**{**record, "scopes": tuple(record["scopes"])}) for record in records]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FileError(f"the keys in {path} can't be read: {error.strerror or error}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise FileError(f"{path} is not a file of keys as `quire keys new` writes it: {error}") from error
    for key in keys:
        if not set(key.scopes) <= set(SCOPES):
            raise FileError(f"{path}: a scope is one of {', '.join(SCOPES)}")
        facts: tuple[object, object] = (key.name, key.sha256)
        if not all(isinstance(fact, str) for fact in facts) or not _SHA256.fullmatch(key.sha256):
            raise FileError(f"{path}: a key has a name and a sha256 of 64 hexadecimal digits; one has not")
    return keys


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _changing(path: Path) -> FileLock:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(path.with_name(f"{path.name}.lock"))
    except OSError as error:
        raise FileError(f"can't write to {path.parent}: {error.strerror or error}") from error


def _write(path: Path, keys: Sequence[Key]) -> None:
    """Beside the path, readable by its owner only, then renamed: the file is whole at every moment."""
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.touch(0o600)
        beside.write_bytes(orjson.dumps([asdict(key) for key in keys], option=orjson.OPT_INDENT_2))
        beside.replace(path)
    except OSError as error:
        raise FileError(f"can't write {path}: {error.strerror or error}") from error
