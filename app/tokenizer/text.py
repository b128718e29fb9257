"""What happens to a text before it is segmented: NFC, UTF-8, and the split into lines or training chunks.

No segmentation and no vocabulary here. The rules are those of bytepiece 0.6.3, whose models were trained on
texts treated so: a piece never reaches over the end of a line, and a line ends after its *run* of newlines.
"""

import re
from typing import Literal

from app.errors import InputError
from app.normalization import compose

Normalization = Literal["NFC"]

MAX_CHUNK_CHARACTERS = 10_000
"""Longest stretch of a line that the trainer looks at in one go, in characters after NFC."""

MAX_CHUNK_NEWLINES = 100
"""Longest run of newlines at the end of a training chunk."""

_LINE = re.compile(r".*\n+|.+")
_CHUNK = re.compile(rf".{{1,{MAX_CHUNK_CHARACTERS}}}\n{{,{MAX_CHUNK_NEWLINES}}}|\n{{1,{MAX_CHUNK_NEWLINES}}}")
_CHUNK_DIGITS_APART = re.compile(
    rf"\d|[^\n\d]{{1,{MAX_CHUNK_CHARACTERS}}}\n{{,{MAX_CHUNK_NEWLINES}}}|\n{{1,{MAX_CHUNK_NEWLINES}}}"
)


def normalize(text: str, normalization: Normalization | None = "NFC") -> str:
    """The text in Unicode's composed form NFC, or as it came where `normalization` is None.

    >>> normalize("e\\u0301") == "\\u00e9", normalize("e\\u0301", None) == "e\\u0301"
    (True, True)
    """
    return text if normalization is None else compose(text)


def to_utf8(text: str) -> bytes:
    """The UTF-8 bytes of a text. InputError names the first lone surrogate, which UTF-8 can't hold."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        surrogate = f"U+{ord(text[error.start]):04X}"
        raise InputError(
            f"character {error.start} of the text is the lone surrogate {surrogate}, which is not a character; "
            "send whole characters, or U+FFFD in its place"
        ) from error


def split_lines(text: str) -> list[str]:
    """Lines as segmentation sees them, each with the newlines that end it; together they are the text.

    Only U+000A ends a line; a carriage return or U+2028 is a character like any other.

    >>> split_lines("a\\n\\nb\\r\\nc")
    ['a\\n\\n', 'b\\r\\n', 'c']
    """
    return _LINE.findall(text)


def split_chunks(text: str, isolate_digits: bool = False) -> list[str]:
    """Lines as training sees them: cut after 10,000 characters or 100 newlines, digits alone if asked for.

    A digit is any decimal digit of Unicode. The chunks together are the text.

    >>> split_chunks("pi = 3.1\\n", isolate_digits=True)
    ['pi = ', '3', '.', '1', '\\n']
    """
    return (_CHUNK_DIGITS_APART if isolate_digits else _CHUNK).findall(text)
