"""Vocabulary files: what is read is what was written, and every broken file is told apart."""

import base64
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import FileError, ModelError
from app.tokenizer.model import FIRST_PIECE, MAX_PIECE_BYTES, SPECIAL_TOKENS, Card, Model, card_beside
from tests.shared import shared

BYTES = {bytes([byte]): 1 for byte in range(256)}
WITHIN_A_LINE = st.binary(min_size=2, max_size=9).filter(lambda piece: b"\n" not in piece.rstrip(b"\n"))


def entries(extra: dict[bytes, int] | None = None) -> dict[str, list[Any]]:
    """A sound model file as a dict, to be broken."""
    content: dict[str, list[Any]] = json.loads(Model.from_counts("m", BYTES | (extra or {})).to_bytes())
    return content


def written(path: Path, content: object) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def zipped(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["bytepiece_80k", "bytepiece.plus.40k"])
def test_a_published_model_is_read_whole_and_written_back_byte_for_byte(name: str) -> None:
    path = shared(f"bytepiece/{name}.zip")
    model = Model.load(path)
    with zipfile.ZipFile(path) as archive:
        content = archive.read(archive.namelist()[0])
    assert model.name == name
    assert model.to_bytes() == content
    assert model.sha256 == hashlib.sha256(content).hexdigest()
    ids = [value[0] for value in json.loads(content).values()]
    assert ids == list(range(FIRST_PIECE, model.vocab_size))


def test_log_probabilities_have_every_bit_of_the_original() -> None:
    model = Model.load(shared("bytepiece/bytepiece_80k.zip"))
    counts = model.counts.tolist()
    total = np.log(sum(counts))
    assert model.log_probabilities.tolist() == [float(np.log(count) - total) for count in counts]


@settings(max_examples=30)
@given(st.dictionaries(WITHIN_A_LINE, st.integers(1, 1 << 40), max_size=20))
def test_what_is_written_is_what_json_dump_writes(counts: dict[bytes, int]) -> None:
    model = Model.from_counts("m", BYTES | counts)
    pieces = sorted(BYTES | counts, key=lambda piece: (len(piece), piece))
    expected = {
        base64.b64encode(piece).decode(): [number, piece.decode(errors="ignore"), (BYTES | counts)[piece]]
        for number, piece in enumerate(pieces, len(SPECIAL_TOKENS))
    }
    assert model.to_bytes() == json.dumps(expected, indent=4, ensure_ascii=False).encode()


def test_a_saved_model_and_its_card_come_back(tmp_path: Path) -> None:
    card = Card(
        None, add_bos=True, corpus="notes", licence="CC0", bytes_per_token=3.5, extra={"made": {"by": 1}}
    )
    model = Model.from_counts("given", BYTES | {b"ab": 7}, card)
    model.save(tmp_path / "small.model")
    loaded = Model.load(tmp_path / "small.model")
    assert (loaded.name, loaded.pieces, loaded.sha256) == ("small", model.pieces, model.sha256)
    assert loaded.counts.tolist() == model.counts.tolist()
    assert loaded.card == model.card
    assert loaded.card.extra == {"made": {"by": 1}}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.card.json", "small.model"]


def test_without_a_card_bytepieces_defaults_hold(tmp_path: Path) -> None:
    assert Model.load(written(tmp_path / "a.model", entries())).card == Card("NFC", False, False)


def test_fractions_are_kept(tmp_path: Path) -> None:
    content = entries()
    content["AA=="][2] = 0.25
    model = Model.load(written(tmp_path / "a.model", content))
    assert model.counts.dtype == np.float64
    assert json.loads(model.to_bytes())["AA=="][2] == 0.25


def test_a_model_in_a_zip_is_the_model(tmp_path: Path) -> None:
    content = json.dumps(entries()).encode()
    plain = Model.load(written(tmp_path / "a.model", content))
    packed = Model.load(written(tmp_path / "b.zip", zipped(("folder/c.model", content))))
    assert (packed.name, packed.sha256, packed.pieces) == ("b", plain.sha256, plain.pieces)


def change(key: str, value: object) -> dict[str, Any]:
    return entries() | {key: value}


def without(key: str) -> dict[str, Any]:
    rest = [value for name, value in entries().items() if name != key]
    keys = [name for name in entries() if name != key]
    return {
        name: [number, *value[1:]] for number, (name, value) in enumerate(zip(keys, rest, strict=True), 3)
    }


