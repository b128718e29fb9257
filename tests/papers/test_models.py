"""Identifiers: every way of naming a paper leads to its one id, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import NotFound
from app.papers.models import OLD_ARCHIVES, Paper, parse_id

versions = st.none() | st.integers(1, 9999)


@st.composite
def new_ids(draw: st.DrawFn) -> str:
    year, month = draw(st.integers(8, 99)), draw(st.integers(1, 12))
    digits = 4 if year < 15 else 5
    return f"{year:02}{month:02}.{draw(st.integers(1, 10**digits - 1)):0{digits}}"


@st.composite
def old_ids(draw: st.DrawFn) -> str:
    archive = draw(st.sampled_from(sorted(OLD_ARCHIVES)))
    month = f"{draw(st.integers(91, 99)):02}{draw(st.integers(1, 12)):02}"
    return f"{archive}/{month}{draw(st.integers(0, 999)):03}"


own_ids = st.integers(0, 9999).map(lambda number: f"quire/{number:04}")
arxiv_ids = new_ids() | old_ids()


@given(arxiv_ids | own_ids, versions)
def test_an_id_is_read_with_and_without_its_version(paper_id: str, version: int | None) -> None:
    written = paper_id if version is None else f"{paper_id}v{version}"
    assert parse_id(written) == (paper_id, version)
    assert parse_id(f"  {written}\n") == (paper_id, version)


@given(
    arxiv_ids,
    versions,
    st.sampled_from(
        [
            "https://arxiv.org/abs/{}",
            "http://www.arxiv.org/pdf/{}.pdf",
            "arxiv.org/pdf/{}",
            "https://export.arxiv.org/abs/{}?context=cs",
            "https://arxiv.org/html/{}#S2",
            "https://papers.cool/arxiv/{}",
            "https://www.alphaxiv.org/abs/{}",
            "arXiv:{}",
            "arxiv: {}",
            "arXiv:{} [math.GT]",
            "10.48550/arXiv.{}",
            "https://doi.org/10.48550/arXiv.{}",
        ]
    ),
)
def test_what_people_paste_leads_to_the_id(paper_id: str, version: int | None, form: str) -> None:
    written = paper_id if version is None else f"{paper_id}v{version}"
    assert parse_id(form.format(written)) == (paper_id, version)


def test_a_subject_class_inside_an_old_id_is_left_out() -> None:
    assert parse_id("math.GT/0309136") == ("math/0309136", None)
    assert parse_id("math.GT/0309136v2") == ("math/0309136", 2)


@pytest.mark.parametrize(
    "text",
    [
        *["", "cs.AI", "2401.1234", "1406.12345", "2413.12345", "0703.0001", "2401.00000"],
        *["2401.12345v0", "2401.12345v", "2401.12345x", "2401.12345 [cs.AI]", "٢٤٠١.12345", "9" * 501],
        *["foo/0211159", "math/021115", "math/0213159", "quire/1", "2401.12345,2401.12346"],
        *["https://arxiv.org/list/cs.AI/new", "https://example.org/abs/2401.12345"],
    ],
)
def test_anything_else_names_no_paper(text: str) -> None:
    with pytest.raises(NotFound, match="is not a paper's id"):
        parse_id(text)


@given(st.text(alphabet="0123456789.v/arXiv:htps-mGT quire", max_size=40))
def test_what_is_read_is_an_id_again(text: str) -> None:
    try:
        paper_id, _ = parse_id(text)
    except NotFound:
        return
    assert parse_id(paper_id) == (paper_id, None)


def test_a_paper_leads_to_its_version_its_doi_and_its_code() -> None:
    paper = Paper(
        id="2401.12345",
        title="",
        abstract="Code: https://github.com/a/b. It runs.",
        version=2,
        doi="10.1000/x",
        comment="see (https://github.com/a/b), https://example.org",
    )
    assert [(link.relation, link.href) for link in paper.links] == [
        ("abstract", "https://arxiv.org/abs/2401.12345v2"),
        ("pdf", "https://arxiv.org/pdf/2401.12345v2"),
        ("doi", "https://doi.org/10.1000/x"),
        ("code", "https://github.com/a/b"),
    ]


@pytest.mark.parametrize(
    ("comment", "withdrawn"),
    [
        ("This paper has been withdrawn by the author due to a crucial error", True),
        ("12 pages. Withdrawn due to an error in Lemma 3", True),
        ("The authors have withdrawn this paper", True),
        ("This submission has been withdrawn by arXiv administrators", True),
        ("Paper withdrawn", True),
        ("Withdrawn from ICLR 2024", False),
        ("ICLR 2024 withdrawn submission", False),
        ("supersedes the withdrawn paper arXiv:1234.5678", False),
        (None, False),
    ],
)
def test_a_comment_tells_that_a_paper_is_withdrawn(comment: str | None, withdrawn: bool) -> None:
    paper = Paper("2401.12345", "", "", comment=comment)
    assert paper.is_withdrawn is withdrawn
    assert any(link.relation == "pdf" for link in paper.links) is not withdrawn
