"""Requests as the clients and the documentation of other servers write them, and failures in the shapes they read."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.tokenizer import Tokenizer
from app.web.tokenizer.dialect_shapes import (
    DetokenizeAnswer,
    LlamaCppAnswer,
    LlamaCppProblem,
    TeiProblem,
    TeiToken,
    TokenizerInfo,
    VllmAnswer,
    VllmProblem,
)

TEXT = "hello the fox, 你好，世界。 天地 🦊"


def post(client: httpx.Client, path: str, status: int = 200, **body: Any) -> Any:
    response = client.post(path, json=body)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    return response.json()


def test_vllm_answers_count_limit_and_tokens(client: httpx.Client, tokenizer: Tokenizer) -> None:
    """As lm-eval's RemoteTokenizer asks."""
    answer = post(client, "/tokenize", prompt=TEXT, add_special_tokens=False)
    VllmAnswer.model_validate(answer)
    ids = tokenizer.encode(TEXT)
    assert answer == {"count": len(ids), "max_model_len": 20000, "tokens": ids, "token_strs": None}


def test_vllm_shows_tokens_as_text(client: httpx.Client, tokenizer: Tokenizer) -> None:
    answer = post(client, "/tokenize", model="default", prompt=TEXT, return_token_strs=True)
    assert answer["token_strs"] == [piece.decode(errors="replace") for piece in tokenizer.tokenize(TEXT)]
    assert "\ufffd" in "".join(answer["token_strs"])


def test_vllm_adds_what_the_card_says_unless_told_not_to(client: httpx.Client) -> None:
    marked = post(client, "/tokenize", model="marked", prompt="the", return_token_strs=True)
    assert marked["token_strs"] == ["<bos>", "the", "<eos>"]
    assert post(client, "/tokenize", model="marked", prompt="the", add_special_tokens=False)["count"] == 1
    assert post(client, "/tokenize", prompt="the")["count"] == 1


def test_vllm_and_tei_take_what_looks_like_a_special_token_as_text(client: httpx.Client) -> None:
    assert not {0, 1, 2} & set(post(client, "/tokenize", prompt="<bos>the<eos>")["tokens"])
    assert not any(token["special"] for token in post(client, "/tokenize", inputs="<bos>the")[0])


def test_llama_cpp_answers_ids(client: httpx.Client, tokenizer: Tokenizer) -> None:
    answer = post(client, "/tokenize", content=TEXT)
    LlamaCppAnswer.model_validate(answer)
    assert answer == {"tokens": tokenizer.encode(TEXT)}


def test_llama_cpp_pieces_are_text_or_bytes(client: httpx.Client, tokenizer: Tokenizer) -> None:
    tokens = post(client, "/tokenize", content=TEXT, add_special=False, with_pieces=True)["tokens"]
    assert [token["id"] for token in tokens] == tokenizer.encode(TEXT)
    data = [p.encode() if isinstance(p, str) else bytes(p) for p in (token["piece"] for token in tokens)]
    assert data == tokenizer.tokenize(TEXT)
    assert any(isinstance(token["piece"], list) for token in tokens)


def test_llama_cpp_parses_special_tokens_unless_told_not_to(
    client: httpx.Client, tokenizer: Tokenizer
) -> None:
    answer = post(client, "/tokenize", content="<bos>the<eos>", with_pieces=True)
    assert answer["tokens"] == [
        {"id": 1, "piece": "<bos>"},
        {"id": tokenizer.encode("the")[0], "piece": "the"},
        {"id": 2, "piece": "<eos>"},
    ]
    plain = post(client, "/tokenize", content="<bos>the<eos>", parse_special=False)
    assert plain == {"tokens": tokenizer.encode("<bos>the<eos>")}


def test_llama_cpp_adds_special_tokens_only_where_asked(client: httpx.Client) -> None:
    assert len(post(client, "/tokenize", model="marked", content="the")["tokens"]) == 1
    assert post(client, "/tokenize", model="marked", content="the", add_special=True)["tokens"][::2] == [1, 2]


