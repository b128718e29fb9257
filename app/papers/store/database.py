"""The engine that keeps a store, SQLite or PostgreSQL, as reading.py and writing.py use either of them.

The tables are those of schema.py.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine

from app.papers.store.location import StoreLocation
from app.papers.store.postgresql import PostgreSQL
from app.papers.store.sqlite import SQLite


class Database(Protocol):
    """One engine, at one place."""

    shared: bool
    """Whether other machines may write to it, so that an index has to follow."""
    merges_unions: bool
    """Whether it reads the arms of an ordered union only as far as its limit asks for."""
    list_changed: str
    """Lists the papers of the change `:changed` under each of their categories, in the database itself: there are
    twice as many listings as papers, and to make and bind them one by one costs an import as much as to parse its
    file."""

    def require(self) -> None:
        """Raises StoreError where there can't be a store."""

    def reading(self) -> Engine:
        """An engine whose connections, one for each thread that asks, can only read."""

    def writing(self, command: str) -> AbstractContextManager[Engine]:
        """The engine of the one writer, while the block runs. Raises StoreLocked that says who writes already."""

    def errors(self) -> AbstractContextManager[None]:
        """Turns the engine's failures in the block into StoreErrors that say what to do."""

    def check(self, connection: Connection) -> None:
        """Raises StoreError where the place can't hold or serve a store, saying in a line why."""

    def check_connections(self, needed: int) -> None:
        """Raises StoreError unless as many connections can be open at once."""

    def faults(self, connection: Connection) -> Iterator[str]:
        """What the engine itself finds to be damaged."""

    def written(self, connection: Connection) -> float:
        """When the store was last written to, in seconds since 1970."""


def database(place: StoreLocation) -> Database:
    """The engine of a place."""
    return SQLite(place) if isinstance(place, Path) else PostgreSQL(place)


def store_errors(place: StoreLocation) -> AbstractContextManager[None]:
    """Turns the failures of a place's engine in the block into StoreErrors that say what to do."""
    return database(place).errors()
