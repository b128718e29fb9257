"""Asks many papers the same questions, one after the other, within a budget of tokens, such as overnight.

What was kept already is passed over, so a batch that was cut off goes on when it is begun again.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Literal

from app.asking.answering import Answerer, PaperQuestion
from app.asking.keeping import Keeper
from app.errors import NoChatModel, Overloaded, QuireError
from app.papers.answers import Answer
from app.papers.store.reading import Store


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question: `answered`, `kept` before, `failed` for a `reason`, or no more within the budget."""

    asked: PaperQuestion
    kind: Literal["answered", "kept", "failed", "over budget"]
    tokens: int = 0
    """What it cost, in tokens of prompt and answer."""
    answer: Answer | None = None
    reason: str = ""


_FAILURES_IN_A_ROW = 3
"""After so many the model's server is taken to be away, and the batch ends with the last failure."""


async def ask_all(
    questions: Iterable[PaperQuestion],
    answerer: Answerer,
    keeper: Keeper,
    store: Store,
    budget: int | None = None,
) -> AsyncIterator[Outcome]:
    """Asks each question that no answer is kept to, and keeps its answer; `budget` bounds the tokens of all together.

    A question is not begun where its prompt and the longest answer could go over the budget; the batch ends there.
    A paper that fails is passed over. Raises NoChatModel where no model is set, and the failure of a server that is
    away. An answer that can't be brought into the store while another process writes waits beside it.
    """
    spent = failures = 0
    for asked in questions:
        if not asked.again and (kept := keeper.find(store, asked, answerer.model)):
            yield Outcome(asked, "kept", answer=kept)
            continue
        try:
            text, prompt = await answerer.prompt(asked)
            if budget is not None and spent + prompt.tokens + answerer.chat.server.answer_tokens > budget:
                yield Outcome(asked, "over budget")
                return
            answer, _ = await answerer.answer(asked, text, prompt, lambda _name, _data: None)
            keeper.keep(answer)
        except NoChatModel:
            raise
        except QuireError as error:
            failures += 1
            if failures >= _FAILURES_IN_A_ROW or isinstance(error, Overloaded):
                raise
            yield Outcome(asked, "failed", reason=str(error))
            continue
        failures = 0
        usage = answer.usage
        tokens = usage.prompt_tokens + usage.completion_tokens if usage else 0
        spent += tokens
        yield Outcome(asked, "answered", tokens, answer)
