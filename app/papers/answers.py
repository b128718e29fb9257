"""Questions and answers about papers, kept by version, question, prompt, model and language.

An answer is Markdown with mathematics, and as hostile as any text from outside. Nothing here asks a model.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

QuoteStatus = Literal["exact", "repaired", "elsewhere", "missing"]
"""How a quote compares with the paper: word for word where it says; nearly so; true but in another place; not there."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote of an answer and what became of looking it up.

    `anchor` is where the words were found, None where they are missing; `passage` is the text there, and `words` are
    the paper's own that the quote stands for.
    """

    quote: str
    status: QuoteStatus
    anchor: str | None
    passage: str | None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost, in tokens as the model's server counts them."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. The first five fields and `prompt_sha256` identify it; a second with the same replaces it.

    `paper_id` has no version; `version` is that of the paper it was answered from, None where it is unknown. `name` is
    that of the question where it is one of those that everybody is offered, `created` an aware instant in UTC, `source`
    what of the paper was read (html, ar5iv, pdf, abstract), and `prompt_sha256` the hash of the question's prompt.
    """

    paper_id: str
    version: int | None
    question: str
    model: str | None
    language: str | None
    answer: str
    name: str | None = None
    created: datetime | None = None
    source: str | None = None
    prompt_sha256: str | None = None
    usage: Usage | None = None
    quotes: tuple[Quote, ...] = ()
