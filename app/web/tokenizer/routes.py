"""The tokenizer over HTTP: `/api/v1/models`, `/encode`, `/decode`, `/count`, `/chunk`, `/compare`, `/lattice`.

Only routes: what they compute is in `computing.py`, what they take and answer in `requests.py` and `responses.py`.
Other servers' dialects are in `dialects.py`.
"""

import base64
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query

from app.errors import InputError, ModelError
from app.tokenizer import Tokenizer
from app.tokenizer.model import BOS, EOS, PAD
from app.tokenizer.registry import AnyTokenizer, ModelRegistry
from app.web.dependencies import ModelsDep, ServicesDep, WholeNumber
from app.web.errors import problem_responses
from app.web.json_route import JsonRoute
from app.web.middleware.body_size import NDJSON
from app.web.tokenizer import chats, computing, playground
from app.web.tokenizer.chats import ChatAnswer, ChatRequest
from app.web.tokenizer.ndjson import HeavyLinesRoute, LinesRoute
from app.web.tokenizer.requests import (
    ChunkRequest,
    CompareRequest,
    CountRequest,
    DecodeRequest,
    EncodeRequest,
    LatticeRequest,
)
from app.web.tokenizer.responses import (
    Chunked,
    ChunkedTexts,
    Compared,
    Counted,
    CountedTexts,
    Decoded,
    DecodedTexts,
    Encoded,
    EncodedTexts,
    LatticeAnswer,
    ModelAnswer,
    ModelList,
)

router = APIRouter(prefix="/api/v1", tags=["tokenizer"])

pages_router = playground.router

Computed = TypeVar("Computed", bound=Callable[..., dict[str, Any]])

_FAILURES = problem_responses(400, 404, 413, 415, 422, 503)
_LINES = {NDJSON: {"schema": {"type": "string", "description": "a request on each line"}}}
_ANSWERED_LINES = {NDJSON: {"schema": {"type": "string", "description": "an answer on each line"}}}


def _post(path: str, answers: Any, route: type[JsonRoute] = LinesRoute) -> Callable[[Computed], Computed]:
    """Registers a function under a path; `route` says how it is called.

    With `application/x-ndjson` each line of the body is a request, and is answered by a line.
    """

    def register(function: Computed) -> Computed:
        router.add_api_route(
            path,
            function,
            methods=["POST"],
            response_model=answers,
            route_class_override=route,
            responses={200: {"content": _ANSWERED_LINES}, **_FAILURES},
            openapi_extra={"requestBody": {"content": _LINES}},
        )
        return function

    return register


@router.get("/models", response_model=ModelList, responses=problem_responses(422, 503))
def list_models(
    models: ModelsDep,
    limit: Annotated[WholeNumber, Query(ge=1, le=200, description="models in a page")] = 25,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the previous page")] = None,
) -> dict[str, Any]:
    """The models that can be asked for, the default one first."""
    names = models.names()
    start = 0
    if cursor is not None:
        last = _read_cursor(cursor)
        start = sum(_position(name, models.default) <= _position(last, models.default) for name in names)
    page = names[start : start + limit]
    more = start + limit < len(names)
    return {
        "items": [_listed(models, name) for name in page],
        "next_cursor": base64.urlsafe_b64encode(page[-1].encode()).decode() if more else None,
        "total": len(names),
    }


@router.get("/models/{name:path}", response_model=ModelAnswer, responses=problem_responses(404, 422, 503))
def show_model(
    models: ModelsDep, name: Annotated[str, Path(description="the name of a model")]
) -> dict[str, Any]:
    """One model, as its file and its card describe it."""
    return _described(models, name)


@_post("/encode", Encoded | EncodedTexts)
def encode(body: EncodeRequest, services: ServicesDep) -> dict[str, Any]:
    """Texts to ids, with pieces, spans and scores where asked for.

    With `application/x-ndjson`, as for the calls below, each line is such a request with one `text`, or only the text
    as a JSON string, and is answered by a line, while further lines are still coming; lines of white space are passed
    over. What is wrong with a line is said on its line, as problem+json would; the lines after it are answered.
    """
    return computing.encode(body, services)


