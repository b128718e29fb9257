"""The stages of training on a Dask cluster, which give the same result as one machine.

Each file, or part of a large one, is counted by one task on whichever machine; counts are split by ranges of keys, and
each range is merged by one task, so that no machine holds all of them. What every machine needs are the n-grams that
stay. Results are futures that Dask can repeat, so a machine may be lost on the way. Reads no settings and starts no
cluster.
"""

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any, TypeVar, cast

import numpy as np

from app.errors import InputError
from app.tokenizer.model import Model
from app.tokenizer.training import likelihood
from app.tokenizer.training.characters import count_characters
from app.tokenizer.training.compression_lines import Lines, Read, first_of_each, kept_lines, read_lines
from app.tokenizer.training.corpus import Corpus
from app.tokenizer.training.pruning import prune_pieces, split_wanted
from app.tokenizer.training.resources import Progress
from app.tokenizer.training.sorted_runs import NGramRun, PieceRun, Run, Runs, merged, ranges
from app.tokenizer.training.trainer import Trainer

Output = TypeVar("Output")

RANGES = 4
"""Ranges of keys for each thread of the cluster, and parts of the corpus if that can be split."""

LEAST_PART, MOST_PART = 4 << 20, 512 << 20
"""Bytes of a file that a task counts at least, or its start would take longer, and at most, or its memory would."""


def train(
    trainer: Trainer[Any], texts: Corpus, scheduler: str, progress: Progress | None = None
) -> list[Model]:
    """A model for each of the trainer's vocabulary sizes, from files that every worker can read by their names.

    scheduler: its address, such as tcp://10.0.0.1:8786. progress: called with a stage's name, how many of its tasks are
    done, and of how many; the corpus's `on_read`, how many bytes a task has counted.
    InputError where the scheduler can't be reached, Dask is not installed, or the texts can't be used.
    """
    if not scheduler.startswith(("tcp://", "tls://")):
        raise InputError(f"--scheduler is {scheduler!r}; it should be like tcp://10.0.0.1:8786", "/scheduler")
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError(
            "--scheduler needs Dask: install it from the checkout: pip install '.[cluster]'"
        ) from error
    try:
        client: Any = cast(Any, Client)(scheduler, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"--scheduler {scheduler}: can't be reached: {error}", "/scheduler") from error
    with client:
        return _Cluster(client, trainer, texts.on_read, progress).train(texts)


