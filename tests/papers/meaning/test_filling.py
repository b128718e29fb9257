"""Papers get their vectors: the newest first, once, in step with the store, whatever stops it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import EmbedError, StoreLocked
from app.papers.meaning.embedder import Embedder, Vectors, text_of
from app.papers.meaning.files import read_state
from app.papers.meaning.filling import Budget, EmbeddingProgress, fill, fill_today, is_behind
from app.papers.meaning.reading import VectorSet
from app.papers.meaning.writing import open_vectors
from app.papers.models import Paper
from app.papers.store.positions import paper_number
from app.papers.store.reading import Store
from app.papers.store.writing import open_for_writing
from tests.papers.meaning.embedding_server import WordEmbedder, text_vector
from tests.papers.samples import FIRST_DAY, paper, stored


def store_papers(path: Path, papers: Iterable[Paper]) -> None:
    stored(path, papers).close()


def living(folder: Path) -> dict[int, Vectors]:
    """The vectors that readers see now, by the papers' numbers."""
    found = VectorSet(folder, read_state(folder).sets[0])
    rows = np.flatnonzero(found.alive)
    numbers = found.numbers(rows)
    assert len(numbers) == len(set(numbers))
    return dict(zip(numbers, found.vectors(rows), strict=True))


def check_in_step(store_path: Path, folder: Path, model: str = "words") -> None:
    """Every paper has the vector of the text that it has now, and is found by its day and categories."""
    with Store(store_path) as store:
        papers = {paper_number(given.id): given for given in store.all_papers()}
        vectors = living(folder)
        assert vectors.keys() == papers.keys()
        for number, given in papers.items():
            wanted = text_vector(text_of(given), model)
            assert vectors[number] @ wanted / np.linalg.norm(wanted) > 0.999
        found = VectorSet(folder, read_state(folder).sets[0])
        for given in list(papers.values())[:5]:
            within = found.within(None, given.announced, given.announced)
            assert paper_number(given.id) in found.numbers(np.flatnonzero(within))


def test_every_paper_gets_a_vector_the_newest_first(tmp_path: Path) -> None:
    papers = [paper(number, announced=FIRST_DAY + timedelta(days=number % 7)) for number in range(1, 700)]
    store_papers(tmp_path / "s", papers)
    embedder = WordEmbedder()
    said: list[EmbeddingProgress] = []
    filled = fill(tmp_path / "s", tmp_path / "v", embedder, on_progress=said.append)
    assert (filled.done, filled.lacking) == (699, 0)
    assert said[0].done == 256
    assert said[0].lacking == 699 - 256
    newest = sorted(papers, key=lambda given: (given.announced, given.id), reverse=True)
    assert embedder.texts[1:] == [text_of(given) for given in newest]
    check_in_step(tmp_path / "s", tmp_path / "v")
    again = fill(tmp_path / "s", tmp_path / "v", embedder)
    assert again.done == 0


def test_a_run_stops_at_its_budget_and_the_next_goes_on(tmp_path: Path) -> None:
    store_papers(tmp_path / "s", [paper(number) for number in range(1, 301)])
    embedder = WordEmbedder()
    first = fill(tmp_path / "s", tmp_path / "v", embedder, Budget(papers=100))
    assert (first.done, first.lacking) == (100, 200)
    assert min(living(tmp_path / "v")) == paper_number("2601.00201")
    assert fill(tmp_path / "s", tmp_path / "v", embedder, Budget(seconds=0)).done == 0
    assert fill(tmp_path / "s", tmp_path / "v", embedder).done == 200
    # Each text once, and the probe at the beginning of each run.
    assert len(embedder.texts) == 300 + 3
    check_in_step(tmp_path / "s", tmp_path / "v")


def test_what_changed_in_the_store_is_followed_and_only_new_texts_are_embedded(tmp_path: Path) -> None:
    store_papers(tmp_path / "s", [paper(number, version=1) for number in range(1, 31)])
    embedder = WordEmbedder()
    fill(tmp_path / "s", tmp_path / "v", embedder)
    embedder.texts.clear()
    store_papers(
        tmp_path / "s",
        [
            paper(1, version=2, abstract="quite another text"),
            paper(2, version=2, categories=("math.NA",), primary_category="math.NA"),
            paper(3, version=2, comment="nothing that is embedded"),
            paper(99),
        ],
    )
    filled = fill(tmp_path / "s", tmp_path / "v", embedder)
    assert filled.done == 2
    assert sorted(embedder.texts[1:]) == ["Title 1. quite another text", "Title 99. Abstract 99"]
    check_in_step(tmp_path / "s", tmp_path / "v")
    state = read_state(tmp_path / "v").sets[0]
    assert (state.rows, state.dead) == (33, 2)


