"""Files of records: what is read, and that nothing bad in one stops the rest or costs more than its limit."""

import gzip
import tracemalloc
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.errors import FileError, RecordError
from app.papers.answers import Answer
from app.papers.models import Author, Paper, Version
from app.papers.records import whole_record
from app.papers.sources.snapshot import Record, read_lines, read_notes, read_record
from tests.papers.samples import paper
from tests.shared import shared

SNAPSHOT: dict[str, Any] = {
    "id": "math.GT/0309136",
    "authors": "Ada Lovelace, Charles Babbage Jr.",
    "authors_parsed": [["Lovelace", "Ada", ""], ["Babbage", "Charles", "Jr."], ["NVIDIA", "", ""]],
    "title": "On  $x$\n  and y",
    "comments": "5 pages",
    "journal-ref": "J. 1",
    "doi": "10.1/x",
    "categories": "cs.NA math.NA 68T07,",
    "abstract": "  An abstract\nwith lines.\n",
    "versions": [
        {"version": "v1", "created": "Mon, 8 Sep 2003 19:18:42 GMT"},
        {"version": "v2", "created": "Tue, 9 Sep 2003 19:18:42 GMT"},
    ],
    "update_date": "2003-09-10",
}


def lines(path: Path, *content: bytes, **options: Any) -> list[Record]:
    path.write_bytes(b"\n".join(content))
    return list(read_lines(path, **options))


def test_a_record_of_the_snapshot_keeps_its_text() -> None:
    assert read_record(SNAPSHOT) == Paper(
        id="math/0309136",
        version=2,
        title="On  $x$\n  and y",
        abstract="  An abstract\nwith lines.\n",
        authors=(
            Author("Ada Lovelace", "Lovelace", "Ada"),
            Author("Charles Babbage Jr.", "Babbage", "Charles", "Jr."),
            Author("NVIDIA", "NVIDIA"),
        ),
        categories=("math.NA",),
        primary_category="math.NA",
        subject_classes=("68T07,",),
        announced=date(2003, 9, 10),
        published=datetime(2003, 9, 8, 19, 18, 42, tzinfo=UTC),
        updated=datetime(2003, 9, 9, 19, 18, 42, tzinfo=UTC),
        comment="5 pages",
        doi="10.1/x",
        journal_ref="J. 1",
        versions=(
            Version(1, datetime(2003, 9, 8, 19, 18, 42, tzinfo=UTC)),
            Version(2, datetime(2003, 9, 9, 19, 18, 42, tzinfo=UTC)),
        ),
    )


def test_our_own_form_reads_back_as_it_was() -> None:
    for given in (
        read_record(SNAPSHOT),
        paper(1),
        paper(2, body="# A", announced=None, subject_classes=("68",), announce_type="replace-cross"),
    ):
        assert isinstance(given, Paper)
        assert read_record(orjson.loads(orjson.dumps(whole_record(given)))) == given


def test_a_record_with_a_question_is_an_answer() -> None:
    record = {
        "id": "2601.00001v3",
        "version": None,
        "question": "Why?",
        "answer": "$x$",
        "model": "m",
    }
    assert read_record(record) == Answer("2601.00001", 3, "Why?", "m", None, "$x$")


BAD = {
    b"{": "not JSON",
    b'"text"': "JSON object",
    b"[" * 5000 + b"]" * 5000: "not JSON",
    b"\xff\xfe{}": "not UTF-8",
    b'{"id": "2601.00001", "title": "\x00"}': "not JSON",
    b'{"id": "2601.00001", "title": "\\u0000", "abstract": ""}': "NUL",
    b'{"id": "2601.00001", "title": "\\ud800", "abstract": ""}': "not JSON",
    b'{"title": "t", "abstract": "a"}': "id is missing",
    b'{"id": 7, "title": "t", "abstract": "a"}': "id is text, not 7",
    b'{"id": "nonsense", "title": "t", "abstract": "a"}': "id: 'nonsense' is not a paper's id",
    b'{"id": "2601.00001", "abstract": "a"}': "title is missing",
    b'{"id": "2601.00001", "title": "t"}': "abstract is missing",
    b'{"id": "2601.00001", "title": "t", "abstract": "a", "update_date": "yesterday"}': "update_date is a day",
    b'{"id": "2601.00001", "title": "t", "abstract": "a", "version": 0}': "version is a whole number",
    b'{"id": "2601.00001", "title": "t", "abstract": "a", "authors_parsed": [7]}': "authors_parsed holds lists",
    b'{"id": "2601.00001", "title": "t", "abstract": "a", "authors": [7]}': "authors holds names",
    b'{"id": "2601.00001", "title": "t", "abstract": "a", "update_date": null, "versions": [7]}': "versions holds",
    b'{"id": "2601.00001", "title": "t", "abstract": "a", "published": "x"}': "published is an instant",
    b'{"id": "2601.00001", "question": "q"}': "answer is missing",
}


