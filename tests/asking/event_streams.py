"""Asking a server over HTTP as a page does, and the events that it answers."""

import json
import threading
from typing import Any

import httpx

from tests.server import PATIENCE

Event = tuple[str, str, Any]
"""The name of an event, its id and its data."""


def ask(address: str, paper: str = "quire/0001", last: str = "", **body: Any) -> list[Event]:
    """All events of an answer."""
    headers = {"last-event-id": last} if last else {}
    url = f"{address}/api/v1/papers/{paper}/ask"
    answer = httpx.post(url, json=body, headers=headers, trust_env=False, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    return events(answer.text)


def events(text: str) -> list[Event]:
    """The events of a stream, or of a part of it that ends with an event."""
    found = []
    for part in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in part.split("\n") if not line.startswith(":") and line)
        if fields:
            found.append((fields["event"], fields["id"], json.loads(fields["data"])))
    return found


def names(found: list[Event]) -> list[str]:
    return [name for name, _, _ in found]


def text_of(found: list[Event]) -> str:
    return "".join(data["text"] for name, _, data in found if name == "text")


class Reader:
    """A reader in a thread of its own, whose events can be waited for while they come."""

    def __init__(self, address: str, paper: str = "quire/0001", last: str = "", **body: Any) -> None:
        self.events: list[Event] = []
        self.status = 0
        self._changed = threading.Condition()
        self._ended = False
        self._hang_up = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(address, paper, last, body))
        self._thread.start()

    def wait_for(self, name: str) -> list[Event]:
        """The events once there is one of this name."""
        with self._changed:
            found = self._changed.wait_for(lambda: name in names(self.events) or self._ended, PATIENCE)
        assert found, f"{name} did not come"
        assert name in names(self.events), names(self.events)
        return list(self.events)

    def end(self) -> list[Event]:
        """All events, once the stream has ended."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        return self.events

    def hang_up(self) -> list[Event]:
        """Closes the connection with the next bytes that come; what was read until then."""
        self._hang_up.set()
        return self.end()

    def _read(self, address: str, paper: str, last: str, body: dict[str, Any]) -> None:
        headers = {"last-event-id": last} if last else {}
        url = f"{address}/api/v1/papers/{paper}/ask"
        read = ""
        try:
            with httpx.stream(
                "POST", url, json=body, headers=headers, trust_env=False, timeout=PATIENCE
            ) as stream:
                self.status = stream.status_code
                for part in stream.iter_text():
                    read += part
                    whole, found, read = read.rpartition("\n\n")
                    self._note(events(whole + found))
                    if self._hang_up.is_set():
                        break
        except httpx.TransportError:
            pass  # the server was killed
        finally:
            self._note([], ended=True)

    def _note(self, found: list[Event], ended: bool = False) -> None:
        with self._changed:
            self.events += found
            self._ended |= ended
            self._changed.notify_all()
