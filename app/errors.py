"""Every exception that Quire raises on purpose. What is not drawn here is a defect.

    QuireError
    ├── InputError            what was sent is wrong: a field, an option, a query
    │   ├── NotFound          it names a model, a paper or a page that is not there
    │   ├── NotForThisModel   it asks a tokenizer for what its kind can't do
    │   └── TooLarge          it is over a limit that a setting names
    ├── FileError             a file is missing, unreadable or not what it should be
    │   ├── ModelError        … a vocabulary file
    │   └── RecordError       … a record in a file of papers or of texts; knows file and line
    ├── StoreError            the store can't be read or written
    │   └── StoreLocked       another process holds the writer's lock
    ├── SourceError           a server that papers are fetched from failed or refused
    ├── NoChatModel           a question needs a chat model, and none is set
    ├── ChatError             the server of the model that is asked failed, refused or broke off
    ├── NoEmbedder            a search by meaning needs an embedder, and none is set
    ├── EmbedError            what turns texts into vectors failed, refused, or answered something else
    ├── UsedUp                a reader has asked as often as a day allows
    └── Overloaded            more work than the settings allow is waiting; try again later

Each message says what was wrong, where, and what would be right. The web edge and the command line map these
classes once each; nothing else catches them to print them. A message that readers of pages meet is a Sentence, which
`static/wording/failures/` says in other languages.
"""

from collections.abc import Mapping
from typing import Any, Self

Value = int | float | str | tuple[str, ...]
"""A value of a sentence; a tuple is names that follow each other."""


class Sentence(str):
    """A sentence in English that keeps its pattern and its values, so that a page can say it in another language.

    Values are numbers, texts, other sentences, and tuples of names. gettext looks patterns up likewise, but gives plain
    text back; a sentence has to reach a page whole, from other processes too.

    >>> sentence = Sentence("{day!r} is not a date; write it as {example}", day="tomorrow", example="2026-11-23")
    >>> sentence
    "'tomorrow' is not a date; write it as 2026-11-23"
    >>> sentence.pattern, sentence.values["day"]
    ('{day!r} is not a date; write it as {example}', 'tomorrow')
    >>> Sentence("there are {names}", names=("default", "large"))
    'there are default, large'
    """

    pattern: str
    values: dict[str, Value]

    def __new__(cls, pattern: str, /, **values: object) -> Self:
        kept: dict[str, Value] = {
            name: value if isinstance(value, int | float | Sentence | tuple) else str(value)
            for name, value in values.items()
        }
        made = super().__new__(cls, filled(pattern, kept, ", "))
        made.pattern, made.values = pattern, kept
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """So that it comes back whole from another process."""
        return read_message, (dump_message(self),)


def filled(pattern: str, values: Mapping[str, Value], comma: str) -> str:
    """A pattern with its values, and a comma of the pattern's language between names.

    >>> filled("可用的有 {names}", {"names": ("default", "large")}, "、")
    '可用的有 default、large'
    """
    return pattern.format(
        **{name: comma.join(value) if isinstance(value, tuple) else value for name, value in values.items()}
    )


def dump_message(message: str) -> Any:
    """A sentence as a value of JSON, for a file or another process; any other text as it is.

    >>> dump_message(Sentence("{count} files: {names}", count=2, names=("a", "b")))
    {'pattern': '{count} files: {names}', 'values': {'count': 2, 'names': ['a', 'b']}}
    """
    if not isinstance(message, Sentence):
        return message
    values = {
        name: list(value)
        if isinstance(value, tuple)
        else dump_message(value)
        if isinstance(value, str)
        else value
        for name, value in message.values.items()
    }
    return {"pattern": message.pattern, "values": values}


def read_message(value: Any) -> str:
    """What `dump_message` wrote. Raises TypeError or KeyError for anything else.

    >>> read_message({"pattern": "{count} files", "values": {"count": 3}})
    '3 files'
    """
    if isinstance(value, str):
        return value
    read = {
        name: tuple(one) if isinstance(one, list) else read_message(one) if isinstance(one, dict) else one
        for name, one in value["values"].items()
    }
    return Sentence(value["pattern"], **read)


def message_of(error: BaseException) -> str:
    """The message of an exception, as the Sentence that it may be; `str` of one is a plain text."""
    first = error.args[0] if error.args else ""
    return first if isinstance(first, Sentence) else str(error)


class QuireError(Exception):
    """The root: a failure that Quire foresaw and can explain."""

    @property
    def message(self) -> str:
        """The message, as the Sentence that it may be."""
        return message_of(self)


class InputError(QuireError):
    """What was sent is wrong.

    `pointer` is a JSON pointer (RFC 6901) to the offending field such as `/texts/3`, a query parameter's
    name with a leading `?`, or empty where the whole input is meant.
    """

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer


class NotFound(InputError):
    """The input names something that does not exist here."""


class NotForThisModel(InputError):
    """The tokenizer that was named is of a kind that can't do what was asked; the message names what it can."""


class TooLarge(InputError):
    """The input is over a limit; the message names the limit and the setting that moves it."""


class FileError(QuireError):
    """A file is missing, unreadable, or not in the format that its use asks for."""


class ModelError(FileError):
    """A vocabulary file is broken, or a model can't be expressed in the format asked for."""


class RecordError(FileError):
    """One record of a file is wrong; `path` and `line` (from 1) say where, `reason` what is wrong."""

    def __init__(self, reason: str, path: str, line: int) -> None:
        super().__init__(f"{path}:{line}: {reason}")
        self.reason = reason
        self.path = path
        self.line = line

    def __reduce__(self) -> tuple[type["RecordError"], tuple[str, str, int]]:
        """So that it comes back whole from another process."""
        return type(self), (self.reason, self.path, self.line)


class StoreError(QuireError):
    """The store of papers can't be read or written."""


class StoreLocked(StoreError):
    """Another process is the writer; the message says which."""


class SourceError(QuireError):
    """A server that papers come from failed, refused, or answered with something other than its protocol."""


class NoChatModel(QuireError):
    """No model is set that could answer a question."""


class ChatError(QuireError):
    """The server of the model failed, refused, or broke off; the message holds neither its key nor its address."""


class NoEmbedder(QuireError):
    """Nothing is set that turns texts into vectors, or there are no vectors yet."""


class EmbedError(QuireError):
    """The model that turns texts into vectors failed, or its server did; the message never holds the key."""


class UsedUp(QuireError):
    """A reader has asked as often as a day allows. `retry_after` is in seconds, until the next day."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(QuireError):
    """Too much work is waiting. `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after
