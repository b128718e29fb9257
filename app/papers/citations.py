"""Papers as citations: BibTeX, RIS, CSL-JSON and Markdown.

A key is made of the id alone, so that it never changes. What a paper's text holds can break neither the format nor
the document that it is used in: prose is escaped, and a formula that would do more than typeset becomes text.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, Literal, get_args
from urllib.parse import quote, urlencode

import orjson

from app.errors import InputError
from app.papers.models import Author, Paper
from app.papers.names import ET_AL, people
from app.papers.plain_text import plain_text, resolved_parts
from app.papers.store.positions import first_of_month, listing_day
from app.papers.tex import tex, title_text

CitationFormat = Literal["bibtex", "ris", "csl", "markdown"]

MEDIA_TYPES: dict[CitationFormat, str] = {
    "bibtex": "application/x-bibtex",
    "ris": "application/x-research-info-systems",
    "csl": "application/vnd.citationstyles.csl+json",
    "markdown": "text/markdown",
}

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~])")


def cite(papers: Iterable[Paper], form: str) -> str:
    """The citations of papers in order, as one text. Raises InputError for a format that is not known."""
    writers: dict[str, Callable[[list[Paper]], str]] = {
        "bibtex": lambda given: "\n".join(bibtex(paper) for paper in given),
        "ris": lambda given: "".join(ris(paper) for paper in given),
        "csl": lambda given: (
            orjson.dumps([csl(paper) for paper in given], option=orjson.OPT_INDENT_2).decode() + "\n"
        ),
        "markdown": lambda given: "".join(f"- {markdown(paper)}\n" for paper in given),
    }
    if form not in writers:
        raise InputError(
            f"there is no format {form[:40]!r}; choose one of {', '.join(get_args(CitationFormat))}",
            "?format",
        )
    return writers[form](list(papers))


def citation_key(paper: Paper) -> str:
    """The key of a paper in bibliographies, the same for ever.

    >>> citation_key(Paper("math/0211159", "", ""))
    'arxiv-math-0211159'
    """
    name = paper.id.replace("/", "-")
    return name if paper.id.startswith("quire/") else f"arxiv-{name}"


def bibtex(paper: Paper) -> str:
    """One `@misc` entry, the title kept from being lower-cased; what the source doesn't give is left out."""
    year, month, *day = _issued(paper)
    fields = {
        "title": f"{{{tex(paper.title)}}}",
        "author": " and ".join(_tex_name(author) for author in _people(paper)),
        "year": str(year),
        "month": _MONTHS[month - 1],
        "day": str(day[0]) if day else "",
        "doi": ", ".join(re.sub(r"[{}\\]", "", doi) for doi in _dois(paper)),
        "url": _address(paper),
        "pdf": next((link.href for link in paper.links if link.relation == "pdf"), ""),
        "note": tex(paper.journal_ref or ""),
        "annote": tex(paper.comment or ""),
    }
    if not paper.id.startswith("quire/"):
        fields |= {"eprint": paper.id, "archiveprefix": "arXiv", "primaryclass": paper.primary_category or ""}
    lines = [
        f"  {name} = {{{value}}}," if name != "month" else f"  month = {value},"
        for name, value in fields.items()
        if value
    ]
    return "\n".join([f"@misc{{{citation_key(paper)},", *lines, "}", ""])


def ris(paper: Paper) -> str:
    """One reference, ended by `ER`; lines end as the format asks, with CR and LF."""
    issued = _issued(paper)
    tags = [
        # RIS has no preprints. Zotero takes UNPB for an article in a journal, this for a manuscript of the type in M3.
        ("TY", "MANSCPT"),
        ("ID", citation_key(paper)),
        ("TI", title_text(paper.title)),
        *(("AU", _inverted(author)) for author in _people(paper)),
        ("PY", str(issued[0])),
        ("DA", "/".join(f"{part:02}" for part in issued)),
        ("AB", plain_text(paper.abstract)),
        *(("KW", category) for category in paper.categories),
        *(("DO", doi) for doi in _dois(paper)),
        ("UR", _address(paper)),
        *(("L1", link.href) for link in paper.links if link.relation == "pdf"),
        ("M3", "Preprint"),
        ("PB", _publisher(paper)),
        ("AN", _number(paper)),
        *(("N1", plain_text(text)) for text in (paper.journal_ref, paper.comment) if text),
    ]
    return "".join(f"{tag}  - {value}\r\n" for tag, value in tags if value) + "ER  - \r\n\r\n"


