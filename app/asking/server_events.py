"""Server-sent events as they arrive (WHATWG HTML, 9.2), read byte by byte and forgiving what servers get wrong."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson

from app.errors import ChatError

_LINE = re.compile(rb"\r\n|\n|\r")
_MOST_BYTES = 4 << 20


@dataclass(slots=True)
class EventReader:
    """Turns packets into the data of events; a packet may end anywhere, inside a character too.

    >>> reader = EventReader()
    >>> list(reader.feed(b'data: {"a"')), list(reader.feed(b': 1}\\n\\n'))
    ([], [b'{"a": 1}'])
    """

    _rest: bytes = b""
    _data: list[bytes] = field(default_factory=list)
    _is_failure: bool = False

    def feed(self, packet: bytes) -> Iterator[bytes]:
        """The data of the events that this packet completes. Raises ChatError for one that grows without end."""
        buffer = self._rest + packet
        start = 0
        for end in _LINE.finditer(buffer):
            if end[0] == b"\r" and end.end() == len(buffer):
                break  # its line feed may be still to come
            yield from self._line(buffer[start : end.start()])
            start = end.end()
        self._rest = buffer[start:]
        if len(self._rest) + sum(map(len, self._data)) > _MOST_BYTES:
            raise ChatError(f"the model's server sends an event of more than {_MOST_BYTES:,} bytes")

    def end(self) -> Iterator[bytes]:
        """The data of an event whose empty line never came."""
        yield from self._line(self._rest.rstrip(b"\r"))
        yield from self._line(b"")

    def _line(self, line: bytes) -> Iterator[bytes]:
        if not line:
            if self._data:
                data, self._data = b"\n".join(self._data), []
                yield _failure(data) if self._is_failure else data
            self._is_failure = False
            return
        line = line.removeprefix(b"\xef\xbb\xbf")
        if line.startswith(b"{"):  # a server that failed and forgot the form
            yield line
            return
        name, _, value = line.partition(b":")
        if name == b"data":  # comments and ids of events are of no use to us
            self._data.append(value.removeprefix(b" "))
        elif name == b"event":
            self._is_failure = value.strip() == b"error"


def _failure(data: bytes) -> bytes:
    """What an event called `error` says, in the form in which other servers say it."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = data.decode("utf-8", "replace")
    return data if isinstance(value, dict) and value.get("error") else orjson.dumps({"error": value})
