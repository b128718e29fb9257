"""What people paste and write into a search: names in any order, signs, ids, DOIs and addresses, slips of the pen."""

from pathlib import Path

import pytest

from app.papers.models import Author
from app.papers.search.searching import SearchIndex
from app.papers.search.spelling import suggestion
from app.papers.store.reading import Store
from tests.papers.samples import paper
from tests.papers.search.test_searching import Place

PAPERS = [
    paper(
        1,
        title="On objectivity",
        abstract="An object of study.",
        authors=(Author("John A. Smith", "Smith", "John A."),),
        comment="accepted at ICML 2024",
        doi="10.1103/PhysRevX.5.1 10.1000/b(1)",
    ),
    paper(
        2,
        title="Objects in C++ and C# and .NET",
        abstract="Objective.",
        authors=(Author("J. Smith", "Smith", "J."),),
    ),
    paper(
        3,
        title="Music in C",
        abstract="Networks and shells.",
        authors=(
            Author("Stephen M. de Bruyn Kops", "Kops", "Stephen M. de Bruyn"),
            Author("Kaiming He", "He", "Kaiming"),
        ),
    ),
    paper(4, title="F# code", abstract="Nothing.", authors=(Author("Ann Smith", "Smith", "Ann"),)),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = Place(tmp_path_factory.mktemp("forms"))
    made.add(PAPERS)
    return made


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('"objectivity"', {1}),
        ("objectivity", {1, 2}),
        ("C++", {2}),
        ("C#", {2}),
        ('"C# and .NET"', {2}),
        ("ti:C++", {2}),
        ("F#", {4}),
        (".NET", {2}),
        ("C", {3}),
        ("Smith, John", {1}),
        ('au:"Smith, John"', {1}),
        ('au:"Smith, John A."', {1}),
        ("J. Smith", {1, 2}),
        ('au:"J. Smith"', {1, 2}),
        ("de Bruyn Kops, S M", {3}),
        ('au:"de Bruyn Kops, S M"', {3}),
        ("he_k", {3}),
        ("au:he_k_1", {3}),
        ("arXiv:2601.00002v3 [cs.AI] 5 Jan 2026", {2}),
        ("2601.00001, 2601.00003", {1, 3}),
        ("2601.00001 arXiv:2601.00003v1", {1, 3}),
        ("10.1103/PhysRevX.5.1", {1}),
        ("https://doi.org/10.1103/physrevx.5.1", {1}),
        ("doi:10.1000/b(1)", {1}),
        ("co:ICML", {1}),
        ('co:"accepted at" smith', {1}),
        ("DOI: 10.1103/PhysRevX.5.1", {1}),
        ("DOI 10.1103/PhysRevX.5.1", {1}),
        ("doi:10.1103", {1}),
        ("Smith J", {1, 2}),
        ("Smith JA", {1}),
        ("smith_j_a", {1}),
        ("de_bruyn_kops_s", {3}),
        ("Bruyn Kops, S", {3}),
        ("[2601.00001]", {1}),
        ("(arXiv:2601.00001)", {1}),
        ("arxiv 2601.00001", {1}),
        ("2601.00001,2601.00002 and 2601.00003", {1, 2, 3}),
        ("id:2601.00001,2601.00002", {1, 2}),
        ("J. Smith et al. On shells. arXiv preprint arXiv:2601.00003v2 [cs.AI], 2026.", {3}),
        ("@misc{arxiv-2601.00002, eprint = {2601.00002}}", {2}),
        ("shells OR arXiv:2601.00001", {3}),
        ("https://scholar.google.com/scholar_lookup?arxiv_id=2601.00002", {2}),
        ("https://scholar.google.de/scholar?q=arXiv%3A2601.00002", {2}),
        ("https://paperswithcode.com/paper/arxiv-2601.00002", {2}),
        ("https://example.org/read/https://arxiv.org/abs/2601.00002v1", {2}),
        ("https://www.semanticscholar.org/arxiv/2601.00002", {2}),
        ("https://www.scirate.com/arxiv/2601.00002v1", {2}),
        ("https://ui.adsabs.harvard.edu/abs/2026arXiv260100002S/abstract", {2}),
    ],
)
def test_a_form_finds(place: Place, query: str, found: set[int]) -> None:
    assert set(place.find(query)) == {f"2601.{number:05}" for number in found}


def test_a_word_as_it_was_written_comes_first(place: Place) -> None:
    assert place.find("objectivity", sort="relevance")[0] == "2601.00001"


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("objektivity", "objectivity"),
        ("ti:shels networks", None),
        ("netwroks smith", "networks smith"),
        ("objectivity", None),
        ("xyzzyqwert", None),
    ],
)
def test_a_slip_of_the_pen_is_mended(place: Place, query: str, meant: str | None) -> None:
    with Store(Path(place.store_path)) as store:
        assert suggestion(store, SearchIndex(place.index_path), query) == meant