def with_again(key: str, value: object) -> bytes:
    """A model file that gives a key once more, which no dict can."""
    return json.dumps(entries()).encode()[:-1] + f', "{key}": {json.dumps(value)}}}'.encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b'{"AA==": [3,', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"AA==": [3, "", NaN]}', "line 1, column 18 has NaN, which is not a number in JSON"),
        (b'{"AA==": [3, "", -Infinity]}', "has Infinity, which is not a number in JSON"),
        (with_again("AA==", [3, "", 1]), r'the piece "AA==" is there 2 times'),
        (with_again("Og==", [259, ":", 7]), r'the piece "Og==" is there 2 times'),
        (change("Ov==", [259, ":", 7]), r"the piece b':' is there twice, under two spellings of base64"),
        ([], "JSON object"),
        ({}, "256 of the 256 single bytes are missing"),
        (without("CQ=="), r"1 of the 256 single bytes are missing \(0x09\)"),
        (change("AA==", [4, "", 1]), "id 4 is given twice"),
        (change("AA==", [2, "", 1]), "id 2; the ids go from 3 to 258"),
        (change("AA==", [259, "", 1]), "id 259"),
        (change("AA==", ["3", "", 1]), "id '3'"),
        (change("AA==", [True, "", 1]), "id True"),
        (change("AA==", [3, "", 0]), "count 0"),
        (change("AA==", [3, "", -1]), "count -1"),
        (change("AA==", [3, "", "7"]), "count '7'"),
        (change("AA==", [3, "", True]), "count True"),
        (change("AA==", [3, "", None]), "count None"),
        (change("AA==", [3, "", 1 << 63]), "stay below 2"),
        (change("AA==", [3, 1]), "should map to"),
        (change("AA==", 3), "should map to"),
        (change("A", [259, "", 1]), "not base64"),
        (change("é", [259, "", 1]), "not base64"),
        (change("", [259, "", 1]), "empty"),
        (change("YQpi", [259, "a\nb", 1]), "after a newline"),
    ],
)
def test_a_broken_file_is_reported_with_what_is_wrong(content: object, message: str, tmp_path: Path) -> None:
    path = written(tmp_path / "broken.model", content)
    with pytest.raises(ModelError, match=message) as caught:
        Model.load(path)
    assert str(path) in str(caught.value)


def test_an_infinite_count_is_refused(tmp_path: Path) -> None:
    text = json.dumps(change("AA==", [3, "", 12345])).replace("12345", "1e999")
    with pytest.raises(ModelError):
        Model.load(written(tmp_path / "a.model", text.encode()))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zipped(), "holds 0 files"),
        (zipped(("a.model", b"{}"), ("b.model", b"{}")), "holds 2 files"),
        (zipped(("../a.model", b"{}")), "leads out of the archive"),
        (zipped(("/etc/a.model", b"{}")), "leads out of the archive"),
        (zipped(("..\\a.model", b"{}")), "leads out of the archive"),
        (zipped(("C:a.model", b"{}")), "leads out of the archive"),
        (zipped(("a.model", b" " * 50_000_000)), "unpacks to more than the 1,000,000 bytes"),
        (zipped(("a.model", b"{}"))[:-10], "broken zip"),
        (b"PK\x03\x04 and then nothing", "broken zip"),
        (zipped(("a.model", b"not json")), "not JSON"),
    ],
)
def test_a_zip_that_is_none_of_ours_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=message):
        Model.load(written(tmp_path / "a.zip", content), max_bytes=1_000_000)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


@settings(max_examples=200)
@given(damage=st.lists(st.tuples(st.integers(-140, 60), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_zip_is_read_right_or_refused(
    damage: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(zipped(("a.model", json.dumps(entries()).encode())))
    for place, byte in damage:
        content[place] = byte
    path = written(tmp_path_factory.mktemp("zip") / "a.zip", bytes(content))
    try:
        model = Model.load(path)
    except ModelError:
        return
    assert model.pieces == tuple(sorted(BYTES))


def test_a_file_over_the_limit_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.model"
    with path.open("wb") as file:
        file.truncate(300 << 20)
    with pytest.raises(ModelError, match="larger than the 67,108,864 bytes"):
        Model.load(path)


@pytest.mark.parametrize("name", ["missing.model", ""])
def test_a_path_that_can_not_be_read_is_reported(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="can't be read"):
        Model.load(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "JSON object"),
        ({"normalization": "NFKC"}, '"normalization" is \'NFKC\', it should be "NFC" or null'),
        ({"add_bos": 1}, '"add_bos" is 1'),
        ({"add_eos": None}, '"add_eos" is None'),
        ({"corpus": 3}, '"corpus" is 3'),
        ({"bytes_per_token": 0}, '"bytes_per_token" is 0'),
        ({"bytes_per_token_by_script": {"Han": 0}}, "it should be an object of numbers above 0 or null"),
        ({"bytes_per_token_by_language": [4]}, '"bytes_per_token_by_language" is \\[4\\]'),
        ({"sha256": "ab"}, "\"sha256\" is 'ab'"),
        ({"sha256": "0" * 64}, "belongs to another file"),
        (b"{", "not JSON"),
    ],
)
def test_a_wrong_card_is_reported(content: object, message: str, tmp_path: Path) -> None:
    path = written(tmp_path / "a.model", entries())
    written(card_beside(path), content)
    with pytest.raises(ModelError, match=message):
        Model.load(path)


def test_a_model_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.model"
    Model.from_counts("a", BYTES).save(path)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(FileError, match="No space left"):
        Model.from_counts("a", BYTES | {b"new": 1}).save(path)
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.card.json", "a.model"]


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({b"a": 1}, "missing"),
        (BYTES | {b"": 1}, "empty"),
        (BYTES | {b"ab": 0}, "count 0"),
        (BYTES | {b"a" * (MAX_PIECE_BYTES + 1): 1}, "the longest piece has 32,769 bytes"),
    ],
)
def test_counts_that_make_no_model_are_refused(counts: dict[bytes, int], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Model.from_counts("m", counts)
