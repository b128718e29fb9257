"""The endpoints of other servers, so that their clients work with another base URL: POST /tokenize and /detokenize.

vLLM, llama.cpp and text-embeddings-inference share the path; the body's own key shows whose request it is, and its
failures leave in the shape that its clients read (`dialect_shapes.py`). A body of no dialect, or of two, is our own
problem+json. A text that looks like a special token is text, but where llama.cpp's `parse_special` asks to parse it.

A 60-byte call costs hardly more than an empty endpoint: no dependency is resolved and no thread is woken for it.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate, chain, pairwise
from time import perf_counter
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool

from app.errors import InputError, Overloaded, QuireError
from app.tokenizer import Tokenizer
from app.tokenizer.engine.segmenters import Ids
from app.tokenizer.model import FIRST_PIECE
from app.tokenizer.others.chat import special_pattern
from app.tokenizer.registry import AnyTokenizer
from app.web.dependencies import SMALL_TEXT, Limits, Services, get_services
from app.web.json_route import BareRoute, check_media_type, dump, parse, read_body, validate
from app.web.long_json import numbers, objects, respond, write
from app.web.tokenizer.bounds import check_batch, check_ids, check_text, tokenizer_of
from app.web.tokenizer.chats import VllmChatRequest, chatted
from app.web.tokenizer.dialect_docs import DECODE_DOCS, DETOKENIZE_DOCS, TOKENIZE_DOCS
from app.web.tokenizer.dialect_shapes import (
    DETOKENIZE,
    LLAMA_CPP,
    TEI,
    VLLM,
    DetokenizeRequest,
    Dialect,
    EmptyInputs,
    LlamaCppRequest,
    TeiDecodeRequest,
    TeiRequest,
    TokenizerInfo,
    TooManyTokens,
    VllmRequest,
)
from app.web.tokenizer.metrics import note

CURL_DEFAULT = "application/x-www-form-urlencoded"
"""What curl calls a body where nothing else is said; llama.cpp's server reads JSON whatever it is called."""

_SOME = 4096

Answerer = Callable[[Any, Services], Any]

_CONTINUATION = bytes(range(0x80, 0xC0))  # the bytes of UTF-8 that begin no character


router = APIRouter(tags=["dialects"], route_class=BareRoute)


@router.post("/tokenize", **TOKENIZE_DOCS)
async def tokenize(request: Request) -> Response:
    """Text to ids as vLLM (`prompt`), llama.cpp (`content`) or text-embeddings-inference (`inputs`) answer it."""
    return await _answer(request, _whose)


@router.post("/detokenize", **DETOKENIZE_DOCS)
async def detokenize(request: Request) -> Response:
    """Ids to text as vLLM and llama.cpp answer it. `<pad>`, `<bos>` and `<eos>` are nothing unless asked for."""
    return await _answer(request, lambda _: (DETOKENIZE, _detokenized))


@router.post("/decode", **DECODE_DOCS)
async def decode(request: Request) -> Response:
    """Ids to text as text-embeddings-inference answers it: a text for each list of ids."""
    return await _answer(request, lambda _: (TEI, _tei_decoded))


@router.get("/tokenizer_info", response_model=TokenizerInfo)
async def tokenizer_info(request: Request) -> Response:
    """What vLLM's clients ask first. No text stands for a special token here, so these are null."""
    limits = get_services(request).limits
    info = {
        "tokenizer_class": "BytePiece",
        "model_max_length": limits.model_len,
        **dict.fromkeys(("bos_token", "eos_token", "pad_token")),
    }
    return Response(dump(info), media_type="application/json")