def test_a_new_model_gets_a_set_beside_the_old_one_which_is_searched_until_it_is_whole(
    tmp_path: Path,
) -> None:
    store_papers(tmp_path / "s", [paper(number) for number in range(1, 301)])
    fill(tmp_path / "s", tmp_path / "v", WordEmbedder("old"))
    other = WordEmbedder("new", dimensions=40)
    fill(tmp_path / "s", tmp_path / "v", other, Budget(papers=60))
    assert [(item.model, item.living) for item in read_state(tmp_path / "v").sets] == [
        ("old", 300),
        ("new", 60),
    ]
    fill(tmp_path / "s", tmp_path / "v", other)
    assert [(item.model, item.living) for item in read_state(tmp_path / "v").sets] == [("new", 300)]
    assert [place.name for place in (tmp_path / "v").iterdir() if place.is_dir()] == [
        read_state(tmp_path / "v").sets[0].name
    ]


def test_going_back_to_the_old_model_drops_the_new_one_that_was_begun(tmp_path: Path) -> None:
    store_papers(tmp_path / "s", [paper(number) for number in range(1, 301)])
    fill(tmp_path / "s", tmp_path / "v", WordEmbedder("old"))
    fill(tmp_path / "s", tmp_path / "v", WordEmbedder("new"), Budget(papers=10))
    assert fill(tmp_path / "s", tmp_path / "v", WordEmbedder("old")).done == 0
    assert [(item.model, item.living) for item in read_state(tmp_path / "v").sets] == [("old", 300)]


def test_another_model_under_the_same_name_is_recognised_by_its_vectors(tmp_path: Path) -> None:
    class Changed(WordEmbedder):
        def _embed(self, texts: list[str], *, patient: bool) -> Vectors:  # type: ignore[override]
            return np.stack([text_vector(text, "another", self.dimensions) for text in texts])

    store_papers(tmp_path / "s", [paper(number) for number in range(1, 11)])
    fill(tmp_path / "s", tmp_path / "v", WordEmbedder())
    assert fill(tmp_path / "s", tmp_path / "v", Changed()).done == 10
    check_in_step(tmp_path / "s", tmp_path / "v", "another")


def test_a_store_that_is_another_one_starts_from_nothing(tmp_path: Path) -> None:
    store_papers(tmp_path / "s", [paper(number) for number in range(1, 11)])
    fill(tmp_path / "s", tmp_path / "v", WordEmbedder())
    store_papers(tmp_path / "t", [paper(number) for number in range(20, 25)])
    assert fill(tmp_path / "t", tmp_path / "v", WordEmbedder()).done == 5
    check_in_step(tmp_path / "t", tmp_path / "v")


def test_a_model_that_fails_leaves_what_was_done(tmp_path: Path) -> None:
    class Failing(WordEmbedder):
        def _embed(self, texts: list[str], *, patient: bool) -> Vectors:  # type: ignore[override]
            if len(self.texts) > 300:
                raise EmbedError("it broke")
            return super()._embed(texts, patient=patient)

    store_papers(tmp_path / "s", [paper(number) for number in range(1, 1001)])
    with pytest.raises(EmbedError, match="it broke"):
        fill(tmp_path / "s", tmp_path / "v", Failing())
    assert len(living(tmp_path / "v")) == 512
    assert fill(tmp_path / "s", tmp_path / "v", WordEmbedder()).done == 488
    check_in_step(tmp_path / "s", tmp_path / "v")


def test_one_process_makes_vectors_at_a_time_and_the_next_learns_which(tmp_path: Path) -> None:
    store_papers(tmp_path / "s", [paper(1)])
    with open_vectors(tmp_path / "v", "another embed"), pytest.raises(StoreLocked, match="another embed"):
        fill(tmp_path / "s", tmp_path / "v", WordEmbedder())


def test_the_server_embeds_no_more_than_its_share_of_a_day(tmp_path: Path) -> None:
    store_papers(tmp_path / "s", [paper(number) for number in range(1, 31)])
    place = tmp_path / "s", tmp_path / "v"
    embedder = WordEmbedder()
    assert fill_today(*place, embedder, 0) is None
    first = fill_today(*place, embedder, 20)
    assert first is not None
    assert (first.done, first.lacking) == (20, 10)
    assert fill_today(*place, embedder, 20) is None
    more = fill_today(*place, embedder, 1000)
    assert more is not None
    assert more.done == 10
    with Store(tmp_path / "s") as store:
        assert not is_behind(store, tmp_path / "v", "words", 1000)
        assert is_behind(store, tmp_path / "v", "other", 1000)


def test_rows_that_are_dead_are_left_behind_when_they_are_many(tmp_path: Path) -> None:
    papers = [paper(number, version=1) for number in range(1, 3001)]
    store_papers(tmp_path / "s", papers)
    fill(tmp_path / "s", tmp_path / "v", WordEmbedder())
    changed = [replace(given, version=2, abstract=f"now {given.id}") for given in papers[:1200]]
    with open_for_writing(tmp_path / "s", "test") as writer:
        writer.add(changed)
    fill(tmp_path / "s", tmp_path / "v", WordEmbedder())
    state = read_state(tmp_path / "v").sets[0]
    assert (state.rows, state.dead, state.centred_on) == (3000, 0, 1800)
    check_in_step(tmp_path / "s", tmp_path / "v")


