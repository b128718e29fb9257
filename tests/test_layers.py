"""Imports point one way: main, cli, commands -> serving, web -> asking -> papers, tokenizer -> errors.

And each folder says what belongs there.
"""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "app"

BASE = {"compressed_files", "errors", "jit", "logs", "memory", "normalization", "paths", "temporary"}
LIBRARIES = {"papers", "tokenizer"}
TOP = {"main", "cli", "commands", "embedding", "settings"}
MAY_IMPORT = {
    **dict.fromkeys(TOP, TOP | BASE | LIBRARIES | {"serving", "web", "asking"}),
    "serving": {"serving", "web", "asking"} | LIBRARIES | BASE,
    "web": {"web", "asking"} | LIBRARIES | BASE,
    "asking": {"asking"} | LIBRARIES | BASE,
    "papers": {"papers", "compressed_files", "errors", "jit", "normalization", "paths", "temporary"},
    "tokenizer": {"tokenizer", "compressed_files", "errors", "jit", "memory", "normalization"},
    "settings": {"errors", "papers", "paths", "web", "asking"},
    "logs": {"errors"},
    "compressed_files": set[str](),
    "jit": set[str](),
    "memory": set[str](),
    "normalization": set[str](),
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


def modules() -> dict[str, Path]:
    """The files of the package by the names that imports give them."""
    named = {path: ".".join(path.relative_to(APP.parent).with_suffix("").parts) for path in APP.rglob("*.py")}
    return {name.removesuffix(".__init__"): path for path, name in named.items()}


def imports() -> dict[str, set[str]]:
    """The modules that each module imports, wherever in the file it does."""
    known = modules()
    found = {}
    for name, path in known.items():
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        named = {
            alias.name if isinstance(node, ast.Import) else f"{node.module}{end}"
            for node in nodes
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
            for end in ("", f".{alias.name}")
        }
        found[name] = {other for other in named if other in known and known[other].name != "__init__.py"}
    return found


def test_no_module_imports_itself_by_way_of_others() -> None:
    list(TopologicalSorter(imports()).static_order())


def arrows() -> set[tuple[str, str]]:
    """What imports what: a layer another one, and within a layer a folder another one."""
    found = set()
    for name, others in imports().items():
        for other in others:
            one, two = (Path(*module.split(".")[1:]).parts for module in (name, other))
            layers = ["commands" if parts[0] in TOP else parts[0] for parts in (one, two)]
            if layers[0] != layers[1]:
                found.add((layers[0], layers[1]))
            elif len(one) > 2 and len(two) > 2 and one[1] != two[1]:
                found.add(("/".join(one[:2]), "/".join(two[:2])))
    return {(one, two) for one, two in found if not {one, two} & BASE}


def test_the_picture_of_the_house_has_the_arrows_of_its_imports_and_none_leads_back_up() -> None:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for one, two in arrows():
        sorter.add(one, two)
    sorter.prepare()
    picture = (APP.parent / "docs/architecture.md").read_text(encoding="utf-8")
    drawn = re.findall(r"^ *(\w+) --> (\w+)$", picture, re.MULTILINE)
    assert sorted((one.replace("_", "/"), two.replace("_", "/")) for one, two in drawn) == sorted(arrows())


def test_what_all_routes_share_imports_no_routes() -> None:
    shared = {name: others for name, others in imports().items() if re.fullmatch(r"app\.web\.\w+", name)}
    assert [
        name
        for name, others in shared.items()
        if re.search(r"app\.web\.(tokenizer|papers)\.", " ".join(others))
    ] == []


def test_public_classes_have_names_of_their_own() -> None:
    places: dict[str, list[str]] = {}
    for path in APP.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(path.relative_to(APP)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


PACKAGES = sorted(path for folder in ("app", "tests") for path in (ROOT / folder).rglob("__init__.py"))
READMES = ["static/js", "static/math-text", "benchmarks", "deploy"]


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_a_package_says_what_belongs_there_and_what_does_not(path: Path) -> None:
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    what, _, what_not = words.partition("\n\n")
    assert what, "the first paragraph says what belongs there"
    assert what_not, "the second one says what does not"


@pytest.mark.parametrize("folder", READMES)
def test_a_folder_that_is_not_a_package_has_a_readme(folder: str) -> None:
    assert (ROOT / folder / "README.md").read_text(encoding="utf-8").count(".") > 1