async def _answer(request: Request, choose: Callable[[Any], tuple[Dialect, Answerer]]) -> Response:
    """Read the body and find whose it is; from then on every answer has that dialect's shape."""
    unnamed = request.headers.get("content-type", CURL_DEFAULT) == CURL_DEFAULT
    if not unnamed:
        check_media_type(request)
    services = get_services(request)
    content = await read_body(request)
    short = len(content) <= SMALL_TEXT
    value = parse(content) if short else await run_in_threadpool(parse, content)
    dialect, answerer = choose(value)
    if unnamed and "content-type" in request.headers and dialect not in (LLAMA_CPP, DETOKENIZE):
        check_media_type(request)
    brief = short and isinstance(value, dict) and "messages" not in value
    tokenizer = services.models.at_hand(value.get("model")) if brief else None
    if isinstance(tokenizer, Tokenizer):
        return _answer_as(dialect, answerer, value, services)
    run = services.work.run if tokenizer is None else services.work.run_short
    try:
        return await run(_answer_as, dialect, answerer, value, services)
    except Overloaded as error:
        return _failed(dialect, error)


def _answer_as(dialect: Dialect, answerer: Answerer, value: Any, services: Services) -> Response:
    try:
        return respond(write(answerer(value, services)), services.answers)
    except (QuireError, RequestValidationError) as error:
        return _failed(dialect, error)


def _failed(dialect: Dialect, error: Exception) -> Response:
    headers = {"retry-after": str(error.retry_after)} if isinstance(error, Overloaded) else None
    return Response(
        dump(dialect.reason(error)), dialect.status(error), headers, media_type="application/json"
    )


def _whose(value: Any) -> tuple[Dialect, Answerer]:
    """Whose request to /tokenize this is; InputError where it belongs to none of them, or to two."""
    if not isinstance(value, dict):
        raise InputError("the body should be a JSON object with prompt, content or inputs")
    found = {_KEYS[key] for key in _KEYS if key in value}
    if len(found) != 1:
        given = [key for key in _KEYS if key in value]
        raise InputError(
            "one of prompt (vLLM), content (llama.cpp) and inputs (text-embeddings-inference) shows whose request "
            f"this is; {' and '.join(given) + ' are both there' if given else 'none of them is there'}",
            f"/{given[1]}" if given else "",
        )
    return found.pop()


def _vllm(value: Any, services: Services) -> Any:
    if "messages" in value:
        return _vllm_chat(validate(VllmChatRequest, value), services)
    body = validate(VllmRequest, value)
    started, tokenizer = perf_counter(), tokenizer_of(services, body.model)
    check_text(body.prompt, "/prompt", services.limits)
    ids = _encode(tokenizer, body.prompt, body.add_special_tokens)
    _check_count(len(ids), services.limits, "/prompt")
    note(tokenizer.name, "tokenize", started, len(ids), body.prompt)
    return _vllm_answer(ids, tokenizer, body.return_token_strs, services.limits)


def _vllm_answer(ids: Ids, tokenizer: AnyTokenizer, shown: bool | None, limits: Limits) -> dict[str, Any]:
    strings = objects(len(ids), partial(_shown_one_by_one, ids, tokenizer), ids) if shown else None
    return {
        "count": len(ids),
        "max_model_len": limits.model_len,
        "tokens": numbers(len(ids), lambda: ids, ids),
        "token_strs": strings,
    }


def _vllm_chat(body: VllmChatRequest, services: Services) -> Any:
    made = chatted(
        services, body.model, body.messages, body.tools, body.chat_template_kwargs or {},
        template=body.chat_template,
        add_generation_prompt=body.add_generation_prompt,
        continue_final_message=body.continue_final_message,
    )  # fmt: skip
    tokenizer = tokenizer_of(services, body.model)
    bos, eos = tokenizer.own_special if body.add_special_tokens else ([], [])
    ids = np.array([*bos, *made.ids, *eos], np.int32)
    _check_count(len(ids), services.limits, "/messages")
    return _vllm_answer(ids, tokenizer, body.return_token_strs, services.limits)


