"""Citations: every format can be read back, and no paper's text breaks out of its field."""

import re
from dataclasses import replace

import orjson
import pytest
from bibtexparser.entrypoint import parse_string as read_bibtex
from hypothesis import given
from hypothesis import strategies as st
from pybtex.database import parse_string

from app.errors import InputError
from app.papers.citations import bibtex, citation_key, cite, csl, markdown, ris
from app.papers.models import Author, Paper
from app.papers.sources.snapshot import read_lines
from tests.papers.samples import paper
from tests.shared import shared

hostile = st.text(alphabet="\\{}$%&#_^~,\"'`@=\n\r[]()*<> andETR-é学\u2028", max_size=60)

SAMPLE = Paper(
    id="2401.12345",
    title=r"50% of {R\&D} in $\mathbb{R}^{n}$: \emph{Erd\H{o}s}",
    abstract="One\ntwo.",
    version=2,
    authors=(Author("Paul Erdős Jr.", "Erdős", "Paul", "Jr."), Author("NVIDIA"), Author(":")),
    categories=("cs.AI", "math.CO"),
    primary_category="cs.AI",
    doi="10.1000/a_b",
    comment="5 pages",
)


def braces(text: str) -> int:
    """How deep the braces of a BibTeX text are at its end; fails where one closes too many."""
    depth = 0
    for character in re.sub(r"\\[{}]", "", text):
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    return depth


def test_bibtex_keeps_formulas_and_escapes_signs() -> None:
    entry = bibtex(SAMPLE)
    assert entry.startswith("@misc{arxiv-2401.12345,\n")
    assert r"title = {{50\% of R\&D in $\mathbb{R}^{n}$: Erd{\H o}s}}," in entry
    assert r"author = {Erd{\H o}s, Jr., Paul and {NVIDIA}}," in entry
    assert "doi = {10.1000/a_b}," in entry
    assert "eprint = {2401.12345}," in entry
    assert "year = {2024}," in entry


@given(hostile, hostile, hostile, hostile)
def test_bibtex_stays_balanced_whatever_a_paper_says(title: str, name: str, comment: str, doi: str) -> None:
    authors = (Author(name, name, name), Author("x", "and others, Jr.", "a and b"))
    entry = bibtex(paper(1, title=title, comment=comment, doi=doi, authors=authors))
    assert braces(entry) == 0
    fields = entry.splitlines()[1:-1]
    assert all(re.match(r"  [a-z]+ = (?:[a-z]{3},\Z|\{)", line) for line in fields)
    author = next(line for line in fields if line.startswith("  author"))
    assert len(re.split(r" and (?![^{]*\}[^,}])", author)) >= 1


@pytest.mark.parametrize(
    "text", [r"\input{/etc/passwd}", r"$\input{x}$", r"$\write18{rm}$", r"\csname end\endcsname"]
)
def test_a_title_can_not_make_a_document_do_more_than_typeset(text: str) -> None:
    assert not re.search(
        r"\\(input|write|csname)", bibtex(paper(1, title=text)).replace(r"{\textbackslash}", "|")
    )


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        (r"On $\|x\|_p \ne 1$ and $f\colon A$", "On ‖x‖_p ≠ 1 and f: A"),
        (r"The $\argmin_x f$ of $\mathop{\rm tr}\limits_x$", "The argmin_x f of tr_x"),
        (r"$\texttt{Complex-Edit}$ in $\textsf{BQP}$ on $\mathds{R}^n$", "Complex-Edit in BQP on R^n"),
    ],
)
def test_a_title_loses_no_sign_of_its_formulas(title: str, shown: str) -> None:
    assert csl(paper(1, title=title))["title"] == shown


def test_ris_is_one_tag_a_line() -> None:
    lines = ris(paper(1, title="A\r\nER  - x", abstract="a\nTY  - JOUR")).split("\r\n")
    assert [line for line in lines if line.startswith(("ER", "TY"))] == ["TY  - MANSCPT", "ER  - "]
    assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in lines if line)
    assert "AU  - Lovelace, Ada" in lines


@given(hostile, hostile)
def test_ris_has_no_line_that_a_paper_made(title: str, name: str) -> None:
    lines = ris(paper(1, title=title, authors=(Author(name or "x"),))).split("\r\n")
    assert all(re.match(r"[A-Z][A-Z0-9]  - [^\r\n\u2028]*\Z", line) for line in lines if line)
    assert sum(line.startswith("ER") for line in lines) == 1


def test_csl_tells_people_from_collaborations() -> None:
    item = csl(SAMPLE)
    assert item["author"] == [{"family": "Erdős", "given": "Paul", "suffix": "Jr."}, {"literal": "NVIDIA"}]
    assert item["title"] == "50% of R&D in ℝ^n: Erdős"
    assert item["issued"] == {"date-parts": [[2024, 1]]}
    assert orjson.loads(cite([SAMPLE, SAMPLE], "csl")) == [item, item]


