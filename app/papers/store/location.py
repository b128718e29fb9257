"""Where a store is: a file of SQLite, or a database of PostgreSQL. Nothing is opened here."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import InputError

_SCHEMES = ("postgresql+psycopg", "postgresql", "postgres")


@dataclass(frozen=True, slots=True)
class PostgresLocation:
    """A database of PostgreSQL: its URL, the most connections of a process, and how long, in seconds, to wait for it.

    Shown without the URL's password.

    >>> str(PostgresLocation("postgresql://reader:secret@db/quire"))
    'postgresql://reader@db/quire'
    """

    url: str = field(repr=False)
    connections: int = 10
    seconds: float = 10.0

    def __str__(self) -> str:
        hidden = re.sub(r"//([^/@:]*):.*@", r"//\1@", self.url.replace("+psycopg", "", 1))
        return re.sub(r"([?&]password=)[^&]*", r"\1***", hidden)


StoreLocation = Path | PostgresLocation
"""A store's file, or the database that it is in."""


def postgres_location(url: str, connections: int = 10, seconds: float = 10.0) -> PostgresLocation:
    """The database of a URL; raises InputError, without repeating a password, for the URL of anything else."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SCHEMES or not rest:
        kind = f"begins with {scheme[:40]}://" if separator else "has no scheme"
        raise InputError(
            "QUIRE_STORE_URL names a database of PostgreSQL, such as postgresql+psycopg://user@host/name, and this "
            f"one {kind}; unset it to keep papers in SQLite in the data folder"
        )
    return PostgresLocation(f"postgresql+psycopg://{rest}", connections, seconds)
