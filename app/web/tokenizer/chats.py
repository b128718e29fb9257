"""Chats over HTTP: our own endpoint and the routes of vLLM, llama.cpp, Anthropic and OpenAI.

A dialect's request is put into messages of a role and a text, its answer into the fields that its clients read.
"""

from collections.abc import Sequence
from time import perf_counter
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

from app.errors import InputError, Overloaded, QuireError, Sentence
from app.tokenizer.others.chat import RenderedChat, chat
from app.web.dependencies import Services, get_services
from app.web.errors import problem_responses
from app.web.json_route import BareRoute, Characters, check_media_type, dump, parse, validate
from app.web.tokenizer.bounds import check_batch, check_text, tokenizer_of
from app.web.tokenizer.dialect_shapes import LLAMA_CPP, VLLM, Dialect, explained
from app.web.tokenizer.metrics import note
from app.web.tokenizer.responses import Span

Objects = Annotated[list[dict[str, Any]], Field(fail_fast=True)]
Message = Annotated[dict[str, Any], Field(examples=[{"role": "user", "content": "Hello"}])]
Messages = Annotated[
    list[Message], Field(fail_fast=True), Field(min_length=1, description="messages of a role and a content")
]


class ChatRequest(BaseModel):
    """Messages to a prompt and its ids."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"messages": [{"role": "user", "content": "Hello"}]}]},
    )

    model: Characters | None = Field(None, description="name of a model with a chat template")
    messages: Messages
    tools: Objects | None = Field(None, description="tools as the template takes them")
    add_generation_prompt: bool = Field(True, description="end with the beginning of an answer")
    continue_final_message: bool = Field(False, description="leave the last message open")
    template_arguments: dict[str, Any] = Field({}, description="further variables of the template")
    wanted: Annotated[list[Literal["byte_spans", "contents"]], Field(fail_fast=True)] = Field(
        [], alias="return", description="what else to answer: the places of the ids, or of the contents"
    )


class MessageCount(BaseModel):
    """The ids of a message; those that belong to none have the role null."""

    role: str | None
    count: int


class MessageContent(BaseModel):
    """Where a message's own text stands in the prompt; what is in no content was written by the template."""

    message: int = Field(description="the message's place in the request, from 0")
    bytes: Span = Field(description="in the prompt's UTF-8")


class ChatAnswer(BaseModel):
    """The prompt that the model's template writes. The counts of the messages add up to `count`."""

    model: str
    prompt: str
    ids: list[int]
    count: int
    messages: list[MessageCount]
    byte_spans: list[Span] = Field(
        default=[], description="if asked for; where each id lies in the prompt's UTF-8"
    )
    contents: list[MessageContent] = Field(default=[], description="if asked for; in the order of the prompt")


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    model: Characters | None = None
    tools: Objects | None = None


class VllmChatRequest(_Loose):
    """vLLM's `/tokenize` with messages."""

    messages: Messages
    add_generation_prompt: bool = True
    continue_final_message: bool = False
    add_special_tokens: bool = False
    return_token_strs: bool | None = False
    chat_template: Characters | None = None
    chat_template_kwargs: dict[str, Any] | None = None


class ApplyTemplateRequest(_Loose):
    """llama.cpp's `/apply-template`."""

    messages: Messages
    add_generation_prompt: bool = True
    chat_template_kwargs: dict[str, Any] | None = None


class AnthropicRequest(_Loose):
    """Anthropic's `/v1/messages/count_tokens`."""

    messages: Messages
    system: Characters | Objects | None = None


class ResponsesRequest(_Loose):
    """OpenAI's `/v1/responses/input_tokens`."""

    input: Characters | Objects
    instructions: Characters | None = None


class CountAnswer(BaseModel):
    """What Anthropic answers."""

    input_tokens: int


class ResponsesCount(CountAnswer):
    """What OpenAI answers."""

    object: str = "response.input_tokens"


class Prompt(BaseModel):
    """What llama.cpp answers."""

    prompt: str


class OpenAiModel(BaseModel):
    """A model as OpenAI lists it."""

    id: str
    object: str = "model"
    created: int
    owned_by: str


class OpenAiModels(BaseModel):
    """The models as OpenAI lists them."""

    object: str = "list"
    data: list[OpenAiModel]


