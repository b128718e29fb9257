"""A backup is whole while others write, comes back as it was, also from an older version, or is refused whole."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tantivy import Index, Query

from app.errors import FileError, StoreError, StoreLocked
from app.papers.backup import Restored, back_up, restore
from app.papers.importing import COLLECTION, import_files
from app.papers.maintenance import check, reindex
from app.papers.search.indexing import read_state
from app.papers.search.schema import document, register, schema
from app.papers.search.searching import Search, SearchIndex
from app.papers.store.positions import paper_number
from app.papers.store.reading import Store
from app.papers.store.schema import MIGRATIONS, migrate
from app.papers.store.sqlite import writing_engine
from app.papers.store.writing import open_for_writing
from tests.server import PATIENCE, ROOT


@pytest.fixture
def library(tmp_path: Path) -> tuple[Path, Path]:
    store, index = tmp_path / "data" / "papers.sqlite", tmp_path / "data" / "index"
    store.parent.mkdir()
    import_files(store, index, [COLLECTION])
    return store, index


def test_what_was_backed_up_comes_back_with_its_index(library: tuple[Path, Path], tmp_path: Path) -> None:
    store, _ = library
    with open_for_writing(store, "a test that writes meanwhile"):
        count = back_up(store, tmp_path / "backup")
    with Store(store) as before:
        wanted = list(before.all_papers())
    assert count == len(wanted)
    other = tmp_path / "other" / "papers.sqlite"
    assert restore(other, tmp_path / "other" / "index", tmp_path / "backup") == Restored(count, None)
    with Store(other) as after:
        assert list(after.all_papers()) == wanted
    assert check(other, tmp_path / "other" / "index") == []
    assert SearchIndex(tmp_path / "other" / "index").search(Search("tokenizer")).total > 0


def test_a_restore_keeps_what_it_replaces(library: tuple[Path, Path], tmp_path: Path) -> None:
    store, index = library
    back_up(store, tmp_path / "backup")
    with Store(store) as opened:
        number = len(opened)
    with sqlite3.connect(store) as connection:
        connection.execute("DELETE FROM papers")
        connection.execute("DELETE FROM listings")
    first = restore(store, index, tmp_path / "backup")
    second = restore(store, index, tmp_path / "backup")
    assert (first.papers, second.papers) == (number, number)
    assert first.kept
    assert second.kept not in (None, first.kept), "no copy is overwritten"
    with sqlite3.connect(first.kept) as connection:
        assert connection.execute("SELECT count(*) FROM papers").fetchone() == (0,)


def test_a_restore_waits_for_nobody_and_takes_nothing_from_readers(
    library: tuple[Path, Path], tmp_path: Path
) -> None:
    store, index = library
    back_up(store, tmp_path / "backup")
    before = store.read_bytes()
    with Store(store) as reader, Store(store):
        with pytest.raises(StoreLocked, match="are being read"):
            restore(store, index, tmp_path / "backup")
        assert len(reader) > 0
    with open_for_writing(store, "an import"), pytest.raises(StoreLocked, match="are being written"):
        restore(store, index, tmp_path / "backup")
    assert store.read_bytes() == before
    assert [path.name for path in store.parent.glob("*before-restore*")] == []


def test_a_restored_store_is_another_than_the_one_before(library: tuple[Path, Path], tmp_path: Path) -> None:
    store, index = library
    with Store(store) as opened:
        before = opened.identity
    back_up(store, tmp_path / "backup")
    restore(store, index, tmp_path / "backup")
    with Store(store) as opened:
        assert opened.identity != before
    with sqlite3.connect(store) as connection:  # as where a restore is killed before it makes the index
        connection.execute("UPDATE state SET identity = 'restored'")
    assert any("another store" in finding for finding in check(store, index))


def test_a_store_of_the_first_version_is_brought_up_to_date_on_its_way_back(tmp_path: Path) -> None:
    old = tmp_path / "old.sqlite"
    engine = writing_engine(old)
    with engine.connect() as connection:
        migrate(connection, 0, MIGRATIONS[:1])
    engine.dispose()
    with sqlite3.connect(old) as connection:
        connection.execute(
            "INSERT INTO papers VALUES (?, '2401.00001', 1, 'Old', 'Abstract', NULL, '[]', 'cs.LG', 'cs.LG', '[]', "
            "'2024-01-02', NULL, NULL, NULL, NULL, NULL, 5, 5, 1)",
            (paper_number("2401.00001"),),
        )
        connection.execute("INSERT INTO listings VALUES ('cs.LG', 5, 5)")
        connection.execute("UPDATE state SET changes = 1")
    back_up(old, tmp_path / "backup")
    store, index = tmp_path / "data" / "papers.sqlite", tmp_path / "data" / "index"
    assert restore(store, index, tmp_path / "backup").papers == 1
    with Store(store) as opened:
        assert [paper.title for paper in opened.all_papers()] == ["Old"]
    assert check(store, index) == []


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + bytes(5000)])
def test_what_is_no_backup_changes_nothing(
    library: tuple[Path, Path], tmp_path: Path, content: bytes
) -> None:
    store, index = library
    (tmp_path / "backup").write_bytes(content)
    before = store.read_bytes()
    with pytest.raises(FileError, match="not a whole backup"):
        restore(store, index, tmp_path / "backup")
    assert store.read_bytes() == before


def test_a_backup_of_nothing_or_to_nowhere_says_so(library: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        back_up(tmp_path / "none.sqlite", tmp_path / "backup")
    with pytest.raises(FileError, match="can't write"):
        back_up(library[0], tmp_path / "no-folder" / "backup")


def test_a_check_finds_a_paper_that_is_twice_in_an_index_of_the_right_size(
    library: tuple[Path, Path],
) -> None:
    store, index = library
    with Store(store) as opened:
        twice, lacking = opened.page(limit=2).papers
    state = read_state(index)
    assert state
    damaged = register(Index(schema(), path=str(index / state.name), reuse=True))
    writer = damaged.writer()
    writer.delete_documents_by_query(Query.term_query(schema(), "number", paper_number(lacking.id)))
    writer.add_document(document(twice))
    writer.commit()
    writer.wait_merging_threads()
    assert ["quire papers reindex" in finding for finding in check(store, index)] == [True]
    reindex(store, index)
    assert check(store, index) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it forks")
def test_a_restore_or_a_backup_that_is_killed_anywhere_leaves_one_whole_store(
    library: tuple[Path, Path], tmp_path: Path
) -> None:
    store, index = library
    back_up(store, tmp_path / "backup")
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE papers SET title = 'what was there'")
    reindex(store, index)
    (tmp_path / "place").mkdir()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.papers.killed_restores",
            store.parent,
            tmp_path / "backup",
            tmp_path / "place",
        ],
        capture_output=True,
        cwd=ROOT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 40
