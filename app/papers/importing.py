"""From files to the store and the index, and the built-in collection's way there.

Imports are idempotent, and resumed where a process was killed: how far a file was read is kept with its records.
The formats are read in `sources`.
"""

import hashlib
import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.compressed_files import DAMAGE, uncompressed
from app.errors import FileError, RecordError, StoreError, StoreLocked
from app.papers.answers import Answer
from app.papers.intake import ImportResult, Intake, open_intake
from app.papers.models import Paper
from app.papers.search.indexing import fed_index, open_index, read_state
from app.papers.sources.documents import is_document, read_document
from app.papers.sources.oai import Deleted
from app.papers.sources.snapshot import read_lines, read_notes
from app.papers.store.location import StoreLocation
from app.papers.store.reading import Store
from app.papers.store.writing import FileProgress, open_for_writing
from app.temporary import temporary_folder

COLLECTION = Path(__file__).parent / "collection"

STANDARD_INPUT = Path("-")

_BATCH = 2000
_BATCH_CHARACTERS = 64 << 20
_HEAD_BYTES = 1 << 16
_OTHERS_SECONDS = 60.0
_LOOK_SECONDS = 0.2
# Readers of the index see an import grow at this pace; those of the store see each batch.
_PAPERS_PER_COMMIT = 50_000


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is: `consumed` of the `size` bytes of a file (None where that is unknown), and counts."""

    path: Path
    consumed: int | None
    size: int
    result: ImportResult


@dataclass(frozen=True, slots=True)
class _Step:
    line: int
    offset: int
    consumed: int | None
    value: Paper | Answer | Deleted | RecordError


def import_files(
    store_path: StoreLocation,
    index_path: Path,
    paths: Iterable[Path],
    *,
    strict: bool = False,
    on_progress: Callable[[ImportProgress], None] | None = None,
    on_error: Callable[[RecordError], None] | None = None,
    command: str = "quire papers import",
    longest: int = 4 << 20,
) -> ImportResult:
    """Brings the records of files into the store, made where there is none, and into the index.

    A path is a file of JSON lines or XML (.gz, .xz and .zst too), `-` for standard input, or a folder of notes in TOML.
    A record that is wrong is given to `on_error` and passed over; with `strict` it is raised, and all before it is
    kept. `longest` bounds a record, in bytes. Raises FileError for a file that can't be read, StoreLocked where another
    process writes, StoreError where the disk is full or read-only.
    """
    with (
        _readable(paths, index_path.parent) as chosen,
        open_intake(store_path, index_path, command, on_error, _PAPERS_PER_COMMIT) as intake,
    ):
        for path, file in chosen:
            _read(intake, path, file, strict=strict, on_progress=on_progress, longest=longest)
        return intake.result


FIRST_NOTE = "quire/0001"


def prepare_papers(store_path: StoreLocation, index_path: Path) -> None:
    """Makes a store of today's format and its index where there is none, with the built-in papers in an empty one.

    They come too where all that is in it was fetched before the server first ran; a library that was brought in from
    files is left as it is.

    Where another process writes, or the disk is read-only, a store and an index that can be read are enough. In a
    database other machines may be at the same work: a store that one of them makes is waited for.
    """
    if isinstance(store_path, Path):
        try:
            _prepare_store(store_path, index_path)
        except StoreError:
            if read_state(index_path) is None:
                raise
            Store(store_path).close()
        return
    deadline = time.monotonic() + _OTHERS_SECONDS
    while True:
        try:
            _prepare_store(store_path, index_path)
        except StoreLocked:
            if time.monotonic() > deadline:
                raise
            with suppress(StoreError), Store(store_path):
                break
            time.sleep(_LOOK_SECONDS)
        else:
            break
    try:
        with Store(store_path) as store, open_index(index_path, store):
            pass
    except StoreLocked:
        if read_state(index_path) is None:
            raise


def _prepare_store(store_path: StoreLocation, index_path: Path) -> None:
    with open_for_writing(store_path, "quire serve, preparing") as writer, Store(store_path) as store:
        empty = len(store) == 0 or (writer.has_only_fetched() and not store.papers([FIRST_NOTE]))
        with fed_index(index_path, store):
            pass
    if empty:
        import_files(store_path, index_path, [COLLECTION], command="quire serve, preparing")


def _read(
    intake: Intake,
    path: Path,
    file: Path,
    *,
    strict: bool,
    on_progress: Callable[[ImportProgress], None] | None,
    longest: int,
) -> None:
    """Reads `file`, which is what `path` holds, from where it was left, or from its start."""
    name, fingerprint, size = _name(path), _fingerprint(file), file.stat().st_size
    before = intake.progress(name)
    line, offset = 0, 0
    if before is not None and before.fingerprint == fingerprint and not before.finished:
        line, offset = before.line, before.offset
    papers: list[Paper] = []
    answers: list[Answer] = []
    held = 0

    def add(consumed: int | None, *, finished: bool = False, reported: bool = True) -> None:
        intake.add(papers, answers, progress=FileProgress(name, fingerprint, line, offset, finished))
        papers.clear()
        answers.clear()
        if reported and on_progress is not None:
            on_progress(ImportProgress(path, consumed, size, intake.result))

    for step in _steps(file, (line, offset), longest):
        if isinstance(step.value, Paper):
            papers.append(step.value)
            held += step.value.length
        elif isinstance(step.value, Answer):
            answers.append(step.value)
            held += len(step.value.question) + len(step.value.answer)
        elif isinstance(step.value, Deleted):
            reason = f"{step.value.id} was taken back by its source; the paper is kept"
            intake.skip(RecordError(reason, str(path), step.line))
        elif strict:
            # What was read before is kept, and the next run begins with this record again.
            add(None, reported=False)
            raise _named(step.value, path, file)
        else:
            intake.skip(_named(step.value, path, file))
        line, offset = step.line, step.offset
        if len(papers) + len(answers) >= _BATCH or held >= _BATCH_CHARACTERS:
            add(step.consumed)
            held = 0
    add(size, finished=True)


@contextmanager
def _readable(paths: Iterable[Path], data_dir: Path) -> Iterator[list[tuple[Path, Path]]]:
    """Each path with the file to read: itself, or a copy of what comes through a pipe, which can be read only once.

    The copies lie in the data folder, where there is room for what they bring.
    """
    given = list(paths)
    if not any(
        path == STANDARD_INPUT or path.is_fifo() or path.is_char_device() for path in given
    ):  # no folder for copies is needed
        yield [(path, _readable_file(path, path)) for path in given]
        return
    with ExitStack() as kept:
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            folder = kept.enter_context(temporary_folder(data_dir, "quire-pipes-"))
        except OSError as error:
            raise FileError(f"can't make a folder in {data_dir}: {error.strerror or error}") from error
        yield [(path, _readable_file(path, folder / str(n))) for n, path in enumerate(given)]


def _readable_file(path: Path, copy: Path) -> Path:
    try:
        if path == STANDARD_INPUT:
            if sys.stdin is None:  # as Python shows that its parent had closed it
                raise FileError("standard input is closed; name a file, or send records to it")
            with copy.open("wb") as target:
                shutil.copyfileobj(sys.stdin.buffer, target)
            return copy
        if path.is_dir():
            if not any(path.glob("*.toml")):
                raise FileError(f"the folder {path} holds no notes (.toml); name the files in it instead")
            return path
        with path.open("rb") as stream:
            kind = os.fstat(stream.fileno()).st_mode
            if stat.S_ISREG(kind):
                return path
            if not stat.S_ISFIFO(kind):
                raise FileError(f"can't read {path}: it is a device, and not a file or a pipe")
            with copy.open("wb") as target:
                shutil.copyfileobj(stream, target)
            return copy
    except OSError as error:
        raise FileError(f"can't read {path}: {error.strerror or error}") from error


def _named(problem: RecordError, path: Path, file: Path) -> RecordError:
    """The problem by the path that was given, where a copy of what it leads to was read."""
    return problem if path == file else RecordError(problem.reason, str(path), problem.line)


def _name(path: Path) -> str:
    """The path as the store can keep it: names of files are bytes, and need not be UTF-8."""
    return os.fsencode(path.resolve()).decode("utf-8", "backslashreplace")


def _steps(path: Path, start: tuple[int, int], longest: int) -> Iterator[_Step]:
    if path.is_dir():
        for note in read_notes(path, longest=longest):
            yield _Step(note.line, note.offset, None, note.value)
    elif is_document(_head(path)):
        for entry in read_document(path, start=start[1], longest=longest):
            yield _Step(entry.line, entry.offset, None, entry.value)
    else:
        for record in read_lines(path, start=start, longest=longest):
            yield _Step(record.line, record.offset, record.consumed, record.value)


def _head(path: Path) -> bytes:
    """The first bytes of a file, uncompressed; as much as there is before damage in a compressed one."""
    head = b""
    with (
        path.open("rb") as file,
        uncompressed(file) as stream,
        suppress(*DAMAGE),
    ):
        while len(head) < _HEAD_BYTES and (part := stream.read1(_HEAD_BYTES)):
            head += part
    return head


def _fingerprint(path: Path) -> str:
    """Distinguishes a file from what stood at its path before; a folder is read again each time, so any text does."""
    if path.is_dir():
        return "folder"
    status = path.stat()
    with path.open("rb") as file:
        head = hashlib.sha256(file.read(_HEAD_BYTES)).hexdigest()
    return f"{status.st_size} {status.st_mtime_ns} {head}"
