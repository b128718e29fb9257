"""One answer while it comes: the events that all who wait for it read, from the first one or from where they were.

An event is bytes as they are sent. Its id names the answer and its number, so that a reader who lost the connection
goes on after the last event that it saw.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import orjson

KEEP_ALIVE = b": still here\n\n"


def event(asking: str, number: int, name: str, data: Mapping[str, Any]) -> bytes:
    """An event as it is sent.

    >>> event("a1", 2, "text", {"text": "So"})
    b'id: a1-2\\nevent: text\\ndata: {"text":"So"}\\n\\n'
    """
    return f"id: {asking}-{number}\nevent: {name}\ndata: ".encode() + orjson.dumps(data) + b"\n\n"


def place_of(event_id: str) -> tuple[str, int]:
    """The answer and the number that an event's id names; an empty name for an id that this server did not give."""
    asking, _, number = event_id.rpartition("-")
    return (asking, int(number)) if number.isascii() and number.isdigit() and len(number) < 10 else ("", 0)


class Generation:
    """The events of one answer, and who reads them."""

    def __init__(self, asking: str, key: str) -> None:
        self.asking = asking
        self.key = key
        self.finished = False
        self.task: asyncio.Task[None] | None = None
        self._events: list[bytes] = []
        self._changed = asyncio.Event()
        self._readers = 0
        self._gone = 0
        """Readers whose connection ended before the answer did, and who did not come back."""

    @property
    def is_read(self) -> bool:
        """Whether anybody reads it now."""
        return self._readers > 0

    def add(self, name: str, data: Mapping[str, Any]) -> None:
        """Sends one more event to all readers."""
        self._events.append(event(self.asking, len(self._events) + 1, name, data))
        self._wake()

    def finish(self) -> None:
        """Nothing follows."""
        self.finished = True
        self._wake()

    def stop(self) -> bool:
        """One reader has left; ends it where no other is left. Whether it was ended."""
        if self._gone:
            self._gone -= 1
            others = self._readers
        else:
            others = self._readers - 1
        if others > 0 or self.finished or self.task is None:
            return False
        self.task.cancel()
        return True

    async def follow(self, after: int, keep_alive: float) -> AsyncGenerator[bytes, None]:
        """The events after number `after`, as they come, with a comment where none came for `keep_alive` seconds."""
        if after:
            self._gone = max(0, self._gone - 1)
        self._readers += 1
        try:
            while True:
                changed = self._changed
                if after < len(self._events):
                    waiting = b"".join(self._events[after:])
                    after = len(self._events)
                    yield waiting
                    continue
                if self.finished:
                    return
                try:
                    await asyncio.wait_for(changed.wait(), keep_alive)
                except TimeoutError:
                    yield KEEP_ALIVE
        finally:
            self._readers -= 1
            if not self.finished:
                self._gone += 1

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
