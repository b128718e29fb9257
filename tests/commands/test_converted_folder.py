"""The Hugging Face folder of a BytePiece model is ready for `transformers`: it pads, begins, ends, and cuts alike."""

from pathlib import Path
from typing import Any

import pytest

from app.tokenizer import Tokenizer
from tests.server import quire

TEXTS = ["Hello, the fox.", "你好，世界。天气", "café déjà vu 12", "<eos> and <pad> are words", ""]


def test_transformers_loads_pads_and_cuts_alike(tmp_path: Path) -> None:
    transformers: Any = pytest.importorskip("transformers")
    folder = tmp_path / "exported"
    done = quire(
        "models", "convert", "models/small.model", "--to", "huggingface", "-o", folder, data_dir=tmp_path
    )
    assert done.returncode == 0, done.stderr.decode()
    theirs = transformers.AutoTokenizer.from_pretrained(str(folder))
    ours = Tokenizer.load("models/small.model")
    assert (theirs.pad_token_id, theirs.bos_token_id, theirs.eos_token_id) == (0, 1, 2)
    assert theirs.model_max_length > 10**20, "no text is cut off"
    assert len(theirs) >= ours.vocab_size
    assert max(theirs.get_vocab().values()) + 1 == len(theirs), "no id is added behind the vocabulary"
    for text in TEXTS:
        assert theirs(text)["input_ids"] == ours.encode(text), text
    batch = theirs(TEXTS, padding=True)["input_ids"]
    assert len(set(map(len, batch))) == 1
    assert all(row[len(ours.encode(text)):] == [0] * (len(row) - len(ours.encode(text)))
               for row, text in zip(batch, TEXTS, strict=True))  # fmt: skip
    assert theirs.decode(theirs(TEXTS[1])["input_ids"]) == TEXTS[1]
    assert theirs.decode([1, *ours.encode("fox"), 2, 0], skip_special_tokens=True) == "fox"
    again = quire(
        "models", "convert", "models/small.model", "--to", "huggingface", "-o", folder, data_dir=tmp_path
    )
    assert b"exists already" in again.stderr
