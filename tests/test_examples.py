"""The examples in docstrings are run, and give what stands beside them."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

from tests.server import ROOT

MODULES = [
    path for path in sorted((ROOT / "app").rglob("*.py")) if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_example_gives_what_it_says(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # examples name the models that come with Quire
    found = doctest.testmod(import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)))
    assert found.attempted
    assert not found.failed