def test_llama_cpp_joins_texts_and_ids(client: httpx.Client, tokenizer: Tokenizer) -> None:
    the = tokenizer.encode("the")
    assert post(client, "/tokenize", content=["the", 5, "<eos>", "the"])["tokens"] == [*the, 5, 2, *the]


def test_tei_answers_a_list_of_tokens_for_each_text(client: httpx.Client) -> None:
    for inputs, count in ((TEXT, 1), ([TEXT, "", "e\u0301 the"], 3)):
        answer = post(client, "/tokenize", inputs=inputs, add_special_tokens=True, prompt_name=None)
        assert len(answer) == count
        for tokens, text in zip(answer, [inputs] if isinstance(inputs, str) else inputs, strict=True):
            for token in tokens:
                TeiToken.model_validate(token)
            spans = [(token["start"], token["stop"]) for token in tokens]
            assert [0, *(stop for _, stop in spans)] == [*(start for start, _ in spans), len(text.encode())]


def test_tei_positions_are_bytes_of_the_text_as_sent_and_its_text_the_slice_there(
    client: httpx.Client,
) -> None:
    text = "e\u0301 the 你好"
    (tokens,) = post(client, "/tokenize", inputs=text)
    for token in tokens:
        assert text.encode()[token["start"] : token["stop"]].decode() == token["text"]
    (partial,) = post(client, "/tokenize", inputs="天")
    assert [token["text"] for token in partial] == ["天", *[""] * (len(partial) - 1)]
    assert [(token["start"], token["stop"]) for token in partial] == [(0, 3), *[(3, 3)] * (len(partial) - 1)]


def test_tei_refuses_a_request_without_texts_by_a_kind_of_its_own(client: httpx.Client) -> None:
    answer = post(client, "/tokenize", 400, inputs=[])
    assert TeiProblem.model_validate(answer).error_type == "Empty"