@pytest.mark.parametrize("line", BAD, ids=BAD.values())
def test_a_bad_line_is_reported_and_passed_over(tmp_path: Path, line: bytes) -> None:
    good = orjson.dumps(SNAPSHOT)
    found = lines(tmp_path / "f.jsonl", good, b"", line, good)
    assert [record.line for record in found] == [1, 3, 4]
    error = found[1].value
    assert isinstance(error, RecordError)
    assert str(error).startswith(f"{tmp_path / 'f.jsonl'}:3: ")
    assert BAD[line] in str(error)
    assert found[0].value == found[2].value


def test_reading_goes_on_where_it_was_left(tmp_path: Path) -> None:
    content = [orjson.dumps(whole_record(paper(number))) for number in range(1, 20)]
    for path in (tmp_path / "f.jsonl", tmp_path / "f.jsonl.gz"):
        path.write_bytes(b"\n".join(content) if path.suffix != ".gz" else gzip.compress(b"\n".join(content)))
        whole = list(read_lines(path))
        for at, record in enumerate(whole):
            rest = list(read_lines(path, start=(record.line, record.offset)))
            assert [one.value for one in rest] == [one.value for one in whole[at + 1 :]]
            assert [one.line for one in rest] == [one.line for one in whole[at + 1 :]]


def test_a_line_without_end_costs_no_more_than_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl.gz"
    with gzip.open(path, "wb") as stream:
        stream.write(orjson.dumps(SNAPSHOT) + b"\n")
        for _ in range(40):
            stream.write(b"x" * (1 << 20))
        stream.write(b"\n" + orjson.dumps(SNAPSHOT) + b"\n")
    tracemalloc.start()
    found = list(read_lines(path, longest=1 << 20))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [type(record.value) for record in found] == [Paper, RecordError, Paper]
    assert "over the limit of 1048576" in str(found[1].value)
    assert peak < 8 << 20


@pytest.mark.parametrize("keep", [5, 100, -5])
def test_a_compressed_file_that_breaks_off_gives_what_it_holds(tmp_path: Path, keep: int) -> None:
    content = b"\n".join(orjson.dumps(SNAPSHOT | {"id": f"2601.{number:05}"}) for number in range(1, 500))
    path = tmp_path / "f.jsonl.gz"
    path.write_bytes(gzip.compress(content)[:keep])
    *papers, last = read_lines(path)
    assert all(isinstance(record.value, Paper) for record in papers)
    assert isinstance(last.value, RecordError)
    assert "cut short or damaged" in str(last.value)


def test_a_file_that_can_not_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="can't read"):
        list(read_lines(tmp_path / "nothing"))


def test_a_folder_of_notes_is_read_by_name(tmp_path: Path) -> None:
    note = 'id = "quire/0001"\ntitle = "T"\nabstract = "A"\nbody = \'\'\'$\\alpha$\'\'\'\ncategories = ["quire"]\n'
    (tmp_path / "0002.toml").write_text("id = ")
    (tmp_path / "0001.toml").write_text(
        note + 'announced = 2026-11-23\nauthors = [{family = "Quire", given = ""}]\n'
    )
    first, second = read_notes(tmp_path)
    assert first.value == Paper(
        id="quire/0001",
        title="T",
        abstract="A",
        body="$\\alpha$",
        authors=(Author("Quire", "Quire"),),
        categories=("quire",),
        primary_category="quire",
        announced=date(2026, 11, 23),
    )
    assert isinstance(second.value, RecordError)
    assert "0002.toml:1" in str(second.value)


def test_the_real_records_are_all_read() -> None:
    count = 0
    for record in read_lines(shared("arxiv/arxiv-metadata-sample.jsonl.gz")):
        assert isinstance(record.value, Paper)
        count += 1
    assert count == 20_004
