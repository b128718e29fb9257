"""The line of a request in the log has the same fields always, and names who asked where the operator allows it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server import QUIRE, ROOT, environment, quire


@pytest.mark.parametrize("allowed", ["true", "false"])
def test_a_429_can_be_traced_where_the_operator_allows_it(tmp_path: Path, allowed: str) -> None:
    key = quire("keys", "new", "me", "--scope", "tokenise", data_dir=tmp_path).stdout.decode().split()[-1]
    settings = {"LOG_FORMAT": "json", "LOG_CLIENTS": allowed, "RATE_LIMIT": "1"}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [*QUIRE, "serve", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment(tmp_path, **settings),
            cwd=ROOT,
            text=True,
        )
        assert process.stdout is not None
        address = next(word for word in process.stdout.readline().split() if word.startswith("http"))
        bearer = {"authorization": f"Bearer {key}"}
        with httpx.Client(base_url=address, trust_env=False) as client:
            answers = [
                client.get("/healthz"),
                *(client.get("/api/v1/models", headers=bearer) for _ in range(2)),
            ]
            answers += [client.get("/api/v1/models")]
        process.terminate()
        process.communicate(timeout=300)
    assert [answer.status_code for answer in answers] == [200, 200, 429, 200]
    lines: list[dict[str, Any]] = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) == 4
    assert len({tuple(sorted(line)) for line in requests}) == 1, "the fields are the same in all"
    named = [(line["key"], line["client"]) for line in requests]
    if allowed == "true":
        assert named == [(None, "127.0.0.1"), ("me", "127.0.0.1"), ("me", "127.0.0.1"), (None, "127.0.0.1")]
    else:
        assert named == [(None, None)] * 4
