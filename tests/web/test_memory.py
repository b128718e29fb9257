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

from tests.server import server_process

MOST_TIMES = 120
MOST_TIMES_WITH_SPANS = 250
"""What docs/operating.md states; an answer of spans and scores has up to fifty-six times the size of its text."""

TEXT = "a b, c; é世 " * 200_000
LIST = [100] * 700_000
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("/tokenize", {"prompt": TEXT, "return_token_strs": True}),
    ("/tokenize", {"content": TEXT, "with_pieces": True}),
    ("/tokenize", {"inputs": TEXT}),
    ("/tokenize", {"inputs": [TEXT[:4000]] * 600}),
    ("/detokenize", {"tokens": LIST}),
    ("/decode", {"ids": LIST}),
    ("/api/v1/encode", {"text": TEXT}),
    ("/api/v1/encode", {"text": TEXT, "return": ["pieces"]}),
    ("/api/v1/encode", {"text": TEXT, "return": ["byte_spans"]}),
    ("/api/v1/encode", {"text": TEXT, "return": ["byte_spans", "char_spans", "scores"]}),
    ("/api/v1/encode", {"text": TEXT, "truncate": {"max_tokens": 9, "side": "left"}}),
    ("/api/v1/decode", {"ids": LIST, "bytes": True}),
    ("/api/v1/count", {"text": TEXT, "max_tokens": 16}),
    ("/api/v1/chunk", {"text": TEXT, "max_tokens": 16}),
    ("/api/v1/compare", {"text": TEXT, "models": ["default", "bare"]}),
    ("/api/v1/lattice", {"text": TEXT}),
    ("/api/v1/papers", {"ids": [TEXT]}),
    ("/api/v1/cite", {"ids": ["2401.00001"] * 300_000}),
]


@pytest.fixture(scope="module")
def server(model_folder: Path) -> Iterator[tuple[str, int]]:
    with server_process(model_folder.parent) as (address, process):
        yield address, process.pid


def memory(pid: int, which: str) -> int:
    found = re.search(rf"{which}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


@pytest.mark.skipif(
    sys.platform != "linux", reason="the system reports a process's highest memory on Linux only"
)
@pytest.mark.parametrize(("path", "body"), REQUESTS, ids=lambda value: str(value)[:60])
def test_a_request_takes_at_most_so_many_times_its_size(
    server: tuple[str, int], path: str, body: dict[str, Any]
) -> None:
    address, pid = server
    httpx.post(f"{address}{path}", json={}, trust_env=False)  # what the first request loads is not counted
    content = json.dumps(body, ensure_ascii=False).encode()
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # forgets the highest
    before = memory(pid, "VmRSS")
    answer = httpx.post(
        f"{address}{path}",
        content=content,
        headers={"content-type": "application/json"},
        timeout=300,
        trust_env=False,
    )
    assert answer.status_code in (200, 400, 404, 413, 422), answer.text[:300]
    most = MOST_TIMES_WITH_SPANS if "byte_spans" in body.get("return", ()) else MOST_TIMES
    assert memory(pid, "VmHWM") - before < most * len(content)


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
