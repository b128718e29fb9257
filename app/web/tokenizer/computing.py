"""What the tokenizer's API computes: requests in, plain answers out, bounded by the limits. Knows no HTTP.

Numbers stay in numpy arrays until they are written, and long answers are written part by part (`long_json.py`).
"""

import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import exp
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError, NotForThisModel, NotFound, Sentence, TooLarge
from app.tokenizer.lattice import Lattice, Path
from app.tokenizer.others.chunks import Part, fitting_parts, fitting_pieces
from app.tokenizer.registry import AnyTokenizer
from app.tokenizer.spans import Pieces
from app.web.dependencies import Limits, Services
from app.web.long_json import numbers, objects
from app.web.tokenizer.bounds import check_batch, check_ids, check_text, tokenizer_of, too_many_ids
from app.web.tokenizer.metrics import note
from app.web.tokenizer.piece_json import described_bytes, json_of_pieces, spans_of
from app.web.tokenizer.requests import (
    ChunkRequest,
    CompareRequest,
    CountRequest,
    DecodeRequest,
    EncodeRequest,
    LatticeRequest,
    TextRequest,
)

Answer = dict[str, Any]

SPANS = {
    "byte_spans": "bytes",
    "char_spans": "chars",
    "source_byte_spans": "source_bytes",
    "source_char_spans": "source_chars",
}
"""The spans that can be asked for, each with the column of `Pieces` that it is."""

_LEAST_OF_A_CHUNK = 16  # tokens that the smallest chunk is counted as, since it costs memory too


_PART_BYTES = 200
"""Memory of a chunk of another kind's, about: an object and its numbers."""


@dataclass(frozen=True, eq=False)
class _Held:
    """What chunks of other kinds are written from."""

    parts: list[Part]
    text: str

    @property
    def nbytes(self) -> int:
        return len(self.parts) * _PART_BYTES + sys.getsizeof(self.text)


def encode(body: EncodeRequest, services: Services) -> Answer:
    """Answers POST /encode."""
    started, tokenizer = perf_counter(), tokenizer_of(services, body.model)
    items = []
    left = services.limits.ids if "pieces" in body.wanted else None
    for number, text in enumerate(_texts(body, services.limits)):
        if body.wanted or body.truncate:
            items.append(_with_places(tokenizer, body, text, number, left))
            left = None if left is None else left - items[-1]["count"]
        else:
            items.append(_ids_alone(tokenizer, body, text, number))
    _note(body, tokenizer, "encode", started, items)
    return _shaped(body, tokenizer, items)


def decode(body: DecodeRequest, services: Services) -> Answer:
    """Answers POST /decode."""
    started, tokenizer = perf_counter(), tokenizer_of(services, body.model)
    limits = services.limits
    if body.ids is not None:
        answer = _decoded(tokenizer, body.ids, body, "/ids", limits)
        note(tokenizer.name, "decode", started, len(body.ids))
        return {"model": tokenizer.name, **answer}
    batch = body.batch or []
    check_batch(batch, "/batch", limits)
    total = sum(map(len, batch))
    if total > limits.ids:
        raise too_many_ids(total, "/batch", limits)
    items = [_decoded(tokenizer, ids, body, f"/batch/{i}", limits) for i, ids in enumerate(batch)]
    note(tokenizer.name, "decode", started, total)
    return {"model": tokenizer.name, "items": items}


def count(body: CountRequest, services: Services) -> Answer:
    """Answers POST /count."""
    started, tokenizer = perf_counter(), tokenizer_of(services, body.model)
    items = []
    for text in _texts(body, services.limits):
        item: Answer = {"count": tokenizer.count(text), "bytes": tokenizer.size(text)}
        if body.max_tokens is not None:
            if tokenizer.kind == "bytepiece":
                cuts = _cuts(tokenizer.spans(text), body.max_tokens, body.overlap, services.limits)
                item["chunks"] = len(cuts)
            else:
                _check_repeated(item["count"], body.max_tokens, body.overlap, services.limits)
                item["chunks"] = len(fitting_parts(tokenizer, text, body.max_tokens, body.overlap))
        items.append(item)
    _note(body, tokenizer, "count", started, items)
    return _shaped(body, tokenizer, items)


