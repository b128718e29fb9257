"""What is remembered of a store is what is in it."""

from hypothesis import given
from hypothesis import strategies as st

from app.papers.models import Paper
from app.papers.store.memory import StoreMemory, StoreRevision

FIRST, SECOND = StoreRevision("one", 1), StoreRevision("one", 2)


def paper(number: int, revision: StoreRevision) -> Paper:
    return Paper(str(number), f"{number} in {revision}", "")


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab"), st.sets(st.integers(0, 5000), max_size=40)))
)
def test_papers_are_those_of_the_revision_that_was_read(
    reads: list[tuple[int, str, set[int]]],
) -> None:
    memory = StoreMemory()
    for changes, identity, numbers in reads:
        revision = StoreRevision(identity, changes)

        def read(wanted: list[int], revision: StoreRevision = revision) -> dict[int, Paper]:
            return {number: paper(number, revision) for number in wanted if number % 7}

        assert memory.papers(revision, sorted(numbers), read) == read(sorted(numbers))


def test_a_paper_is_read_once_until_the_store_changes() -> None:
    memory = StoreMemory()
    asked: list[list[int]] = []

    def read(wanted: list[int]) -> dict[int, Paper]:
        asked.append(wanted)
        return {number: paper(number, FIRST) for number in wanted}

    memory.papers(FIRST, [1, 2], read)
    memory.papers(FIRST, [2, 3], read)
    memory.papers(SECOND, [2], read)
    assert asked == [[1, 2], [3], [2]]


def test_a_slow_reader_leaves_nothing_old_behind() -> None:
    memory = StoreMemory()

    def slow() -> str:
        # Another reader sees the store change while this one reads on.
        assert memory.fact(SECOND, "title", lambda: "new") == "new"
        return "old"

    assert memory.fact(FIRST, "title", slow) == "old"
    assert memory.fact(SECOND, "title", lambda: "read again") == "new"


def test_what_is_remembered_is_bounded() -> None:
    memory = StoreMemory()

    def read(wanted: list[int]) -> dict[int, Paper]:
        return {number: paper(number, FIRST) for number in wanted}

    for start in range(0, 50_000, 100):
        memory.papers(FIRST, range(start, start + 100), read)
        memory.fact(FIRST, start, lambda: None)
    assert len(memory._papers) <= 2048
    assert len(memory._facts) <= 256


def test_papers_of_unusual_length_are_not_remembered() -> None:
    memory = StoreMemory()
    asked: list[list[int]] = []

    def read(wanted: list[int]) -> dict[int, Paper]:
        asked.append(wanted)
        return {number: Paper(str(number), "", "A" * 100_000 * number) for number in wanted}

    for _ in range(2):
        assert set(memory.papers(FIRST, [0, 1], read)) == {0, 1}
    assert asked == [[0, 1], [1]]
