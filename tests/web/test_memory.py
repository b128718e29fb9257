"""No request takes more memory than a stated multiple of its size, whether it is answered or refused."""

import json
import re
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest

from app.main import create_app
from app.settings import Settings
from tests.server import PATIENCE, server_process
from tests.tokenizer.others.trained import write_all
from tests.web.conftest import write_models

MOST_TIMES = 120
MOST_TIMES_OF_OTHERS = 600
"""What docs/operating.md states; a comparison may take as much for each model that it names."""

MOST_BESIDE = 8 << 20
"""What any request may take, however small it is."""

TEXT = "a b, c; é世 " * 60_000
BYTES = "ab" * 200_000  # a token each under `bare`
MARKED = "a\u0323\u0301" * 150_000  # another text under NFC
PLACES = ["byte_spans", "char_spans", "source_byte_spans", "source_char_spans", "utf16_spans"]
ALL = ["pieces", *PLACES, "scores"]
MANY = 400_000
SAID = [{"role": "user", "content": "a b " * 60_000}]
OTHER = "org/chatty"

_Bodies = list[dict[str, Any] | bytes]

REQUESTS: dict[str, _Bodies] = {
    "/tokenize": [
        {"prompt": BYTES, "return_token_strs": True, "model": "bare"},
        {"content": BYTES, "with_pieces": True, "model": "bare"},
        {"content": [[]] * MANY},
        {"content": [5] * MANY, "with_pieces": True},
        {"inputs": BYTES, "model": "bare"},
        {"inputs": MARKED},
        {"inputs": [BYTES[:1000]] * 1000, "model": "bare"},
        {"inputs": [[]] * MANY},
        {"messages": SAID, "model": OTHER, "return_token_strs": True},
        {"inputs": TEXT, "model": OTHER},
    ],
    "/detokenize": [{"tokens": [5] * MANY}, {"tokens": [""] * MANY}],
    "/decode": [{"ids": [5] * MANY}, {"ids": [[5] * 1000] * 400}, {"ids": [""] * MANY}, {"ids": [[]] * MANY}],
    "/api/v1/encode": [
        {"text": TEXT},
        {"text": TEXT, "return": ["scores"]},
        {"text": TEXT, "return": ["byte_spans"]},
        {"text": TEXT, "return": [*PLACES, "scores"]},
        {"text": BYTES, "return": ALL, "model": "bare"},
        {"text": MARKED, "return": ALL},
        {"texts": [BYTES[:1000]] * 1000, "return": ALL, "model": "bare"},
        {"text": BYTES, "truncate": {"max_tokens": 9, "side": "left"}, "model": "bare"},
        {"text": TEXT, "return": PLACES, "model": OTHER},
        {"texts": [[]] * MANY},
        {str(number): 0 for number in range(MANY // 4)},
        {"text": "a", "truncate": {str(number): 0 for number in range(MANY // 4)}},
        b"[" * MANY,
        b'{"text":"' + rb"\ud800" * 200_000 + b'"}',
    ],
    "/api/v1/decode": [
        {"ids": [5] * MANY, "bytes": True},
        {"batch": [[5] * 1000] * 400, "bytes": True},
        {"batch": [[]] * MANY},
        {"ids": ["x"] * MANY},
        {"ids": [5] * MANY, "model": OTHER},
    ],
    "/api/v1/count": [
        {"text": TEXT, "max_tokens": 64},
        {"texts": ["a"] * MANY},
        {"text": TEXT, "max_tokens": 64, "model": OTHER},
    ],
    "/api/v1/chunk": [
        {"text": BYTES, "max_tokens": 16, "model": "bare"},
        {"text": BYTES[:60_000], "max_tokens": 17, "overlap": 16, "model": "bare"},
        {"text": BYTES, "max_tokens": 64, "boundary": "sentence"},
        {"texts": [BYTES[:1000]] * 1000, "max_tokens": 16, "model": "bare"},
    ],
    "/api/v1/compare": [
        {"text": TEXT, "models": ["default", "bare"]},
        {"text": BYTES[:200_000], "models": ["default", "bare", "marked"]},
        {"text": "a", "models": [[]] * MANY},
    ],
    "/api/v1/chat": [
        {"messages": SAID, "model": OTHER, "return": ["byte_spans", "contents"]},
        {"messages": [{}] * MANY, "model": OTHER},
        {"messages": [[]] * MANY, "model": OTHER},
    ],
    "/api/v1/lattice": [{"text": TEXT}, {"text": BYTES[:2000], "n": 32}],
    "/apply-template": [
        {"messages": SAID, "model": OTHER},
        {"messages": [{"role": "user", "content": "a"}] * 1000, "tools": [{"a": 1}] * 50_000, "model": OTHER},
    ],
    "/v1/messages/count_tokens": [
        {"messages": SAID, "model": OTHER},
        {"messages": [{}] * MANY, "model": OTHER},
    ],
    "/v1/responses/input_tokens": [{"input": SAID[0]["content"], "model": OTHER}, {"input": [{}] * MANY}],
    "/api/v1/papers": [{"ids": [TEXT]}, {"ids": ["2401.00001"] * MANY}, {"ids": [[]] * MANY}],
    "/api/v1/papers/like": [{"ids": ["x" * 100] * 10_000}, {"ids": [[]] * MANY}],
    "/api/v1/papers/{id}/ask": [{"question": TEXT}, {"after": [{}] * MANY, "question": "a"}],
    "/api/v1/cite": [{"ids": ["2401.00001"] * MANY}, {"ids": [[]] * MANY}],
    "/api/v1/fetches": [{"categories": ["cs.CL"] * MANY}, {"categories": [[]] * MANY}],
    "/api/v1/files": [b"\x1f\x8b" + b"a" * 1_000_000, TEXT.encode()],
}
"""What takes most of each route's memory, a megabyte or so."""

# `files` takes a file and reads it in a process of its own, bounded by `tests/papers/fulltext/test_growth.py`.
OTHER_TYPES = {"/api/v1/files": "application/octet-stream"}


def test_each_route_that_takes_a_body_is_measured() -> None:
    paths = create_app(Settings(data_dir=Path("nowhere"))).openapi()["paths"]
    taking = {path for path, methods in paths.items() if {"post", "put", "patch"} & methods.keys()}
    assert taking == REQUESTS.keys()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    folder = tmp_path_factory.mktemp("served") / "models"
    write_models(folder)
    write_all(folder)
    with server_process(folder.parent) as (address, process):
        # What the first requests load is not counted.
        for model in ("default", "bare", "marked", OTHER):
            assert post(address, "/api/v1/encode", {"text": "a", "model": model}).status_code == 200
        assert post(address, "/api/v1/chat", {"messages": SAID, "model": OTHER}).status_code == 200
        yield address, process.pid


def post(address: str, path: str, body: dict[str, Any] | bytes) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    headers = {"content-type": OTHER_TYPES.get(path, "application/json")}
    url = f"{address}{path.replace('{id}', 'quire/0001')}"
    return httpx.post(url, content=content, headers=headers, timeout=PATIENCE, trust_env=False)


def processes(pid: int) -> list[int]:
    """A process and those that it and its children started."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += processes(int(child))
    return found


def memory(pid: int, which: str) -> int:
    found = re.search(rf"{which}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


@pytest.mark.skipif(
    sys.platform != "linux", reason="the system reports a process's highest memory on Linux only"
)
@pytest.mark.parametrize("path", REQUESTS)
def test_a_request_takes_at_most_so_many_times_its_size(server: tuple[str, int], path: str) -> None:
    address, pid = server
    for body in REQUESTS[path]:
        before = {}
        for one in processes(pid):
            Path(f"/proc/{one}/clear_refs").write_text("5")  # forgets the highest
            before[one] = memory(one, "VmRSS")
        answer = post(address, path, body)
        shown = str(body)[-80:]
        assert answer.status_code in (200, 202, 400, 404, 413, 415, 422, 501), (shown, answer.text[:300])
        taken = sum(max(0, memory(one, "VmHWM") - before.get(one, 0)) for one in processes(pid))
        given = body if isinstance(body, dict) else {}
        most = MOST_TIMES_OF_OTHERS if given.get("model") == OTHER else MOST_TIMES
        most *= len(given.get("models", ())) if path.endswith("/compare") else 1
        size = len(answer.request.content)
        assert taken < most * size + MOST_BESIDE, (shown, taken / size)


def test_many_wrong_items_are_refused_at_once_by_the_first_of_them(server: tuple[str, int]) -> None:
    for path, body in (
        ("/tokenize", {"content": [[]] * MANY}),
        ("/decode", {"ids": [""] * MANY}),
        ("/api/v1/decode", {"ids": [[]] * MANY}),
        ("/api/v1/chat", {"messages": [0] * MANY}),
    ):
        answer = post(server[0], path, body)
        assert answer.status_code in (400, 422)
        assert len(answer.content) < 2000


def test_many_unknown_fields_are_refused_by_a_few_of_them(server: tuple[str, int]) -> None:
    unknown = {f"field{number}": 0 for number in range(MANY // 4)}
    for body, pointer in (
        ({"text": "a", **unknown}, "/field"),
        ({"text": "a", "truncate": unknown}, "/truncate/"),
    ):
        answer = post(server[0], "/api/v1/encode", body)
        assert answer.status_code == 422
        errors = answer.json()["errors"]
        assert 0 < len(errors) <= 20
        assert all(one["pointer"].startswith(pointer) for one in errors)


def test_short_texts_are_answered_while_heavy_requests_wait(model_folder: Path) -> None:
    heavy = {"text": "a b, c; é世 " * 30_000, "return": ["pieces"]}
    with (
        server_process(model_folder.parent, settings={"MAX_CONCURRENT": "1"}) as (address, _),
        ThreadPoolExecutor(8) as pool,
        httpx.Client(base_url=address, timeout=300, trust_env=False) as client,
    ):
        assert client.post("/tokenize", json={"prompt": "a"}).status_code == 200
        many = [
            pool.submit(httpx.post, f"{address}/api/v1/encode", json=heavy, timeout=300, trust_env=False)
            for _ in range(8)
        ]
        answered = 0
        begun = monotonic()
        while not all(one.done() for one in many):
            # Longer than a model is used before its file is looked at again, which must not wait for a thread.
            assert client.post("/tokenize", json={"prompt": "a short text"}).status_code == 200
            answered += not any(one.done() for one in many[1:])
            threading.Event().wait(0.05)
        assert monotonic() - begun > 1.5, "the heavy requests were too light to show anything"
        assert answered > 1