def _llama_cpp(value: Any, services: Services) -> Any:
    body = validate(LlamaCppRequest, value)
    started, tokenizer = perf_counter(), tokenizer_of(services, body.model)
    limits = services.limits
    parts = body.content if isinstance(body.content, list) else [body.content]
    check_batch(parts, "/content", limits)
    ids: list[int] = []
    for i, part in enumerate(parts):
        if isinstance(part, int):
            check_ids([part], tokenizer, f"/content/{i}", limits)
            ids.append(part)
        else:
            check_text(part, "/content", limits)
            ids += _llama_cpp_ids(tokenizer, part, body.parse_special)
        _check_count(len(ids), limits, "/content")
    if body.add_special:
        bos, eos = tokenizer.own_special
        ids = [*bos, *ids, *eos]
    note(tokenizer.name, "tokenize", started, len(ids), *(part for part in parts if isinstance(part, str)))
    if not body.with_pieces:
        return {"tokens": ids}
    array = np.array(ids, np.int64)

    def pieces() -> Iterator[dict[str, Any]]:
        known: dict[int, str | list[int]] = {}
        for number in _each(array):
            if number not in known:
                known[number] = _llama_cpp_piece(number, tokenizer)
            yield {"id": number, "piece": known[number]}

    return {"tokens": objects(len(ids), pieces, array)}


def _llama_cpp_ids(tokenizer: AnyTokenizer, text: str, parse_special: bool) -> list[int]:
    if not parse_special:
        return tokenizer.encode_plain(text)
    ids: list[int] = []
    for part in special_pattern(tokenizer).split(text):
        if part in tokenizer.special_tokens:
            ids.append(tokenizer.special_tokens[part])
        elif part:
            ids += _encode(tokenizer, part, add_special=False).tolist()
    return ids


def _llama_cpp_piece(number: int, tokenizer: AnyTokenizer) -> str | list[int]:
    data = tokenizer.bytes_of([number], special=True)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return list(data)


def _tei(value: Any, services: Services) -> Any:
    body = validate(TeiRequest, value)
    started, tokenizer = perf_counter(), tokenizer_of(services, body.model)
    limits = services.limits
    if body.prompt_name is not None:
        raise InputError(
            f"there is no prompt {body.prompt_name[:100]!r} here; these models have none", "/prompt_name"
        )
    texts = [body.inputs] if isinstance(body.inputs, str) else body.inputs
    if not texts:
        raise EmptyInputs
    check_batch(texts, "/inputs", limits)
    bos, eos = tokenizer.own_special if body.add_special_tokens else ([], [])
    before, after = ([_tei_special(number, tokenizer) for number in added] for added in (bos, eos))

    def described(text: str, ids: Ids) -> Iterator[dict[str, Any]]:
        return chain(before, _tei_tokens(tokenizer, text, ids), after)

    found: list[Ids] = []
    count = 0
    for text in texts:  # all are counted before the first is described, which takes many times the memory
        check_text(text, "/inputs", limits)
        found.append(_encode(tokenizer, text, add_special=False))
        count += len(found[-1])
        _check_count(count, limits, "/inputs")
    answers = [
        objects(len(before) + len(ids) + len(after), partial(described, text, ids), ids, len(texts))
        for text, ids in zip(texts, found, strict=True)
    ]
    note(tokenizer.name, "tokenize", started, count, *texts)
    return answers


def _tei_decoded(value: Any, services: Services) -> Any:
    body = validate(TeiDecodeRequest, value)
    started, tokenizer = perf_counter(), tokenizer_of(services, body.model)
    nested = bool(body.ids) and isinstance(body.ids[0], list)
    lists: list[list[int]] = body.ids if nested else [body.ids]  # type: ignore[list-item, assignment]
    check_batch(lists, "/ids", services.limits)
    for i, ids in enumerate(lists):
        check_ids(ids, tokenizer, f"/ids/{i}" if nested else "/ids", services.limits)
    note(tokenizer.name, "decode", started, sum(map(len, lists)))
    special = not body.skip_special_tokens
    return [tokenizer.bytes_of(ids, special).decode(errors="replace") for ids in lists]


