"""A corpus written as shards is read back document by document, and a failure leaves nothing behind."""

import json
import pickle
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import FileError, InputError
from app.tokenizer.shards import ShardReader, ShardWriter, read_document

DOCUMENTS = st.lists(st.lists(st.integers(0, 299), max_size=20), max_size=12)


@given(documents=DOCUMENTS, form=st.sampled_from(["npy", "bin"]), most=st.integers(1, 30))
def test_every_document_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    documents: list[list[int]],
    form: Literal["npy", "bin"],
    most: int,
) -> None:
    folder = tmp_path_factory.mktemp("shards") / "corpus"
    with ShardWriter(folder, 300, "tiny", "00", form, tokens_per_shard=most) as writer:
        writer.write(np.array(ids, np.int32) for ids in documents)
    assert [read_document(folder, number).tolist() for number in range(len(documents))] == documents
    reader = pickle.loads(pickle.dumps(ShardReader(folder)))  # as a worker of a data loader gets it
    assert [ids.tolist() for ids in reader] == documents
    everything = [id_ for ids in documents for id_ in ids]
    assert (len(reader), reader.tokens) == (len(documents), len(everything))
    for start in range(0, len(everything) + 1, 3):
        for end in (start, min(start + 7, len(everything)), len(everything)):
            assert reader.slice(start, end).tolist() == everything[start:end]
    with pytest.raises(InputError, match="are out of range"):
        reader.slice(0, len(everything) + 1)
    index = json.loads((folder / "index.json").read_text())
    assert index["tokens"] == sum(map(len, documents))
    assert index["dtype"] == "uint16"
    lengths = {shard["tokens"] for shard in index["shards"]}
    assert max(lengths) <= max([most, *map(len, documents)])


def test_large_vocabularies_take_four_bytes_an_id(tmp_path: Path) -> None:
    with ShardWriter(tmp_path / "corpus", 70_000, "large", "00", "bin") as writer:
        writer.write([np.array([69_999], np.int32)])
    assert (tmp_path / "corpus" / "00000.bin").read_bytes() == (69_999).to_bytes(4, "little")


def test_an_error_half_way_leaves_nothing(tmp_path: Path) -> None:
    def write_and_fail() -> None:
        with ShardWriter(tmp_path / "corpus", 300, "tiny", "00") as writer:
            writer.write([np.array([1], np.int32)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert list(tmp_path.iterdir()) == []


def test_what_exists_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="exists already"):
        ShardWriter(tmp_path, 300, "tiny", "00")


def test_a_wrong_folder_or_number_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="not a folder of shards"):
        read_document(tmp_path, 0)
    with ShardWriter(tmp_path / "corpus", 300, "tiny", "00") as writer:
        writer.write([np.array([1], np.int32)])
    with pytest.raises(InputError, match="from 0 to 0"):
        read_document(tmp_path / "corpus", 1)


def test_a_reader_keeps_its_files_open(tmp_path: Path) -> None:
    with ShardWriter(tmp_path / "corpus", 300, "tiny", "00", tokens_per_shard=4) as writer:
        writer.write(np.full(3, number, np.int32) for number in range(5))
    reader = ShardReader(tmp_path / "corpus")
    for path in (tmp_path / "corpus").iterdir():
        path.unlink()
    assert [ids.tolist() for ids in reader] == [[number] * 3 for number in range(5)], (
        "no file is opened again"
    )
    assert reader[4].base is not None, "a document is a view"


def test_shards_that_were_cut_are_reported(tmp_path: Path) -> None:
    with ShardWriter(tmp_path / "corpus", 300, "tiny", "00", "bin") as writer:
        writer.write([np.array([1, 2, 3], np.int32)])
    with (tmp_path / "corpus" / "00000.bin").open("r+b") as shard:
        shard.truncate(4)
    with pytest.raises(FileError, match="do not hold the ids that the index lists"):
        ShardReader(tmp_path / "corpus")
