"""What the tokenizer's API answers, for OpenAPI and for the tests that hold answers against it.

Answers are built as plain dicts and written by orjson (`computing.py`); what was not asked for is left out.
"""

from typing import Literal

from pydantic import BaseModel, Field

Span = tuple[int, int]
"""A half open pair [start, end)."""


class SpecialTokens(BaseModel):
    """The ids of the special tokens, and whether the model's card says to add them."""

    pad: int | None
    bos: int | None
    eos: int | None
    add_bos: bool
    add_eos: bool


class ModelAnswer(BaseModel):
    """A model, as its file and its card describe it. What is not known is null."""

    name: str
    default: bool = Field(description="it answers where a request names no model")
    kind: Literal["bytepiece", "sentencepiece", "huggingface", "tiktoken"] | None
    lossless: bool | None = Field(description="whether pieces lie side by side and give back every text")
    can: list[str] | None = Field(
        description="of encode, decode, spans, count, chunk, truncate, sample, lattice, scores, chat"
    )
    aliases: list[str] | None = Field(description="further names of it")
    vocab_size: int | None = Field(description="number of ids, special tokens included")
    context_length: int | None = Field(
        description="most tokens that the language model takes at once, where its files say so"
    )
    order: int | None = Field(description="longest n-gram that was counted when it was trained, in bytes")
    normalization: Literal["NFC"] | None = Field(description="what is done to a text before it is segmented")
    special_tokens: SpecialTokens | None
    sha256: str | None = Field(description="checksum of the model's file")
    licence: str | None
    corpus: str | None = Field(description="what it was trained on")
    bytes_per_token: float | None = Field(description="measured on the development set")
    bytes_per_token_by_script: dict[str, float] | None = Field(
        description="the same, over the lines of each script"
    )
    bytes_per_token_by_language: dict[str, float] | None = Field(
        description="the same, over the texts of each language, where the development set names languages"
    )
    problem: str | None = Field(description="why the file can't be used, null where it can")


class ModelList(BaseModel):
    """A page of models, the default one first, then by name."""

    items: list[ModelAnswer]
    next_cursor: str | None = Field(description="where the next page begins, null on the last one")
    total: int


class PieceAnswer(BaseModel):
    """A piece with where it lies: in the normalised text, and in the text as sent (`source_…`).

    A character split over pieces, or a cluster that normalisation changed, belongs whole to its first piece and is
    empty in the others. A special token is empty and has no score.
    """

    id: int
    text: str | None = Field(description="its characters; null where it is not whole characters")
    b64: str = Field(description="its bytes in base64")
    bytes: Span
    chars: Span
    source_bytes: Span
    source_chars: Span
    score: float | None = Field(description="log-probability of the piece")


class EncodedText(BaseModel):
    """The ids of a text, and what was asked for beside them."""

    ids: list[int]
    count: int
    pieces: list[PieceAnswer] = Field(default=[], description="if asked for")
    byte_spans: list[Span] = Field(default=[], description="if asked for; in the normalised text")
    char_spans: list[Span] = Field(default=[], description="if asked for; in the normalised text")
    source_byte_spans: list[Span] = Field(default=[], description="if asked for; in the text as sent")
    source_char_spans: list[Span] = Field(default=[], description="if asked for; in the text as sent")
    utf16_spans: list[Span] = Field(
        default=[], description="if asked for; in the text as sent, as JavaScript and Java count"
    )
    scores: list[float | None] = Field(default=[], description="if asked for; null for special tokens")
    truncated: bool = Field(
        default=False, description="whether something was cut off; if `truncate` is given"
    )


class Encoded(EncodedText):
    """The answer for `text`."""

    model: str


class EncodedTexts(BaseModel):
    """The answer for `texts`."""

    model: str
    items: list[EncodedText]


class DecodedText(BaseModel):
    """The text of some ids. Bytes that are not UTF-8 show as U+FFFD and are counted in `invalid`."""

    text: str
    invalid: int = Field(description="number of bytes that are not UTF-8")
    b64: str = Field(default="", description="the exact bytes in base64, if `bytes` is true")


class Decoded(DecodedText):
    """The answer for `ids`."""

    model: str


class DecodedTexts(BaseModel):
    """The answer for `batch`."""

    model: str
    items: list[DecodedText]


class CountedText(BaseModel):
    """The size of a text."""

    count: int = Field(description="tokens, without special ones")
    bytes: int = Field(description="size of the normalised text in UTF-8")
    chunks: int = Field(default=0, description="if `max_tokens` is given")


class Counted(CountedText):
    """The answer for `text`."""

    model: str


class CountedTexts(BaseModel):
    """The answer for `texts`."""

    model: str
    items: list[CountedText]


class Chunk(BaseModel):
    """A part of a text: `text` is the slice `source_chars` of the text as sent."""

    text: str
    count: int
    bytes: Span
    chars: Span
    source_bytes: Span
    source_chars: Span


class ChunkedText(BaseModel):
    """The chunks of a text in order; with an overlap of 0 they are the text."""

    chunks: list[Chunk]
    count: int = Field(description="number of chunks")


class Chunked(ChunkedText):
    """The answer for `text`."""

    model: str


class ChunkedTexts(BaseModel):
    """The answer for `texts`."""

    model: str
    items: list[ChunkedText]


class ComparedModel(BaseModel):
    """What one model makes of the text."""

    model: str
    count: int
    bytes: int = Field(description="size of the normalised text in UTF-8")
    bytes_per_token: float | None = Field(description="null for an empty text")
    pieces: list[PieceAnswer]


class Compared(BaseModel):
    """The models in the order asked for."""

    items: list[ComparedModel]


class LatticeEdge(BaseModel):
    """A piece that matches between two nodes. Nodes are the places between bytes."""

    start: int
    end: int
    id: int
    text: str | None
    b64: str
    score: float


class LatticePath(BaseModel):
    """A segmentation: the numbers of its edges, and the sum of their scores."""

    edges: list[int]
    ids: list[int]
    score: float
    probability: float = Field(description="its share among all segmentations")


class LatticeAnswer(BaseModel):
    """Nodes are the places between the bytes of the normalised text, from 0 to its size."""

    model: str
    text: str = Field(description="the normalised text")
    nodes: list[int] = Field(description="places that a segmentation can cut at")
    edges: list[LatticeEdge]
    best: LatticePath
    n_best: list[LatticePath]
    log_total: float = Field(description="log of the summed probability of all segmentations")
    boundaries: list[float] = Field(
        description="for each place from 0 to the text's size, the probability that a segmentation cuts there"
    )
