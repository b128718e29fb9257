"""What is nearest to a vector: as exact arithmetic has it, among the papers that were asked for."""

import threading
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.papers.categories import parse_expression
from app.papers.meaning import kernels
from app.papers.meaning.files import read_state, signs
from app.papers.meaning.reading import VectorSet
from app.papers.meaning.writing import VectorRow, open_vectors
from tests.papers.meaning.samples import clustered, lengthened, written

REUSED_FOLDER = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize(("dimensions", "seed"), [(384, 1), (768, 2), (100, 3)])
def test_of_the_ten_nearest_by_exact_arithmetic_97_in_100_are_found(
    tmp_path: Path, dimensions: int, seed: int
) -> None:
    vectors = clustered(10_000, dimensions, seed)
    found = written(tmp_path, vectors)
    draw = np.random.default_rng(seed)
    queries = lengthened(
        vectors[draw.integers(len(vectors), size=100)] + 0.02 * draw.standard_normal((100, dimensions))
    )
    hits = 0
    for query in queries:
        exact = set(np.argsort(-(vectors @ query), kind="stable")[:10].tolist())
        hits += len(exact & set(found.nearest(query, 10)[0].tolist()))
    assert hits / 1000 >= 0.97


def test_vectors_of_no_pattern_are_found_exactly_while_they_are_few(tmp_path: Path) -> None:
    draw = np.random.default_rng(5)
    vectors = lengthened(draw.standard_normal((400, 64)))
    found = written(tmp_path, vectors)
    for query in lengthened(draw.standard_normal((50, 64))):
        near = vectors @ query
        rows, cosines = found.nearest(query, 10)
        assert near[rows].min() >= np.sort(near)[-10] - 0.02
        assert np.abs(near[rows] - cosines).max() < 0.02


@REUSED_FOLDER
@given(st.data())
def test_distances_are_those_of_slow_arithmetic(data: st.DataObject) -> None:
    dimensions = data.draw(st.integers(1, 200))
    rows = data.draw(st.integers(1, 30))
    vectors = data.draw(arrays(np.float32, (rows + 1, dimensions), elements=st.floats(-1, 1, width=32)))
    mean = data.draw(arrays(np.float32, dimensions, elements=st.floats(-1, 1, width=32)))
    within = data.draw(arrays(np.uint8, rows, elements=st.integers(0, 1)))
    wanted = data.draw(st.integers(1, rows))
    packed = signs(vectors, mean)
    slow = ((vectors[1:] > mean) != (vectors[0] > mean)).sum(axis=1)
    distances, counts = np.empty(rows, np.uint16), np.zeros(64 * packed.shape[1] + 1, np.int64)
    kernels.measure(packed[1:], packed[0], within, distances, counts)
    assert distances[within == 1].tolist() == slow[within == 1].tolist()
    assert (distances[within == 0] == kernels.LEFT_OUT).all()
    assert counts.tolist() == np.bincount(slow[within == 1], minlength=len(counts)).tolist()

    limit = int(np.sort(slow)[wanted - 1])
    collected = np.empty(rows, np.int64)
    found = kernels.collect(distances, np.uint16(limit), 2, collected)
    nearer = np.flatnonzero((within == 1) & (slow < limit)).tolist()
    at_limit = np.flatnonzero((within == 1) & (slow == limit)).tolist()[:2]
    assert collected[:found].tolist() == sorted(nearer + at_limit)


def test_papers_are_sought_among_those_of_the_categories_and_days_alone(tmp_path: Path) -> None:
    vectors = clustered(600, 64, 7)
    kinds = ["cs.AI", "cs.AI cs.LG", "math.CO", "cs.CY cs.LG", ""]
    first = date(2026, 1, 1).toordinal()
    rows = [VectorRow(number, first + number % 10, kinds[number % 5], number) for number in range(1, 601)]
    found = written(tmp_path, vectors, rows)
    since, until = date(2026, 1, 3), date(2026, 1, 5)
    within = found.within(parse_expression("cs.AI+cs.LG-cs.CY"), since, until)
    wanted = [row.number for row in rows if row.number % 5 in (0, 1) and 2 <= row.number % 10 <= 4]
    assert found.numbers(np.flatnonzero(within)) == wanted
    nearest, _ = found.nearest(vectors[0], 600, within)
    assert sorted(found.numbers(nearest)) == wanted

    assert found.numbers(np.flatnonzero(found.within(parse_expression("-cs.CY"), None, until))) == [
        row.number for row in rows if row.number % 5 != 3 and row.number % 10 <= 4
    ]
    named = found.within(parse_expression("cs.LG"), numbers=[3, 1, 2, 2, 99_999])
    assert found.numbers(np.flatnonzero(named)) == [1, 3]


def test_of_papers_equally_near_the_newest_comes_first_always(tmp_path: Path) -> None:
    vectors = np.repeat(clustered(1, 32, 8), 50, axis=0)
    rows = [VectorRow(number, 738_000, "cs.AI", number) for number in (*range(26, 51), *range(1, 26))]
    found = written(tmp_path, vectors, rows)
    assert found.numbers(found.nearest(vectors[0], 10)[0]) == list(range(50, 40, -1))


def test_a_set_without_vectors_has_nothing_near(tmp_path: Path) -> None:
    probe = clustered(1, 32, 8)[0]
    with open_vectors(tmp_path, "test") as writer:
        writer.open_set("model", probe, "store", 1).commit(1)
    found = VectorSet(tmp_path, read_state(tmp_path).sets[0])
    assert found.nearest(probe, 5)[0].tolist() == []
    assert found.usual() == (0.0, 1.0)


def test_rows_of_papers_come_in_the_order_asked_and_without_those_that_have_none(tmp_path: Path) -> None:
    found = written(tmp_path, clustered(300, 32, 9))
    assert found.rows([300, 7, 4_000_000_000, 1]).tolist() == [299, 6, 0]
    assert found.rows([]).tolist() == []


def test_a_scan_lets_other_threads_run(tmp_path: Path) -> None:
    found = written(tmp_path, clustered(2000, 64, 10))
    found.nearest(found.vectors(np.array([0]))[0], 5)  # compiled now
    bits = np.zeros((4_000_000, 6), np.uint64)
    within, distances = np.ones(len(bits), np.uint8), np.empty(len(bits), np.uint16)
    over = threading.Event()

    def scan() -> None:
        for _ in range(20):
            kernels.measure(bits, bits[0], within, distances, np.zeros(385, np.int64))
        over.set()

    thread = threading.Thread(target=scan)
    thread.start()
    turns = 0
    while not over.is_set():
        turns += 1
    thread.join()
    # With the lock held, the loop above would have had a turn between two scans at most.
    assert turns > 1000
