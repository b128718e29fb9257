"""Trainer: learns a BytePiece vocabulary from texts, in threads.

It orders the stages of `likelihood.py` and `pruning.py` and holds no loops of its own. For any number of threads it
gives byte for byte what `reference.py` and bytepiece 0.6.3 give; how many there are changes the time alone.
"""

from collections.abc import Iterable, Iterator, Sequence, Sized
from contextlib import ExitStack
from typing import Any, Generic, Literal, TypeVar, get_args, overload

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError
from app.normalization import UNICODE_VERSION
from app.tokenizer.model import FIRST_PIECE, MAX_PIECE_BYTES, Card, Model
from app.tokenizer.training import compression, likelihood
from app.tokenizer.training.characters import check_coverage, count_characters, covering, with_characters
from app.tokenizer.training.compression_library import Library, LocalLibrary
from app.tokenizer.training.likelihood import Map
from app.tokenizer.training.ngram_kernels import MAX_ORDER
from app.tokenizer.training.pruning import prune_pieces, split_wanted
from app.tokenizer.training.resources import PARTS, CountedPieces, Progress, TrainingWork, whole
from app.tokenizer.training.sorted_runs import (
    NGramRun,
    PieceRun,
    Sliceable,
    merged,
    merged_between,
    ranges,
    samples,
)
from app.tokenizer.training.workspace import Workspace

Objective = Literal["likelihood", "compression"]
Result = TypeVar("Result")

SMALLEST_VOCABULARY = 256 + FIRST_PIECE


