"""Texts from files: plain or JSON lines, compressed or not, or standard input. Reads; decides nothing about tokens."""

import gzip
import io
import json
import lzma
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, cast

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from app.errors import FileError, InputError, RecordError

STANDARD_INPUT = "-"

LANGUAGE_FIELD = "lang"
"""The key at which a record may name the language of its text."""

_COMPRESSED = (".gz", ".xz", ".zst")


@dataclass(frozen=True)
class Corpus:
    """The texts of some files, read anew each time it is iterated; nothing but one text is held in memory.

    `.jsonl` files (also as `.jsonl.gz`, `.jsonl.xz`, `.jsonl.zst`) give the string at `text_field` of each line;
    all other files give a text a line, without the newline that ends it unless `keep_newlines`, or one text in all
    with `whole_file`. `-` is standard input, which can be iterated once. `on_read`, where given, is called with the
    number of (compressed) bytes that each step read. `span`, where given, is the part of the one file, in bytes,
    in which those lines begin that are read.

    Iterating raises FileError for a file that can't be read or is cut short, RecordError with file and line for a
    line that is no UTF-8, no JSON or has no such field.
    """

    paths: Sequence[str]
    text_field: str = "text"
    whole_file: bool = False
    keep_newlines: bool = False
    on_read: Callable[[int], None] | None = field(default=None, compare=False)
    span: tuple[int, int] | None = None

    def check(self) -> int:
        """Open every file once, so that a wrong name is told before the work; returns their size in bytes."""
        if not self.paths:
            raise InputError("No file was named; `-` reads standard input")
        total = 0
        for name in self.paths:
            if name == STANDARD_INPUT:
                continue
            with _open(name) as raw:
                total += raw.seek(0, io.SEEK_END)
        return total

    def split(self, size: int) -> list[tuple["Corpus", int]]:
        """A corpus for each `size` bytes of a file, and how many bytes it is; together they give the same texts.

        Neither a compressed file nor one that is a single text can be split. None of them calls `on_read`.
        """
        parts = []
        for name in self.paths:
            alone = replace(self, paths=[name], on_read=None)
            end = alone.check()
            whole = Path(name).suffix in _COMPRESSED or (self.whole_file and Path(name).suffix != ".jsonl")
            if whole or end <= size:
                parts.append((alone, end))
            else:
                starts = range(0, end, size)
                spans = [(start, min(start + size, end)) for start in starts]
                parts += [(replace(alone, span=span), span[1] - span[0]) for span in spans]
        return parts

    def __iter__(self) -> Iterator[str]:
        return (text for text, _ in self.with_languages())

    def with_languages(self) -> Iterator[tuple[str, str | None]]:
        """Each text with the language that its record names at "lang", None where it names none."""
        for name in self.paths:
            yield from self._read(name)

    def _read(self, name: str) -> Iterator[tuple[str, str | None]]:
        with _open(name) as raw:
            counted = cast(BinaryIO, io.BufferedReader(_Counted(raw, self.on_read))) if self.on_read else raw
            suffixes = [] if name == STANDARD_INPUT else Path(name).suffixes
            compression = suffixes.pop() if suffixes and suffixes[-1] in _COMPRESSED else ""
            stream = _decompressed(counted, compression)
            try:
                if suffixes[-1:] == [".jsonl"]:
                    yield from self._json_lines(name, stream)
                elif self.whole_file:
                    yield _decode(stream.read(), name, 1), None
                else:
                    for number, line in self._lines(stream):
                        text = _decode(line, name, number)
                        yield text if self.keep_newlines else text.removesuffix("\n"), None
            except RecordError as error:
                if self.span is None:
                    raise
                raise RecordError(
                    error.reason, name, error.line + _lines_before(name, self.span[0])
                ) from error
            except (EOFError, lzma.LZMAError, zstd.ZstdError, gzip.BadGzipFile, OSError) as error:
                raise FileError(f"{name}: broken or cut short: {error}") from error

    def _lines(self, stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
        """The lines, those that begin in the span if there is one, numbered from 1."""
        if self.span is None:
            yield from enumerate(stream, 1)
            return
        start, end = self.span
        at = stream.seek(max(0, start - 1))
        if start:
            at += len(stream.readline())  # what is left of a line that begins before
        for number, line in enumerate(stream, 1):
            if at >= end:
                return
            yield number, line
            at += len(line)

    def _json_lines(self, name: str, stream: BinaryIO) -> Iterator[tuple[str, str | None]]:
        for number, line in self._lines(stream):
            if not line.strip():
                continue
            try:
                record = json.loads(_decode(line, name, number))
            except ValueError as error:
                raise RecordError(f"no JSON: {error}", name, number) from error
            except RecursionError as error:
                raise RecordError(
                    "no JSON that can be read: it is nested too deeply", name, number
                ) from error
            text = record.get(self.text_field) if isinstance(record, dict) else None
            if not isinstance(text, str):
                raise RecordError(
                    f"no string at the key {self.text_field!r} (--field names another)", name, number
                )
            language = record.get(LANGUAGE_FIELD)
            yield text, language if isinstance(language, str) else None


class _Counted(io.RawIOBase):
    """Tells how many bytes were read, before any decompression."""

    def __init__(self, raw: BinaryIO, on_read: Callable[[int], None]) -> None:
        self._raw = raw
        self._on_read = on_read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self._on_read(len(data))
        return len(data)


def _open(name: str) -> BinaryIO:
    if name == STANDARD_INPUT:
        # A duplicate, so that closing it leaves the process's own standard input open.
        return open(sys.stdin.fileno(), "rb", closefd=False)
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise FileError(f"{name}: can't be read: {error.strerror}") from error


def _lines_before(name: str, start: int) -> int:
    """How many lines of a file begin before a byte; asked only where one of the lines after it is wrong."""
    with _open(name) as raw:
        last, before = start - 1, 0
        while last > 0 and (read := raw.read(min(last, 1 << 20))):
            before += read.count(b"\n")
            last -= len(read)
    return before + 1 if start else 0


def _decompressed(raw: BinaryIO, suffix: str) -> BinaryIO:
    if suffix == ".gz":
        return cast(BinaryIO, gzip.open(raw))
    if suffix == ".xz":
        return cast(BinaryIO, lzma.open(raw))
    return cast(BinaryIO, zstd.open(raw)) if suffix == ".zst" else raw


def _decode(line: bytes, name: str, number: int) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RecordError(
            f"no UTF-8: byte 0x{line[error.start]:02x} at column {error.start + 1}", name, number
        ) from error
