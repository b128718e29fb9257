"""The store's writer: newer wins, one at a time, and its failures are told in plain words."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, inspect, text

from app.errors import StoreError, StoreLocked
from app.papers.answers import Answer
from app.papers.categories import parse_expression
from app.papers.importing import prepare_papers
from app.papers.maintenance import check
from app.papers.merging import merged
from app.papers.models import Paper
from app.papers.search.indexing import pass_over
from app.papers.store import schema
from app.papers.store.database import database
from app.papers.store.listing import ListQuery
from app.papers.store.location import StoreLocation
from app.papers.store.reading import Store
from app.papers.store.writing import open_for_writing
from tests.papers.samples import FIRST_DAY, paper, stored
from tests.postgres import PostgresServer


@pytest.fixture
def path(place: StoreLocation) -> StoreLocation:
    return place


instants = st.none() | st.integers(1, 3).map(lambda day: datetime(2026, 1, day, tzinfo=UTC))
texts = st.none() | st.sampled_from(["a", "b"])
described = st.builds(
    lambda title, version, updated, announced, published, comment, doi: paper(
        1,
        title=title,
        version=version,
        updated=updated,
        announced=announced and announced.date(),
        published=published,
        comment=comment,
        doi=doi,
    ),
    st.sampled_from(["x", "y"]),
    st.none() | st.integers(1, 3),
    instants,
    instants,
    instants,
    texts,
    texts,
)


@given(described, described)
def test_the_same_description_twice_changes_nothing(kept: Paper, described_now: Paper) -> None:
    once = merged(kept, described_now)
    assert merged(once, described_now) == once
    assert merged(kept, kept) is kept


@given(described, described)
def test_an_older_version_never_overwrites_a_newer_one(kept: Paper, described_now: Paper) -> None:
    if kept.version and described_now.version and kept.version > described_now.version:
        after = merged(kept, described_now)
        assert replace(after, published=kept.published) == kept
    if kept.version and described_now.version and kept.version < described_now.version:
        assert merged(kept, described_now).title == described_now.title
        assert merged(kept, described_now).version == described_now.version


def test_what_one_source_lacks_is_kept_from_the_other() -> None:
    snapshot = paper(1, doi="10.1/x", comment="5 pages")
    answer = paper(1, version=2, announced=None, published=datetime(2026, 1, 2, tzinfo=UTC))
    both = merged(snapshot, answer)
    assert (both.doi, both.comment, both.version, both.announced) == ("10.1/x", "5 pages", 2, FIRST_DAY)


def test_a_batch_tells_what_it_changed(path: StoreLocation) -> None:
    with open_for_writing(path, "test") as writer:
        first = writer.add([paper(1), paper(2), paper(2)], [Answer("2601.00001", 1, "q", None, None, "a")])
        again = writer.add([paper(1), paper(2, version=2)], [Answer("2601.00001", 1, "q", None, None, "b")])
        nothing = writer.add([paper(1)])
    assert (first.new, first.updated, first.unchanged, first.changes) == (3, 0, 1, 1)
    assert (again.new, again.updated, again.unchanged, again.changes) == (0, 2, 1, 2)
    assert (nothing.unchanged, nothing.changes, nothing.changed) == (1, 2, [])
    with Store(path) as store:
        assert [answer.answer for answer in store.answers("2601.00001")] == ["b"]
        assert [(count, [one.id for one in batch]) for count, batch in store.changed_papers(1)] == [
            (2, ["2601.00002"])
        ]


def test_an_updated_paper_moves_between_lists(path: StoreLocation) -> None:
    with stored(path, [paper(1), paper(2)]) as store:
        stored(
            path, [paper(1, version=2, announced=date(2026, 2, 1), categories=("cs.LG", "math.NA"))]
        ).close()
        assert [one.id for one in store.page().papers] == ["2601.00001", "2601.00002"]
        assert store.count(ListQuery(parse_expression("cs.AI"))) == 1
        assert store.count(ListQuery(parse_expression("cs.LG"))) == 1
        assert store.category_counts() == {"cs.AI": 1, "cs.LG": 1, "math.NA": 1}
        assert list(store.faults()) == []


def test_readers_see_what_is_written_elsewhere(path: StoreLocation) -> None:
    with stored(path, [paper(1)]) as store:
        assert len(store) == store.page().total == 1
        script = "import pickle, sys; from tests.papers.samples import paper, stored; "
        script += "stored(pickle.load(sys.stdin.buffer), [paper(2)]).close()"
        subprocess.run([sys.executable, "-c", script], input=pickle.dumps(path), check=True)
        assert len(store) == store.page().total == 2


def test_every_character_is_kept(path: StoreLocation) -> None:
    texts = ["\0", "a\0b\x1b", "\x1b0", "\x1b1", "\U0001f600 é e\u0301", "\u2028", "z\ufeff"]
    given = [paper(n, title=one, abstract=one, comment=one) for n, one in enumerate(texts, start=1)]
    answers = [Answer("2601.00001", 1, one, None, None, one) for one in texts]
    with open_for_writing(path, "test") as writer:
        writer.add(given, answers)
    with Store(path) as store:
        assert sorted(store.all_papers(), key=lambda one: one.id) == given
        assert list(store.all_answers()) == answers


def test_a_second_writer_is_told_who_the_first_one_is(path: StoreLocation) -> None:
    with open_for_writing(path, "quire papers import big"):
        said = rf"process {os.getpid()}.* \(quire papers import big\) since 20"
        with pytest.raises(StoreLocked, match=said), open_for_writing(path, "another"):
            pass
        Store(path).close()
    with open_for_writing(path, "another"):
        pass


def test_a_store_from_a_newer_quire_is_refused(path: StoreLocation) -> None:
    stored(path, [paper(1)]).close()
    execute(path, "INSERT INTO migrations VALUES (999, 'future', '')")
    with pytest.raises(StoreError, match="newer Quire"):
        Store(path)
    with pytest.raises(StoreError, match="newer Quire"), open_for_writing(path, "test"):
        pass


def test_a_migration_that_fails_leaves_no_trace(path: StoreLocation, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE half (x)"))
        connection.execute(text("INSERT INTO nowhere VALUES (1)"))

    stored(path, [paper(1)]).close()
    monkeypatch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, breaks])
    monkeypatch.setattr("app.papers.store.writing.MIGRATIONS", schema.MIGRATIONS)
    with pytest.raises(StoreError, match="older Quire"):
        Store(path)
    with pytest.raises(StoreError), open_for_writing(path, "test"):
        pass
    monkeypatch.undo()
    with Store(path) as store:
        assert len(store) == 1
    with database(path).writing("test") as engine:
        assert not inspect(engine).has_table("half")


def test_the_tables_are_as_the_migrations_make_them(new_place: Callable[[], StoreLocation]) -> None:
    made, declared = new_place(), new_place()
    stored(made, []).close()
    with database(declared).writing("test") as engine:
        schema.metadata.create_all(engine)
    assert tables_of(made) == tables_of(declared)


def test_both_engines_have_the_same_tables(tmp_path: Path, postgres: PostgresServer) -> None:
    places: list[StoreLocation] = [tmp_path / "papers.sqlite", postgres.new_database()]
    for place in places:
        stored(place, []).close()
    assert tables_of(places[0]) == tables_of(places[1])


def tables_of(place: StoreLocation) -> dict[str, object]:
    """Of each table that we declare, its columns with their kinds, its keys and its indexes."""
    kinds = {"INTEGER": "integer", "BIGINT": "integer", "TEXT": "text"}
    with database(place).writing("test") as engine:
        found = inspect(engine)
        return {
            name: (
                sorted(
                    (column["name"], kinds[str(column["type"]).split()[0]], column["nullable"])
                    for column in found.get_columns(name)
                    if column["name"] not in found.get_pk_constraint(name)["constrained_columns"]
                ),
                found.get_pk_constraint(name)["constrained_columns"],
                sorted(tuple(one["column_names"]) for one in found.get_indexes(name) if not one["unique"]),
                sorted(tuple(one["column_names"]) for one in found.get_unique_constraints(name)),
            )
            for name in schema.metadata.tables
        }


def execute(place: StoreLocation, statement: str) -> None:
    """Changes a store behind its back."""
    with database(place).writing("test") as engine, engine.begin() as connection:
        connection.execute(text(statement))


def test_a_store_that_lost_the_count_of_its_changes_is_refused(path: StoreLocation) -> None:
    stored(path, [paper(1)]).close()
    execute(path, "DELETE FROM state")
    with pytest.raises(StoreError, match="counts its changes is gone"):
        Store(path)
    with pytest.raises(StoreError, match="counts its changes is gone"), open_for_writing(path, "test"):
        pass


@pytest.mark.parametrize(
    "expression", ["cs.AI", "cs.AI+cs.LG+math.NA", "cs", "cs.AI-cs.CY", "cs+math-cs.CV", "-cs.CV", ""]
)
@pytest.mark.parametrize("sort", ["announced", "published"])
def test_no_list_is_sorted_or_scanned_whole(path: StoreLocation, expression: str, sort: str) -> None:
    query = ListQuery(parse_expression(expression) if expression else None, sort=sort)  # type: ignore[arg-type]
    many = [
        paper(number, categories=(f"{('cs.AI', 'cs.LG', 'cs.CV')[number % 3]}",)) for number in range(1, 600)
    ]
    with stored(path, many) as store, store._reading() as connection:
        compiled = store._ordered(query, 26, 1 << 60).compile(
            connection.engine, compile_kwargs={"literal_binds": True}
        )
        if connection.dialect.name == "sqlite":
            plan = [row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
            assert not [step for step in plan if "TEMP B-TREE" in step or step.startswith("SCAN")], plan
        else:
            # Where tables are as small as these, PostgreSQL would rather read them whole.
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            connection.execute(text("SET LOCAL enable_bitmapscan = off"))
            connection.execute(text("SET LOCAL enable_sort = off"))
            steps = [str(row[0]).strip(" ->") for row in connection.execute(text(f"EXPLAIN {compiled}"))]
            assert not [step for step in steps if step.startswith("Seq Scan")], steps
            assert any("Index" in step for step in steps)


def test_a_full_disk_is_said_and_nothing_is_lost(path: StoreLocation) -> None:
    stored(path, [paper(1)]).close()
    many = [paper(number, abstract="x" * 10_000) for number in range(2, 100)]
    with open_for_writing(path, "test") as writer:
        with writer._engine.begin() as connection:
            for statement in FULL[connection.dialect.name]:
                connection.execute(text(statement))
        with pytest.raises(StoreError, match="full"):
            writer.add(many)
    with Store(path) as store:
        assert len(store) == 1


FULL = {
    "sqlite": ["PRAGMA max_page_count = 30"],
    "postgresql": [
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END$$",
        "CREATE TRIGGER full_disk AFTER INSERT ON listings FOR EACH ROW EXECUTE FUNCTION full_disk()",
    ],
}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to read-only folders")
def test_a_folder_that_can_not_be_written_to_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="can't"), open_for_writing(tmp_path / "papers.sqlite", "test"):
        pass
    tmp_path.chmod(0o700)


def test_the_holder_is_reported_even_where_its_words_are_broken(tmp_path: Path) -> None:
    path = tmp_path / "papers.sqlite"
    with open_for_writing(path, "one"):
        holder = path.with_name("papers.lock.holder")
        assert json.loads(holder.read_text())["command"] == "one"
        holder.write_text("{")
        with pytest.raises(StoreLocked, match="by another process"), open_for_writing(path, "two"):
            pass


def test_answers_of_a_store_from_before_prompts_were_kept_stay(
    path: StoreLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("app.papers.store.writing.MIGRATIONS", schema.MIGRATIONS[:3])
        with open_for_writing(path, "test"):
            pass
    execute(path, "INSERT INTO answers VALUES (1, 1, '2606.00001', 2, 'Why?', 'm', 'en', 'So.')")
    with open_for_writing(path, "test") as writer:
        same_question = Answer("2606.00001", 2, "Why?", "m", "en", "No.", prompt_sha256="ab")
        writer.add([], [same_question])
    with Store(path) as store:
        assert [answer.answer for answer in store.all_answers()] == ["So.", "No."]


def test_an_answer_leaves_the_index_in_step(tmp_path: Path) -> None:
    store, index = tmp_path / "papers.sqlite", tmp_path / "index"
    prepare_papers(store, index)
    with open_for_writing(store, "test") as writer:
        added = writer.add([], [Answer("quire/0001", 1, "Why?", "m", "en", "So.")])
        pass_over(index, added.changes - 1, added.changes)
    assert check(store, index) == []
