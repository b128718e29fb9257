"""Texts from files: plain or JSON lines, compressed or not, or standard input. Reads; decides nothing about tokens."""

import io
import json
import os
import select
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Literal

from app.compressed_files import DAMAGE, compression, uncompressed
from app.errors import FileError, InputError, RecordError

STANDARD_INPUT = "-"

LANGUAGE_FIELD = "lang"
"""The key at which a record may name the language of its text."""

_COMPRESSED = (".gz", ".xz", ".zst")


_JSON_ENDINGS = (".jsonl", ".ndjson")
_TEXT_ENDINGS = (".txt",)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LOOKED_AT = 1 << 16

Format = Literal["auto", "text", "jsonl"]
Errors = Literal["strict", "replace", "skip"]


@dataclass(frozen=True)
class Corpus:
    """The texts of some files, read again each time it is iterated; nothing but one text is held in memory.

    JSON lines give the string at `text_field` of each line; other files give a text a line, without the line end,
    or one text in all with `whole_file`. With `parts`, a line is a part of its file that ends after a run of
    newlines, and nothing is left out; with both, a file is one part. Where `format` is "auto", files that end in
    .jsonl or .ndjson (before .gz, .xz or .zst) hold JSON lines, files that end in .txt don't, and others are looked
    at: JSON lines begin with an object that has the field. Compression is known by the ending, else by a file's
    first bytes. A byte order mark is not text, and neither is the carriage return of a line end, except in whole
    files and parts.

    `-` is standard input, which can be iterated once; `on_wait`, where given, is called before reading it has to wait.
    `on_read`, where given, is called with the number of (compressed) bytes that each step read. `span`, where given, is
    the part of the one file, in bytes, in which those lines begin that are read.

    Iterating raises FileError for a file that can't be read or is cut short, RecordError with file and line for a line
    that is not UTF-8, not JSON or has no such field. Where `errors` is "replace", bytes that are not UTF-8 become
    U+FFFD; there and where it is "skip", what is wrong otherwise is left out and given to `on_skip`.
    """

    paths: Sequence[str]
    text_field: str = "text"
    whole_file: bool = False
    parts: bool = False
    format: Format = "auto"
    errors: Errors = "strict"
    on_read: Callable[[int], None] | None = field(default=None, compare=False)
    on_wait: Callable[[], None] | None = field(default=None, compare=False)
    on_skip: Callable[[FileError], None] | None = field(default=None, compare=False)
    span: tuple[int, int] | None = None

    def check(self) -> int:
        """Open every file once, so that a wrong name is reported before the work; returns their size in bytes."""
        if not self.paths:
            raise InputError("No file was named; `-` reads standard input")
        total = 0
        for name in self.paths:
            if is_read_once(name):
                continue
            try:
                with _open(name) as raw:
                    total += raw.seek(0, io.SEEK_END)
            except FileError:
                if self.errors == "strict":
                    raise
        return total

    def split(self, size: int) -> list[tuple["Corpus", int]]:
        """A corpus for each `size` bytes of a file, and how many bytes it is; together they give the same texts.

        Neither a compressed file nor one that is a single text can be split. None of them calls `on_read`.
        """
        parts = []
        for name in self.paths:
            alone = replace(self, paths=[name], on_read=None)
            end = alone.check()
            with _open(name) as raw:
                compressed = _compression(name, raw)
                whole = bool(compressed) or (self.whole_file and not self._holds_json(name, raw))
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
            try:
                yield from self._read(name)
            except FileError as error:
                self._skip(error)

    def _skip(self, error: FileError) -> None:
        """Leaves out what is wrong, where that is asked for."""
        if self.errors == "strict":
            raise error
        if self.on_skip:
            self.on_skip(error)

    def _read(self, name: str) -> Iterator[tuple[str, str | None]]:
        with _open(name, self.on_wait) as raw:
            counted = raw
            if self.on_read:
                counted = io.BufferedReader(_Counted(raw, self.on_read), _LOOKED_AT)
            stream = uncompressed(counted, _compression(name, counted))
            try:
                if self._holds_json(name, stream):
                    yield from self._json_lines(name, stream)
                elif self.whole_file and self.parts:
                    yield "".join(part for part, _ in self._text_lines(name, stream)), None
                elif self.whole_file:
                    yield self._decode(stream.read(), name, 1), None
                else:
                    yield from self._text_lines(name, stream)
            except RecordError as error:
                if self.span is None:
                    raise
                raise RecordError(
                    error.reason, name, error.line + _lines_before(name, self.span[0])
                ) from error
            except (*DAMAGE, OSError) as error:
                raise FileError(f"{name}: broken or cut short: {error}") from error

    def _holds_json(self, name: str, stream: io.BufferedReader) -> bool:
        """Whether a file holds JSON lines: by what was said, by its ending, or by its first line."""
        if self.format != "auto":
            return self.format == "jsonl"
        ending = next((suffix for suffix in _endings(name)[::-1] if suffix not in _COMPRESSED), "")
        if ending in _JSON_ENDINGS or ending in _TEXT_ENDINGS or (self.whole_file and not self.parts):
            return ending in _JSON_ENDINGS
        head = stream.peek(_LOOKED_AT)[:_LOOKED_AT].removeprefix(_BYTE_ORDER_MARK).lstrip()
        line, whole, _ = head.partition(b"\n")
        if not line.startswith(b"{"):
            return False
        if not whole and len(head) >= _LOOKED_AT // 2:
            return json.dumps(self.text_field).encode() in line
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            return False
        return isinstance(record, dict) and isinstance(record.get(self.text_field), str)

    def _text_lines(self, name: str, stream: io.BufferedReader) -> Iterator[tuple[str, str | None]]:
        held = ""
        for number, line in self._lines(stream, keep_mark=self.parts):
            try:
                text = self._decode(line, name, number)
            except RecordError as error:
                self._skip(error)
                continue
            if not self.parts:
                yield text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text, None
                continue
            if held and text.strip("\n"):
                yield held, None
                held = ""
            held += text
        if held:
            yield held, None

    def _decode(self, line: bytes, name: str, number: int) -> str:
        try:
            return line.decode("utf-8", "replace" if self.errors == "replace" else "strict")
        except UnicodeDecodeError as error:
            raise RecordError(
                f"not UTF-8: byte 0x{line[error.start]:02x} at column {error.start + 1}", name, number
            ) from error

    def _lines(self, stream: io.BufferedReader, keep_mark: bool = False) -> Iterator[tuple[int, bytes]]:
        """The lines, those that begin in the span if there is one, from 1 on; `keep_mark` keeps a byte order mark."""
        if not keep_mark and not (self.span and self.span[0]) and stream.peek(3)[:3] == _BYTE_ORDER_MARK:
            stream.read(3)
        if self.span is None:
            yield from enumerate(stream, 1)
            return
        start, end = self.span
        at = stream.seek(start - 1) if start else stream.tell()
        if start:
            at += len(stream.readline())  # what is left of a line that begins before
        for number, line in enumerate(stream, 1):
            if at >= end:
                return
            yield number, line
            at += len(line)

    def _json_lines(self, name: str, stream: io.BufferedReader) -> Iterator[tuple[str, str | None]]:
        for number, line in self._lines(stream):
            if not line.strip():
                continue
            try:
                yield self._record(self._decode(line, name, number), name, number)
            except RecordError as error:
                self._skip(error)

    def _record(self, line: str, name: str, number: int) -> tuple[str, str | None]:
        try:
            record = json.loads(line)
        except ValueError as error:
            raise RecordError(f"not JSON: {error}", name, number) from error
        except RecursionError as error:
            raise RecordError("JSON that is nested too deeply to be read", name, number) from error
        text = record.get(self.text_field) if isinstance(record, dict) else None
        if not isinstance(text, str):
            raise RecordError(
                f"no string at the key {self.text_field!r} (--field names another)", name, number
            )
        text = self._without_surrogates(text, name, number)
        language = record.get(LANGUAGE_FIELD)
        return text, language if isinstance(language, str) else None

    def _without_surrogates(self, text: str, name: str, number: int) -> str:
        """The text; half a surrogate pair, which JSON can escape, is treated as bytes are that are not UTF-8."""
        try:
            text.encode()
        except UnicodeEncodeError as error:
            if self.errors == "replace":
                return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            raise RecordError(
                f"character {error.start} of the text is the lone surrogate U+{ord(text[error.start]):04X}, "
                "which is not a character",
                name,
                number,
            ) from error
        return text


