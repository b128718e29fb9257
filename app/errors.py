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
classes once each; nothing else catches them to print them.
"""


class QuireError(Exception):
    """The root: a failure that Quire foresaw and can explain."""


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
