"""Records from files: arXiv's metadata snapshot, our own JSON lines (both plain or compressed), folders of TOML notes.

Files are streamed: memory is bounded by the longest line allowed. A bad record is yielded as an error in its
place, so that the importer can report it and go on. Atom and OAI-PMH files are read by their own modules.
"""

import io
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import orjson

from app.compressed_files import DAMAGE, uncompressed
from app.errors import FileError, InputError, RecordError
from app.papers.answers import Answer
from app.papers.models import Author, Paper, Version
from app.papers.records import (
    items,
    plain,
    read_answer,
    read_categories,
    read_day,
    read_id,
    read_paper,
    read_version_number,
    refused,
    text,
    text_or_none,
)
from app.papers.sources.names import read_names

_MARK = b"\xef\xbb\xbf"
"""What some programs write before a text in UTF-8."""


@dataclass(frozen=True, slots=True)
class Record:
    """What one line held, and where reading goes on after it: `line` from 1, `offset` in uncompressed bytes.

    `consumed` is how many bytes of the file itself were read so far.
    """

    line: int
    offset: int
    value: Paper | Answer | RecordError
    consumed: int


def read_lines(path: Path, *, start: tuple[int, int] = (0, 0), longest: int = 4 << 20) -> Iterator[Record]:
    """Yields a Record for each line that is not blank, in order.

    `start` is the line and offset of the Record after which to go on. A line of more than `longest` bytes is an
    error of its own, and so is a compressed file that breaks off. Raises FileError where the file can't be read.
    """
    line, offset = start
    try:
        with path.open("rb") as file, uncompressed(file) as stream:
            while True:
                line += 1
                try:
                    if offset and stream.tell() == 0:
                        stream.seek(offset)
                    raw = stream.readline(longest + 1)
                    size = len(raw) if len(raw) <= longest else len(raw) + _skip_line(stream, raw)
                except DAMAGE as error:
                    message = f"the compressed file is cut short or damaged here ({error})"
                    yield Record(line, offset, RecordError(message, str(path), line), file.tell())
                    return
                if not raw:
                    return
                offset += size
                if size > longest:
                    message = f"the line has {size} bytes, over the limit of {longest}"
                    yield Record(line, offset, RecordError(message, str(path), line), file.tell())
                elif not raw.isspace():
                    yield Record(line, offset, _read(raw, path, line), file.tell())
    except OSError as error:
        raise FileError(f"can't read {path}: {error.strerror or error}") from error


def read_notes(folder: Path, *, longest: int = 4 << 20) -> Iterator[Record]:
    """Yields a Record for each `*.toml` of a folder, by name; `offset` counts the files."""
    for count, path in enumerate(sorted(folder.glob("*.toml")), start=1):
        value: Paper | RecordError
        try:
            value = _note(tomllib.loads(_read_all(path, longest).decode()))
        except OSError as error:
            raise FileError(f"can't read {path}: {error.strerror or error}") from error
        except Exception as error:  # noqa: BLE001  # a bad note is reported, whatever is bad in it
            value = refused(error, str(path), 1)
        yield Record(1, count, value, 0)


def _read_all(path: Path, longest: int) -> bytes:
    with path.open("rb") as stream:
        raw = stream.read(longest + 1)
    if len(raw) > longest:
        raise InputError(f"the file is over the limit of {longest} bytes")
    return raw


def _skip_line(stream: io.BufferedReader, start: bytes) -> int:
    """Reads on to the end of a line that is too long; the number of bytes read."""
    skipped, part = 0, start
    while not part.endswith(b"\n"):
        part = stream.readline(1 << 16)
        if not part:
            break
        skipped += len(part)
    return skipped


def _read(raw: bytes, path: Path, line: int) -> Paper | Answer | RecordError:
    try:
        return read_record(orjson.loads(raw.removeprefix(_MARK) if line == 1 else raw))
    except orjson.JSONDecodeError as error:
        return RecordError(_not_json(raw, error), str(path), line)
    except Exception as error:  # noqa: BLE001  # a bad record is reported, whatever is bad in it
        return refused(error, str(path), line)


def _not_json(raw: bytes, error: orjson.JSONDecodeError) -> str:
    """Why a line is not JSON. The parser calls any byte that is not UTF-8 a surrogate, so that is looked at first."""
    try:
        raw.decode()
    except UnicodeDecodeError as wrong:
        return f"this is not UTF-8: byte 0x{raw[wrong.start]:02x} at column {wrong.start + 1}"
    return f"this is not JSON: {error}"


def read_record(record: object) -> Paper | Answer:
    """What a JSON value says, in whichever of the known forms it is; InputError names what is wrong with it."""
    if not isinstance(record, dict):
        raise InputError("a record is a JSON object in braces")
    if "question" in record:
        return read_answer(record)
    if "update_date" in record or "authors_parsed" in record or isinstance(record.get("authors"), str):
        return _snapshot_paper(record)
    return read_paper(record)


def _snapshot_paper(record: Mapping[str, Any]) -> Paper:
    """A record of arXiv's snapshot, https://www.kaggle.com/datasets/Cornell-University/arxiv."""
    paper_id, version = read_id(record)
    categories, others = read_categories(record)
    versions = _versions(record)
    return Paper(
        id=paper_id,
        version=versions[-1].number if versions else version,
        title=text(record, "title"),
        abstract=text(record, "abstract"),
        authors=_authors(record),
        categories=categories,
        primary_category=next(iter(categories), None),
        subject_classes=others,
        announced=read_day(record, "update_date"),
        published=versions[0].created if versions else None,
        updated=versions[-1].created if versions else None,
        comment=text_or_none(record, "comments"),
        doi=text_or_none(record, "doi"),
        journal_ref=text_or_none(record, "journal-ref"),
        versions=versions,
    )


def _authors(record: Mapping[str, Any]) -> tuple[Author, ...]:
    parsed = items(record, "authors_parsed")
    if not parsed:
        return read_names(text_or_none(record, "authors") or "")
    return tuple([author for parts in parsed if (author := _author(parts)).name])


def _author(parts: object) -> Author:
    if not isinstance(parts, list) or not parts:
        raise InputError("authors_parsed holds lists of family name, given name and suffix")
    family = plain(parts[0], "authors_parsed")
    given = plain(parts[1], "authors_parsed") if len(parts) > 1 else ""
    suffix = plain(parts[2], "authors_parsed") if len(parts) > 2 else ""
    name = f"{given} {family}" if given and family else given or family
    return Author(f"{name} {suffix}" if suffix else name, family or None, given or None, suffix or None)


def _versions(record: Mapping[str, Any]) -> tuple[Version, ...]:
    try:
        return tuple(
            Version(read_version_number(entry), parsedate_to_datetime(entry["created"]).astimezone(UTC))
            for entry in items(record, "versions")
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(
            "versions holds objects such as {'version': 'v1', 'created': 'Mon, 2 Apr 2007 19:18:42 GMT'}"
        ) from error


def _note(record: dict[str, Any]) -> Paper:
    """A note of the built-in collection; TOML gives its day as a date already."""
    announced = record.get("announced")
    if isinstance(announced, date) and not isinstance(announced, datetime):
        record = record | {"announced": announced.isoformat()}
    return read_paper(record)
