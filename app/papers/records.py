"""Papers and answers as JSON records: our own form, which the API answers and `export` writes, both ways.

Other forms (arXiv's snapshot, Atom, OAI-PMH) are read in `sources`. A wrong field is an InputError that names it.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from reprlib import Repr
from typing import Any, get_args

import orjson

from app.errors import InputError, NotFound, RecordError
from app.papers.answers import Answer, Quote, QuoteStatus, Usage
from app.papers.categories import canonical_category, sort_out
from app.papers.models import AnnounceType, Author, Paper, Version, parse_id
from app.papers.paper_cache import cached_by_paper

_VERSION = re.compile("v?0{0,9}[1-9][0-9]{0,3}", re.ASCII)


def paper_record(paper: Paper) -> dict[str, Any]:
    """The JSON object of a paper: the contract's keys, dates in ISO 8601, null for what the source lacks."""
    return {
        "id": paper.id,
        "version": paper.version,
        "title": paper.title,
        "abstract": paper.abstract,
        "body": paper.body,
        "authors": [author_record(author) for author in paper.authors],
        "categories": list(paper.categories),
        "primary_category": paper.primary_category,
        "subject_classes": list(paper.subject_classes),
        "announced": paper.announced.isoformat() if paper.announced else None,
        "published": instant_text(paper.published),
        "updated": instant_text(paper.updated),
        "comment": paper.comment,
        "doi": paper.doi,
        "journal_ref": paper.journal_ref,
        "links": [{"relation": link.relation, "href": link.href} for link in paper.links],
    }


@cached_by_paper(1024)
def paper_json(paper: Paper) -> orjson.Fragment:
    """The same object as JSON, to be put into an answer.

    >>> orjson.dumps([paper_json(Paper("2401.12345", "A title", "An abstract."))])[:24]
    b'[{"id":"2401.12345","ver'
    """
    return orjson.Fragment(orjson.dumps(paper_record(paper)))


def whole_record(paper: Paper) -> dict[str, Any]:
    """The same object with what the contract has no key for, where it is known: what `export` writes."""
    record = paper_record(paper)
    if paper.announce_type is not None:
        record["announce_type"] = paper.announce_type
    if paper.versions:
        record["versions"] = [
            {"version": version.number, "created": instant_text(version.created)}
            for version in paper.versions
        ]
    return record


def author_record(author: Author) -> dict[str, str | None]:
    """The JSON object of an author; `suffix` (Jr., III) is there only where there is one."""
    record = {"name": author.name, "family": author.family, "given": author.given}
    return record if author.suffix is None else record | {"suffix": author.suffix}


