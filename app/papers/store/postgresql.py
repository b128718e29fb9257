"""A store in a database of PostgreSQL: its connections, the lock of its one writer, and its failures in plain words."""

import math
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Connection, Engine, create_engine, inspect, make_url, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.pool import NullPool

from app.errors import Sentence, StoreError, StoreLocked
from app.papers.store.location import PostgresLocation

CHANGED_CHANNEL = "quire_changed"
"""What PostgreSQL notifies those of who listen, each time the store was changed."""

_DRIVER: Any = PGDialect_psycopg()  # type: ignore[no-untyped-call]
_PAUSE_SECONDS = 1.0
_POLITE_SECONDS = 1.0
"""For so long an answer is waited for after the server's own time for it is over: it may say so itself."""
_LEAST_SILENCE = 10.0
"""Who listens for changes waits for some seconds at a time, in which nothing has to come."""

Answered = TypeVar("Answered")
_WRITERS_LOCK = 0x5155495245  # "QUIRE"; advisory locks are named by numbers, and belong to one database


class Wake:
    """Waits for a change of the store; made by `PostgreSQL.listening`."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def wait(self, seconds: float) -> bool:
        """Returns when the store was changed, or after so many seconds; whether it was changed."""
        return any(True for _ in self._connection.notifies(timeout=seconds, stop_after=1))


class _Connection(psycopg.Connection[Any]):
    """A connection that gives up when nothing comes from the server for `seconds`.

    The server's own limit is of no use where the server stands still, or where what lies between stopped passing on
    packets: then nothing is said at all.
    """

    seconds = math.inf

    def wait(self, gen: PQGen[Answered], *arguments: Any, **named: Any) -> Answered:
        return super().wait(self._in_time(gen), *arguments, **named)

    def _in_time(self, gen: PQGen[Answered]) -> PQGen[Answered]:
        deadline = time.monotonic() + self.seconds
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready:
                    deadline = time.monotonic() + self.seconds
                elif time.monotonic() > deadline:
                    self.pgconn.finish()
                    raise psycopg.OperationalError("timeout expired: no answer from the server")
                wanted = gen.send(ready)
        except StopIteration as done:
            answered: Answered = done.value
            return answered


class PostgreSQL:
    """A database of a server; its writer's lock is an advisory one, which ends with the writer's connection."""

    shared = True
    merges_unions = False
    list_changed = """
