"""A database that can't hold a store is refused at the start, in one line that says why and never a password."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.errors import InputError, StoreError
from app.papers.store.location import PostgresLocation, postgres_location
from app.papers.store.network_files import check_local, file_system
from app.papers.store.postgresql import PostgreSQL
from app.papers.store.reading import Store
from app.papers.store.writing import open_for_writing
from tests.nodes import quire_on, until
from tests.papers.samples import paper, stored
from tests.ports import free_port
from tests.postgres import PostgresServer, postgres_server


def name_of(place: PostgresLocation) -> str:
    return place.url.rsplit("/", 1)[1]


def absent(server: PostgresServer) -> str:
    return server.url("not_there")


def unreachable(server: PostgresServer) -> str:
    return f"postgresql+psycopg://quire@127.0.0.1:{free_port()}/quire"


def wrong_password(server: PostgresServer) -> str:
    server.execute("DROP ROLE IF EXISTS secretive")
    server.execute("CREATE ROLE secretive LOGIN PASSWORD 'right'")
    server.admit("host all secretive 127.0.0.1/32 scram-sha-256")
    return server.url("postgres", "secretive:WRONGONE")


def newer(server: PostgresServer) -> str:
    place = server.new_database()
    stored(place, [paper(1)]).close()
    server.execute("INSERT INTO migrations VALUES (999, 'future', '')", name_of(place))
    return place.url


def of_another_program(server: PostgresServer) -> str:
    place = server.new_database()
    server.execute("CREATE TABLE customers (name text)", name_of(place))
    return place.url


def only_read(server: PostgresServer) -> str:
    place = server.new_database()
    stored(place, [paper(1)]).close()
    server.execute("DO $$BEGIN CREATE ROLE onlooker LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END$$")
    server.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO onlooker", name_of(place))
    return server.url(name_of(place), "onlooker")


def partly_written(server: PostgresServer) -> str:
    url = only_read(server)
    server.execute("GRANT UPDATE ON state TO onlooker", url.rsplit("/", 1)[1])
    return url


def without_its_user(server: PostgresServer) -> str:
    return server.url("postgres", "ghost")


def closed_to_the_user(server: PostgresServer) -> str:
    place = server.new_database()
    server.execute("DO $$BEGIN CREATE ROLE onlooker LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END$$")
    server.execute(f"REVOKE CONNECT ON DATABASE {name_of(place)} FROM PUBLIC")
    return server.url(name_of(place), "onlooker")


def with_tables_of_our_names(server: PostgresServer) -> str:
    place = server.new_database()
    for table in ("papers", "state", "migrations", "listings"):
        server.execute(f"CREATE TABLE {table} (name text)", name_of(place))
    return place.url


def with_a_view_of_our_name(server: PostgresServer) -> str:
    place = server.new_database()
    server.execute("CREATE VIEW papers AS SELECT 1 AS name", name_of(place))
    return place.url


def set_to_be_read(server: PostgresServer) -> str:
    place = server.new_database()
    stored(place, [paper(1)]).close()
    server.execute(f"ALTER DATABASE {name_of(place)} SET default_transaction_read_only = on")
    return place.url


def in_latin_1(server: PostgresServer) -> str:
    return server.new_database("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0").url


def collated(server: PostgresServer) -> str:
    place = server.new_database()
    stored(place, [paper(1)]).close()
    server.execute('ALTER TABLE papers ALTER COLUMN id TYPE text COLLATE "POSIX"', name_of(place))
    return place.url


def open_twice(place: PostgresLocation) -> None:
    """As a command does that writes and then reads."""
    with open_for_writing(place, "test"):
        pass
    Store(place).close()


BAD: list[tuple[Callable[[PostgresServer], str], str]] = [
    (absent, "does not exist"),
    (unreachable, "can't be reached"),
    (wrong_password, "refuses this password"),
    (newer, "newer Quire"),
    (of_another_program, "another program (customers)"),
    (only_read, "may not write"),
    (partly_written, "may not write"),
    (without_its_user, "no such user"),
    (closed_to_the_user, "may not connect"),
    (with_tables_of_our_names, "another program"),
    (with_a_view_of_our_name, "another program"),
    (set_to_be_read, "can only be read"),
    (in_latin_1, "encoded in LATIN1"),
    (collated, "sort by POSIX"),
]


@pytest.mark.parametrize(("make", "said"), BAD, ids=lambda value: getattr(value, "__name__", ""))
def test_what_can_not_hold_a_store_is_refused_in_one_line(
    make: Callable[[PostgresServer], str], said: str, postgres: PostgresServer
) -> None:
    place = postgres_location(make(postgres), seconds=5)
    with pytest.raises(StoreError) as refused:
        open_twice(place)
    told = str(refused.value)
    assert said in told, told
    assert "\n" not in told
    assert "WRONGONE" not in told


def test_a_command_that_can_not_start_prints_one_line(postgres: PostgresServer, tmp_path: Path) -> None:
    for url, said in (
        (wrong_password(postgres), "refuses this password"),
        ("mysql://quire:WRONGONE@db/quire", "names a database of PostgreSQL"),
        ("quire:WRONGONE", "has no scheme"),
        ("postgresql://quire:WRONGONE@host:port/quire", "QUIRE_STORE_URL"),
    ):
        for command in (("papers", "check"), ("serve", "--port", "0")):
            done = quire_on(url, tmp_path, *command)
            told = done.stderr.decode()
            assert done.returncode == 1
            assert said in told, told
            assert told.count("\n") == 1, told
            assert "WRONGONE" not in told


def test_a_server_that_is_granted_too_few_connections_does_not_start(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    place = postgres.new_database("CONNECTION LIMIT 5")
    done = quire_on(place, tmp_path, "serve", "--port", "0")
    assert done.returncode == 1
    assert "grants 5 connections, and 14 may be needed" in done.stderr.decode()


def test_a_store_in_a_database_has_no_backup_of_our_own(postgres: PostgresServer, tmp_path: Path) -> None:
    done = quire_on(postgres.new_database(), tmp_path, "backup", tmp_path / "file")
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    assert b"pg_dump" in done.stderr


def test_an_empty_database_is_no_store_to_read(postgres: PostgresServer) -> None:
    with pytest.raises(StoreError, match="no store of papers"):
        Store(postgres.new_database())


@pytest.mark.parametrize("url", ["sqlite:///x", "mysql+pymysql://a:secret@b/c", "secret", "postgresql://"])
def test_the_url_of_another_database_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InputError, match="PostgreSQL") as refused:
        postgres_location(url)
    assert "secret" not in str(refused.value)


def test_a_place_is_shown_without_its_password() -> None:
    for url in (
        "postgresql://a:pass@b/c",
        "postgres://a@b/c?password=pass",
        "postgresql+psycopg://a:p%40pass@b/c",
        "postgresql://a:of/two/pass@b/c",
        "postgresql://a:asks?pass@b/c",
    ):
        assert "pass@" not in str(postgres_location(url))
        assert "=pass" not in str(postgres_location(url))
        assert "pass" not in repr(postgres_location(url)).replace("password", "")


def test_connections_end_with_their_store(postgres: PostgresServer) -> None:
    place = postgres.new_database()
    count = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name_of(place)}' AND client_port IS NOT NULL"
    for _ in range(5):
        with stored(place, [paper(1)]) as store:
            assert len(store) == 1
        with pytest.raises(StoreError), open_for_writing(place, "test"):
            raise StoreError("it fails")
    with PostgreSQL(PostgresLocation(postgres.url("postgres"))).connect("test") as other:
        other.autocommit = True  # a transaction sees one moment's connections
        until(lambda: other.execute(count.encode()).fetchone() == (0,), "connections are left")


def test_a_server_that_stands_still_is_given_up_by_every_reader() -> None:
    with postgres_server() as server:
        place = PostgresLocation(server.new_database().url, seconds=1)
        with stored(place, [paper(1)]) as store, ThreadPoolExecutor(12) as readers:
            assert len(store.page().papers) == 1
            with server.frozen():
                pages = [readers.submit(store.page) for _ in range(12)]
                for page in pages:
                    with pytest.raises(StoreError, match=r"can't be reached|busy"):
                        page.result(60)
            until(lambda: can_read(store), "the store stays away")


def can_read(store: Store) -> bool:
    try:
        return len(store.page().papers) == 1
    except StoreError:
        return False


MOUNTS = "/dev/sda1 / ext4 rw 0 0\nhost:/export /mnt/share\\040one nfs4 rw 0 0\n"


def test_a_file_on_a_network_is_refused(tmp_path: Path) -> None:
    assert file_system(Path("/mnt/share one/quire"), MOUNTS) == "nfs4"
    assert file_system(Path("/home"), MOUNTS) == "ext4"
    (tmp_path / "mounts").write_text(f"host:/x {tmp_path} cifs rw 0 0\n")
    with pytest.raises(StoreError, match=r"network file system \(cifs\)"):
        check_local(tmp_path / "data", tmp_path / "mounts")
    check_local(tmp_path / "data", tmp_path / "not there")
