"""Counts over a collection what citations and names come to: `python -m benchmarks.citations metadata.jsonl.gz`.

It prints how many names of `authors_parsed` come back from plain strings, with the others by kind, and how many
entries of the .bib file are read by pybtex (strict) and bibtexparser, and by biber, BibTeX and pdfLaTeX where they are
installed.
"""

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from bibtexparser.entrypoint import parse_string as read_bibtex
from pybtex.database import parse_string

from app.papers.citations import cite
from app.papers.models import Author, Paper
from app.papers.sources.names import read_names
from app.papers.sources.snapshot import read_lines


def kind(author: Author) -> str:
    """Why a name does not come back as it was parsed."""
    if author.name == ":":
        return "a colon between a group and its members"
    if (author.given or "").split()[-1:] and (author.given or "").split()[-1][:1].islower():
        return "a particle or a name in lower case"
    (again,) = read_names(author.name.replace(",", " ")) or (author,)
    if again.suffix:
        return "a suffix"
    return "a group" if again.given is None else "else"


def read_by_biber(text: str) -> str:
    """How many entries biber writes again, and what it complains of."""
    with TemporaryDirectory() as folder:
        Path(folder, "papers.bib").write_text(text, encoding="utf-8")
        command = ["biber", "--tool", "--output-file=again.bib", "papers.bib"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        again = Path(folder, "again.bib")
        entries = again.read_text(encoding="utf-8").count("@MISC{") if again.exists() else 0
    complaints = re.findall(r"^(?:WARN|ERROR) - .*", done.stdout, re.MULTILINE)
    return f"{entries:,} entries, {len(complaints)} complaints" + "".join(
        f"\n  {one}" for one in complaints[:5]
    )


def read_by_bibtex(text: str) -> str:
    """How many entries BibTeX's style `plain` sets, and what it complains of."""
    with TemporaryDirectory() as folder:
        Path(folder, "papers.bib").write_text(text, encoding="utf-8")
        Path(folder, "all.aux").write_text("\\citation{*}\n\\bibdata{papers}\n\\bibstyle{plain}\n")
        subprocess.run(["bibtex", "all"], cwd=folder, capture_output=True, check=False)
        entries = Path(folder, "all.bbl").read_text(encoding="utf-8", errors="replace").count("\\bibitem")
        log = Path(folder, "all.blg").read_text(encoding="utf-8", errors="replace")
    complaints = re.findall(r"^(?:Warning--.*|.*---line \d+ of file.*)", log, re.MULTILINE)
    return f"{entries:,} entries, {len(complaints)} complaints" + "".join(
        f"\n  {one}" for one in complaints[:5]
    )


def read_by_pdflatex(text: str) -> str:
    """What pdfLaTeX complains of where it sets all entries in BibTeX's style `plain`."""
    with TemporaryDirectory() as folder:
        Path(folder, "papers.bib").write_text(text, encoding="utf-8")
        Path(folder, "all.tex").write_text(
            "\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{amsmath,amssymb}\n"
            "\\begin{document}\n\\nocite{*}\n\\bibliographystyle{plain}\n\\bibliography{papers}\n\\end{document}\n"
        )
        typeset = ["pdflatex", "-interaction=nonstopmode", "all"]
        for command in (typeset, ["bibtex", "all"], typeset):
            subprocess.run(command, cwd=folder, capture_output=True, check=False)
        log = Path(folder, "all.log").read_text(encoding="utf-8", errors="replace")
    errors = re.findall(r"^! .*", log, re.MULTILINE)
    pages = re.search(r"Output written on .*\((\d+) pages", log)
    return f"{pages[1] if pages else 'no'} pages, {len(errors)} errors" + "".join(
        f"\n  {one}" for one in errors[:5]
    )


def main(path: Path) -> None:
    """Prints the counts of a file of arXiv's snapshot."""
    papers = [record.value for record in read_lines(path) if isinstance(record.value, Paper)]
    total, others = 0, Counter[str]()
    for paper in papers:
        back = Counter(
            (one.family, one.given) for one in read_names(", ".join(one.name for one in paper.authors))
        )
        for author in paper.authors:
            total += 1
            key = author.family, author.given
            if back[key]:
                back[key] -= 1
            else:
                others[kind(author)] += 1
    print(f"names: {total - others.total():,} of {total:,} come back ({1 - others.total() / total:.2%})")
    for name, count in others.most_common():
        print(f"  {count:5,}  {name}")
    text = cite(papers, "bibtex")
    print(f"pybtex, strict: {len(parse_string(text, 'bibtex').entries):,} of {len(papers):,} entries")
    library = read_bibtex(text)
    print(f"bibtexparser: {len(library.entries):,} entries, {len(library.failed_blocks)} failed")
    readers = {"biber": read_by_biber, "bibtex": read_by_bibtex, "pdflatex": read_by_pdflatex}
    for name, read in readers.items():
        print(f"{name}: {read(text) if shutil.which(name) else 'not installed'}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
