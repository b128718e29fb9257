"""Files as they are or as gzip, told apart by how they begin."""

import gzip
import io
from typing import IO, Any

_MAGIC = b"\x1f\x8b"


class _Gzip(io.RawIOBase):
    """Gives out what lies before damage before it raises: EOFError, zlib.error or gzip.BadGzipFile.

    GzipFile fills the caller's buffer first, and what it has read by then is lost with the error.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._stream = gzip.GzipFile(fileobj=file)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._stream.read1(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


def uncompressed(file: io.BufferedReader) -> io.RawIOBase | io.BufferedReader:
    """The bytes of a file that stands at its start, uncompressed."""
    return _Gzip(file) if file.peek(2)[:2] == _MAGIC else file
