"""Papers as citations: BibTeX, RIS, CSL-JSON and Markdown.

A key is made of the id alone, so that it never changes. What a paper's text holds can break neither the format nor
the document that it is used in: prose is escaped, and a formula that would do more than typeset becomes text.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Literal, get_args
from urllib.parse import quote, urlencode

import orjson
from pylatexenc.latexencode import UnicodeToLatexEncoder

from app.errors import InputError
from app.papers.models import Author, Paper
from app.papers.plain_text import plain_text, split_mathematics
from app.papers.store.positions import first_of_month, listing_day

CitationFormat = Literal["bibtex", "ris", "csl", "markdown"]

MEDIA_TYPES: dict[CitationFormat, str] = {
    "bibtex": "application/x-bibtex",
    "ris": "application/x-research-info-systems",
    "csl": "application/vnd.citationstyles.csl+json",
    "markdown": "text/markdown",
}

_ENCODER = UnicodeToLatexEncoder(unknown_char_policy="keep", unknown_char_warning=False)
_MORE_THAN_TYPESETS = re.compile(
    r"\\(?:input|include|openin|openout|read|write|immediate|special|csname|catcode|def|edef|gdef|xdef|let|newcommand"
    r"|renewcommand|usepackage|directlua|end|endinput|loop|verbatiminput|lstinputlisting)(?![A-Za-z])"
)
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
    """One `@misc` entry, the title kept from being lower-cased."""
    day = _issued(paper)
    fields = {
        "title": f"{{{_tex(paper.title)}}}",
        "author": " and ".join(_tex_name(author) for author in _people(paper)),
        "year": str(day.year),
        "month": f"{day:%b}".lower(),
        "doi": re.sub(r"[{}\\\s]", "", paper.doi or ""),
        "url": _address(paper),
        "note": "; ".join(_tex(text) for text in (paper.journal_ref, paper.comment) if text),
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
    day = _issued(paper)
    tags = [
        ("TY", "UNPB"),
        ("ID", citation_key(paper)),
        ("TI", plain_text(paper.title)),
        *(("AU", _inverted(author)) for author in _people(paper)),
        ("PY", str(day.year)),
        ("DA", f"{day:%Y/%m/%d}"),
        ("AB", plain_text(paper.abstract)),
        *(("KW", category) for category in paper.categories),
        ("DO", plain_text(paper.doi or "")),
        ("UR", _address(paper)),
        ("PB", _publisher(paper)),
        ("AN", _number(paper)),
        ("N1", plain_text("; ".join(text for text in (paper.journal_ref, paper.comment) if text))),
    ]
    return "".join(f"{tag}  - {value}\r\n" for tag, value in tags if value) + "ER  - \r\n\r\n"


def csl(paper: Paper) -> dict[str, Any]:
    """One item of CSL-JSON, https://citeproc-js.readthedocs.io/en/latest/csl-json/markup.html."""
    day = _issued(paper)
    item: dict[str, Any] = {
        "id": citation_key(paper),
        "type": "article",
        "genre": "preprint",
        "title": plain_text(paper.title),
        "author": [_csl_name(author) for author in _people(paper)],
        "issued": {"date-parts": [[day.year, day.month, day.day]]},
        "abstract": plain_text(paper.abstract),
        "DOI": paper.doi,
        "URL": _address(paper),
        "publisher": _publisher(paper),
        "number": _number(paper),
        "version": str(paper.version) if paper.version else None,
        "note": "; ".join(plain_text(text) for text in (paper.journal_ref, paper.comment) if text),
    }
    return {key: value for key, value in item.items() if value}


def markdown(paper: Paper) -> str:
    """One line: authors, title, number and address."""
    names = ", ".join(_escaped(plain_text(author.name)) for author in _people(paper))
    title = "".join(
        part if formula else _escaped(part) for formula, part in split_mathematics(plain_text(paper.title))
    )
    where = f"[{_number(paper)}]({_address(paper)})" if _address(paper) else _number(paper)
    category = f" ({paper.primary_category})" if paper.primary_category else ""
    return f"{names}{'. ' if names else ''}**{title}**. {where}{category}, {_issued(paper).year}."


def coins(paper: Paper) -> str:
    """The context object that programs find in a list (COinS, OpenURL 1.0 over Dublin Core), as a query string."""
    item = csl(paper)
    fields = [
        ("ctx_ver", "Z39.88-2004"),
        ("rft_val_fmt", "info:ofi/fmt:kev:mtx:dc"),
        ("rft.type", "preprint"),
        ("rft.title", item["title"]),
        *(("rft.au", _inverted(author)) for author in _people(paper)),
        ("rft.date", f"{_issued(paper):%Y-%m-%d}"),
        ("rft.publisher", item["publisher"]),
        ("rft.identifier", item.get("URL") or item["number"]),
    ]
    return urlencode(fields, quote_via=quote)


def _issued(paper: Paper) -> date:
    """The day that the paper first appeared, as near as the source tells."""
    if paper.published is not None:
        return paper.published.date()
    return listing_day(paper) if paper.id.startswith("quire/") else first_of_month(paper.id)


def _people(paper: Paper) -> list[Author]:
    # Sources part a collaboration from its members by an author named ":".
    return [author for author in paper.authors if any(character.isalnum() for character in author.name)]


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
    if not (author.family and author.given):
        return f"{{{_tex(author.name)}}}"
    parts = [_tex(part) for part in (author.family, author.suffix, author.given) if part]
    return ", ".join(f"{{{part}}}" if re.search(r",|\band\b", part) else part for part in parts)


def _tex(source: str) -> str:
    """Text that BibTeX and LaTeX read safely: accents as macros, signs escaped, braces balanced, formulas kept."""
    parts = split_mathematics(plain_text(source))
    return "".join(part if formula and _is_harmless(part) else _encoded(part) for formula, part in parts)


def _encoded(text: str) -> str:
    return str(_ENCODER.unicode_to_latex(text))


def _is_harmless(formula: str) -> bool:
    bare = re.sub(r"\\[{}]", "", formula)
    depth = 0
    for character in bare:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0 and not re.search(r"\\(?![A-Za-z])\Z", bare) and not _MORE_THAN_TYPESETS.search(bare)


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)
