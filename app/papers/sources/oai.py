"""Papers from arXiv's OAI-PMH, https://info.arxiv.org/help/oa, in the formats arXiv and arXivRaw.

It reads answers to ListRecords and saved files of them; asking for them is for fetching.py. arXivRaw is the one to
harvest: it alone gives versions and the time of the first one, and leaves the texts as the authors wrote them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from xml.etree.ElementTree import Element

from app.errors import InputError, RecordError, SourceError
from app.papers.categories import sort_out
from app.papers.models import Author, Paper, Version
from app.papers.records import read_day, read_id, read_instant, read_version_number
from app.papers.sources.markup import MarkupError, Stream, classes, convert, passage, phrase, whole
from app.papers.sources.names import read_names
from app.papers.store.positions import first_of_month

OAI = "{http://www.openarchives.org/OAI/2.0/}"
RECORD = f"{OAI}record"
ERROR = f"{OAI}error"
ROOTS = frozenset({f"{OAI}OAI-PMH", f"{OAI}ListRecords", RECORD})
_SPLIT = "{http://arxiv.org/OAI/arXiv/}"
_RAW = "{http://arxiv.org/OAI/arXivRaw/}"
# A paper is announced within days of its submission, some weeks where moderators hold it. A later datestamp
# is a correction of the record (a DOI, a journal), and no announcement.
_LONGEST_HOLD = timedelta(days=21)


@dataclass(frozen=True, slots=True)
class Deleted:
    """A record that was deleted; `day` is its datestamp."""

    id: str
    day: date | None


@dataclass(frozen=True, slots=True)
class HarvestPage:
    """One answer to ListRecords.

    `token` is what the next page is asked for with, None on the last one; `expired` says that the token asked
    with is no longer known. `reached` is the latest datestamp of the page, `responded` the day (UTC) it was made.
    """

    papers: tuple[Paper, ...]
    deleted: tuple[Deleted, ...]
    problems: tuple[RecordError, ...]
    token: str | None
    expired: bool
    reached: date | None
    responded: date


@dataclass(frozen=True, slots=True)
class _Failure:
    code: str
    message: str

    def __str__(self) -> str:
        return f"arXiv's OAI-PMH refuses the request ({self.code}): {self.message}"


def read_oai(stream: Stream, path: str, *, longest: int = 4 << 20) -> Iterator[Paper | Deleted | RecordError]:
    """Yields the records of a saved answer, of any length; one that is wrong is a RecordError in its place.

    `path` is what errors name; a record has at most `longest` bytes. A file that can't be read to its end yields
    a RecordError last, and so does an answer that is an error.
    """
    try:
        for _, value in convert(stream, path, {RECORD: read_record}, ROOTS, longest=longest):
            yield value
    except MarkupError as error:
        yield RecordError(f"{error}; what follows is not read", path, error.line)


def read_page(body: bytes, path: str) -> HarvestPage:
    """Reads one answer to ListRecords. Raises SourceError with the server's words where it is an error.

    noRecordsMatch is a page without records, and badResumptionToken one that is `expired`.
    """
    readers = {
        RECORD: _dated_record,
        f"{OAI}resumptionToken": lambda element: (element.text or "").strip(),
        f"{OAI}responseDate": lambda element: read_instant({"responseDate": element.text}, "responseDate"),
        ERROR: _failure,
    }
    values = whole(body, path, readers, ROOTS)
    failures = [value for value in values if isinstance(value, _Failure)]
    for failure in failures:
        if failure.code not in ("noRecordsMatch", "badResumptionToken"):
            raise SourceError(str(failure))
    records = [value for value in values if isinstance(value, tuple)]
    responded = next((value for value in values if isinstance(value, datetime)), None)
    if responded is None:
        raise SourceError("arXiv's OAI-PMH answers without a responseDate, which its protocol demands")
    return HarvestPage(
        papers=tuple(value for _, value in records if isinstance(value, Paper)),
        deleted=tuple(value for _, value in records if isinstance(value, Deleted)),
        problems=tuple(value for value in values if isinstance(value, RecordError)),
        token=next((value for value in values if isinstance(value, str) and value), None),
        expired=any(failure.code == "badResumptionToken" for failure in failures),
        reached=max((day for day, _ in records if day is not None), default=None),
        responded=responded.date(),
    )


def refusal(element: Element) -> str:
    """What an answer's element `error` says, in a sentence."""
    return str(_failure(element))


def _failure(element: Element) -> _Failure:
    return _Failure(element.get("code", ""), phrase(element, ".") or "")


