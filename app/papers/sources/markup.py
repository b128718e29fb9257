"""XML from outside, an entry at a time: what the readers of Atom, OAI-PMH and RSS have in common.

Memory is bounded by the longest entry allowed. Document types, entities and external references are refused, so
nothing in a document can grow or lead elsewhere. What the elements mean is for the modules of each format.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Protocol, TypeVar
from xml.etree.ElementTree import Element, TreeBuilder
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler, feature_namespaces
from xml.sax.xmlreader import AttributesNSImpl, IncrementalParser

from defusedxml.common import DefusedXmlException
from defusedxml.sax import make_parser

from app.errors import RecordError, SourceError
from app.papers.records import refused

# XML 1.0 has no place for these; where a server lets one through, the whole answer would be lost with it.
_FORBIDDEN = bytes({*range(0x20)} - {0x09, 0x0A, 0x0D})
# It begins at no blank but the first: begun again at each, a long run of them would take quadratic time.
_WRAPPING = re.compile(r"(?<![ \t\r])[ \t\r]*\n[ \t\r\n]*")
WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""How a document in UTF-16 begins; there zero bytes are parts of letters."""
_DEEPEST = 64
_BLANKS = " \t\r\n"

T = TypeVar("T")


class MarkupError(ValueError):
    """The document can't be read on from `line`; `cut` where it may merely have broken off on its way here."""

    def __init__(self, message: str, line: int, cut: bool) -> None:
        super().__init__(message)
        self.line = line
        self.cut = cut


