"""A failover to a replica, and machines that begin at once with an empty database, lose and double nothing."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from app.errors import StoreError
from app.papers.importing import COLLECTION, prepare_papers
from app.papers.maintenance import export_lines
from app.papers.store.location import PostgresLocation
from app.papers.store.reading import Store
from tests.nodes import until
from tests.papers.samples import paper, stored
from tests.postgres import PostgresServer, guarded, postgres_folder, postgres_server


def reads(store: Store, lines: list[bytes]) -> bool:
    try:
        return list(export_lines(store)) == lines
    except StoreError:
        return False


def has_replayed(first: PostgresServer, second: PostgresServer) -> bool:
    """Whether a replica has all that its primary has written."""
    written = first.value("SELECT pg_current_wal_lsn()")
    return second.value(f"SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn") is True


def test_readers_and_writers_follow_to_the_replica_and_nothing_is_lost() -> None:
    with postgres_server() as first, postgres_folder() as folder, guarded(folder):
        name = first.new_database().url.rsplit("/", 1)[1]
        second = first.replica(folder)
        second.start()
        hosts = f"host=127.0.0.1:{first.port}&host=127.0.0.1:{second.port}"
        place = PostgresLocation(
            f"postgresql+psycopg://quire@/{name}?{hosts}&target_session_attrs=read-write", seconds=2
        )
        with stored(place, [paper(number) for number in range(1, 40)]) as store:
            lines = list(export_lines(store))
            until(partial(has_replayed, first, second), "the replica does not follow")
            first.stop("immediate")
            with pytest.raises(StoreError):
                store.page()
            with pytest.raises(StoreError):
                Store(place)
            second.promote()
            until(partial(reads, store, lines), "the readers do not follow")
            stored(place, [paper(40)]).close()
            assert len(store) == 40
        second.stop("immediate")


def test_machines_that_begin_at_once_make_one_store(postgres: PostgresServer, tmp_path: Path) -> None:
    place = postgres.new_database()
    with ThreadPoolExecutor(3) as machines:
        begun = [
            machines.submit(prepare_papers, place, tmp_path / f"{number}" / "index") for number in range(3)
        ]
        for one in begun:
            one.result()
    with Store(place) as store:
        ids = [found.id for found in store.page(limit=200).papers]
    assert len(ids) == len(set(ids)) == len(list(COLLECTION.glob("*.toml")))