router = APIRouter(tags=["dialects"], route_class=BareRoute)


def count_chat(body: ChatRequest, services: Services) -> dict[str, Any]:
    """Answers POST /api/v1/chat."""
    made = chatted(
        services, body.model, body.messages, body.tools, body.template_arguments,
        add_generation_prompt=body.add_generation_prompt,
        continue_final_message=body.continue_final_message,
        find_contents="contents" in body.wanted,
        count_messages=True,
    )  # fmt: skip
    roles = [message.get("role") for message in body.messages]
    counts = [{"role": role, "count": n} for role, n in zip(roles, made.counts, strict=True)]
    if made.rest:
        counts.append({"role": None, "count": made.rest})
    answer: dict[str, Any] = {
        "model": tokenizer_of(services, body.model).name,
        "prompt": made.prompt,
        "ids": made.ids,
        "count": len(made.ids),
        "messages": counts,
    }
    if "byte_spans" in body.wanted:
        answer["byte_spans"] = made.spans
    if "contents" in body.wanted:
        answer["contents"] = [{"message": i, "bytes": place} for i, *place in made.contents]
    return answer


@router.post(
    "/apply-template", response_model=Prompt, responses=problem_responses(400, 404, 413, 415, 422, 503)
)
async def apply_template(request: Request) -> Response:
    """Messages to a prompt as llama.cpp answers it."""

    def answer(value: Any, services: Services) -> dict[str, Any]:
        body = validate(ApplyTemplateRequest, value)
        made = chatted(
            services, body.model, body.messages, body.tools, body.chat_template_kwargs or {},
            add_generation_prompt=body.add_generation_prompt,
        )  # fmt: skip
        return {"prompt": made.prompt}

    return await _answered(request, answer, LLAMA_CPP)


@router.post(
    "/v1/messages/count_tokens",
    response_model=CountAnswer,
    responses=problem_responses(400, 404, 413, 415, 422, 503),
)
async def anthropic_count(request: Request) -> Response:
    """The tokens of messages as Anthropic answers them, under the model that is named."""

    def answer(value: Any, services: Services) -> dict[str, Any]:
        body = validate(AnthropicRequest, value)
        system = [{"role": "system", "content": body.system}] if body.system else []
        tools = [_function(tool) for tool in body.tools or []]
        messages = [*system, *map(_from_anthropic, body.messages)]
        return {"input_tokens": len(chatted(services, body.model, messages, tools or None, {}).ids)}

    return await _answered(request, answer, None)


@router.post(
    "/v1/responses/input_tokens",
    response_model=ResponsesCount,
    responses=problem_responses(400, 404, 413, 415, 422, 503),
)
async def openai_count(request: Request) -> Response:
    """The tokens of an input as OpenAI answers them, under the model that is named."""

    def answer(value: Any, services: Services) -> dict[str, Any]:
        body = validate(ResponsesRequest, value)
        said = [{"role": "user", "content": body.input}] if isinstance(body.input, str) else body.input
        system = [{"role": "system", "content": body.instructions}] if body.instructions else []
        messages: list[dict[str, Any]] = [
            *system,
            *(
                {"role": one.get("role", "user"), "content": one.get("content", one.get("output"))}
                for one in said
            ),
        ]
        tools = [_function(tool) for tool in body.tools or []]
        count = len(chatted(services, body.model, messages, tools or None, {}).ids)
        return {"object": "response.input_tokens", "input_tokens": count}

    return await _answered(request, answer, VLLM)


@router.get("/v1/models", response_model=OpenAiModels)
async def openai_models(request: Request) -> Response:
    """The models and their aliases as OpenAI lists them."""

    def listed(services: Services) -> list[dict[str, Any]]:
        names = [*services.models.names(), *sorted(services.models.aliases())]
        return [{"id": name, "object": "model", "created": 0, "owned_by": "quire"} for name in names]

    services = get_services(request)
    data = await services.work.run(listed, services)
    return Response(dump({"object": "list", "data": data}), media_type="application/json")


