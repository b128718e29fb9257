"""Records and pages of OAI-PMH: versions, tokens, deletions and errors mean what the protocol says."""

from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import RecordError, SourceError
from app.papers.models import Author, Paper, Version
from app.papers.sources.names import read_names
from app.papers.sources.oai import Deleted, read_oai, read_page
from tests.papers.sources.arxiv_forms import (
    Sample,
    oai_deleted,
    oai_document,
    oai_error,
    oai_list,
    oai_record,
)

SAMPLE = Sample(
    "2611.00012",
    title="Schr\\\"odinger's\n  cat",
    categories=("cs.NA", "math.NA", "cs.LG"),
    sent=(datetime(2026, 11, 3, 9, 8, 7, tzinfo=UTC), datetime(2026, 11, 19, 23, 59, 59, tzinfo=UTC)),
    datestamp=date(2026, 11, 20),
    comments="12 pages,\n 3 figures",
    journal_ref="J. Cats 1 (2026)",
    doi="10.1000/1",
    msc="81P05 (Primary), 81-01",
)


def one(record: str) -> Paper | Deleted | RecordError:
    (value,) = read_oai(BytesIO(oai_list(record)), "f.xml")
    return value


def paper(record: str) -> Paper:
    value = one(record)
    assert isinstance(value, Paper)
    return value


def test_arxivraw_tells_versions_and_leaves_the_texts() -> None:
    assert paper(oai_record(SAMPLE)) == Paper(
        id="2611.00012",
        version=2,
        title="Schr\\\"odinger's cat",
        abstract="We count zeros.\n  A second paragraph has $x<y$ & more.",
        authors=(
            Author("Emmy Noether", "Noether", "Emmy"),
            Author("Martin King Jr.", "King", "Martin", "Jr."),
        ),
        categories=("math.NA", "cs.LG"),
        primary_category="math.NA",
        subject_classes=("81P05 (Primary)", "81-01"),
        announced=date(2026, 11, 20),
        published=datetime(2026, 11, 3, 9, 8, 7, tzinfo=UTC),
        updated=datetime(2026, 11, 19, 23, 59, 59, tzinfo=UTC),
        comment="12 pages, 3 figures",
        doi="10.1000/1",
        journal_ref="J. Cats 1 (2026)",
        versions=(
            Version(1, datetime(2026, 11, 3, 9, 8, 7, tzinfo=UTC)),
            Version(2, datetime(2026, 11, 19, 23, 59, 59, tzinfo=UTC)),
        ),
    )


def test_arxiv_parts_names_and_tells_days() -> None:
    found = paper(oai_record(SAMPLE, "arXiv"))
    assert found.authors == (
        Author("Emmy Noether", "Noether", "Emmy"),
        Author("Martin King Jr.", "King", "Martin", "Jr."),
    )
    assert (found.version, found.announced) == (None, date(2026, 11, 20))
    assert found.updated == datetime(2026, 11, 19, tzinfo=UTC)


@pytest.mark.parametrize(
    ("paper_id", "published"), [("2611.00012", datetime(2026, 11, 19, tzinfo=UTC)), ("2403.00012", None)]
)
def test_created_is_the_first_versions_day_only_where_the_id_agrees(
    paper_id: str, published: datetime | None
) -> None:
    sample = Sample(paper_id, sent=(datetime(2026, 11, 19, tzinfo=UTC),))
    assert paper(oai_record(sample, "arXiv")).published == published


def test_a_datestamp_long_after_the_last_version_is_no_announcement() -> None:
    late = Sample("2403.00012", sent=(datetime(2024, 3, 1, tzinfo=UTC),), datestamp=date(2026, 11, 20))
    assert paper(oai_record(late)).announced is None


