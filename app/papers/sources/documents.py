"""XML files of papers from disk, whichever of the known formats they are in, plain or compressed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from app.compressed_files import DAMAGE, uncompressed
from app.errors import FileError, InputError, RecordError, SourceError
from app.papers.models import Paper
from app.papers.sources import atom, oai, rss
from app.papers.sources.markup import WIDE_MARKS, MarkupError, convert
from app.papers.sources.oai import Deleted


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """What one entry held: the line (from 1) that it begins on, and how many entries were read with it."""

    line: int
    offset: int
    value: Paper | Deleted | RecordError


def read_document(path: Path, *, start: int = 0, longest: int = 4 << 20) -> Iterator[ReadEntry]:
    """Yields the entries of an XML file in order: Atom and OAI-PMH of arXiv, and its announcements.

    `start` is the offset of the entry after which to go on. Memory is bounded by the longest entry allowed. Bad
    entries are RecordErrors in their place; what can't be read on from is one too, and the last. Raises FileError
    where the file can't be opened or read.
    """
    offset = 0
    try:
        with path.open("rb") as plain, uncompressed(plain) as stream:
            try:
                for line, value in convert(stream, str(path), _READERS, _ROOTS, longest=longest):
                    offset += 1
                    if offset > start:
                        yield ReadEntry(line, offset, value)
            except MarkupError as error:
                problem = RecordError(f"{error}; what follows is not read", str(path), error.line)
                yield ReadEntry(error.line, offset + 1, problem)
    except DAMAGE as error:
        problem = RecordError(f"the compressed file is cut short or damaged ({error})", str(path), 1)
        yield ReadEntry(1, offset + 1, problem)
    except OSError as error:
        raise FileError(f"can't read {path}: {error.strerror or error}") from error


def is_document(head: bytes) -> bool:
    """Whether a file that begins so (uncompressed) is XML rather than JSON lines."""
    if head.startswith(WIDE_MARKS):
        head = head[2:].replace(b"\0", b"")
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _entry(element: Element) -> Paper:
    """An entry of Atom: arXiv's feeds and its API both speak it, and only the feeds say how it was announced."""
    try:
        if element.find(rss.KIND) is not None:
            return rss.read_announcement(element)
        return atom.entry_paper(element)
    except SourceError as error:
        raise InputError(str(error)) from error


def _refusal(element: Element) -> Paper:
    raise InputError(oai.refusal(element))


_READERS: dict[str, Callable[[Element], Paper | Deleted]] = {
    atom.ENTRY: _entry,
    oai.RECORD: oai.read_record,
    oai.ERROR: _refusal,
    rss.ITEM: lambda element: rss.read_announcement(element),
}
_ROOTS = atom.ROOTS | oai.ROOTS | rss.ROOTS
