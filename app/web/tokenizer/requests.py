"""What the tokenizer's API takes: shapes, types and descriptions, for checking requests and for OpenAPI.

What is bounded by a setting is checked where the work is done (`computing.py`), since these know no settings.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.errors import InputError
from app.web.json_route import Characters

MOST_PATHS = 32
"""Most segmentations that are listed of a lattice."""

ModelName = Annotated[
    Characters | None, Field(description="name of a model; the default model answers where none is named")
]
Text = Annotated[
    str | None, Field(description="one text", examples=["Tokens all the way down. 你好，世界。"])
]
Texts = Annotated[
    Annotated[list[Characters], Field(fail_fast=True)] | None,
    Field(description="several texts, answered in order"),
]
Ids = Annotated[list[Annotated[int, Field(ge=0)]], Field(fail_fast=True)]


class Request(BaseModel):
    """Unknown fields are refused, and nothing is converted: "5" is not a number."""

    model_config = ConfigDict(extra="forbid", strict=True)


class TextRequest(Request):
    """One text or several, under one model."""

    model: ModelName = None
    text: Text = None
    texts: Texts = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        _exactly_one(self, "text", "texts")
        return self


class Truncation(Request):
    """Where to cut a text that has too many tokens; never inside a character."""

    max_tokens: int = Field(ge=0, description="most ids to keep, including added special tokens")
    side: Literal["left", "right"] = Field("right", description="the side that is cut off")


class EncodeRequest(TextRequest):
    """Texts to ids; with `alpha` a segmentation is drawn at random, the same one for the same seed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "Tokens all the way down.", "return": ["pieces"]}]}
    )

    add_bos: bool | None = Field(None, description="begin with `<bos>`; null does what the model's card says")
    add_eos: bool | None = Field(None, description="end with `<eos>`; null does what the model's card says")
    alpha: float | None = Field(
        None,
        gt=0,
        le=10,
        allow_inf_nan=False,
        description="draw each segmentation by its probability to this power",
    )
    seed: int | None = Field(
        None, ge=0, lt=2**64, description="makes drawing reproducible; text i of several uses seed + i"
    )
    normalize: Literal["NFC"] | None = Field(
        "NFC", description="null takes the text as it is; if left out, the model's card decides"
    )
    wanted: Annotated[
        list[
            Literal[
                "pieces",
                "byte_spans",
                "char_spans",
                "source_byte_spans",
                "source_char_spans",
                "utf16_spans",
                "scores",
            ]
        ],
        Field(fail_fast=True),
    ] = Field(
        [], alias="return", description="what to answer beside the ids; spans and scores are parallel to them"
    )
    truncate: Truncation | None = Field(None, description="keep a part of each text only")


class DecodeRequest(Request):
    """Ids to text."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": [1, 260, 261, 2], "bytes": True}]})

    model: ModelName = None
    ids: Ids | None = Field(None, description="the ids of one text")
    batch: Annotated[list[Ids], Field(fail_fast=True)] | None = Field(
        None, description="the ids of several texts, answered in order"
    )
    special: bool = Field(False, description="show special tokens as `<pad>`, `<bos>`, `<eos>`, else nothing")
    exact: bool = Field(False, alias="bytes", description="answer the exact bytes too, in base64")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        _exactly_one(self, "ids", "batch")
        return self


class CountRequest(TextRequest):
    """How many tokens texts have."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Tokens all the way down."}]})

    max_tokens: int | None = Field(
        None, ge=1, description="also count the chunks of at most this many tokens that `/chunk` would give"
    )
    overlap: int = Field(0, ge=0, description="tokens that a chunk repeats from the one before")


class ChunkRequest(TextRequest):
    """Texts in parts of bounded size, cut between tokens and never inside a character."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "Tokens all the way down.", "max_tokens": 4, "overlap": 1}]}
    )

    max_tokens: int = Field(
        512, ge=1, description="most tokens in a chunk, including those that the model adds to it"
    )
    boundary: Literal["token", "grapheme", "word", "sentence", "paragraph"] = Field(
        "grapheme", description="where chunks end, as far as the limit allows"
    )
    overlap: int = Field(0, ge=0, description="most tokens that a chunk repeats from the one before")


class CompareRequest(Request):
    """One text under several models."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"models": ["default"], "text": "你好，世界"}]})

    models: Annotated[list[Characters], Field(fail_fast=True)] = Field(
        min_length=1, description="names of models, each once"
    )
    text: Characters


class LatticeRequest(Request):
    """Every segmentation of a short text at once."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "tokens", "n": 3}]})

    model: ModelName = None
    text: Characters
    n: int = Field(5, ge=1, le=MOST_PATHS, description="most segmentations to list, best first")


def _exactly_one(request: Any, one: str, other: str) -> None:
    has_one, has_other = getattr(request, one) is not None, getattr(request, other) is not None
    if has_one and has_other:
        raise InputError(f"{one} and {other} are both given; send one of them", f"/{other}")
    if not (has_one or has_other):
        raise InputError(f"neither {one} nor {other} is given; send one of them", f"/{one}")
