"""The bounds of one request to the tokenizer, the API's and the dialects': each breach names its setting.

Also what both do alike: find the model that was asked for.
"""

from collections.abc import Sequence, Sized
from time import monotonic
from weakref import ReferenceType, WeakKeyDictionary, ref

from app.errors import InputError, NotFound, TooLarge
from app.tokenizer.registry import AnyTokenizer, ModelRegistry
from app.web.dependencies import Limits, Services

FRESH = 1.0
"""Seconds for which a model is used again before its file is looked at: that costs as much as a short text's tokens."""

_used: WeakKeyDictionary[ModelRegistry, dict[str | None, tuple[float, ReferenceType[AnyTokenizer]]]] = (
    WeakKeyDictionary()
)


def tokenizer_of(services: Services, name: str | None) -> AnyTokenizer:
    """The model asked for, and never another one. Loads it where it is not in memory, which takes a while."""
    if name == "":
        raise NotFound('there is no model ""; leave the field out for the default model', "/model")
    tokenizer = at_hand(services, name)
    if tokenizer is None:
        tokenizer = services.models.get(name)
        _note_used(services, name, tokenizer)
    return tokenizer


def at_hand(services: Services, name: object) -> AnyTokenizer | None:
    """The model if it is loaded and its file still the same; else None, and a thread has to load it.

    A short text needs no thread then, and so does not wait behind heavy requests. Names that were never asked for with
    success are not looked up.
    """
    if name is not None and not isinstance(name, str):
        return None
    until, kept = _used.get(services.models, {}).get(name, (0.0, None))
    if kept is None:
        return None
    if monotonic() < until:
        return kept()
    tokenizer = services.models.in_memory(name)
    if tokenizer is not None:
        _note_used(services, name, tokenizer)
    return tokenizer


def _note_used(services: Services, name: str | None, tokenizer: AnyTokenizer) -> None:
    _used.setdefault(services.models, {})[name] = (monotonic() + FRESH, ref(tokenizer))


def check_text(text: str, pointer: str, limits: Limits) -> None:
    """Raises TooLarge for a text over the limit."""
    if len(text) * 4 > limits.text_bytes:
        size = len(text.encode())
        if size > limits.text_bytes:
            raise TooLarge(
                f"the text has {size:,} bytes; at most {limits.text_bytes:,} are taken (QUIRE_MAX_TEXT_BYTES)",
                pointer,
            )


def check_batch(batch: Sized, pointer: str, limits: Limits) -> None:
    """Raises TooLarge for more texts, lists or models than one request may have."""
    if len(batch) > limits.batch:
        raise TooLarge(
            f"{len(batch):,} at once are too many; at most {limits.batch:,} are taken (QUIRE_MAX_BATCH)",
            pointer,
        )


def check_ids(ids: Sequence[int], tokenizer: AnyTokenizer, pointer: str, limits: Limits) -> None:
    """Raises TooLarge for too many ids, InputError for one that the model lacks; it points at that one."""
    if len(ids) > limits.ids:
        raise too_many_ids(len(ids), pointer, limits)
    if ids and not 0 <= min(ids) <= max(ids) < tokenizer.vocab_size:
        i = next(i for i, number in enumerate(ids) if not 0 <= number < tokenizer.vocab_size)
        raise InputError(
            f"{ids[i]} is not an id of {tokenizer.name}; its ids are 0 to {tokenizer.vocab_size - 1}",
            f"{pointer}/{i}",
        )


def too_many_ids(count: int, pointer: str, limits: Limits) -> TooLarge:
    """What to raise for more ids than one request may have."""
    return TooLarge(f"{count:,} ids are too many; at most {limits.ids:,} are taken (QUIRE_MAX_IDS)", pointer)
