"""Texts come out of files as they were put in, and every broken file is named with its line."""

import gzip
import io
import json
import lzma
import secrets
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.compressed_files import uncompressed
from app.errors import FileError, InputError, RecordError
from app.tokenizer.training.corpus import Corpus, Errors

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".zst": zstd.compress,
}
TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"])))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("corpus")


@given(texts=TEXTS, suffix=st.sampled_from(list(COMPRESS)))
def test_json_lines_give_back_every_text_however_they_are_compressed(
    folder: Path, texts: list[str], suffix: str
) -> None:
    path = folder / f"texts.jsonl{suffix}"
    path.write_bytes(COMPRESS[suffix]("".join(json.dumps({"text": text}) + "\n" for text in texts).encode()))
    corpus = Corpus([str(path)])
    assert list(corpus) == texts
    assert list(corpus) == texts, "a corpus can be read again"


def test_a_record_may_name_its_language(folder: Path) -> None:
    path = folder / "languages.jsonl"
    path.write_text('{"text": "one", "lang": "en"}\n{"text": "?"}\n{"text": "!", "lang": null}\n')
    corpus = Corpus([str(path)])
    assert list(corpus.with_languages()) == [("one", "en"), ("?", None), ("!", None)]
    assert list(corpus) == ["one", "?", "!"]


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_plain_file_is_a_text_a_line_or_one_text(folder: Path, suffix: str) -> None:
    path = folder / f"lines.txt{suffix}"
    path.write_bytes(COMPRESS[suffix]("一\r\ntwo\n\nfour".encode()))
    assert list(Corpus([str(path)])) == ["一", "two", "", "four"]
    assert list(Corpus([str(path)], parts=True)) == ["一\r\n", "two\n\n", "four"]
    assert list(Corpus([str(path)], whole_file=True)) == ["一\r\ntwo\n\nfour"]


@given(
    content=st.lists(st.sampled_from(["\n", "a", "一", "\r\n", "words of a line"])).map("".join),
    size=st.integers(1, 40),
)
def test_the_parts_of_a_file_give_its_texts(folder: Path, content: str, size: int) -> None:
    path = folder / "split.txt"
    path.write_bytes(content.encode())
    corpus = Corpus([str(path)])
    parts = corpus.split(size)
    assert sum(size for _, size in parts) == len(content.encode())
    assert [text for part, _ in parts for text in part] == list(corpus)


@pytest.mark.parametrize(("name", "whole_file"), [("whole.txt", True), ("texts.jsonl.gz", False)])
def test_what_can_t_be_read_from_within_is_one_part(folder: Path, name: str, whole_file: bool) -> None:
    path = folder / name
    path.write_bytes(gzip.compress(b'{"text": "one"}\n' * 99) if name.endswith(".gz") else b"one\n" * 99)
    corpus = Corpus([str(path)], whole_file=whole_file)
    assert corpus.split(10) == [(corpus, path.stat().st_size)]


@given(bad=st.integers(1, 30), size=st.integers(1, 300))
def test_a_bad_line_of_a_part_has_its_number_in_the_file(folder: Path, bad: int, size: int) -> None:
    path = folder / "bad-part.jsonl"
    path.write_text("".join("{}\n" if number == bad else '{"text": "一"}\n' for number in range(1, 31)))
    with pytest.raises(RecordError) as raised:
        [list(part) for part, _ in Corpus([str(path)]).split(size)]
    assert raised.value.line == bad


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".zst"])
def test_a_file_that_was_cut_short_is_reported(folder: Path, suffix: str) -> None:
    path = folder / f"cut.txt{suffix}"
    whole = COMPRESS[suffix](bytes(range(1, 120)).replace(b"\n", b"") * 999 + b"end")
    path.write_bytes(whole[:-9])
    with pytest.raises(FileError, match="cut short"):
        list(Corpus([str(path)], whole_file=True))


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".zst"])
@pytest.mark.parametrize("errors", ["strict", "skip"])
def test_a_damaged_file_is_reported_and_what_lies_before_the_damage_is_read(
    folder: Path, suffix: str, errors: Errors
) -> None:
    path = folder / f"damaged-{errors}.jsonl{suffix}"
    lines = b"".join(b'{"text": "%s"}\n' % secrets.token_hex(50).encode() for _ in range(10_000))
    whole = bytearray(COMPRESS[suffix](lines))
    whole[len(whole) // 2 :] = bytes(len(whole) - len(whole) // 2)
    junk = COMPRESS[suffix](b'{"text": "before"}\n') + b"what is not compressed"
    for content, least in ((bytes(whole), 100), (junk, 1)):
        path.write_bytes(content)
        skipped: list[FileError] = []
        texts: list[str] = []
        corpus = Corpus([str(path)], errors=errors, on_skip=skipped.append)
        with pytest.raises(FileError, match="broken") if errors == "strict" else nullcontext():
            texts.extend(corpus)
        assert errors == "strict" or (len(texts) >= least and "broken" in str(skipped[-1]))


@given(streams=st.lists(st.binary(max_size=200_000), min_size=1, max_size=4), padding=st.integers(0, 3))
def test_the_streams_of_a_compressed_file_are_read_one_after_the_other(
    folder: Path, streams: list[bytes], padding: int
) -> None:
    for suffix, compress in COMPRESS.items():
        between = bytes(4 * padding) if suffix in (".gz", ".xz") else b""
        content = between.join(map(compress, streams)) + between
        file = cast(io.BufferedReader, io.BufferedReader(io.BytesIO(content), 1 << 10))
        assert uncompressed(file, suffix).read() == b"".join(streams)


def test_half_a_surrogate_pair_is_no_text(folder: Path) -> None:
    path = folder / "surrogate.jsonl"
    path.write_bytes(b'{"text": "a"}\n{"text": "b\\ud800c\\ud83d\\ude00"}\n{"text": "d"}\n')
    with pytest.raises(RecordError, match=r"surrogate\.jsonl:2: character 1 .* U\+D800"):
        list(Corpus([str(path)]))
    assert list(Corpus([str(path)], errors="replace")) == ["a", "b\ufffdc😀", "d"]
    skipped: list[FileError] = []
    assert list(Corpus([str(path)], errors="skip", on_skip=skipped.append)) == ["a", "d"]
    assert len(skipped) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "ok"', "not JSON"),
        (b'{"txt": "ok"}', "'text'"),
        (b'{"text": 5}', "'text'"),
        (b'["text"]', "'text'"),
        (b'{"text": "\xff"}', "not UTF-8: byte 0xff at column 11"),
        (b"[" * 100_000, "nested"),
    ],
)
def test_a_broken_line_is_named_with_file_and_number(folder: Path, line: bytes, reason: str) -> None:
    path = folder / "broken.jsonl"
    path.write_bytes(b'{"text": "fine"}\n\n' + line + b"\n")
    with pytest.raises(RecordError, match=reason) as caught:
        list(Corpus([str(path)]))
    assert str(caught.value).startswith(f"{path}:3: ")


