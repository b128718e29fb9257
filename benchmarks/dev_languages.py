"""Names the languages of the development texts: `python -m benchmarks.dev_languages --dev dev.jsonl.xz`.

The records hold a text and no language. `--packages FOLDER`, where Debian's packages of models/README.md are unpacked
(`dpkg-deb -x PACKAGE.deb FOLDER/PACKAGE`), looks for each text in them, by its longest lines, and prints the language
of the manual that holds most of it; a text that several hold alike was left in English there, and what is in none is
an English abstract. These are kept in models/dev.languages.txt, a line for each text. Without `--packages` the texts
are printed with the languages kept, as {"text": …, "lang": …} a line, for `quire train --dev`.
"""

import argparse
import gzip
import html
import json
import lzma
import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

LANGUAGES = Path(__file__).resolve().parents[1] / "models/dev.languages.txt"
LINES = 12
"""How many lines of a text are looked for."""

MANUALS = {
    "debian-handbook/usr/share/doc/debian-handbook/html/*": "**/*.html",
    "manpages-zh/usr/share/man/zh_*": "**/*.gz",
    "fortunes-zh/usr/share/games/fortunes": "*.u8",
    "anarchism/usr/share/doc/anarchism/html": "**/*.html",
}
NAMED = {"fortunes": "zh", "html": "en", "zh_CN": "zh-CN", "zh_TW": "zh-TW"}
"""Languages of folders that are not called after them as xx-YY is."""


def squashed(text: str) -> str:
    """A text without white space and rules, which pages and plain text lay out each in their own way."""
    return re.sub(r"[\s│\u200b\u00ad]", "", unicodedata.normalize("NFC", text))


def manuals(packages: Path) -> Iterator[tuple[str, str]]:
    """A language and all text of a manual in it."""
    for folders, files in MANUALS.items():
        for folder in sorted(packages.glob(folders)):
            parts = []
            for path in sorted(folder.glob(files)):
                content = path.read_bytes()
                text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode(
                    errors="replace"
                )
                if path.suffix == ".html":
                    text = html.unescape(re.sub(r"<[^>]+>", "", text))
                parts.append(squashed(text))
            name = folder.name
            yield NAMED.get(name, name if name.startswith("zh") else name[:2]), "".join(parts)


def language_of(text: str, held: list[tuple[str, str]]) -> str:
    """The language of the manual that holds most of a text."""
    lines = sorted(map(squashed, text.split("\n")), key=len, reverse=True)[:LINES]
    found = [(sum(len(line) for line in lines if line in manual), language) for language, manual in held]
    most = max(found)[0]
    languages = {language for size, language in found if size == most}
    return languages.pop() if most and len(languages) == 1 else "en"


def main() -> None:
    """Prints the languages, or the texts with them."""
    parser = argparse.ArgumentParser(description="The development texts with their languages.")
    parser.add_argument("--dev", type=Path, help="dev.jsonl.xz, a text a line")
    parser.add_argument("--packages", type=Path, help="folder of unpacked packages to find the languages in")
    options = parser.parse_args()
    if options.dev is None:
        print("Nothing labelled: name the development texts with --dev")
        return
    lines = lzma.decompress(options.dev.read_bytes()).decode().split("\n")
    records = [json.loads(line) for line in lines if line]
    if options.packages:
        held = list(manuals(options.packages))
        for record in records:
            print(language_of(record["text"], held))
        return
    languages = [{"lang": language} for language in LANGUAGES.read_text(encoding="ascii").split()]
    if len(languages) != len(records):
        print(
            f"{options.dev} are not the texts of {LANGUAGES}: their languages stay unknown", file=sys.stderr
        )
        languages = [{}] * len(records)
    for record, language in zip(records, languages, strict=True):
        print(json.dumps(record | language, ensure_ascii=False))


if __name__ == "__main__":
    main()