def chunk(body: ChunkRequest, services: Services) -> Answer:
    """Answers POST /chunk."""
    started, tokenizer = perf_counter(), tokenizer_of(services, body.model)
    items = []
    for text in _texts(body, services.limits):
        if tokenizer.kind != "bytepiece" or body.boundary not in ("token", "grapheme"):
            parts = _fitting_parts(tokenizer, text, body, services.limits)
            made = partial(_fitting_chunks, tokenizer, text, parts)
            items.append(
                {
                    "chunks": objects(len(parts), made, _Held(parts, text), _texts_in(body)),
                    "count": len(parts),
                }
            )
            added = sum(map(len, tokenizer.own_special))
            note(tokenizer.name, "chunk", started, sum(part.count + added for part in parts), text)
            continue
        pieces = tokenizer.spans(text)
        cuts = _cuts(pieces, body.max_tokens, body.overlap, services.limits)
        chunks = objects(len(cuts), partial(_chunks, text, pieces, cuts), pieces, _texts_in(body))
        items.append({"chunks": chunks, "count": len(cuts)})
        note(tokenizer.name, "chunk", started, len(pieces), text)
    return _shaped(body, tokenizer, items)


def compare(body: CompareRequest, services: Services) -> Answer:
    """Answers POST /compare."""
    if len(set(body.models)) < len(body.models):
        twice = next(i for i, name in enumerate(body.models) if name in body.models[:i])
        raise InputError(Sentence("{models!r} is named twice", models=body.models[twice]), f"/models/{twice}")
    check_batch(body.models, "/models", services.limits)
    check_text(body.text, "/text", services.limits)
    items = []
    left = services.limits.ids
    for i, name in enumerate(body.models):
        started = perf_counter()
        try:
            tokenizer = tokenizer_of(services, name)
        except NotFound as error:
            raise NotFound(error.message, f"/models/{i}") from error
        _check_pieces(tokenizer, body.text, left, "/text")
        pieces = tokenizer.spans(body.text)
        left -= len(pieces)
        note(tokenizer.name, "compare", started, len(pieces), body.text)
        size = len(pieces.data)
        items.append(
            {
                "model": name,
                "count": len(pieces),
                "bytes": size,
                "bytes_per_token": size / len(pieces) if len(pieces) else None,
                "pieces": json_of_pieces(pieces, among=len(body.models)),
            }
        )
    return {"items": items}


def lattice(body: LatticeRequest, services: Services) -> Answer:
    """Answers POST /lattice."""
    started, tokenizer = perf_counter(), tokenizer_of(services, body.model)
    if "lattice" not in tokenizer.can:
        raise NotForThisModel(
            Sentence(
                "{name} has no lattice; it supports: {names}", name=tokenizer.name, names=tuple(tokenizer.can)
            ),
            "/model",
        )
    most = services.limits.lattice_bytes
    if len(body.text) > most or tokenizer.size(body.text) > most:
        raise TooLarge(
            Sentence(
                "a lattice takes a text of up to {most:,} bytes (QUIRE_MAX_LATTICE_BYTES), and this one "
                "is longer",
                most=most,
            ),
            "/text",
        )
    found: Lattice = tokenizer.lattice(body.text)
    number_of = {edge: i for i, edge in enumerate(found.edges)}

    def path(path: Path) -> Answer:
        return {
            "edges": [number_of[edge] for edge in path.edges],
            "ids": path.ids,
            "score": path.score,
            "probability": min(1.0, exp(path.score - found.log_total)),
        }

    n_best = [path(one) for one in found.n_best(body.n)]
    note(tokenizer.name, "lattice", started, len(n_best[0]["ids"]), body.text)
    return {
        "model": tokenizer.name,
        "text": found.data.decode(),
        "nodes": [node for node, probability in enumerate(found.boundaries) if probability > 0],
        "edges": [
            {"start": edge.start, "end": edge.end, "id": edge.id, "score": edge.score}
            | described_bytes(found.data[edge.start : edge.end])
            for edge in found.edges
        ],
        "best": n_best[0],
        "n_best": n_best,
        "log_total": found.log_total,
        "boundaries": found.boundaries,
    }


