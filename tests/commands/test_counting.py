"""Counts, chunks and cuts of files and folders are those of the text itself, for any kind of model."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from app.commands.named_files import Rules, files_of
from app.errors import FileError
from app.tokenizer import load
from tests.server import quire
from tests.tokenizer.others.trained import write_all

TEXT = "Hello world, the cat sat.\n\n \n你好，世界。 🦊\r\ndon't stop\n" * 6


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("counting")
    write_all(folder / "models")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with rules, a folder in it with rules of its own, and a picture."""
    files = {
        ".git/HEAD": b"ref",
        ".gitignore": b"*.log\n/build/\n!keep.log\n",
        ".hidden": b"hidden",
        "a.txt": TEXT.encode(),
        "b.py": b"print('hello')\n",
        "lines.jsonl": b'{"text": "Hello"}\n',
        "noise.log": b"noise",
        "keep.log": b"kept",
        "build/out.txt": b"built",
        "deep/.gitignore": b"*.txt\n",
        "deep/c.txt": b"left out",
        "deep/d.md": b"# d\n",
        "picture.png": b"\x89PNG\0\0",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def names(project: Path, *paths: str, **rules: Any) -> list[str]:
    found = files_of([str(project / path) for path in paths or (".",)], Rules(**rules))
    return [str(Path(name).resolve().relative_to(project.resolve())) for name in found.files]


def test_a_folder_gives_the_texts_that_git_would_take(project: Path) -> None:
    assert names(project) == ["a.txt", "b.py", "keep.log", "lines.jsonl", "deep/d.md"]
    tracked = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"], cwd=project, capture_output=True, text=True
    )
    if tracked.returncode == 0:  # git agrees, hidden files and pictures aside
        assert {"a.txt", "deep/d.md"} <= set(tracked.stdout.split())
    assert names(project, globs=("*.txt", "*.md")) == ["a.txt", "deep/d.md"]
    assert names(project, ignored=("deep/", "*.py")) == ["a.txt", "keep.log", "lines.jsonl"]
    assert {"deep/c.txt", ".hidden", "build/out.txt"} <= set(names(project, everything=True))
    assert names(project, "deep", "a.txt", "deep/d.md") == ["deep/d.md", "a.txt"], "each file once"
    assert names(project, "deep/c.txt") == ["deep/c.txt"], "a file that is named is never left out"
    assert names(project, "**/*.md") == ["deep/d.md"]
    with pytest.raises(FileError, match="no file matches"):
        names(project, "*.nothing")


def test_a_folder_that_gives_no_file_is_named(data: Path, project: Path) -> None:
    folders = [project / "build", project / "deep"]
    done = quire("count", "--model", "unigram", *folders, data_dir=data)
    assert done.returncode == 0
    assert done.stdout.decode().endswith("\ttotal\n")
    assert done.stderr.decode().startswith(f"quire: {project / 'build'}: no file in it is taken")
    assert files_of([str(project / "a.txt"), str(project)], Rules()).empty == []
    done = quire("count", "--model", "unigram", project, "--glob", "*.nothing", data_dir=data)
    assert done.stdout == b"0\ttotal\n"


@pytest.mark.parametrize("model", ["org/chatty", "ranks", "unigram", "bert", "default"])
def test_a_file_counts_what_its_text_counts(data: Path, project: Path, model: str) -> None:
    folder = data / "models"
    tokenizer = load({"org/chatty": folder / "org/chatty", "ranks": folder / "ranks.tiktoken",
                      "unigram": folder / "unigram.model", "bert": folder / "bert.json",
                      "default": Path("models/default.model")}[model])  # fmt: skip
    done = quire("count", "--json", "--model", model, project, data_dir=data)
    assert done.returncode == 0, done.stderr.decode()
    answer = json.loads(done.stdout)
    texts = {Path(item["file"]).name: item for item in answer["files"]}
    assert texts["a.txt"] == {
        "file": str(project / "a.txt"), "tokens": tokenizer.count(TEXT), "bytes": len(TEXT.encode())
    }  # fmt: skip
    assert answer["tokens"] == sum(item["tokens"] for item in texts.values())
    assert texts["lines.jsonl"]["tokens"] == tokenizer.count('{"text": "Hello"}\n'), "as a text, in a folder"
    assert [Path(name).name for name in answer["no_texts"]] == ["picture.png"]
    piped = quire("count", "--model", model, data_dir=data, input=TEXT.encode())
    assert int(piped.stdout) == tokenizer.count(TEXT)
    records = quire("count", "--model", model, data_dir=data, input=b'{"text": "Hello"}\n')
    assert int(records.stdout) == tokenizer.count("Hello"), "JSON lines are known by their first line"


