"""What the documents say exists, exists: settings, commands with their options, metrics; and their commands run."""

import gzip
import json
import lzma
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from app.settings import Settings
from tests import library
from tests.papers.sources.arxiv_forms import Sample
from tests.papers.sources.arxiv_server import arxiv
from tests.server import QUIRE, ROOT, environment, quire, serving

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

OPERATING = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "static/math-text/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]

_SOURCE_FILE = re.compile(r"""(?<![\w"'./-])(?:[\w-]+/)*[\w-]+\.(?:py|js)\b""")
_COMMENT = re.compile(r"^\s*(?:/\*)?\*|//")
_OF_TIKTOKEN = "tiktoken_ext/openai_public.py"

_COMMAND = re.compile(r"^(?:.*\| )?(?:\.venv/bin/)?quire ([^#|\n]+)", re.MULTILINE)


def commands_of(path: Path) -> list[str]:
    """The `quire` commands in a document's blocks of shell, without what is piped into them."""
    blocks = re.findall(r"```sh\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    return [found.strip() for block in blocks for found in _COMMAND.findall(block)]


def test_every_setting_is_in_the_table_and_every_name_in_the_table_is_a_setting() -> None:
    table = OPERATING.partition("## Settings")[2].partition("## Failures")[0]
    named = set(re.findall(r"`([A-Z][A-Z0-9_]+[A-Z])`", table.partition("A request over")[0]))
    assert named == {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_in_the_documents_has_its_words_and_options(path: Path, tmp_path: Path) -> None:
    for command in commands_of(path):
        words = shlex.split(command)
        names = words[: 2 if words[0] in ("models", "papers", "keys") else 1]
        told = quire(*names, "--help", data_dir=tmp_path)
        assert told.returncode == 0, command
        for option in re.findall(r"(?<!\S)--[a-z-]+", command):
            assert option in told.stdout.decode(), command


def test_the_commands_that_look_after_a_server_do_what_is_said(library_folder: Path, tmp_path: Path) -> None:
    ran = [
        command
        for command in commands_of(ROOT / "docs/operating.md")
        if command.partition(" ")[0] in ("keys", "backup")
    ]
    assert len(ran) == 4
    for command in ran:
        words = command.replace("papers.backup", str(tmp_path / "papers.backup")).split()
        done = quire(*words, data_dir=library_folder)
        assert done.returncode == 0, done.stderr.decode()
    restored = quire("restore", tmp_path / "papers.backup", data_dir=tmp_path / "new")
    assert restored.returncode == 0, restored.stderr.decode()


def test_the_commands_that_bring_papers_in_and_out_run_as_they_stand(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    commands = [words for words in map(shlex.split, commands_of(ROOT / "README.md")) if words[0] == "papers"]
    assert [words[1] for words in commands] == ["import", "fetch", "export"]
    library.write(tmp_path / commands[0][2])
    with arxiv(papers=[Sample("2611.00001", datestamp=today)], announced=today) as source:
        settings = {
            "ARXIV_API": source.addresses.api,
            "ARXIV_OAI": source.addresses.oai,
            "ARXIV_FEEDS": source.addresses.feeds,
        }
        for words in commands:
            done = subprocess.run(
                [*QUIRE, *words],
                cwd=tmp_path,
                env={**environment(tmp_path / "data", **settings), "PYTHONPATH": str(ROOT)},
                capture_output=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == 0, done.stderr.decode()
    exported = gzip.decompress((tmp_path / commands[2][2]).read_bytes()).splitlines()
    assert len(exported) == len(library.records()) + 1


def test_the_commands_that_train_run_as_they_stand(tmp_path: Path) -> None:
    commands = [
        command for path in DOCUMENTS for command in commands_of(path) if command.startswith("train ")
    ]
    texts = [
        {"text": f"A line of text, number {number * number}, and some more 文字."} for number in range(400)
    ]
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/some.jsonl.zst").write_bytes(zstd.compress(lines.encode()))
    (tmp_path / "texts.jsonl.xz").write_bytes(lzma.compress(lines.encode()))
    (tmp_path / "held-out.jsonl").write_text(lines)
    (tmp_path / "held-out.txt").write_text("A line that was held out.\n")
    (tmp_path / "data/models").mkdir(parents=True)
    ran = 0
    for command in commands:
        if "--scheduler" in command:
            continue  # tests/tokenizer/training/test_cluster.py has a cluster
        done = subprocess.run(
            f"{shlex.join(QUIRE)} {command} --force",
            shell=True,
            cwd=tmp_path,
            env={**environment(tmp_path / "data"), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        ran += 1
    assert ran >= 3


def test_the_commands_that_serve_answer(tmp_path: Path) -> None:
    commands = [
        command for path in DOCUMENTS for command in commands_of(path) if command.startswith("serve ")
    ]
    assert len(commands) >= 2
    for command in commands:
        words = re.sub(r"--port \d+", "--port 0", command).split()
        words = words[: words.index("--data-dir")]
        with serving(tmp_path / "data", *words[1:]) as address:
            port = address.rpartition(":")[2]
            assert httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200


def test_what_the_documents_name_is_there() -> None:
    """Targets of make, benchmarks with their options, settings, and files."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    settings = {f"QUIRE_{name.upper()}" for name in Settings.model_fields}
    for path in [*DOCUMENTS, ROOT / "models/README.md", ROOT / "benchmarks/RESULTS.md"]:
        text = path.read_text(encoding="utf-8")
        code = " ".join(re.findall(r"`[^`]+`|```sh\n.*?```", text, re.DOTALL))
        assert set(re.findall(r"\bmake ([a-z]+)\b", code)) <= targets, path.name
        assert set(re.findall(r"\bQUIRE_[A-Z0-9_]+[A-Z]\b", text)) <= settings, path.name
        for name, options in re.findall(r"-m\s+benchmarks\.(\w+)([^`]*)", code):
            script = (ROOT / f"benchmarks/{name}.py").read_text(encoding="utf-8")
            for option in re.findall(r"--[a-z-]+", options):
                assert f'"{option}"' in script, f"{name} {option} in {path.name}"
        for file in re.findall(r"`((?:app|tests|docs|benchmarks|static|models)/[\w./-]+\.\w+)`", text):
            assert (ROOT / file).exists(), f"{file} in {path.name}"


README = (ROOT / "README.md").read_text(encoding="utf-8")


def in_shell(line: str, folder: Path) -> str:
    """What a line of the README prints, run as it stands but for the place of `quire` and of what it writes."""
    line = line.replace(".venv/bin/quire", f"{shlex.quote(sys.executable)} -m app.cli")
    line = line.replace(" README.shards", f" {folder}/README.shards")
    done = subprocess.run(
        line,
        shell=True,
        env=environment(folder),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_tokenizer_commands_of_the_readme_print_what_stands_beside_them(tmp_path: Path) -> None:
    lines = README.partition("## Tokenise")[2].partition("```sh\n")[2].partition("```")[0].splitlines()
    assert len(lines) == 9
    for line in lines:
        command, _, comment = line.partition(" # ")
        printed = in_shell(command, tmp_path)
        if line.startswith("echo") and "--alpha" not in line:
            assert printed == comment.strip(), line


def test_the_requests_of_the_readme_are_answered(library_address: str, tmp_path: Path) -> None:
    requests = re.findall(r"^curl .*", README, re.MULTILINE)
    assert requests
    for request in requests:
        answer = json.loads(in_shell(request.replace("http://127.0.0.1:8000", library_address), tmp_path))
        assert answer["ids"]


def test_the_program_of_the_readme_runs() -> None:
    program = README.partition("```python\n")[2].partition("```")[0]
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=300, check=True)


@pytest.mark.parametrize("folder", ["app", "static/js", "static/math-text"])
def test_the_source_files_that_comments_name_are_there(folder: str) -> None:
    missing = []
    for path in sorted(file for file in (ROOT / folder).rglob("*") if file.suffix in (".py", ".js")):
        lines = path.read_text(encoding="utf-8").splitlines()
        comments = lines if path.suffix == ".py" else [line for line in lines if _COMMENT.search(line)]
        known = [
            path.parent,
            path.parent.parent,
            *(ROOT / name for name in ("", "app", "static", "static/js")),
        ]
        for name in (name for line in comments for name in _SOURCE_FILE.findall(line)):
            if name != _OF_TIKTOKEN and not any((place / name).is_file() for place in known):
                missing.append(f"{path.relative_to(ROOT)}: {name}")
    assert not missing, "these name files that have moved or gone"


def test_links_between_documents_lead_somewhere() -> None:
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{target} in {path.name}"


def test_the_documents_and_the_dashboard_name_metrics_that_exist(library_address: str) -> None:
    body = {"prompt": "so that there is something to count"}
    httpx.post(f"{library_address}/tokenize", json=body, trust_env=False).raise_for_status()
    told = httpx.get(f"{library_address}/metrics", trust_env=False).text
    dashboard = json.loads((ROOT / "docs/grafana.json").read_text(encoding="utf-8"))
    asked = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    names = set(re.findall(r"\b(?:http|bp|papers)_[a-z_]+", asked))
    names |= set(re.findall(r"`((?:http_|bp_|papers_)[a-z_]+)", OPERATING))
    assert len(names) > 8
    for name in names:
        assert re.search(rf"^{name}(_bucket)?(\{{| )", told, re.MULTILINE), name
