"""Texts that were read: kept whole or not at all, by version, and never more than a bound."""

import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.papers.fulltext.blocks import Block, PaperText
from app.papers.fulltext.cache import TextCache

DAY = 86_400


def text_of(size: int, version: int | None = 1, source: str = "html") -> PaperText:
    """A text of so many letters that no compression makes smaller by much."""
    letters = "".join(random.Random(size).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=size))
    return PaperText(source, version, (Block("S1.p1", "paragraph", letters),))  # type: ignore[arg-type]


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir()) if folder.exists() else 0


def age(folder: Path, seconds: float) -> None:
    for file in folder.iterdir():
        then = file.stat().st_mtime - seconds
        os.utime(file, (then, then))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 30_000)), max_size=12), st.integers(0, 40_000))
def test_the_folder_never_exceeds_its_bound(
    tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[int, int]], most: int
) -> None:
    folder = tmp_path_factory.mktemp("texts")
    cache = TextCache(folder, most)
    for number, size in texts:
        cache.put(f"2601.{number:05}", text_of(size))
        assert size_of(folder) <= most


def test_what_was_unused_longest_goes_first(tmp_path: Path) -> None:
    cache = TextCache(tmp_path, 20_000)
    for name in ("2601.00001", "2601.00002", "2601.00003"):
        cache.put(name, text_of(9_000))
        age(tmp_path, 60)
    assert cache.get("2601.00001", 1) is not None  # used again, so it is the youngest
    cache.put("2601.00004", text_of(9_000))
    kept = [name for name in ("2601.00001", "2601.00002", "2601.00003", "2601.00004") if cache.get(name, 1)]
    assert kept == ["2601.00001", "2601.00003", "2601.00004"]


def test_versions_are_kept_apart_and_given_back_whole(tmp_path: Path) -> None:
    cache = TextCache(tmp_path, 1 << 20)
    for version in (1, 2, None):
        cache.put("math/0601001", text_of(100 + (version or 0), version))
    for version in (1, 2, None):
        assert cache.get("math/0601001", version) == text_of(100 + (version or 0), version)
    assert cache.get("math/0601001", 3) is None


@pytest.mark.parametrize(
    ("version", "source", "seconds", "there"),
    [
        (1, "html", 400 * DAY, True),
        (None, "html", DAY / 2, True),
        (None, "html", 2 * DAY, False),
        (1, "abstract", 1800, True),
        (1, "abstract", 2 * 3600, False),
    ],
)
def test_what_may_have_changed_since_is_asked_for_again(
    tmp_path: Path, version: int | None, source: str, seconds: float, there: bool
) -> None:
    cache = TextCache(tmp_path, 1 << 20)
    cache.put("2601.00001", text_of(50, version, source))
    age(tmp_path, seconds)
    assert (cache.get("2601.00001", version) is not None) == there


@given(cut=st.integers(0, 200), put=st.binary(max_size=20))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_counts_as_none(
    tmp_path_factory: pytest.TempPathFactory, cut: int, put: bytes
) -> None:
    folder = tmp_path_factory.mktemp("texts")
    cache = TextCache(folder, 1 << 20)
    cache.put("2601.00001", text_of(500))
    [file] = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:cut] + put + whole[cut + len(put) + 1 :])
    assert cache.get("2601.00001", 1) in (None, text_of(500))
