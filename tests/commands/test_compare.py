"""`quire compare` counts as the models do, by script and language, and fails where it was told to."""

import json
from pathlib import Path

import pytest

from app.commands.compare import Condition
from app.errors import InputError
from app.tokenizer import load
from tests.server import quire
from tests.tokenizer.others.trained import write_all

ENGLISH, CHINESE = "We prove that it holds.\n\n Yes. ", "我们证明它成立。\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("comparing")
    write_all(folder / "models")
    (folder / "en.txt").write_text(ENGLISH)
    (folder / "rest.jsonl").write_text(json.dumps({"text": CHINESE, "lang": "zh"}) + "\n")
    return folder


def test_any_mix_of_models_is_compared_by_language(data: Path) -> None:
    texts = ("--text", f"en={data / 'en.txt'}", "--text", str(data / "rest.jsonl"))
    path = data / "models" / "ranks.tiktoken"
    done = quire(
        "compare",
        "default",
        "org/chatty",
        path,
        *texts,
        "--by-language",
        "--by-script",
        "--json",
        data_dir=data,
    )
    assert done.returncode == 0, done.stderr.decode()
    answer = json.loads(done.stdout)
    assert answer["bytes_by_language"] == {"en": len(ENGLISH), "zh": len(CHINESE.encode())}
    loaded = [load("models/default.model"), load(data / "models/org/chatty"), load(path)]
    for row, tokenizer in zip(answer["models"], loaded, strict=True):
        assert row["tokens"] == tokenizer.count(ENGLISH) + tokenizer.count(CHINESE)
        assert row["bytes_per_token_by_language"]["zh"] == round(
            len(CHINESE.encode()) / tokenizer.count(CHINESE), 4
        )
    table = quire("compare", "default", "bert", *texts, "--by-language", data_dir=data).stdout.decode()
    assert [line.split()[0] for line in table.splitlines() if line][1:3] == ["default", "bert"]
    assert "bytes per token by language" in table


def test_a_condition_that_holds_fails_the_command(data: Path) -> None:
    options = ("compare", "default", "small", "--text", str(data / "en.txt"))
    fine = quire(*options, "--fail-if", "bytes_per_token<0.5", data_dir=data)
    assert fine.returncode == 0, fine.stderr
    failed = quire(*options, "--fail-if", "small:tokens>default:tokens", data_dir=data)
    assert failed.returncode == 1
    assert failed.stderr.decode().startswith("quire: small: tokens is ")
    assert b"tokenizer" in failed.stdout, "the table is printed all the same"


@pytest.mark.parametrize(
    ("written", "rows", "failing"),
    [
        ("tokens>10", {"a": 11, "b": 10}, ["a"]),
        ("b:tokens>=10", {"a": 11, "b": 10}, ["b"]),
        ("a:tokens>1.05*b:tokens", {"a": 11, "b": 10}, ["a"]),
        ("a:tokens>1.2*b:tokens", {"a": 11, "b": 10}, []),
        ("tokens < a:tokens", {"a": 11, "b": 10}, ["b"]),
    ],
)
def test_conditions_mean_what_they_say(written: str, rows: dict[str, int], failing: list[str]) -> None:
    condition = Condition.read(written, list(rows))
    lines = condition.holding({name: {"tokens": tokens} for name, tokens in rows.items()})
    assert [line.partition(":")[0] for line in lines] == failing


@pytest.mark.parametrize(
    "written", ["", "tokens", "tokens=5", "size>5", "c:tokens>5", "tokens>1.2.3", "tokens>5x"]
)
def test_a_condition_that_means_nothing_is_refused(written: str) -> None:
    with pytest.raises(InputError, match="--fail-if"):
        Condition.read(written, ["a", "b"])
