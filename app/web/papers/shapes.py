"""The shapes of papers and of their lists, as OpenAPI describes them."""

from pydantic import BaseModel, Field


class AuthorShape(BaseModel):
    """One author; family and given name where the source separates them."""

    name: str
    family: str | None
    given: str | None


class LinkShape(BaseModel):
    """Where a paper leads: relation is abstract, pdf, doi or code."""

    relation: str
    href: str


class WhyShape(BaseModel):
    """A list that a paper stands in (title, words, some of the words, meaning), and its place there, from 1."""

    by: str
    rank: int


class PaperShape(BaseModel):
    """A paper. Title, abstract and body are the source as it came; what the source lacks is null."""

    id: str
    version: int | None
    title: str
    abstract: str
    body: str | None = Field(description="Markdown with mathematics, of texts that are papers by themselves")
    authors: list[AuthorShape]
    categories: list[str]
    primary_category: str | None
    subject_classes: list[str]
    announced: str | None = Field(description="day of the announcement, ISO 8601")
    published: str | None
    updated: str | None
    comment: str | None
    doi: str | None
    journal_ref: str | None
    links: list[LinkShape]
    why: list[WhyShape] | None = Field(
        None, description="why a search found it; only where papers can be found by meaning"
    )


class PaperPage(BaseModel):
    """A part of a list; `next_cursor` is null at its end."""

    items: list[PaperShape]
    next_cursor: str | None
    total: int
    by: str | None = Field(None, description="how they were found; only where papers can be found by meaning")
