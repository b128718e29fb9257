"""The server fetches the day's papers by itself where it is told to: once, at its time, and whatever happens."""

import os
import signal
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from app.commands.papers import fetch_day
from app.errors import SourceError, StoreLocked
from app.papers.store.reading import Store
from app.papers.store.writing import open_for_writing
from app.serving.schedule import SupervisedProcess, next_time, work_daily
from app.settings import Settings
from tests.papers.sources.arxiv_forms import Sample
from tests.papers.sources.arxiv_server import arxiv
from tests.server import QUIRE, ROOT, environment, server_process, wait_for, workers_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Days:
    """Three days that pass as fast as they are waited for; `work` fails with what it is given, then succeeds."""

    def __init__(self, *failures: Exception) -> None:
        self.now = NOON
        self.failures = list(failures)
        self.worked: list[datetime] = []

    def over(self, seconds: float) -> bool:
        self.now += timedelta(seconds=seconds)
        return self.now >= NOON + timedelta(days=3)

    def work(self) -> None:
        self.worked.append(self.now)
        if self.failures:
            raise self.failures.pop(0)

    def pass_by(self) -> list[str]:
        """The times at which there was work."""
        at = time(6, 30)
        work_daily(next_time(self.now, at), at, self.work, self.over, clock=lambda: self.now)
        return [f"{instant:%d %H:%M}" for instant in self.worked]


def test_there_is_work_once_a_day_at_its_time() -> None:
    assert Days().pass_by() == ["24 06:30", "25 06:30", "26 06:30"]


@pytest.mark.parametrize(
    ("failure", "level"),
    [(SourceError("arXiv is away"), "warning"), (ZeroDivisionError("a defect"), "error")],
)
def test_a_failure_is_logged_and_the_next_day_tried_again(failure: Exception, level: str) -> None:
    with capture_logs() as logs:
        assert Days(failure).pass_by() == ["24 06:30", "25 06:30", "26 06:30"]
    assert [entry["log_level"] for entry in logs] == [level]


def test_while_another_process_writes_it_is_tried_every_ten_minutes() -> None:
    busy = StoreLocked("an import writes")
    assert Days(busy, busy).pass_by() == ["24 06:30", "24 06:40", "24 06:50", "25 06:30", "26 06:30"]


def test_the_time_is_reached_though_the_clock_is_set_on_the_way() -> None:
    days = Days()
    steps: list[Callable[[], None]] = [lambda: setattr(days, "now", days.now + timedelta(hours=17))]

    def over(seconds: float) -> bool:
        if steps:
            steps.pop()()
        return days.over(seconds)

    work_daily(next_time(NOON, time(6)), time(6), days.work, over, clock=lambda: days.now)
    assert [f"{instant:%d %H:%M}" for instant in days.worked] == ["24 06:00", "25 06:00", "26 06:00"]


def test_a_clock_that_was_years_ahead_when_the_server_started_costs_a_day_at_most() -> None:
    days = Days()
    far_ahead = next_time(NOON + timedelta(days=4000), time(6))
    work_daily(far_ahead, time(6), days.work, days.over, clock=lambda: days.now)
    assert [f"{instant:%d %H:%M}" for instant in days.worked] == ["24 06:00", "25 06:00", "26 06:00"]


def soon() -> str:
    """A time of day that a server which is started now has still before it."""
    return f"{datetime.now(UTC) + timedelta(seconds=12):%H:%M:%S}"


def test_one_process_fetches_for_all_workers_and_ends_with_the_server(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    with arxiv(papers=[Sample("2611.00001", title="Zeros", datestamp=today)], announced=today) as source:
        settings = {
            "ARXIV_FEEDS": source.addresses.feeds,
            "FETCH_DAILY": "cs.AI, cs.LG",
            "FETCH_AT": soon(),
        }
        with server_process(tmp_path, "--workers", "2", settings=settings) as (address, process):
            children = workers_of(process)

            def found() -> bool:
                answer = httpx.get(f"{address}/api/v1/papers", params={"q": "zeros"}, trust_env=False)
                return "2611.00001" in answer.text

            wait_for(found)
            metrics = httpx.get(f"{address}/metrics", trust_env=False).text
            assert 'arxiv_requests_total{endpoint="feeds",outcome="answered"} 1.0' in metrics
            process.terminate()
            assert process.wait(300) == 0
            wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))
        assert [request.path for request in source.requests] == ["/atom/cs.AI+cs.LG"]


