"""What asking needs as long as the server lives: the desk, the questions, and where texts and answers come from."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from app.asking.chat import Chat, ChatServer
from app.asking.desk import Asked, Bounds, Desk, Stopped, Surroundings
from app.asking.keeping import Keeper
from app.asking.questions import Questions
from app.errors import QuireError
from app.papers.answers import Answer
from app.papers.fulltext.cache import TextCache
from app.papers.fulltext.reading import PaperTexts
from app.papers.search.indexing import pass_over
from app.papers.sources.client import PoliteClient
from app.papers.store.reading import Store
from app.papers.store.writing import open_for_writing
from app.tokenizer.registry import ModelRegistry
from app.web.errors import kind_of, problem_json


@dataclass(frozen=True)
class AskingSettings:
    """What the operator set: the model's server (None where there is none), bounds, and where things lie."""

    server: ChatServer | None
    bounds: Bounds
    tokenizer: str | None
    question_bytes: int
    data_dir: Path
    store_path: Path
    index_path: Path
    cache_bytes: int
    connect: Callable[[], AbstractContextManager[PoliteClient]]


@dataclass(frozen=True)
class Asking:
    """The desk with the questions, in the event loop that it was made in."""

    desk: Desk
    questions: Questions
    question_bytes: int
    context: int


def open_asking(settings: AskingSettings, store: Store, models: ModelRegistry) -> Asking:
    """The desk of this process. To be closed by `asking.desk.close()`."""
    keeper = Keeper(
        settings.data_dir / "asking",
        lambda answers: keep_answers(settings.store_path, settings.index_path, answers),
    )
    texts = PaperTexts(TextCache(settings.data_dir / "fulltext", settings.cache_bytes), settings.connect)
    surroundings = Surroundings(
        read=texts.read,
        find=lambda asked, model: find_kept(store, keeper, asked, model),
        count=lambda text: int(models.get(settings.tokenizer).count(text)),
        keeper=keeper,
        describe=describe,
    )
    chat = Chat(settings.server) if settings.server is not None else None
    desk = Desk(chat, settings.bounds, surroundings)
    questions = Questions(settings.data_dir / "prompts")
    return Asking(desk, questions, settings.question_bytes, settings.bounds.context)


def keep_answers(store_path: Path, index_path: Path, answers: list[Answer]) -> None:
    """Writes answers to the store. Raises StoreLocked where another process writes."""
    with open_for_writing(store_path, "keeping an answer") as writer:
        added = writer.add([], answers)
        if added.new or added.updated:
            pass_over(index_path, added.changes - 1, added.changes)


def find_kept(store: Store, keeper: Keeper, asked: Asked, model: str) -> Answer | None:
    """The answer that was kept to just this question, the newest where there are several."""
    for answer in reversed([*store.answers(asked.paper.id), *keeper.waiting()]):
        if (
            answer.paper_id == asked.paper.id
            and answer.version == asked.version
            and answer.question == asked.question.title
            and answer.prompt_sha256 == asked.question.prompt_sha256
            and answer.language == asked.language
            and answer.model == model
        ):
            return answer
    return None


def describe(error: QuireError) -> dict[str, Any]:
    """The object that tells a failure within a stream, as a failed request would tell it."""
    status, kind = (409, "stopped") if isinstance(error, Stopped) else kind_of(error)
    told: dict[str, Any] = orjson.loads(problem_json(status, kind, str(error), "", ""))
    with suppress(AttributeError):
        told["retry_after"] = error.retry_after  # type: ignore[attr-defined]
    return told
