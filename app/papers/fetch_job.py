"""The fetch that a running server was asked for: one at a time, in a process of its own, seen by every worker.

What is known of it lies in a file of the folder that the queue of requests has too, so that every worker answers the
same. The process holds a lock for as long as it works; it may be killed at any moment, as every fetch may.
"""

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from app.errors import (
    FileError,
    InputError,
    NotFound,
    QuireError,
    Sentence,
    SourceError,
    StoreLocked,
    dump_message,
    read_message,
)
from app.papers.categories import codes_to_fetch
from app.papers.intake import ImportResult
from app.papers.models import parse_id
from app.papers.receiving import receive
from app.papers.sources import fetching
from app.papers.sources.client import Addresses, PoliteClient
from app.papers.sources.fetching import FetchedBatch
from app.papers.store.location import PostgresLocation, StoreLocation

State = Literal["running", "done", "failed", "cancelled"]

_MOST_IDS = 100
_START_SECONDS = 60.0
"""A process that has not taken its lock after so long never will."""
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class FetchState:
    """What is known of a fetch: what was asked for, how far it is, and in `said` its last sentence or its failure."""

    id: str
    state: State
    categories: tuple[str, ...]
    ids: tuple[str, ...]
    said: str
    papers: int
    """How many came, and how many of them were new here."""
    new: int
    started: str
    finished: str | None = None


@dataclass(frozen=True)
class FetchPlace:
    """Where a fetch reads and writes, and under which name it asks: what the settings say."""

    store_location: StoreLocation
    index_path: Path
    folder: Path
    version: str
    contact: str
    daily_budget: int
    addresses: Addresses
    offline: bool


class Fetches:
    """Starts, shows and stops the fetch of a place; at most one is under way."""

    def __init__(self, place: FetchPlace) -> None:
        self.place = place
        self._process: subprocess.Popen[str] | None = None
        self._started = ""

    def start(self, categories: Sequence[str] = (), ids: Sequence[str] = ()) -> FetchState:
        """Begins to fetch the newest day of categories, or papers by their ids.

        Returns the fetch under way where it is after the same. Raises InputError for what arXiv can't be asked for,
        SourceError where Quire is offline, StoreLocked where another fetch is under way.
        """
        wanted = _checked(categories, ids)
        if self.place.offline:
            raise SourceError(Sentence("Quire is offline (QUIRE_OFFLINE is set) and contacts no other host"))
        self.place.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.place.folder / "job-start.lock"):
            under_way = self.current()
            if under_way is not None and under_way.state == "running":
                if (under_way.categories, under_way.ids) == wanted:
                    return under_way
                what = tuple(under_way.categories or under_way.ids)
                raise StoreLocked(Sentence("{what} is being fetched; wait for it, or cancel it", what=what))
            now = _now()
            state = FetchState(uuid.uuid4().hex, "running", *wanted, "", 0, 0, now)
            _write(self.place.folder, state)
            self._started = state.id
            self._run()
        return state

    def current(self) -> FetchState | None:
        """The fetch under way, or else the last one; None where there was none."""
        state = _read(self.place.folder)
        if state is None or state.state != "running":
            return state
        ended = self._started == state.id and self._process is not None and self._process.poll() is not None
        begun = (datetime.now(UTC) - datetime.fromisoformat(state.started)).total_seconds()
        if _is_held(self.place.folder) or (begun < _START_SECONDS and not ended):
            return state
        state = _read(self.place.folder) or state  # it may have ended just before we looked at its lock
        if state.state != "running":
            return state
        return replace(state, state="failed", said=Sentence("the fetch was interrupted; start it again"))

    def named(self, id: str) -> FetchState:
        """A fetch by its id; raises NotFound for one that is over and was followed by another."""
        state = self.current()
        if state is None or state.id != id:
            raise NotFound(
                Sentence("there is no fetch {id!r}; the last one is at /api/v1/fetches", id=id[:40]), "?id"
            )
        return state

    def cancel(self, id: str) -> None:
        """Stops a fetch within a moment; what came before stays. Raises NotFound like `named`."""
        if self.named(id).state == "running":
            (self.place.folder / "job.cancel").write_text(id)

    def _run(self) -> None:
        store = self.place.store_location
        plan = {
            **asdict(self.place),
            "store_location": str(store) if isinstance(store, Path) else asdict(store),
            "index_path": str(self.place.index_path),
            "folder": str(self.place.folder),
        }
        # Its standard input stays open as long as we live: it ends with us.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app.papers.fetch_job"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        pipe = self._process.stdin
        if pipe is not None:
            pipe.write(json.dumps(plan) + "\n")
            pipe.flush()


