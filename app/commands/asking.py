"""`quire papers ask`: questions about papers, or about a day's list, answered by the model of the settings and kept."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app import __version__
from app.asking.answering import Answerer, PaperQuestion
from app.asking.batch import Outcome, ask_all
from app.asking.chat import ChatClient
from app.asking.keeping import keeper_of
from app.asking.questions import LANGUAGES, NAMES, Language, Question, Questions
from app.commands.days import day_of
from app.errors import InputError, NoChatModel
from app.logs import configure_logs
from app.papers.categories import parse_expression
from app.papers.fulltext.cache import TextCache
from app.papers.fulltext.reading import PaperTexts
from app.papers.models import Paper, parse_id
from app.papers.sources.client import PoliteClient
from app.papers.store.listing import ListQuery
from app.papers.store.reading import Store
from app.settings import Settings
from app.tokenizer.registry import ModelRegistry

_PAGE = 200

console = Console(stderr=True)


def ask(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Papers, such as 2401.12345 math/0211159.", show_default=False)
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option("--name", help=f"Question to ask: {', '.join(NAMES)}, or all; may be repeated."),
    ] = None,
    question: Annotated[str | None, typer.Option(help="A question of your own.")] = None,
    categories: Annotated[
        str | None, typer.Option("--list", help="Ask about the papers of a list, such as cs.AI+cs.LG-cs.CY.")
    ] = None,
    day: Annotated[
        str | None, typer.Option(help="The list's day, such as 2026-11-23; without it, the latest one.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Ask about at most this many papers of the list.")
    ] = None,
    language: Annotated[str, typer.Option(help=f"Language of the answers: {' or '.join(LANGUAGES)}.")] = "en",
    budget: Annotated[
        int | None,
        typer.Option(min=1, help="Stop before prompts and answers together pass this many tokens."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Ask even where an answer is kept.")] = False,
) -> None:
    """Ask the model about papers and keep its answers. Answers kept already are skipped, so it can be interrupted."""
    settings = Settings()
    configure_logs(settings.log_format, "warning")  # a paper without a text is counted in the summary
    if settings.chat_server is None:
        raise NoChatModel(_no_model(settings))
    asked_language = _language(language)
    wanted = _questions(Questions(settings.data_dir / "prompts"), names or [], question, asked_language)
    rules = Questions(settings.data_dir / "prompts").rules(asked_language)
    with Store(settings.store_location) as store:
        papers = _papers(store, ids or [], categories, day, limit)
        batch = [
            PaperQuestion(paper, version or paper.version, one, asked_language, rules, again=again)
            for paper, version in papers
            for one in wanted
        ]
        totals = asyncio.run(_ask_all(settings, store, batch, budget))
    print(totals)
    if totals.failed or totals.over_budget:
        raise typer.Exit(1)


class _Totals:
    """How the questions of a batch ended."""

    def __init__(self) -> None:
        self.answered = self.kept = self.failed = self.tokens = self.by_abstract = 0
        self.over_budget = False

    def add(self, outcome: Outcome) -> None:
        """Counts one more."""
        self.answered += outcome.kind == "answered"
        self.kept += outcome.kind == "kept"
        self.failed += outcome.kind == "failed"
        self.over_budget |= outcome.kind == "over budget"
        self.tokens += outcome.tokens
        found = outcome.answer if outcome.kind == "answered" else None
        self.by_abstract += found is not None and found.source == "abstract"

    def __str__(self) -> str:
        counts = f"{self.answered:,} answered with {self.tokens:,} tokens, {self.kept:,} kept already"
        counts += f", {self.by_abstract:,} from the abstract alone" if self.by_abstract else ""
        counts += f", {self.failed:,} failed" if self.failed else ""
        return f"{counts}; the budget allows no more" if self.over_budget else counts


async def _ask_all(
    settings: Settings, store: Store, batch: list[PaperQuestion], budget: int | None
) -> _Totals:
    models = ModelRegistry(
        settings.model_folders,
        settings.default_model,
        settings.max_model_bytes,
        settings.max_loaded_models,
        settings.max_models_bytes,
    )
    tokenizer = models.get(settings.chat_tokenizer or None)
    texts = PaperTexts(
        TextCache(settings.data_dir / "fulltext", settings.max_text_cache_bytes), lambda: _client(settings)
    )
    server = settings.chat_server
    answerer = Answerer(
        ChatClient(server) if server is not None else None,
        settings.chat_context,
        lambda asked: texts.read(asked.paper, asked.version),
        lambda text: int(tokenizer.count(text)),
    )
    keeper = keeper_of(
        settings.data_dir / "asking", settings.store_location, settings.index_path, "quire papers ask"
    )
    totals = _Totals()
    try:
        with _bar() as bar:
            task = bar.add_task("", total=len(batch), tokens=0)
            async with aclosing(ask_all(batch, answerer, keeper, store, budget)) as outcomes:  # type: ignore[type-var]
                async for outcome in outcomes:
                    totals.add(outcome)
                    paper, name = outcome.asked.paper, outcome.asked.question.title
                    if outcome.kind == "failed":
                        _say(f"{paper.id}, {name}: {outcome.reason}")
                    bar.update(task, advance=1, description=paper.id, tokens=totals.tokens)
        if not keeper.bring_in():
            _say(
                "another process writes to the store; the answers wait beside it, and the next writer finds them"
            )
    finally:
        await answerer.close()
    return totals


def _papers(
    store: Store, ids: list[str], categories: str | None, day: str | None, limit: int | None
) -> list[tuple[Paper, int | None]]:
    """The papers to ask, each with the version that was named."""
    if bool(ids) == (categories is not None):
        raise InputError("name either papers, such as 2401.12345, or a list, such as --list cs.AI")
    if ids:
        if day or limit:
            raise InputError("--day and --limit belong to --list; leave them out where papers are named")
        named = [parse_id(name) for name in ids]
        return [(store.paper(paper_id), version) for paper_id, version in named]
    expression = parse_expression(categories or "", "--list")
    chosen = day_of(day, "--day") or store.latest_day(expression)
    if chosen is None:
        return []
    found = list(_of_day(store, ListQuery(expression, chosen, chosen)))
    return [(paper, None) for paper in found[:limit]]


def _of_day(store: Store, query: ListQuery) -> Iterator[Paper]:
    cursor = None
    while True:
        page = store.page(query, cursor=cursor, limit=_PAGE)
        yield from page.papers
        cursor = page.next_cursor
        if cursor is None:
            return


def _questions(questions: Questions, names: list[str], own: str | None, language: Language) -> list[Question]:
    if own is not None and own.strip():
        if names:
            raise InputError("ask either by --name or by --question")
        return [Question(None, own.strip(), own.strip())]
    if "all" in names:
        return questions.all(language)
    return [questions.named(name, language) for name in dict.fromkeys(names or ["summary"])]


def _language(name: str) -> Language:
    for language in get_args(Language):
        if language == name:
            return language  # type: ignore[no-any-return]
    raise InputError(f"--language {name[:40]}: answers are in {' or '.join(LANGUAGES)}")


def _no_model(settings: Settings) -> str:
    if settings.offline and settings.chat_url and settings.chat_model:
        return "Quire is offline (QUIRE_OFFLINE is set), and the model's server is another machine's"
    return (
        "no model is set that could answer; QUIRE_CHAT_URL (such as http://127.0.0.1:8080/v1) and QUIRE_CHAT_MODEL "
        "name one"
    )


def _client(settings: Settings) -> PoliteClient:
    return PoliteClient(
        settings.requests_folder,
        version=__version__,
        contact=settings.contact,
        daily_budget=settings.fetch_daily_budget,
        offline=settings.offline,
        addresses=settings.addresses,
        notice=_say,
    )


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[tokens]:,} tokens"),
        TimeRemainingColumn(),
        console=console,
    )


def _say(sentence: str) -> None:
    console.print(sentence, markup=False, highlight=False, soft_wrap=True)
