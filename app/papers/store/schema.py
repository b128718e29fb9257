"""The tables of the store, and the numbered migrations that lead to them.

Migrations are appended and never changed: each runs in one transaction with the record of itself. A store from a
newer version of Quire is refused, never guessed at.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import (
    Column,
    Connection,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    inspect,
    select,
    text,
)

from app.errors import StoreError
from app.papers.store.dialects import Integer, Text, in_dialect

metadata = MetaData()

# Order of announcement is kept as one integer, see positions.py; `changed` is the store's change counter when
# the row was last written, by which the search index finds what it has not seen.
papers = Table(
    "papers",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("version", Integer),
    Column("title", Text, nullable=False),
    Column("abstract", Text, nullable=False),
    Column("body", Text),
    Column("authors", Text, nullable=False),
    Column("categories", Text, nullable=False),
    Column("primary_category", Text),
    Column("subject_classes", Text, nullable=False),
    Column("announced", Text),
    Column("published", Text),
    Column("updated", Text),
    Column("comment", Text),
    Column("doi", Text),
    Column("journal_ref", Text),
    Column("announce_type", Text),
    Column("versions", Text),
    Column("announced_position", Integer, nullable=False),
    Column("published_position", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Index("papers_announced", "announced_position"),
    Index("papers_published", "published_position"),
    Index("papers_changed", "changed"),
)

# A paper once for each of its categories, in both orders.
listings = Table(
    "listings",
    metadata,
    Column("category", Text, nullable=False),
    Column("announced_position", Integer, nullable=False),
    Column("published_position", Integer, nullable=False),
    PrimaryKeyConstraint("category", "announced_position"),
    Index("listings_published", "category", "published_position"),
    sqlite_with_rowid=False,
)

# Zero and the empty text stand for "not known", since NULLs would not be unique.
answers = Table(
    "answers",
    metadata,
    Column("answer_number", Integer, primary_key=True),
    Column("paper_number", Integer, nullable=False),
    Column("paper_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("question", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created", Text),
    Column("source", Text),
    Column("prompt_sha256", Text, nullable=False),
    Column("usage", Text),
    Column("quotes", Text),
    UniqueConstraint("paper_number", "version", "question", "prompt_sha256", "model", "language"),
)

# How far a file was read, written with the records themselves.
imports = Table(
    "imports",
    metadata,
    Column("path", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("line", Integer, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("finished", Integer, nullable=False),
)

# Where fetching from a source goes on, written with the papers that it brought (sources/fetching.py).
places = Table(
    "places", metadata, Column("name", Text, primary_key=True), Column("place", Text, nullable=False)
)

# One row: a random name that identifies this store, how many transactions have changed it, and when, in
# seconds since 1970, the last of them did.
state = Table(
    "state",
    metadata,
    Column("identity", Text, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("written", Integer),
)

# API keys, where several machines ask for them (web/middleware/keys.py has them in a file otherwise).
keys = Table(
    "keys",
    metadata,
    Column("name", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created", Text, nullable=False),
)


def _m001_first_tables(connection: Connection) -> None:
    _run(connection, _FIRST_TABLES)


def _m002_places(connection: Connection) -> None:
    _run(connection, "CREATE TABLE places (name TEXT PRIMARY KEY, place TEXT NOT NULL)")


def _m003_announcements_and_versions(connection: Connection) -> None:
    for column in ("announce_type", "versions"):
        _run(connection, f"ALTER TABLE papers ADD COLUMN {column} TEXT")


def _m004_answers_with_their_prompts(connection: Connection) -> None:
    # SQLite can't change what is unique in a table, so it is made again. The answers are numbered again, in their
    # order: a number that was given would not be known to PostgreSQL's counter of them.
    _run(connection, _ANSWERS_WITH_PROMPTS)


def _m005_keys_and_when_it_was_written(connection: Connection) -> None:
    _run(connection, "ALTER TABLE state ADD COLUMN written INTEGER")
    _run(
        connection,
        "CREATE TABLE keys (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, scopes TEXT NOT NULL, created TEXT NOT NULL)",
    )


def _run(connection: Connection, statements: str) -> None:
    """Executes statements in SQLite's words, with a semicolon between, on either engine."""
    for statement in in_dialect(connection, statements).split(";"):
        connection.execute(text(statement))


MIGRATIONS: list[Callable[[Connection], None]] = [
    _m001_first_tables,
    _m002_places,
    _m003_announcements_and_versions,
    _m004_answers_with_their_prompts,
    _m005_keys_and_when_it_was_written,
]

