"""Rows of the store and papers, both ways. The texts of a paper are kept as they came."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import orjson

from app.papers.answers import Answer, Quote, Usage
from app.papers.models import Author, Paper, Version
from app.papers.store.positions import announced_position, paper_number, published_position


def paper_row(paper: Paper, changed: int) -> dict[str, Any]:
    """The row of a paper in the table `papers`; `changed` is the store's change counter."""
    return {
        "number": paper_number(paper.id),
        "id": paper.id,
        "version": paper.version,
        "title": paper.title,
        "abstract": paper.abstract,
        "body": paper.body,
        "authors": _json(
            [[author.name, author.family, author.given, author.suffix] for author in paper.authors]
        ),
        "categories": " ".join(paper.categories),
        "primary_category": paper.primary_category,
        "subject_classes": _json(paper.subject_classes),
        "announced": paper.announced.isoformat() if paper.announced else None,
        "published": paper.published.isoformat() if paper.published else None,
        "updated": paper.updated.isoformat() if paper.updated else None,
        "comment": paper.comment,
        "doi": paper.doi,
        "journal_ref": paper.journal_ref,
        "announce_type": paper.announce_type,
        "versions": _json([[version.number, version.created.isoformat()] for version in paper.versions])
        if paper.versions
        else None,
        "announced_position": announced_position(paper),
        "published_position": published_position(paper),
        "changed": changed,
    }


def row_paper(row: Any) -> Paper:
    """The paper of a row."""
    return Paper(
        id=row.id,
        title=row.title,
        abstract=row.abstract,
        version=row.version,
        body=row.body,
        authors=tuple(Author(*author) for author in orjson.loads(row.authors)),
        categories=tuple(row.categories.split()),
        primary_category=row.primary_category,
        subject_classes=tuple(orjson.loads(row.subject_classes)),
        announced=date.fromisoformat(row.announced) if row.announced else None,
        published=datetime.fromisoformat(row.published) if row.published else None,
        updated=datetime.fromisoformat(row.updated) if row.updated else None,
        comment=row.comment,
        doi=row.doi,
        journal_ref=row.journal_ref,
        announce_type=row.announce_type,
        versions=tuple(
            Version(number, datetime.fromisoformat(created)) for number, created in orjson.loads(row.versions)
        )
        if row.versions
        else (),
    )


def answer_row(answer: Answer) -> dict[str, Any]:
    """The row of an answer; what is not known is zero or empty there."""
    return {
        "paper_number": paper_number(answer.paper_id),
        "paper_id": answer.paper_id,
        "version": answer.version or 0,
        "question": answer.question,
        "model": answer.model or "",
        "language": answer.language or "",
        "answer": answer.answer,
        "name": answer.name or "",
        "created": answer.created.isoformat() if answer.created else None,
        "source": answer.source,
        "prompt_sha256": answer.prompt_sha256 or "",
        "usage": _json(asdict(answer.usage)) if answer.usage else None,
        "quotes": _json([asdict(quote) for quote in answer.quotes]) if answer.quotes else None,
    }


def row_answer(row: Any) -> Answer:
    """The answer of a row."""
    return Answer(
        paper_id=row.paper_id,
        version=row.version or None,
        question=row.question,
        model=row.model or None,
        language=row.language or None,
        answer=row.answer,
        name=row.name or None,
        created=datetime.fromisoformat(row.created) if row.created else None,
        source=row.source,
        prompt_sha256=row.prompt_sha256 or None,
        usage=Usage(**orjson.loads(row.usage)) if row.usage else None,
        quotes=tuple(Quote(**quote) for quote in orjson.loads(row.quotes)) if row.quotes else (),
    )


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
