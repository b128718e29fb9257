"""The bounds of one request to the tokenizer, the API's and the dialects': each breach names its setting.

Also what both do alike: find the model that was asked for.
"""

from collections.abc import Sequence, Sized

from app.errors import InputError, NotFound, Sentence, TooLarge
from app.tokenizer.registry import AnyTokenizer
from app.web.dependencies import Limits, Services


def tokenizer_of(services: Services, name: str | None) -> AnyTokenizer:
    """The model asked for, and never another one. Loads it where it is not in memory, which takes a while."""
    if name == "":
        raise NotFound(Sentence('there is no model ""; leave the field out for the default model'), "/model")
    tokenizer = services.models.at_hand(name)
    return services.models.get(name) if tokenizer is None else tokenizer


def check_text(text: str, pointer: str, limits: Limits) -> None:
    """Raises TooLarge for a text over the limit."""
    if len(text) * 4 > limits.text_bytes:
        size = len(text.encode())
        if size > limits.text_bytes:
            raise TooLarge(
                Sentence(
                    "the text has {size:,} bytes; at most {text_bytes:,} are taken (QUIRE_MAX_TEXT_BYTES)",
                    size=size,
                    text_bytes=limits.text_bytes,
                ),
                pointer,
            )


def check_batch(batch: Sized, pointer: str, limits: Limits) -> None:
    """Raises TooLarge for more texts, lists or models than one request may have."""
    if len(batch) > limits.batch:
        raise TooLarge(
            Sentence(
                "{count:,} at once are too many; at most {batch:,} are taken (QUIRE_MAX_BATCH)",
                count=len(batch),
                batch=limits.batch,
            ),
            pointer,
        )


def check_ids(ids: Sequence[int], tokenizer: AnyTokenizer, pointer: str, limits: Limits) -> None:
    """Raises TooLarge for too many ids, InputError for one that the model lacks; it points at that one."""
    if len(ids) > limits.ids:
        raise too_many_ids(len(ids), pointer, limits)
    if ids and not 0 <= min(ids) <= max(ids) < tokenizer.vocab_size:
        i = next(i for i, number in enumerate(ids) if not 0 <= number < tokenizer.vocab_size)
        raise InputError(
            Sentence(
                "{id} is not an id of {name}; its ids are 0 to {last}",
                id=ids[i],
                name=tokenizer.name,
                last=tokenizer.vocab_size - 1,
            ),
            f"{pointer}/{i}",
        )


def too_many_ids(count: int, pointer: str, limits: Limits) -> TooLarge:
    """What to raise for more ids than one request may have."""
    return TooLarge(
        Sentence(
            "{count:,} ids are too many; at most {ids:,} are taken (QUIRE_MAX_IDS)",
            count=count,
            ids=limits.ids,
        ),
        pointer,
    )
