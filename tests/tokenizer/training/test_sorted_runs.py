"""Runs give the same counts in whatever order they are merged, wherever they lie and however their keys are split."""

from collections import Counter
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import FileError
from app.tokenizer.training import likelihood, piece_kernels, sorted_runs
from app.tokenizer.training.sorted_runs import (
    NGramRun,
    PieceRun,
    Runs,
    StoredRun,
    merged_between,
    ranges,
    samples,
)

KEYS = st.lists(st.integers(0, (1 << 64) - 1) | st.integers(0, 9), max_size=40)
PIECES = st.lists(st.binary(min_size=1, max_size=12), min_size=1, max_size=30)


def ngram_run(keys: list[int]) -> NGramRun:
    distinct, counts = np.unique(np.array(keys, np.uint64), return_counts=True)
    return NGramRun(distinct, counts.astype(np.int64))


def piece_run(pieces: list[bytes], keys: list[int] | None = None) -> PieceRun:
    """A run of pieces, with their own keys or such that are given."""
    data = np.frombuffer(b"".join(pieces), np.uint8)
    lengths = np.array([len(piece) for piece in pieces], np.int64)
    starts = np.cumsum(lengths) - lengths
    begins = np.zeros(len(data), np.uint8)
    begins[starts] = 1
    found, own = np.empty(len(pieces), np.int64), np.empty(len(pieces), np.uint64)
    assert piece_kernels.find_pieces(data, begins, found, own) == len(pieces)
    assert found.tolist() == starts.tolist()
    ones = np.ones(len(pieces), np.int64)
    return likelihood.piece_run(
        data, starts, lengths, ones, own if keys is None else np.array(keys, np.uint64)
    )


def counted(run: PieceRun) -> dict[bytes, int]:
    ends = np.cumsum(run.lengths, dtype=np.int64).tolist()
    content = run.pool.tobytes()
    assert len(content) == (ends[-1] if ends else 0)
    pieces = [content[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert len(set(pieces)) == len(pieces), "a piece is in a run once"
    return dict(zip(pieces, run.counts.tolist(), strict=True))


def counts_and_bytes(run: PieceRun) -> tuple[list[int], list[int], bytes]:
    return run.keys.tolist(), run.counts.tolist(), run.pool.tobytes()


@given(
    parts=st.lists(KEYS.filter(bool), min_size=1, max_size=8),
    most=st.integers(0, 2000),
    pieces=st.integers(1, 9),
)
def test_ngrams_are_counted_in_any_number_of_runs_and_ranges(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[int]], most: int, pieces: int
) -> None:
    growing = Runs[NGramRun](tmp_path_factory.mktemp("runs") / "run", most)
    for part in parts:
        growing.add(ngram_run(part))
    held = growing.runs()
    found = [merged_between(held, *bounds) for bounds in ranges(samples(held), pieces)]
    assert len(found) <= pieces
    expected = ngram_run(list(chain(*parts)))
    assert np.concatenate([run.keys for run in found]).tolist() == expected.keys.tolist()
    assert np.concatenate([run.counts for run in found]).tolist() == expected.counts.tolist()


@given(parts=st.lists(PIECES, min_size=1, max_size=8), most=st.integers(0, 2000), pieces=st.integers(1, 9))
def test_pieces_are_counted_in_any_number_of_runs_and_ranges(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[bytes]], most: int, pieces: int
) -> None:
    growing = Runs[PieceRun](tmp_path_factory.mktemp("runs") / "run", most)
    for part in parts:
        growing.add(piece_run(part))
    held = growing.runs()
    found: Counter[bytes] = Counter()
    for bounds in ranges(samples(held), pieces):
        found.update(counted(merged_between(held, *bounds)))
    assert found == Counter(chain(*parts))


@given(left=PIECES, right=PIECES)
def test_pieces_of_one_hash_are_told_apart_by_their_bytes(left: list[bytes], right: list[bytes]) -> None:
    run = piece_run(left, [7] * len(left)).merge(piece_run(right, [7] * len(right)))
    assert counted(run) == Counter(left + right)


@given(keys=KEYS, parts=st.integers(1, 6), bits=st.sampled_from([8, 16, 64]))
def test_ranges_cover_all_keys_and_split_no_prefix(keys: list[int], parts: int, bits: int) -> None:
    found = ranges(np.sort(np.array(keys, np.uint64)), parts, bits)
    assert found[0][0] == 0
    assert found[-1][1] == sorted_runs.END
    assert all(before[1] == after[0] for before, after in pairwise(found))
    assert all(low % (1 << (64 - bits)) == 0 for low, _ in found)


def test_a_stored_run_reads_any_range_of_a_large_run(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    keys = np.unique(random.integers(0, 1 << 64, 3 * sorted_runs.SPACING + 17, np.uint64))
    lengths = random.integers(1, 9, len(keys)).astype(np.uint16)
    pool = random.integers(0, 256, lengths.sum(), np.uint8)
    run = PieceRun(keys, np.arange(len(keys)), lengths, pool)
    stored = StoredRun.write(tmp_path / "large", run)
    assert stored.size() == run.size()
    bounds = [0, *sorted(random.choice(keys, 20).tolist()), sorted_runs.END]
    for low, high in pairwise(bounds):
        found, expected = stored.between(low, high), run.between(low, high)
        assert counts_and_bytes(found) == counts_and_bytes(expected)


def test_a_stored_run_that_is_gone_is_reported(tmp_path: Path) -> None:
    stored = StoredRun.write(tmp_path / "run", ngram_run([1, 2]))
    for file in tmp_path.iterdir():
        file.unlink()
    with pytest.raises(FileError, match="can't be read"):
        stored.between(0, sorted_runs.END)
    with pytest.raises(FileError, match="can't be written"):
        StoredRun.write(tmp_path / "no" / "run", ngram_run([1, 2]))
