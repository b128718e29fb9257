"""`quire models add` and `fetch` put whole tokenizers into the data folder, or nothing and say why."""

import json
import subprocess
from pathlib import Path

import pytest

from app.tokenizer import load
from tests.commands.hub import Hub, serving
from tests.server import QUIRE, ROOT, environment, quire
from tests.tokenizer.others.trained import TEMPLATE, byte_level, rank_list, write_all


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_all(folder)
    (folder / "org" / "chatty" / "model.safetensors").write_bytes(b"weights")
    return folder


def test_files_and_folders_are_added_and_served_by_name(folder: Path, tmp_path: Path) -> None:
    for source, arguments, name, said in (
        ("unigram.model", (), "unigram", "sentencepiece"),
        ("ranks.tiktoken", (), "ranks", "tiktoken"),
        ("bert.json", ("--name", "google/bert"), "google/bert", "huggingface"),
        ("org/chatty", (), "chatty", "chat"),
    ):
        done = quire("models", "add", folder / source, *arguments, data_dir=tmp_path)
        assert done.returncode == 0, done.stderr.decode()
        assert done.stdout.decode().startswith(f"{name}: ")
        assert said in done.stdout.decode()
        counted = quire("count", "--model", name, data_dir=tmp_path, input=b"cat sat")
        assert counted.stdout == f"{load(folder / source).count('cat sat')}\n".encode()
    models = tmp_path / "models"
    assert not (models / "chatty" / "model.safetensors").exists(), "weights aren't part of a tokenizer"
    assert (models / "ranks.card.json").exists(), "the card beside a rank list says its pattern"
    assert not list(models.rglob(".*")), "nothing is left of what was made beside"


def test_a_name_that_is_taken_is_replaced_only_when_told(folder: Path, tmp_path: Path) -> None:
    assert quire("models", "add", folder / "bert.json", "--name", "one", data_dir=tmp_path).returncode == 0
    again = quire("models", "add", folder / "llama.model", "--name", "one", data_dir=tmp_path)
    assert again.returncode == 1
    assert b"one is there already" in again.stderr
    assert (
        quire(
            "models", "add", folder / "llama.model", "--name", "one", "--force", data_dir=tmp_path
        ).returncode
        == 0
    )
    assert [file.name for file in (tmp_path / "models").iterdir()] == ["one.model"], "one file a name"


@pytest.mark.parametrize(
    ("content", "arguments", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\n", (), "Git LFS pointer"),
        (b"<!doctype html>", (), "HTML"),
        (b"\x80\x04x", (), "pickle"),
        (rank_list(), ("--name", "../up"), "can't be a model's name"),
        (rank_list(), ("--name", "a/b/c"), "can't be a model's name"),
        (rank_list(), (), "write its splitting pattern"),
    ],
)
def test_what_can_not_be_added_is_said_in_a_line(
    tmp_path: Path, content: bytes, arguments: tuple[str, ...], words: str
) -> None:
    (tmp_path / "file").write_bytes(content)
    if "--name" in arguments:
        (tmp_path / "file.card.json").write_text('{"pattern": "."}')
    done = quire("models", "add", tmp_path / "file", *arguments, data_dir=tmp_path / "data")
    assert done.returncode == 1
    assert done.stderr.decode().startswith("quire: ")
    assert words in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1
    assert not list((tmp_path / "data" / "models").rglob("*")) if (tmp_path / "data").exists() else True


@pytest.fixture(scope="module")
def hub_files() -> dict[str, bytes]:
    return {
        "tokenizer.json": byte_level().to_str().encode(),
        "tokenizer_config.json": json.dumps({"eos_token": "<|end|>", "chat_template": TEMPLATE}).encode(),
        "config.json": b'{"architectures": []}',
        "model.safetensors": b"weights" * 1000,
    }


