"""The commands do what the README says, and a failure is one line that says what was wrong, never a traceback."""

import gzip
import json
import shlex
import shutil
import socket
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from app.cli import _COMMANDS, load_command, main
from app.tokenizer import Tokenizer
from tests import library
from tests.server import PATIENCE, QUIRE, ROOT, environment, quire

TEXT = "Hello, 世界\nA second line\r\n\n🙂 e\u0301nd\n"
LINES = TEXT.replace("\r\n", "\n")  # the carriage return of a line end is not text


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli") / "data"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """A model trained by `quire train`."""
    folder = tmp_path_factory.mktemp("trained")
    corpus = folder / "texts.jsonl"
    texts = [
        note.read_text(encoding="utf-8") for note in sorted((ROOT / "app/papers/collection").glob("*.toml"))
    ]
    corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    out = folder / "tiny.model"
    done = quire(
        "train",
        corpus,
        "-o",
        out,
        "--vocab-size",
        "400",
        "--dev",
        corpus,
        "--corpus",
        "made up",
        data_dir=data,
    )
    assert done.returncode == 0, done.stderr.decode()
    return out


def test_training_writes_a_model_and_its_card(model: Path) -> None:
    card = json.loads(model.with_name("tiny.card.json").read_text())
    assert card["corpus"] == "made up"
    assert card["bytes_per_token"] > 1.5
    assert card["training"]["order"] == 6
    assert Tokenizer.load(model).vocab_size <= 400


def test_training_takes_standard_input_and_several_sizes(tmp_path: Path, data: Path) -> None:
    text = (ROOT / "README.md").read_bytes() * 3
    out = tmp_path / "fox"
    done = quire(
        "train", "-", "-o", out, "--vocab-size", "262", "--vocab-size", "300", data_dir=data, input=text
    )
    assert done.returncode == 0, done.stderr.decode()
    sizes = [Tokenizer.load(tmp_path / f"fox.{size}.model").vocab_size for size in (262, 300)]
    assert sizes[0] <= 262 < sizes[1] <= 300


def test_decode_gives_back_what_encode_was_given(model: Path, data: Path) -> None:
    encoded = quire("encode", "--model", model, data_dir=data, input=TEXT.encode())
    assert encoded.stdout.count(b"\n") == TEXT.count("\n")
    decoded = quire("decode", "--model", model, data_dir=data, input=encoded.stdout)
    assert decoded.stdout.decode() == LINES.replace("e\u0301", "é"), "composed, as the model's card says"


def test_tokenize_shows_pieces_and_count_counts_them(model: Path, data: Path, tmp_path: Path) -> None:
    tokenizer = Tokenizer.load(model)
    pieces = quire("tokenize", "--model", model, data_dir=data, input=b"a b\n").stdout.decode().split()
    assert "".join(pieces) == "a␣b"
    file = tmp_path / "text.txt"
    file.write_text(TEXT, encoding="utf-8")
    other = tmp_path / "other.txt"
    other.write_text(TEXT, encoding="utf-8")
    counted = quire("count", "--model", model, file, other, data_dir=data).stdout.decode().splitlines()
    expected = tokenizer.count(TEXT)
    assert [line.split("\t")[0] for line in counted] == [str(expected), str(expected), str(2 * expected)]
    spans = quire("tokenize", "--json", "--model", model, data_dir=data, input="世\n".encode()).stdout
    assert json.loads(spans)[0]["bytes"][0] == 0


def test_drawing_is_reproducible_and_what_is_drawn_is_the_text(model: Path, data: Path) -> None:
    lines = ("Hello, Hello, 世界\n" * 3000).encode()
    options = ("--model", model, "--alpha", "0.2")
    first, second, other = (
        quire("encode", *options, "--seed", seed, data_dir=data, input=lines).stdout
        for seed in ("7", "7", "8")
    )
    assert first == second != other
    assert len(set(first.splitlines())) > 1, "equal lines are drawn apart"
    assert quire("decode", "--model", model, data_dir=data, input=first).stdout == lines
    drawn = quire(
        "tokenize", "--json", *options, "--seed", "7", data_dir=data, input=lines
    ).stdout.splitlines()
    assert [[piece["id"] for piece in json.loads(line)] for line in drawn] == [
        list(map(int, line.split())) for line in first.splitlines()
    ]


def test_as_is_keeps_what_composing_would_change(model: Path, data: Path) -> None:
    for option, expected in (("--as-is", LINES), ("--nfc", unicodedata.normalize("NFC", LINES))):
        encoded = quire("encode", option, "--model", model, data_dir=data, input=TEXT.encode()).stdout
        decoded = quire("decode", "--model", model, data_dir=data, input=encoded).stdout
        assert decoded.decode() == expected


def test_encode_writes_shards(model: Path, data: Path, tmp_path: Path) -> None:
    shards = tmp_path / "shards"
    done = quire("encode", "--model", model, "--shards", shards, "--eos", data_dir=data, input=TEXT.encode())
    assert done.returncode == 0, done.stderr.decode()
    ids = np.load(shards / "00000.npy")
    assert ids.dtype == np.uint16
    assert (ids == 2).sum() == TEXT.count("\n")


@pytest.mark.parametrize("form", ["sentencepiece", "huggingface", "tiktoken", "bytepiece"])
def test_models_are_converted(model: Path, data: Path, tmp_path: Path, form: str) -> None:
    out = tmp_path / f"converted.{form}"
    done = quire("models", "convert", model, "--to", form, "-o", out, data_dir=data)
    assert done.returncode == 0, done.stderr.decode()
    assert out.stat().st_size > 1000
    again = quire("models", "convert", model, "--to", form, "-o", out, data_dir=data)
    assert again.returncode == 1
    assert b"exists already" in again.stderr


def test_models_are_listed_shown_and_compared(model: Path, data: Path, tmp_path: Path) -> None:
    listed = quire("models", "list", data_dir=data).stdout.decode().splitlines()
    assert listed[0].split() == ["name", "ids", "bytes", "per", "token", "corpus"]
    assert listed[1].split()[0] == "default"
    shown = quire("models", "show", model, data_dir=data).stdout.decode()
    assert '"corpus": "made up"' in shown
    huggingface = tmp_path / "tokenizer.json"
    quire("models", "convert", model, "--to", "huggingface", "-o", huggingface, data_dir=data)
    compared = quire(
        "models", "compare", model, huggingface, "--json", data_dir=data, input=b"We prove that it holds.\n"
    )
    first, second = json.loads(compared.stdout)["models"]
    assert first["kind"] != second["kind"]
    assert first["tokens"] == second["tokens"]


def test_the_list_gives_long_names_whole(model: Path, tmp_path: Path) -> None:
    name = "a-name-that-is-longer-than-its-share-of-eighty-columns"
    (tmp_path / "models").mkdir()
    shutil.copy(model, tmp_path / "models" / f"{name}.model")
    assert name in quire("models", "list", data_dir=tmp_path).stdout.decode()


def test_models_are_compared_by_script(data: Path) -> None:
    text = "We prove that it holds.\n我们证明它成立。\n".encode()
    compared = quire("models", "compare", "default", "small", "--by-script", data_dir=data, input=text)
    rows = [line.split() for line in compared.stdout.decode().splitlines()[-2:]]
    assert [row[:2] for row in rows] == [["Han", "25"], ["Latin", "24"]]
    assert all(float(default) > float(small) for *_, default, small in rows)


def test_importing_again_changes_nothing_and_bad_records_are_named(data: Path, tmp_path: Path) -> None:
    file = library.write(tmp_path / "records.jsonl")
    with file.open("a") as stream:
        stream.write('{"id": "2606.1"}\nno json at all\n')
    known = len(library.records())
    first = quire("papers", "import", file, data_dir=data)
    assert first.stdout.decode().startswith(f"{known} new, 0 updated, 0 known already, 2 skipped")
    assert f"{file}:{known + 1}: " in first.stderr.decode()
    assert f"{file}:{known + 2}: " in first.stderr.decode()
    again = quire("papers", "import", file, data_dir=data)
    assert again.stdout.decode().startswith(f"0 new, 0 updated, {known} known already")
    strict = quire("papers", "import", "--strict", file, data_dir=data)
    assert strict.returncode == 1
    assert f"{file}:{known + 1}: " in strict.stderr.decode()


def test_an_export_is_read_back_identically(data: Path, tmp_path: Path) -> None:
    quire("papers", "import", library.write(tmp_path / "records.jsonl"), data_dir=data)
    out, second = tmp_path / "all.jsonl", tmp_path / "again.jsonl"
    assert quire("papers", "export", out, data_dir=data).returncode == 0
    assert quire("papers", "import", out, data_dir=tmp_path / "other").returncode == 0
    assert quire("papers", "export", second, data_dir=tmp_path / "other").returncode == 0
    assert out.read_bytes() == second.read_bytes()
    assert quire("papers", "check", data_dir=tmp_path / "other").returncode == 0
    assert quire("papers", "reindex", data_dir=tmp_path / "other").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["encode", "--model", "nope"], "There is no model 'nope'"),
        (["encode", "--model", "../../etc/passwd"], "passwd"),
        (["encode", "no-such-file.txt"], "no-such-file.txt: can't be read"),
        (["decode"], "-:1: a line of ids was expected"),
        (["train", "no-such-file.txt", "-o", "out.model"], "no-such-file.txt: can't be read"),
        (["train", "-", "-o", "/dev/null/folder/out.model"], "this folder can't be made"),
        (["train", "-", "-o", "out.model", "--vocab-size", "5"], "vocab_size is 5"),
        (["train", "-", "-o", "out.model", "--order", "40"], "order is 40"),
        (["models", "convert", "README.md", "--to", "bytepiece", "-o", "x.model"], "README.md"),
        (["papers", "import", "no-such-file.jsonl"], "can't read no-such-file.jsonl"),
        (["papers", "export", "out.jsonl"], "there is no store of papers"),
        (["serve", "--port", "99999"], "a port is a number from 0 to 65535"),
        (["serve", "--host", "no.such.host.invalid"], "no such address"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    tmp_path: Path,
    arguments: list[str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("QUIRE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr("sys.argv", ["quire", *arguments])
    (tmp_path / "input").write_text("not ids\n")
    with (tmp_path / "input").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        with pytest.raises(SystemExit) as stopped:
            main()
    assert stopped.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith("quire: ")
    assert words in error
    assert not (ROOT / "out.model").exists()


def test_a_port_in_use_is_reported_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = quire("serve", "--port", str(taken.getsockname()[1]), data_dir=tmp_path / "data")
    assert done.returncode == 1
    assert "another program listens there already" in done.stderr.decode()
    assert not (tmp_path / "data").exists()


def test_settings_that_make_no_sense_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QUIRE_MAX_BATCH", "many")
    monkeypatch.setattr("sys.argv", ["quire", "models", "list"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    assert capsys.readouterr().err.startswith("quire: QUIRE_MAX_BATCH: ")


def test_a_misspelt_command_names_the_nearest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["quire", "cuont"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert "No such command 'cuont'. Did you mean 'count'?" in capsys.readouterr().err


def test_version_and_help_are_there() -> None:
    assert quire("--version", data_dir=Path("unused")).stdout.startswith(b"quire 0.")
    shown = quire("--help", data_dir=Path("unused")).stdout.decode()
    for command in ("serve", "train", "encode", "decode", "tokenize", "count", "models", "papers"):
        assert f" {command} " in shown


@pytest.mark.parametrize("name", _COMMANDS)
def test_the_list_of_commands_says_of_each_what_its_own_help_says(name: str) -> None:
    command = load_command(name)
    assert command.name == name
    assert command.help.split("\n\n")[0].replace("\n", " ") == _COMMANDS[name][1]


@pytest.mark.parametrize("arguments", [["--help"], ["count", "-"]])
def test_what_needs_no_server_and_no_store_does_not_import_them(arguments: list[str]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "app.cli", *arguments]
    done = subprocess.run(command, input=b"text", capture_output=True, cwd=ROOT, check=True)
    imported = {line.rpartition(b"|")[2].strip().decode() for line in done.stderr.splitlines()}
    assert "typer" in imported
    assert not imported & {
        "fastapi",
        "starlette",
        "uvicorn",
        "sqlalchemy",
        "tantivy",
        "httpx",
        "app.papers.store.reading",
    }


def test_encode_answers_each_line_as_it_comes(model: Path, data: Path) -> None:
    process = subprocess.Popen(
        [*QUIRE, "encode", "--model", model],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(data),
        cwd=ROOT,
    )
    assert process.stdin
    assert process.stdout
    tokenizer = Tokenizer.load(model)
    for line in ("one", "two and two"):
        process.stdin.write(f"{line}\n".encode())
        process.stdin.flush()
        assert process.stdout.readline().decode().split() == list(map(str, tokenizer.encode(line)))
    assert process.communicate(timeout=300)[0] == b""
    assert process.returncode == 0


def test_what_was_done_before_a_bad_file_is_printed(model: Path, data: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text("one\ntwo\n")
    bad.write_bytes(b"three\ncaf\xe9\nfour\n")
    for command in ("encode", "count", "tokenize"):
        stopped = quire(command, "--model", model, good, bad, good, data_dir=data)
        assert stopped.returncode == 1
        assert b"bad.txt:2: not UTF-8: byte 0xe9" in stopped.stderr
        first = quire(command, "--model", model, good, data_dir=data).stdout
        assert stopped.stdout.startswith(first)
        skipped = quire(command, "--model", model, "--errors", "skip", good, bad, good, data_dir=data)
        assert b"1 lines or files were skipped" in skipped.stderr
        assert skipped.stdout.startswith(first)
        assert len(skipped.stdout.splitlines()) > len(stopped.stdout.splitlines())
        replaced = quire(command, "--model", model, "--errors", "replace", good, bad, data_dir=data)
        assert replaced.returncode == 0, replaced.stderr


@pytest.mark.parametrize("word", ["1_0", "+5", "٥", "5.0", "0x5"])
def test_decode_takes_ids_as_they_are_printed_and_nothing_else(model: Path, data: Path, word: str) -> None:
    done = quire("decode", "--model", model, data_dir=data, input=f"5 {word}\n".encode())
    assert done.returncode == 1
    assert b"-:1: a line of ids was expected" in done.stderr


def test_json_lines_on_standard_input_are_read_as_such(model: Path, data: Path) -> None:
    plain = quire("encode", "--model", model, data_dir=data, input=b"Hello\n").stdout
    lines = b'{"body": "Hello"}\n'
    assert quire("encode", "--model", model, "--field", "body", data_dir=data, input=lines).stdout == plain
    packed = gzip.compress(lines)
    assert quire("encode", "--model", model, "--field", "body", data_dir=data, input=packed).stdout == plain


@pytest.mark.parametrize(
    "command", ["count", "encode", "tokenize", "decode", "papers import -", "train - -o {out}"]
)
def test_a_closed_standard_input_is_said_in_a_line(tmp_path: Path, command: str) -> None:
    line = f"{shlex.join(QUIRE)} {command.format(out=shlex.quote(str(tmp_path / 'a.model')))} <&-"
    done = subprocess.run(
        ["sh", "-c", line], cwd=ROOT, env=environment(tmp_path), capture_output=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().strip().startswith("quire: standard input is closed")


def test_help_cuts_no_options_name_in_a_narrow_window() -> None:
    for name in _COMMANDS:
        command = [*QUIRE, name, "--help"]
        done = subprocess.run(
            command,
            capture_output=True,
            env=environment(Path("unused")) | {"COLUMNS": "80"},
            cwd=ROOT,
            text=True,
            check=True,
        )
        assert "…" not in done.stdout, name
        assert max(map(len, done.stdout.splitlines())) <= 80, name


def test_the_data_folder_stands_before_or_after_a_command_and_a_key_says_where_it_is_kept(
    tmp_path: Path,
) -> None:
    given, other = tmp_path / "given", tmp_path / "other"
    done = quire("keys", "new", "ann", "--data-dir", given, data_dir=other)
    assert done.returncode == 0
    assert str(given / "keys.json") in done.stderr.decode()
    assert quire("--data-dir", given, "keys", "list", data_dir=other).stdout.startswith(b"ann\t")
    assert quire("papers", "check", f"--data-dir={given}", data_dir=other).returncode == 1, "nothing is there"
    assert not other.exists()
