"""Chats: messages to the prompt that a model's template writes, to ids, and to a count for each message.

Special tokens are parsed in what the template wrote, never in what a user wrote: a mark is put into those that stand in
the messages before the template sees them, and taken out before the text is encoded.
"""

import atexit
import json
import re
import selectors
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError, NotForThisModel, Sentence

RENDER_SECONDS = 5.0
_START_SECONDS = 60.0
"""Time in which a template has to be done."""

COUNT_SECONDS = 20.0
"""Time in which the messages of a chat have to be counted: that takes as many renderings as there are messages."""

_MARKS = tuple(map(chr, range(0xFDD0, 0xFDF0)))  # noncharacters, which no text should hold


@dataclass(frozen=True)
class RenderedChat:
    """A prompt with its ids; `counts` has the ids of each message, `rest` those that belong to none.

    `spans`, int64 (ids, 2), says where each id begins and ends, `contents` where a message's content stands: the number
    of the message, the beginning and the end. All else the template wrote. Both count bytes of the prompt in UTF-8.
    """

    prompt: str
    ids: list[int]
    counts: list[int]
    rest: int
    spans: NDArray[np.int64]
    contents: list[tuple[int, int, int]]


def chat(
    tokenizer: Any,
    messages: Sequence[Mapping[str, Any]],
    template: str | None = None,
    add_generation_prompt: bool = True,
    continue_final_message: bool = False,
    find_contents: bool = False,
    count_messages: bool = True,
    **variables: Any,
) -> RenderedChat:
    """The prompt, ids and counts of messages; `variables` are `tools`, `documents` and the template's own.

    `template` stands in the place of the model's; `contents` are looked for where `find_contents`. Without
    `count_messages` all ids are `rest`: to count each message's, the chat is rendered once for each. InputError says
    what the template refuses, NotForThisModel that the model has none. Method: `transformers`' `apply_chat_template`.
    """
    if add_generation_prompt and continue_final_message:
        raise InputError(
            "add_generation_prompt and continue_final_message are both true; a chat goes on with a new message or "
            "with its last one",
            "/continue_final_message",
        )
    source = template if template is not None else _template_of(tokenizer, variables.get("tools"))
    messages = [_cleaned(_joined_texts(message, i)) for i, message in enumerate(messages)]
    mark = _mark_for(json.dumps([messages, variables], ensure_ascii=False))
    marked, known = _marked([messages, variables], tokenizer, mark)
    final = str(marked[-1].get("content") or "") if continue_final_message and marked else None

    def rendered(some: Sequence[Any], generation: bool) -> str:
        return render(
            source,
            {
                "tools": None, "documents": None,
                **tokenizer.named_specials, **known, "messages": some, "add_generation_prompt": generation,
            },
        )  # fmt: skip

    whole = rendered(marked, add_generation_prompt)
    if final is not None:
        at = whole.rfind(final.strip())
        if at < 0 or not final.strip():
            raise InputError(
                Sentence("the template doesn't write the last message as it is, so it can't be continued"),
                "/messages",
            )
        whole = whole[: at + len(final.strip())]

    def size(end: int) -> int:
        return len(whole[:end].replace(mark, "").encode())

    if not count_messages:
        prompt, ids = whole.replace(mark, ""), _ids(tokenizer, whole, mark)
        return RenderedChat(prompt, ids, [], len(ids), np.empty((0, 2), np.int64), [])
    ends = _ends(marked, whole, rendered)
    contents = []
    if find_contents:
        contents = _contents(marked, whole, ends, rendered, add_generation_prompt, final is not None)
    ids, spans = _encoded(tokenizer, whole, mark)
    of_message = np.searchsorted(np.array(list(map(size, ends)), np.int64), spans[:, 0], "right")
    counts = np.bincount(of_message, minlength=len(messages) + 1).tolist()
    return RenderedChat(
        whole.replace(mark, ""), ids, counts[:-1], counts[-1], spans,
        [(number, size(begin), size(end)) for number, begin, end in contents],
    )  # fmt: skip


def special_pattern(tokenizer: Any) -> re.Pattern[str]:
    """Matches the special tokens, the longest first, as a group, so that splitting keeps them."""
    if (pattern := _patterns.get(tokenizer)) is None:
        written = sorted(filter(None, tokenizer.special_tokens), key=len, reverse=True)
        pattern = re.compile(f"({'|'.join(map(re.escape, written))})" if written else r"((?!))")
        _patterns[tokenizer] = pattern
    return pattern


_patterns: WeakKeyDictionary[Any, re.Pattern[str]] = WeakKeyDictionary()