def test_markdown_escapes_prose_and_leaves_formulas() -> None:
    line = markdown(paper(1, title="_a_ [b](c) $x_{i}$ <i>"))
    assert r"**\_a\_ \[b\](c) $x_{i}$ \<i\>**" in line
    assert "[arXiv:2601.00001](https://arxiv.org/abs/2601.00001)" in line
    assert "\n" not in line


def test_keys_are_made_of_ids_alone() -> None:
    assert citation_key(SAMPLE) == "arxiv-2401.12345"
    assert citation_key(Paper("math/0211159", "", "")) == "arxiv-math-0211159"
    assert citation_key(Paper("quire/0001", "", "")) == "quire-0001"


def test_a_note_of_our_own_cites_itself() -> None:
    note = Paper("quire/0001", "A note", "", authors=(Author("Quire"),))
    assert "eprint" not in bibtex(note)
    assert "PB  - Quire" in ris(note)


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(InputError, match=r"'docx'.*bibtex, ris, csl, markdown"):
        cite([SAMPLE], "docx")


@pytest.mark.parametrize("form", ["bibtex", "ris", "csl", "markdown"])
def test_no_papers_are_an_empty_list(form: str) -> None:
    assert cite([], form).strip() in ("", "[]")


def test_what_the_source_does_not_tell_is_left_out() -> None:
    entry = bibtex(SAMPLE)
    assert "  month = jan,\n" in entry
    assert "  day = " not in entry
    assert "DA  - 2024/01\r\n" in ris(SAMPLE)


def test_the_comment_and_the_journal_have_fields_of_their_own_and_each_doi_counts() -> None:
    one = replace(SAMPLE, journal_ref="Phys. Rev. 5", doi="10.1000/a_b 10.1000/c")
    entry = bibtex(one)
    assert "note = {Phys. Rev. 5}," in entry
    assert "annote = {5 pages}," in entry
    assert "doi = {10.1000/a_b, 10.1000/c}," in entry
    assert ris(one).count("DO  - ") == 2
    assert csl(one)["DOI"] == "10.1000/a_b"


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("From $5 to $10, where $x$ costs $3", r"From \$5 to \$10, where $x$ costs \$3"),
        (r"{\it Ab initio} study of {CuO$_2$}", "Ab initio study of CuO$_2$"),
        ('A "new" age of "R&D"', r"A ``new'' age of ``R\&D''"),
        ("An open { brace", r"An open \textbraceleft{} brace"),
        (r"Sets $\{x\}$", r"Sets $\lbrace x\rbrace $"),
        ("α-decay in $β$ form", r"$\alpha$-decay in $\beta$ form"),
        ("$Δx$, a±b… of Šimůnek", r"$\Delta x$, a$\pm$b{\textellipsis} of {\v S}im{\r u}nek"),
        ("Nguyễn, Đỗ, Иван", r"Nguy{\~{\^{e}}}n, Đ{\~{\^{o}}}, Иван"),
    ],
)
def test_a_title_is_written_so_that_bibtex_and_pdflatex_read_it(title: str, written: str) -> None:
    assert f"title = {{{{{written}}}}}," in bibtex(paper(1, title=title))


@pytest.mark.parametrize(
    ("title", "written"),
    [
        (r"$\mbox{YBa}_2$ films", "YBa_2 films"),
        (r"An $O(n\log n)$ bound", "An O(n log n) bound"),
        (r"Primes $p\equiv\tfrac12 \mod 4$", "Primes p≡1/2 mod 4"),
        (r"A few $\arcmin$ wide", "A few arcmin wide"),
    ],
)
def test_a_title_of_other_programs_loses_no_word_of_a_formula(title: str, written: str) -> None:
    assert csl(paper(1, title=title))["title"] == written


def test_groups_are_cited_whole() -> None:
    names = (
        Author("Qwen Team", "Team", "Qwen"),
        Author(":", ":"),
        Author("An Yang", "Yang", "An"),
        Author("et al."),
    )
    one = paper(1, authors=names)
    assert "author = {{Qwen Team} and Yang, An and others}," in bibtex(one)
    assert csl(one)["author"][:2] == [{"literal": "Qwen Team"}, {"family": "Yang", "given": "An"}]
    assert "AU  - Qwen Team\r\n" in ris(one)


@pytest.fixture(scope="module")
def sample() -> list[Paper]:
    read = (record.value for record in read_lines(shared("arxiv/arxiv-metadata-sample.jsonl.gz")))
    return [value for value in read if isinstance(value, Paper)]


def test_pybtex_reads_every_entry_of_the_sample_strictly(sample: list[Paper]) -> None:
    entries = parse_string(cite(sample, "bibtex"), "bibtex").entries
    assert len(entries) == len({paper.id for paper in sample})
    for one in sample[:2000]:
        people = entries[citation_key(one)].persons["author"]
        assert all(person.last_names for person in people)


def test_bibtexparser_reads_every_entry_of_the_sample(sample: list[Paper]) -> None:
    library = read_bibtex(cite(sample, "bibtex"))
    assert not library.failed_blocks
    assert len(library.entries) == len(sample)
