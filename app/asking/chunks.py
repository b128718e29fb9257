"""What one chunk of a streamed answer holds, whichever server wrote it."""

from dataclasses import dataclass
from typing import Any

import orjson

from app.asking.refusals import said_by_server
from app.asking.thinking import Kind
from app.errors import ChatError
from app.papers.answers import Usage


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """A piece of an answer, or of the reasoning beside it."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class StreamChunk:
    """Pieces, why the answer ended (empty while it goes on), and what it cost so far, where the server says."""

    pieces: tuple[AnswerPart, ...] = ()
    reason: str = ""
    usage: Usage | None = None


def read_chunk(data: bytes) -> StreamChunk:
    """The chunk of an event's data; one that holds nothing for us is empty. Raises ChatError for what is not JSON.

    >>> read_chunk(b'{"choices": [{"delta": {"content": "So"}, "finish_reason": null}]}').pieces
    (AnswerPart(kind='text', text='So'),)
    """
    values = [_parsed(line) for line in _documents(data)]
    pieces: list[AnswerPart] = []
    reason, usage = "", None
    for value in values:
        choices = value.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
        delta = choice.get("delta") or choice.get("message") or {}
        if isinstance(delta, dict):
            pieces += _pieces(delta)
        if isinstance(choice.get("text"), str) and choice["text"]:
            pieces.append(AnswerPart("text", choice["text"]))
        ended = choice.get("finish_reason")
        reason = ended if isinstance(ended, str) and ended else reason
        places = (value, choice, value.get("x_groq"))
        usages = (_usage(place.get("usage")) for place in places if isinstance(place, dict))
        usage = next((found for found in usages if found), usage)
    return StreamChunk(tuple(pieces), reason, usage)


def stream_error(data: bytes, key: str) -> ChatError | None:
    """The failure that a server reports inside a stream that began well; None where the data is not a failure."""
    if b'"error"' not in data:
        return None
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, dict) or not (value.get("error") or value.get("object") == "error"):
        return None
    return ChatError(f"the model's server failed: {said_by_server(data, key)}")


def _documents(data: bytes) -> list[bytes]:
    """The JSON texts of an event: one, unless a server forgot the empty lines between several."""
    lines = data.split(b"\n")
    return (
        lines if len(lines) > 1 and all(line[:1] == b"{" and line[-1:] == b"}" for line in lines) else [data]
    )


def _parsed(data: bytes) -> dict[str, Any]:
    if not data.strip():
        return {}
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ChatError(
            "the model's server sends what is not JSON; is QUIRE_CHAT_URL its address?"
        ) from error
    return value if isinstance(value, dict) else {}


def _pieces(delta: dict[str, Any]) -> list[AnswerPart]:
    pieces = []
    for name in ("reasoning_content", "reasoning"):
        if isinstance(delta.get(name), str) and delta[name]:
            pieces.append(AnswerPart("reasoning", delta[name]))
            break
    else:
        pieces += [AnswerPart("reasoning", text) for text in _texts(delta.get("reasoning_details"))]
    content = delta.get("content")
    if isinstance(content, str):
        pieces += [AnswerPart("text", content)] if content else []
    elif isinstance(content, list):
        for part in content:
            kind = str(part.get("type", "text")) if isinstance(part, dict) else "text"
            thinks = "think" in kind or "reason" in kind
            pieces += [AnswerPart("reasoning" if thinks else "text", text) for text in _texts(part)]
    return pieces


def _texts(value: Any) -> list[str]:
    """The texts of a part, however deep servers wrap them."""
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    if isinstance(value, dict):
        named = (value.get(name) for name in ("text", "thinking", "reasoning", "content", "summary"))
        return next((texts for part in named if (texts := _texts(part))), [])
    return []


def _usage(value: Any) -> Usage | None:
    if not isinstance(value, dict):
        return None
    asked, answered = value.get("prompt_tokens"), value.get("completion_tokens")
    return Usage(asked, answered) if type(asked) is int and type(answered) is int else None