def read_record(record: Element) -> Paper | Deleted:
    """What a record says. Raises InputError where it is wrong or in another metadata format.

    In the format arXivRaw `announced` is the datestamp where that lies near the last version, else None. The
    format arXiv doesn't give the version, and the datestamp counts as it is, like the snapshot's update_date.
    """
    return _dated_record(record)[1]


def _dated_record(record: Element) -> tuple[date | None, Paper | Deleted]:
    header = record.find(f"{OAI}header")
    if header is None:
        raise InputError("the record has no header")
    identifier = phrase(header, f"{OAI}identifier")
    day = read_day({"datestamp": (phrase(header, f"{OAI}datestamp") or "")[:10] or None}, "datestamp")
    if header.get("status") == "deleted":
        return day, Deleted(read_id({"id": identifier and identifier.removeprefix("oai:arXiv.org:")})[0], day)
    metadata = record.find(f"{OAI}metadata")
    for element in () if metadata is None else metadata:
        if element.tag == f"{_RAW}arXivRaw":
            return day, _raw_paper(element, day)
        if element.tag == f"{_SPLIT}arXiv":
            return day, _split_paper(element, day)
    raise InputError(
        f"{identifier} has no metadata in the format arXiv or arXivRaw; harvest it in one of these"
    )


def _raw_paper(element: Element, day: date | None) -> Paper:
    versions = [
        Version(read_version_number(version.attrib), _sent(version))
        for version in element.iterfind(f"{_RAW}version")
    ]
    versions.sort(key=lambda version: version.number)  # as they come, but nothing says that they do
    first, last = (versions[0], versions[-1]) if versions else (None, None)
    updated = last.created if last else None
    near = day and (updated is None or abs(day - updated.date()) <= _LONGEST_HOLD)
    return _paper(
        element,
        _RAW,
        authors=read_names(phrase(element, f"{_RAW}authors") or ""),
        announced=day if near else None,
        version=last.number if last else None,
        published=first.created if first and first.number == 1 else None,
        updated=updated,
        versions=tuple(versions),
    )


def _split_paper(element: Element, day: date | None) -> Paper:
    created, updated = (
        read_day({key: phrase(element, f"{_SPLIT}{key}")}, key) for key in ("created", "updated")
    )
    return _paper(
        element,
        _SPLIT,
        authors=tuple(_author(author) for author in element.iterfind(f"{_SPLIT}authors/{_SPLIT}author")),
        announced=day,
        version=None,
        published=_midnight(created if created and _is_first(created, element) else None),
        updated=_midnight(updated or created),
    )


def _is_first(created: date, element: Element) -> bool:
    """Whether `created` is the first version's day: older harvests give that, today's the current version's.

    Only the id gives it: it has the month of the first version.
    """
    start = first_of_month(read_id({"id": phrase(element, f"{_SPLIT}id")})[0])
    return start - timedelta(days=7) <= created < start + timedelta(days=31)


def _paper(
    element: Element,
    namespace: str,
    *,
    authors: tuple[Author, ...],
    announced: date | None,
    version: int | None,
    published: datetime | None,
    updated: datetime | None,
    versions: tuple[Version, ...] = (),
) -> Paper:
    paper_id, _ = read_id({"id": phrase(element, f"{namespace}id")})
    title, abstract = phrase(element, f"{namespace}title"), passage(element, f"{namespace}abstract")
    if title is None or abstract is None:
        raise InputError(f"{paper_id} has no {'abstract' if title else 'title'}")
    categories, others = sort_out((phrase(element, f"{namespace}categories") or "").split())
    for key in ("msc-class", "acm-class"):
        others += tuple(classes(phrase(element, f"{namespace}{key}")))
    return Paper(
        id=paper_id,
        version=version,
        title=title,
        abstract=abstract,
        authors=authors,
        categories=categories,
        primary_category=next(iter(categories), None),
        subject_classes=tuple(dict.fromkeys(others)),
        announced=announced,
        published=published,
        updated=updated,
        comment=phrase(element, f"{namespace}comments"),
        doi=phrase(element, f"{namespace}doi"),
        journal_ref=phrase(element, f"{namespace}journal-ref"),
        versions=versions,
    )


def _author(author: Element) -> Author:
    family, given, suffix = (phrase(author, f"{_SPLIT}{key}") for key in ("keyname", "forenames", "suffix"))
    name = " ".join(part for part in (given, family, suffix) if part)
    if not name:
        raise InputError("an author has no name")
    return Author(name, family, given, suffix)


def _sent(version: Element) -> datetime:
    text = phrase(version, f"{_RAW}date") or ""
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(
            f"a version's date is one such as Mon, 2 Apr 2007 19:18:42 GMT, not {text[:40]!r}"
        ) from error


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
