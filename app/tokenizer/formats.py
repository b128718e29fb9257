"""Models in the formats of others: SentencePiece, Hugging Face tokenizers, and a listing as tiktoken's.

A file's bytes in or out; no paths, no segmentation. What a format can't say is a ModelError that names the pieces.

SentencePiece and Hugging Face know pieces of characters, and single bytes only as a last resort, so a character
that our model splits or that is not in the vocabulary costs there what an unknown one costs. And SentencePiece adds
scores in float32, so near ties may fall differently. Apart from these two the segmentation is the same.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from math import exp, isfinite
from typing import Any

import numpy as np

from app.errors import ModelError
from app.tokenizer.model import FIRST_PIECE, SPECIAL_TOKENS, Card, Model

MAX_BYTES = 64 << 20
"""Largest file that is read, in bytes."""

_UNKNOWN = "<unk>"
_BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
_RESERVED = frozenset((*SPECIAL_TOKENS, _UNKNOWN, *_BYTES))
_SPACE = "\u2581"  # SentencePiece's sign for a space

_NORMAL, _UNKNOWN_TYPE, _CONTROL, _BYTE = 1, 2, 3, 6
_UNIGRAM = 1
_UNKNOWN_PENALTY = 10.0  # what SentencePiece takes off its rarest piece's score for an unknown character
_NO_LIMIT = 10**30  # as transformers writes that a tokenizer has none
_COUNT_SCALE = 2.0**60  # counts made of probabilities; only their ratios matter
_GREATEST_SCORE = 1.0  # logarithms are at most 0, but for rounding


def to_sentencepiece(model: Model) -> bytes:
    """A SentencePiece `.model` whose ids are the model's own; unknown and unused bytes come after them.

    The normaliser is the identity: give it texts in NFC if the model's card says so.
    """
    message = _messages()["ModelProto"]()
    for text, score, kind in _entries(model):
        message.pieces.add(piece=text, score=score, type=kind)
    trainer = message.trainer_spec
    trainer.model_type, trainer.vocab_size, trainer.byte_fallback = _UNIGRAM, len(message.pieces), True
    trainer.pad_id, trainer.bos_id, trainer.eos_id = range(FIRST_PIECE)
    trainer.pad_piece, trainer.bos_piece, trainer.eos_piece = SPECIAL_TOKENS
    trainer.unk_id, trainer.unk_piece = model.vocab_size, _UNKNOWN
    normalizer = message.normalizer_spec
    normalizer.name = "identity"
    normalizer.add_dummy_prefix = normalizer.remove_extra_whitespaces = normalizer.escape_whitespaces = False
    content: bytes = message.SerializeToString(deterministic=True)
    return content


def from_sentencepiece(content: bytes, name: str) -> Model:
    """The model in a SentencePiece unigram `.model` file; ids follow its order.

    Control, unknown and unused pieces are left out. Bytes that it lacks, or scores 0, score as it scores what it does
    not know. A space that it would put before every text is not put there. ModelError where it is not a unigram model,
    or one that rewrites texts.
    """
    message = _parse(content, name)
    if message.trainer_spec.model_type != _UNIGRAM:
        raise ModelError(
            f"{name} is not a unigram model (model_type is {message.trainer_spec.model_type}, not 1)"
        )
    normalizer = message.normalizer_spec
    if normalizer.precompiled_charsmap:
        raise ModelError(
            f"{name} rewrites texts by the rules {normalizer.name!r}; only a model trained with "
            "--normalization_rule_name=identity can be expressed"
        )
    scores: dict[bytes, float] = {}
    single: dict[bytes, float] = {}
    for piece in message.pieces:
        if not isinstance(piece.piece, str):  # the library gives text that isn't UTF-8 as bytes
            raise ModelError(f"{name}: the piece {piece.piece!r} isn't UTF-8")
        if not isfinite(piece.score) or piece.score > _GREATEST_SCORE:
            raise ModelError(
                f"{name}: piece {piece.piece!r} has the score {piece.score}; a score is the logarithm of a probability"
            )
        if piece.type == _BYTE and piece.piece in _BYTES:
            single[bytes([_BYTES.index(piece.piece)])] = piece.score
            scores.setdefault(bytes([_BYTES.index(piece.piece)]), 0.0)
        elif piece.type == _NORMAL:
            text = piece.piece.replace(_SPACE, " ") if normalizer.escape_whitespaces else piece.piece
            scores[text.encode()] = piece.score
            single.pop(text.encode(), None)
    least = min(scores.values(), default=-1.0) - _UNKNOWN_PENALTY
    for data, score in single.items():
        scores[data] = min(score, scores[data]) or least
    for byte in range(256):
        scores.setdefault(bytes([byte]), least)
    return _from_scores(name, scores)


def to_huggingface(model: Model) -> bytes:
    """A `tokenizer.json` for Hugging Face tokenizers: unigram with bytes as the last resort, ids as the model's.

    No special token is matched in texts; bos and eos are added where the model's card adds them.
    """
    entries = _entries(model)
    never = (
        min(score for _, score, _ in entries) - 1e5
    )  # such texts are not pieces, but the vocabulary is one list
    special = dict(zip(("bos", "eos"), SPECIAL_TOKENS[1:], strict=True))
    template = [{"Sequence": {"id": "A", "type_id": 0}}]
    if model.card.add_bos:
        template.insert(0, {"SpecialToken": {"id": special["bos"], "type_id": 0}})
    if model.card.add_eos:
        template.append({"SpecialToken": {"id": special["eos"], "type_id": 0}})
    tokens = {token: {"id": token, "ids": [i], "tokens": [token]} for i, token in enumerate(SPECIAL_TOKENS)}
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [],
            "normalizer": {"type": "NFC"} if model.card.normalization else None,
            "pre_tokenizer": None,
            "post_processor": {
                "type": "TemplateProcessing",
                "single": template,
                "pair": [*template, {"Sequence": {"id": "B", "type_id": 1}}],
                "special_tokens": tokens,
            },
            "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
            "model": {
                "type": "Unigram",
                "unk_id": model.vocab_size,
                "byte_fallback": True,
                "vocab": [[text, score if kind == _NORMAL else never] for text, score, kind in entries],
            },
        },
        ensure_ascii=False,
    ).encode()


def huggingface_config(model: Model) -> bytes:
    """The `tokenizer_config.json` beside it, by which `transformers` pads, begins and ends texts.

    What looks like a special token in a text stays text (`split_special_tokens`), as it does here.
    """
    pad, bos, eos = SPECIAL_TOKENS
    return json.dumps(
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "pad_token": pad,
            "bos_token": bos,
            "eos_token": eos,
            "unk_token": _UNKNOWN,
            "add_bos_token": model.card.add_bos,
            "add_eos_token": model.card.add_eos,
            "split_special_tokens": True,
            "clean_up_tokenization_spaces": False,
            "model_max_length": _NO_LIMIT,
        },
        indent=2,
    ).encode()


def to_tiktoken(model: Model) -> bytes:
    """A line for each piece, as tiktoken lists its ranks: base64 of the bytes, a space, the id. To look at."""
    return b"".join(
        b"%s %d\n" % (b64encode(piece), number) for number, piece in enumerate(model.pieces, FIRST_PIECE)
    )


def _entries(model: Model) -> list[tuple[str, float, int]]:
    """Text, score and SentencePiece's type of each id; then unknown, and the bytes that are characters themselves."""
    inexpressible = [piece for piece in model.pieces if len(piece) > 1 and _text(piece) is None]
    if inexpressible:
        listed = ", ".join(map(repr, inexpressible[:8]))
        raise ModelError(
            f"{model.name}: {len(inexpressible):,} pieces are not whole characters, hold a NUL or look like a special "
            f"token, which that format can't express: {listed}{', …' * (len(inexpressible) > 8)}; train with "
            "ensure_unicode to have whole characters only"
        )
    entries: list[tuple[str, float, int]] = [(token, 0.0, _CONTROL) for token in SPECIAL_TOKENS]
    left = dict.fromkeys(range(256))
    for piece, score in zip(model.pieces, model.log_probabilities.tolist(), strict=True):
        text = _text(piece)
        if text is None:
            entries.append((_BYTES[piece[0]], score, _BYTE))
            del left[piece[0]]
        else:
            entries.append((text, score, _NORMAL))
    return [*entries, (_UNKNOWN, 0.0, _UNKNOWN_TYPE), *((_BYTES[byte], 0.0, _BYTE) for byte in left)]


