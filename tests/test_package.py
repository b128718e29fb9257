"""The wheel: installed into an empty environment, used from another folder, it has all that it needs."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server import ROOT

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
    built = subprocess.run(
        [*pip, "--no-build-isolation", "--wheel-dir", folder, ROOT],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def home(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of a user who installed the wheel and nothing else."""
    home = tmp_path_factory.mktemp("home")
    subprocess.run([sys.executable, "-m", "venv", home / "environment"], check=True, timeout=300)
    subprocess.run(
        [home / "environment/bin/python", "-m", "pip", "install", "--quiet", wheel], check=True, timeout=500
    )
    return home


def run(home: Path, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [home / "environment/bin/quire", *words],
        input=text,
        capture_output=True,
        text=True,
        cwd=home,
        env=environment(home),
        timeout=300,
        check=False,
    )


def environment(home: Path) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("QUIRE_", "XDG_", "PYTHON"))
    }
    return {**kept, "HOME": str(home)}


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """Where the installed server listens."""
    process = subprocess.Popen(
        [home / "environment/bin/quire", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        cwd=home,
        env=environment(home),
        text=True,
    )
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    try:
        assert found
        yield found[0]
    finally:
        process.terminate()
        process.communicate(timeout=300)


def test_commands_work_in_another_folder(home: Path) -> None:
    listed = run(home, "models", "list")
    assert "default" in listed.stdout, listed.stderr
    ids = run(home, "encode", text="Hello, 世界\n")
    assert ids.returncode == 0, ids.stderr
    assert run(home, "decode", text=ids.stdout).stdout == "Hello, 世界\n"


def test_the_server_has_pages_styles_notes_and_scripts(home: Path, address: str) -> None:
    with httpx.Client(base_url=address, trust_env=False) as client:
        page = client.get("/arxiv/quire")
        assert "quire/0001" in page.text
        for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
            assert client.get(path).status_code == 200, path
        assert client.get("/static/vendor/marked.esm.js").status_code == 200
    installed = next((home / "environment/lib").glob("python3*/site-packages/app"))
    assert not list(installed.rglob("*.sqlite*")), "papers are kept among the package's files"
    assert list(home.glob(".local/share/quire/*")) or sys.platform != "linux"


def test_types_come_with_the_package(home: Path) -> None:
    assert next((home / "environment/lib").glob("python3*/site-packages/app/py.typed")).exists()