INSERT INTO listings (category, announced_position, published_position)
SELECT category.value, papers.announced_position, papers.published_position
FROM papers CROSS JOIN LATERAL unnest(string_to_array(papers.categories, ' ')) AS category(value)
WHERE papers.changed = :changed AND papers.categories != ''
"""

    def __init__(self, place: PostgresLocation) -> None:
        self.place = place
        self._failure = ""
        self._tried_again = 0.0

    def require(self) -> None:
        """There may be one: that is found out by the first connection."""

    def reading(self) -> Engine:
        def connect() -> psycopg.Connection[Any]:
            connection = self._connect_or_fail_at_once()
            # All that one page asks is asked of one state of the store.
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            return connection

        return create_engine(
            "postgresql+psycopg://",
            creator=connect,
            pool_size=self.place.connections,
            max_overflow=0,
            pool_timeout=self.place.seconds,
            pool_pre_ping=True,  # a server that was restarted is found out before a reader is
        )

    def _connect_or_fail_at_once(self) -> psycopg.Connection[Any]:
        # While a database is away, each attempt may take as long as a reader is made to wait: one thread finds out,
        # the others say what it found.
        if self._failure:
            if time.monotonic() < self._tried_again:
                raise psycopg.OperationalError(self._failure)
            self._tried_again = time.monotonic() + self.place.seconds
        try:
            connection = self.connect("quire, reading")
        except psycopg.OperationalError as error:
            self._failure, self._tried_again = str(error), time.monotonic() + _PAUSE_SECONDS
            raise
        self._failure = ""
        return connection

    @contextmanager
    def writing(self, command: str) -> Iterator[Engine]:
        with self.errors():
            connection = self.connect(f"{socket.gethostname()[:20]} {os.getpid()} {command}", limit=False)
        # The one that holds the lock is the one that writes: where it breaks, nobody writes without the lock.
        given = iter([connection])

        def connect() -> psycopg.Connection[Any]:
            try:
                return next(given)
            except StopIteration:
                raise StoreError(
                    f"the connection to {self.place} was lost, and the writer's lock with it; run the same command "
                    "again, what was stored is kept"
                ) from None

        with connection:
            self._lock(connection)
            engine = create_engine("postgresql+psycopg://", creator=connect, pool_size=1, max_overflow=0)
            try:
                yield engine
            finally:
                engine.dispose()

    @contextmanager
    def listening(self) -> Iterator["Wake"]:
        """Hears of each change of the store while the block runs."""
        with self.errors(), self.connect("quire, following", limit=False) as connection:
            connection.seconds = max(_LEAST_SILENCE, self.place.seconds)
            connection.autocommit = True
            connection.execute(f"LISTEN {CHANGED_CHANNEL}")
            yield Wake(connection)

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """A transaction that writes beside the one writer: for rows that are none of its own."""
        engine = create_engine(
            "postgresql+psycopg://", creator=lambda: self.connect("quire, changing"), poolclass=NullPool
        )
        with engine.begin() as connection:
            yield connection

    @contextmanager
    def errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise StoreError(self._explain(error.orig)) from error
        except psycopg.Error as error:
            raise StoreError(self._explain(error)) from error
        except NoConnectionFree as error:
            raise StoreError(
                f"all {self.place.connections} connections to {self.place} are busy (QUIRE_STORE_CONNECTIONS)"
            ) from error

    def check(self, connection: Connection) -> None:
        encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
        if encoding != "UTF8":
            raise StoreError(f"{self.place} is encoded in {encoding}; create a database with ENCODING 'UTF8'")
        tables = set(inspect(connection).get_table_names())
        ours = tables >= {"migrations", "papers", "state", "listings"} and {"identity", "changes"} <= {
            column["name"] for column in inspect(connection).get_columns("state")
        }
        if tables and not ours:
            shown = ", ".join(sorted(tables)[:3])
            raise StoreError(
                f"{self.place} holds tables of another program ({shown}); create a database for Quire alone"
            )
        if tables:
            self._check_store(connection)

    def check_connections(self, needed: int) -> None:
        """Raises StoreError unless the server grants as many connections as may be needed at once."""
        with self.errors(), self.connect("quire, starting") as connection:
            row = connection.execute(_GRANTED).fetchone()
        granted = int(row[0]) if row else 0
        if granted < needed:
            raise StoreError(
                f"{self.place} grants {granted} connections, and {needed} may be needed at once; raise "
                "max_connections, or lower QUIRE_STORE_CONNECTIONS or the number of workers"
            )

    def _check_store(self, connection: Connection) -> None:
        collations = connection.execute(text(_COLLATIONS)).scalars().all()
        if collations:
            raise StoreError(
                f'{self.place} has a store whose texts sort by {collations[0]} and not by their bytes (COLLATE "C"); '
                "export it, and import it into a new database"
            )
        if not connection.execute(text(_MAY_WRITE)).scalar_one():
            raise StoreError(
                f"{self.place}: this user may not write to the store; grant it, or name another user"
            )
        closed = "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean"
        if connection.execute(text(closed)).scalar_one():
            raise StoreError(f"{self.place} can only be read: it is a replica, or set to be read-only")

    def faults(self, connection: Connection) -> Iterator[str]:
        # What is compared next reads all papers and lists, which takes longer than a reader is given.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        own: Any = connection.connection.driver_connection
        own.seconds = math.inf
        yield from ()

    def written(self, connection: Connection) -> float:
        return float(connection.execute(text("SELECT written FROM state")).scalar_one())

    def connect(self, name: str, *, limit: bool = True) -> _Connection:
        """A connection that the server's lists show under `name`; `limit` bounds the time of each statement."""
        try:
            arguments = _DRIVER.create_connect_args(make_url(self.place.url))[1]
        except ValueError as error:
            raise StoreError(f"QUIRE_STORE_URL is not a URL that can be read: {error}") from error
        given = {
            "connect_timeout": max(2, round(self.place.seconds)),
            # A server that was cut off is noticed though no packet says so.
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": round(self.place.seconds * 1000),
            "client_encoding": "UTF8",
        }
        connection = _Connection.connect(
            **(given | arguments),
            application_name=name.encode("ascii", "replace")[:63].decode(),
            autocommit=True,
        )
        if limit:
            connection.seconds = self.place.seconds + _POLITE_SECONDS
            connection.execute(f"SET statement_timeout = {round(self.place.seconds * 1000)}")
        connection.autocommit = False
        return connection

    def _lock(self, connection: psycopg.Connection[Any]) -> None:
        with self.errors():
            locked = connection.execute("SELECT pg_try_advisory_lock(%s)", (_WRITERS_LOCK,)).fetchone()
            row = connection.execute(_HOLDER, (_WRITERS_LOCK >> 32, _WRITERS_LOCK & 0xFFFFFFFF)).fetchone()
            connection.commit()
        if locked != (True,):
            host, process, command = [*row[0].split(" ", 2), "", ""][:3] if row else ("", "", "")
            holder = Sentence("another process")
            if row:
                holder = Sentence(
                    "process {process} on {host} ({command}) since {since}",
                    process=process,
                    host=host,
                    command=command,
                    since=row[1],
                )
            raise StoreLocked(
                Sentence(
                    "the papers in {place} are being written by {holder}; wait until it is done",
                    place=self.place,
                    holder=holder,
                )
            )

    def _explain(self, error: BaseException | None) -> str:
        message = " ".join(str(error).split("\n")[0].split())
        state = getattr(error, "sqlstate", None)
        found = [explanation for sign, explanation in _SIGNS if sign == state]
        found += [explanation for sign, explanation in _SIGNS if sign in str(error)]
        return f"{self.place}: {found[0]} ({message})" if found else f"{self.place}: {message}"