@_post("/decode", Decoded | DecodedTexts)
def decode(body: DecodeRequest, services: ServicesDep) -> dict[str, Any]:
    """Ids to text; no byte is lost unseen."""
    return computing.decode(body, services)


@_post("/count", Counted | CountedTexts)
def count(body: CountRequest, services: ServicesDep) -> dict[str, Any]:
    """How many tokens texts have, and how many chunks they would make."""
    return computing.count(body, services)


@_post("/chunk", Chunked | ChunkedTexts)
def chunk(body: ChunkRequest, services: ServicesDep) -> dict[str, Any]:
    """Texts in chunks of bounded size, with where they lie."""
    return computing.chunk(body, services)


@_post("/compare", Compared, HeavyLinesRoute)
def compare(body: CompareRequest, services: ServicesDep) -> dict[str, Any]:
    """One text under several models, side by side."""
    return computing.compare(body, services)


@_post("/chat", ChatAnswer, HeavyLinesRoute)
def chat(body: ChatRequest, services: ServicesDep) -> dict[str, Any]:
    """The prompt of messages by the model's own template, its ids, and the number of ids of each message.

    A special token that stands in a message is text; only those that the template writes are special.
    """
    return chats.count_chat(body, services)


@_post("/lattice", LatticeAnswer, HeavyLinesRoute)
def lattice(body: LatticeRequest, services: ServicesDep) -> dict[str, Any]:
    """All segmentations of a short text: pieces that match, the best paths, where cuts are probable."""
    return computing.lattice(body, services)


def _listed(models: ModelRegistry, name: str) -> dict[str, Any]:
    """A model in the list; a file that can't be used is listed with the reason."""
    try:
        return _described(models, name)
    except ModelError as error:
        known = dict.fromkeys(ModelAnswer.model_fields)
        return known | {"name": name, "default": name == models.default, "problem": str(error)}


def _described(models: ModelRegistry, name: str) -> dict[str, Any]:
    tokenizer = models.get(name)
    name = models.own_name(name)
    card = tokenizer.card
    # Where `quire train` notes it; other models' cards may know nothing of it.
    training = card.extra.get("training")
    order = training.get("order") if isinstance(training, dict) else None
    return {
        "name": name,
        "default": name == models.default,
        "kind": tokenizer.kind,
        "lossless": tokenizer.lossless,
        "can": list(tokenizer.can),
        "aliases": sorted(alias for alias, model in models.aliases().items() if model == name),
        "vocab_size": tokenizer.vocab_size,
        "context_length": tokenizer.context_length,
        "order": order if isinstance(order, int) else None,
        "normalization": card.normalization if isinstance(tokenizer, Tokenizer) else None,
        "special_tokens": _special_tokens(tokenizer),
        "sha256": tokenizer.sha256,
        "licence": card.licence,
        "corpus": card.corpus,
        "bytes_per_token": card.bytes_per_token,
        "bytes_per_token_by_script": card.bytes_per_token_by_script,
        "bytes_per_token_by_language": card.bytes_per_token_by_language,
        "problem": None,
    }


def _special_tokens(tokenizer: AnyTokenizer) -> dict[str, Any]:
    if isinstance(tokenizer, Tokenizer):
        ids: dict[str, int | None] = {"pad": PAD, "bos": BOS, "eos": EOS}
    else:
        named = tokenizer.named_specials
        ids = {
            role: tokenizer.special_tokens.get(named.get(f"{role}_token", ""))
            for role in ("pad", "bos", "eos")
        }
    before, after = tokenizer.own_special
    return {**ids, "add_bos": bool(before), "add_eos": bool(after)}


def _position(name: str, default: str) -> tuple[bool, str]:
    """The order of the list."""
    return name != default, name


def _read_cursor(cursor: str) -> str:
    """The name that the page before ended with."""
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError("invalid cursor; use next_cursor as it came", "?cursor") from error


STREAMED = frozenset(route.path for route in router.routes if isinstance(route, LinesRoute))
"""Paths of routes that take lines of JSON."""
