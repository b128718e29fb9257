"""Papers as plain frozen records, and the grammar of their identifiers.

Nothing here reads a file, a store or the network, and no text is converted: title, abstract and names are the
source as it came. What a source does not give is None.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from urllib.parse import unquote

from app.errors import NotFound, Sentence

_NEW = re.compile(r"([0-9]{2})(0[1-9]|1[0-2])\.([0-9]{4,5})(?:v([1-9][0-9]{0,3}))?", re.ASCII)
_OLD = re.compile(
    r"([a-z]+(?:-[a-z]+)?)(?:\.[a-z]{2})?/([0-9]{2}(?:0[1-9]|1[0-2])[0-9]{3})(?:v([1-9][0-9]{0,3}))?",
    re.ASCII | re.IGNORECASE,
)
_OWN = re.compile(r"quire/([0-9]{4})(?:v([1-9][0-9]{0,3}))?", re.ASCII)
# What people paste around an id: the address of a page or a file, a DOI, the citation form "arXiv:… [cs.AI]".
_ADDRESS = re.compile(
    r"(?:https?://)?(?:[a-z0-9-]+\.)*(?:arxiv\.org|alphaxiv\.org|papers\.cool|huggingface\.co)/"
    r"(?:abs|pdf|html|format|ps|src|e-print|arxiv|papers|overview)/",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:\s*)?(?:10\.48550/)?arxiv[.:]\s*", re.IGNORECASE
)
# The stamp in a PDF's margin goes on with the category and the day.
_AFTER = re.compile(
    r"(?:\.pdf)?/?(?:[?#].*|\s+\[[\w.-]+\](?:\s+\d{1,2}\s+\w{3,9}\s+\d{4})?)?", re.IGNORECASE | re.DOTALL
)
_ID = r"(?:[0-9]{4}\.[0-9]{4,5}|(?:q-|[a-z])[a-z]{1,7}(?:-[a-z]{2,4})?(?:\.[a-z]{2})?/[0-9]{7})(?:v[1-9][0-9]{0,3})?"
# Other sites whose addresses name a paper by its id: the first thing in their path that is one.
_ELSEWHERE = re.compile(
    r"(?:https?://)?(?:[a-z0-9-]+\.){0,3}(?:semanticscholar\.org|scirate\.com|ar5iv\.org|paperswithcode\.com|inspirehep\.net"
    r"|connectedpapers\.com|catalyzex\.com|hf\.co|arxiv-vanity\.com|xxx\.lanl\.gov|emergentmind\.com|themoonlight\.io"
    r"|bytez\.com|chatpaper\.com|sciencecast\.org|deeplearn\.org|arxiv\.org|alphaxiv\.org|huggingface\.co|papers\.cool"
    r"|arxivxplorer\.com|scholar\.archive\.org|searchthearxiv\.com|talk2arxiv\.org|scholar\.google\.[a-z.]{2,6})"
    r"/\S{0,200}?(?<=[/:=-])"
    rf"({_ID})"
    r"(?:\.pdf)?(?:[/?#&\s].*)?",
    re.IGNORECASE | re.DOTALL,
)
# Where an id is called one within a text: `arXiv:…`, `arXiv preprint …`, an address of arXiv's.
_CALLED = re.compile(
    rf"(?<![A-Za-z])arxiv(?:\.org/(?:abs|pdf|html)/|(?:_id|\s+preprint|\s+e-?print)?[\s:=._+-]{{1,3}})({_ID})(?![0-9A-Za-z])",
    re.IGNORECASE,
)
# What stands around ids in a list of them or in a .bib file, and says nothing.
_AROUND = re.compile(r"(?:and|or|see|arxiv|arxiv:|ids?|ids?:|e-?print|preprint|&|=)", re.IGNORECASE)
_SEARCHES = re.compile(
    r"(?:^|[\s(])(?:(?:OR|AND|NOT|ANDNOT)(?=[\s(])|-(?=\w)|[a-z]{2,9}:(?=[^\s:/]))", re.MULTILINE
)
_BIBCODE = re.compile(r"(?:https?://\S{1,200}/)?[0-9]{4}arXiv([0-9]{4})\.?([0-9]{4,5})[A-Za-z.](?:/\S*)?")
_MOST_PASTED = 200
_LONGEST_ADDRESS = 500
_MANY_AUTHORS = 200
_LONG_TEXTS = 20_000  # characters

_CODE_HOSTS = re.compile(
    r"https?://(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|huggingface\.co)/[^\s,;()<>{}\"'\\]+",
    re.IGNORECASE,
)

# How authors and arXiv say that a paper is withdrawn. "Withdrawn from a conference" is a paper that still stands.
_WORK = (
    r"(?:paper|article|submission|manuscript|preprint|work|note|report|document|draft|e-?print|arxiv version)"
)
_WITHDRAWN = (
    rf"(?:this|the|our)\s+(?:\w+\s+)?{_WORK}\s+(?:has|have|is|was|had)\s+(?:now\s+|also\s+)?(?:been\s+|being\s+)?"
    r"(?:\w+ly\s+)?(?:withdrawn|retracted)(?!\s+from)"
    rf"|(?:withdrawn|withdrew|withdraw|withdrawing|retracted)\s+(?:this|the|our)\s+{_WORK}"
    rf"|{_WORK}\s+(?:withdrawn|retracted)(?!\s+from)"
)
_WITHDRAWN_AT_ONCE = (
    r"\W{0,3}(?:withdrawn|withdrawal|retracted)\b"
    r"(?!\s+(?:from|at|submission|paper|article|version|publication)\b)"
)
_SAYS_WITHDRAWN = re.compile(
    rf"{_WITHDRAWN}|(?:\A|[.;]\s){_WITHDRAWN_AT_ONCE}|\bwithdrawn\s+(?:by|due|because)\b", re.IGNORECASE
)
_BEGINS_WITHDRAWN = re.compile(rf"\s*\W{{0,3}}(?:{_WITHDRAWN}|{_WITHDRAWN_AT_ONCE})", re.IGNORECASE)

# Archives that identifiers were given in before April 2007; the categories of today are in categories.py.
OLD_ARCHIVES = (
    *("acc-phys", "adap-org", "alg-geom", "ao-sci", "astro-ph", "atom-ph", "bayes-an", "chao-dyn", "chem-ph"),
    *("cmp-lg", "comp-gas", "cond-mat", "cs", "dg-ga", "funct-an", "gr-qc", "hep-ex", "hep-lat", "hep-ph"),
    *(
        "hep-th",
        "math",
        "math-ph",
        "mtrl-th",
        "nlin",
        "nucl-ex",
        "nucl-th",
        "patt-sol",
        "physics",
        "plasm-ph",
    ),
    *("q-alg", "q-bio", "quant-ph", "solv-int", "supr-con"),
)


@dataclass(frozen=True, slots=True)
class Author:
    """One author. `name` is as it is read aloud, `family` and `given` where the source separates them."""

    name: str
    family: str | None = None
    given: str | None = None
    suffix: str | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """A subject that papers are announced under, such as `cs.CL` of the archive `cs`."""

    code: str
    name: str
    archive: str


@dataclass(frozen=True, slots=True)
class Link:
    """Where a paper leads; `relation` is abstract, pdf, doi or code."""

    relation: str
    href: str


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a paper: its number from 1, and the instant in UTC at which it was sent in."""

    number: int
    created: datetime


