"""arXiv's Atom becomes papers; what is hostile or broken is refused by name, and nothing else with it."""

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import RecordError, SourceError
from app.papers.models import Author, Paper
from app.papers.sources.atom import read_answer, read_atom
from app.papers.sources.markup import MarkupError
from tests.papers.sources.arxiv_forms import Sample, atom_entry, atom_error, atom_feed

KNOWN = b"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <opensearch:totalResults xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">7</opensearch:totalResults>
  <entry>
    <id>http://arxiv.org/abs/math.GT/0309136v2</id>
    <updated>2007-10-12T11:18:49Z</updated>
    <published>2007-10-10T13:58:06-04:00</published>
    <title>On coincidence of regularized  $\\sigma$-model and
  Nambu-Goto areas</title>
    <summary>  For the $\\sigma$-model we
calculate $a < b$ ]]&gt; values.

  Second paragraph.
</summary>
    <author><name>Bj\xc3\xb6rn
   \xe9\x99\xb6\xe5\x93\xb2\xe8\xbd\xa9</name>
      <arxiv:affiliation xmlns:arxiv="http://arxiv.org/schemas/atom">MIT</arxiv:affiliation></author>
    <author><name> </name></author>
    <a:doi xmlns:a="http://arxiv.org/schemas/atom">10.1134/S0021364007210011</a:doi>
    <a:doi xmlns:a="http://arxiv.org/schemas/atom">10.1000/2</a:doi>
    <link title="doi" href="http://dx.doi.org/10.1134/S0021364007210011" rel="related"/>
    <arxiv:comment xmlns:arxiv="http://arxiv.org/schemas/atom">3 pages, corrected
  some misprints</arxiv:comment>
    <arxiv:journal_ref xmlns:arxiv="http://arxiv.org/schemas/atom">JETP Lett.86:559-561,2008</arxiv:journal_ref>
    <arxiv:primary_category xmlns:arxiv="http://arxiv.org/schemas/atom" term="math.NA"/>
    <category term="cs.LG"/><category term="cs.NA"/><category term="math.NA"/>
    <category term="14J60 (Primary) 14F05, 14J26 (Secondary)"/>
  </entry>
