"""The tokenizer's API over a real socket: the same answers as the library, and every wrong request pointed at."""

import base64
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from app.tokenizer import Tokenizer
from app.web.tokenizer.responses import (
    Chunked,
    Compared,
    Counted,
    Decoded,
    Encoded,
    EncodedTexts,
    LatticeAnswer,
    ModelList,
)

API = "/api/v1"
JSON = {"content-type": "application/json"}
NDJSON = {"content-type": "application/x-ndjson"}
TEXT = "hello the fox, 你好，世界。\ncafe\u0301 de\u0301ja\u0300 🦊 天地"


def ask(
    client: httpx.Client, call: str, answer: type[BaseModel] | None = None, **body: Any
) -> dict[str, Any]:
    """The answer to a request that succeeds, held against its schema in OpenAPI."""
    response = client.post(f"{API}/{call}", json=body)
    assert response.status_code == 200, response.text
    value: dict[str, Any] = response.json()
    if answer:
        assert set(value) <= set(answer.model_fields)
        answer.model_validate(value)
    return value


def refusal(response: httpx.Response, status: int, pointer: str | None = None) -> dict[str, Any]:
    """The problem that a request was refused with."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["request_id"] == response.headers["x-request-id"]
    if pointer is not None:
        assert problem["errors"][0]["pointer"] == pointer, problem
    return problem


def test_a_text_has_the_ids_of_the_library(client: httpx.Client, tokenizer: Tokenizer) -> None:
    answer = ask(client, "encode", Encoded, text=TEXT)
    assert answer == {"model": "default", "ids": tokenizer.encode(TEXT), "count": tokenizer.count(TEXT)}


def test_several_texts_are_answered_in_order(client: httpx.Client, tokenizer: Tokenizer) -> None:
    texts = [TEXT, "", "the"]
    answer = ask(client, "encode", EncodedTexts, texts=texts)
    assert [item["ids"] for item in answer["items"]] == [tokenizer.encode(text) for text in texts]


def test_long_texts_have_the_same_ids_as_short_ones(client: httpx.Client, tokenizer: Tokenizer) -> None:
    text = TEXT * 900
    assert ask(client, "encode", text=text)["ids"] == tokenizer.encode(text)


def test_pieces_tell_where_they_lie_in_both_texts(client: httpx.Client) -> None:
    pieces = ask(client, "encode", Encoded, text=TEXT, **{"return": ["pieces"]})["pieces"]
    normal = "hello the fox, 你好，世界。\ncafé déjà 🦊 天地"
    assert b"".join(base64.b64decode(piece["b64"]) for piece in pieces) == normal.encode()
    for kind, text in (("bytes", normal.encode()), ("source_bytes", TEXT.encode())):
        ends = [piece[kind] for piece in pieces]
        assert [0, *(end for _, end in ends)] == [*(start for start, _ in ends), len(text)]
    for piece in pieces:
        start, end = piece["chars"]
        if piece["text"] is not None:
            assert piece["text"] == normal[start:end]
    assert any(piece["text"] is None for piece in pieces)


def test_parallel_arrays_are_as_long_as_the_ids(client: httpx.Client) -> None:
    wanted = ["byte_spans", "char_spans", "scores"]
    answer = ask(client, "encode", Encoded, text=TEXT, add_bos=True, add_eos=True, **{"return": wanted})
    assert {len(answer[name]) for name in wanted} == {answer["count"]}
    assert (answer["ids"][0], answer["ids"][-1]) == (1, 2)
    assert answer["byte_spans"][0] == [0, 0]
    assert answer["scores"][0] is None
    assert "pieces" not in answer


def test_special_tokens_come_from_the_card_unless_the_request_says_otherwise(client: httpx.Client) -> None:
    assert ask(client, "encode", model="marked", text="the")["ids"][:1] == [1]
    assert ask(client, "encode", model="marked", text="the", add_bos=False)["ids"][:1] != [1]
    assert 1 not in ask(client, "encode", text="<bos>the<eos>")["ids"]


def test_sampling_is_reproducible_and_differs_from_text_to_text(client: httpx.Client) -> None:
    def sampled(**texts: Any) -> dict[str, Any]:
        return ask(client, "encode", alpha=0.1, seed=7, **texts)

    first = sampled(texts=[TEXT, TEXT])["items"]
    assert first == sampled(texts=[TEXT, TEXT])["items"]
    assert {"model": "default", **first[0]} == sampled(text=TEXT)
    assert first[0] != first[1]


def test_normalisation_can_be_skipped(client: httpx.Client) -> None:
    ids = ask(client, "encode", text="e\u0301", normalize=None)["ids"]
    assert ask(client, "decode", ids=ids)["text"] == "e\u0301"
    assert ask(client, "decode", ids=ask(client, "encode", text="e\u0301")["ids"])["text"] == "é"


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_truncated_text_keeps_whole_characters(client: httpx.Client, side: str) -> None:
    answer = ask(
        client,
        "encode",
        Encoded,
        text="天地" * 5,
        truncate={"max_tokens": 7, "side": side},
        **{"return": ["pieces"]},
    )
    assert answer["truncated"] is True
    assert answer["count"] <= 7
    kept = b"".join(base64.b64decode(piece["b64"]) for piece in answer["pieces"]).decode()
    assert kept
    assert ("天地" * 5).startswith(kept) if side == "right" else ("天地" * 5).endswith(kept)
    assert ask(client, "encode", text="the", truncate={"max_tokens": 7})["truncated"] is False


@given(ids=st.lists(st.integers(0, 286), max_size=30))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_decoding_drops_no_byte(client: httpx.Client, tokenizer: Tokenizer, ids: list[int]) -> None:
    answer = ask(client, "decode", Decoded, ids=ids, bytes=True)
    exact = tokenizer.decode_bytes(ids)
    assert base64.b64decode(answer["b64"]) == exact
    assert answer["text"] == exact.decode(errors="replace")
    assert (answer["invalid"] == 0) == (exact.decode(errors="ignore").encode() == exact)


def test_special_tokens_show_only_where_asked_for(client: httpx.Client) -> None:
    assert ask(client, "decode", ids=[0, 1, 2])["text"] == ""
    assert ask(client, "decode", ids=[0, 1, 2], special=True)["text"] == "<pad><bos><eos>"
    assert [item["text"] for item in ask(client, "decode", batch=[[1], []], special=True)["items"]] == [
        "<bos>",
        "",
    ]


def test_counting_agrees_with_encoding(client: httpx.Client) -> None:
    answer = ask(client, "count", Counted, text=TEXT)
    assert answer["count"] == ask(client, "encode", text=TEXT)["count"]
    assert answer["bytes"] == len("hello the fox, 你好，世界。\ncafé déjà 🦊 天地".encode())
    chunks = ask(client, "count", text=TEXT, max_tokens=5, overlap=2)["chunks"]
    assert chunks == len(ask(client, "chunk", text=TEXT, max_tokens=5, overlap=2)["chunks"])


def test_chunks_cover_the_text_and_cut_no_character(client: httpx.Client) -> None:
    chunks = ask(client, "chunk", Chunked, text=TEXT, max_tokens=6)["chunks"]
    assert "".join(chunk["text"] for chunk in chunks) == TEXT
    assert max(chunk["count"] for chunk in chunks) <= 6
    overlapping = ask(client, "chunk", text=TEXT, max_tokens=6, overlap=3)["chunks"]
    for before, after in pairwise(overlapping):
        assert after["source_chars"][0] <= before["source_chars"][1] < after["source_chars"][1]
        assert TEXT[slice(*after["source_chars"])] == after["text"]


def test_models_are_compared_in_the_order_asked_for(client: httpx.Client) -> None:
    items = ask(client, "compare", Compared, models=["bare", "default"], text="the fox")["items"]
    assert [item["model"] for item in items] == ["bare", "default"]
    assert items[0]["count"] == 7
    assert items[0]["bytes_per_token"] == 1
    assert "".join(piece["text"] for piece in items[1]["pieces"]) == "the fox"


def test_a_lattice_has_the_best_path_and_probable_boundaries(
    client: httpx.Client, tokenizer: Tokenizer
) -> None:
    answer = ask(client, "lattice", LatticeAnswer, text="hello 你", n=3)
    assert answer["best"]["ids"] == tokenizer.encode("hello 你")
    edges = [answer["edges"][number] for number in answer["best"]["edges"]]
    assert b"".join(base64.b64decode(edge["b64"]) for edge in edges).decode() == "hello 你" == answer["text"]
    scores = [path["score"] for path in answer["n_best"]]
    assert scores == sorted(scores, reverse=True)
    assert [answer["boundaries"][0], answer["boundaries"][-1]] == pytest.approx([1, 1])
    assert len(answer["boundaries"]) == len("hello 你".encode()) + 1


def test_models_are_listed_page_by_page_the_default_first(client: httpx.Client) -> None:
    names, cursor = [], None
    while True:
        page = client.get(
            f"{API}/models", params={"limit": 1} | ({"cursor": cursor} if cursor else {})
        ).json()
        ModelList.model_validate(page)
        names += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        assert page["total"] == 7
        if cursor is None:
            break
    assert names == ["default", "bare", "broken", "bytepiece", "large", "marked", "small"]


def test_a_model_is_described_as_its_card_describes_it(client: httpx.Client, tokenizer: Tokenizer) -> None:
    answer = client.get(f"{API}/models/default").json()
    assert answer["sha256"] == tokenizer.model.sha256
    assert (answer["vocab_size"], answer["order"], answer["bytes_per_token"]) == (
        tokenizer.vocab_size,
        4,
        2.5,
    )
    assert answer["bytes_per_token_by_script"] == {"Latin": 2.5}
    assert answer["bytes_per_token_by_language"] is None
    assert client.get(f"{API}/models/bare").json()["normalization"] is None


def test_a_broken_model_is_listed_with_its_reason_and_serves_nothing(client: httpx.Client) -> None:
    items = client.get(f"{API}/models").json()["items"]
    assert "single bytes are missing" in next(item["problem"] for item in items if item["name"] == "broken")
    refusal(client.post(f"{API}/encode", json={"model": "broken", "text": "a"}), 422)
    refusal(client.get(f"{API}/models/broken"), 422)


WRONG: list[tuple[str, dict[str, Any], int, str]] = [
    ("encode", {}, 422, "/text"),
    ("encode", {"text": "a", "texts": ["b"]}, 422, "/texts"),
    ("encode", {"text": 5}, 422, "/text"),
    ("encode", {"texts": ["a", "b", "c", 5]}, 422, "/texts/3"),
    ("encode", {"texts": "ab"}, 422, "/texts"),
    ("encode", {"text": "a", "temperature": 1}, 422, "/temperature"),
    ("encode", {"text": "a", "model": 3}, 422, "/model"),
    ("encode", {"text": "a", "model": "nowhere"}, 404, "/model"),
    ("encode", {"text": "a", "model": ""}, 404, "/model"),
    ("encode", {"text": "a", "model": "../default"}, 404, "/model"),
    ("encode", {"text": "a", "alpha": 0}, 422, "/alpha"),
    ("encode", {"text": "a", "alpha": -1}, 422, "/alpha"),
    ("encode", {"text": "a", "alpha": 10.5}, 422, "/alpha"),
    ("encode", {"text": "a", "alpha": "1"}, 422, "/alpha"),
    ("encode", {"text": "a", "alpha": True}, 422, "/alpha"),
    ("encode", {"text": "a", "seed": -1}, 422, "/seed"),
    ("encode", {"text": "a", "seed": 2**64}, 422, "/seed"),
    ("encode", {"text": "a", "add_bos": 1}, 422, "/add_bos"),
    ("encode", {"text": "a", "return": ["colours"]}, 422, "/return/0"),
    ("encode", {"text": "a", "truncate": {}}, 422, "/truncate/max_tokens"),
    ("encode", {"text": "a", "truncate": {"max_tokens": 1, "side": "top"}}, 422, "/truncate/side"),
    ("encode", {"text": "a", "add_bos": True, "truncate": {"max_tokens": 0}}, 422, "/truncate/max_tokens"),
    ("encode", {"text": "a", "normalize": "NFKC"}, 422, "/normalize"),
    ("encode", {"texts": ["a"] * 21}, 413, "/texts"),
    ("encode", {"texts": ["a", "b" * 200_001]}, 413, "/texts/1"),
    ("encode", {"text": "é" * 5001, "model": "bare", "return": ["pieces"]}, 413, "/return"),
    ("decode", {}, 422, "/ids"),
    ("decode", {"ids": [1], "batch": [[1]]}, 422, "/batch"),
    ("decode", {"ids": [3, -1]}, 422, "/ids/1"),
    ("decode", {"ids": [3, 4, 289]}, 422, "/ids/2"),
    ("decode", {"ids": [3, 2**70]}, 422, "/ids/1"),
    ("decode", {"ids": [3.0]}, 422, "/ids/0"),
    ("decode", {"ids": [True]}, 422, "/ids/0"),
    ("decode", {"ids": ["3"]}, 422, "/ids/0"),
    ("decode", {"batch": [[3], [4, 99999]]}, 422, "/batch/1/1"),
    ("decode", {"batch": [[3]] * 21}, 413, "/batch"),
    ("decode", {"ids": [3] * 5001}, 413, "/ids"),
    ("decode", {"batch": [[3] * 3000] * 2}, 413, "/batch"),
    ("count", {"text": "a", "max_tokens": 0}, 422, "/max_tokens"),
    ("chunk", {"text": "a", "max_tokens": 4, "overlap": 4}, 422, "/overlap"),
    ("chunk", {"text": "天地", "model": "bare", "max_tokens": 2}, 422, "/max_tokens"),
    ("chunk", {"text": "the " * 4000, "max_tokens": 1000, "overlap": 999}, 413, "/max_tokens"),
    ("compare", {"models": [], "text": "a"}, 422, "/models"),
    ("compare", {"models": ["default", "default"], "text": "a"}, 422, "/models/1"),
    ("compare", {"models": ["default", "nowhere"], "text": "a"}, 404, "/models/1"),
    ("compare", {"models": ["default"]}, 422, "/text"),
    ("lattice", {"text": "a" * 201}, 413, "/text"),
    ("lattice", {"text": "a", "n": 0}, 422, "/n"),
    ("lattice", {"text": "a", "n": 1000}, 422, "/n"),
]


@pytest.mark.parametrize(("call", "body", "status", "pointer"), WRONG)
def test_a_wrong_field_is_pointed_at(
    client: httpx.Client, call: str, body: dict[str, Any], status: int, pointer: str
) -> None:
    problem = refusal(client.post(f"{API}/{call}", json=body), status, pointer)
    if status == 413:
        assert "QUIRE_MAX_" in problem["detail"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (rb'{"text": "\ud800"}', "/text"),
        (rb'{"texts": ["a", "b", "c", "x\udc00y"]}', "/texts/3"),
        (rb'{"text": "a", "model": "\ud800"}', "/model"),
        (rb'{"text": "a", "\ud800": 1}', ""),
    ],
)
def test_a_lone_surrogate_is_pointed_at(client: httpx.Client, body: bytes, pointer: str) -> None:
    refusal(client.post(f"{API}/encode", content=body, headers=JSON), 422, pointer)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{'text': 'a'}", b'{"text": NaN}', b'{"text": "\xff"}', b"[" * 100_000, b"\xef\xbb\xbf{}"],
)
def test_a_body_that_is_no_json_is_malformed(client: httpx.Client, body: bytes) -> None:
    refusal(client.post(f"{API}/encode", content=body, headers=JSON), 400)


@pytest.mark.parametrize("call", ["count", "papers"])
def test_a_byte_that_is_not_utf_8_is_called_so_where_it_stands(client: httpx.Client, call: str) -> None:
    answer = client.post(f"{API}/{call}", content=b'{"text": "caf\xe9", "ids": []}', headers=JSON)
    assert "0xe9 is not UTF-8 at byte 13" in refusal(answer, 400)["detail"]


def test_lines_may_begin_with_a_byte_order_mark(client: httpx.Client) -> None:
    answers = lines(client.post(f"{API}/count", content=b'\xef\xbb\xbf{"text": "a"}\n"b"\n', headers=NDJSON))
    assert [answer["count"] for answer in answers] == [1, 1]


@pytest.mark.parametrize("body", [b"5", b'"text"', b"[]", b"null"])
def test_json_that_is_no_object_is_refused(client: httpx.Client, body: bytes) -> None:
    refusal(client.post(f"{API}/encode", content=body, headers=JSON), 422, "")


@pytest.mark.parametrize(
    "headers", [{}, {"content-type": "text/plain"}, {"content-type": "multipart/form-data"}]
)
@pytest.mark.parametrize("call", ["encode", "decode", "count", "chunk", "compare", "lattice"])
def test_a_body_that_does_not_say_it_is_json_is_refused(
    client: httpx.Client, call: str, headers: dict[str, str]
) -> None:
    refusal(client.post(f"{API}/{call}", content=b"{}", headers=headers), 415)


def test_only_encode_takes_lines(client: httpx.Client) -> None:
    refusal(client.post("/api/v1/papers", content=b"{}", headers=NDJSON), 415)
    refusal(client.post(f"{API}/count", content=b"{}", headers=JSON | {"content-encoding": "gzip"}), 415)


def test_a_body_over_the_limit_is_refused_before_it_is_read(client: httpx.Client) -> None:
    body = b'{"text": "' + b"a" * 400_000 + b'"}'
    assert (
        "QUIRE_MAX_BODY_BYTES"
        in refusal(client.post(f"{API}/encode", content=body, headers=JSON), 413)["detail"]
    )


@pytest.mark.parametrize("query", [{"cursor": "?"}, {"limit": 0}, {"limit": 201}, {"limit": "x"}])
def test_a_wrong_page_of_models_is_refused(client: httpx.Client, query: dict[str, Any]) -> None:
    refusal(client.get(f"{API}/models", params=query), 422, f"?{next(iter(query))}")


def test_an_unknown_model_is_not_found(client: httpx.Client) -> None:
    assert "default" in refusal(client.get(f"{API}/models/nowhere"), 404)["detail"]


def lines(response: httpx.Response) -> list[Any]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("application/x-ndjson")
    assert response.text.endswith("\n")
    return [json.loads(line) for line in response.text.split("\n")[:-1]]


def test_each_line_of_a_stream_has_its_line_of_the_answer(client: httpx.Client, tokenizer: Tokenizer) -> None:
    asked = [{"text": TEXT}, "the fox", {"text": "the", "model": "bare"}]
    body = "\n".join(json.dumps(line) for line in asked)
    for end in ("", "\n"):
        answers = lines(client.post(f"{API}/encode", content=(body + end).encode(), headers=NDJSON))
        assert [answer["ids"] for answer in answers[:2]] == [
            tokenizer.encode(TEXT),
            tokenizer.encode("the fox"),
        ]
        assert (answers[2]["model"], answers[2]["count"], len(answers)) == ("bare", 3, 3)


@pytest.mark.parametrize(
    ("call", "request_of_a_line"),
    [
        ("encode", {"text": TEXT, "return": ["pieces"]}),
        ("decode", {"ids": [3, 100, 200]}),
        ("count", {"text": TEXT, "max_tokens": 5}),
        ("chunk", {"text": TEXT, "max_tokens": 5}),
        ("compare", {"models": ["default", "bare"], "text": TEXT}),
        ("lattice", {"text": "the fox"}),
    ],
)
def test_every_call_takes_lines_and_passes_over_blank_ones(
    client: httpx.Client, call: str, request_of_a_line: dict[str, Any]
) -> None:
    line = json.dumps(request_of_a_line).encode()
    answers = lines(
        client.post(f"{API}/{call}", content=b"\n \r\n%b\r\n\n%b\n\n" % (line, line), headers=NDJSON)
    )
    assert answers == [ask(client, call, **request_of_a_line)] * 2


def test_a_bad_line_is_answered_by_its_problem_and_the_stream_goes_on(client: httpx.Client) -> None:
    bad = [
        b"{",
        b'{"text": 5}',
        b'{"texts": ["a"]}',
        b'{"text": "a", "model": "nowhere"}',
        b'"\\ud800"',
        b"7",
    ]
    body = b"\n".join([*bad, b'"the"'])
    *problems, last = lines(client.post(f"{API}/encode", content=body, headers=NDJSON))
    assert [problem["status"] for problem in problems] == [400, 422, 422, 404, 422, 422]
    assert last["count"] == 1


def test_a_line_over_the_limit_ends_the_stream(client: httpx.Client) -> None:
    body = b'"the"\n"' + b"a" * 400_000 + b'"\n"the"\n'
    *answers, problem = lines(client.post(f"{API}/encode", content=body, headers=NDJSON))
    assert [answer["count"] for answer in answers] == [1]
    assert (problem["status"], "QUIRE_MAX_BODY_BYTES" in problem["detail"]) == (413, True)


def test_a_stream_may_be_larger_than_a_body(client: httpx.Client) -> None:
    line = json.dumps("hello the fox " * 100).encode() + b"\n"
    count = 2_000_000 // len(line)
    assert len(lines(client.post(f"{API}/encode", content=line * count, headers=NDJSON))) == count
    taking = [
        path
        for path, calls in client.get("/openapi.json").json()["paths"].items()
        if "application/x-ndjson" in calls.get("post", {}).get("requestBody", {}).get("content", {})
    ]
    assert f"{API}/chat" in taking
    for path in taking:
        answers = lines(client.post(path, content=(b"5" + b" " * 100_000 + b"\n") * 10, headers=NDJSON))
        assert len(answers) == 10


def test_lines_are_answered_while_others_still_come(address: str) -> None:
    """The client waits for the answer to each line before it writes the next one."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=300) as connection:
        head = f"POST {API}/encode HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/x-ndjson\r\n"
        connection.sendall(f"{head}transfer-encoding: chunked\r\n\r\n".encode())
        received = b""
        for number in range(1, 4):
            line = b'"' + b"the " * number + b'"\n'
            connection.sendall(b"%x\r\n%b\r\n" % (len(line), line))
            while received.count(b'"count"') < number:
                received += connection.recv(65536)
        connection.sendall(b"0\r\n\r\n")
        while not received.endswith(b"0\r\n\r\n"):
            received += connection.recv(65536)


def test_every_status_and_media_type_is_described(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for call in ("encode", "decode", "count", "chunk", "compare", "lattice"):
        described = paths[f"{API}/{call}"]["post"]
        assert {"200", "400", "404", "413", "415", "422", "503"} <= set(described["responses"])
        assert "application/problem+json" in described["responses"]["413"]["content"]
        assert described["requestBody"]["content"]["application/json"]["schema"]
    assert "application/x-ndjson" in paths[f"{API}/encode"]["post"]["requestBody"]["content"]
    assert "application/x-ndjson" in paths[f"{API}/encode"]["post"]["responses"]["200"]["content"]


def test_many_requests_at_once_get_their_own_answers(address: str, tokenizer: Tokenizer) -> None:
    texts = [f"{TEXT} {number} " * (1 + number * 20) for number in range(24)]

    def one(text: str) -> list[int]:
        ids: list[int] = httpx.post(f"{address}{API}/encode", json={"text": text}, timeout=300).json()["ids"]
        return ids

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, texts)) == [tokenizer.encode(text) for text in texts]
