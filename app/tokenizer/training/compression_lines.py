"""Reading texts to train on for compression: their distinct lines, laid out as other texts might be.

What is learnt from the lines is decided in `compression.py`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError
from app.tokenizer.text import normalize, split_chunks, split_lines, to_utf8
from app.tokenizer.training.likelihood import Integers
from app.tokenizer.training.resources import Progress

BATCH_BYTES = 2 << 20

INDENTS = (3, 7, 0, 4)
"""Of wrapped lines, in turn: those of RFCs, of manual pages, of most prose, and of code."""

_LONG_LINE = 100
_WRAPPED = re.compile(r"(.{40,75}) (?=\S)")


class Lines(NamedTuple):
    """Distinct lines: `data` holds their chunks one after another, `ends` where each ends, `texts` whose it is."""

    data: NDArray[np.uint8]
    ends: Integers
    texts: Integers


def read_lines(
    texts: Iterable[str], characters: Counter[str], isolate_digits: bool, progress: Progress
) -> Iterator[Lines]:
    """Batches of the distinct lines; counts in how many texts each character is.

    Text that is repeated in a corpus, such as licences and menus, says little of other texts. Every second long line
    is laid out as a paragraph, for then words begin and end lines.
    """
    seen: set[bytes] = set()
    chunks: list[bytes] = []
    owners: list[int] = []
    filled = long_lines = 0
    total = len(texts) if isinstance(texts, Sequence) else 0
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"text {number} is a {type(text).__name__}, not a str", f"/texts/{number}")
        normal = normalize(text)
        _check(normal, number)
        characters.update(set(normal) - {"\n"})
        for line in split_lines(normal):
            digest = blake2b(line.encode(), digest_size=12).digest()
            if digest in seen:
                continue
            seen.add(digest)
            long_lines += len(line) > _LONG_LINE
            if len(line) > _LONG_LINE and long_lines % 2 == 0:
                line = _paragraph(line, INDENTS[long_lines // 2 % len(INDENTS)])
            for chunk in split_chunks(line, isolate_digits):
                chunks.append(chunk.encode())
                owners.append(number)
                filled += len(chunks[-1])
        if filled >= BATCH_BYTES:
            yield _lines(chunks, owners)
            chunks, owners, filled = [], [], 0
            progress("read texts", number + 1, total)
    if chunks:
        yield _lines(chunks, owners)


def _paragraph(line: str, width: int) -> str:
    """A long line wrapped and indented, and an empty line after it."""
    indent = " " * width
    return indent + _WRAPPED.sub(rf"\1\n{indent}", line).rstrip("\n") + "\n\n"


def _check(text: str, number: int) -> None:
    try:
        to_utf8(text)
    except InputError as error:
        raise InputError(f"text {number}: {error}", f"/texts/{number}") from error


def _lines(chunks: list[bytes], owners: list[int]) -> Lines:
    ends = np.cumsum(np.fromiter(map(len, chunks), np.int64, len(chunks)))
    return Lines(np.frombuffer(b"".join(chunks), np.uint8).copy(), ends, np.array(owners, np.int64))
