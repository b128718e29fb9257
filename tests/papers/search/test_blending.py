"""One list of words and meaning: what stands first, why, in which order always, and among which papers."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import EmbedError, InputError, NoEmbedder
from app.papers.categories import parse_expression
from app.papers.meaning.embedder import Vectors
from app.papers.meaning.filling import Budget, fill
from app.papers.meaning.searching import Meaning
from app.papers.models import Author, Paper
from app.papers.query import parse_query
from app.papers.search.blending import BlendedPage, By, find, fused
from app.papers.search.indexing import open_index
from app.papers.search.meaning_query import meaning_query
from app.papers.search.searching import Search, SearchIndex
from app.papers.store.reading import Store
from app.papers.store.writing import open_for_writing
from tests.papers.meaning.embedding_server import WordEmbedder
from tests.papers.samples import FIRST_DAY, paper

SPEECH = paper(
    1,
    title="Prosody of questions",
    abstract="How the voice rises",
    categories=("cs.CL",),
    primary_category="cs.CL",
)
PLANTS = paper(2, title="Mapping vegetation", abstract="Forest seen from above", categories=("eess.IV",))
GRAPH = paper(
    3,
    title="MemHouse: a network that remembers",
    abstract="Nodes pass messages",
    authors=(Author("Thomas Kipf", "Kipf", "Thomas"),),
)
STARS = paper(
    4, title="Distant galaxies", abstract="A telescope looks far", announced=FIRST_DAY + timedelta(days=3)
)
PRIMES = paper(5, title="Gaps between integers", abstract="An arithmetic question", categories=("math.NA",))
REST = [
    paper(number, title=f"Matter {number}", abstract=f"Something {number} else") for number in range(10, 60)
]
PAPERS = [SPEECH, PLANTS, GRAPH, STARS, PRIMES, *REST]


class Library:
    def __init__(self, folder: Path, papers: Sequence[Paper]) -> None:
        self.folder = folder
        with open_for_writing(folder / "s", "test") as writer:
            writer.add(papers)
        self.store = Store(folder / "s")
        with open_index(folder / "i", self.store):
            pass
        self.index = SearchIndex(folder / "i")
        self.embedder = WordEmbedder()
        self.meaning = Meaning(folder / "v", self.embedder)

    def fill(self) -> None:
        fill(self.folder / "s", self.folder / "v", WordEmbedder())

    def find(
        self, text: str, by: By | None = None, cursor: str | None = None, limit: int = 25, **bounds: Any
    ) -> BlendedPage:
        return find(
            self.store, self.index, self.meaning, Search(text, **bounds), by, cursor=cursor, limit=limit
        )


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    made = Library(tmp_path_factory.mktemp("blending"), PAPERS)
    made.fill()
    yield made
    made.store.close()


def ids(found: BlendedPage) -> list[str]:
    return [one.id for one in found.page.papers]


def test_a_paraphrase_is_found_that_shares_no_word_with_its_paper(library: Library) -> None:
    found = library.find("plants", "words")
    assert ids(found) == []
    found = library.find("plants")
    assert found.by == "both"
    assert ids(found)[0] == PLANTS.id
    assert [(reason.by, reason.rank) for reason in found.reasons[PLANTS.id]] == [("meaning", 1)]


def test_a_question_in_chinese_finds_an_english_paper(library: Library) -> None:
    assert ids(library.find("语音"))[0] == SPEECH.id
    assert ids(library.find("素数", "meaning"))[0] == PRIMES.id


def test_a_title_comes_first_whatever_else_is_nearer(library: Library) -> None:
    found = library.find("distant GALAXIES")
    assert ids(found)[0] == STARS.id
    assert found.reasons[STARS.id][0].by == "title"
    # The name before a colon is what a paper is known by.
    assert ids(library.find("memhouse"))[0] == GRAPH.id
    assert library.find("memhouse").reasons[GRAPH.id][0].by == "title"


def test_ids_and_names_of_authors_are_for_words_alone(library: Library) -> None:
    for text in (SPEECH.id, "Thomas Kipf", "au:kipf", "10.1000/1"):
        asked_before = len(library.embedder.texts)
        assert library.find(text).by == "words"
        assert len(library.embedder.texts) == asked_before
    assert ids(library.find("Thomas Kipf")) == [GRAPH.id]


def test_fields_and_operators_narrow_what_is_near_in_meaning(library: Library) -> None:
    assert ids(library.find("graph au:kipf", "meaning")) == [GRAPH.id]
    assert GRAPH.id not in ids(library.find("graph -messages", "meaning"))
    assert set(ids(library.find("speech ti:matter", "meaning", limit=200))) == {one.id for one in REST}
    assert ids(library.find('speech "voice rises"', "meaning")) == [SPEECH.id]
    assert ids(library.find("speech cat:math.NA", "meaning")) == [PRIMES.id]


def test_categories_and_days_bound_both_lists(library: Library) -> None:
    expression = parse_expression("cs.CL+eess.IV")
    assert set(ids(library.find("anything", expression=expression))) == {SPEECH.id, PLANTS.id}
    since = FIRST_DAY + timedelta(days=1)
    assert ids(library.find("prosody", since=since)) == [STARS.id]
    assert ids(library.find("prosody", "meaning", since=since, until=date(2026, 12, 1))) == [STARS.id]


def test_paging_gives_each_paper_once_and_as_many_as_it_says(library: Library) -> None:
    whole = library.find("matter else", limit=200)
    cursor, seen = None, []
    while True:
        page = library.find("matter else", cursor=cursor, limit=7)
        assert page.page.total == whole.page.total
        seen += ids(page)
        cursor = page.page.next_cursor
        if cursor is None:
            break
    assert seen == ids(whole)
    assert len(seen) == len(set(seen)) == whole.page.total == len(PAPERS)


def test_beyond_what_is_joined_the_list_of_words_goes_on(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.papers.search.blending.DEPTH", 10)
    cursor, seen = None, []
    while True:
        page = library.find("matter speech OR matter", cursor=cursor, limit=7)
        seen += ids(page)
        assert all(page.reasons[one] for one in ids(page))
        cursor = page.page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == page.page.total
    assert {one.id for one in REST} <= set(seen)


def test_a_list_that_was_begun_goes_on_though_papers_came_in(tmp_path: Path) -> None:
    made = Library(tmp_path, PAPERS)
    made.fill()
    whole = ids(made.find("matter", limit=200))
    first = made.find("matter", limit=20)
    with open_for_writing(tmp_path / "s", "test") as writer:
        writer.add([paper(number, title=f"Matter {number}") for number in range(100, 140)])
    with open_index(tmp_path / "i", made.store):
        pass
    made.fill()
    rest = made.find("matter", cursor=first.page.next_cursor, limit=200)
    assert ids(first) + ids(rest) == whole
    made.store.close()


def test_by_date_only_words_are_sought(library: Library) -> None:
    assert library.find("matter", sort="announced").by == "words"
    with pytest.raises(InputError, match="order of its own"):
        library.find("matter", "both", sort="announced")


def test_without_words_or_without_vectors_there_is_no_meaning(library: Library, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a search by meaning needs words"):
        library.find("au:kipf", "meaning")
    made = Library(tmp_path, [SPEECH])
    assert made.find("prosody").by == "words"
    assert made.find("prosody", "both").by == "words"
    with pytest.raises(NoEmbedder, match="quire papers embed"):
        made.find("prosody", "meaning")
    made.meaning = Meaning(tmp_path / "v", None)
    made.fill()
    assert made.find("prosody").by == "words"
    with pytest.raises(NoEmbedder, match="QUIRE_EMBED_URL"):
        made.find("prosody", "meaning")
    made.store.close()


class Failing(WordEmbedder):
    fails = True

    def _embed(self, texts: Sequence[str], *, patient: bool) -> Vectors:
        if self.fails:
            raise EmbedError("it is down")
        return super()._embed(texts, patient=patient)


def test_an_embedder_that_fails_leaves_words_and_is_left_alone_for_a_while(tmp_path: Path) -> None:
    made = Library(tmp_path, PAPERS)
    made.fill()
    told: list[str] = []
    now, embedder = [100.0], Failing()
    made.meaning = Meaning(tmp_path / "v", embedder, lambda outcome, _: told.append(outcome), lambda: now[0])
    found = made.find("prosody")
    assert (found.by, found.missed, ids(found)) == ("words", True, [SPEECH.id])
    with pytest.raises(EmbedError, match="half a minute"):
        made.find("prosody", "meaning")
    embedder.fails = False
    assert made.find("prosody").missed
    now[0] += 31
    found = made.find("prosody")
    assert (found.by, found.missed) == ("both", False)
    assert made.find("prosody").by == "both"
    assert told == ["failed", "answered", "remembered"]
    made.store.close()


def test_while_a_new_models_set_is_made_queries_go_to_the_old_one_where_its_model_is_still_there(
    tmp_path: Path,
) -> None:
    class Served(WordEmbedder):
        """A server that has several models by name."""

        def named(self, model: str) -> "WordEmbedder":
            return WordEmbedder(model)

    made = Library(tmp_path, PAPERS)
    made.fill()
    fill(tmp_path / "s", tmp_path / "v", WordEmbedder("new", 48), Budget(papers=20))
    assert [state.model for state in made.meaning.states()] == ["words", "new"]
    made.meaning = Meaning(tmp_path / "v", Served("new", 48))
    assert ids(made.find("plants", "meaning"))[0] == PLANTS.id
    assert made.meaning.asked("plants")[0].state.model == "words"
    # One in a folder has no other: the new set answers as far as it is.
    made.meaning = Meaning(tmp_path / "v", WordEmbedder("new", 48))
    assert made.meaning.asked("plants")[0].state.model == "new"
    fill(tmp_path / "s", tmp_path / "v", WordEmbedder("new", 48))
    assert made.meaning.asked("plants")[0].state.living == len(PAPERS)
    made.store.close()


@given(st.lists(st.lists(st.integers(1, 30), unique=True), min_size=3, max_size=3))
def test_joined_lists_hold_each_paper_once_and_ties_are_the_newest_first(lists: list[list[int]]) -> None:
    title, words, meaning = lists
    order = fused({"title": title, "words": words, "meaning": meaning})
    assert sorted(order) == sorted({*title, *words, *meaning})
    if title:
        assert order[0] in title
    only = fused({"words": words, "meaning": []})
    assert only == words
    assert fused({"words": [1], "meaning": [2]}) == [2, 1]


@pytest.mark.parametrize(
    ("text", "meant", "plain"),
    [
        ("graph neural", "graph neural", True),
        ("graph OR tree", "graph tree", True),
        ("(graph OR tree) kernel", "graph tree kernel", True),
        ('"message passing" au:kipf', "message passing", False),
        ("ti:graph -survey", "graph", False),
        ("NOT survey", "", False),
        ("cat:cs.LG", "", False),
        ("graph OR au:kipf", "graph", False),
        ("C++ 图神经网络", "C++ 图神经网络", True),
    ],
)
def test_what_of_a_query_is_meant(text: str, meant: str, plain: bool) -> None:
    found = meaning_query(parse_query(text))
    assert (found.text, found.is_plain) == (meant, plain)