AnnounceType = Literal["new", "cross", "replace", "replace-cross", "absonly"]
"""How arXiv's feeds announce a paper: cross is a listing in one more category, absonly a change of the record alone."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper as a source describes it.

    `id` has no version; `version` is None where the source doesn't give it. `categories` are canonical codes
    without repetition; what stood among them and is not a category (MSC, ACM) is in `subject_classes`.
    `announced` is a day; `published` (first version) and `updated` (this version) are aware instants in UTC.
    `versions` are those that the source lists, the oldest first. `body` is Markdown, for papers that are texts of their
    own.
    """

    id: str
    title: str
    abstract: str
    version: int | None = None
    body: str | None = None
    authors: tuple[Author, ...] = ()
    categories: tuple[str, ...] = ()
    primary_category: str | None = None
    subject_classes: tuple[str, ...] = ()
    announced: date | None = None
    published: datetime | None = None
    updated: datetime | None = None
    comment: str | None = None
    doi: str | None = None
    journal_ref: str | None = None
    announce_type: AnnounceType | None = None
    versions: tuple[Version, ...] = ()

    def __hash__(self) -> int:
        # Caches of what is written of a paper ask for it often; equality still compares everything.
        return hash((self.id, self.version))

    @property
    def is_short(self) -> bool:
        """Whether it is of a usual size, so that what is made of it can be remembered.

        >>> Paper("2401.12345", "", "").is_short, Paper("2401.12345", "", "", authors=(Author("A"),) * 3000).is_short
        (True, False)
        """
        return len(self.authors) <= _MANY_AUTHORS and self.length <= _LONG_TEXTS

    @property
    def length(self) -> int:
        """How many characters its texts have in all."""
        texts = (self.title, self.abstract, self.body, self.comment, self.journal_ref)
        return sum(len(text or "") for text in texts)

    @property
    def is_withdrawn(self) -> bool:
        """Whether its comment says that the paper is withdrawn, or its abstract begins with that.

        >>> Paper("2401.12345", "", "", comment="This paper has been withdrawn by the author").is_withdrawn
        True
        """
        return (
            _SAYS_WITHDRAWN.search(self.comment or "") is not None
            or _BEGINS_WITHDRAWN.match(self.abstract) is not None
        )

    @property
    def links(self) -> tuple[Link, ...]:
        """Where the paper leads, from its id, its DOI and the code that its comment and abstract name."""
        links = []
        if not self.id.startswith("quire/"):
            versioned = self.id if self.version is None else f"{self.id}v{self.version}"
            links.append(Link("abstract", f"https://arxiv.org/abs/{versioned}"))
            if not self.is_withdrawn:
                links.append(Link("pdf", f"https://arxiv.org/pdf/{versioned}"))
        if self.doi is not None:
            links += [Link("doi", f"https://doi.org/{doi}") for doi in self.doi.split()]
        found = _CODE_HOSTS.findall(f"{self.comment or ''}\n{self.abstract}")
        links += [Link("code", href) for href in dict.fromkeys(address.rstrip(".:!?") for address in found)]
        return tuple(links)


