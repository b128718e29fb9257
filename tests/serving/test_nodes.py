"""Several servers on one database: what comes in anywhere is found everywhere, and each says how far behind it is."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
import pytest

from app.commands.papers import fetch_day
from app.papers.store.location import PostgresLocation
from app.papers.store.lock import writer_lock
from app.papers.store.reading import Store
from app.settings import Settings
from tests.nodes import finds, nodes, quire_on, until
from tests.papers.sources.arxiv_forms import Sample
from tests.papers.sources.arxiv_server import arxiv
from tests.postgres import PostgresServer, postgres_server


@pytest.fixture(scope="module")
def place(postgres: PostgresServer) -> PostgresLocation:
    return postgres.new_database()


@pytest.fixture(scope="module")
def addresses(place: PostgresLocation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    with nodes(place, tmp_path_factory.mktemp("nodes"), 3, KEYS_REQUIRED="admin") as found:
        yield found


def record(number: int, title: str) -> bytes:
    kept = {
        "id": f"2701.{number:05}",
        "title": title,
        "abstract": "Of nothing.",
        "categories": "cs.AI",
        "authors": "Emmy Noether",
        "update_date": "2027-01-04",
    }
    return json.dumps(kept).encode() + b"\n"


def get(address: str, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{address}{path}", headers=headers, trust_env=False, timeout=300)


def does_find(address: str, query: str) -> bool:
    return finds(address, query) == 1


def is_in_step(address: str) -> bool:
    return bool(get(address, "/readyz").json()["index"]["behind"] == 0)


def is_ready(address: str) -> bool:
    return get(address, "/readyz").status_code == 200


def answers(address: str, key: str, status: int) -> bool:
    return get(address, "/metrics", authorization=f"Bearer {key}").status_code == status


def test_a_paper_imported_anywhere_is_found_everywhere(
    addresses: list[str], place: PostgresLocation, tmp_path: Path
) -> None:
    (tmp_path / "one.jsonl").write_bytes(record(1, "Xylophones"))
    done = quire_on(place, tmp_path / "elsewhere", "papers", "import", tmp_path / "one.jsonl")
    assert done.returncode == 0, done.stderr.decode()
    for address in addresses:
        until(partial(does_find, address, "xylophones"), f"{address} does not find it")
        assert get(address, "/api/v1/papers/2701.00001").json()["title"] == "Xylophones"
    assert not (tmp_path / "elsewhere" / "index").exists(), "who only imports needs no index"


def test_each_server_says_which_store_it_has_and_how_far_behind_it_is(addresses: list[str]) -> None:
    for address in addresses:
        until(partial(is_in_step, address), "it stays behind")
        ready = get(address, "/readyz").json()
        assert (ready["status"], ready["store"]["kind"]) == ("ready", "postgresql")
        assert ready["store"]["papers"] == ready["index"]["papers"]


def test_a_new_server_joins_without_stopping_anyone(
    addresses: list[str], place: PostgresLocation, tmp_path: Path
) -> None:
    with nodes(place, tmp_path, 1) as (newcomer,):
        assert get(newcomer, "/readyz").status_code == 200
        assert finds(newcomer, "tokenizer") == finds(addresses[0], "tokenizer") > 0
        assert all(get(address, "/readyz").status_code == 200 for address in addresses)


def test_a_key_holds_at_every_server_and_is_revoked_at_every_one(
    addresses: list[str], place: PostgresLocation, tmp_path: Path
) -> None:
    made = quire_on(place, tmp_path, "keys", "new", "operator", "--scope", "admin")
    assert made.returncode == 0, made.stderr.decode()
    key = made.stdout.decode().strip()
    twice = quire_on(place, tmp_path, "keys", "new", "operator", "--scope", "admin")
    assert "already" in twice.stderr.decode()
    assert b"operator\tadmin" in quire_on(place, tmp_path, "keys", "list").stdout
    for address in addresses:
        until(partial(answers, address, key, 200), "the key is not taken")
        assert get(address, "/metrics").status_code == 401
    assert quire_on(place, tmp_path, "keys", "revoke", "operator").returncode == 0
    for address in addresses:
        until(partial(answers, address, key, 401), "the key is taken still")


def test_a_server_whose_index_is_too_far_behind_is_not_ready_until_it_has_caught_up(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    place = postgres.new_database()
    with nodes(place, tmp_path, 1):
        pass
    folder = tmp_path / "node0" / "index"
    (tmp_path / "one.jsonl").write_bytes(record(2, "Violas"))
    with ExitStack() as held:
        held.enter_context(writer_lock(folder / "writer.lock", "a test"))
        (address,) = held.enter_context(nodes(place, tmp_path, 1, MAX_BEHIND_SECONDS="0.5"))
        assert quire_on(place, tmp_path / "other", "papers", "import", tmp_path / "one.jsonl").returncode == 0
        until(lambda: get(address, "/readyz").status_code == 503, "it says that it is ready")
        ready = get(address, "/readyz")
        assert "QUIRE_MAX_BEHIND_SECONDS" in ready.json()["reasons"]["index"]
        assert ready.headers["retry-after"]
        assert get(address, "/api/v1/papers/2701.00002").status_code == 200, (
            "the store itself is never behind"
        )
    with nodes(place, tmp_path, 1, MAX_BEHIND_SECONDS="0.5") as (address,):
        assert does_find(address, "violas")


def test_a_server_follows_on_after_the_database_was_restarted(tmp_path: Path) -> None:
    with postgres_server() as server:
        place = server.new_database()
        with nodes(place, tmp_path, 2, STORE_SECONDS="3") as addresses:
            server.stop("immediate")
            for address in addresses:
                away = get(address, "/api/v1/papers?limit=3")
                assert away.status_code == 503
                assert away.headers["retry-after"]
                assert away.json()["type"] == "/problems/store-unavailable"
                assert get(address, "/readyz").json()["reasons"].keys() == {"store", "index"}
                assert get(address, "/healthz").status_code == 200
                said = httpx.post(f"{address}/tokenize", json={"content": "on"}, trust_env=False, timeout=300)
                assert said.status_code == 200, "what needs no paper goes on"
            server.start()
            (tmp_path / "one.jsonl").write_bytes(record(3, "Zithers"))
            done = quire_on(place, tmp_path / "other", "papers", "import", tmp_path / "one.jsonl")
            assert done.returncode == 0, done.stderr.decode()
            for address in addresses:
                until(partial(is_ready, address), "it stays away")
                until(partial(does_find, address, "zithers"), "it does not follow")


def test_the_day_is_fetched_once_by_servers_that_share_a_database(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    place, today = postgres.new_database(), datetime.now(UTC).date()
    with arxiv(papers=[Sample("2611.00001", datestamp=today)], announced=today) as source:
        for name in ("one", "two", "three"):
            given = Settings(
                data_dir=tmp_path / name,
                store_url=place.url,
                fetch_daily=("cs.AI",),
                arxiv_feeds=source.addresses.feeds,
            )
            fetch_day(given)
        assert [request.path for request in source.requests] == ["/atom/cs.AI"]
    with Store(place) as store:
        assert len(store) == 1