def test_tei_decodes_one_list_of_ids_or_several(client: httpx.Client, tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("the 你好")
    assert post(client, "/decode", ids=ids) == ["the 你好"]
    assert post(client, "/decode", ids=[ids, [], [1, *ids, 2]]) == ["the 你好", "", "the 你好"]
    assert post(client, "/decode", ids=[1, *ids], skip_special_tokens=False) == ["<bos>the 你好"]
    assert post(client, "/decode", ids=[]) == [""]
    TeiProblem.model_validate(post(client, "/decode", 422, ids=[[10**6]]))


def test_llama_cpp_s_requests_may_be_called_what_curl_calls_them(client: httpx.Client) -> None:
    unnamed = {"content-type": "application/x-www-form-urlencoded"}
    answer = client.post("/tokenize", content=b'{"content": "the"}', headers=unnamed)
    assert answer.json() == post(client, "/tokenize", content="the")
    assert client.post("/detokenize", content=b'{"tokens": [5]}', headers=unnamed).status_code == 200
    assert client.post("/tokenize", content=b'{"prompt": "the"}', headers=unnamed).status_code == 415


@given(text=st.text(alphabet=" the天地é\u0301\u00e9\n🦊", max_size=20))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tei_positions_are_those_of_the_library(
    client: httpx.Client, tokenizer: Tokenizer, text: str
) -> None:
    (tokens,) = post(client, "/tokenize", inputs=text)
    assert [(token["start"], token["stop"]) for token in tokens] == [
        piece.source_bytes for piece in tokenizer.spans(text)
    ]


def test_tei_special_tokens_have_no_place(client: httpx.Client) -> None:
    (tokens,) = post(client, "/tokenize", model="marked", inputs="the")
    assert tokens[0] == {"id": 1, "text": "<bos>", "special": True, "start": None, "stop": None}
    assert len(post(client, "/tokenize", model="marked", inputs="the", add_special_tokens=False)[0]) == 1


@given(text=st.text(max_size=60))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_dialects_agree_and_detokenizing_gives_the_text_back(client: httpx.Client, text: str) -> None:
    ids = post(client, "/tokenize", model="bare", prompt=text)["tokens"]
    assert post(client, "/tokenize", model="bare", content=text, parse_special=False)["tokens"] == ids
    assert [token["id"] for token in post(client, "/tokenize", model="bare", inputs=text)[0]] == ids
    assert post(client, "/detokenize", model="bare", tokens=ids) == {"prompt": text, "content": text}


def test_detokenizing_shows_special_tokens_only_where_asked(
    client: httpx.Client, tokenizer: Tokenizer
) -> None:
    ids = [1, *tokenizer.encode("the"), 2]
    answer = post(client, "/detokenize", tokens=ids)
    DetokenizeAnswer.model_validate(answer)
    assert answer["content"] == "the"
    assert post(client, "/detokenize", tokens=ids, special=True)["prompt"] == "<bos>the<eos>"


def test_detokenizing_half_a_character_shows_a_replacement(
    client: httpx.Client, tokenizer: Tokenizer
) -> None:
    assert post(client, "/detokenize", tokens=tokenizer.encode("天")[:1])["content"] == "\ufffd"


def test_long_texts_are_answered_as_short_ones(client: httpx.Client, tokenizer: Tokenizer) -> None:
    text = "the fox 你好 " * 1000
    assert post(client, "/tokenize", prompt=text)["tokens"] == tokenizer.encode(text)


def test_fields_of_those_servers_that_mean_nothing_here_are_ignored(client: httpx.Client) -> None:
    assert post(client, "/tokenize", content="the", n_predict=5)["tokens"]
    assert post(client, "/tokenize", inputs="the", parameters={})[0]


VLLM_WRONG: list[tuple[dict[str, Any], int, str, str | None]] = [
    ({"prompt": 5}, 400, "BadRequestError", "prompt"),
    ({"prompt": ["a"]}, 400, "BadRequestError", "prompt"),
    ({"prompt": "a", "add_special_tokens": "yes"}, 400, "BadRequestError", "add_special_tokens"),
    ({"messages": [{"role": "user", "content": "Hello"}]}, 400, "BadRequestError", "messages"),
    ({"prompt": "a", "model": "gpt-4"}, 404, "NotFoundError", "model"),
    ({"prompt": "a", "model": ""}, 404, "NotFoundError", "model"),
    ({"prompt": "a", "model": ["default"]}, 400, "BadRequestError", "model"),
    ({"prompt": "a", "model": "broken"}, 400, "BadRequestError", None),
    ({"prompt": "~" * 20_001}, 400, "BadRequestError", "prompt"),
    ({"prompt": "~" * 200_001}, 413, "BadRequestError", "prompt"),
]


@pytest.mark.parametrize(("body", "status", "kind", "param"), VLLM_WRONG)
def test_vllm_reads_why_it_failed(
    client: httpx.Client, body: dict[str, Any], status: int, kind: str, param: str | None
) -> None:
    error = VllmProblem.model_validate(post(client, "/tokenize", status, **body)).error
    assert (error.type, error.code, error.param) == (kind, status, param)
    assert error.message


LLAMA_CPP_WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"content": 5}, 400, "invalid_request_error"),
    ({"content": "a", "with_pieces": 1}, 400, "invalid_request_error"),
    ({"content": [289]}, 400, "invalid_request_error"),
    ({"content": [-1]}, 400, "invalid_request_error"),
    ({"content": "a", "model": "llama"}, 404, "not_found_error"),
    ({"content": "a", "model": "broken"}, 400, "invalid_request_error"),
    ({"content": "~" * 20_001}, 400, "exceed_context_size_error"),
    ({"content": ["a"] * 21}, 413, "invalid_request_error"),
]


@pytest.mark.parametrize(("body", "status", "kind"), LLAMA_CPP_WRONG)
def test_llama_cpp_reads_why_it_failed(
    client: httpx.Client, body: dict[str, Any], status: int, kind: str
) -> None:
    error = LlamaCppProblem.model_validate(post(client, "/tokenize", status, **body)).error
    assert (error.type, error.code) == (kind, status)
    assert "[" not in error.message, "it names the field alone, none of the types it might have had"
    if kind == "exceed_context_size_error":
        assert (error.n_prompt_tokens, error.n_ctx) == (20_001, 20_000)