def _note(body: TextRequest, tokenizer: AnyTokenizer, op: str, started: float, items: list[Answer]) -> None:
    texts = (body.text,) if body.text is not None else body.texts or ()
    note(tokenizer.name, op, started, sum(item["count"] for item in items), *texts)


def _texts(body: TextRequest, limits: Limits) -> list[str]:
    """The texts of a request, one or several, checked."""
    if body.text is not None:
        check_text(body.text, "/text", limits)
        return [body.text]
    texts = body.texts or []
    check_batch(texts, "/texts", limits)
    for i, text in enumerate(texts):
        check_text(text, f"/texts/{i}", limits)
    return texts


def _texts_in(body: TextRequest) -> int:
    return 1 if body.texts is None else max(1, len(body.texts))


def _shaped(body: TextRequest, tokenizer: AnyTokenizer, items: list[Answer]) -> Answer:
    """One answer for `text`, a list of them for `texts`."""
    if body.text is not None:
        return {"model": tokenizer.name, **items[0]}
    return {"model": tokenizer.name, "items": items}


def _ids_alone(tokenizer: AnyTokenizer, body: EncodeRequest, text: str, number: int) -> Answer:
    ids = tokenizer.encode_array(
        text, body.add_bos, body.add_eos, body.alpha, _seed(body, number), _normalization(body)
    )
    return {"ids": numbers(len(ids), lambda: ids, ids, _texts_in(body)), "count": len(ids)}


def _with_places(
    tokenizer: AnyTokenizer, body: EncodeRequest, text: str, number: int, most_pieces: int | None
) -> Answer:
    """The ids with what was asked for beside them; a special token is an empty piece at an end of the text."""
    bos, eos = tokenizer.added(body.add_bos, body.add_eos)
    if most_pieces is not None and not body.truncate:
        _check_pieces(tokenizer, text, most_pieces, "/return")
    whole = pieces = tokenizer.spans(text, body.alpha, _seed(body, number), _normalization(body))
    if body.truncate:
        room = body.truncate.max_tokens - len(bos) - len(eos)
        if room < 0:
            raise InputError(
                f"max_tokens is {body.truncate.max_tokens}, less than the special tokens that are added",
                "/truncate/max_tokens",
            )
        if tokenizer.kind == "bytepiece":  # a path's beginning and end are the best ones of their texts
            pieces = whole.truncate(room, body.truncate.side)
        else:
            pieces = fitting_pieces(tokenizer, text, whole, room, body.truncate.side)
    among = _texts_in(body)
    ids = np.concatenate((bos, pieces.ids, eos), dtype=np.int32, casting="unsafe")
    size = len(ids)
    answer: Answer = {"ids": numbers(size, lambda: ids, ids, among), "count": size}
    if most_pieces is not None:
        if size > most_pieces:
            raise _too_many_pieces("/return")
        answer["pieces"] = json_of_pieces(pieces, bos, eos, among)
    for name, column in SPANS.items():
        if name in body.wanted:
            answer[name] = numbers(size, partial(spans_of, pieces, column, bos, eos), pieces, among)
    if "utf16_spans" in body.wanted:

        def utf16_spans() -> NDArray[np.int64]:
            return _utf16_offsets(text)[spans_of(pieces, "source_chars", bos, eos)]

        answer["utf16_spans"] = numbers(size, utf16_spans, pieces, among)
    if "scores" in body.wanted:
        if "scores" not in tokenizer.can:
            raise NotForThisModel(
                f"{tokenizer.name} has no scores; it supports: {', '.join(tokenizer.can)}", "/return"
            )
        scores = np.concatenate(([np.nan] * len(bos), pieces.scores, [np.nan] * len(eos)))
        answer["scores"] = numbers(size, lambda: scores, scores, among)
    if body.truncate:
        answer["truncated"] = len(pieces) < len(whole)
    return answer


def _utf16_offsets(text: str) -> NDArray[np.int64]:
    """Where each character begins in UTF-16's units, and the text's end."""
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    return np.append(0, np.cumsum(1 + (points >= 0x10000), dtype=np.int64))


