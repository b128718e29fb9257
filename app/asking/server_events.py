"""Server-sent events as they arrive (WHATWG HTML, 9.2), read byte by byte and forgiving what servers get wrong."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

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

    def feed(self, packet: bytes) -> Iterator[bytes]:
        """The data of the events that this packet completes. Raises ValueError for one that grows without end."""
        buffer = self._rest + packet
        start = 0
        for end in _LINE.finditer(buffer):
            if end[0] == b"\r" and end.end() == len(buffer):
                break  # its line feed may be still to come
            yield from self._line(buffer[start : end.start()])
            start = end.end()
        self._rest = buffer[start:]
        if len(self._rest) + sum(map(len, self._data)) > _MOST_BYTES:
            raise ValueError(f"an event is longer than {_MOST_BYTES} bytes")

    def end(self) -> Iterator[bytes]:
        """The data of an event whose empty line never came."""
        yield from self._line(self._rest.rstrip(b"\r"))
        yield from self._line(b"")

    def _line(self, line: bytes) -> Iterator[bytes]:
        if not line:
            if self._data:
                data, self._data = b"\n".join(self._data), []
                yield data
            return
        name, _, value = line.removeprefix(b"\xef\xbb\xbf").partition(b":")
        if name == b"data":  # comments, names and ids of events are of no use to us
            self._data.append(value.removeprefix(b" "))
