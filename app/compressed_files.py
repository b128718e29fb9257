"""Compressed files read as what is in them: gzip, xz and Zstandard, told apart by how they begin.

What lies before damage is given out before the damage is raised, and what follows the last compressed part is damage
too.
"""

import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from typing import IO, Any

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, zstd.ZstdError)
"""What reading raises where a compressed file is cut short or damaged."""

_MAGIC = ((b"\x1f\x8b", ".gz"), (b"\xfd7zXZ\0", ".xz"), (b"\x28\xb5\x2f\xfd", ".zst"))
_PART = 1 << 16


class _Xz:
    """The bytes of an .xz file; LZMAFile passes over what follows a stream and is none, as if it had been read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._stream = lzma.LZMADecompressor(lzma.FORMAT_XZ)

    def read1(self, size: int) -> bytes:
        """At most `size` bytes, none at the end."""
        while True:
            if self._stream.eof:
                rest = self._stream.unused_data
                while not (rest := rest.lstrip(b"\0")):  # streams may be padded with zeros
                    if not (rest := self._file.read(_PART)):
                        return b""
                self._stream = lzma.LZMADecompressor(lzma.FORMAT_XZ)
            elif self._stream.needs_input:
                if not (rest := self._file.read(_PART)):
                    raise EOFError("Compressed file ended before the end-of-stream marker was reached")
            else:
                rest = b""
            if part := self._stream.decompress(rest, size):
                return part


_OPENERS: dict[str, Callable[[IO[bytes]], Any]] = {
    ".gz": lambda file: gzip.GzipFile(fileobj=file),
    ".xz": _Xz,
    ".zst": zstd.ZstdFile,
}


class _Uncompressed(io.RawIOBase):
    """Gives out a part at a time: the readers of the libraries fill a buffer, and lose what is in it to an error."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._stream.read1(len(buffer))
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Goes on to a later position, by reading."""
        if whence != io.SEEK_SET or offset < self._position:
            raise io.UnsupportedOperation("a compressed file is read forwards")
        while self._position < offset and (part := self._stream.read1(min(offset - self._position, _PART))):
            self._position += len(part)
        return self._position

    def tell(self) -> int:
        return self._position


def compression(file: io.BufferedReader) -> str:
    """The ending that files of this compression have, "" for none, of a file that stands at its start.

    >>> compression(io.BufferedReader(io.BytesIO(gzip.compress(b"text"))))
    '.gz'
    """
    head = file.peek(6)
    return next((ending for magic, ending in _MAGIC if head.startswith(magic)), "")


def uncompressed(file: io.BufferedReader, ending: str | None = None) -> io.BufferedReader:
    """The bytes in a file that stands at its start; `ending` says its compression where that isn't to be looked for.

    Reading raises one of DAMAGE where a compressed file is cut short or damaged. It can be sought forwards only.

    >>> uncompressed(io.BufferedReader(io.BytesIO(gzip.compress(b"text")))).read()
    b'text'
    """
    kind = compression(file) if ending is None else ending
    return io.BufferedReader(_Uncompressed(_OPENERS[kind](file)), _PART) if kind else file
