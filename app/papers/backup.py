"""A copy of the store while it is used, and its way back. The search index is derived, and made again.

SQLite's own online backup (https://www.sqlite.org/backup.html) takes the copy: one state of the store, whatever is
written meanwhile.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.errors import FileError, StoreError, StoreLocked
from app.papers.search.indexing import open_index
from app.papers.store.database import store_errors
from app.papers.store.lock import no_readers, readers_lock, writer_lock
from app.papers.store.reading import Store
from app.papers.store.writing import open_for_writing


@dataclass(frozen=True, slots=True)
class Restored:
    """How many papers are back, and where the store that was there is kept (None where there was none)."""

    papers: int
    kept: Path | None


def back_up(store_path: Path, path: Path) -> int:
    """Writes the whole store to the file `path`, and says how many papers it holds.

    A store of an older Quire is copied as it is. The file is renamed into place when it is whole and checked. Raises
    StoreError where there is no store, FileError where the file can't be written.
    """
    if not store_path.is_file():
        raise StoreError(f"there is no store at {store_path}; QUIRE_DATA_DIR names the data folder")
    beside = path.with_name(f"{path.name}.part")
    try:
        _copy(store_path, beside)
        count = _checked(beside)
        beside.replace(path)
    except (sqlite3.Error, OSError) as error:
        raise FileError(f"can't write {path}: {error}") from error
    finally:
        beside.unlink(missing_ok=True)
    return count


def restore(store_path: Path, index_path: Path, path: Path) -> Restored:
    """Puts a backup in the store's place, brings it up to date and makes its index.

    The store that was there is kept beside it, with the time in its name. The restored store gets an identity of its
    own, so that neither an index nor a feed reader takes it for the one before. The switch is one rename: a restore
    that is killed leaves the old store or the new one, and the index follows at the next start. Raises FileError for a
    file that is not a whole backup, StoreLocked while another process reads or writes.
    """
    try:
        _checked(path)
    except (sqlite3.Error, OSError) as error:
        raise FileError(f"{path} is not a whole backup: {error}") from error
    store_path.parent.mkdir(parents=True, exist_ok=True)
    beside = store_path.with_name(f"{store_path.name}.restoring")
    try:
        with (
            writer_lock(store_path.with_suffix(".lock"), "quire restore"),
            no_readers(readers_lock(store_path)),
            store_errors(store_path),
        ):
            _copy(path, beside)
            with closing(sqlite3.connect(beside)) as copy, copy:
                copy.execute("UPDATE state SET identity = lower(hex(randomblob(16)))")
            kept = _keep(store_path) if store_path.exists() else None
            beside.replace(store_path)
    finally:
        beside.unlink(missing_ok=True)
    with (
        open_for_writing(store_path, "quire restore"),
        Store(store_path) as store,
        open_index(index_path, store, rebuild=True),
    ):
        return Restored(len(store), kept)


def _keep(store_path: Path) -> Path:
    """Copies a store beside itself, and leaves nothing of it in its log, which would outlive the rename."""
    now = datetime.now().astimezone().strftime("%Y-%m-%dT%H%M%S")
    kept = store_path.with_name(f"{store_path.name}.before-restore-{now}")
    number = 1
    while kept.exists():
        number += 1
        kept = store_path.with_name(f"{store_path.name}.before-restore-{now}-{number}")
    # What has a safety copy's name is whole, also where we are killed meanwhile.
    beside = store_path.with_name(f"{store_path.name}.keeping")
    try:
        _copy(store_path, beside)
        beside.replace(kept)
    finally:
        beside.unlink(missing_ok=True)
    with closing(sqlite3.connect(store_path)) as old:
        busy, _, _ = old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise StoreLocked(
            f"{store_path} is kept busy by another program; close what has it open and try again"
        )
    for ending in ("-wal", "-shm"):
        store_path.with_name(f"{store_path.name}{ending}").unlink(missing_ok=True)
    return kept


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as original,
        closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)
        # One file alone: a copy in WAL mode would want its log beside it.
        copy.execute("PRAGMA journal_mode = DELETE")


def _checked(path: Path) -> int:
    """How many papers a file holds that is a whole store, of this or an older version; raises sqlite3.Error."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as copy:
        said = copy.execute("PRAGMA integrity_check").fetchone()[0]
        if said != "ok":
            raise sqlite3.DatabaseError(said)
        copy.execute("SELECT identity, changes FROM state").fetchone()
        return int(copy.execute("SELECT count(*) FROM papers").fetchone()[0])