def csl(paper: Paper) -> dict[str, Any]:
    """One item of CSL-JSON, https://citeproc-js.readthedocs.io/en/latest/csl-json/markup.html."""
    item: dict[str, Any] = {
        "id": citation_key(paper),
        "type": "article",
        "genre": "preprint",
        "title": title_text(paper.title),
        "author": [_csl_name(author) for author in _people(paper)],
        "issued": {"date-parts": [_issued(paper)]},
        "abstract": plain_text(paper.abstract),
        "DOI": next(iter(_dois(paper)), None),
        "URL": _address(paper),
        "publisher": _publisher(paper),
        "number": _number(paper),
        "version": str(paper.version) if paper.version else None,
        "note": "; ".join(plain_text(text) for text in (paper.journal_ref, paper.comment) if text),
    }
    return {key: value for key, value in item.items() if value or key == "title"}


def markdown(paper: Paper) -> str:
    """One line: authors, title, number and address."""
    names = ", ".join(_escaped(plain_text(author.name)) for author in _people(paper))
    title = markdown_title(paper)
    where = f"[{_number(paper)}]({_address(paper)})" if _address(paper) else _number(paper)
    category = f" ({paper.primary_category})" if paper.primary_category else ""
    return f"{names}{'. ' if names else ''}**{title}**. {where}{category}, {_issued(paper)[0]}."


def markdown_title(paper: Paper) -> str:
    """The title in one line of Markdown, its formulas as they stand."""
    parts = (part if formula else _escaped(part) for formula, part in resolved_parts(paper.title))
    return " ".join("".join(parts).split())


def coins(paper: Paper) -> str:
    """The context object that programs find in a list (COinS, OpenURL 1.0 over Dublin Core), as a query string."""
    fields = [
        ("ctx_ver", "Z39.88-2004"),
        ("rft_val_fmt", "info:ofi/fmt:kev:mtx:dc"),
        ("rft.type", "preprint"),
        ("rft.title", title_text(paper.title)),
        *(("rft.au", _inverted(author)) for author in _people(paper)),
        ("rft.date", "-".join(f"{part:02}" for part in _issued(paper))),
        ("rft.publisher", _publisher(paper)),
        ("rft.identifier", _address(paper) or _number(paper)),
    ]
    return urlencode(fields, quote_via=quote)


def _issued(paper: Paper) -> list[int]:
    """Year and month in which the paper first appeared, which its id gives, and the day where the source gives it."""
    if paper.published is None and not paper.id.startswith("quire/"):
        month = first_of_month(paper.id)
        return [month.year, month.month]
    day = paper.published or listing_day(paper)
    return [day.year, day.month, day.day]


def _dois(paper: Paper) -> list[str]:
    """A source may give several, with spaces between."""
    return plain_text(paper.doi or "").split()


def _people(paper: Paper) -> list[Author]:
    return people(paper.authors)


def _address(paper: Paper) -> str:
    return next((link.href for link in paper.links if link.relation == "abstract"), "")


def _publisher(paper: Paper) -> str:
    return "Quire" if paper.id.startswith("quire/") else "arXiv"


def _number(paper: Paper) -> str:
    return paper.id if paper.id.startswith("quire/") else f"arXiv:{paper.id}"


def _inverted(author: Author) -> str:
    parts = [plain_text(part) for part in (author.family, author.given, author.suffix) if part]
    return ", ".join(parts) if author.family and author.given else plain_text(author.name)


def _csl_name(author: Author) -> dict[str, str]:
    if not (author.family and author.given):
        return {"literal": plain_text(author.name)}
    parts = {"family": author.family, "given": author.given, "suffix": author.suffix}
    return {key: plain_text(part) for key, part in parts.items() if part}


def _tex_name(author: Author) -> str:
    """`Family, Suffix, Given`; whatever BibTeX would part a name at is held together by braces."""
    if author.name == ET_AL:
        return "others"
    if not (author.family and author.given):
        return f"{{{tex(author.name)}}}"
    parts = [tex(part) for part in (author.family, author.suffix, author.given) if part]
    return ", ".join(f"{{{part}}}" if re.search(r",|\band\b", part) else part for part in parts)


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)
