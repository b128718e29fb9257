"""The dependencies of request handlers: the services that `create_app` builds, and facts about the request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ParamSpec, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.to_thread import current_default_thread_limiter
from fastapi import Depends, Request
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from app.errors import Overloaded, Sentence
from app.papers.fetch_job import Fetches
from app.papers.meaning.searching import Meaning
from app.papers.search.searching import SearchIndex
from app.papers.store.reading import Store
from app.tokenizer.registry import ModelRegistry
from app.web.asking.service import Asking
from app.web.long_json import LongAnswers
from app.web.middleware.keys import Keys, Scope

P = ParamSpec("P")
T = TypeVar("T")

SMALL_TEXT = 4096
"""Texts up to so many characters are tokenised at once: a thread would cost more than the work (about 0.1 ms)."""


@dataclass(frozen=True)
class Limits:
    """The bounds of one request, in the unit that each name gives."""

    body_bytes: int
    text_bytes: int
    batch: int
    ids: int
    model_len: int
    lattice_bytes: int
    query_bytes: int


@dataclass
class RequestThreads:
    """Runs what would block the event loop in threads, a bounded number at once and a bounded number waiting.

    Heavy requests have threads of their own, and so have short texts for tokenizers in processes of their own; requests
    that read papers share the threads that FastAPI runs functions in, `concurrent` too. More would only take turns at
    the interpreter, each with a connection to the store and a heap.
    """

    concurrent: int
    waiting: int
    readers_waiting: int
    _limiter: CapacityLimiter | None = field(default=None, init=False)
    _short: CapacityLimiter | None = field(default=None, init=False)
    _looking: CapacityLimiter | None = field(default=None, init=False)

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `function` in a thread; raises Overloaded at once where too many wait already."""
        if self._limiter is None:
            self._limiter = CapacityLimiter(self.concurrent)
        return await self._run(self._limiter, lambda: function(*args, **kwargs))

    async def run_short(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for short work, which does not wait behind heavy requests."""
        if self._short is None:
            self._short = CapacityLimiter(self.concurrent)
        return await self._run(self._short, lambda: function(*args, **kwargs))

    async def _run(self, limiter: CapacityLimiter, function: Callable[[], T]) -> T:
        if limiter.statistics().tasks_waiting >= self.waiting:
            raise Overloaded(
                Sentence(
                    "{count} requests are waiting already (QUIRE_MAX_WAITING); try again in a moment",
                    count=self.waiting,
                )
            )
        return await anyio.to_thread.run_sync(function, limiter=limiter)

    def bound_readers(self) -> None:
        """Bound the threads of FastAPI in the event loop that runs."""
        current_default_thread_limiter().total_tokens = self.concurrent

    @property
    def looking(self) -> CapacityLimiter:
        """The one thread that checks whether the server can work."""
        if self._looking is None:
            self._looking = CapacityLimiter(1)
        return self._looking

    def check_readers(self) -> None:
        """Raises Overloaded where too many readers wait already."""
        if current_default_thread_limiter().statistics().tasks_waiting >= self.readers_waiting:
            raise Overloaded(
                Sentence(
                    "{count} readers are waiting already (QUIRE_MAX_READERS_WAITING); try again in a moment",
                    count=self.readers_waiting,
                )
            )


@dataclass(frozen=True)
class Services:
    """Everything that lives as long as the process."""

    limits: Limits
    models: ModelRegistry
    store: Store
    index: SearchIndex
    meaning: Meaning
    work: RequestThreads
    answers: LongAnswers
    asking: Asking
    requests_folder: Path
    """Where the queue of requests to papers' sources keeps what it remembers."""
    fetches: Fetches
    """What fetches papers where a page asks for it."""
    keys: Keys
    keys_required: frozenset[Scope] = frozenset()
    """The scopes for which the operator asks for a key."""
    fetch_on_loopback: bool = True
    """Whether a visitor on this machine may have papers fetched without a key."""
    feed_answers: bool = False
    """Whether the feed of papers by their ids holds the answers kept about them."""
    contact: str = ""
    """Whom the operator named to be written to."""
    index_path: Path = Path()
    """The folder of this machine's index."""
    max_behind_seconds: float = 60.0
    """How far that may lag behind a database before this machine is not ready."""


def get_services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def room_to_read(request: Request) -> None:
    """Admits a request that will read papers in a thread; raises Overloaded where too many wait to do so."""
    get_services(request).work.check_readers()


# Not plain functions: FastAPI would send each of them through a thread, and a request would queue once more for it.
async def _services(request: Request) -> Services:
    return get_services(request)


async def _models(request: Request) -> ModelRegistry:
    return get_services(request).models


async def _limits(request: Request) -> Limits:
    return get_services(request).limits


async def _store(request: Request) -> Store:
    return get_services(request).store


async def _index(request: Request) -> SearchIndex:
    return get_services(request).index


def _in_digits(value: object) -> object:
    """Python reads 1_0, +1 and digits of any script as numbers; an address has one spelling."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise PydanticCustomError("int_parsing", "a whole number is written in digits, such as 25")
    return value


WholeNumber = Annotated[int, BeforeValidator(_in_digits)]
"""A number of an address."""

ServicesDep = Annotated[Services, Depends(_services)]
ModelsDep = Annotated[ModelRegistry, Depends(_models)]
LimitsDep = Annotated[Limits, Depends(_limits)]
StoreDep = Annotated[Store, Depends(_store)]
IndexDep = Annotated[SearchIndex, Depends(_index)]
