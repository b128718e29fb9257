"""Imports point one way: main, cli, commands -> serving, web -> asking -> papers, tokenizer -> errors."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parent.parent / "app"

BASE = {"errors", "jit", "logs", "paths", "temporary"}
LIBRARIES = {"papers", "tokenizer"}
TOP = {"main", "cli", "commands", "embedding", "settings"}
MAY_IMPORT = {
    **dict.fromkeys(TOP, TOP | BASE | LIBRARIES | {"serving", "web", "asking"}),
    "serving": {"serving", "web", "asking"} | LIBRARIES | BASE,
    "web": {"web", "asking"} | LIBRARIES | BASE,
    "asking": {"asking"} | LIBRARIES | BASE,
    "papers": {"papers", "errors", "jit", "paths", "temporary"},
    "tokenizer": {"tokenizer", "errors", "jit"},
    "settings": {"errors", "papers", "paths", "web", "asking"},
    "logs": {"errors"},
    "jit": set[str](),
    "temporary": set[str](),
    "paths": set[str](),
    "errors": set[str](),
}
READS_SETTINGS = {"main", "cli", "commands", "embedding"}


def layer(path: Path) -> str:
    return path.relative_to(APP).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """The layers that a module imports from, wherever in the file it does."""
    package = ["app", *path.relative_to(APP).with_suffix("").parts][:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "app" and len(parts) > 1 and parts[1] != "__version__":
                yield parts[1]


@pytest.mark.parametrize("path", sorted(APP.rglob("*.py")), ids=lambda path: str(path.relative_to(APP)))
def test_a_module_imports_only_what_lies_beneath_it(path: Path) -> None:
    if path == APP / "__init__.py":
        assert not list(imported(path))
        return
    own = layer(path)
    assert set(imported(path)) <= MAY_IMPORT[own]
    if own not in READS_SETTINGS | {"settings"}:
        assert "settings" not in set(imported(path))


def test_public_classes_have_names_of_their_own() -> None:
    places: dict[str, list[str]] = {}
    for path in APP.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(path.relative_to(APP)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
