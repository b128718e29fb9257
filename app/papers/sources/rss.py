"""The day's announcements from arXiv's feeds, https://info.arxiv.org/help/rss.html, in RSS 2.0 and in Atom.

It reads answers and saved files of them; asking for them is for fetching.py. The feeds say what was announced and
how, not when it was submitted, so `published` and `updated` are None.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from xml.etree.ElementTree import Element

from app.errors import InputError, RecordError, Sentence, SourceError
from app.papers.categories import sort_out
from app.papers.models import Paper
from app.papers.records import read_announce_type, read_id
from app.papers.sources.atom import ARXIV, ATOM, ENTRY, read_terms
from app.papers.sources.markup import MarkupError, Stream, convert, passage, phrase, unwrapped, whole
from app.papers.sources.names import read_names

KIND = f"{ARXIV}announce_type"
ITEM = "item"
ROOTS = frozenset({"rss", f"{ATOM}feed"})
_CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
_LEAD = re.compile(r"\AarXiv:\S+\s+Announce Type:\s*\S+\s+Abstract:\s*")
_TITLES = frozenset({"title", f"{ATOM}title"})
_REASONS = frozenset({"description", f"{ATOM}subtitle"})


@dataclass(frozen=True, slots=True)
class Announcements:
    """One answer; `day` is the latest day announced, None at weekends and on holidays, when nothing is."""

    day: date | None
    papers: tuple[Paper, ...]
    problems: tuple[RecordError, ...]


@dataclass(frozen=True, slots=True)
class _Label:
    tag: str
    text: str


def read_rss(stream: Stream, path: str, *, longest: int = 4 << 20) -> Iterator[Paper | RecordError]:
    """Yields the papers of a saved feed of either kind; one that is wrong is a RecordError in its place.

    `path` is what errors name; an entry has at most `longest` bytes. A file that can't be read to its end yields
    a RecordError last.
    """
    readers = {ENTRY: read_announcement, ITEM: read_announcement}
    try:
        for _, value in convert(stream, path, readers, ROOTS, longest=longest):
            yield value
    except MarkupError as error:
        yield RecordError(f"{error}; what follows is not read", path, error.line)


def read_feed(body: bytes, path: str) -> Announcements:
    """Reads one answer. Raises SourceError with the server's own words where it is an error."""
    readers = dict.fromkeys((ENTRY, ITEM), read_announcement) | dict.fromkeys(_TITLES | _REASONS, _label)
    values = whole(body, path, readers, ROOTS)
    labels = [value for value in values if isinstance(value, _Label)]
    if any(label.tag in _TITLES and label.text.startswith("Feed error") for label in labels):
        said = next((label.text for label in labels if label.tag in _REASONS), "it does not say why")
        raise SourceError(Sentence("arXiv's feeds refuse the request: {said}", said=said))
    found = tuple(value for value in values if isinstance(value, Paper))
    day = max((paper.announced for paper in found if paper.announced is not None), default=None)
    return Announcements(day, found, tuple(value for value in values if isinstance(value, RecordError)))


def read_announcement(entry: Element) -> Paper:
    """The paper in an Atom entry or an RSS item, and how it is announced. Raises InputError where that is wrong."""
    of_rss = entry.tag == ITEM
    name = phrase(entry, "guid" if of_rss else f"{ATOM}id")
    paper_id, version = read_id({"id": name and name.removeprefix("oai:arXiv.org:")})
    title = phrase(entry, "title" if of_rss else f"{ATOM}title")
    abstract = passage(entry, "description" if of_rss else f"{ATOM}summary")
    if title is None or abstract is None:
        raise InputError(f"{paper_id} has no {'abstract' if title else 'title'}")
    categories, others = _categories(entry) if of_rss else read_terms(entry)
    kind = read_announce_type(phrase(entry, KIND))
    if kind is None:
        raise InputError(f"{paper_id} has no announce_type")
    return Paper(
        id=paper_id,
        version=version,
        title=title,
        abstract=_LEAD.sub("", abstract),
        authors=read_names(phrase(entry, _CREATOR) or ""),
        categories=categories,
        primary_category=next(iter(categories), None),
        subject_classes=others,
        announced=_day(phrase(entry, "pubDate" if of_rss else f"{ATOM}published")),
        doi=phrase(entry, f"{ARXIV}DOI"),
        journal_ref=phrase(entry, f"{ARXIV}journal_reference"),
        announce_type=kind,
    )


def _categories(item: Element) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return sort_out(
        token for category in item.iterfind("category") for token in (category.text or "").split()
    )


def _day(text: str | None) -> date | None:
    """The day where arXiv is: a feed's dates are its midnights with their offset, as in 00:00:00 -0400."""
    if text is None:
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return read(text).date()
        except (ValueError, TypeError, OverflowError):
            continue
    raise InputError(f"a day such as 2026-11-23T00:00:00-05:00 or Mon, 23 Nov 2026, not {text[:40]!r}")


def _label(element: Element) -> _Label:
    return _Label(element.tag, unwrapped(element.text or ""))