class _Cluster:
    def __init__(
        self,
        client: Any,
        trainer: Trainer[Any],
        on_read: Callable[[int], None] | None,
        progress: Progress | None,
    ) -> None:
        self._client, self._trainer = client, trainer
        self._on_read: Callable[[int], None] = on_read or (lambda _: None)
        self._progress: Progress = progress or (lambda *_: None)
        self._parts = RANGES * max(1, sum(client.nthreads().values()))

    def train(self, texts: Corpus) -> list[Model]:
        files = texts.split(min(max(LEAST_PART, -(-texts.check() // self._parts)), MOST_PART))
        if self._trainer.objective == "compression":
            library = _Library(
                self._client, self._over(files, "read texts", read_part, self._trainer.isolate_digits)
            )
            return self._trainer.for_compression(library, map, 1, self._progress)
        learned = self._for_likelihood(files)
        if self._trainer.character_coverage is not None:
            counted = self._client.gather(self._over(files, "count characters", count_characters))
            learned = self._trainer.with_characters(learned, sum(counted[1:], counted[0]))
        return self._trainer.models(learned)

    def _for_likelihood(self, files: list[tuple[Corpus, int]]) -> dict[int, dict[bytes, int]]:
        trainer, submit = self._trainer, self._client.submit
        counted = self._over(files, "count n-grams", count_ngrams, trainer.order, trainer.isolate_digits)
        scored = self._by_range(
            counted, "score n-grams", score_ngrams, likelihood.PREFIX_BITS, trainer.order, trainer.min_count
        )
        if not scored:
            raise InputError("the texts are empty; training needs some to learn from", "/texts")
        ngrams = submit(likelihood.join_ngrams, scored)
        tables = submit(likelihood.look_up_tables, ngrams, trainer.order, trainer.min_count)
        options = (trainer.isolate_digits, trainer.ensure_unicode)
        cut = self._over(files, "count pieces", count_pieces, tables, *options)
        split = self._by_range(
            cut, "merge pieces", split_pieces, 64, trainer.min_count, trainer.max_piece_length
        )
        self._progress("prune pieces", 0, 1)
        wanted = merged(self._client.gather([submit(_first, part) for part in split]))
        rest = [submit(_second, part) for part in split]
        pruned = prune_pieces(wanted, rest, trainer.vocab_sizes, 1, self._apply)
        self._progress("prune pieces", 1, 1)
        return pruned

    def _over(
        self, files: list[tuple[Corpus, int]], stage: str, function: Callable[..., Any], *options: Any
    ) -> list[Any]:
        """Futures of what a function gives for each part of the corpus, of which all are done."""
        runs = [self._client.submit(function, file, *options) for file, _ in files]
        sizes = dict(zip((run.key for run in runs), (size for _, size in files), strict=True))
        return self._done(stage, runs, lambda run: self._on_read(sizes[run.key]))

    def _done(
        self, stage: str, futures: list[Any], each: Callable[[Any], None] = lambda _: None
    ) -> list[Any]:
        """The futures, when all are done; reports each as it is done. Raises what one of them raised."""
        from distributed import as_completed

        self._progress(stage, 0, len(futures))
        for number, future in enumerate(cast(Any, as_completed)(futures, self._client.loop), 1):
            if future.status == "error":
                future.result()
            each(future)
            self._progress(stage, number, len(futures))
        return futures

    def _by_range(
        self, runs: list[Any], stage: str, function: Callable[..., Any], bits: int, *options: Any
    ) -> list[Any]:
        """Futures of what a function gives for each range of keys, over all runs."""
        submit = self._client.submit
        keys = self._client.gather([submit(_samples, run) for run in runs])
        if not sum(map(len, keys)):
            return []
        bounds = ranges(np.sort(np.concatenate(keys)), self._parts, bits)
        split = [submit(_split, run, bounds) for run in runs]
        return self._done(
            stage,
            [
                submit(function, [submit(_item, parts, number) for parts in split], *options)
                for number in range(len(bounds))
            ],
        )

    def _apply(self, function: Callable[[Any], Any], items: Iterable[Any]) -> Iterable[Any]:
        """Where the items are if they are on the cluster, else here."""
        items = list(items)
        if items and hasattr(items[0], "key"):
            return [future.result() for future in self._client.map(function, items)]
        return map(function, items)


class _Library:
    """Distinct lines on the machines that read them (`compression_library.Library`)."""

    def __init__(self, client: Any, parts: list[Any]) -> None:
        self._client = client
        texts = client.gather([client.submit(_texts, part) for part in parts])
        digests = client.gather([client.submit(_digests, part) for part in parts])
        kept = iter(first_of_each([batch for part in digests for batch in part]))
        keep = [[next(kept) for _ in part] for part in digests]
        before = np.cumsum([0, *texts]).tolist()
        self.texts = before.pop()
        self._lines = [client.submit(keep_lines, *part) for part in zip(parts, keep, before, strict=True)]
        self.bytes = sum(client.gather([client.submit(_bytes, part) for part in self._lines]))

    def each(
        self,
        function: Callable[..., Output],
        combine: Callable[[Output, Output], Output],
        first: int,
        count: int,
        *shared: Any,
    ) -> Output:
        """As the protocol says."""
        sent = self._client.scatter([shared], broadcast=True, hash=False)[0]
        done = [
            self._client.submit(_each, function, combine, part, first, count, sent) for part in self._lines
        ]
        found: list[Output] = [output for output in self._client.gather(done) if output is not None]
        return reduce(combine, found)


def read_part(file: Corpus, isolate_digits: bool) -> tuple[int, list[Read]]:
    """How many texts a part of the corpus has, and its lines."""
    *_, last = found = list(read_lines(file, isolate_digits))
    return last[0], [read for _, read in found]


def keep_lines(part: tuple[int, list[Read]], keep: list[Any], texts_before: int) -> list[Lines]:
    """The lines of a part that are not known from earlier ones."""
    return [kept_lines(read, which, texts_before) for read, which in zip(part[1], keep, strict=True)]


def _texts(part: tuple[int, list[Read]]) -> int:
    return part[0]


def _digests(part: tuple[int, list[Read]]) -> list[Any]:
    return [read.digests for read in part[1]]


def _bytes(lines: list[Lines]) -> int:
    return sum(len(batch.data) for batch in lines)


def _each(
    function: Callable[..., Output],
    combine: Callable[[Output, Output], Output],
    lines: list[Lines],
    first: int,
    count: int,
    shared: tuple[Any, ...],
) -> Output | None:
    found = (function(batch.of_shares(first, count), *shared) for batch in lines)
    return reduce(combine, found) if lines else None


def count_ngrams(file: Corpus, order: int, isolate_digits: bool) -> NGramRun | None:
    """The n-grams of a part of the corpus, None if it holds no text."""
    batches = likelihood.read_batches(file, isolate_digits)
    return _merged_runs(likelihood.count_ngrams(batch, order) for batch in batches if len(batch.data))


def score_ngrams(runs: list[NGramRun | None], order: int, min_count: int) -> likelihood.NGrams:
    """Those of a range of keys that stay."""
    return likelihood.score_ngrams(merged([run for run in runs if run is not None]), order, min_count)


def count_pieces(
    file: Corpus, tables: likelihood.Tables, isolate_digits: bool, ensure_unicode: bool
) -> PieceRun | None:
    """The pieces of a part of the corpus, None if it holds no text."""
    batches = likelihood.read_batches(file, isolate_digits)
    return _merged_runs(
        likelihood.count_pieces(batch, likelihood.cut(batch, tables, ensure_unicode))
        for batch in batches
        if len(batch.data)
    )


def split_pieces(
    runs: list[PieceRun | None], min_count: int, max_piece_length: int
) -> tuple[PieceRun, PieceRun]:
    """Those of a range of keys that a vocabulary may have, and the rest."""
    return split_wanted(merged([run for run in runs if run is not None]), min_count, max_piece_length)


def _merged_runs(runs: Iterable[Run]) -> Run | None:
    growing: Runs[Run] = Runs()
    for run in runs:
        growing.add(run)
    held: Any = growing.runs()
    return merged(held) if held else None


def _samples(run: Any) -> Any:
    return np.empty(0, np.uint64) if run is None else run.samples()


def _split(run: Any, bounds: list[tuple[int, int]]) -> list[Any]:
    # Copies, so that a part does not keep the whole in memory.
    return [run and type(run)(*(array.copy() for array in run.between(*bound))) for bound in bounds]


def _item(parts: list[Any], number: int) -> Any:
    return parts[number]


def _first(pair: Any) -> Any:
    return pair[0]


def _second(pair: Any) -> Any:
    return pair[1]