_ANSWERS_WITH_PROMPTS = """
CREATE TABLE answers_with_prompts (
  answer_number INTEGER PRIMARY KEY, paper_number INTEGER NOT NULL, paper_id TEXT NOT NULL, version INTEGER NOT NULL,
  question TEXT NOT NULL, model TEXT NOT NULL, language TEXT NOT NULL, answer TEXT NOT NULL,
  name TEXT NOT NULL DEFAULT '', created TEXT, source TEXT, prompt_sha256 TEXT NOT NULL DEFAULT '', usage TEXT,
  quotes TEXT, UNIQUE (paper_number, version, question, prompt_sha256, model, language)
);
INSERT INTO answers_with_prompts (paper_number, paper_id, version, question, model, language, answer)
  SELECT paper_number, paper_id, version, question, model, language, answer FROM answers ORDER BY answer_number;
DROP TABLE answers;
ALTER TABLE answers_with_prompts RENAME TO answers
"""

_FIRST_TABLES = """
CREATE TABLE papers (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL, version INTEGER, title TEXT NOT NULL, abstract TEXT NOT NULL,
  body TEXT, authors TEXT NOT NULL, categories TEXT NOT NULL, primary_category TEXT, subject_classes TEXT NOT NULL,
  announced TEXT, published TEXT, updated TEXT, comment TEXT, doi TEXT, journal_ref TEXT,
  announced_position INTEGER NOT NULL, published_position INTEGER NOT NULL, changed INTEGER NOT NULL
);
CREATE INDEX papers_announced ON papers (announced_position);
CREATE INDEX papers_published ON papers (published_position);
CREATE INDEX papers_changed ON papers (changed);
CREATE TABLE listings (
  category TEXT NOT NULL, announced_position INTEGER NOT NULL, published_position INTEGER NOT NULL,
  PRIMARY KEY (category, announced_position)
) WITHOUT ROWID;
CREATE INDEX listings_published ON listings (category, published_position);
CREATE TABLE answers (
  answer_number INTEGER PRIMARY KEY, paper_number INTEGER NOT NULL, paper_id TEXT NOT NULL, version INTEGER NOT NULL,
  question TEXT NOT NULL, model TEXT NOT NULL, language TEXT NOT NULL, answer TEXT NOT NULL,
  UNIQUE (paper_number, version, question, model, language)
);
CREATE TABLE imports (
  path TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, line INTEGER NOT NULL, "offset" INTEGER NOT NULL,
  finished INTEGER NOT NULL
);
CREATE TABLE state (identity TEXT NOT NULL, changes INTEGER NOT NULL);
INSERT INTO state VALUES (lower(hex(randomblob(16))), 0)
"""


def stored_version(connection: Connection) -> int:
    """The number of the last migration that the store went through; 0 for an empty file."""
    if not inspect(connection).has_table("migrations"):
        return 0
    return int(connection.execute(text("SELECT coalesce(max(number), 0) FROM migrations")).scalar_one())


def check_version(connection: Connection, path: object) -> int:
    """The store's version, where this Quire can read it or bring it up to date; StoreError where it is newer."""
    version = stored_version(connection)
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path} was written by a newer Quire (format {version}, this one knows {len(MIGRATIONS)}); "
            "update Quire, or use another data folder"
        )
    return version


def check_current(connection: Connection, path: object) -> None:
    """Raises StoreError unless the store has the tables that this Quire reads."""
    version = check_version(connection, path)
    if version == 0:
        raise StoreError(f"there is no store of papers at {path}; `quire papers import FILE` makes one")
    if version < len(MIGRATIONS):
        raise StoreError(
            f"{path} was written by an older Quire (format {version}, this one reads {len(MIGRATIONS)}); "
            "`quire papers check` brings it up to date"
        )


def check_whole(connection: Connection, path: object) -> None:
    """Raises StoreError where the row that counts the store's changes is gone: all that follows it would be wrong."""
    if connection.execute(select(state.c.changes)).first() is None:
        raise StoreError(f"{path} is damaged: the row that counts its changes is gone; restore a backup")


def migrate(connection: Connection, version: int, migrations: list[Callable[[Connection], None]]) -> None:
    """Runs the migrations that come after `version`, each in a transaction with its own record."""
    for number, migration in enumerate(migrations[version:], start=version + 1):
        with connection.begin():
            _run(
                connection,
                "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT, applied TEXT)",
            )
            migration(connection)
            connection.execute(
                text("INSERT INTO migrations VALUES (:number, :name, :applied)"),
                {
                    "number": number,
                    "name": migration.__name__.removeprefix("_"),
                    "applied": datetime.now(UTC).isoformat(sep=" ", timespec="seconds"),
                },
            )
