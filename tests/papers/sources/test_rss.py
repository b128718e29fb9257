"""The feeds' announcements: the same papers from RSS and Atom, on the day where arXiv is, of the kind they were."""

from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest

from app.errors import FileError, RecordError, SourceError
from app.papers.models import Author, Paper
from app.papers.sources.documents import is_document, read_document
from app.papers.sources.oai import Deleted
from app.papers.sources.rss import read_feed, read_rss
from tests.papers.sources.arxiv_forms import (
    Sample,
    atom_entry,
    atom_error,
    atom_feed,
    feed_document,
    feed_entry,
    oai_deleted,
    oai_error,
    oai_list,
    oai_record,
    rss_document,
)

DAY = date(2026, 11, 23)
SENT = datetime(2026, 11, 20, tzinfo=UTC)
SAMPLE = Sample(
    "2611.00012", sent=(SENT, SENT), categories=("cs.NA", "math.NA", "cs.AI"), kind="replace-cross"
)


def test_both_forms_of_the_feed_tell_the_same() -> None:
    atom = read_feed(feed_document(feed_entry(SAMPLE, DAY)), "feed")
    assert atom == read_feed(rss_document([SAMPLE], DAY), "feed")
    assert atom.day == DAY
    assert atom.papers == (
        Paper(
            id="2611.00012",
            version=2,
            title="On the zeros of a function",
            abstract="We count zeros.\n  A second paragraph has $x<y$ & more.",
            authors=(
                Author("Emmy Noether", "Noether", "Emmy"),
                Author("Martin King Jr.", "King", "Martin", "Jr."),
            ),
            categories=("math.NA", "cs.AI"),
            primary_category="math.NA",
            announced=DAY,
            announce_type="replace-cross",
        ),
    )


@pytest.mark.parametrize("kind", ["new", "cross", "replace", "replace-cross", "absonly"])
def test_each_kind_of_announcement_is_kept(kind: str) -> None:
    (paper,) = read_feed(feed_document(feed_entry(Sample("2611.00001", kind=kind), DAY)), "feed").papers
    assert paper.announce_type == kind


def test_journal_and_doi_are_reported() -> None:
    sample = Sample("2611.00001", journal_ref="J. 1", doi="10.1000/1")
    (paper,) = read_feed(feed_document(feed_entry(sample, DAY)), "feed").papers
    assert (paper.journal_ref, paper.doi) == ("J. 1", "10.1000/1")


def test_at_weekends_nothing_is_announced() -> None:
    for body in (feed_document(""), rss_document([], DAY)):
        feed = read_feed(body, "feed")
        assert (feed.day, feed.papers, feed.problems) == (None, (), ())


def test_a_feed_of_an_error_is_raised_in_its_words() -> None:
    with pytest.raises(SourceError, match="Bad archive 'css'"):
        read_feed(feed_document("", "Feed error for query: css", "Bad archive 'css'."), "feed")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (">replace-cross</arxiv", ">withdrawn</arxiv", "withdrawn"),
        ("oai:arXiv.org:2611.00012v2", "oai:elsewhere:1", "elsewhere"),
        ("T00:00:00-05:00", " at midnight", "midnight"),
        ("<title>On the zeros of a function</title>", "", "no title"),
    ],
)
def test_a_bad_announcement_is_reported_and_the_next_one_read(old: str, new: str, words: str) -> None:
    entry = feed_entry(SAMPLE, DAY)
    assert old in entry
    problem, paper = read_rss(BytesIO(feed_document(entry.replace(old, new) + entry)), "f.xml")
    assert isinstance(problem, RecordError)
    assert words in str(problem)
    assert isinstance(paper, Paper)


def test_a_file_of_any_of_the_formats_is_read_from_disk(tmp_path: Path) -> None:
    samples = [Sample(f"2611.0000{n}") for n in range(1, 4)]
    bodies = {
        "api.xml": atom_feed("".join(map(atom_entry, samples)), 3),
        "raw.xml": oai_list("".join(map(oai_record, samples))),
        "split.xml": oai_list("".join(oai_record(sample, "arXiv") for sample in samples)),
        "feed.atom": feed_document("".join(feed_entry(sample, DAY) for sample in samples)),
        "feed.rss": rss_document(samples, DAY),
    }
    for name, body in bodies.items():
        assert is_document(body[:100])
        (tmp_path / name).write_bytes(body)
        entries = list(read_document(tmp_path / name))
        assert [entry.value.id for entry in entries if isinstance(entry.value, Paper)] == [
            s.id for s in samples
        ]
        assert [entry.offset for entry in entries] == [1, 2, 3]
        assert list(read_document(tmp_path / name, start=2)) == entries[2:]


def test_deletions_and_refusals_in_files_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "f.xml"
    path.write_bytes(oai_list(oai_deleted("2611.00001", "2026-11-21")))
    (entry,) = read_document(path)
    assert isinstance(entry.value, Deleted)
    path.write_bytes(atom_error("incorrect id format for x"))
    (entry,) = read_document(path)
    assert isinstance(entry.value, RecordError)
    assert "incorrect id format for x" in str(entry.value)
    path.write_bytes(oai_error("badArgument", "no such set"))
    (entry,) = read_document(path)
    assert isinstance(entry.value, RecordError)
    assert "(badArgument): no such set" in str(entry.value)


def test_files_that_are_missing_cut_or_something_else_say_so(tmp_path: Path) -> None:
    import gzip

    body = gzip.compress(atom_feed("".join(atom_entry(Sample(f"2401.{n:05}")) for n in range(1, 200)), 199))
    path = tmp_path / "f.xml.gz"
    path.write_bytes(body)
    assert sum(isinstance(entry.value, Paper) for entry in read_document(path)) == 199
    path.write_bytes(body[:-500])
    *_, last = read_document(path)
    assert isinstance(last.value, RecordError)
    assert "compressed" in str(last.value)
    path.write_bytes(b"<html></html>")
    (entry,) = read_document(path)
    assert "<html>" in str(entry.value)
    with pytest.raises(FileError, match=r"missing\.xml"):
        list(read_document(tmp_path / "missing.xml"))
    assert not is_document(b'{"id": "2401.00001"}')