def parse_id(text: str) -> tuple[str, int | None]:
    """The id without version, and the version if one is named, of anything that people call a paper by.

    Takes ids of both kinds, the forms `arXiv:…` and `10.48550/arXiv.…`, and addresses of a paper's pages.

    >>> parse_id("https://arxiv.org/pdf/2401.12345v2.pdf")
    ('2401.12345', 2)
    >>> parse_id("math.GT/0309136")
    ('math/0309136', None)

    Raises NotFound for anything else: a malformed id names no paper.
    """
    given = text.strip()
    if len(given) <= _LONGEST_ADDRESS:
        if given.startswith(("http://", "https://")):
            given = unquote(given)
        if elsewhere := _ELSEWHERE.fullmatch(given):
            given = elsewhere[1]
        elif bibcode := _BIBCODE.fullmatch(given):
            given = f"{bibcode[1]}.{bibcode[2]}"
        start = _ADDRESS.match(given) or _LABEL.match(given)
        bare = given[start.end() :] if start else given
        for pattern, build in ((_NEW, _new_id), (_OLD, _old_id), (_OWN, _own_id)):
            match = pattern.match(bare)
            if match and (match.end() == len(bare) or (start and _AFTER.fullmatch(bare, match.end()))):
                found = build(match)
                if found is not None:
                    return found, int(match[match.lastindex or 0]) if match.group(match.re.groups) else None
    shown = given if len(given) <= 40 else f"{given[:40]}…"
    raise NotFound(
        Sentence(
            "{shown!r} is not a paper's id; ids look like 2401.12345, 2401.12345v2, math/0211159 or "
            "quire/0001",
            shown=shown,
        ),
        "?id",
    )


def parse_ids(text: str) -> list[str]:
    """The ids, without versions, that a text consists of, or that a reference calls arXiv's.

    >>> parse_ids("arXiv:2401.12345v2 [cs.AI] 5 Jan 2024"), parse_ids("2401.12345, math/0211159")
    (['2401.12345'], ['2401.12345', 'math/0211159'])
    >>> parse_ids("E. Noether. On zeros. arXiv preprint arXiv:2401.12345, 2024.")
    ['2401.12345']

    Raises NotFound where anything in it is not a paper's name, and no id is called one.
    """
    try:
        return [parse_id(text)[0]]
    except NotFound:
        words = re.split(r"[\s,;]+", re.sub(r"\[[a-z][\w.-]{1,20}\]", " ", text))
        parts = [bare for word in words if (bare := _bare(word)) and not _AROUND.fullmatch(bare)]
        called = [] if _SEARCHES.search(text) else [match[1] for match in _CALLED.finditer(text)]
        for names in (parts, called):
            if 0 < len(names) <= _MOST_PASTED and names != [text.strip()]:
                with suppress(NotFound):
                    return list(dict.fromkeys(parse_id(name)[0] for name in names))
        raise


def _bare(word: str) -> str:
    """A word without the brackets, quotes and points around it."""
    return word.strip("[](){}<>\"'“”‘’.")


def _new_id(match: re.Match[str]) -> str | None:
    # Numbers have five digits since January 2015; the scheme began in April 2007.
    month, number = match[1] + match[2], match[3]
    if month < "0704" or len(number) != (5 if month >= "1501" else 4) or not int(number):
        return None
    return f"{month}.{number}"


def _old_id(match: re.Match[str]) -> str | None:
    archive = match[1].lower()
    return f"{archive}/{match[2]}" if archive in OLD_ARCHIVES else None


def _own_id(match: re.Match[str]) -> str | None:
    return f"quire/{match[1]}"
