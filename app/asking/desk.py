"""Takes questions and hands out answers: one generation for all readers who ask the same, a bounded queue, and
answers that were kept.

Nothing here knows HTTP. What blocks (the store, a paper's text, counting tokens) runs in threads.
"""

import asyncio
import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from app.asking.answering import Answerer, PaperQuestion
from app.asking.day_counts import DayCounts
from app.asking.generation import Generation, event, place_of
from app.asking.keeping import Keeper
from app.errors import Overloaded, QuireError, Sentence, UsedUp
from app.papers.answers import Answer
from app.papers.fulltext.blocks import Source

log = structlog.get_logger()

_REMEMBERED = 64
"""Answers that are remembered after their end, for readers whose connection broke off."""

_RETRY_SECONDS = 10.0


@dataclass(frozen=True)
class DeskBounds:
    """How much is done at once, how much may wait, and how often a reader may ask in a day (0: any number)."""

    at_once: int = 4
    waiting: int = 64
    per_day: int = 0
    keep_alive: float = 10.0


@dataclass(frozen=True)
class Surroundings:
    """What others do for the desk: `find` gives a kept answer, and blocks; `describe` describes a failure."""

    find: Callable[[PaperQuestion, str], Answer | None]
    keeper: Keeper
    counts: DayCounts
    describe: Callable[[QuireError], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a question would send to the model: of which text, how many tokens by our count, and what finds no room."""

    source: Source
    version: int | None
    tokens: int
    left_out: tuple[str, ...]


class Desk:
    """Gives out answers in one event loop."""

    def __init__(self, answerer: Answerer, bounds: DeskBounds, surroundings: Surroundings) -> None:
        self._answerer = answerer
        self._bounds = bounds
        self._around = surroundings
        self._turns = asyncio.Semaphore(bounds.at_once)
        self._queue: list[Generation] = []
        self._running: dict[str, Generation] = {}
        self._by_asking: OrderedDict[str, Generation] = OrderedDict()
        self._bringing_in: asyncio.Task[None] | None = None

    @property
    def model(self) -> str:
        """The name of the model. Raises NoChatModel where none is set."""
        return self._answerer.model

    async def ask(self, asked: PaperQuestion, last_event: str = "") -> AsyncGenerator[bytes, None]:
        """The events of an answer: one that was kept, one that is coming already, or a new one.

        `last_event` is the id of the last event that the reader has seen. Raises NoChatModel, UsedUp, or Overloaded
        where too many wait.
        """
        key = _key(asked, self.model)
        name, number = place_of(last_event)
        known = self._by_asking.get(name)
        if known is not None and known.key == key:
            return known.follow(number, self._bounds.keep_alive)
        if key not in self._running and not (asked.again or asked.after or asked.file):
            kept = await asyncio.to_thread(self._around.find, asked, self.model)
            if kept is not None:
                return _replay(kept, key, number if name == _kept_name(key) else 0)
        return self._join(asked, key).follow(0, self._bounds.keep_alive)

    async def cost(self, asked: PaperQuestion) -> Cost:
        """What a question would send to the model."""
        text, prompt = await self._answerer.prompt(asked)
        return Cost(text.source, text.version, prompt.tokens, prompt.left_out)

    def describe(self, error: QuireError) -> dict[str, Any]:
        """The object that describes a failure within a stream."""
        return self._around.describe(error)

    def stop(self, asking: str) -> None:
        """A reader has left an answer: it ends where no other reader is left."""
        generation = self._by_asking.get(asking)
        if generation is not None:
            generation.stop()

    async def wait_for_readers(self, patience: float) -> None:
        """Returns when nobody reads an answer that is being written, or after `patience` seconds."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and any(one.is_read for one in self._running.values()):
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        """Ends all that is running; nothing half is kept."""
        tasks = [generation.task for generation in self._running.values() if generation.task is not None]
        tasks += [self._bringing_in] if self._bringing_in is not None else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._answerer.close()

    def _join(self, asked: PaperQuestion, key: str) -> Generation:
        running = self._running.get(key)
        if running is not None:
            return running
        if len(self._queue) >= self._bounds.waiting:
            raise Overloaded(
                Sentence(
                    "{count} questions are waiting already (QUIRE_ASK_WAITING); try again later",
                    count=len(self._queue),
                ),
                10,
            )
        self._count(asked.reader)
        generation = Generation(secrets.token_hex(8), key)
        self._running[key] = self._by_asking[generation.asking] = generation
        for name in [name for name, other in self._by_asking.items() if other.finished][:-_REMEMBERED]:
            del self._by_asking[name]
        generation.task = asyncio.create_task(self._generate(asked, generation))
        return generation

    def _count(self, reader: str) -> None:
        most = self._bounds.per_day
        if not most:
            return
        if self._around.counts.of(reader) >= most:
            now = datetime.now(UTC)
            midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
            raise UsedUp(
                Sentence(
                    "a reader may have {most} questions answered in a day (QUIRE_ASK_PER_DAY); the count "
                    "starts again at 00:00 UTC, and kept answers can still be read",
                    most=most,
                ),
                max(1, int((midnight - now).total_seconds())),
            )
        self._around.counts.add(reader)

    async def _generate(self, asked: PaperQuestion, generation: Generation) -> None:
        try:
            await self._wait_for_turn(generation)
            try:
                await self._answer(asked, generation)
            finally:
                self._turns.release()
                self._show_places()
        except QuireError as error:
            generation.add("failed", self._around.describe(error))
        except asyncio.CancelledError:
            generation.add("failed", self._around.describe(Stopped(Sentence("the answer was stopped"))))
            raise
        except Exception:
            log.exception("defect")
            generation.add(
                "failed", self._around.describe(QuireError(Sentence("something unforeseen broke here")))
            )
        finally:
            self._running.pop(generation.key, None)
            generation.finish()

    async def _wait_for_turn(self, generation: Generation) -> None:
        if not self._turns.locked():
            await self._turns.acquire()
            return
        self._queue.append(generation)
        generation.add("waiting", {"asking": generation.asking, "place": len(self._queue)})
        try:
            await self._turns.acquire()
        finally:
            self._queue.remove(generation)

    def _show_places(self) -> None:
        """Sends each waiting reader its new place; the one whose turn comes now gets no event."""
        for place, generation in enumerate(self._queue[1:], start=1):
            generation.add("waiting", {"asking": generation.asking, "place": place})

    async def _answer(self, asked: PaperQuestion, generation: Generation) -> None:
        text, prompt = await self._answerer.prompt(asked)
        started = {
            "asking": generation.asking,
            "source": text.source,
            "version": text.version,
            "model": self.model,
            "tokens": prompt.tokens,
            "left_out": prompt.left_out,
        }
        generation.add("started", started)
        answer, prompt = await self._answerer.answer(asked, text, prompt, generation.add)
        if not (asked.after or asked.file):
            await self._keep(answer)
        usage = asdict(answer.usage) if answer.usage else None
        generation.add("done", {"answer": answer.answer, "usage": usage, "left_out": prompt.left_out})

    async def _keep(self, answer: Answer) -> None:
        if not await asyncio.to_thread(self._around.keeper.keep, answer):
            self.bring_in_later()

    def bring_in_later(self) -> None:
        """Brings answers that wait into the store, and goes on trying while another process writes to it."""
        if self._bringing_in is None or self._bringing_in.done():
            self._bringing_in = asyncio.create_task(self._bring_in())

    async def _bring_in(self) -> None:
        while not await asyncio.to_thread(self._around.keeper.bring_in):
            await asyncio.sleep(_RETRY_SECONDS)


class Stopped(QuireError):
    """A reader stopped the answer."""


def _key(asked: PaperQuestion, model: str) -> str:
    """Identifies a question: readers who ask the same wait for the same answer."""
    facts: Sequence[object] = (
        asked.paper.id,
        asked.version,
        asked.question.title,
        asked.question.prompt,
        asked.language,
        model,
        asked.after,
        asked.file,
    )
    return hashlib.sha256(repr(facts).encode("utf-8", "surrogatepass")).hexdigest()


def _kept_name(key: str) -> str:
    return f"kept{key[:16]}"


async def _replay(answer: Answer, key: str, after: int) -> AsyncGenerator[bytes, None]:
    """The events of an answer that was kept, at once; it costs nothing."""
    asking = _kept_name(key)
    started = {
        "asking": asking,
        "source": answer.source,
        "version": answer.version,
        "model": answer.model,
        "tokens": answer.usage.prompt_tokens if answer.usage else 0,
    }
    named: list[tuple[str, dict[str, Any]]] = [("started", started), ("text", {"text": answer.answer})]
    named += [("quote", asdict(quote)) for quote in answer.quotes]
    named.append(("done", {"answer": answer.answer, "usage": None}))
    events = [event(asking, number, name, data) for number, (name, data) in enumerate(named, start=1)]
    yield b"".join(events[after:])