def test_wrong_names_are_reported_before_anything_is_read(folder: Path) -> None:
    with pytest.raises(FileError, match="no-such-file"):
        Corpus([str(folder / "no-such-file.txt")]).check()
    with pytest.raises(InputError, match="standard input"):
        Corpus([]).check()


def test_what_was_read_adds_up_to_the_size_of_the_files(folder: Path) -> None:
    path = folder / "sizes.txt.gz"
    path.write_bytes(gzip.compress(b"a line\n" * 100_000))
    steps: list[int] = []
    corpus = Corpus([str(path)], on_read=steps.append)
    assert sum(1 for _ in corpus) == 100_000
    assert sum(steps) == corpus.check() == path.stat().st_size


JSON_LINES = b'{"text": "Hello"}\n\n{"text": "world"}\n'


@pytest.mark.parametrize("name", ["a.ndjson", "a.JSONL", "a.Jsonl.GZ", "a", "a.log", "a.xz"])
def test_json_lines_are_known_by_the_ending_or_by_the_first_line(folder: Path, name: str) -> None:
    path = folder / name
    content = b"\xef\xbb\xbf" + JSON_LINES
    if path.suffix.lower() in COMPRESS:
        content = COMPRESS[path.suffix.lower()](content)
    path.write_bytes(content)
    assert list(Corpus([str(path)])) == ["Hello", "world"]
    assert list(Corpus([str(path)], whole_file=True, parts=True)) == [
        "Hello",
        "world",
    ]  # as `quire count` reads
    assert list(Corpus([str(path)], format="text")) == ['{"text": "Hello"}', "", '{"text": "world"}']


@pytest.mark.parametrize(
    "content", [b'{"txt": "a"}\n', b"{ not JSON }\n", b'["text"]\n', b"{}\n", b'"text"\n', b"{" * 9000]
)
def test_what_only_looks_like_json_lines_is_text(folder: Path, content: bytes) -> None:
    path = folder / "looks.md"
    path.write_bytes(content)
    assert list(Corpus([str(path)])) == [content.decode().removesuffix("\n")]


def test_a_compressed_file_is_known_by_its_first_bytes(folder: Path) -> None:
    path = folder / "unnamed"
    path.write_bytes(gzip.compress(b"one\r\ntwo"))
    assert list(Corpus([str(path)])) == ["one", "two"]


def test_whole_files_and_parts_keep_a_byte_order_mark_and_carriage_returns(folder: Path) -> None:
    path = folder / "windows.txt"
    path.write_bytes("\ufeffone\r\ntwo\r\n".encode())
    assert list(Corpus([str(path)])) == ["one", "two"]
    assert list(Corpus([str(path)], whole_file=True)) == ["\ufeffone\r\ntwo\r\n"]
    assert "".join(Corpus([str(path)], parts=True)) == "\ufeffone\r\ntwo\r\n"


def test_what_is_wrong_is_replaced_or_left_out_where_that_is_asked_for(folder: Path) -> None:
    path, missing = folder / "latin.txt", folder / "missing.txt"
    path.write_bytes(b"good\ncaf\xe9\nlast\n")
    skipped: list[FileError] = []
    names = [str(path), str(missing), str(path)]
    lines = list(Corpus(names, errors="skip", on_skip=skipped.append))
    assert lines == ["good", "last", "good", "last"]
    assert [str(error).split(":")[0] for error in skipped] == names
    replaced = list(Corpus(names, errors="replace", on_skip=skipped.append))
    assert replaced == ["good", "caf\ufffd", "last"] * 2
    assert len(skipped) == 4
