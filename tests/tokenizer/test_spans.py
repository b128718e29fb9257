"""Spans: they tile both texts, and what is split belongs to the first that has a part of it."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InputError
from app.tokenizer import Tokenizer
from app.tokenizer.model import Model
from app.tokenizer.spans import Pieces
from tests.tokenizer.vocabularies import models, vocabulary

BY_HAND = Tokenizer(
    vocabulary(
        {"hello": 50, " world": 40, "的": 20, "é": 30, b"\xa9a": 60, "a\n": 9, "ab": 8, b"\xe7\x9a": 4}
    )
)

combining = st.text(
    "ae\u0301\u0327\u0323\u1100\u1161\u11a8\u212b\u0958\u0344가\u09c7\u09be的👩\n"
    "\x7f\x80\u07ff\u0800\uffff\U00010000",  # the last and first characters of each length in UTF-8
    max_size=30,
)


def tiles(boundaries: list[int], size: int) -> bool:
    return boundaries[0] == 0 and boundaries[-1] == size and boundaries == sorted(boundaries)


@settings(max_examples=150)
@given(models, st.one_of(combining, st.text(max_size=60)))
def test_spans_tile_both_texts(model: Model, text: str) -> None:
    tokenizer = Tokenizer(model, "reference")
    pieces = tokenizer.spans(text)
    composed = unicodedata.normalize("NFC", text)
    assert pieces.ids.tolist() == tokenizer.encode(text)
    assert tiles(pieces.bytes.tolist(), len(composed.encode()))
    assert tiles(pieces.chars.tolist(), len(composed))
    assert tiles(pieces.source_bytes.tolist(), len(text.encode()))
    assert tiles(pieces.source_chars.tolist(), len(text))
    assert b"".join(piece.data for piece in pieces) == composed.encode()
    for piece in pieces:
        start, end = piece.source_chars
        assert len(text[:start].encode()) == piece.source_bytes[0]
        assert len(text[:end].encode()) == piece.source_bytes[1]
        if piece.text is not None:
            assert composed[slice(*piece.chars)] == piece.text


@settings(max_examples=150)
@given(models, combining)
def test_a_stretch_between_characters_is_the_same_in_both_texts(model: Model, text: str) -> None:
    pieces = Tokenizer(model, "reference").spans(text)
    composed = unicodedata.normalize("NFC", text)
    between = [i for i, free in enumerate(pieces.between) if free]
    for low, high in pairwise(between):
        part = text[pieces.source_chars[low] : pieces.source_chars[high]]
        assert unicodedata.normalize("NFC", part) == composed[pieces.chars[low] : pieces.chars[high]]


def test_a_split_character_goes_whole_to_its_first_piece() -> None:
    spans = [(piece.data, piece.text, piece.bytes, piece.chars) for piece in BY_HAND.spans("x👩y")]
    assert spans == [
        (b"x", "x", (0, 1), (0, 1)),
        (b"\xf0", None, (1, 2), (1, 2)),
        (b"\x9f", None, (2, 3), (2, 2)),
        (b"\x91", None, (3, 4), (2, 2)),
        (b"\xa9", None, (4, 5), (2, 2)),
        (b"y", "y", (5, 6), (2, 3)),
    ]


def test_a_piece_may_end_one_character_and_hold_the_next() -> None:
    pieces = list(BY_HAND.spans("éa"))
    assert [(piece.data, piece.chars) for piece in pieces] == [(b"\xc3", (0, 1)), (b"\xa9a", (1, 2))]
    assert BY_HAND.spans("éa").between.tolist() == [True, False, True]


def test_a_cluster_that_nfc_changed_is_one_in_the_text_as_sent() -> None:
    pieces = list(BY_HAND.spans("e\u0301 的"))
    assert [(piece.text, piece.source_chars, piece.source_bytes) for piece in pieces] == [
        ("é", (0, 2), (0, 3)),
        (" ", (2, 3), (3, 4)),
        ("的", (3, 4), (4, 7)),
    ]
    split = list(BY_HAND.spans("x\u0323\u0301"))  # there is no such composed character: two stay two
    assert [piece.source_chars for piece in split][:2] == [(0, 1), (1, 2)]


def test_pieces_index_and_slice_like_a_list() -> None:
    pieces = BY_HAND.spans("hello world的")
    listed = list(pieces)
    assert len(pieces) == len(listed) == 3
    assert [pieces[0], pieces[-1]] == [listed[0], listed[-1]]
    assert list(pieces[1:]) == listed[1:]
    assert list(pieces[5:2]) == []
    with pytest.raises(IndexError):
        pieces[3]


@settings(max_examples=150)
@given(models, st.one_of(combining, st.text("ab的", max_size=80)), st.integers(1, 12), st.integers(0, 11))
def test_chunks_cover_the_text_and_cut_no_character(model: Model, text: str, most: int, overlap: int) -> None:
    overlap = min(overlap, most - 1)
    tokenizer = Tokenizer(model, "reference")
    cuts = [i for i, free in enumerate(tokenizer.spans(text).between) if free]
    if any(high - low > most for low, high in pairwise(cuts)):
        with pytest.raises(InputError, match="takes more than"):
            tokenizer.chunk(text, most, overlap)
        return
    chunks = tokenizer.chunk(text, most, overlap)
    end = 0
    for chunk in chunks:
        start, stop = int(chunk.source_chars[0]), int(chunk.source_chars[-1])
        assert 0 < len(chunk) <= most
        assert start <= end < stop
        assert chunk.between[0]
        assert chunk.between[-1]
        end = stop
    assert end == len(text)
    if overlap == 0:
        assert "".join(text[chunk.source_chars[0] : chunk.source_chars[-1]] for chunk in chunks) == text


def test_chunks_overlap_by_whole_pieces() -> None:
    chunks = BY_HAND.chunk("hello world的ab", 3, 1)
    assert [[piece.data.decode() for piece in chunk] for chunk in chunks] == [
        ["hello", " world", "的"],
        ["的", "ab"],
    ]


def test_a_character_of_more_pieces_than_fit_is_named() -> None:
    with pytest.raises(InputError, match="character at 1 takes more than 3 pieces") as caught:
        BY_HAND.chunk("x👩", 3)
    assert caught.value.pointer == "/max_tokens"


@settings(max_examples=100)
@given(models, combining, st.integers(0, 10), st.sampled_from(["left", "right"]))
def test_truncating_keeps_an_end_of_the_text_and_whole_characters(
    model: Model, text: str, most: int, side: str
) -> None:
    tokenizer = Tokenizer(model, "reference")
    kept = tokenizer.truncate(text, most, side)
    assert text.startswith(kept) if side == "right" else text.endswith(kept)
    pieces = tokenizer.spans(text)
    if len(pieces) <= most:
        assert kept == text
    else:
        inside = pieces.truncate(most, side)
        assert len(inside) <= most
        longer = pieces[: len(inside) + 1] if side == "right" else pieces[len(pieces) - len(inside) - 1 :]
        cut = -1 if side == "right" else 0
        assert len(longer) > most or not longer.between[cut]


@pytest.mark.parametrize(
    ("most", "overlap", "pointer"),
    [
        (-1, 0, "max_tokens"),
        (0, 0, "max_tokens"),
        (True, 0, "max_tokens"),
        (2, 2, "overlap"),
        (2, -1, "overlap"),
    ],
)
def test_chunk_sizes_make_sense(most: int, overlap: int, pointer: str) -> None:
    with pytest.raises(InputError) as caught:
        BY_HAND.chunk("ab", most, overlap)
    assert caught.value.pointer == f"/{pointer}"


def test_sides_are_left_or_right() -> None:
    with pytest.raises(InputError, match="left") as caught:
        BY_HAND.truncate("ab", 1, "middle")
    assert caught.value.pointer == "/side"


def test_an_empty_text_has_no_pieces_and_no_chunks() -> None:
    pieces = BY_HAND.spans("")
    assert isinstance(pieces, Pieces)
    assert list(pieces) == []
    assert BY_HAND.chunk("", 3) == []
    assert BY_HAND.truncate("", 3) == ""