class Stream(Protocol):
    """What bytes are read from, a part at a time; an open file, for example."""

    def read1(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class LocatedElement:
    """An element with all that is in it, and the line that it begins on."""

    element: Element
    line: int


def elements(
    stream: Stream, wanted: frozenset[str], roots: frozenset[str], *, longest: int = 4 << 20
) -> Iterator[LocatedElement]:
    """Yields each element named in `wanted` (as `{namespace}name`) as soon as it is read, none inside another.

    `roots` are the names that the document's outermost element may have, `longest` the most bytes between the
    ends of two wanted elements. Raises MarkupError, after all that could be read before.
    """
    parser = make_parser()
    handler = _Handler(wanted, roots, parser.getLineNumber)
    parser.forbid_dtd = True
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(handler)
    since = parsed = 0
    wide = False
    try:
        while chunk := stream.read1(1 << 16):
            wide = wide or (parsed == 0 and chunk.startswith(WIDE_MARKS))
            _feed(parser, chunk if wide else chunk.translate(None, _FORBIDDEN))
            parsed += len(chunk)
            since = 0 if handler.found else since + len(chunk)
            yield from handler.take()
            if since > longest:
                message = f"more than {longest} bytes without the end of an entry"
                raise MarkupError(message, parser.getLineNumber() or 1, False)
        if handler.root is None:
            raise MarkupError("the document is empty", 1, True)
        parser.close()
        yield from handler.take()
    except SAXParseException as error:
        yield from handler.take()
        line = error.getLineNumber() or 1
        raise MarkupError(f"this is not well-formed XML: {error.getMessage()}", line, True) from error
    except DefusedXmlException as error:
        yield from handler.take()
        message = "the document brings a document type or entities along, which are refused"
        raise MarkupError(message, parser.getLineNumber() or 1, False) from error


def _feed(parser: IncrementalParser, chunk: bytes) -> None:
    try:
        parser.feed(chunk)
    except (MarkupError, DefusedXmlException):
        raise
    except (ValueError, LookupError, TypeError) as error:
        # So Python says that it has no such encoding, or none that expat can use.
        message = f"the document is in an encoding that can't be read ({error}); convert it to UTF-8"
        raise MarkupError(message, parser.getLineNumber() or 1, False) from error  # type: ignore[attr-defined]


class _Handler(ContentHandler):
    """Builds the wanted elements; all else goes by."""

    def __init__(
        self, wanted: frozenset[str], roots: frozenset[str], locate: Callable[[], int | None]
    ) -> None:
        super().__init__()
        self.found: list[LocatedElement] = []
        self.root: str | None = None
        self._wanted, self._roots, self._locate = wanted, roots, locate
        self._builder: TreeBuilder | None = None
        self._line = self._depth = 0

    def take(self) -> list[LocatedElement]:
        """The elements found since it was asked last."""
        found, self.found = self.found, []
        return found

    def startElementNS(  # noqa: N802
        self,
        name: tuple[str | None, str],
        qname: str | None,  # noqa: ARG002
        attrs: AttributesNSImpl,
    ) -> None:
        tag = _tag(name)
        line = self._locate() or 1
        if self.root is None:
            if tag not in self._roots:
                raise MarkupError(f"the document is a <{tag}>, which is not a known format", line, False)
            self.root = tag
        if self._builder is None:
            if tag not in self._wanted:
                return
            self._builder, self._line, self._depth = TreeBuilder(), line, 0
        self._depth += 1
        if self._depth > _DEEPEST:
            raise MarkupError(f"elements are nested deeper than {_DEEPEST}", line, False)
        self._builder.start(tag, {_tag(key): value for key, value in attrs.items()})

    def characters(self, content: str) -> None:
        if self._builder is not None:
            self._builder.data(content)

    def endElementNS(  # noqa: N802
        self,
        name: tuple[str | None, str],
        qname: str | None,  # noqa: ARG002
    ) -> None:
        if self._builder is None:
            return
        self._builder.end(_tag(name))
        self._depth -= 1
        if self._depth == 0:
            self.found.append(LocatedElement(self._builder.close(), self._line))
            self._builder = None


def _tag(name: tuple[str | None, str]) -> str:
    return f"{{{name[0]}}}{name[1]}" if name[0] else name[1]


def convert(
    stream: Stream,
    path: str,
    readers: Mapping[str, Callable[[Element], T]],
    roots: frozenset[str],
    *,
    longest: int = 4 << 20,
) -> Iterator[tuple[int, T | RecordError]]:
    """Yields the line of each element that `readers` names, and what its reader makes of it.

    An element that its reader fails at is yielded as a RecordError that knows `path` and line.
    Raises MarkupError like `elements`, and what else a reader raises.
    """
    for found in elements(stream, frozenset(readers), roots, longest=longest):
        value: T | RecordError
        try:
            value = readers[found.element.tag](found.element)
        except SourceError:
            raise  # of the whole answer, and not of an entry
        except Exception as error:  # noqa: BLE001  # a bad entry is reported, whatever is bad in it
            value = refused(error, path, found.line)
        yield found.line, value


def whole(
    body: bytes, path: str, readers: Mapping[str, Callable[[Element], T]], roots: frozenset[str]
) -> list[T | RecordError]:
    """All that `convert` makes of an answer that is here whole; MarkupError where the answer isn't."""
    return [value for _, value in convert(BytesIO(body), path, readers, roots)]


def phrase(element: Element, path: str) -> str | None:
    """The text of a child with the wrapping of its lines undone, all else as it came; None where there is none."""
    found = element.findtext(path)
    return (unwrapped(found) or None) if found else None


def passage(element: Element, path: str) -> str | None:
    """The text of a child without the blanks around it; its lines stay. None where there is none."""
    found = element.findtext(path)
    return (found.strip(_BLANKS) or None) if found else None


def unwrapped(text: str) -> str:
    """A text on one line: each line break becomes a space, together with the blanks around it."""
    return _WRAPPING.sub(" ", text.strip(_BLANKS))


def classes(text: str | None) -> list[str]:
    """The subject classes in a field such as `14J60 (Primary) 14F05, 14J26 (Secondary)`."""
    return [part.strip() for part in re.split("[,;]", text or "") if part.strip()]
