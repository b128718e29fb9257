"""A file that breaks its library costs the requests that name it; the server and its other models go on."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.server import server_process, wait_for
from tests.tokenizer.others.breaking import ABORTING, with_pattern
from tests.tokenizer.others.trained import write_all


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("broken")
    write_all(folder / "models")
    (folder / "models" / "deep.json").write_bytes(with_pattern("(" * 200_000 + ")" * 200_000))
    (folder / "models" / "pointer.json").write_bytes(
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"
    )
    (folder / "models" / "pickled.model").write_bytes(b"\x80\x04\x95.")
    return folder


def test_each_broken_file_is_refused_in_words_and_the_process_goes_on(folder: Path) -> None:
    said = {"deep": "deep", "pointer": "Git LFS", "pickled": "pickle"}
    with (
        server_process(folder, settings={"OFFLINE": "true"}) as (address, process),
        httpx.Client(base_url=address, timeout=300, trust_env=False) as client,
    ):
        for name, words in said.items():
            answer = client.post("/api/v1/count", json={"model": name, "text": "Hello"})
            assert answer.status_code == 422, name
            assert words in answer.json()["detail"]
            assert str(folder) not in answer.text, "nobody learns where the file lies"
        listed = {item["name"]: item for item in client.get("/api/v1/models").json()["items"]}
        assert {name for name, item in listed.items() if item["problem"]} == set(said)
        fine = client.post("/api/v1/count", json={"model": "org/chatty", "text": "Hello"})
        assert fine.json()["count"] > 0
        assert process.poll() is None


def test_an_abort_of_a_library_costs_one_request_and_no_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model is the default one, whose process was started before the workers were forked."""
    (tmp_path / "patched").mkdir()
    (tmp_path / "patched" / "sitecustomize.py").write_text(ABORTING)
    write_all(tmp_path / "models")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "patched"))
    monkeypatch.setenv("BEGUN", str(tmp_path / "begun"))
    settings = {"OFFLINE": "true", "DEFAULT_MODEL": "ranks"}
    with (
        server_process(tmp_path, "--workers", "2", settings=settings) as (address, process),
        httpx.Client(base_url=address, timeout=300, trust_env=False) as client,
        httpx.Client(base_url=address, timeout=300, trust_env=False) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        workers = children_of(process.pid)
        beside = pool.submit(other.post, "/api/v1/count", json={"text": "hello wait"})
        wait_for(lambda: (tmp_path / "begun").exists())
        refused = client.post("/api/v1/count", json={"text": "an abort"})
        assert refused.status_code == 422
        assert "the library that runs it broke down on this text" in refused.json()["detail"]
        assert beside.result().json()["count"] > 0
        assert client.post("/api/v1/encode", json={"text": "hello"}).json()["ids"] == [258, 111]
        assert workers <= children_of(process.pid), "no worker was replaced"


def children_of(process: int) -> set[int]:
    """The processes that a process has forked and not run another program in: its workers."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return {int(one) for one in listed if b"others.process" not in Path(f"/proc/{one}/cmdline").read_bytes()}
