"""What OpenAPI says of the dialects' endpoints."""

from http import HTTPStatus
from typing import Any

from app.web.errors import problem_responses
from app.web.tokenizer.chats import VllmChatRequest
from app.web.tokenizer.dialect_shapes import (
    DetokenizeAnswer,
    DetokenizeRequest,
    LlamaCppAnswer,
    LlamaCppProblem,
    LlamaCppRequest,
    TeiDecodeRequest,
    TeiProblem,
    TeiRequest,
    TeiToken,
    VllmAnswer,
    VllmProblem,
    VllmRequest,
)

_TOKENIZE_EXAMPLES = {
    "vllm": {"summary": "vLLM", "value": {"prompt": "Hello", "return_token_strs": True}},
    "llama.cpp": {"summary": "llama.cpp", "value": {"content": "Hello", "with_pieces": True}},
    "tei": {"summary": "text-embeddings-inference", "value": {"inputs": ["Hello", "你好"]}},
}
_DETOKENIZE_EXAMPLES = {"ids": {"value": {"tokens": [1, 260, 2]}}}


def _failures(models: dict[int, Any]) -> dict[int | str, dict[str, Any]]:
    """The dialects' shapes by status, and our own where the dialect is not yet known."""
    responses = problem_responses(400, 413, 415, 422, 503)
    for status, model in models.items():
        ours = responses.get(status, {})
        responses[status] = {"description": HTTPStatus(status).phrase, **ours, "model": model}
    return responses


def _body(models: list[Any], examples: dict[str, Any]) -> dict[str, Any]:
    schemas = [model.model_json_schema() for model in models]
    schema = {"oneOf": schemas} if len(schemas) > 1 else schemas[0]
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "examples": examples}},
        }
    }


TOKENIZE_DOCS: dict[str, Any] = {
    "response_model": VllmAnswer | LlamaCppAnswer | list[list[TeiToken]],
    "responses": _failures(
        {
            400: VllmProblem | LlamaCppProblem | TeiProblem,
            404: VllmProblem | LlamaCppProblem | TeiProblem,
            413: VllmProblem | LlamaCppProblem | TeiProblem,
            422: TeiProblem,
            429: TeiProblem,
            503: VllmProblem | LlamaCppProblem | TeiProblem,
        }
    ),
    "openapi_extra": _body([VllmRequest, VllmChatRequest, LlamaCppRequest, TeiRequest], _TOKENIZE_EXAMPLES),
}

DECODE_DOCS: dict[str, Any] = {
    "response_model": list[str],
    "responses": _failures(
        {400: TeiProblem, 404: TeiProblem, 413: TeiProblem, 422: TeiProblem, 429: TeiProblem}
    ),
    "openapi_extra": _body([TeiDecodeRequest], {"ids": {"value": {"ids": [260, 412]}}}),
}

DETOKENIZE_DOCS: dict[str, Any] = {
    "response_model": DetokenizeAnswer,
    "responses": _failures({404: VllmProblem, 413: VllmProblem, 422: VllmProblem, 503: VllmProblem}),
    "openapi_extra": _body([DetokenizeRequest], _DETOKENIZE_EXAMPLES),
}
