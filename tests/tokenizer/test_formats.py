"""Models in the formats of others, read by those others' own libraries."""

import io
import json
import lzma
import struct
import unicodedata
from base64 import b64decode
from itertools import accumulate
from typing import Any

import numpy as np
import pytest

from app.errors import ModelError
from app.tokenizer import Model, Tokenizer
from app.tokenizer.formats import (
    from_sentencepiece,
    to_huggingface,
    to_sentencepiece,
    to_tiktoken,
)
from app.tokenizer.model import Card
from tests.shared import shared
from tests.tokenizer.vocabularies import vocabulary

sentencepiece = pytest.importorskip("sentencepiece", reason="sentencepiece is not installed")
tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")

SMALL = vocabulary({"hello": 90, " world": 70, "的": 30, "é": 20, " ": 50, "lo": 9, "\n": 5, "x" * 20: 6})
TEXTS = ["", "hello world", "  hello   é的 ", "👩 is not in it", "<bos> <0xE4> <unk>\n\n", "a\0b", "▁hello▁"]


@pytest.fixture(scope="module")
def trained() -> Model:
    return Model.load(shared("bytepiece/reference_multi.model.4000"))


@pytest.fixture(scope="module")
def lines() -> list[str]:
    with lzma.open(shared("corpus/dev.jsonl.xz"), "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file][::12]
    return [unicodedata.normalize("NFC", line) for text in texts for line in text.splitlines() if line]


def spans(lengths: list[int]) -> set[tuple[int, int]]:
    ends = list(accumulate(lengths))
    return set(zip([0, *ends], ends, strict=False))


def share_of_pieces(model: Model, lines: list[str], encode: Any) -> float:
    """How many of our pieces the other library has at the same place."""
    tokenizer = Tokenizer(model)
    lengths = [0] * 3 + [len(piece) for piece in model.pieces]
    same = total = 0
    for line in lines:
        ours = spans([lengths[number] for number in tokenizer.encode(line)])
        same += len(ours & spans([lengths[number] for number in encode(line)]))
        total += len(ours)
    return same / total


def test_sentencepiece_segments_real_text_as_we_do(trained: Model, lines: list[str]) -> None:
    processor = sentencepiece.SentencePieceProcessor(model_proto=to_sentencepiece(trained))
    assert share_of_pieces(trained, lines, processor.encode) > 0.99


def test_hugging_face_segments_real_text_as_we_do(trained: Model, lines: list[str]) -> None:
    other = tokenizers.Tokenizer.from_str(to_huggingface(trained).decode())
    assert share_of_pieces(trained, lines, lambda line: other.encode(line).ids) > 0.99


@pytest.mark.parametrize("text", TEXTS)
def test_ids_are_ours_and_no_text_is_a_special_token(text: str) -> None:
    processor = sentencepiece.SentencePieceProcessor(model_proto=to_sentencepiece(SMALL))
    other = tokenizers.Tokenizer.from_str(to_huggingface(SMALL).decode())
    ours = Tokenizer(SMALL).encode(text)
    assert processor.encode(text) == ours
    assert other.encode(text).ids == ours
    assert other.decode(ours) == text


def test_special_tokens_have_our_ids() -> None:
    processor = sentencepiece.SentencePieceProcessor(model_proto=to_sentencepiece(SMALL))
    assert (processor.pad_id(), processor.bos_id(), processor.eos_id()) == (0, 1, 2)
    model = Model.from_counts(
        "with bos", dict(zip(SMALL.pieces, SMALL.counts.tolist(), strict=True)), Card(add_bos=True)
    )
    other = tokenizers.Tokenizer.from_str(to_huggingface(model).decode())
    assert other.encode("hello").ids == Tokenizer(model).encode("hello")


@pytest.mark.parametrize("piece", [b" \xe4", "x\0", "<bos>", "<0x41>"])
def test_what_cannot_be_said_is_named(piece: str | bytes) -> None:
    model = vocabulary({piece: 5})
    shown = repr(piece if isinstance(piece, bytes) else piece.encode())
    for write in (to_sentencepiece, to_huggingface):
        with pytest.raises(ModelError) as caught:
            write(model)
        assert shown in str(caught.value)


def test_there_and_back_keeps_pieces_order_and_segmentation(trained: Model, lines: list[str]) -> None:
    back = from_sentencepiece(to_sentencepiece(trained), "back")
    assert back.pieces == trained.pieces
    of_texts = np.array([piece != b"\xff" for piece in trained.pieces])
    assert back.log_probabilities[of_texts] == pytest.approx(trained.log_probabilities[of_texts], abs=1e-4)
    assert share_of_pieces(trained, lines[::5], Tokenizer(back).encode) > 0.999


def train(vocab_size: int, **options: Any) -> bytes:
    """A model file that SentencePiece trained."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the cat sat on the mat", "a cat and a hat", "猫坐在垫子上"] * 30),
        model_writer=model,
        vocab_size=vocab_size,
        hard_vocab_limit=False,
        minloglevel=2,
        **options,
    )
    return model.getvalue()


@pytest.mark.parametrize(("vocab_size", "byte_fallback"), [(60, False), (330, True)])
def test_a_model_that_sentencepiece_trained_segments_the_same(vocab_size: int, byte_fallback: bool) -> None:
    content = train(vocab_size, normalization_rule_name="identity", byte_fallback=byte_fallback)
    processor = sentencepiece.SentencePieceProcessor(model_proto=content)
    tokenizer = Tokenizer(from_sentencepiece(content, "theirs"))
    for text in ("the cat sat", "a mat and the hat", "猫坐在"):
        theirs = [piece.replace("▁", " ") for piece in processor.encode(text, out_type=str)]
        assert [piece.decode() for piece in tokenizer.tokenize(" " + text)] == theirs


def test_files_that_are_no_such_model_say_so() -> None:
    for content, message in ((b"\xff\xff\xff", "not a SentencePiece model"), (b"", "holds no pieces")):
        with pytest.raises(ModelError, match=message):
            from_sentencepiece(content, "file")
    with pytest.raises(ModelError, match="not a unigram model"):
        from_sentencepiece(train(60, model_type="bpe", normalization_rule_name="identity"), "file")
    with pytest.raises(ModelError, match="rewrites texts"):
        from_sentencepiece(train(60, normalization_rule_name="nmt_nfkc"), "file")
    content = to_sentencepiece(SMALL)
    with pytest.raises(ModelError, match="isn't UTF-8"):
        from_sentencepiece(content.replace(b"hello", b"\xffello"), "file")
    score = struct.pack("<f", SMALL.log_probabilities[SMALL.pieces.index(b"hello")])
    with pytest.raises(ModelError, match="a score is the logarithm"):
        from_sentencepiece(content.replace(score, struct.pack("<f", 1e38)), "file")


def test_the_listing_has_a_line_for_each_piece() -> None:
    rows = [row.split(b" ") for row in to_tiktoken(SMALL).splitlines()]
    assert {int(number): b64decode(data) for data, number in rows} == dict(enumerate(SMALL.pieces, 3))
