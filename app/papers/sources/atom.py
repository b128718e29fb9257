"""Papers from the Atom that arXiv's API answers, https://info.arxiv.org/help/api/user-manual.html.

It reads answers and saved files of them; asking the API is for fetching.py. Affiliations are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from app.errors import InputError, RecordError, Sentence, SourceError
from app.papers.categories import sort_out
from app.papers.models import Paper
from app.papers.records import read_id, read_instant
from app.papers.sources.markup import MarkupError, Stream, classes, convert, passage, phrase, whole
from app.papers.sources.names import read_authors

ATOM = "{http://www.w3.org/2005/Atom}"
ARXIV = "{http://arxiv.org/schemas/atom}"
_TOTAL = "{http://a9.com/-/spec/opensearch/1.1/}totalResults"
ENTRY = f"{ATOM}entry"
ROOTS = frozenset({f"{ATOM}feed", ENTRY})


@dataclass(frozen=True, slots=True)
class AtomPage:
    """One answer of the API; `total` counts what it found in all, of which an answer holds a slice."""

    papers: tuple[Paper, ...]
    problems: tuple[RecordError, ...]
    total: int


def read_atom(stream: Stream, path: str, *, longest: int = 4 << 20) -> Iterator[Paper | RecordError]:
    """Yields the papers of a saved answer, of any length; an entry that is wrong is a RecordError in its place.

    `path` is what errors name; an entry has at most `longest` bytes. A file that can't be read to its end yields
    a RecordError last, and so does an answer that is an error.
    """
    try:
        for _, value in convert(stream, path, {ENTRY: entry_paper}, ROOTS, longest=longest):
            yield value
    except MarkupError as error:
        yield RecordError(f"{error}; what follows is not read", path, error.line)
    except SourceError as error:
        yield RecordError(str(error), path, 1)


def read_answer(body: bytes, path: str) -> AtomPage:
    """Reads one answer of the API. Raises SourceError with the API's own words where it is an error."""
    values = whole(body, path, {ENTRY: entry_paper, _TOTAL: _total}, ROOTS)
    papers = tuple(value for value in values if isinstance(value, Paper))
    problems = tuple(value for value in values if isinstance(value, RecordError))
    return AtomPage(papers, problems, sum(value for value in values if isinstance(value, int)))


def entry_paper(entry: Element) -> Paper:
    """The paper of an entry; `announced` is None, since the API doesn't give it.

    Raises InputError where the entry is wrong, SourceError where it is an error of the API, which comes as an
    entry with HTTP status 200.
    """
    address = phrase(entry, f"{ATOM}id") or ""
    if "/api/errors" in address:
        said = phrase(entry, f"{ATOM}summary") or address
        raise SourceError(Sentence("arXiv's API refuses the request: {said}", said=said))
    record = {"id": address or None} | {
        key: phrase(entry, f"{ATOM}{key}") for key in ("published", "updated", "title")
    }
    paper_id, version = read_id(record)
    abstract = passage(entry, f"{ATOM}summary")
    if record["title"] is None or abstract is None:
        raise InputError(f"{paper_id} has no {'summary' if record['title'] else 'title'}")
    categories, others = read_terms(entry)
    primary = entry.find(f"{ARXIV}primary_category")
    named, _ = sort_out([] if primary is None else [primary.get("term", "")])
    names = (phrase(author, f"{ATOM}name") for author in entry.iterfind(f"{ATOM}author"))
    dois = [doi.text.strip() for doi in entry.iterfind(f"{ARXIV}doi") if doi.text and doi.text.strip()]
    return Paper(
        id=paper_id,
        version=version,
        title=record["title"],
        abstract=abstract,
        authors=read_authors(name for name in names if name),
        categories=categories,
        primary_category=next(iter(named or categories), None),
        subject_classes=others,
        published=read_instant(record, "published"),
        updated=read_instant(record, "updated"),
        comment=phrase(entry, f"{ARXIV}comment"),
        doi=" ".join(dois) or None,
        journal_ref=phrase(entry, f"{ARXIV}journal_ref"),
    )


def read_terms(entry: Element) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The categories of an entry, and its subject classes, which Atom gives as categories too."""
    terms = [category.get("term", "").strip() for category in entry.iterfind(f"{ATOM}category")]
    categories, others = sort_out(term for term in terms if term)
    return categories, tuple(dict.fromkeys(part for other in others for part in classes(other)))


def _total(element: Element) -> int:
    text = (element.text or "").strip()
    if not (text.isascii() and text.isdigit()):
        raise InputError(f"totalResults is a number, not {text[:40]!r}")
    return int(text[:12])