def test_the_mean_is_taken_again_when_a_small_set_has_grown(tmp_path: Path) -> None:
    store_papers(tmp_path / "s", [paper(number) for number in range(1, 11)])
    fill(tmp_path / "s", tmp_path / "v", WordEmbedder())
    store_papers(tmp_path / "s", [paper(number) for number in range(11, 101)])
    fill(tmp_path / "s", tmp_path / "v", WordEmbedder())
    found = VectorSet(tmp_path / "v", read_state(tmp_path / "v").sets[0])
    assert found.state.centred_on == 100
    assert np.allclose(found.mean, np.mean(list(living(tmp_path / "v").values()), axis=0), atol=1e-3)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 3)), max_size=12), max_size=3), st.data()
)
def test_a_set_is_in_step_with_the_store_whatever_came_in_which_order(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[int, int]]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("follow")
    store_papers(folder / "s", [paper(50)])
    for number, batch in enumerate(batches, 2):
        papers = {
            at: paper(
                at,
                version=number,
                abstract=f"Abstract {at} {form % 2}",
                categories=("cs.AI", "cs.LG")[: 1 + form // 2],
            )
            for at, form in batch
        }
        store_papers(folder / "s", papers.values())
        fill(folder / "s", folder / "v", WordEmbedder(), Budget(papers=data.draw(st.integers(1, 30))))
    fill(folder / "s", folder / "v", WordEmbedder())
    check_in_step(folder / "s", folder / "v")


KILLED = """
import sys, time
from pathlib import Path
import numpy as np
import app.papers.meaning.filling as filling
from tests.papers.meaning.embedding_server import WordEmbedder
filling._COMMIT_SECONDS = 0.0
class Slow(WordEmbedder):
    def _embed(self, texts, *, patient):
        time.sleep(0.002)
        return super()._embed(texts, patient=patient)
filling._TOGETHER = 7
print("begun", flush=True)
filling.fill(Path(sys.argv[1]), Path(sys.argv[2]), Slow())
print("done", flush=True)
"""


@pytest.mark.parametrize("turn", range(4))
def test_a_process_that_is_killed_leaves_what_readers_and_the_next_one_can_use(
    tmp_path: Path, turn: int
) -> None:
    papers = [paper(number, version=1) for number in range(1, 400)]
    store_papers(tmp_path / "s", papers)
    if turn % 2:
        fill(tmp_path / "s", tmp_path / "v", WordEmbedder(), Budget(papers=350))
        store_papers(
            tmp_path / "s", [replace(given, version=2, abstract="new words") for given in papers[200:]]
        )
    before = read_state(tmp_path / "v").sets
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "s"), str(tmp_path / "v")], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    wanted = 20 + 30 * turn
    while process.poll() is None:
        sets = read_state(tmp_path / "v").sets
        if sets and sets != before and sets[0].rows >= wanted:
            VectorSet(tmp_path / "v", sets[0])  # a reader that comes at any moment
            break
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    seen = living(tmp_path / "v")
    assert len(seen) == read_state(tmp_path / "v").sets[0].living
    # Half a row that it left, as when the disk was full.
    name = read_state(tmp_path / "v").sets[0].name
    with (tmp_path / "v" / name / "codes").open("ab") as file:
        file.write(b"x" * 11)
    with (tmp_path / "v" / name / "categories").open("a") as file:
        file.write("cs.A")
    fill(tmp_path / "s", tmp_path / "v", WordEmbedder())
    check_in_step(tmp_path / "s", tmp_path / "v")


@pytest.mark.parametrize("name", ["state.json", "codes", "bits", "numbers", "categories", "probe", "mean"])
def test_a_damaged_set_is_made_again(tmp_path: Path, name: str) -> None:
    store_papers(tmp_path / "s", [paper(number) for number in range(1, 21)])
    fill(tmp_path / "s", tmp_path / "v", WordEmbedder())
    place = tmp_path / "v" / read_state(tmp_path / "v").sets[0].name
    (tmp_path / "v" / name if name == "state.json" else place / name).write_bytes(b"{")
    assert read_state(tmp_path / "v").sets == ()
    fill(tmp_path / "s", tmp_path / "v", WordEmbedder())
    check_in_step(tmp_path / "s", tmp_path / "v")


def test_a_reader_that_began_goes_on_with_what_it_saw(tmp_path: Path) -> None:
    store_papers(tmp_path / "s", [paper(number) for number in range(1, 51)])
    fill(tmp_path / "s", tmp_path / "v", WordEmbedder())
    reader = VectorSet(tmp_path / "v", read_state(tmp_path / "v").sets[0])
    query = reader.vectors(np.array([3]))[0]
    before = reader.numbers(reader.nearest(query, 50)[0])
    store_papers(tmp_path / "s", [paper(number) for number in range(51, 600)])
    embedder: Embedder = WordEmbedder()
    fill(tmp_path / "s", tmp_path / "v", embedder)
    assert reader.numbers(reader.nearest(query, 50)[0]) == before
