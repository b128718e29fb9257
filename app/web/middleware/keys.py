"""API keys: made once, shown once, kept as their hashes, and each good for some scopes.

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
from typing import Literal, get_args

import orjson
from filelock import FileLock

from app.errors import FileError, InputError, NotFound

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


def read_keys(path: Path) -> list[Key]:
    """The keys in a file; none where there is no file. Raises FileError for one that can't be understood."""
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


def new_key(path: Path, name: str, scopes: Sequence[Scope]) -> str:
    """Adds a key and returns its text, which is kept nowhere. Raises InputError for a name that is taken."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{name[:80]!r}: a name has up to 64 letters, digits, dots, dashes and underscores")
    text = _PREFIX + secrets.token_urlsafe(32)
    key = Key(
        name, _hash(text), tuple(dict.fromkeys(scopes)), datetime.now(UTC).isoformat(timespec="seconds")
    )
    with _changing(path):
        keys = read_keys(path)
        if any(other.name == name for other in keys):
            raise InputError(f"there is a key named {name} already; revoke it first, or choose another name")
        _write(path, [*keys, key])
    return text


def revoke_key(path: Path, name: str) -> None:
    """Takes a key away; servers that are running notice within a second. Raises NotFound for an unknown name."""
    with _changing(path):
        keys = read_keys(path)
        left = [key for key in keys if key.name != name]
        if len(left) == len(keys):
            raise NotFound(f"there is no key named {name[:80]!r}; `quire keys list` shows all")
        _write(path, left)


class Keys:
    """The keys of a file as a server asks for them; the file is looked at once a second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: list[Key] = []
        self._until = 0.0

    def find(self, text: str) -> Key | None:
        """The key of this text. Takes as long for a wrong one as for a right one."""
        if time.monotonic() >= self._until:
            self._keys = read_keys(self._path)
            self._until = time.monotonic() + _FRESH_SECONDS
        hashed, found = _hash(text), None
        for key in self._keys:
            if hmac.compare_digest(hashed, key.sha256):
                found = key
        return found


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