@pytest.mark.parametrize("model", ["org/chatty", "bert"])
def test_chunks_and_cuts_take_at_most_what_was_asked(data: Path, tmp_path: Path, model: str) -> None:
    tokenizer = load(data / "models" / ("bert.json" if model == "bert" else model))
    file = tmp_path / "a.txt"
    file.write_bytes(TEXT.encode())
    done = quire("chunk", "-n", "30", "--json", "--model", model, file, data_dir=data)
    chunks = [json.loads(line) for line in done.stdout.splitlines()]
    assert "".join(chunk["text"] for chunk in chunks) == TEXT
    added = sum(map(len, tokenizer.own_special))
    assert all(tokenizer.count(chunk["text"]) + added == chunk["tokens"] <= 30 for chunk in chunks)
    listed = quire("chunk", "-n", "30", "--model", model, file, data_dir=data).stdout.decode().splitlines()
    assert [int(line.split("\t")[0]) for line in listed] == [chunk["tokens"] for chunk in chunks]
    for side in ("right", "left"):
        options = ("-n", "20", "--side", side, "--boundary", "word", "--model", model)
        cut = quire("truncate", *options, file, data_dir=data)
        kept = cut.stdout.decode()
        assert kept
        assert (TEXT.startswith if side == "right" else TEXT.endswith)(kept)
        assert tokenizer.count(kept) + added <= 20
        told = json.loads(quire("truncate", "--json", *options, file, data_dir=data).stdout)
        assert (told["text"], told["truncated"]) == (kept, True)


def test_decoding_stops_replaces_or_skips_what_is_wrong(data: Path) -> None:
    tokenizer = load("models/default.model")
    ids = tokenizer.encode("Hi")
    lines = f"{ids[0]}\n{ids[0]} 99999999\nx\n{tokenizer.encode('你')[0]}\n".encode()
    strict = quire("decode", data_dir=data, input=lines)
    assert strict.returncode == 1
    assert b"-:2: a line of ids was expected" in strict.stderr
    assert strict.stdout.count(b"\n") == 1
    skipped = quire("decode", "--errors", "skip", data_dir=data, input=lines)
    assert (skipped.returncode, skipped.stdout.count(b"\n")) == (1, 2)
    replaced = quire("decode", "--errors", "replace", data_dir=data, input=lines).stdout.decode()
    hi = tokenizer.decode(ids[:1])
    assert replaced.splitlines()[:3] == [hi, f"{hi}\ufffd", "\ufffd"]


@pytest.mark.parametrize("command", ["decode", "tokenize"])
def test_a_line_is_answered_as_it_comes(data: Path, command: str) -> None:
    from tests.server import QUIRE, ROOT, environment

    process = subprocess.Popen(
        [*QUIRE, command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(data), cwd=ROOT
    )
    assert process.stdin
    assert process.stdout
    for _ in range(2):
        process.stdin.write(b"300\n")
        process.stdin.flush()
        assert process.stdout.readline()
    process.communicate(timeout=300)
    assert process.returncode == 0


def test_training_skips_or_replaces_what_is_no_text(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "texts"
    file.write_bytes(b'{"body": "one two"}\n' * 200 + b"no json\n")
    options = (
        file,
        "-o",
        tmp_path / "m.model",
        "--vocab-size",
        "300",
        "--field",
        "body",
        "--format",
        "jsonl",
    )
    stopped = quire("train", *options, data_dir=data)
    assert stopped.returncode == 1
    assert b":201: not JSON" in stopped.stderr
    trained = quire("train", *options, "--errors", "skip", "--force", data_dir=data)
    assert trained.stderr.count(b":201: not JSON") == 1, "said once, however often the texts are read"
    assert b"1 lines or files were skipped" in trained.stderr
    assert (tmp_path / "m.model").exists()
