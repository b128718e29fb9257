"""Kept machine code: found without numba, made where it can't be kept, and not trusted when it was changed."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.tokenizer.engine import machine_code

ENCODE = """
import sys
from app.tokenizer import Tokenizer
from tests.tokenizer.vocabularies import vocabulary
print(Tokenizer(vocabulary({"hello": 50})).tokenize("hello!"), "numba" in sys.modules)
"""


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=200
    )
    return done.stdout.strip()


def test_a_process_that_finds_machine_code_never_imports_numba() -> None:
    machine_code.load_kernels()
    assert run(ENCODE) == "[b'hello', b'!'] False"


def test_importing_the_library_loads_no_compiler() -> None:
    loaded = run(
        "import sys, app.tokenizer; print([name for name in ('numba', 'ahocorasick') if name in sys.modules])"
    )
    assert loaded == "[]"


def test_without_numba_and_without_machine_code_the_reference_takes_over() -> None:
    hidden = "import sys; sys.modules['llvmlite'] = sys.modules['numba'] = None\n"
    assert run(hidden + ENCODE.replace('"numba" in sys.modules', "0")) == "[b'hello', b'!'] 0"


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two empty folders in place of those where machine code is kept."""
    places = [tmp_path / "beside", tmp_path / "home"]
    monkeypatch.setattr(machine_code, "_folders", lambda: iter(places))
    monkeypatch.setattr(machine_code, "_compile", lambda: b"machine code")
    return places


def test_machine_code_is_kept_in_the_first_folder_that_takes_it(folders: list[Path]) -> None:
    folders[0].write_bytes(b"a file where a folder should be")
    assert machine_code._machine_code() == b"machine code"
    assert [path.suffix for path in folders[1].iterdir()] == [".code"]


def test_machine_code_is_made_in_memory_where_nothing_can_be_written(folders: list[Path]) -> None:
    for folder in folders:
        folder.write_bytes(b"")
    assert machine_code._machine_code() == b"machine code"


def test_changed_machine_code_is_made_again(folders: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    machine_code._machine_code()
    (kept,) = folders[0].iterdir()
    content = kept.read_bytes()
    for broken in (b"", content[:-1], content[:-1] + b"?", content + b"?"):
        kept.write_bytes(broken)
        assert machine_code._machine_code() == b"machine code"
        assert kept.read_bytes() == content
    monkeypatch.setattr(machine_code, "_compile", lambda: pytest.fail("it is kept"))
    assert machine_code._machine_code() == b"machine code"


def test_another_processor_gets_its_own(folders: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    machine_code._machine_code()
    monkeypatch.setattr(machine_code, "_processor", lambda: ("another", "+none"))
    machine_code._machine_code()
    assert len(list(folders[0].iterdir())) == 2
