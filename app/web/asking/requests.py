"""What a reader sends to ask a paper, and the bounds on it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.asking.questions import Language
from app.errors import Sentence, TooLarge
from app.web.json_route import Characters

MOST_TURNS = 50


class Turn(BaseModel):
    """A question that was asked before, and its answer."""

    model_config = ConfigDict(extra="forbid")

    question: Characters
    answer: Characters


class AskRequest(BaseModel):
    """One of the six questions by its name, or a reader's own."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str | None, Field(description="name of one of GET /questions")] = None
    question: Annotated[Characters | None, Field(description="or a question of your own")] = None
    language: Language = "en"
    after: Annotated[
        list[Turn], Field(default_factory=list, max_length=MOST_TURNS, description="what was said before")
    ]
    file: Annotated[str, Field(description="of POST /files: asked in the place of the paper's text")] = ""
    again: Annotated[bool, Field(description="ask even if an answer is kept")] = False

    @model_validator(mode="after")
    def _one_question(self) -> "AskRequest":
        if (self.name is None) == (self.question is None):
            raise ValueError("send either name, of one of the questions, or question, one of your own")
        if self.question is not None and not self.question.strip():
            raise ValueError("question is empty")
        return self

    def check_size(self, most: int) -> None:
        """Raises TooLarge where question and turns have more than `most` bytes of UTF-8."""
        texts = [self.question or "", *(text for turn in self.after for text in (turn.question, turn.answer))]
        size = sum(len(text.encode()) for text in texts)
        if size > most:
            raise TooLarge(
                Sentence(
                    "the question and what was said before have {size:,} bytes; at most {most:,} are taken "
                    "(QUIRE_MAX_QUESTION_BYTES)",
                    size=size,
                    most=most,
                ),
                "/question",
            )
