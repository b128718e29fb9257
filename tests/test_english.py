"""The project's English: phrases that a native reader stumbles over stay out of code, pages and documents."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
READ = (
    "app",
    "static",
    "docs",
    "tests",
    "benchmarks",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Makefile",
)
# The built-in papers are prose of their own, with authors' turns of phrase; libraries are not ours to word.
LEFT_OUT = re.compile(
    r"^(?:app/papers/collection/|static/vendor/|tests/tokenizer/training/written_by_bytepiece/|tests/test_english\.py)|\.(?:png|pdf|model|gz|xz|woff2?)$"
)

STUMBLED_OVER = {
    "documents and code 'say' or 'show'": r"\b[Tt]ells?\b(?!\()",
    "'again', or the verb with re-": r"\banew\b",
    "'our', or the thing's owner": r"\b(?:of|all) ours\b",
    "'is not a'": r"(?<!there )(?<!There )\b(?:is|are) no (?!longer\b|more\b|less\b)",
    "name the actor": r"\bwho asks\b|\bfor who\b|\bwho(?:ever)? wants\b",
    "'trusted'": r"\bbelieved\b",
    "'keeps to', 'waits'": r"\bholds to\b|\b(?:has|have) (?:its|their) turn\b",
    "'invalid'": r"\bnot understood\b",
    "'available', 'loaded', 'found'": r"\bto be had\b",
    "'must', 'will'": r"\bshall\b",
    "'most similar'": r"\blikest\b",
}


def sentences() -> list[tuple[str, int, str]]:
    names = subprocess.run(
        ["git", "ls-files", *READ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    return [
        (name, number, line)
        for name in names
        if not LEFT_OUT.search(name)
        for number, line in enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), 1)
    ]


@pytest.mark.parametrize("better", STUMBLED_OVER)
def test_phrases_that_readers_stumble_over_stay_out(better: str) -> None:
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, number, line in sentences()
        if re.search(STUMBLED_OVER[better], line)
    ]
    assert not found, f"{better} instead:\n" + "\n".join(found)
