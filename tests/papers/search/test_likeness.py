"""Papers like a reader's stars: by words and by meaning, the newer stars counting more, each with its reasons."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.papers.search.likeness import Profile, like, weight
from app.papers.search.related import related_papers
from tests.papers.samples import FIRST_DAY, paper
from tests.papers.search.test_blending import GRAPH, PLANTS, PRIMES, REST, SPEECH, STARS, Library

VOICES = paper(70, title="Spoken dialogue", abstract="Speech carries more", categories=("cs.CL",))
FORESTS = paper(
    71, title="Crops, forest", abstract="Vegetation pictures", announced=FIRST_DAY + timedelta(days=9)
)
PROSODY = paper(72, title="Prosody, questions", abstract="Falling tones", categories=("cs.CL",))
PAPERS = [SPEECH, PLANTS, GRAPH, STARS, PRIMES, VOICES, FORESTS, PROSODY, *REST]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    made = Library(tmp_path_factory.mktemp("likeness"), PAPERS)
    made.fill()
    yield made
    made.store.close()


def test_by_words_what_shares_rare_words_comes_first_and_the_words_are_named(library: Library) -> None:
    found = like(library.store, library.index, None, [SPEECH.id], limit=5)
    assert found[0].paper.id == PROSODY.id
    assert set(found[0].words) == {"prosody", "questions"}
    assert found[0].near is None
    assert SPEECH.id not in [one.paper.id for one in found]


def test_by_meaning_what_shares_no_word_comes_too_with_the_star_that_it_is_near_to(library: Library) -> None:
    found = like(library.store, library.index, library.meaning, [SPEECH.id], limit=3)
    by_id = {one.paper.id: one for one in found}
    assert by_id.keys() >= {PROSODY.id, VOICES.id}
    assert by_id[VOICES.id].near == SPEECH.id


@pytest.mark.parametrize("has_vectors", [True, False])
def test_an_order_leaves_nothing_out(library: Library, has_vectors: bool) -> None:
    meaning = library.meaning if has_vectors else None
    among = [one.id for one in reversed(PAPERS)]
    found = like(library.store, library.index, meaning, [FORESTS.id], among=among)
    assert sorted(one.paper.id for one in found) == sorted(among)
    assert [one.paper.id for one in found[:2]] == [FORESTS.id, PLANTS.id]
    assert found == like(library.store, library.index, meaning, [FORESTS.id], among=among)


@pytest.mark.parametrize("has_vectors", [True, False])
def test_the_newer_star_counts_more(library: Library, has_vectors: bool) -> None:
    meaning = library.meaning if has_vectors else None
    among = [PROSODY.id, FORESTS.id]
    first = like(library.store, library.index, meaning, [SPEECH.id, PLANTS.id], among=among)
    second = like(library.store, library.index, meaning, [PLANTS.id, SPEECH.id], among=among)
    words = Profile(library.index, [SPEECH, PLANTS]).weights, Profile(library.index, [PLANTS, SPEECH]).weights
    assert words[0]["prosodi"] > words[1]["prosodi"]
    assert {one.paper.id for one in first} == {one.paper.id for one in second} == set(among)
    assert weight(0) > weight(1) > weight(100) > 0


def test_only_papers_since_a_day_are_looked_for(library: Library) -> None:
    since = FIRST_DAY + timedelta(days=5)
    found = like(library.store, library.index, library.meaning, [PLANTS.id], since=since)
    assert [one.paper.id for one in found] == [FORESTS.id]


def test_stars_that_are_not_here_are_passed_over(library: Library) -> None:
    assert like(library.store, library.index, library.meaning, ["2601.09999"]) == []
    among = [
        one.paper.id for one in like(library.store, library.index, None, ["2601.09999"], among=[GRAPH.id])
    ]
    assert among == [GRAPH.id]


def test_related_papers_weigh_meaning_in(library: Library) -> None:
    found = related_papers(library.store, library.index, SPEECH, 2, library.meaning)
    assert {one.id for one in found} == {PROSODY.id, VOICES.id}
    assert VOICES.id not in [one.id for one in related_papers(library.store, library.index, SPEECH, 2)]
    assert SPEECH.id not in [one.id for one in found]


def test_many_stars_are_stood_for_by_a_few_centres(library: Library) -> None:
    stars = [one.id for one in (SPEECH, PLANTS, *REST)]
    found = like(library.store, library.index, library.meaning, stars, limit=10)
    ids = [one.paper.id for one in found]
    assert {PROSODY.id, VOICES.id, FORESTS.id} <= set(ids)
    assert not set(ids) & set(stars)