async def openai_model(
    request: Request, name: Annotated[str, Path(description="a model's name, or an alias")]
) -> Response:
    """One model as OpenAI shows it, by its name or an alias."""
    services = get_services(request)
    try:
        await services.work.run(services.models.own_name, name)
    except QuireError as error:
        return Response(dump(VLLM.reason(error)), VLLM.status(error), media_type="application/json")
    model = {"id": name, "object": "model", "created": 0, "owned_by": "quire"}
    return Response(dump(model), media_type="application/json")


# A bare route takes no parameters of its path.
router.add_api_route(
    "/v1/models/{name:path}",
    openai_model,
    response_model=OpenAiModel,
    responses=problem_responses(404, 422, 503),
    route_class_override=APIRoute,
)


def chatted(
    services: Services,
    model: str | None,
    messages: Sequence[dict[str, Any]],
    tools: Objects | None,
    variables: dict[str, Any],
    template: str | None = None,
    add_generation_prompt: bool = True,
    continue_final_message: bool = False,
    find_contents: bool = False,
    count_messages: bool = False,
) -> RenderedChat:
    """The chat under a model, within the limits of a request."""
    started, tokenizer = perf_counter(), tokenizer_of(services, model)
    check_batch(messages, "/messages", services.limits)
    for i, message in enumerate(messages):
        if not isinstance(message.get("role"), str):
            raise InputError(Sentence("a message has a role, such as user"), f"/messages/{i}/role")
        if isinstance(message.get("content"), str):
            check_text(message["content"], f"/messages/{i}/content", services.limits)
    taken = {
        "template",
        "messages",
        "tools",
        "tokenizer",
        "add_generation_prompt",
        "continue_final_message",
        "find_contents",
        "count_messages",
    } & variables.keys()
    if taken:
        raise InputError(
            f"{min(taken)} is a field of the request, not of the template", "/template_arguments"
        )
    if template is not None:
        raise InputError("a template in a request is not run here; the model's own is", "/chat_template")
    made = chat(
        tokenizer,
        messages,
        None,
        add_generation_prompt,
        continue_final_message,
        find_contents,
        count_messages,
        tools=tools,
        **variables,
    )
    note(tokenizer.name, "chat", started, len(made.ids), made.prompt)
    return made


def _function(tool: dict[str, Any]) -> dict[str, Any]:
    """A tool as templates take it; Anthropic and OpenAI's responses write it flat."""
    if "function" in tool:
        return tool
    parameters = tool.get("input_schema", tool.get("parameters", {}))
    function = {
        "name": tool.get("name"),
        "description": tool.get("description", ""),
        "parameters": parameters,
    }
    return {"type": "function", "function": function}


def _from_anthropic(message: dict[str, Any]) -> dict[str, Any]:
    """A message whose results of tools are text, and whose calls of tools are `tool_calls`."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    blocks: list[Any] = []
    calls: list[dict[str, Any]] = []
    for block in content:
        kind = block.get("type") if isinstance(block, dict) else None
        if kind == "tool_use":
            function = {"name": block.get("name"), "arguments": block.get("input", {})}
            calls.append({"id": block.get("id"), "type": "function", "function": function})
        elif kind == "tool_result":
            inner = block.get("content", "")
            blocks += [{"type": "text", "text": inner}] if isinstance(inner, str) else inner
        else:
            blocks.append(block)
    return {**message, "content": blocks, **({"tool_calls": calls} if calls else {})}


async def _answered(request: Request, answer: Any, dialect: Dialect | None) -> Response:
    """The answer, or the failure in the dialect's shape; Anthropic's where none is given."""
    check_media_type(request)
    services = get_services(request)
    content = await request.body()

    def work() -> Response:
        return Response(dump(answer(parse(content), services)), media_type="application/json")

    try:
        return await services.work.run(work)
    except (QuireError, RequestValidationError) as error:
        status = (dialect or VLLM).status(error)
        headers = {"retry-after": str(error.retry_after)} if isinstance(error, Overloaded) else None
        reason = dialect.reason(error) if dialect else _anthropic_reason(error, status)
        return Response(dump(reason), status, headers, media_type="application/json")


def _anthropic_reason(error: Exception, status: int) -> dict[str, Any]:
    kinds = {404: "not_found_error", 413: "request_too_large", 503: "overloaded_error"}
    kind = kinds.get(status, "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": explained(error)[0]}}