class _Counted(io.RawIOBase):
    """Reports how many bytes were read, before any decompression."""

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


class _Waiting(io.RawIOBase):
    """Standard input; says when a read has to wait for it."""

    def __init__(self, on_wait: Callable[[], None] | None) -> None:
        if sys.stdin is None:  # as Python shows that its parent had closed it
            raise FileError("standard input is closed; name a file, or send texts to it")
        self._file = sys.stdin.fileno()
        self._on_wait = on_wait

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        if self._on_wait and not select.select([self._file], [], [], 0)[0]:
            self._on_wait()
        data = os.read(self._file, len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _open(name: str, on_wait: Callable[[], None] | None = None) -> io.BufferedReader:
    if name == STANDARD_INPUT:
        return io.BufferedReader(_Waiting(on_wait), _LOOKED_AT)
    try:
        return io.BufferedReader(io.FileIO(name), _LOOKED_AT)
    except OSError as error:
        raise FileError(f"{name}: can't be read: {error.strerror}") from error


def is_read_once(name: str) -> bool:
    """Whether a file can be read only once: standard input, and a pipe such as `<(command)`."""
    return name == STANDARD_INPUT or Path(name).is_fifo() or Path(name).is_char_device()


def _endings(name: str) -> list[str]:
    return [] if name == STANDARD_INPUT else [suffix.lower() for suffix in Path(name).suffixes]


def _lines_before(name: str, start: int) -> int:
    """How many lines of a file begin before a byte; asked only where one of the lines after it is wrong."""
    with _open(name) as raw:
        last, before = start - 1, 0
        while last > 0 and (read := raw.read(min(last, 1 << 20))):
            before += read.count(b"\n")
            last -= len(read)
    return before + 1 if start else 0


def _compression(name: str, stream: io.BufferedReader) -> str:
    """The ending of a file's compression, "" for none."""
    ending = _endings(name)[-1:]
    if ending and ending[0] in _COMPRESSED:
        return ending[0]
    return compression(stream)