def _seed(body: EncodeRequest, number: int) -> int | None:
    return None if body.seed is None else (body.seed + number) % 2**64


def _normalization(body: EncodeRequest) -> Any:
    """What the request says, or `...` for what the model's card says."""
    return body.normalize if "normalize" in body.model_fields_set else ...


def _decoded(
    tokenizer: AnyTokenizer, ids: list[int], body: DecodeRequest, pointer: str, limits: Limits
) -> Answer:
    check_ids(ids, tokenizer, pointer, limits)
    data = tokenizer.bytes_of(ids, body.special)
    answer: Answer = {
        "text": data.decode(errors="replace"),
        "invalid": len(data) - len(data.decode(errors="ignore").encode()),
    }
    if body.exact:
        answer["b64"] = b64encode(data).decode()
    return answer


def _fitting_parts(tokenizer: AnyTokenizer, text: str, body: ChunkRequest, limits: Limits) -> list[Part]:
    """Chunks that keep the limit each by itself, if they are not too many for one answer."""
    _check_repeated(tokenizer.count(text), body.max_tokens, body.overlap, limits)
    return fitting_parts(tokenizer, text, body.max_tokens, body.overlap, body.boundary)


def _fitting_chunks(tokenizer: AnyTokenizer, text: str, parts: list[Part]) -> Iterator[Answer]:
    at = here = 0
    for part in parts:
        at += (
            len(text[here : part.start].encode())
            if part.start >= here
            else -len(text[part.start : here].encode())
        )
        size = len(text[part.start : part.end].encode())
        chars, places = [part.start, part.end], [at, at + size]
        yield {
            "text": text[part.start : part.end],
            "count": part.count + sum(map(len, tokenizer.own_special)),
            "bytes": places,
            "chars": chars,
            "source_bytes": places,
            "source_chars": chars,
        }
        here = part.start


def _cuts(pieces: Pieces, max_tokens: int, overlap: int, limits: Limits) -> NDArray[np.int64]:
    """Where the chunks of a text begin and end, if they are not too many for one answer."""
    _check_repeated(len(pieces), max_tokens, overlap, limits)
    return pieces.cuts(max_tokens, overlap)


def _check_repeated(count: int, max_tokens: int, overlap: int, limits: Limits) -> None:
    about = count // max(1, max_tokens - overlap) + 1
    repeated = about * max(overlap, _LEAST_OF_A_CHUNK)
    if repeated > limits.ids:
        raise TooLarge(
            f"about {about:,} chunks that overlap by {overlap:,} tokens repeat {repeated:,} tokens; one answer "
            f"repeats up to {limits.ids:,} (QUIRE_MAX_IDS), where a chunk counts as {_LEAST_OF_A_CHUNK} or more; "
            "allow more tokens in a chunk, or less overlap",
            "/max_tokens",
        )


def _chunks(text: str, pieces: Pieces, cuts: NDArray[np.int64]) -> Iterator[Answer]:
    for low, high in cuts:
        chars = [int(pieces.source_chars[low]), int(pieces.source_chars[high])]
        yield {
            "text": text[slice(*chars)],
            "count": int(high - low),
            "bytes": [int(pieces.bytes[low]), int(pieces.bytes[high])],
            "chars": [int(pieces.chars[low]), int(pieces.chars[high])],
            "source_bytes": [int(pieces.source_bytes[low]), int(pieces.source_bytes[high])],
            "source_chars": chars,
        }


def _check_pieces(tokenizer: AnyTokenizer, text: str, most: int, pointer: str) -> None:
    """Refuse a text of too many pieces before their places are worked out, which takes many times its memory."""
    if (len(text) if text.isascii() else len(text) * 4) > most and tokenizer.count(text) > most:
        raise _too_many_pieces(pointer)


def _too_many_pieces(pointer: str) -> TooLarge:
    return TooLarge(
        Sentence(
            "these are more pieces than one answer describes (QUIRE_MAX_IDS); ask for ids and spans, "
            "or send less"
        ),
        pointer,
    )
