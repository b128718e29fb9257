"""What the documents say exists, exists: settings, commands with their options, metrics; and their commands run."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from app.settings import Settings
from tests.server import ROOT, environment, quire

OPERATING = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

_COMMAND = re.compile(r"^(?:.*\| )?(?:\.venv/bin/)?quire ([^#|\n]+)", re.MULTILINE)


def commands_of(path: Path) -> list[str]:
    """The `quire` commands in a document's blocks of shell, without what is piped into them."""
    blocks = re.findall(r"```sh\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    return [found.strip() for block in blocks for found in _COMMAND.findall(block)]


def test_every_setting_is_in_the_table_and_every_name_in_the_table_is_a_setting() -> None:
    table = OPERATING.partition("## Settings")[2].partition("## Failures")[0]
    named = set(re.findall(r"`([A-Z][A-Z_]+[A-Z])`", table.partition("A request over")[0]))
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
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_tokenizer_commands_of_the_readme_print_what_stands_beside_them(tmp_path: Path) -> None:
    lines = README.partition("## Tokenise")[2].partition("```sh\n")[2].partition("```")[0].splitlines()
    assert len(lines) == 7
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
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=60, check=True)


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