class Trainer(Generic[Result]):
    """How to train; `train` does it.

    order: the longest n-gram whose statistics say where a piece begins, in bytes, 1 to 7.
    vocab_size: how many ids the model may have at most, or several such sizes for several models.
    min_count: n-grams and pieces seen less often are dropped.
    max_piece_length: in bytes; longer pieces are cut.
    isolate_digits: whether each digit is a piece of its own.
    ensure_unicode: whether pieces may begin only where a character does.
    objective: "likelihood", BytePiece's own: pieces by how often the n-gram model cuts them out; or "compression":
        those that encode texts, of other kinds too, in the fewest tokens. It uses no `order`.
    character_coverage: the share of the texts' characters that are to be pieces of their own, such as 0.9995, the most
        frequent first; None leaves it to the objective, as BytePiece does. They take half of the ids at most.

    Method: J. Su, https://kexue.fm/archives/9752.

    >>> model = Trainer(vocab_size=300).train(["banana bandana"] * 9)
    >>> model.pieces[256:]
    (b'banana bandana',)
    """

    @overload
    def __init__(
        self: "Trainer[Model]",
        order: int = ...,
        vocab_size: int = ...,
        min_count: int = ...,
        max_piece_length: int = ...,
        isolate_digits: bool = ...,
        ensure_unicode: bool = ...,
        objective: Objective = ...,
        character_coverage: float | None = ...,
    ) -> None: ...

    @overload
    def __init__(
        self: "Trainer[list[Model]]",
        order: int = ...,
        *,
        vocab_size: Sequence[int],
        min_count: int = ...,
        max_piece_length: int = ...,
        isolate_digits: bool = ...,
        ensure_unicode: bool = ...,
        objective: Objective = ...,
        character_coverage: float | None = ...,
    ) -> None: ...

    def __init__(
        self,
        order: int = 6,
        vocab_size: int | Sequence[int] = 32000,
        min_count: int = 2,
        max_piece_length: int = 36,
        isolate_digits: bool = False,
        ensure_unicode: bool = True,
        objective: Objective = "likelihood",
        character_coverage: float | None = None,
    ) -> None:
        if objective not in get_args(Objective):
            raise InputError(
                f'objective is {objective!r}; it should be "likelihood" or "compression"', "/objective"
            )
        self.objective = objective
        self.order = whole("order", order, 1, MAX_ORDER)
        self.several = not isinstance(vocab_size, int)
        sizes = [vocab_size] if isinstance(vocab_size, int) else list(vocab_size)
        if not sizes:
            raise InputError("vocab_size is an empty list; name at least one size", "/vocab_size")
        self.vocab_sizes = [whole("vocab_size", size, SMALLEST_VOCABULARY, 1 << 30) for size in sizes]
        self.min_count = whole("min_count", min_count, 1, 1 << 62)
        self.max_piece_length = whole("max_piece_length", max_piece_length, 1, MAX_PIECE_BYTES)
        self.isolate_digits = bool(isolate_digits)
        self.ensure_unicode = bool(ensure_unicode)
        self.character_coverage = check_coverage(character_coverage)

    def train(
        self,
        texts: Iterable[str],
        threads: int | None = None,
        progress: Progress | None = None,
        memory: int | None = None,
        workspace: Workspace | None = None,
    ) -> Result:
        """Learns from texts, which are read twice: a list, or anything that can be iterated again.

        threads: how many, by default as many as this process has processors. progress: is told a stage's name,
        how much of it is done, and of how much (0 while that is unknown). memory: bytes that the process should
        stay below; counts go to disk then. workspace: where they go, by default a temporary folder, and where
        finished stages are kept, or found if they were finished before. Gives one model for one vocabulary
        size, a list in the order of the sizes for several. InputError if the texts can't be used.
        """
        if isinstance(texts, str) or iter(texts) is texts:
            raise InputError(
                "texts are read twice, so they should be a list of str or something else that can be iterated "
                "again, not a single text, generator or open file",
                "/texts",
            )
        with ExitStack() as stack:
            if memory is not None and workspace is None:
                workspace = stack.enter_context(Workspace.temporary())
            work = stack.enter_context(TrainingWork(threads, progress, memory, workspace))
            models = self._train(texts, work)
        result: Any = models if self.several else models[0]
        return result  # type: ignore[no-any-return]

    def _train(self, texts: Iterable[str], work: TrainingWork) -> list[Model]:
        if self.objective == "compression":
            library = LocalLibrary(texts, self.isolate_digits, work)
            return self.for_compression(library, work.map, PARTS * work.threads, work.progress)
        learned = self._for_likelihood(texts, work)
        if self.character_coverage is not None:
            work.progress("count characters", 0, 1)
            learned = self.with_characters(learned, count_characters(texts))
            work.progress("count characters", 1, 1)
        return self.models(learned)

    def for_compression(self, library: Library, apply: Map, parts: int, progress: Progress) -> list[Model]:
        """The models of the other objective, of lines wherever they are."""
        options = compression.Options(
            self.vocab_sizes,
            self.min_count,
            self.max_piece_length,
            self.isolate_digits,
            self.ensure_unicode,
            self.character_coverage,
        )
        return self.models(compression.train(library, options, apply, parts, progress))

    def with_characters(
        self, learned: dict[int, dict[bytes, int]], counts: NDArray[np.int64]
    ) -> dict[int, dict[bytes, int]]:
        """Vocabularies with the characters that are to be covered, of which `counts` says how often they occur."""
        longest = self.max_piece_length
        return {
            size: with_characters(pieces, covering(counts, self.character_coverage, size, longest), size)
            for size, pieces in learned.items()
        }

    def models(self, learned: dict[int, dict[bytes, int]]) -> list[Model]:
        """A model for each vocabulary size, in their order."""
        card = Card(extra={"training": self.options(), "unicode": UNICODE_VERSION})
        return [Model.from_counts("trained", learned[size], card) for size in self.vocab_sizes]

    def _for_likelihood(self, texts: Iterable[str], work: TrainingWork) -> dict[int, dict[bytes, int]]:
        wanted, rest = work.kept_pieces() or self._count_pieces(texts, work)
        work.progress("prune pieces", 0, 1)
        pruned = prune_pieces(wanted, rest, self.vocab_sizes, work.threads, work.map)
        work.progress("prune pieces", 1, 1)
        return pruned

    def options(self) -> dict[str, Any]:
        """The options as plain values, for a model's card."""
        return {
            "objective": self.objective,
            "order": self.order,
            "vocab_size": self.vocab_sizes if self.several else self.vocab_sizes[0],
            "min_count": self.min_count,
            "max_piece_length": self.max_piece_length,
            "isolate_digits": self.isolate_digits,
            "ensure_unicode": self.ensure_unicode,
            "character_coverage": self.character_coverage,
        }

    def _count_ngrams(self, texts: Iterable[str], work: TrainingWork) -> likelihood.NGrams:
        """The n-grams of the corpus that stay."""

        def count(batch: likelihood.CorpusBatch) -> NGramRun:
            return likelihood.count_ngrams(batch, self.order)

        runs = work.count("count n-grams", self._batches(texts), count, _size(texts))
        if not runs:
            raise InputError("the texts are empty; training needs some to learn from", "/texts")

        def score(bounds: tuple[int, int]) -> likelihood.NGrams:
            return likelihood.score_ngrams(merged_between(runs, *bounds), self.order, self.min_count)

        parts = ranges(samples(runs), work.parts(runs), likelihood.PREFIX_BITS)
        return work.keep_ngrams(likelihood.join_ngrams(list(work.map(score, parts))))

    def _cut(self, texts: Iterable[str], work: TrainingWork) -> list[Sliceable[PieceRun]]:
        """The pieces that the n-grams cut the corpus into, in runs; the tables of n-grams are gone then."""
        ngrams = work.kept_ngrams() or self._count_ngrams(texts, work)
        needed = likelihood.size_of_tables(ngrams, self.order)
        work.check_memory(needed, f"the n-grams that occur {self.min_count} times")
        tables = likelihood.look_up_tables(ngrams, self.order, self.min_count, work.threads, work.map)
        del ngrams

        def count(batch: likelihood.CorpusBatch) -> PieceRun:
            return likelihood.count_pieces(batch, likelihood.cut(batch, tables, self.ensure_unicode))

        held = sum(table.nbytes for table in tables[1:])
        return work.count("count pieces", self._batches(texts), count, _size(texts), held)

    def _count_pieces(self, texts: Iterable[str], work: TrainingWork) -> CountedPieces:
        """Those that may come into the vocabulary, and the rest."""
        runs = self._cut(texts, work)
        wanted = []

        def split(bounds: tuple[int, int]) -> PieceRun:
            run, rest = split_wanted(merged_between(runs, *bounds), self.min_count, self.max_piece_length)
            wanted.append(run)
            return rest

        rest = work.map(split, ranges(samples(runs), work.parts(runs)))
        return work.keep_pieces(lambda: merged(wanted), rest)

    def _batches(self, texts: Iterable[str]) -> Iterator[likelihood.CorpusBatch]:
        return likelihood.read_batches(texts, self.isolate_digits)


def _size(texts: Iterable[str]) -> int:
    """How many texts there are, 0 where that is unknown."""
    return len(texts) if isinstance(texts, Sized) else 0
