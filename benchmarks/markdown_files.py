"""The formulas of a folder of Markdown as the element reads them, against remark-math's and pandoc's reading.

Prints how many formulas each finds and what differs, by kind, with examples. Pandoc is asked where it is installed.
Run it as `python -m benchmarks.markdown_files FOLDER…`, and with `--examples 20` to read more of what differs.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

NODE = Path(sys.executable).with_name("node")
SCRIPT = Path(__file__).with_name("markdown_files.mjs")
ENDINGS = {".md", ".markdown", ".mdx"}
LONGEST = 1_000_000
PROSE = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}\s+(?:[a-z]{2,}\s+){1,}[a-z]{2,}")
PANDOC = "markdown+tex_math_single_backslash+hard_line_breaks"


def files(folders: list[Path]) -> list[Path]:
    """The Markdown files in folders that hold a dollar or a backslash, each text once."""
    seen: dict[int, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() not in ENDINGS or not path.is_file() or path.stat().st_size > LONGEST:
                continue
            text = path.read_text(encoding="utf-8", errors="replace")
            if "$" in text or "\\" in text:
                seen.setdefault(hash(text), path)
    return list(seen.values())


def read(paths: list[Path]) -> Iterator[dict[str, Any]]:
    """For each file its formulas as the element and as remark-math read them."""
    ran = subprocess.run(
        [NODE, SCRIPT], input="\n".join(map(str, paths)), capture_output=True, text=True, check=True
    )
    yield from map(json.loads, ran.stdout.splitlines())


def read_by_pandoc(path: Path) -> list[str] | None:
    """The formulas of a file as pandoc reads them; None where it can't."""
    ran = subprocess.run(
        ["pandoc", "-f", PANDOC, "-t", "json", str(path)], capture_output=True, text=True, check=False
    )
    if ran.returncode:
        return None
    found: list[str] = []

    def visit(node: object) -> None:
        if isinstance(node, dict):
            if node.get("t") == "Math":
                found.append(" ".join(node["c"][1].split()))
            visit(node.get("c"))
        elif isinstance(node, list):
            for child in node:
                visit(child)

    visit(json.loads(ran.stdout)["blocks"])
    return found


def kind_of(tex: str, only: str) -> str:
    """Why one reader may see a formula where the other sees none."""
    if only == "ours" and tex.startswith("\\begin"):
        return "an environment without dollars"
    if only == "ours" and tex.startswith("\\boxed"):
        return "a box without dollars"
    if PROSE.search(tex):
        return "sentences between dollars"
    if re.match(r"[.,]?\d", tex) and not re.search(r"[\\^_=]", tex):
        return "begins as a price"
    if "`" in tex:
        return "backticks"
    if tex == "":
        return "empty"
    return "other"


def differences(ours: list[str], theirs: list[str]) -> Iterator[tuple[str, str, str]]:
    """Who alone reads a formula (or both, cut otherwise), the kind and the formula."""
    for action, a, b, c, d in SequenceMatcher(a=ours, b=theirs, autojunk=False).get_opcodes():
        if action == "equal":
            continue
        if re.sub(r"[\s>$\\()[\]]", "", "".join(ours[a:b])) == re.sub(
            r"[\s>$\\()[\]]", "", "".join(theirs[c:d])
        ):
            yield "both", "the same, cut or written otherwise", " | ".join(ours[a:b] + theirs[c:d])
            continue
        for tex in ours[a:b]:
            yield "ours", kind_of(tex, "ours"), tex
        for tex in theirs[c:d]:
            yield "theirs", kind_of(tex, "theirs"), tex


def report(name: str, pairs: list[tuple[str, list[str], list[str]]], examples: int) -> None:
    """Print the differences from one other reader by kind."""
    kinds: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for path, ours, theirs in pairs:
        for only, kind, tex in differences(ours, theirs):
            kinds[only, kind].append((path, tex))
    same = sum(ours == theirs for _, ours, theirs in pairs)
    counts = [sum(len(pair[side]) for pair in pairs) for side in (1, 2)]
    print(f"\n{name}: {same} of {len(pairs)} files alike; {counts[0]} formulas here, {counts[1]} there")
    for (only, kind), found in sorted(kinds.items(), key=lambda entry: -len(entry[1])):
        print(f"  {len(found):6} only {only:7}{kind}" if only != "both" else f"  {len(found):6} {kind}")
        for path, tex in found[:: max(1, len(found) // examples)][:examples] if examples else []:
            print(f"           {Path(path).name}: {tex[:150]}")


def main() -> None:
    """Read the folders that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--examples", type=int, default=3, help="examples of each kind")
    options = parser.parse_args()
    paths = files(options.folder)
    texts = [
        (found["name"], *([one["tex"] for one in found[reader]] for reader in ("ours", "remark")))
        for found in read(paths)
    ]
    print(f"{len(texts)} files")
    report("remark-math", texts, options.examples)
    if not shutil.which("pandoc"):
        print("\npandoc: not installed")
        return
    pairs = [
        (name, ours, theirs) for name, ours, _ in texts if (theirs := read_by_pandoc(Path(name))) is not None
    ]
    report("pandoc", pairs, options.examples)


if __name__ == "__main__":
    main()
