"""What it means when a model's server refuses: to wait, to cut, to leave a parameter out, or that nothing helps.

What a server says may hold the key that it was sent, or addresses: both are taken out before anybody reads it.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from app.errors import ChatError, Sentence

_CONTEXT = re.compile(
    r"context[ _-]?(?:length|size|window)|exceed_context|n_ctx|(?:prompt|input|request)[^.]{0,40}too (?:long|large)"
    r"|too many (?:input )?tokens|token count[^.]{0,40}exceeds|maximum number of tokens|tokens[^.]{0,60}must be <=",
    re.IGNORECASE,
)
_LIMITS = (
    re.compile(r'"n_ctx"\s*:\s*(\d+)'),
    re.compile(r"(?:maximum|max|limit)[^\d.]{0,60}?(\d[\d,]{2,})", re.IGNORECASE),
    re.compile(r"context[ _-]?(?:length|size|window)[^\d.]{0,40}?(\d[\d,]{2,})", re.IGNORECASE),
    re.compile(r"(?:<=|>)\s*(\d[\d,]{2,})"),
)
_NUMBER = re.compile(r"(?<![\w.])\d[\d,]{2,}(?![\w.]*\w)")
_ASKED = re.compile(r'"n_prompt_tokens"\s*:\s*(\d+)')
_EXHAUSTED = re.compile(r"insufficient_quota|billing|credit|balance|payment", re.IGNORECASE)
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")
_LONGEST_SAID = 300


class Passing(ChatError):
    """A refusal that waiting mends, `wait` seconds where the server says so."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class ContextTooLong(ChatError):
    """The messages are longer than the model's context; `limit` and `asked` in tokens, where the server names them."""

    def __init__(self, message: str, limit: int | None, asked: int | None) -> None:
        super().__init__(message)
        self.limit = limit
        self.asked = asked


def without_parameter(status: int, content: bytes, options: Mapping[str, Any]) -> dict[str, Any] | None:
    """The options without the one that a refusal names first; None where it names none of them.

    A server that wants `max_completion_tokens` in the place of `max_tokens` gets that.
    """
    text = content.decode("utf-8", "replace")
    if status not in (400, 422) or _is_context(text):
        return None
    found = {name: match.start() for name in options if (match := re.search(rf"\b{name}\b", text))}
    named = _field(content, "param")
    if not found and named not in options:
        return None
    refused = named if named in options else min(found, key=lambda name: found[name])
    fewer = {name: value for name, value in options.items() if name != refused}
    if refused == "max_tokens" and "max_completion_tokens" in text:
        fewer["max_completion_tokens"] = options[refused]
    return fewer


def refusal(status: int, headers: Mapping[str, str], content: bytes, key: str) -> ChatError:
    """The failure that an answer other than 200 stands for."""
    text = content.decode("utf-8", "replace")
    said = said_by_server(content, key)
    if status in (401, 403):
        return ChatError(Sentence("the model's server does not accept the key (QUIRE_CHAT_KEY)"))
    if 300 <= status < 400:
        return ChatError(
            Sentence("the model's server redirects elsewhere, and Quire does not follow it (QUIRE_CHAT_URL)")
        )
    if status in (400, 413, 422, 500) and _is_context(text):
        return _too_long(text, said)
    if status == 404:
        return ChatError(Sentence("the model's server knows no such address or model: {said}", said=said))
    if status == 429:
        wait = _wait(headers, text)
        if _EXHAUSTED.search(text) or (wait is None and "quota" in text.lower()):
            return ChatError(
                Sentence(
                    "the quota at the model's server is used up, and waiting won't help: {said}", said=said
                )
            )
        return Passing(Sentence("the model's server asks to wait: {said}", said=said), wait)
    if status in (408, 409, 425) or status >= 500:
        return Passing(
            Sentence("the model's server failed (status {status}): {said}", status=status, said=said),
            _wait(headers, text),
        )
    return ChatError(
        Sentence("the model's server refuses (status {status}): {said}", status=status, said=said)
    )


def said_by_server(content: bytes, key: str) -> str:
    """The words of a refusal, without tags, addresses and the key; at most 300 characters.

    >>> said_by_server(b'{"error": {"message": "no model sk-123456"}}', "sk-123456")
    'no model …'
    """
    message = _field(content, "message") or content.decode("utf-8", "replace")
    if key:
        message = message.replace(key, "…")
        message = re.sub(rf"{re.escape(key[:6])}\S*", "…", message) if len(key) >= 6 else message
    message = re.sub(r"<(script|style|head)\b.{0,9999}?</\1>", " ", message, flags=re.DOTALL | re.IGNORECASE)
    message = re.sub(r"<[^<>]{0,999}>|https?://\S{0,999}", " ", message)
    words = " ".join(message.split())
    return (
        words if len(words) <= _LONGEST_SAID else f"{words[:_LONGEST_SAID]}…" if words else "without a word"
    )


def _is_context(text: str) -> bool:
    return _CONTEXT.search(text) is not None


def _too_long(text: str, said: str) -> ContextTooLong:
    limits = (int(match[1].replace(",", "")) for pattern in _LIMITS if (match := pattern.search(text)))
    limit = next((found for found in limits if found >= 128), None)
    asked = int(match[1]) if (match := _ASKED.search(text)) else None
    if asked is None and limit is not None:
        numbers = (int(match[0].replace(",", "")) for match in _NUMBER.finditer(text))
        asked = max((number for number in numbers if number > limit), default=None)
    return ContextTooLong(
        Sentence("the paper is longer than the model's context: {said}", said=said), limit, asked
    )


def _field(content: bytes, name: str) -> str:
    """A text of a refusal in JSON: of its `error` object, or of the top."""
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return ""
    value = value[0] if isinstance(value, list) and value else value
    for holder in (value.get("error"), value) if isinstance(value, dict) else ():
        if isinstance(holder, dict) and isinstance(holder.get(name), str):
            return str(holder[name])
        if name == "message" and isinstance(holder, str):
            return holder
    return ""


def _wait(headers: Mapping[str, str], text: str) -> float | None:
    """Seconds, by `Retry-After`, by the fields that say when a limit is refilled, or by the words."""
    if (milliseconds := _number(headers.get("retry-after-ms", ""))) is not None:
        return milliseconds / 1000
    after = headers.get("retry-after", "").strip()
    if (seconds := _number(after)) is not None:
        return seconds
    if after:
        try:
            return max(0.0, (parsedate_to_datetime(after) - datetime.now(UTC)).total_seconds())
        except (ValueError, TypeError):
            pass  # neither seconds nor a date: as if it said nothing
    for kind in ("requests", "tokens"):
        if headers.get(f"x-ratelimit-remaining-{kind}", "").strip() == "0":
            return _duration(headers.get(f"x-ratelimit-reset-{kind}", ""))
    reset = headers.get("x-ratelimit-reset-requests") or headers.get("x-ratelimit-reset", "")
    if (found := _duration(reset)) is not None:
        return found
    words = re.search(r"(?:try again|retry) in (\d+(?:\.\d+)?) ?s", text)
    return float(words[1]) if words else None


def _duration(text: str) -> float | None:
    """Seconds of `1m30s`, `250ms`, `12`, or of an instant in seconds since 1970."""
    value = text.strip()
    if (number := _number(value)) is not None:
        return max(0.0, number - datetime.now(UTC).timestamp()) if number > 1e9 else number
    match = _DURATION.fullmatch(value)
    if not value or match is None:
        return None
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,12}(?:\.\d{1,9})?", text.strip()) else None
