"""A tokenizer in a process of its own answers as in this one, and an abort of its library costs one text."""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest

from app.errors import InputError, ModelError, Overloaded
from app.tokenizer import load
from app.tokenizer.others.isolated import IsolatedTokenizer
from app.tokenizer.registry import ModelRegistry
from tests.server import PATIENCE, ROOT, wait_for
from tests.tokenizer.others.breaking import ABORTING
from tests.tokenizer.others.trained import rank_list, write_all

TEXTS = [
    "",
    "Hello world",
    " he\n\nlL é e\u0301 ﬁ",
    "你好，世界。🦊👨‍👩‍👧",
    "<|end|></s>[CLS]▁",
    "a" * 300_000,
]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> ModelRegistry:
    folder = tmp_path_factory.mktemp("models")
    write_all(folder)
    return ModelRegistry((folder,), "bert", 1 << 26, 8)


@pytest.fixture
def aborting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A tokenizer whose library aborts at the word `abort`."""
    (tmp_path / "patched").mkdir()
    (tmp_path / "patched" / "sitecustomize.py").write_text(ABORTING)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "patched"))
    monkeypatch.setenv("BEGUN", str(tmp_path / "begun"))
    write_all(tmp_path / "models")
    yield ModelRegistry((tmp_path / "models",), "ranks", 1 << 26, 8).get("ranks")
    gc.collect()


@pytest.mark.parametrize("name", ["bert", "llama", "org/chatty", "ranks", "unigram"])
def test_answers_are_those_of_the_library_in_this_process(models: ModelRegistry, name: str) -> None:
    isolated: Any = models.get(name)
    path = models.folders[0] / name
    here = load(path if path.is_dir() else next(path.parent.glob(f"{path.name}.[!c]*")), name=name)
    assert isinstance(isolated, IsolatedTokenizer)
    for text in TEXTS:
        ids = here.encode(text)
        assert isolated.encode(text) == ids
        assert isolated.count(text) == len(ids)
        assert isolated.encode_plain(text) == here.encode_plain(text)
        assert isolated.bytes_of(ids, special=True) == here.bytes_of(ids, special=True)
        assert np.array_equal(
            isolated.spans(text).pairs("source_chars"), here.spans(text).pairs("source_chars")
        )
    for what in (
        "name", "kind", "sha256", "can", "lossless", "vocab_size", "special_tokens", "named_specials", "own_special",
        "card", "chat_template", "pieces",
    ):  # fmt: skip
        assert getattr(isolated, what) == getattr(here, what), what
    with pytest.raises(InputError, match="is not an id"):
        isolated.decode([isolated.vocab_size + 1])


def test_no_library_is_loaded_by_the_process_that_serves(models: ModelRegistry) -> None:
    """Loading holds the interpreter's lock for as long as it takes; what is not loaded here holds up nobody."""
    served = (
        "import sys; from pathlib import Path; from app.tokenizer.registry import ModelRegistry\n"
        "models = ModelRegistry((Path(sys.argv[1]),), 'bert', 1 << 26, 8)\n"
        "assert len(models.names()) == 5\n"
        "assert all(models.get(name).count('Hello 你好') for name in models.names())\n"
        "assert not {'tokenizers', 'tiktoken', 'sentencepiece'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", served, models.folders[0]], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_an_abort_costs_the_text_that_did_it_and_no_other(aborting: Any, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(aborting.count, "hello wait")
        wait_for(lambda: (tmp_path / "begun").exists())
        with pytest.raises(
            ModelError, match=r"ranks: the library that runs it broke down on this text \(SIGABRT\)"
        ):
            aborting.count("an abort")
        assert beside.result() == aborting.count("hello wait")
    assert aborting.encode("hello") == [258, 111]


def test_a_process_that_was_killed_is_started_again(aborting: Any) -> None:
    for _ in range(2):
        os.kill(aborting._process._process.pid, signal.SIGKILL)
        assert aborting.encode("hello") == [258, 111]


def test_a_file_that_was_replaced_meanwhile_is_not_answered_from(aborting: Any, tmp_path: Path) -> None:
    (tmp_path / "models" / "ranks.tiktoken").write_bytes(rank_list() + b"d29ybGQ= 262\n")
    os.kill(aborting._process._process.pid, signal.SIGKILL)
    with pytest.raises(Overloaded, match="replaced just now"):
        aborting.count("hello")


def test_a_process_ends_with_its_tokenizer_and_with_its_parent(models: ModelRegistry) -> None:
    started = (
        "import os, sys; from pathlib import Path; from app.tokenizer.registry import ModelRegistry\n"
        "models = ModelRegistry((Path(sys.argv[1]),), 'bert', 1 << 26, 1)\n"
        "first = models.get('ranks')._process._process.pid\n"
        "print(first, models.get('bert')._process._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", started, models.folders[0]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    left, last = map(int, done.stdout.split())
    wait_for(lambda: not (is_running(left) or is_running(last)))


def is_running(process: int) -> bool:
    """Whether the process of a tokenizer runs under an id."""
    try:
        return b"others.process" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def test_a_second_burst_of_calls_finds_the_connections_of_the_first(models: ModelRegistry) -> None:
    tokenizer: Any = models.get("ranks")
    text = "Hello world " * 100_000
    begin = Barrier(8)

    def count(_: int) -> int:
        begin.wait(PATIENCE)
        return int(tokenizer.count(text))

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(count, range(8)))) == 1
        kept = set(tokenizer._process._idle)
        assert len(kept) > 4
        assert len(set(pool.map(count, range(8)))) == 1
        assert kept <= set(tokenizer._process._idle)
