"""The search index: what a query finds, in which order, and that it follows the store whatever happens."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InputError, StoreError
from app.papers.categories import parse_expression
from app.papers.importing import import_files
from app.papers.maintenance import check
from app.papers.models import Author, Paper
from app.papers.search.indexing import open_index
from app.papers.search.related import related_papers
from app.papers.search.schema import terms
from app.papers.search.searching import Search, SearchIndex, Sort, search_page
from app.papers.store.listing import ListQuery
from app.papers.store.reading import Store
from app.papers.store.writing import open_for_writing
from tests import library
from tests.papers.samples import FIRST_DAY, paper, papers

PAPERS = [
    paper(
        1,
        title="Running graph networks",
        abstract="Message passing on graphs.",
        authors=(Author("Paul Erdős"),),
    ),
    paper(
        2, title="Trees", abstract="A tree is a graph; passing a message.", categories=("cs.LG", "math.NA")
    ),
    paper(3, title="机器学习的方法", abstract="我们研究深度学习。", announced=FIRST_DAY + timedelta(days=1)),
    paper(
        4,
        title=r"Schr\"odinger operators on $\mathbb{R}^n$",
        abstract="Spectral theory.",
        categories=("astro-ph",),
    ),
    Paper("quire/0001", "A note", "Short.", body="Softmax and $\\alpha$-entmax.", categories=("quire",)),
]


class Place:
    """A store and its index in one folder."""

    def __init__(self, folder: Path) -> None:
        self.store_path = folder / "papers.sqlite"
        self.index_path = folder / "index"

    def add(self, papers: list[Paper], index: bool = True) -> None:
        with open_for_writing(self.store_path, "test") as writer:
            writer.add(papers)
            if index:
                self.catch_up()

    def catch_up(self) -> None:
        with Store(self.store_path) as store, open_index(self.index_path, store):
            pass

    def find(self, query: str, sort: Sort = "announced", **bounds: object) -> list[str]:
        with Store(self.store_path) as store:
            search = Search(query, sort=sort, **bounds)  # type: ignore[arg-type]
            return [one.id for one in search_page(store, SearchIndex(self.index_path), search).papers]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = Place(tmp_path_factory.mktemp("search"))
    made.add(PAPERS)
    return made


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("graph", {1, 2}),
        ("graphs run", {1}),
        ("message passing", {1, 2}),
        ('"message passing"', {1}),
        ("graph -tree", {1}),
        ("NOT graph", {3, 4, "quire/0001"}),
        ("ti:graph", {1}),
        ("abs:graph NOT ti:graph", {2}),
        ("erdos", {1}),
        ("au:ERDŐS", {1}),
        ("ti:erdos", set()),
        ("schrodinger", {4}),
        ("Schrödinger", {4}),
        ("mathbb", {4}),
        ("机器学习", {3}),
        ("器学", {3}),
        ("深度", {3}),
        ("学机", set()),
        ("度", {3}),
        ("softmax", {"quire/0001"}),
        ("(graph OR softmax) -running", {2, "quire/0001"}),
        ("graph OR -passing", {1, 2, 3, 4, "quire/0001"}),
        ("cat:math.NA", {2}),
        ("cat:cs.NA", {2}),
        ("cat:cs", {1, 2, 3}),
        ("cat:cs.* -cat:cs.LG", {1, 3}),
        ("cat:cs-math", {1, 3}),
        ("id:2601.00002", {2}),
        ("2601.00002v3", {2}),
        ("https://arxiv.org/abs/2601.00002", {2}),
        ("quire/0001", {"quire/0001"}),
        ("tree OR erdos OR entmax", {1, 2, "quire/0001"}),
        ("graph & -- !", {1, 2}),
        ("nowhere", set()),
        ('"graphs"', {1}),
        ('"graph"', {1, 2}),
        ('ti:"graph"', {1}),
        ('ti:"graphs"', set()),
    ],
)
@pytest.mark.parametrize("common", [False, True], ids=["", "common"])
def test_a_query_finds(
    place: Place, monkeypatch: pytest.MonkeyPatch, query: str, found: set[int | str], common: bool
) -> None:
    if common:  # as where so many papers hold each word that titles do not count
        monkeypatch.setattr("app.papers.search.searching._LEAST_COMMON", 0)
    assert set(place.find(query)) == {f"2601.{one:05}" if isinstance(one, int) else one for one in found}
    assert (
        set(place.find(query, "relevance")) == set(place.find(query, "published")) == set(place.find(query))
    )


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("cat:cs.XX", "no category 'cs.XX'"),
        ("id:7 x", r"not a paper's id.*character 4"),
        ("& -- !", "only signs"),
        ("a (", "missing"),
    ],
)
def test_what_can_not_be_searched_is_said(place: Place, query: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        place.find(query)
    assert caught.value.pointer == "?q"


def test_bounds_narrow_a_search(place: Place) -> None:
    assert place.find("graph", expression=parse_expression("cs.AI")) == ["2601.00001"]
    assert place.find("graph", expression=parse_expression("-cs.AI")) == ["2601.00002"]
    assert place.find("NOT graph", since=FIRST_DAY + timedelta(days=1)) == ["2601.00003"]
    assert place.find("graph", until=FIRST_DAY - timedelta(days=1)) == []
    with pytest.raises(InputError, match="holds no day"):
        place.find("graph", since=date(2026, 1, 2), until=date(2026, 1, 1))


def test_a_title_weighs_more_than_an_abstract(place: Place) -> None:
    assert place.find("tree OR graph", "relevance") == ["2601.00002", "2601.00001"]


def test_related_papers_leave_out_the_paper_itself(place: Place) -> None:
    with Store(place.store_path) as store:
        related = related_papers(store, SearchIndex(place.index_path), PAPERS[0])
    assert [one.id for one in related][:1] == ["2601.00002"]
    assert PAPERS[0] not in related


def test_related_papers_are_few_and_near_and_of_the_same_subject_first(tmp_path: Path) -> None:
    made = Place(tmp_path)
    words = [f"w{number}x" for number in range(400)]
    many = [
        paper(
            number,
            title=f"On {words[number % 400]}",
            abstract=" ".join(words[number % 390 : number % 390 + 3]),
        )
        for number in range(10, 1200)
    ]
    subject = "Envy-free division of indivisible goods among agents with additive valuations"
    near = paper(1, title=subject, abstract=f"{subject} exists.", categories=("cs.GT",))
    same = paper(2, title=f"More on {subject}", abstract=f"{subject} is hard.", categories=("cs.GT",))
    other = paper(3, title=f"More on {subject}", abstract=f"{subject} is hard.", categories=("hep-th",))
    alone = paper(4, title="Quokkas on an island", abstract="Marsupials beside a lighthouse.")
    made.add([*many, near, same, other, alone])
    with Store(made.store_path) as store:
        index = SearchIndex(made.index_path)
        assert [one.id for one in related_papers(store, index, near)] == [same.id, other.id]
        assert related_papers(store, index, alone) == []


def pages(place: Place, store: Store, search: Search, coming: Iterator[list[Paper]]) -> list[str]:
    """What paging to the end finds, with papers brought in after each page."""
    index, cursor, found = SearchIndex(place.index_path), None, []
    while True:
        page = search_page(store, index, search, cursor=cursor, limit=7)
        found += [one.id for one in page.papers]
        cursor = page.next_cursor
        if cursor is None:
            return found
        place.add(next(coming, []))


@pytest.mark.parametrize("sort", ["relevance", "announced", "published"])
def test_paging_gives_every_paper_once_while_others_come_in(tmp_path: Path, sort: Sort) -> None:
    place = Place(tmp_path)
    before = [paper(number, abstract="word " * (number % 5 + 1)) for number in range(1, 60, 2)]
    place.add(before)
    coming = (
        [paper(n, abstract="word " * 9), paper(n + 500, announced=date(2026, 3, 1))] for n in range(2, 60, 2)
    )
    with Store(place.store_path) as store:
        found = pages(place, store, Search("word OR title", sort=sort), coming)
    assert len(found) == len(set(found))
    assert {one.id for one in before} <= set(found)


@pytest.mark.parametrize("sort", ["relevance", "announced"])
def test_a_cursor_of_another_search_is_refused(place: Place, sort: Sort) -> None:
    with Store(place.store_path) as store:
        index = SearchIndex(place.index_path)
        cursor = search_page(store, index, Search("graph", sort=sort), limit=1).next_cursor
        assert cursor is not None
        for other in (Search("tree", sort=sort), Search("graph", sort="published")):
            with pytest.raises(InputError, match="cursor"):
                search_page(store, index, other, cursor=cursor)


def test_a_reader_sees_what_another_process_commits(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.add([paper(1, title="First")])
    index = SearchIndex(place.index_path)
    assert index.search(Search("first OR second")).total == 1
    script = (
        "import sys; from pathlib import Path; from tests.papers.search.test_searching import Place; "
        "from tests.papers.samples import paper; "
        "Place(Path(sys.argv[1])).add([paper(2, title='Second'), paper(1, title='Third')])"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    assert index.search(Search("first OR second")).total == 1
    assert index.search(Search("second OR third")).total == 2


def test_an_index_that_lags_catches_up(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.add([paper(1), paper(2)])
    place.add([paper(1, title="Renamed", version=2), paper(3)], index=False)
    assert place.find("renamed") == []
    place.catch_up()
    assert place.find("renamed") == ["2601.00001"]
    assert SearchIndex(place.index_path).extent() == (2, 3)


def test_what_was_indexed_but_not_noted_is_indexed_again_without_doubling(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.add([paper(1)])
    noted = (place.index_path / "state.json").read_text()
    place.add([paper(2), paper(1, version=2, title="Renamed")])
    (place.index_path / "state.json").write_text(noted)
    place.catch_up()
    assert SearchIndex(place.index_path).extent() == (2, 2)
    assert place.find("title OR renamed") == ["2601.00002", "2601.00001"]


@pytest.mark.parametrize("broken", ["", "{}", '{"schema_version": 0}', "older", "other store", "no folder"])
def test_an_index_that_can_not_be_used_is_rebuilt(tmp_path: Path, broken: str) -> None:
    place = Place(tmp_path)
    place.add([paper(1), paper(2)])
    path = place.index_path / "state.json"
    state = json.loads(path.read_text())
    changed = {
        "older": json.dumps(state | {"schema_version": 0}),
        "other store": json.dumps(state | {"store": "x"}),
        "no folder": json.dumps(state | {"name": "gone"}),
    }
    path.write_text(changed.get(broken, broken))
    if broken != "other store":
        with pytest.raises(StoreError, match="reindex"):
            place.find("title")
    place.catch_up()
    assert place.find("title") == ["2601.00002", "2601.00001"]
    folders = [one.name for one in place.index_path.iterdir() if one.is_dir()]
    assert folders == [json.loads(path.read_text())["name"]]


def test_without_an_index_the_way_to_one_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="quire papers reindex"):
        SearchIndex(tmp_path / "index").search(Search("x"))


def test_terms_are_stemmed_folded_and_paired() -> None:
    assert terms("Networks of Erdős, 深度学习 and あ", "abstract") == [
        *["network", "of", "erdo", "深度", "度学", "学习", "and", "あ"],
    ]
    assert terms("Networks", "authors") == ["networks"]


EXPRESSIONS = ["cs.AI", "cs", "-cs.LG", "cs.AI+cs.LG-math", "-cs", "math", "quire", None]


@settings(max_examples=15)
@given(papers(least=1, most=25), st.sampled_from(EXPRESSIONS), st.booleans(), st.booleans())
def test_the_index_counts_a_list_as_the_store_does(
    given: list[Paper], text: str | None, from_day: bool, to_day: bool
) -> None:
    query = ListQuery(
        parse_expression(text) if text else None,
        FIRST_DAY + timedelta(days=1) if from_day else None,
        FIRST_DAY + timedelta(days=2) if to_day else None,
    )
    with TemporaryDirectory() as folder:
        place = Place(Path(folder))
        place.add(given)
        index = SearchIndex(place.index_path)
        with Store(place.store_path) as slow, Store(place.store_path, index.count) as quick:
            assert index.count(query, slow.changes) == slow.count(query) == quick.count(query)
        place.add([paper(1000)], index=False)
        with Store(place.store_path, index.count) as ahead:
            assert index.count(query, ahead.changes) is None, "it has not seen the last change"
            assert len(ahead) == ahead.count()


def test_a_list_is_counted_without_an_index_too(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.add(PAPERS, index=False)
    with Store(place.store_path, SearchIndex(place.index_path).count) as store:
        assert store.count() == len(PAPERS)
        assert store.category_counts(FIRST_DAY)["cs.AI"] == 1


def test_a_first_import_that_holds_a_paper_twice_indexes_it_once(tmp_path: Path) -> None:
    records = library.records()[:3]
    newer = [{**record, "title": f"Replaced {record['title']}"} for record in records]
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    for path, lines in ((first, records), (second, newer)):
        path.write_text("".join(json.dumps(record) + "\n" for record in lines))
    store_path, index_path = tmp_path / "papers.sqlite", tmp_path / "index"
    import_files(store_path, index_path, [first, second, first])
    assert check(store_path, index_path) == []
    assert SearchIndex(index_path).extent()[1] == len(records)
