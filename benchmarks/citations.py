"""Counts over a collection what citations and names come to: `python -m benchmarks.citations metadata.jsonl.gz`.

It prints how many names of `authors_parsed` come back from plain strings, with the others by kind, and how many
entries pybtex (strict) and bibtexparser read of the .bib file.
"""

import sys
from collections import Counter
from pathlib import Path

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


if __name__ == "__main__":
    main(Path(sys.argv[1]))