def _checked(categories: Sequence[str], ids: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if bool(categories) == bool(ids):
        raise InputError(Sentence("name categories, or ids of papers, and not both"), "/categories")
    if len(ids) > _MOST_IDS:
        raise InputError(
            Sentence("{count} ids are too many at once; up to {most}", count=len(ids), most=_MOST_IDS),
            "/ids",
        )
    if ids:
        return (), tuple(dict.fromkeys(parse_id(name)[0] for name in ids))
    return tuple(codes_to_fetch(categories)), ()


class _Reporter:
    """Writes how far a fetch is, and its end only once, whichever thread reaches it first."""

    def __init__(self, folder: Path, state: FetchState) -> None:
        self.folder, self.state = folder, state
        self._writing = threading.Lock()

    def change(self, **values: Any) -> None:
        with self._writing:
            if self.state.state == "running":
                self.state = replace(self.state, **values)
                _write(self.folder, self.state)

    def end(self, state: State, said: str) -> None:
        self.change(state=state, said=said, finished=_now())


def run(place: FetchPlace, is_over: Callable[[], bool]) -> None:
    """Works off the fetch that the folder names, until it ends, is cancelled, or `is_over`."""
    state = _read(place.folder)
    if state is None or state.state != "running":
        return
    reporter = _Reporter(place.folder, state)
    with FileLock(place.folder / "job.lock"):
        threading.Thread(target=_watch, args=(reporter, is_over), daemon=True).start()
        try:
            result = _fetch(place, reporter)
        except QuireError as error:
            reporter.end("failed", error.message)
        else:
            reporter.end("done", _in_words(result))


def _in_words(result: ImportResult) -> str:
    return Sentence(
        "{new:,} new, {updated:,} updated, {unchanged:,} known already, {skipped:,} skipped",
        new=result.new,
        updated=result.updated,
        unchanged=result.unchanged,
        skipped=result.skipped,
    )


def _fetch(place: FetchPlace, reporter: _Reporter) -> ImportResult:
    asked = reporter.state
    with PoliteClient(
        place.folder,
        version=place.version,
        contact=place.contact,
        daily_budget=place.daily_budget,
        offline=place.offline,
        addresses=place.addresses,
        notice=lambda sentence: reporter.change(said=sentence),
    ) as client:

        def batches(places: Mapping[str, str]) -> Iterator[FetchedBatch]:
            if asked.ids:
                return fetching.fetch_papers(asked.ids, client)
            return fetching.fetch_newest(asked.categories, client, places=places)

        def report(batch: FetchedBatch, result: ImportResult) -> None:
            said = batch.label
            if batch.reached:
                said = Sentence("{label} up to {reached}", label=batch.label, reached=batch.reached)
            reporter.change(
                said=said,
                papers=result.new + result.updated + result.unchanged,
                new=result.new,
            )

        result = receive(
            place.store_location,
            place.index_path,
            batches,
            on_batch=report,
            command="quire serve, fetching for a page",
        )
    if asked.ids and not result.new + result.updated + result.unchanged:
        raise SourceError(Sentence("arXiv has no paper {names}", names=tuple(asked.ids)))
    return result


def _watch(reporter: _Reporter, is_over: Callable[[], bool]) -> None:
    cancel = reporter.folder / "job.cancel"
    while True:
        if cancel.is_file() and cancel.read_text() == reporter.state.id:
            cancel.unlink(missing_ok=True)
            reporter.end("cancelled", "")
            os._exit(0)
        if is_over():
            reporter.end("failed", Sentence("the server was stopped while it fetched; start it again"))
            os._exit(0)
        time.sleep(_LOOK_SECONDS)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _is_held(folder: Path) -> bool:
    lock = FileLock(folder / "job.lock", is_singleton=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _write(folder: Path, state: FetchState) -> None:
    beside = folder / f"job.json.{os.getpid()}"
    try:
        beside.write_text(json.dumps(asdict(state) | {"said": dump_message(state.said)}))
        beside.replace(folder / "job.json")
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise FileError(f"can't write to {folder}: {error.strerror or error}") from error


def _read(folder: Path) -> FetchState | None:
    path = folder / "job.json"
    try:
        kept = json.loads(path.read_bytes())
        kept |= {name: tuple(kept[name]) for name in ("categories", "ids")}
        return FetchState(**kept | {"said": read_message(kept["said"])})
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileError(f"can't read {path}: {error.strerror or error}") from error
    except (ValueError, TypeError, KeyError):
        return None  # of another Quire: as if there had been none


def _main() -> None:
    plan: dict[str, Any] = json.loads(sys.stdin.readline())
    plan["addresses"] = Addresses(**plan["addresses"])
    store = plan["store_location"]
    plan["store_location"] = Path(store) if isinstance(store, str) else PostgresLocation(**store)
    plan |= {name: Path(plan[name]) for name in ("index_path", "folder")}
    gone = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        gone.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    run(FetchPlace(**plan), gone.is_set)
    os._exit(0)  # the thread that reads standard input would hold us up


if __name__ == "__main__":
    _main()
