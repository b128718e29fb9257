"""What asking needs as long as the server lives: the desk, the questions, and where texts and answers come from."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from app.asking.answering import Answerer
from app.asking.chat import ChatClient, ChatServer
from app.asking.day_counts import DayCounts
from app.asking.desk import Desk, DeskBounds, Stopped, Surroundings
from app.asking.files import DroppedFiles
from app.asking.keeping import keeper_of
from app.asking.questions import Questions
from app.asking.sharing import SharedDesk
from app.errors import QuireError
from app.papers.fulltext.cache import TextCache
from app.papers.fulltext.dropped import read_dropped
from app.papers.fulltext.reading import PaperTexts
from app.papers.sources.client import PoliteClient
from app.papers.store.location import StoreLocation
from app.papers.store.reading import Store
from app.tokenizer.registry import ModelRegistry
from app.web.errors import kind_of, problem_json


@dataclass(frozen=True)
class AskingSettings:
    """What the operator set: the model's server (None where there is none), bounds, and where things lie."""

    server: ChatServer | None
    bounds: DeskBounds
    context: int
    tokenizer: str | None
    question_bytes: int
    data_dir: Path
    store_location: StoreLocation
    index_path: Path
    cache_bytes: int
    files_bytes: int
    unpacked_bytes: int
    connect: Callable[[], AbstractContextManager[PoliteClient]]


@dataclass(frozen=True)
class Asking:
    """The desk with the questions, in the event loop that it was made in."""

    desk: SharedDesk
    questions: Questions
    files: DroppedFiles
    question_bytes: int
    context: int


def open_asking(settings: AskingSettings, store: Store, models: ModelRegistry) -> Asking:
    """What this process asks with; to be opened by `asking.desk.open()` and closed by `asking.desk.close()`."""
    folder = settings.data_dir / "asking"
    keeper = keeper_of(
        folder,
        settings.store_location,
        settings.index_path,
        "quire serve, keeping an answer",
    )
    texts = PaperTexts(TextCache(settings.data_dir / "fulltext", settings.cache_bytes), settings.connect)
    files = DroppedFiles(
        settings.data_dir / "files",
        settings.files_bytes,
        lambda content: read_dropped(content, settings.unpacked_bytes),
    )
    surroundings = Surroundings(
        find=lambda asked, model: keeper.find(store, asked, model),
        keeper=keeper,
        counts=DayCounts(folder),
        describe=describe,
    )
    answerer = Answerer(
        ChatClient(settings.server) if settings.server is not None else None,
        settings.context,
        lambda asked: files.text(asked.file) if asked.file else texts.read(asked.paper, asked.version),
        lambda text: int(models.get(settings.tokenizer).count(text)),
    )
    desk = SharedDesk(folder, Desk(answerer, settings.bounds, surroundings))
    questions = Questions(settings.data_dir / "prompts")
    return Asking(desk, questions, files, settings.question_bytes, settings.context)


def describe(error: QuireError) -> dict[str, Any]:
    """The object that describes a failure within a stream, as a failed request would describe it."""
    status, kind = (409, "stopped") if isinstance(error, Stopped) else kind_of(error)
    problem: dict[str, Any] = orjson.loads(problem_json(status, kind, error.message, "", ""))
    with suppress(AttributeError):
        problem["retry_after"] = error.retry_after  # type: ignore[attr-defined]
    return problem
