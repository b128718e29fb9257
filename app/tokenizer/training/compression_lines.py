"""Reading texts to train on for compression: their distinct lines, laid out as other texts might be.

What is learnt from the lines is decided in `compression.py`. What becomes of a line depends on its content alone, and
which of equal lines stays on the order of the texts, so that a corpus may be read in parts by several machines.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError
from app.tokenizer.text import normalize, split_chunks, split_lines, to_utf8
from app.tokenizer.training.likelihood import Integers, Keys

BATCH_BYTES = 4 << 20

SHARES = 8
"""Into so many shares the lines are dealt, by their content: one round of training may look at some of them."""

INDENTS = (3, 7, 0, 4)
"""Of wrapped lines: those of RFCs, of manual pages, of most prose, and of code."""

_LONG_LINE = 100
_WRAPPED = re.compile(r"(.{40,75}) (?=\S)")


class Lines(NamedTuple):
    """Distinct lines, sorted by their shares.

    `data` holds their chunks one after another, `ends` where each chunk ends, `texts` whose it is, and `shares`
    (SHARES + 1,) how many chunks there are before each share.
    """

    data: NDArray[np.uint8]
    ends: Integers
    texts: Integers
    shares: Integers

    def of_shares(self, first: int, count: int) -> Self:
        """The lines of `count` shares from `first` on."""
        low, high = int(self.shares[first]), int(self.shares[first + count])
        begin, end = (int(self.ends[at - 1]) if at else 0 for at in (low, high))
        shares = np.clip(self.shares, low, high) - low
        return type(self)(self.data[begin:end], self.ends[low:high] - begin, self.texts[low:high], shares)


class Read(NamedTuple):
    """Lines as they were read, repeated ones too; `lines` says of which line a chunk is, `digests` what a line is."""

    data: NDArray[np.uint8]
    ends: Integers
    texts: Integers
    lines: Integers
    digests: Keys


class _Line(NamedTuple):
    digest: int
    text: int
    chunks: list[bytes]


def read_lines(texts: Iterable[str], isolate_digits: bool) -> Iterator[tuple[int, Read]]:
    """Batches of lines, each with how many texts were read by then.

    Every second long line is laid out as a paragraph, for then words begin and end lines.
    """
    found: list[_Line] = []
    filled = 0
    number = -1
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"text {number} is a {type(text).__name__}, not a str", f"/texts/{number}")
        normal = normalize(text)
        _check(normal, number)
        for line in split_lines(normal):
            digest = int.from_bytes(blake2b(line.encode(), digest_size=8).digest())
            if len(line) > _LONG_LINE and digest >> 3 & 1:
                line = _paragraph(line, INDENTS[digest >> 4 & 3])
            chunks = [chunk.encode() for chunk in split_chunks(line, isolate_digits)]
            found.append(_Line(digest, number, chunks))
            filled += len(line)
        if filled >= BATCH_BYTES:
            yield number + 1, _batch(found)
            found, filled = [], 0
    yield number + 1, _batch(found)


def first_of_each(digests: Sequence[Keys]) -> list[NDArray[np.bool_]]:
    """For the lines of each batch, whether no line before was the same.

    Text that is repeated in a corpus, such as licences and menus, says little of other texts.
    """
    together = np.concatenate(digests) if digests else np.empty(0, np.uint64)
    order = np.argsort(together, kind="stable")
    new = np.ones(len(order), np.bool_)
    new[1:] = together[order[1:]] != together[order[:-1]]
    first = np.empty(len(order), np.bool_)
    first[order] = new
    return np.split(first, np.cumsum([len(part) for part in digests])[:-1])


def kept_lines(read: Read, keep: NDArray[np.bool_], texts_before: int) -> Lines:
    """The lines that `keep` says, with their texts numbered after those of the parts before."""
    chunks = keep[read.lines]
    sizes = np.diff(read.ends, prepend=0)
    shares = np.searchsorted(_share(read.digests)[read.lines[chunks]], np.arange(SHARES + 1))
    return Lines(
        read.data[np.repeat(chunks, sizes)],
        np.cumsum(sizes[chunks]),
        read.texts[chunks] + texts_before,
        shares.astype(np.int64),
    )


def _share(digests: Keys) -> Keys:
    return digests & np.uint64(SHARES - 1)


def _batch(found: list[_Line]) -> Read:
    found = sorted(found, key=lambda line: line.digest % SHARES)
    chunks = [chunk for line in found for chunk in line.chunks]
    in_line = np.fromiter((len(line.chunks) for line in found), np.int64, len(found))
    return Read(
        np.frombuffer(b"".join(chunks), np.uint8).copy(),
        np.cumsum(np.fromiter(map(len, chunks), np.int64, len(chunks))),
        np.repeat(np.fromiter((line.text for line in found), np.int64, len(found)), in_line),
        np.repeat(np.arange(len(found)), in_line),
        np.fromiter((line.digest for line in found), np.uint64, len(found)),
    )


def _paragraph(line: str, width: int) -> str:
    """A long line wrapped and indented, and an empty line after it."""
    indent = " " * width
    return indent + _WRAPPED.sub(rf"\1\n{indent}", line).rstrip("\n") + "\n\n"


def _check(text: str, number: int) -> None:
    try:
        to_utf8(text)
    except InputError as error:
        raise InputError(f"text {number}: {error}", f"/texts/{number}") from error