def _text(piece: bytes) -> str | None:
    """A piece as these formats can hold it, or None."""
    try:
        text = piece.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text or text in _RESERVED else text


def _from_scores(name: str, scores: dict[bytes, float]) -> Model:
    """A model with these log-probabilities, in this order.

    A model's probabilities add up to 1, so what is missing goes to the byte 0xFF, which no text holds: then the
    others keep their scores exactly, and their segmentations.
    """
    probabilities = {piece: exp(score) for piece, score in scores.items()}
    del probabilities[b"\xff"]
    total = sum(probabilities.values())
    probabilities = {piece: probabilities.get(piece, max(1.0 - total, 0.0)) for piece in scores}
    scale = _COUNT_SCALE / max(total, 1.0)
    counts = {piece: max(1, round(value * scale)) for piece, value in probabilities.items()}
    checked = Model.from_counts(name, counts)
    model = replace(checked, pieces=tuple(counts), counts=np.array(list(counts.values()), np.int64))
    return replace(model, sha256=hashlib.sha256(model.to_bytes()).hexdigest(), card=Card(normalization=None))


def _parse(content: bytes, name: str) -> Any:
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    if len(content) > MAX_BYTES:
        raise ModelError(f"{name} has {len(content):,} bytes; up to {MAX_BYTES:,} are read")
    message = _messages()["ModelProto"]()
    try:
        message.ParseFromString(content)
    except DecodeError as error:
        raise ModelError(f"{name} is not a SentencePiece model: {error}") from error
    if not message.pieces:
        raise ModelError(f"{name} is not a SentencePiece model: it holds no pieces")
    return message