def fetch(hub: Hub, data: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[bytes]":
    """`quire models fetch` from a hub; HF_HOME is a folder of the test's."""
    return subprocess.run(
        [*QUIRE, "models", "fetch", *arguments],
        capture_output=True,
        env=environment(data)
        | {
            "HF_ENDPOINT": hub.address,
            "HF_HOME": str(data / "hf"),
            "HF_HUB_DISABLE_XET": "1",
            "NO_PROXY": "*",
        }
        | variables,
        cwd=ROOT,
        timeout=300,
        check=False,
    )


def test_a_tokenizer_is_fetched_without_its_weights(hub_files: dict[str, bytes], tmp_path: Path) -> None:
    with serving(Hub(dict(hub_files), large={"tokenizer.json"})) as hub:
        done = fetch(hub, tmp_path, "org/name")
        assert done.returncode == 0, done.stderr.decode()
        assert done.stdout.decode().startswith("org/name: huggingface, ")
        assert (tmp_path / "models/org/name/tokenizer.json").read_bytes() == hub_files["tokenizer.json"]
        assert any("/elsewhere/tokenizer.json" in line for line in hub.asked), "the redirect was followed"
        assert not [line for line in hub.asked if "safetensors" in line]
        # What has the same ETag is not sent again; what has changed is.
        hub.asked.clear()
        hub.files["tokenizer_config.json"] = b'{"eos_token": "<|end|>"}'
        assert fetch(hub, tmp_path, "org/name").returncode == 0
        assert not [line for line in hub.asked if line.startswith("GET /elsewhere/")]
        assert (tmp_path / "models/org/name/tokenizer_config.json").read_bytes() == hub.files[
            "tokenizer_config.json"
        ]
    counted = quire("count", "--model", "org/name", data_dir=tmp_path, input="Hello 你好".encode())
    assert int(counted.stdout) == load(tmp_path / "models/org/name").count("Hello 你好")


@pytest.mark.parametrize(
    ("change", "arguments", "words"),
    [
        ({"token": "secret"}, ("org/name",), "no such model, or it is private"),
        ({"token": "secret", "gated": True}, ("org/name",), "accept its owners' terms"),
        ({}, ("org/other",), "no such model"),
        ({"files": {"config.json": b"{}"}}, ("org/name",), "none of its files is a tokenizer"),
        ({"files": {"tokenizer.json": b"<!doctype html>"}}, ("org/name",), "HTML"),
        ({}, ("../name",), "can't be a model's name"),
        ({"cut": "tokenizer.json"}, ("org/name",), "org/name: "),
    ],
    ids=["401", "gated", "404", "no-tokenizer", "html", "name", "cut"],
)
def test_what_can_not_be_fetched_leaves_nothing_and_says_why(
    hub_files: dict[str, bytes],
    tmp_path: Path,
    change: dict[str, object],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    state = Hub(dict(hub_files))
    for name, value in change.items():
        setattr(state, name, value)
    with serving(state) as hub:
        done = fetch(hub, tmp_path, *arguments)
    assert done.returncode == 1, done.stdout
    last = done.stderr.decode().splitlines()[-1]
    assert last.startswith("quire: ")
    assert words in last
    assert "Traceback" not in done.stderr.decode()
    found = [path for path in (tmp_path / "models").rglob("*") if path.is_file()] if tmp_path.exists() else []
    assert found == []


def test_a_fetch_that_breaks_off_keeps_what_was_there(hub_files: dict[str, bytes], tmp_path: Path) -> None:
    with serving(Hub(dict(hub_files), token="secret")) as hub:
        assert fetch(hub, tmp_path, "org/name", HF_TOKEN="secret").returncode == 0
        kept = {
            path.name: path.read_bytes()
            for path in (tmp_path / "models/org/name").iterdir()
            if path.is_file()
        }
        hub.files["tokenizer.json"] = hub.files["tokenizer.json"] + b" " * 100_000
        hub.files["tokenizer_config.json"] = b"{}"
        hub.cut = "tokenizer.json"
        assert fetch(hub, tmp_path, "org/name", HF_TOKEN="secret").returncode == 1
        assert {
            p.name: p.read_bytes() for p in (tmp_path / "models/org/name").iterdir() if p.is_file()
        } == kept
        hub.cut = None
        assert fetch(hub, tmp_path, "org/name", HF_TOKEN="secret").returncode == 0
    assert (tmp_path / "models/org/name/tokenizer_config.json").read_bytes() == b"{}"


def test_nothing_is_fetched_offline(tmp_path: Path) -> None:
    with serving(Hub({})) as hub:
        done = fetch(hub, tmp_path, "org/name", QUIRE_OFFLINE="true")
        assert b"QUIRE_OFFLINE is set" in done.stderr
        assert hub.asked == []
