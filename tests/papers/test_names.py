"""Names are split as arXiv's parsed names are, and groups stay whole."""

from collections import Counter

import pytest

from app.papers.models import Author, Paper
from app.papers.names import people, split_name
from app.papers.sources.names import read_names
from app.papers.sources.snapshot import read_lines
from tests.shared import shared


@pytest.mark.parametrize(
    ("name", "family", "given", "suffix"),
    [
        ("Emmy Noether", "Noether", "Emmy", None),
        ("Oscar de la Cruz y Vega", "de la Cruz y Vega", "Oscar", None),
        ("José Ortega y Gasset", "Ortega y Gasset", "José", None),
        ("Laurens van der Maaten", "van der Maaten", "Laurens", None),
        ("S. M. de Bruyn Kops", "de Bruyn Kops", "S. M.", None),
        ("Albert Guillén i Fàbregas", "Guillén i Fàbregas", "Albert", None),
        ("Rob Van der Goot", "Van der Goot", "Rob", None),
        ("Artur d'Avila Garcez", "d'Avila Garcez", "Artur", None),
        ("Martin King Jr.", "King", "Martin", "Jr."),
        ("Robert J. Webster III", "Webster", "Robert J.", "III"),
        ("Jane Doe Ph.D.", "Doe", "Jane", "Ph.D."),
        ("A. Jones S.J.", "Jones", "A.", "S.J."),
        ("Nguyen Van Anh", "Anh", "Nguyen Van", None),
        ("Madonna", "Madonna", None, None),
        ("陶哲轩", "陶哲轩", None, None),
        ("山田 太郎", "山田", "太郎", None),
        ("The Anh Han", "Han", "The Anh", None),
        ("Laura in 't Veld", "in 't Veld", "Laura", None),
        ("Sofia de la Fuente Garcia", "Garcia", "Sofia de la Fuente", None),
        ("The ATLAS Collaboration", "The ATLAS Collaboration", None, None),
        ("Essential AI", "Essential AI", None, None),
        ("Wei Ai", "Ai", "Wei", None),
        (r"{\v S}arka K{\"o}hler", r"K{\"o}hler", r"{\v S}arka", None),
        ("the H.E.S.S. Collaboration", "the H.E.S.S. Collaboration", None, None),
        ("Qwen Team", "Qwen Team", None, None),
        ("NVIDIA", "NVIDIA", None, None),
    ],
)
def test_a_name_is_split(name: str, family: str, given: str | None, suffix: str | None) -> None:
    assert split_name(name) == Author(name, family, given, suffix)


def test_a_name_that_begins_with_the_family_is_turned_round() -> None:
    assert split_name("Knuth, Donald E.") == Author("Donald E. Knuth", "Knuth", "Donald E.")
    assert split_name("Team, Qwen") == Author("Qwen Team", "Qwen Team")
    assert split_name("Martin King, Jr.") == Author("Martin King, Jr.", "King", "Martin", "Jr.")


@pytest.mark.parametrize(
    ("line", "families"),
    [
        ("the H.E.S.S. Collaboration: F. Aharonian", ["the H.E.S.S. Collaboration", "Aharonian"]),
        ("NVIDIA, :, Aaron Blakeman", ["NVIDIA", "Blakeman"]),
        ("Essential AI, :, Andrew Hojel", ["Essential AI", "Hojel"]),
        ("John Smith, Ph.D. and Jane Doe, III", ["Smith", "Doe"]),
        ("A. Author and others", ["Author", None]),
        ("Smith, J., van der Waals, J. D.", ["Smith", "van der Waals"]),
        ("A. Author, et al.", ["Author", None]),
        ("A. Author et al.", ["Author", None]),
        ("A. Author on behalf of the ATLAS Collaboration", ["Author", "the ATLAS Collaboration"]),
        ("J. Smith (for the ATLAS Collaboration)", ["Smith"]),
        (" : ", []),
        (r"A. Aaa <a@b.org>, B. Bbb$^{1,2}$, C. Ccc* and D. Ddd†", ["Aaa", "Bbb", "Ccc", "Ddd"]),
    ],
)  # fmt: skip
def test_a_line_of_names_is_read(line: str, families: list[str | None]) -> None:
    assert [author.family for author in read_names(line)] == families


def test_a_group_that_a_source_split_is_made_whole() -> None:
    assert people([Author("Qwen Team", "Team", "Qwen"), Author("An Yang", "Yang", "An")]) == [
        Author("Qwen Team", "Qwen Team"),
        Author("An Yang", "Yang", "An"),
    ]


def test_the_names_of_the_sample_come_back() -> None:
    back = total = 0
    for record in read_lines(shared("arxiv/arxiv-metadata-sample.jsonl.gz")):
        assert isinstance(record.value, Paper)
        parsed = Counter((author.family, author.given) for author in record.value.authors)
        line = ", ".join(author.name for author in record.value.authors)
        back += (parsed & Counter((author.family, author.given) for author in read_names(line))).total()
        total += parsed.total()
    assert back / total >= 0.995
