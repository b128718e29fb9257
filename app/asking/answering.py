"""One question answered from beginning to end: the paper's text, the prompt, the model's words, and the quotes in them.

The reader follows it by events. Nothing here waits for a turn, counts readers, or keeps what comes out.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.asking.chat import ChatClient
from app.asking.chunks import AnswerPart
from app.asking.prompting import Count, PaperPrompt, Turn, compose
from app.asking.questions import Language, Question
from app.asking.quotes import QuoteChecker, Written, written_quotes
from app.asking.refusals import ContextTooLong
from app.errors import NoChatModel, Sentence
from app.papers.answers import Answer, Quote, Usage
from app.papers.fulltext.blocks import PaperText
from app.papers.models import Paper

Report = Callable[[str, Mapping[str, Any]], None]
"""Takes an event: its name and its data."""

_CUTS = 3


@dataclass(frozen=True)
class PaperQuestion:
    """A question about a version of a paper, as one reader asks it."""

    paper: Paper
    version: int | None
    question: Question
    language: Language
    rules: str
    after: tuple[Turn, ...] = ()
    again: bool = False
    reader: str = ""
    file: str = ""
    """The name of a file that the reader dropped in, which is read in the place of the paper's own text."""


class Answerer:
    """Has one model answer. `read` gives the text that is asked and `count` tokens; both block and run in threads.

    `context` is what the model takes, in tokens, the answer among them. `chat` is None where no model is set.
    """

    def __init__(
        self,
        chat: ChatClient | None,
        context: int,
        read: Callable[[PaperQuestion], PaperText],
        count: Count,
    ) -> None:
        self._chat = chat
        self.context = context
        self._read = read
        self._count = count

    @property
    def chat(self) -> ChatClient:
        """The model's server. Raises NoChatModel where none is set."""
        if self._chat is None:
            raise NoChatModel(
                Sentence("no model answers questions here; QUIRE_CHAT_URL and QUIRE_CHAT_MODEL name one")
            )
        return self._chat

    @property
    def model(self) -> str:
        """The name of the model. Raises NoChatModel where none is set."""
        return self.chat.server.model

    async def close(self) -> None:
        """Lets go of the connections."""
        if self._chat is not None:
            await self._chat.close()

    async def prompt(self, asked: PaperQuestion) -> tuple[PaperText, PaperPrompt]:
        """What would be sent to the model, and the paper's text that it is made of."""
        text = await asyncio.to_thread(self._read, asked)
        return text, await self._compose(asked, text, self._room(self.context))

    async def answer(
        self, asked: PaperQuestion, text: PaperText, prompt: PaperPrompt, report: Report
    ) -> tuple[Answer, PaperPrompt]:
        """The whole answer, and the prompt, which may have been cut; `report` gets `reasoning`, `text` and `quote`.

        Raises ChatError, Overloaded or NoChatModel; what was sent before is then half an answer.
        """
        writing = _Writing(text, report)
        prompt, usage = await self._write(asked, text, prompt, writing)
        if usage is None:
            usage = Usage(prompt.tokens, await asyncio.to_thread(self._count, writing.text))
        answer = Answer(
            paper_id=asked.paper.id,
            version=asked.version,
            question=asked.question.title,
            model=self.model,
            language=asked.language,
            answer=writing.text,
            name=asked.question.name,
            created=datetime.now(UTC).replace(microsecond=0),
            source=text.source,
            prompt_sha256=asked.question.prompt_sha256,
            usage=usage,
            quotes=tuple(writing.quotes),
        )
        return answer, prompt

    async def _write(
        self, asked: PaperQuestion, text: PaperText, prompt: PaperPrompt, writing: "_Writing"
    ) -> tuple[PaperPrompt, Usage | None]:
        """Has the model write; a paper that is too long for it by its own count is cut further and sent once more."""
        most, answer_tokens = self._room(self.context), self.chat.server.answer_tokens
        for cuts in range(_CUTS + 1):
            usage = None
            try:
                async for piece in self.chat.answer(prompt.messages, answer_tokens):
                    if isinstance(piece, AnswerPart):
                        await writing.add(piece)
                    else:
                        usage = piece
                break
            except ContextTooLong as error:
                if cuts == _CUTS or writing.begun:
                    raise
                most, answer_tokens = _smaller(error, prompt, most, answer_tokens)
                prompt = await self._compose(asked, text, most)
        return prompt, usage

    async def _compose(self, asked: PaperQuestion, text: PaperText, most: int) -> PaperPrompt:
        return await asyncio.to_thread(
            compose, text, asked.rules, asked.question.prompt, asked.after, count=self._count, most=most
        )

    def _room(self, context: int) -> int:
        """What a context has for the prompt, once the answer has its part."""
        return context - min(self.chat.server.answer_tokens, context // 2)


@dataclass
class _Writing:
    """An answer as it is written: its events, its text, and its quotes, looked up as soon as they are whole."""

    paper: PaperText
    report: Report
    text: str = ""
    begun: bool = False
    quotes: list[Quote] = field(default_factory=list)
    _checker: QuoteChecker | None = None
    _searched: int = 0

    async def add(self, piece: AnswerPart) -> None:
        self.begun = True
        self.report(piece.kind, {"text": piece.text})
        if piece.kind == "reasoning":
            return
        self.text += piece.text
        if not any(closing in piece.text for closing in "]】)）"):
            return
        for written in written_quotes(self.text, self._searched):
            self._searched = written.end
            quote = await asyncio.to_thread(self._check, written)
            self.quotes.append(quote)
            self.report("quote", asdict(quote))

    def _check(self, written: Written) -> Quote:
        if self._checker is None:
            self._checker = QuoteChecker(self.paper)
        return self._checker.check(written)


def _smaller(error: ContextTooLong, prompt: PaperPrompt, most: int, answer_tokens: int) -> tuple[int, int]:
    """How many tokens by our count are sent next, and asked for at most, where the model found them too many."""
    if error.limit is None:
        return min(most, prompt.tokens) // 2, answer_tokens
    answer_tokens = min(answer_tokens, error.limit // 4)
    share = (error.limit - answer_tokens) / max(error.asked or 0, prompt.tokens, 1)
    return int(prompt.tokens * min(share, 0.95) * 0.97), answer_tokens


def same_question(answer: Answer, asked: PaperQuestion, model: str) -> bool:
    """Whether an answer that was kept is to just this question, of this model."""
    return (
        answer.paper_id == asked.paper.id
        and answer.version == asked.version
        and answer.question == asked.question.title
        and answer.prompt_sha256 == asked.question.prompt_sha256
        and answer.language == asked.language
        and answer.model == model
    )


def newest(answers: Sequence[Answer], asked: PaperQuestion, model: str) -> Answer | None:
    """The newest of the answers that were kept to just this question."""
    return next((answer for answer in reversed(answers) if same_question(answer, asked, model)), None)