def test_a_server_that_is_killed_takes_the_process_along(tmp_path: Path) -> None:
    with server_process(tmp_path, settings={"FETCH_DAILY": "cs.AI"}) as (_, process):
        children = workers_of(process)
        assert children
        process.kill()
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))


def daily_processes(process: subprocess.Popen[str]) -> set[int]:
    """The processes of the daily work: a server has no other one that a fresh interpreter runs."""
    return {pid for pid in workers_of(process) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_process_that_is_killed_is_started_again(tmp_path: Path, workers: str) -> None:
    with server_process(tmp_path, "--workers", workers, settings={"FETCH_DAILY": "cs.AI"}) as (_, process):
        (killed,) = daily_processes(process)
        os.kill(killed, signal.SIGKILL)
        wait_for(lambda: bool(daily_processes(process) - {killed}))
        process.terminate()
        assert process.wait(300) == 0


def start_and_end(file: Path) -> None:
    """What the process of the next test does: it notes that it was started, and dies."""
    with file.open("a") as stream:
        stream.write("started\n")
    os._exit(3)


def test_a_process_that_dies_at_once_is_not_started_without_end(tmp_path: Path) -> None:
    file = tmp_path / "starts"

    def died(times: int) -> bool:
        daily.look_after()
        return len(logs) == times

    with capture_logs() as logs:
        daily = SupervisedProcess("daily", start_and_end, (file,), lambda: (file,))
        wait_for(lambda: died(1))
        wait_for(lambda: died(2))
        for _ in range(10):
            daily.look_after()
    daily.stop()
    assert [entry["exit"] for entry in logs] == [3, 3]
    assert file.read_text() == "started\n" * 2


def test_stopping_does_not_wait_for_a_process_that_hangs(tmp_path: Path) -> None:
    with server_process(tmp_path, settings={"FETCH_DAILY": "cs.AI"}) as (_, process):
        (hanging,) = daily_processes(process)
        os.kill(hanging, signal.SIGSTOP)
        process.terminate()
        assert process.wait(300) == 0
    wait_for(lambda: not Path(f"/proc/{hanging}").exists())


def test_the_day_waits_for_an_import_and_asks_nobody_before(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    with arxiv(papers=[Sample("2611.00001", datestamp=today)], announced=today) as source:
        settings = Settings(data_dir=tmp_path, fetch_daily=("cs.AI",), arxiv_feeds=source.addresses.feeds)
        with open_for_writing(settings.store_location, "an import"):
            with pytest.raises(StoreLocked, match="an import"):
                fetch_day(settings)
            assert source.requests == []
        fetch_day(settings)
    with Store(settings.store_location) as store:
        assert len(store) == 1


def test_nothing_is_started_where_nothing_is_asked_for_or_offline(library_folder: Path) -> None:
    for settings in ({}, {"FETCH_DAILY": "cs.AI", "OFFLINE": "true"}):
        with server_process(library_folder, settings=settings) as (_, process):
            assert workers_of(process) == set()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"FETCH_DAILY": "cs.XX"}, "not a category of arXiv"),
        ({"FETCH_AT": "half past six"}, "QUIRE_FETCH_AT"),
        ({"FETCH_AT": "06:30+02:00"}, "in UTC"),
    ],
)
def test_a_setting_that_makes_no_sense_is_said_in_a_line(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    done = subprocess.run(
        [*QUIRE, "serve", "--port", "0"],
        env=environment(tmp_path, **settings),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