def _tei_tokens(tokenizer: AnyTokenizer, text: str, ids: Ids) -> Iterator[dict[str, Any]]:
    """The tokens of a text with where they begin and stop, in bytes of the text as sent, and its slice there."""
    if not isinstance(tokenizer, Tokenizer):
        source = text.encode()
        places = _each(tokenizer.spans(text).pairs("source_bytes"))
        for number, (first, last) in zip(_each(ids), places, strict=True):
            special = tokenizer.is_special(number)
            shown = source[first:last].decode()
            yield {"id": number, "text": shown, "special": special, "start": first, "stop": last}
        return
    if (begun := _begun_of.get(tokenizer)) is None:
        begun = _begun_of[tokenizer] = _Begun(tokenizer.model.pieces)
    normalization = tokenizer.model.card.normalization
    boundaries: Iterable[int]
    if normalization and not unicodedata.is_normalized(normalization, text):
        boundaries = _each(tokenizer.spans(text).source_chars)
    else:  # The text is its own normal form: a piece is as many characters as begin in it.
        boundaries = accumulate(map(begun.__getitem__, _each(ids)), initial=0)
    at = 0
    for number, (start, stop) in zip(_each(ids), pairwise(boundaries), strict=True):
        part = text[start:stop]
        end = at + (len(part) if part.isascii() else len(part.encode()))
        yield {"id": number, "text": part, "special": False, "start": at, "stop": end}
        at = end


class _Begun(dict[int, int]):
    """How many characters begin in a piece, for the ids that were met."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces

    def __missing__(self, number: int) -> int:
        self[number] = len(self._pieces[number - FIRST_PIECE].translate(None, _CONTINUATION))
        return self[number]


_begun_of: WeakKeyDictionary[Tokenizer, _Begun] = WeakKeyDictionary()


def _tei_special(number: int, tokenizer: AnyTokenizer) -> dict[str, Any]:
    return {"id": number, "text": _shown(number, tokenizer), "special": True, "start": None, "stop": None}


def _detokenized(value: Any, services: Services) -> Any:
    body = validate(DetokenizeRequest, value)
    started, tokenizer = perf_counter(), tokenizer_of(services, body.model)
    check_ids(body.tokens, tokenizer, "/tokens", services.limits)
    text = tokenizer.bytes_of(body.tokens, body.special).decode(errors="replace")
    note(tokenizer.name, "detokenize", started, len(body.tokens))
    return {"prompt": text, "content": text}


_KEYS: dict[str, tuple[Dialect, Answerer]] = {
    "prompt": (VLLM, _vllm),
    "messages": (VLLM, _vllm),
    "content": (LLAMA_CPP, _llama_cpp),
    "inputs": (TEI, _tei),
}


def _encode(tokenizer: AnyTokenizer, text: str, add_special: bool) -> Ids:
    """The ids; with `add_special` the special tokens that the tokenizer itself adds."""
    if isinstance(tokenizer, Tokenizer):
        added = None if add_special else False
        return tokenizer.encode_array(text, add_bos=added, add_eos=added)
    ids = tokenizer.encode_array(text)
    bos, eos = tokenizer.own_special if add_special else ([], [])
    return np.concatenate((bos, ids, eos), dtype=np.int32, casting="unsafe") if bos or eos else ids


def _shown(number: int, tokenizer: AnyTokenizer) -> str:
    """A token as text; bytes that are not a whole character show as U+FFFD."""
    return tokenizer.bytes_of([number], special=True).decode(errors="replace")


def _shown_one_by_one(ids: Ids, tokenizer: AnyTokenizer) -> Iterator[str]:
    shown: dict[int, str] = {}
    for number in _each(ids):
        if number not in shown:
            shown[number] = _shown(number, tokenizer)
        yield shown[number]


def _each(array: NDArray[Any]) -> Iterator[Any]:
    """The items of an array as Python's own, few of them at the same time."""
    return chain.from_iterable(array[i : i + _SOME].tolist() for i in range(0, len(array), _SOME))


def _check_count(count: int, limits: Limits, pointer: str) -> None:
    if count > limits.model_len:
        raise TooManyTokens(count, limits.model_len, pointer)