_STRING, _FLOAT, _INT32, _BOOL, _DATA, _MESSAGE = 9, 2, 5, 8, 12, 11
_FIELDS: dict[str, Sequence[tuple[str, int, int] | tuple[str, int, int, str]]] = {
    "SentencePiece": [("piece", 1, _STRING), ("score", 2, _FLOAT), ("type", 3, _INT32)],
    "TrainerSpec": [
        ("model_type", 3, _INT32),
        ("vocab_size", 4, _INT32),
        ("byte_fallback", 35, _BOOL),
        *((f"{token}_id", 40 + i, _INT32) for i, token in enumerate(("unk", "bos", "eos", "pad"))),
        *((f"{token}_piece", 45 + i, _STRING) for i, token in enumerate(("unk", "bos", "eos", "pad"))),
    ],
    "NormalizerSpec": [
        ("name", 1, _STRING),
        ("precompiled_charsmap", 2, _DATA),
        ("add_dummy_prefix", 3, _BOOL),
        ("remove_extra_whitespaces", 4, _BOOL),
        ("escape_whitespaces", 5, _BOOL),
    ],
    "ModelProto": [
        ("pieces", 1, _MESSAGE, "SentencePiece"),
        ("trainer_spec", 2, _MESSAGE, "TrainerSpec"),
        ("normalizer_spec", 3, _MESSAGE, "NormalizerSpec"),
    ],
}
_DEFAULTS = {"type": "1", "model_type": "1", "add_dummy_prefix": "true", "remove_extra_whitespaces": "true",
             "escape_whitespaces": "true"}  # fmt: skip


@cache
def _messages() -> dict[str, Any]:
    """The messages of sentencepiece_model.proto, as far as they matter here; the other fields are kept unread."""
    try:
        from google.protobuf import (  # type: ignore[import-untyped]
            descriptor_pb2,
            descriptor_pool,
            message_factory,
        )
    except ImportError as error:
        raise ModelError("SentencePiece models need the package protobuf: pip install protobuf") from error
    file = descriptor_pb2.FileDescriptorProto(
        name="quire/sentencepiece.proto", package="quire", syntax="proto2"
    )
    for message_name, fields in _FIELDS.items():
        message = file.message_type.add(name=message_name)
        for field_name, number, kind, *of in fields:
            field = message.field.add(name=field_name, number=number, type=kind, label=1)
            if of:
                field.type_name = f".quire.{of[0]}"
            if field_name == "pieces":
                field.label = 3
            elif field_name in _DEFAULTS:
                field.default_value = _DEFAULTS[field_name]
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"quire.{name}")) for name in _FIELDS
    }
