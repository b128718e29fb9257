"""What the dialects take, how their failures look, and what OpenAPI says of both. Nothing is computed here.

Fields that other servers know and we have no use for are ignored, as those servers ignore ours. The shapes are those of
vLLM's protocol models, llama.cpp's server and text-embeddings-inference's router.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from app.errors import InputError, ModelError, NotFound, Overloaded, TooLarge
from app.web.json_route import Characters

Ids = Annotated[list[Annotated[int, Field(ge=0, lt=2**63)]], Field(fail_fast=True)]


class TooManyTokens(TooLarge):
    """The texts of a request have more tokens than one request may have; `count` and `most` say how many."""

    def __init__(self, count: int, most: int, pointer: str) -> None:
        super().__init__(
            f"the request has {count:,} tokens; at most {most:,} are taken (QUIRE_MAX_MODEL_LEN)", pointer
        )
        self.count = count
        self.most = most


class EmptyInputs(InputError):
    """text-embeddings-inference refuses a request without texts by a status and kind of its own."""

    def __init__(self) -> None:
        super().__init__("`inputs` cannot be empty: send a text, or a list with at least one", "/inputs")


class _Request(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    model: Characters | None = Field(None, description="name of a model; the default one if null")


class VllmRequest(_Request):
    """vLLM: answers `count`, `max_model_len`, `tokens`, `token_strs`."""

    prompt: Characters
    add_special_tokens: bool = Field(True, description="add the special tokens that the model's card says")
    return_token_strs: bool | None = Field(False, description="answer the pieces as text too")


class LlamaCppRequest(_Request):
    """llama.cpp: answers `tokens`, as ids or as objects with pieces."""

    content: Characters | Annotated[list[Characters | int], Field(fail_fast=True)] = Field(
        description="a text, or a list of texts and ids to be joined"
    )
    add_special: bool = Field(False, description="add the special tokens that the model's card says")
    parse_special: bool = Field(True, description="`<pad>`, `<bos>`, `<eos>` in the text become their ids")
    with_pieces: bool = Field(False, description="a piece that is not whole characters is a list of bytes")


class TeiRequest(_Request):
    """text-embeddings-inference: answers a list of tokens for each text, positions in bytes."""

    inputs: Characters | Annotated[list[Characters], Field(fail_fast=True)]
    add_special_tokens: bool = Field(True, description="add the special tokens that the model's card says")
    prompt_name: Characters | None = Field(None, description="must be null: these models have no prompts")


class TeiDecodeRequest(_Request):
    """text-embeddings-inference: answers a text for each list of ids."""

    ids: Ids | Annotated[list[Ids], Field(fail_fast=True)]
    skip_special_tokens: bool = Field(True, description="special tokens decode to nothing")


class DetokenizeRequest(_Request):
    """vLLM and llama.cpp alike."""

    tokens: Ids
    special: bool = Field(False, description="show special tokens as they are written, else as nothing")


class VllmAnswer(BaseModel):
    """What vLLM answers."""

    count: int
    max_model_len: int
    tokens: list[int]
    token_strs: list[str] | None


class LlamaCppPiece(BaseModel):
    """A token with its piece."""

    id: int
    piece: str | list[int]


class LlamaCppAnswer(BaseModel):
    """What llama.cpp answers."""

    tokens: list[int] | list[LlamaCppPiece]


class TeiToken(BaseModel):
    """A token, the bytes of the text as sent that it stands for, and the text there; a special one has none."""

    id: int
    text: str
    special: bool
    start: int | None
    stop: int | None


class DetokenizeAnswer(BaseModel):
    """The text, under vLLM's name and under llama.cpp's."""

    prompt: str
    content: str


class TokenizerInfo(BaseModel):
    """What vLLM says of its tokenizer."""

    tokenizer_class: str
    model_max_length: int = Field(description="most tokens of a request")
    bos_token: None
    eos_token: None
    pad_token: None


class VllmProblem(BaseModel):
    """`{error: {message, type, param, code}}`."""

    class Reason(BaseModel):
        """What went wrong."""

        message: str
        type: str
        param: str | None
        code: int

    error: Reason


class LlamaCppProblem(BaseModel):
    """`{error: {code, message, type}}`; with `n_prompt_tokens` and `n_ctx` where a text is too long."""

    class Reason(BaseModel):
        """What went wrong."""

        code: int
        message: str
        type: str
        n_prompt_tokens: int = 0
        n_ctx: int = 0

    error: Reason


class TeiProblem(BaseModel):
    """`{error, error_type}`."""

    error: str
    error_type: Literal["Validation", "Empty", "Overloaded", "Unhealthy"]


@dataclass(frozen=True)
class Dialect:
    """One server's way of failing: the statuses it uses, and the shape of its reasons."""

    name: Literal["vllm", "llama.cpp", "tei", "detokenize"]
    invalid: int
    too_many_tokens: int
    overloaded: int

    def status(self, error: Exception) -> int:
        """The status of a failure."""
        kinds: tuple[tuple[type[Exception], int], ...] = (
            (NotFound, 404),
            (TooManyTokens, self.too_many_tokens),
            (TooLarge, 413),
            (EmptyInputs, 400),
            (InputError, self.invalid),
            (ModelError, self.invalid),
            (RequestValidationError, self.invalid),
            (Overloaded, self.overloaded),
        )
        return next((status for kind, status in kinds if isinstance(error, kind)), 503)

    def reason(self, error: Exception) -> dict[str, Any]:
        """The body of a failure."""
        status = self.status(error)
        message, field = explained(error)
        if self.name == "tei":
            kind = {400: "Empty", 429: "Overloaded", 503: "Unhealthy"}.get(status, "Validation")
            return {"error": message, "error_type": kind}
        if self.name == "llama.cpp":
            kind = {404: "not_found_error", 503: "unavailable_error"}.get(status, "invalid_request_error")
            reason: dict[str, Any] = {"code": status, "message": message, "type": kind}
            if isinstance(error, TooManyTokens):
                reason |= {
                    "type": "exceed_context_size_error",
                    "n_prompt_tokens": error.count,
                    "n_ctx": error.most,
                }
            return {"error": reason}
        kind = {404: "NotFoundError", 503: "ServiceUnavailableError"}.get(status, "BadRequestError")
        return {"error": {"message": message, "type": kind, "param": field, "code": status}}


VLLM = Dialect("vllm", invalid=400, too_many_tokens=400, overloaded=503)
LLAMA_CPP = Dialect("llama.cpp", invalid=400, too_many_tokens=400, overloaded=503)
TEI = Dialect("tei", invalid=422, too_many_tokens=422, overloaded=429)
DETOKENIZE = Dialect("detokenize", invalid=422, too_many_tokens=422, overloaded=503)
"""vLLM's shape, whose fields are also all of llama.cpp's."""


def explained(error: Exception) -> tuple[str, str | None]:
    """What is wrong, and the field that it is about."""
    if isinstance(error, RequestValidationError):
        finding = error.errors()[0]
        steps = [str(step) for step in finding["loc"][1:]]
        return f"{'/'.join(steps)}: {finding['msg']}", steps[0] if steps else None
    pointer = error.pointer if isinstance(error, InputError) else ""
    return str(error), pointer.strip("/").split("/")[0] or None