def _template_of(tokenizer: Any, tools: Any) -> str:
    found: str | dict[str, str] | None = tokenizer.chat_template
    if isinstance(found, dict):
        named = found.get("tool_use") if tools else None
        found = named or found.get("default")
    if not found:
        raise NotForThisModel(
            Sentence(
                "{name} has no chat template, so messages can't be put into a prompt", name=tokenizer.name
            ),
            "/messages",
        )
    return found


def _joined_texts(message: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The message with a content of text blocks as one text; anything but text in it is refused.

    Templates that know lists write the texts one after the other as well; others would write a list as Python does,
    refuse it, or pass it over, which no user means.
    """
    content = message.get("content")
    if not isinstance(content, list):
        return dict(message)
    texts = []
    for i, block in enumerate(content):
        text = block.get("text") if isinstance(block, dict) else block
        kind = block.get("type", "text") if isinstance(block, dict) else "text"
        if kind not in ("text", "input_text", "output_text") or not isinstance(text, str):
            raise InputError(
                f"a block of type {str(kind)[:50]!r} can't be counted; text blocks can",
                f"/messages/{number}/content/{i}",
            )
        texts.append(text)
    return {**message, "content": "".join(texts)}


_REASONING = ("reasoning_content", "thinking", "reasoning")
"""What a message calls a model's thoughts; the first is what most templates read, the second what gpt-oss's do."""


def _cleaned(message: Mapping[str, Any]) -> dict[str, Any]:
    """The message without keys that are null, which templates take for texts, and its thoughts under both names."""
    kept = {key: value for key, value in message.items() if value is not None}
    thoughts = next((kept[key] for key in _REASONING if key in kept), None)
    return kept if thoughts is None else {"thinking": thoughts, **kept, "reasoning_content": thoughts}


def _mark_for(text: str) -> str:
    for mark in _MARKS:
        if mark not in text:
            return mark
    raise InputError(
        Sentence("the messages hold all of Unicode's noncharacters U+FDD0 to U+FDEF; leave one out")
    )


def _marked(value: Any, tokenizer: Any, mark: str) -> Any:
    """The value with a mark inside of each special token in its texts, and of one that a text's end begins."""
    if isinstance(value, str):
        value = special_pattern(tokenizer).sub(lambda found: found[0][:1] + mark + found[0][1:], value)
        begun = max(
            (
                length
                for token in tokenizer.special_tokens
                for length in range(1, len(token))
                if value.endswith(token[:length])
            ),
            default=0,
        )
        return (
            value[: len(value) - begun + 1] + mark + value[len(value) - begun + 1 :] if begun > 1 else value
        )
    if isinstance(value, list):
        return [_marked(item, tokenizer, mark) for item in value]
    if isinstance(value, dict):
        return {key: _marked(item, tokenizer, mark) for key, item in value.items()}
    return value


def _ends(messages: Sequence[Any], whole: str, rendered: Any) -> list[int]:
    """Where each message ends in the prompt: as far as the prompt of the messages up to it is the same."""
    ends: list[int] = []
    until = monotonic() + COUNT_SECONDS
    for number in range(1, len(messages) + 1):
        if monotonic() > until:
            raise InputError(
                f"counting each message took more than {COUNT_SECONDS:g} seconds, since the chat is rendered once for "
                f"each of {len(messages):,}; send fewer or shorter ones, or count them all at once",
                "/messages",
            )
        try:
            part = rendered(messages[:number], False)
        except InputError:  # a template may refuse a chat that ends there
            part = None
        end = _common(part, whole) if part is not None else (ends[-1] if ends else 0)
        ends.append(max(end, ends[-1] if ends else 0))
    return ends


def _common(one: str, other: str) -> int:
    if other.startswith(one):
        return len(one)
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def _contents(
    messages: Sequence[Any], whole: str, ends: Sequence[int], rendered: Any, generation: bool, cut_short: bool
) -> list[tuple[int, int, int]]:
    """Where the contents of messages stand in the prompt: number of the message, beginning and end in characters.

    The chat is rendered once more with a sign in the place of each content; what is left is what the template writes
    between them, after the last one nothing where the prompt is cut short there. Where it would write something else
    between the contents themselves, each is looked for in its message.
    """
    texts = [content if isinstance(content := one.get("content"), str) else "" for one in messages]
    sign = _mark_for(json.dumps([whole, texts], ensure_ascii=False))
    stood_for = [
        {**one, "content": f"{sign}{number}{sign}"} if texts[number].strip() else one
        for number, one in enumerate(messages)
    ]
    try:
        parts = re.split(f"{sign}([0-9]+){sign}", rendered(stood_for, generation))
    except InputError:  # a template may refuse such a content
        parts = []
    if cut_short and parts:
        parts[-1] = ""
    found: list[tuple[int, int, int]] = []
    at = len(parts[0]) if parts and whole.startswith(parts[0]) else -1
    for number, after in zip(map(int, parts[1::2]), parts[2::2], strict=True):
        text = texts[number]
        for written in (text, text.rstrip(), text.lstrip(), text.strip()):
            if at >= 0 and whole.startswith(written + after, at):
                found.append((number, at, at + len(written)))
                at += len(written + after)
                break
        else:
            at = -1
    if at >= len(whole):
        return found
    begins = [0, *ends]
    places = [
        whole.rfind(text.strip(), begin, end) for text, begin, end in zip(texts, begins, ends, strict=False)
    ]
    return [
        (number, at, at + len(texts[number].strip()))
        for number, at in enumerate(places)
        if at >= 0 and texts[number].strip()
    ]


def _ids(tokenizer: Any, marked: str, mark: str) -> list[int]:
    """The ids of a prompt."""
    ids: list[int] = []
    for part in special_pattern(tokenizer).split(marked):
        if part in tokenizer.special_tokens:
            ids.append(tokenizer.special_tokens[part])
        elif part:
            ids += tokenizer.encode_plain(part.replace(mark, ""))
    return ids


def _encoded(tokenizer: Any, marked: str, mark: str) -> tuple[list[int], NDArray[np.int64]]:
    """The ids of a prompt, and where each begins and ends in its bytes without the marks."""
    ids: list[int] = []
    spans = [np.empty((0, 2), np.int64)]
    at = 0
    for part in special_pattern(tokenizer).split(marked):
        text = part.replace(mark, "")
        size = len(text.encode())
        if part in tokenizer.special_tokens:
            ids.append(tokenizer.special_tokens[part])
            spans.append(np.array([[at, at + size]], np.int64))
        elif part:
            found, places = _plain_spans(tokenizer, text, size)
            ids += found
            spans.append(places + at)
        at += size
    return ids, np.concatenate(spans)


def _plain_spans(tokenizer: Any, text: str, size: int) -> tuple[list[int], NDArray[np.int64]]:
    """The ids of a text in which special tokens are text, and about where in it each begins and ends, in bytes."""
    ids = tokenizer.encode_plain(text)
    pieces = [tokenizer.pieces[number] or b"" for number in ids]
    exact = b"".join(pieces) == text.encode()
    if exact or any(token in text for token in tokenizer.special_tokens):
        ends = np.cumsum(list(map(len, pieces)) if exact else [size // len(ids)] * len(ids), dtype=np.int64)
        return ids, np.column_stack((np.append(np.int64(0), ends)[:-1], ends))
    places = np.full((len(ids), 2), size, np.int64)
    found = tokenizer.spans(text).pairs("source_bytes")[: len(ids)]
    places[: len(found)] = found
    return ids, places


class _Renderer:
    """The process that renders templates; started when first used, and again after one that had to be ended."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, template: str, variables: Mapping[str, Any]) -> str:
        try:
            asked = json.dumps({"template": template, "variables": variables}).encode() + b"\n"
        except (TypeError, ValueError) as error:
            raise InputError(f"the messages can't be written as JSON: {error}") from error
        with self._lock:
            answer = self._ask(asked)
        if answer is None:
            raise InputError(
                Sentence(
                    "the chat template was stopped: it takes more than {seconds:g} seconds or too "
                    "much memory",
                    seconds=RENDER_SECONDS,
                ),
                "/messages",
            )
        if "error" in answer:
            raise InputError(
                Sentence("the chat template refuses this: {said}", said=answer["error"]), "/messages"
            )
        return str(answer["text"])

    def _ask(self, asked: bytes) -> dict[str, str] | None:
        process = self._process
        try:
            if process is None or process.poll() is not None:
                process = self._start()
            process.stdin.write(asked)  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            line = _line(process, monotonic() + RENDER_SECONDS)
        except BrokenPipeError:
            line = None
        if line is None:
            self.close()
            return None
        answer: dict[str, str] = json.loads(line)
        return answer

    def _start(self) -> "subprocess.Popen[bytes]":
        self.close()
        process = self._process = subprocess.Popen(
            [sys.executable, "-m", "app.tokenizer.others.template_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[3],
        )
        _line(
            process, monotonic() + _START_SECONDS
        )  # it is ready: what starting takes is not the template's fault
        return process

    def close(self) -> None:
        """End the process, if there is one."""
        if (process := self._process) is not None:
            self._process = None
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    try:
                        stream.close()
                    except BrokenPipeError:
                        continue


def _line(process: "subprocess.Popen[bytes]", until: float) -> bytes | None:
    """A line of a process's answer, or None where it ends or takes too long."""
    stream: Any = process.stdout
    parts: list[bytes] = []
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while not (parts and parts[-1].endswith(b"\n")):
            if not selector.select(max(0.0, until - monotonic())):
                return None
            part = stream.read1(1 << 20)
            if not part:
                return None
            parts.append(part)
    return b"".join(parts)


render = _Renderer()
atexit.register(render.close)
