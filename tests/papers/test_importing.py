"""Imports: idempotent, resumed after any death, strict or forgiving, and exports that read back as they were."""

import gzip
import lzma
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from app.errors import FileError, RecordError, StoreLocked
from app.papers.answers import Answer
from app.papers.importing import ImportProgress, import_files, prepare_papers
from app.papers.intake import ImportResult
from app.papers.maintenance import check, export, reindex
from app.papers.models import Author, Paper
from app.papers.records import answer_record, paper_record
from app.papers.search.searching import Search, SearchIndex, search_page
from app.papers.store.listing import ListQuery
from app.papers.store.reading import Store
from app.papers.store.writing import open_for_writing
from tests.papers.samples import paper
from tests.papers.sources.arxiv_forms import Sample, atom_entry, atom_feed
from tests.server import QUIRE, ROOT, environment, quire
from tests.shared import shared


class Place:
    """Where a store, its index and a file to import lie."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "data" / "papers.sqlite"
        self.index = folder / "data" / "index"
        self.file = folder / "records.jsonl"

    def write(self, *values: Paper | Answer | bytes) -> None:
        lines = [value if isinstance(value, bytes) else orjson.dumps(record(value)) for value in values]
        self.file.write_bytes(b"\n".join(lines))

    def run(self, **options: object) -> ImportResult:
        return import_files(self.store, self.index, [self.file], **options)  # type: ignore[arg-type]


def record(value: Paper | Answer) -> dict[str, object]:
    return answer_record(value) if isinstance(value, Answer) else paper_record(value)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


ANSWER = Answer("2601.00001", 2, "Why?", "model", "en", "Because $x$.")


def test_an_import_twice_changes_nothing_the_second_time(place: Place) -> None:
    place.write(paper(1), paper(2), ANSWER)
    assert place.run() == ImportResult(new=3)
    assert place.run() == ImportResult(unchanged=3)
    place.write(paper(1), paper(2, version=2), ANSWER)
    assert place.run() == ImportResult(updated=1, unchanged=2)
    assert check(place.store, place.index) == []


def test_bad_records_are_reported_and_passed_over(place: Place) -> None:
    place.write(paper(1), b"{", paper(2), b'{"id": "x"}')
    told: list[RecordError] = []
    assert place.run(on_error=told.append) == ImportResult(new=2, skipped=2)
    assert [error.line for error in told] == [2, 4]


def test_strict_stops_and_keeps_what_came_before(place: Place) -> None:
    place.write(paper(1), b"{", paper(2))
    for _ in range(2):
        with pytest.raises(RecordError, match=r"records\.jsonl:2: this is not JSON"):
            place.run(strict=True)
    with Store(place.store) as store:
        assert [one.id for one in store.page().papers] == ["2601.00001"]
        assert search_page(store, SearchIndex(place.index), Search("title")).total == 1
    place.write(paper(1), paper(3), paper(2))
    assert place.run(strict=True) == ImportResult(new=2, unchanged=1)


def test_progress_ends_at_the_end_of_the_file(place: Place) -> None:
    place.write(*[paper(number) for number in range(1, 5000)])
    seen: list[ImportProgress] = []
    place.run(on_progress=seen.append)
    sizes = [step.consumed for step in seen if step.consumed is not None]
    assert len(seen) >= 3
    assert sizes == sorted(sizes)
    assert sizes[-1] == seen[-1].size == place.file.stat().st_size
    assert seen[-1].result.new == 4999


def test_any_bad_record_is_passed_over_alone(place: Place) -> None:
    deep = b"[" * 900 + b"]" * 900
    start = b'{"id": "2601.00009", "title": "t", "abstract": "a", '
    bad = [
        start + b'"version": ' + deep + b"}",
        start + b'"authors": ' + deep + b"}",
        start + b'"version": "' + b"9" * 5000 + b'"}',
        start + b'"version": ' + b"9" * 5000 + b"}",
        start
        + b'"update_date": "2026-01-05", "versions": [{"version": "v99999999999999999999", "created": "x"}]}',
        start
        + b'"update_date": "2026-01-05", "versions": [{"version": "v0", "created": "Mon, 2 Apr 2007 19:18:42 GMT"}]}',
        start + b'"published": "0001-01-01T00:00:00+14:00"}',
        start + b'"title": "\\ud800"}',
        b"[" * 100_000,
    ]
    place.write(paper(1), *bad, paper(2))
    told: list[RecordError] = []
    assert place.run(on_error=told.append) == ImportResult(new=2, skipped=len(bad))
    assert [error.line for error in told] == list(range(2, len(bad) + 2))
    assert check(place.store, place.index) == []


def test_a_line_that_is_not_utf_8_is_called_so(place: Place) -> None:
    place.write(b'{"id": "2601.00001", "title": "caf\xe9", "abstract": "a"}', paper(2))
    told: list[RecordError] = []
    assert place.run(on_error=told.append) == ImportResult(new=1, skipped=1)
    assert told[0].reason == "this is not UTF-8: byte 0xe9 at column 35"


def test_two_descriptions_of_one_version_change_nothing_the_second_time(place: Place) -> None:
    place.write(paper(1, title="One"), paper(1, title="Another"), paper(2, version=1), paper(2, version=2))
    place.run()
    with Store(place.store) as store:
        changes = store.changes
    assert place.run() == ImportResult(unchanged=4)
    with Store(place.store) as store:
        assert (store.paper("2601.00001").title, store.changes) == ("Another", changes)


def test_a_primary_category_that_is_none_gives_way_to_the_first(place: Place) -> None:
    for number, name in enumerate(("__proto__", " ", "", "cs.nonsense"), start=1):
        line = record(paper(number)) | {"primary_category": name, "categories": ["hep-th", "cs.AI"]}
        place.write(orjson.dumps(line))
        assert place.run() == ImportResult(new=1)
        with Store(place.store) as store:
            assert store.paper(f"2601.{number:05}").primary_category == "hep-th"


def test_long_records_are_stored_before_they_fill_the_memory(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.papers.importing._BATCH_CHARACTERS", 10_000)
    place.write(*[paper(number, abstract="a" * 6000) for number in range(1, 7)])
    steps: list[ImportProgress] = []
    place.run(on_progress=steps.append)
    assert [step.result.new for step in steps] == [2, 4, 6, 6]


@pytest.mark.parametrize("encoding", ["utf-7", "shift_jis", "rot13", "base64", "idna", "nonsense", "ucs-4"])
def test_xml_in_an_encoding_that_cannot_be_read_is_reported(place: Place, encoding: str) -> None:
    place.file.write_bytes(f'<?xml version="1.0" encoding="{encoding}"?><feed/>'.encode())
    told: list[RecordError] = []
    assert place.run(on_error=told.append) == ImportResult(skipped=1)
    assert told[0].path == str(place.file)


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "utf-8-sig"])
def test_xml_in_the_encodings_of_the_standard_is_read(place: Place, encoding: str) -> None:
    form = {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    sample = Sample("2611.00001", title="Über Nullstellen")
    document = atom_feed(atom_entry(sample), 1).decode().split("?>", 1)[1]
    place.file.write_bytes(f'<?xml version="1.0" encoding="{form}"?>{document}'.encode(encoding))
    assert place.run() == ImportResult(new=1)
    with Store(place.store) as store:
        assert store.paper("2611.00001").title == "Über Nullstellen"


def test_what_follows_a_compressed_part_is_reported_and_what_is_in_it_kept(place: Place) -> None:
    lines = b"".join(orjson.dumps(record(paper(number))) + b"\n" for number in (1, 2))
    document = atom_feed(atom_entry(Sample("2611.00001")), 1)
    for content, new in ((lines, 2), (document, 1)):
        for compress in (gzip.compress, lzma.compress, zstd.compress):
            place.file.write_bytes(compress(content) + b"junk")
            told: list[RecordError] = []
            result = place.run(on_error=told.append)
            assert (result.new + result.unchanged, result.skipped) == (new, 1)
            assert "damaged" in told[0].reason


def test_a_pipe_is_read_once_and_its_errors_name_it(place: Place) -> None:
    place.write(paper(1), b"{", paper(2))
    command = f"{shlex.join(QUIRE)} papers import <(cat {shlex.quote(str(place.file))}) <(cat /dev/null)"
    for said in ("2 new, 0 updated, 0 known", "0 new, 0 updated, 2 known"):
        done = subprocess.run(
            ["bash", "-c", command],
            env=environment(place.store.parent),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        assert said in done.stdout
        assert re.search(r"/dev/fd/\d+:2: this is not JSON", done.stderr)


def test_standard_input_is_read_and_its_errors_name_it(place: Place) -> None:
    place.write(paper(1), b"{", paper(2))
    done = quire("papers", "import", "-", data_dir=place.store.parent, input=place.file.read_bytes())
    assert (done.returncode, done.stdout.decode()[:20]) == (0, "2 new, 0 updated, 0 ")
    assert "skipped: -:2: this is not JSON" in done.stderr.decode()
    assert not list(place.store.parent.glob("quire-pipes-*"))


def test_a_folder_without_notes_is_refused(place: Place, tmp_path: Path) -> None:
    place.write(paper(1))
    with pytest.raises(FileError, match="holds no notes"):
        import_files(place.store, place.index, [place.file, tmp_path])
    assert not place.store.exists()


def test_a_file_whose_name_is_not_utf_8_is_imported_and_resumed(place: Place) -> None:
    place.file = place.file.with_name(os.fsdecode(b"caf\xe9.jsonl"))
    place.write(paper(1), b"{", paper(2))
    with pytest.raises(RecordError):
        place.run(strict=True)
    assert place.run() == ImportResult(new=1, skipped=1)


def test_a_device_is_refused(place: Place) -> None:
    place.file = Path("/dev/zero")
    with pytest.raises(FileError, match="a device"):
        place.run()


def test_a_missing_file_stops_before_anything_is_made(place: Place) -> None:
    with pytest.raises(FileError, match="can't read"):
        place.run()
    assert not place.store.parent.exists()


def test_a_second_import_is_refused_and_names_the_first(place: Place) -> None:
    place.write(paper(1))
    with open_for_writing(place.store, "the first"), pytest.raises(StoreLocked, match="the first"):
        place.run()


def test_an_import_that_is_killed_goes_on_where_it_was(place: Place) -> None:
    papers = [paper(number, abstract=f"word{number} " * 20) for number in range(1, 16_001)]
    with gzip.open(place.file, "wb", 1) as stream:
        for one in papers:
            stream.write(orjson.dumps(paper_record(one)) + b"\n")
    script = (
        "import sys; from pathlib import Path; from app.papers.importing import import_files; "
        "a = [Path(x) for x in sys.argv[1:]]; "
        "import_files(a[0], a[1], [a[2]], on_progress=lambda step: print(step.result.new, flush=True))"
    )
    command = [sys.executable, "-c", script, str(place.store), str(place.index), str(place.file)]
    counts = []
    for wait in (0.0, 0.05, 0.1):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(wait)
            os.kill(process.pid, signal.SIGKILL)
        with Store(place.store) as store:
            counts.append(len(store))
            assert list(store.faults()) == []
    assert counts == sorted(counts)
    result = place.run()
    assert result.new + counts[-1] == len(papers)
    assert result.updated == result.skipped == 0
    assert result.unchanged == 0, "what was in the store was read again"
    assert check(place.store, place.index) == []
    with Store(place.store) as store:
        index = SearchIndex(place.index)
        assert store.count() == index.extent()[1] == len(papers)
        assert [one.id for one in search_page(store, index, Search("word17")).papers] == ["2601.00017"]


def test_an_export_reads_back_as_it_was(place: Place, tmp_path: Path) -> None:
    rich = Paper(
        id="math/0211159",
        version=3,
        title=" $x$\n title ",
        abstract="",
        body="# Body",
        authors=(Author("Ada Lovelace Jr.", "Lovelace", "Ada", "Jr."), Author("NVIDIA")),
        categories=("math.NA", "cs.LG"),
        primary_category="cs.LG",
        subject_classes=("68T07,",),
        published=datetime(2002, 11, 10, 1, 2, 3, tzinfo=UTC),
        updated=datetime(2003, 11, 10, 1, 2, 3, tzinfo=UTC),
        comment="c",
        doi="10.1/x",
        journal_ref="J",
    )
    place.write(rich, paper(1), ANSWER, Answer("quire/0001", None, "q", None, None, "a"))
    place.run()
    for name in ("out.jsonl", "out.jsonl.gz"):
        assert export(place.store, tmp_path / name) == 4
        other = Place(tmp_path / name.replace(".", "-"))
        assert import_files(other.store, other.index, [tmp_path / name]) == ImportResult(new=4)
        with Store(place.store) as one, Store(other.store) as two:
            assert list(one.all_papers()) == list(two.all_papers())
            assert list(one.all_answers()) == list(two.all_answers())
            assert one.paper("math/0211159") == rich
    with pytest.raises(FileError, match="can't write"):
        export(place.store, tmp_path / "no" / "folder.jsonl")


def test_check_finds_an_index_that_is_missing_or_lags_and_reindex_mends_it(place: Place) -> None:
    place.write(paper(1))
    place.run()
    with open_for_writing(place.store, "test") as writer:
        writer.add([paper(2)])
    assert "knows 1 of 2 papers" in check(place.store, place.index)[0]
    (place.index / "state.json").unlink()
    assert "quire papers reindex" in check(place.store, place.index)[0]
    assert reindex(place.store, place.index) == 2
    assert check(place.store, place.index) == []


def test_an_empty_folder_gets_the_built_in_papers_and_no_other_does(place: Place, tmp_path: Path) -> None:
    prepare_papers(place.store, place.index)
    with Store(place.store) as store:
        built_in = store.page(limit=100).papers
        assert built_in
        assert all(one.categories == ("quire",) and one.body for one in built_in)
        assert store.paper("quire/0001") in built_in
    other = Place(tmp_path / "other")
    other.file.parent.mkdir()
    other.write(paper(1))
    other.run()
    prepare_papers(other.store, other.index)
    with Store(other.store) as store:
        assert len(store) == 1


def test_a_server_starts_beside_an_import(place: Place) -> None:
    place.write(paper(1))
    place.run()
    with open_for_writing(place.store, "importing"):
        prepare_papers(place.store, place.index)


def test_the_real_records_come_in_whole(place: Place) -> None:
    place.file = shared("arxiv/arxiv-metadata-sample.jsonl.gz")
    started = time.process_time()
    with gzip.open(place.file) as stream:
        records = [orjson.loads(line) for line in stream]
    parsing = time.process_time() - started
    started = time.process_time()
    assert place.run() == ImportResult(new=20_004)
    assert time.process_time() - started < 60 * parsing
    assert check(place.store, place.index) == []
    with Store(place.store) as store:
        for given in records[::100]:
            kept = store.paper(given["id"])
            assert (kept.title, kept.abstract, kept.comment) == (
                given["title"],
                given["abstract"],
                given["comments"],
            )
            assert kept.announced is not None
            assert kept.announced.isoformat() == given["update_date"]
        assert store.count(ListQuery()) == len(records)


def test_a_disk_that_takes_no_more_is_said_and_the_next_run_goes_on(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.write(*(paper(number, abstract=f"Abstract {number} " * 200) for number in range(1, 4001)))
    data = place.store.parent
    # A bound on the size of files stands in for the disk: 2.5 or 5 MB, by the shell's blocks.
    bounded = ["sh", "-c", 'ulimit -f 5000; exec "$@"', "sh", *QUIRE, "papers", "import", str(place.file)]
    first = subprocess.run(
        bounded, env=environment(data), cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert first.returncode == 1
    assert "the disk that holds" in first.stderr
    assert "Traceback" not in first.stderr
    assert import_files(place.store, place.index, [place.file]).new > 0
    with Store(place.store) as store:
        assert len(store) == 4000
    assert check(place.store, place.index) == []
