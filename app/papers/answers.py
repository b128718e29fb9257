"""Questions and answers about papers, kept by version, question, model and language.

An answer is Markdown with mathematics, and as hostile as any text from outside. Nothing here asks a model.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. The first five fields tell it from others; a second answer to the same replaces the first.

    `paper_id` has no version; `version` is that of the paper it was answered from, None where nobody knows.
    """

    paper_id: str
    version: int | None
    question: str
    model: str | None
    language: str | None
    answer: str