</feed>
""".replace(b"a < b", b"a &lt; b")


def papers_of(body: bytes) -> list[Paper | RecordError]:
    return list(read_atom(BytesIO(body), "f.xml"))


def test_an_entry_becomes_a_paper_with_all_that_it_tells() -> None:
    assert papers_of(KNOWN) == [
        Paper(
            id="math/0309136",
            version=2,
            title="On coincidence of regularized  $\\sigma$-model and Nambu-Goto areas",
            abstract="For the $\\sigma$-model we\ncalculate $a < b$ ]]> values.\n\n  Second paragraph.",
            authors=(Author("Björn 陶哲轩", "陶哲轩", "Björn"),),
            categories=("cs.LG", "math.NA"),
            primary_category="math.NA",
            subject_classes=("14J60 (Primary) 14F05", "14J26 (Secondary)"),
            announced=None,
            published=datetime(2007, 10, 10, 17, 58, 6, tzinfo=UTC),
            updated=datetime(2007, 10, 12, 11, 18, 49, tzinfo=UTC),
            comment="3 pages, corrected some misprints",
            doi="10.1134/S0021364007210011 10.1000/2",
            journal_ref="JETP Lett.86:559-561,2008",
        )
    ]
    assert read_answer(KNOWN, "api").total == 7


visible = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), min_size=1).filter(
    str.strip
)


@given(visible, visible, st.lists(visible, min_size=1, max_size=4))
def test_texts_come_through_as_they_are_but_for_the_wrapping(
    title: str, abstract: str, names: list[str]
) -> None:
    sample = Sample("2401.12345", title, abstract, tuple((name, "", "") for name in names))
    (paper,) = papers_of(atom_feed(atom_entry(sample), 1))
    assert isinstance(paper, Paper)
    assert paper.title == title.strip(" ")
    assert paper.abstract == abstract.strip(" ")
    told = [name for name in names if any(map(str.isalnum, name))]
    assert [author.name for author in paper.authors] == [" ".join(name.split()) for name in told]


def test_an_error_entry_is_the_servers_refusal_in_its_own_words() -> None:
    body = atom_error("start must be non-negative")
    with pytest.raises(SourceError, match="start must be non-negative"):
        read_answer(body, "api")
    (problem,) = papers_of(body)
    assert isinstance(problem, RecordError)
    assert "start must be non-negative" in str(problem)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("http://arxiv.org/abs/2401.00002v1", "http://arxiv.org/abs/nonsense", "nonsense"),
        ("http://arxiv.org/abs/2401.00002v1", "", "id is missing"),
        ("<title>Second</title>", "<title> \n </title>", "no title"),
        ("<summary>Count.</summary>", "", "no summary"),
        ("<published>2026", "<published>MMXXVI", "published is an instant"),
        ("<updated>2026", "<updated>99999", "updated is an instant"),
    ],
)
def test_a_bad_entry_is_reported_with_its_line_and_the_others_are_read(
    old: str, new: str, words: str
) -> None:
    samples = [
        Sample(f"2401.0000{n}", title, "Count.") for n, title in ((1, "First"), (2, "Second"), (3, "Third"))
    ]
    good = [atom_entry(sample) for sample in samples]
    assert old in good[1]
    body = atom_feed(good[0] + good[1].replace(old, new) + good[2], 3)
    first, problem, last = papers_of(body)
    assert isinstance(first, Paper)
    assert isinstance(last, Paper)
    assert (first.id, last.id) == ("2401.00001", "2401.00003")
    assert isinstance(problem, RecordError)
    assert words in str(problem)
    assert problem.path == "f.xml"
    assert body.decode().splitlines()[problem.line - 1].strip() == "<entry>"
    assert problem.line > 10


HOSTILE = {
    "entities that grow": b'<!DOCTYPE f [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><feed>&b;</feed>',
    "an entity that reads a file": b'<!DOCTYPE f [<!ENTITY a SYSTEM "file:///etc/passwd">]><feed>&a;</feed>',
    "a document type elsewhere": b'<!DOCTYPE f SYSTEM "http://127.0.0.1:9/f.dtd"><feed/>',
    "parameter entities": b'<!DOCTYPE f [<!ENTITY % a SYSTEM "http://127.0.0.1:9/"> %a;]><feed/>',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_bombs_and_references_elsewhere_are_refused(body: bytes) -> None:
    body = b'<?xml version="1.0"?>' + body.replace(b"<feed", b'<feed xmlns="http://www.w3.org/2005/Atom"')
    (problem,) = papers_of(body)
    assert "refused" in str(problem)
    with pytest.raises(MarkupError) as refusal:
        read_answer(body, "api")
    assert not refusal.value.cut


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"Rate exceeded.", "not well-formed XML"),
        (b"<html><body>Sorry</body></html>", "<html>"),
        (atom_feed("<entry>" + "<x>" * 100 + "</x>" * 100 + "</entry>", 0), "nested deeper"),
        (atom_feed("<entry>" + "<x>" * 200_000, 0), "nested deeper"),
        (KNOWN[:-300], "not well-formed XML"),
        (KNOWN.replace(b"</entry>", b"\xff</entry>"), "not well-formed XML"),
    ],
)
def test_what_is_no_whole_feed_is_said_to_be_none(body: bytes, words: str) -> None:
    *_, problem = papers_of(body)
    assert isinstance(problem, RecordError)
    assert words in str(problem)
    assert "what follows is not read" in str(problem)


def test_what_was_read_before_the_file_breaks_off_is_kept() -> None:
    body = atom_feed(atom_entry(Sample("2401.00001")) + atom_entry(Sample("2401.00002")), 2)
    first, problem = papers_of(body[: body.index(b"2401.00002")])
    assert isinstance(first, Paper)
    assert isinstance(problem, RecordError)


def test_a_control_character_costs_itself_and_not_the_page() -> None:
    (paper,) = papers_of(atom_feed(atom_entry(Sample("2401.00001", "A\x0cB")), 1))
    assert isinstance(paper, Paper)
    assert paper.title == "AB"


class Endless:
    """A stream of parts that are made as they are read."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self.given = 0

    def read1(self, size: int, /) -> bytes:
        part = next(self._parts, b"")
        self.given += len(part)
        return part


def test_memory_does_not_grow_with_the_file() -> None:
    head, foot = atom_feed("@", 0).split(b"@")
    entry = atom_entry(Sample("2401.00001", abstract="long " * 2000)).encode()

    def parts() -> Iterator[bytes]:
        yield head
        for _ in range(1500):
            yield entry
        yield foot

    stream = Endless(parts())
    tracemalloc.start()
    try:
        assert sum(isinstance(value, Paper) for value in read_atom(stream, "f.xml")) == 1500
        assert stream.given > 15e6
        assert tracemalloc.get_traced_memory()[1] < 3e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("start", [b"<entry><title>", b"<entry x='", b"<!-- ", b"  "])
def test_an_entry_without_end_is_given_up_at_the_limit(start: bytes) -> None:
    head, _ = atom_feed("@", 0).split(b"@")

    def parts() -> Iterator[bytes]:
        yield head + start
        while True:
            yield b"a " * 5000 if start.strip() else b"  " * 5000

    stream = Endless(parts())
    (problem,) = read_atom(stream, "f.xml", longest=1 << 20)
    assert "more than 1048576 bytes" in str(problem)
    assert stream.given < 2 << 20