TEI_WRONG: list[tuple[dict[str, Any], int]] = [
    ({"inputs": 5}, 422),
    ({"inputs": ["a", 5]}, 422),
    ({"inputs": "a", "prompt_name": "query"}, 422),
    ({"inputs": "a", "model": "bge"}, 404),
    ({"inputs": ["~" * 10_001] * 2}, 422),
    ({"inputs": ["a"] * 21}, 413),
    ({"inputs": "~" * 200_001}, 413),
]


@pytest.mark.parametrize(("body", "status"), TEI_WRONG)
def test_tei_reads_why_it_failed(client: httpx.Client, body: dict[str, Any], status: int) -> None:
    problem = TeiProblem.model_validate(post(client, "/tokenize", status, **body))
    assert problem.error_type == "Validation"
    assert problem.error


@pytest.mark.parametrize(
    ("tokens", "status"),
    [([289], 422), ([-1], 422), ([2**63], 422), ([1.5], 422), (["1"], 422), ("1", 422), ([3] * 5001, 413)],
)
def test_detokenizing_refuses_what_is_no_id(client: httpx.Client, tokens: Any, status: int) -> None:
    error = VllmProblem.model_validate(post(client, "/detokenize", status, tokens=tokens)).error
    assert (error.code, error.param) == (status, "tokens")


def test_detokenizing_under_an_unknown_model_is_not_found(client: httpx.Client) -> None:
    assert post(client, "/detokenize", 404, tokens=[3], model="gpt-4")["error"]["type"] == "NotFoundError"


def test_a_lone_surrogate_is_named_in_the_dialects_shape(client: httpx.Client) -> None:
    for key, status in (("prompt", 400), ("content", 400), ("inputs", 422)):
        body = f'{{"{key}": "\\ud800"}}'
        response = client.post("/tokenize", content=body, headers={"content-type": "application/json"})
        assert (response.status_code, "lone surrogate" in response.text) == (status, True)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ([], 422),
        ("text", 422),
        ({"text": "a"}, 422),
        ({"prompt": "a", "content": "b"}, 422),
        ({"prompt": "a", "inputs": "b"}, 422),
        ({"content": "a", "inputs": "b"}, 422),
        ({"messages": [], "content": "b"}, 422),
        ({"prompt": None, "content": None, "inputs": None}, 422),
    ],
)
def test_a_request_of_no_dialect_or_of_two_is_our_own_problem(
    client: httpx.Client, body: Any, status: int
) -> None:
    response = client.post("/tokenize", json=body)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert response.json()["request_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/tokenize", "/detokenize"])
def test_what_is_no_json_is_our_own_problem(client: httpx.Client, path: str) -> None:
    for content, kind, status in ((b"{", "application/json", 400), (b"{}", "text/plain", 415)):
        response = client.post(path, content=content, headers={"content-type": kind})
        assert (response.status_code, response.headers["content-type"]) == (
            status,
            "application/problem+json",
        )
    too_large = client.post(path, content=b" " * 400_001, headers={"content-type": "application/json"})
    assert (too_large.status_code, too_large.headers["content-type"]) == (413, "application/problem+json")


def test_a_client_that_names_no_media_type_is_answered_as_llama_cpp_does(client: httpx.Client) -> None:
    response = client.post("/tokenize", content=json.dumps({"content": "the"}).encode())
    assert response.status_code == 200


def test_vllms_clients_find_a_tokenizer(client: httpx.Client) -> None:
    """lm-eval's RemoteTokenizer asks this before anything else."""
    info = client.get("/tokenizer_info").json()
    TokenizerInfo.model_validate(info)
    assert info["model_max_length"] == 20000
    assert info["eos_token"] is None


def test_every_shape_is_described(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()["paths"]["/tokenize"]["post"]
    assert len(described["requestBody"]["content"]["application/json"]["schema"]["oneOf"]) == 4
    assert {"200", "400", "404", "413", "415", "422", "429", "503"} <= set(described["responses"])
    assert set(described["responses"]["400"]["content"]) == {"application/json", "application/problem+json"}
