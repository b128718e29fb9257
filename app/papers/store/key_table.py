"""API keys in a database, where several machines ask for them; on one machine they are a file (web/middleware/keys.py).

Hashes are kept, and no key. What a key's scopes and fields mean is defined there.
"""

from dataclasses import asdict, dataclass, replace

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import IntegrityError

from app.papers.store.location import PostgresLocation
from app.papers.store.postgresql import PostgreSQL
from app.papers.store.schema import check_current, keys, stored_version
from app.papers.store.writing import open_for_writing


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as its row has it: `scopes` with spaces between."""

    name: str
    sha256: str
    scopes: str
    created: str


class KeyTable:
    """The keys of one database. Thread-safe."""

    def __init__(self, place: PostgresLocation) -> None:
        self.place = place
        self._database = PostgreSQL(replace(place, connections=1))
        self._engine: Engine = self._database.reading()

    def read(self) -> list[KeyRow]:
        """All keys, in the order of their names. Raises StoreError where the database can't be asked."""
        with self._database.errors(), self._engine.connect() as connection:
            rows = connection.execute(select(keys).order_by(keys.c.name)).all()
        return [KeyRow(row.name, row.sha256, row.scopes, row.created) for row in rows]

    def add(self, row: KeyRow) -> bool:
        """Adds a key to the database, made a store where it is empty; False where the name is taken."""
        with self._database.errors(), self._engine.connect() as connection:
            empty = stored_version(connection) == 0
        if empty:
            with open_for_writing(self.place, "quire keys new"):
                pass
        # No writer's lock: a key can be added, and one that was lost revoked, while an import runs for hours.
        with self._database.errors(), self._database.changing() as connection:
            check_current(connection, self.place)
            try:
                connection.execute(insert(keys).values(asdict(row)))
            except IntegrityError:
                return False
        return True

    def remove(self, name: str) -> bool:
        """Takes a key away; False where there is none of this name."""
        with self._database.errors(), self._database.changing() as connection:
            check_current(connection, self.place)
            return bool(connection.execute(delete(keys).where(keys.c.name == name)).rowcount)

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()
