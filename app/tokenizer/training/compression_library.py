"""Where the lines are that training for compression looks at: in memory, or in files where memory is bounded.

`cluster.py` has those that are spread over several machines. What is done with them is decided in `compression.py`.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any, Protocol, TypeVar

from app.tokenizer.training.compression_lines import Lines, Read, first_of_each, kept_lines, read_lines
from app.tokenizer.training.resources import TrainingWork

Output = TypeVar("Output")


class Library(Protocol):
    """Distinct lines of so many texts, so many bytes."""

    texts: int
    bytes: int

    def each(
        self,
        function: Callable[..., Output],
        combine: Callable[[Output, Output], Output],
        first: int,
        count: int,
        *shared: Any,
    ) -> Output:
        """What a function gives for each batch of lines and `shared`, combined; of `count` shares from `first` on."""


class LocalLibrary:
    """Lines on this machine, read in threads."""

    def __init__(self, texts: Iterable[str], isolate_digits: bool, work: TrainingWork) -> None:
        self._work = work
        self.texts = self.bytes = 0
        total = len(texts) if isinstance(texts, Sequence) else 0
        found: list[Callable[[], Read]] = []
        digests = []
        for self.texts, read in read_lines(texts, isolate_digits):
            digests.append(read.digests)
            found.append(work.put_away(f"read-{len(found)}", read))
            work.progress("read texts", self.texts, total)
        self._lines: list[Callable[[], Lines]] = []
        found.reverse()  # so that each is gone once its lines were sorted out
        for number, keep in enumerate(first_of_each(digests)):
            lines = kept_lines(found.pop()(), keep, 0)
            self._lines.append(work.put_away(f"lines-{number}", lines))
            self.bytes += len(lines.data)

    def each(
        self,
        function: Callable[..., Output],
        combine: Callable[[Output, Output], Output],
        first: int,
        count: int,
        *shared: Any,
    ) -> Output:
        """As the protocol says."""
        return reduce(
            combine,
            self._work.map(lambda lines: function(lines().of_shares(first, count), *shared), self._lines),
        )