def test_versions_may_stand_in_any_order() -> None:
    record = oai_record(SAMPLE).replace('"v1"', '"v0"').replace('"v2"', '"v1"').replace('"v0"', '"v2"')
    found = paper(record)
    assert (found.version, found.updated) == (2, SAMPLE.sent[0])
    assert found.published == SAMPLE.sent[1]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<id>2611.00012</id>", "<id>2613.00012</id>", "2613.00012"),
        ("GMT", "", ""),
        ("Thu, 19 Nov 2026", "Yesterday", "date"),
        ('version="v2"', 'version="two"', "two"),
        ("2026-11-20", "20th of November", "datestamp"),
        ("<header>", "<heading>", "well-formed"),
        ("http://arxiv.org/OAI/arXivRaw/", "http://www.openarchives.org/OAI/2.0/oai_dc/", "arXivRaw"),
    ],
)
def test_a_bad_record_is_reported_and_the_next_one_read(old: str, new: str, words: str) -> None:
    assert old in oai_record(SAMPLE)
    values = list(
        read_oai(BytesIO(oai_list(oai_record(SAMPLE).replace(old, new) + oai_record(SAMPLE))), "f.xml")
    )
    problems = [value for value in values if isinstance(value, RecordError)]
    if not words:
        assert not problems
    elif words == "well-formed":
        assert len(values) == 1
    else:
        assert isinstance(values[1], Paper)
    assert all(words in str(problem) for problem in problems)
    assert len(problems) == bool(words)


def test_a_deleted_record_is_reported_and_not_taken_for_a_paper() -> None:
    assert one(oai_deleted("math.GT/0309136", "2026-11-21")) == Deleted("math/0309136", date(2026, 11, 21))
    page = read_page(oai_list(oai_deleted("2611.00001", "2026-11-21") + oai_record(SAMPLE)), "oai")
    assert [deleted.id for deleted in page.deleted] == ["2611.00001"]
    assert [found.id for found in page.papers] == ["2611.00012"]
    assert page.reached == date(2026, 11, 21)


@pytest.mark.parametrize(
    ("token", "kept"), [(None, None), ("", None), ("verb%3DListRecords%26skip%3D3", ...)]
)
def test_a_page_tells_what_the_next_one_is_asked_with(token: str | None, kept: object) -> None:
    page = read_page(oai_list(oai_record(SAMPLE), token), "oai")
    assert page.token == (token if kept is ... else None)
    assert page.responded == date(2026, 11, 23)
    assert not page.expired


def test_nothing_new_is_an_empty_page() -> None:
    page = read_page(oai_error("noRecordsMatch", "nothing"), "oai")
    assert (page.papers, page.token, page.reached, page.expired) == ((), None, None, False)


def test_a_token_that_is_no_longer_known_is_no_failure_yet() -> None:
    assert read_page(oai_error("badResumptionToken", "expired"), "oai").expired


@pytest.mark.parametrize("code", ["badArgument", "badVerb", "cannotDisseminateFormat", "noSetHierarchy"])
def test_other_errors_are_raised_in_the_servers_words(code: str) -> None:
    with pytest.raises(SourceError, match=f"{code}.*start date too early"):
        read_page(oai_error(code, "start date too early"), "oai")


def test_an_answer_without_a_date_is_none() -> None:
    body = oai_document("").replace(b"responseDate", b"answerDate")
    with pytest.raises(SourceError, match="responseDate"):
        read_page(body, "oai")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Emmy Noether", ["Emmy Noether"]),
        ("A. One, B. Two and C. Three", ["A. One", "B. Two", "C. Three"]),
        ("A. One, B. Two, and C. Three", ["A. One", "B. Two", "C. Three"]),
        ("A. One (MIT, Cambridge (USA)) and B. Two (1 and 2)", ["A. One", "B. Two"]),
        ("ATLAS Collaboration: G. Aad, B. Abbott", ["ATLAS Collaboration", "G. Aad", "B. Abbott"]),
        ("M. King, Jr., F. Sanders III", ["M. King Jr.", "F. Sanders III"]),
        ("H. Sanders, III and Anders Andersson", ["H. Sanders III", "Anders Andersson"]),
        ("Sandy Rand & Band", ["Sandy Rand", "Band"]),
        ("J.\\,P. Serre, L. Carle{\\c c}on", ["J.\\,P. Serre", "L. Carle{\\c c}on"]),
        ("A. One (unclosed, B. Two", ["A. One (unclosed", "B. Two"]),
        ("", []),
        (" , ,and ", []),
    ],
)
def test_a_line_of_names_is_parted_into_authors(line: str, names: list[str]) -> None:
    assert [author.name for author in read_names(line)] == names


@given(st.text())
def test_any_line_of_names_can_be_read(line: str) -> None:
    assert all(author.name.strip() for author in read_names(line))
