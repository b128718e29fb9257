"""`quire train` goes on after a kill, takes patterns, says what is wrong before the work, and leaves no half file."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from tests.server import PATIENCE, QUIRE, ROOT, environment, quire

STAGES = ["ngrams", "scratch/pieces", "pieces"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nearly 1 MB of made-up words, some of them of the same beginnings."""
    random = Random(7)
    letters = "etaoinshrdlucmfwypvbgkjqxz的一是不了人我在有他"
    words = ["".join(random.choices(letters, k=random.randint(1, 9))) for _ in range(20_000)]
    file = tmp_path_factory.mktemp("corpus") / "texts.txt"
    lines = (" ".join(random.choices(words, k=12)) for _ in range(8_000))
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def whole(corpus: Path) -> bytes:
    """The model of a training that nothing disturbed."""
    out = corpus.with_name("whole.model")
    done = quire("train", corpus, "-o", out, "--vocab-size", "5000", data_dir=corpus.parent)
    assert done.returncode == 0, done.stderr.decode()
    assert not corpus.with_name("whole.progress").exists()
    return out.read_bytes()


def _heed_ctrl_c() -> None:
    """A shell that runs the tests in the background has them, and all that they start, ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def stop_when(path: Path, how: int, *arguments: object) -> int:
    """Starts `quire train`, sends a signal as soon as a path is there, and gives the return code."""
    command = [sys.executable, "-m", "app.cli", "train", *map(str, arguments)]
    running = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True, preexec_fn=_heed_ctrl_c
    )
    while running.poll() is None and not path.exists():
        time.sleep(0.001)
    if running.poll() is None:
        os.kill(running.pid, how)
    return running.wait(300)


@pytest.mark.parametrize("stage", STAGES)
def test_a_training_that_was_killed_goes_on_to_the_same_model(
    corpus: Path, whole: bytes, tmp_path: Path, stage: str
) -> None:
    out = tmp_path / "out.model"
    arguments: list[str | Path] = [corpus, "-o", out, "--vocab-size", "5000"]
    code = stop_when(tmp_path / "out.progress" / stage, signal.SIGKILL, *arguments)
    assert code == -signal.SIGKILL
    assert not out.exists()
    done = quire("train", *arguments, "--resume", data_dir=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    assert out.read_bytes() == whole
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.card.json", "out.model"]


def test_an_unfinished_training_is_reported_and_can_be_started_over(
    corpus: Path, whole: bytes, tmp_path: Path
) -> None:
    out = tmp_path / "out.model"
    arguments: list[str | Path] = [corpus, "-o", out, "--vocab-size", "5000"]
    assert stop_when(tmp_path / "out.progress" / "ngrams", signal.SIGKILL, *arguments) < 0
    refused = quire("train", *arguments, data_dir=tmp_path)
    assert refused.returncode == 1
    assert b"continue it with --resume" in refused.stderr
    other = quire("train", *arguments, "--resume", "--order", "5", data_dir=tmp_path)
    assert b"from other texts or options" in other.stderr
    over = quire("train", *arguments, "--force", "--memory", "1GB", data_dir=tmp_path)
    assert over.returncode == 0, over.stderr.decode()
    assert out.read_bytes() == whole


def test_an_interrupted_training_leaves_no_half_file(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.model"
    code = stop_when(tmp_path / "out.progress" / "identity.json", signal.SIGINT, corpus, "-o", out)
    assert code != 0
    assert list(tmp_path.iterdir()) == []


def test_patterns_name_files_and_a_summary_ends_it(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("the cat sat on the mat\n" * 50)
    dev = tmp_path / "dev.jsonl"
    dev.write_text('{"text": "the cat sat on the mat", "lang": "en"}\n{"text": "кот", "lang": "ru"}\n')
    options: list[str | Path] = [
        "--vocab-size",
        "300",
        "--dev",
        dev,
        "--source",
        "a cat",
        "--source",
        "a mat",
    ]
    out = tmp_path / "data" / "models" / "out"
    done = quire("train", tmp_path / "*.txt", "-o", out, *options, data_dir=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    summary = done.stderr.decode()
    assert len(summary.splitlines()) < 30, "the report fits a screen"
    for words in ("pieces by bytes", "pieces by script", "by language", "time", "memory", "longest"):
        assert words in summary
    card = json.loads(out.with_name("out.card.json").read_text())
    assert card["bytes_per_token_by_script"]["Cyrillic"] == card["bytes_per_token_by_language"]["ru"] == 1
    assert card["bytes_per_token_by_script"]["Latin"] == card["bytes_per_token_by_language"]["en"] > 1
    assert card["sources"] == ["a cat", "a mat"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing-*.txt"], "no file matches this pattern"),
        (["README.md", "--memory", "much"], "--memory is 'much'; it should be a size such as 800MB"),
        (["README.md", "--memory", "1kB"], "have to be in memory"),
        (["README.md", "--scheduler", "nowhere"], "it should be like tcp://"),
        (["README.md", "--scheduler", "tcp://127.0.0.1:1", "--resume"], "for training on one machine"),
        (["README.md", "--scheduler", "tcp://127.0.0.1:1", "--objective", "compression"], "be reached"),
        (["README.md", "--dev", "no-such-file"], "no-such-file: can't be read"),
    ],
)
def test_what_is_wrong_is_reported_in_a_line(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = quire("train", *arguments, "-o", tmp_path / "out", data_dir=tmp_path)
    assert done.returncode == 1
    assert words in done.stderr.decode().splitlines()[-1]
    assert not any(path.suffix == ".model" for path in tmp_path.iterdir())


def test_texts_may_come_through_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("some words of a text\n" * 50)
    models: list[bytes] = []
    for name in ("{file}", "<(cat {file})", "- <{file}"):
        out = tmp_path / f"{len(models)}.model"
        given = name.format(file=shlex.quote(str(tmp_path / "texts.txt")))
        command = f"{shlex.join(QUIRE)} train {given} -o {shlex.quote(str(out))} --vocab-size 300"
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=ROOT,
            env=environment(tmp_path),
            capture_output=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr.decode()
        models.append(out.read_bytes())
    assert models[0] == models[1] == models[2]