def answer_record(answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer."""
    return {
        "id": answer.paper_id,
        "version": answer.version,
        "question": answer.question,
        "answer": answer.answer,
        "model": answer.model,
        "language": answer.language,
        "name": answer.name,
        "created": instant_text(answer.created),
        "source": answer.source,
        "prompt_sha256": answer.prompt_sha256,
        "usage": usage_record(answer.usage),
        "quotes": [asdict(quote) for quote in answer.quotes],
    }


def usage_record(usage: Usage | None) -> dict[str, int] | None:
    """The JSON object of what an answer cost; None where it was not counted."""
    return None if usage is None else asdict(usage)


def instant_text(instant: datetime | None) -> str | None:
    """An instant in ISO 8601, in UTC, with Z."""
    return None if instant is None else instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_paper(record: Mapping[str, Any]) -> Paper:
    """The paper of a record in our own form; `links` follow from the rest and are not read."""
    paper_id, version = read_id(record)
    categories, others = read_categories(record)
    primary = canonical_category(text_or_none(record, "primary_category") or "")
    return Paper(
        id=paper_id,
        version=read_version(record) or version,
        title=text(record, "title"),
        abstract=text(record, "abstract"),
        body=text_or_none(record, "body"),
        authors=tuple(_author(author) for author in items(record, "authors")),
        categories=categories,
        primary_category=primary or next(iter(categories), None),
        subject_classes=(
            *others,
            *(plain(item, "subject_classes") for item in items(record, "subject_classes")),
        ),
        announced=read_day(record, "announced"),
        published=read_instant(record, "published"),
        updated=read_instant(record, "updated"),
        comment=text_or_none(record, "comment"),
        doi=text_or_none(record, "doi"),
        journal_ref=text_or_none(record, "journal_ref"),
        announce_type=read_announce_type(text_or_none(record, "announce_type")),
        versions=tuple(_version(entry) for entry in items(record, "versions")),
    )


def read_announce_type(text: str | None) -> AnnounceType | None:
    """How a paper was announced, by arXiv's words for it."""
    for known in get_args(AnnounceType):
        if text == known:
            return known  # type: ignore[no-any-return]
    if text is None:
        return None
    raise InputError(f"announce_type is one of {', '.join(get_args(AnnounceType))}, not {_shown(text)}")


def read_answer(record: Mapping[str, Any]) -> Answer:
    """The answer of a record with the key `question`."""
    paper_id, version = read_id(record)
    return Answer(
        paper_id=paper_id,
        version=read_version(record) or version,
        question=text(record, "question"),
        model=text_or_none(record, "model"),
        language=text_or_none(record, "language"),
        answer=text(record, "answer"),
        name=text_or_none(record, "name"),
        created=read_instant(record, "created"),
        source=text_or_none(record, "source"),
        prompt_sha256=text_or_none(record, "prompt_sha256"),
        usage=_usage(record.get("usage")),
        quotes=tuple(_quote(entry) for entry in items(record, "quotes")),
    )


def read_id(record: Mapping[str, Any]) -> tuple[str, int | None]:
    """The record's id and the version in it."""
    try:
        return parse_id(text(record, "id"))
    except NotFound as error:
        raise InputError(f"id: {error}") from error


def read_version(record: Mapping[str, Any]) -> int | None:
    """The record's version: a whole number from 1, as a number or as `v2`."""
    value = record.get("version")
    if isinstance(value, str) and _VERSION.fullmatch(value):
        return int(value.removeprefix("v"))
    if value is None or (type(value) is int and 1 <= value <= 9999):
        return value
    raise InputError(f"version is a whole number from 1 to 9999, not {_shown(value)}")


def read_version_number(record: Mapping[str, Any]) -> int:
    """The record's version, which has to be there."""
    number = read_version(record)
    if number is None:
        raise InputError("version is missing")
    return number


def read_categories(record: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The record's categories, given as a list or parted by spaces, and what among them is none."""
    value = record.get("categories")
    if isinstance(value, list):
        return sort_out(plain(item, "categories") for item in value)
    return sort_out((text_or_none(record, "categories") or "").split())


def read_day(record: Mapping[str, Any], key: str) -> date | None:
    """A day as YYYY-MM-DD."""
    value = text_or_none(record, key)
    try:
        return date.fromisoformat(value) if value else None
    except ValueError as error:
        raise InputError(f"{key} is a day such as 2026-11-23, not {_shown(value)}") from error


def read_instant(record: Mapping[str, Any], key: str) -> datetime | None:
    """An instant in ISO 8601; without an offset it is taken as UTC."""
    value = text_or_none(record, key)
    try:
        instant = datetime.fromisoformat(value) if value else None
        if instant is None:
            return None
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{key} is an instant such as 2026-11-23T08:30:00Z, not {_shown(value)}") from error


def text(record: Mapping[str, Any], key: str) -> str:
    """A text that has to be there."""
    value = text_or_none(record, key)
    if value is None:
        raise InputError(f"{key} is missing")
    return value


def text_or_none(record: Mapping[str, Any], key: str) -> str | None:
    """A text, or None where the key is missing or null."""
    value = record.get(key)
    return None if value is None else plain(value, key)


def items(record: Mapping[str, Any], key: str) -> list[Any]:
    """A list, empty where the key is missing or null."""
    value = record.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InputError(f"{key} is a list, not {_shown(value)}")
    return value


def plain(value: object, key: str) -> str:
    """A string without NUL, which neither SQLite's functions nor XML can carry."""
    if not isinstance(value, str):
        raise InputError(f"{key} is text, not {_shown(value)}")
    if "\0" in value:
        raise InputError(f"{key} holds a NUL character, which no text has")
    return value


def refused(error: Exception, path: str, line: int) -> RecordError:
    """What is reported of a record that reading failed at, also in ways that its reader did not foresee."""
    if isinstance(error, InputError):
        return RecordError(str(error), path, line)
    if isinstance(error, RecursionError):
        return RecordError("the record is nested too deep", path, line)
    return RecordError(f"the record can't be read ({type(error).__name__}: {str(error)[:200]})", path, line)


def _author(value: object) -> Author:
    if isinstance(value, str):
        return Author(plain(value, "authors"))
    if not isinstance(value, dict):
        raise InputError(f"authors holds names or objects, not {_shown(value)}")
    family, given, suffix = (text_or_none(value, key) or None for key in ("family", "given", "suffix"))
    name = text_or_none(value, "name") or " ".join(filter(None, (given, family, suffix)))
    if not name:
        raise InputError("authors holds an author without a name")
    return Author(name, family, given, suffix)


def _usage(value: object) -> Usage | None:
    if value is None:
        return None
    if isinstance(value, dict):
        asked, answered = value.get("prompt_tokens"), value.get("completion_tokens")
        if type(asked) is int and type(answered) is int and min(asked, answered) >= 0:
            return Usage(asked, answered)
    raise InputError(
        f"usage holds the whole numbers prompt_tokens and completion_tokens, not {_shown(value)}"
    )


def _quote(value: object) -> Quote:
    known = get_args(QuoteStatus)
    if not isinstance(value, dict) or value.get("status") not in known:
        raise InputError(
            f"quotes holds objects whose status is one of {', '.join(known)}, not {_shown(value)}"
        )
    return Quote(
        text(value, "quote"),
        value["status"],
        text_or_none(value, "anchor"),
        text_or_none(value, "passage"),
        text_or_none(value, "words"),
    )


def _version(value: object) -> Version:
    number = read_version(value) if isinstance(value, dict) else None
    created = read_instant(value, "created") if isinstance(value, dict) else None
    if number is None or created is None:
        raise InputError(
            f"versions holds objects such as {{'version': 1, 'created': '2007-04-02T19:18:42Z'}}, not {_shown(value)}"
        )
    return Version(number, created)


def _shown(value: object) -> str:
    written = _SHORT.repr(value)
    return written if len(written) <= 60 else f"{written[:60]}…"


# A value may be nested a thousand deep, or be as long as a record may: it is never written out whole.
_SHORT = Repr()
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxother, _SHORT.maxlong = 4, 70, 70, 70