_HOLDER = """
SELECT application_name, to_char(backend_start, 'YYYY-MM-DD HH24:MI:SS TZ') FROM pg_stat_activity
JOIN pg_locks USING (pid) JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND granted AND pg_database.datname = current_database()
"""

# By the server's code where it gives one, else by its words, which libpq gives in English or not at all.
_SIGNS = (
    ("password authentication failed", "the server refuses this password"),
    ("no password supplied", "the server wants a password; put it into the URL or into ~/.pgpass"),
    (
        "permission denied for database",
        "this user may not connect to the database; grant it, or name another user",
    ),
    (
        "FATAL:  role",
        "the server has no such user, or does not let it log in; create it, or mend QUIRE_STORE_URL",
    ),
    ("not currently accepting", "the database is closed to connections; open it, or mend QUIRE_STORE_URL"),
    ("authentication failed", "the server refuses this user"),
    ("too many connections", "the server grants no more connections; raise its limit or close some"),
    ("too many clients", "the server grants no more connections; raise max_connections or close some"),
    (
        "remaining connection slots",
        "the server grants no more connections; raise max_connections or close some",
    ),
    (
        "does not exist",
        "the database or what it should hold is not there; create it, or mend QUIRE_STORE_URL",
    ),
    ("57014", "the database did not answer in time (QUIRE_STORE_SECONDS)"),
    ("57P01", "the database was stopped or restarted; try again in a moment"),
    ("57P02", "the database crashed; try again in a moment"),
    ("57P03", "the database is starting; try again in a moment"),
    ("25006", "the database can only be read: it is a replica, or set to be read-only"),
    ("42501", "this user may not write to the database; grant it, or name another user"),
    ("53100", "the database's disk is full; make room and run the same command again, nothing is lost"),
    ("42P01", "this is not a store of papers; create a database for Quire alone"),
    ("42703", "this is not a store of papers; create a database for Quire alone"),
    ("42P07", "it holds tables of another program; create a database for Quire alone"),
    ("connection failed", "the database can't be reached"),
    ("connection is lost", "the connection to the database was lost; try again in a moment"),
    ("server closed the connection", "the connection to the database was lost; try again in a moment"),
    ("timeout expired", "the database can't be reached"),
    ("failed to resolve", "there is no such host"),
)

_COLLATIONS = """
SELECT coalesce(collation_name, 'the database''s collation') FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name IN ('papers', 'listings', 'answers') AND data_type = 'text'
AND collation_name IS DISTINCT FROM 'C'
"""

_MAY_WRITE = """
SELECT bool_and(has_table_privilege(oid, CASE relname WHEN 'state' THEN 'UPDATE' ELSE 'INSERT' END)) FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
AND relname IN ('state', 'papers', 'listings', 'answers', 'imports', 'keys')
"""

_GRANTED = """
SELECT least(
  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
  (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database()),
  (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user)
)
"""
