"""A paper's text as data: blocks in reading order, each with an anchor that a quote can name.

Nothing here reads a file. Formulas stand in a block's text as TeX between dollar signs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from app.papers.models import Paper

Source = Literal["html", "ar5iv", "pdf", "tex", "abstract"]
"""Where a text came from: arXiv's HTML, ar5iv, the PDF, TeX that a reader dropped in, or the record alone."""

SOURCES: tuple[Source, ...] = get_args(Source)

Kind = Literal["heading", "paragraph", "display", "table", "caption", "footnote", "reference"]
Part = Literal["body", "acknowledgements", "appendix", "references"]


@dataclass(frozen=True, slots=True)
class Block:
    """One block: `anchor` as the source names it (`S2.p1`, `page-3`), and the part of the paper that it stands in.

    A heading opens a section, which goes on to the next one; `level` is 1 for sections, more beneath them.
    """

    anchor: str
    kind: Kind
    text: str
    part: Part = "body"
    level: int = 0


@dataclass(frozen=True, slots=True)
class PaperText:
    """The text of one version of a paper."""

    source: Source
    version: int | None
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks beneath one heading of the first level; `title` is empty for what stands before any."""

    title: str
    part: Part
    blocks: tuple[Block, ...]


def sections(text: PaperText) -> Iterator[Section]:
    """The sections of a text in order; a page of a PDF that has no headings counts as one."""
    begun: list[Block] = []
    for block in text.blocks:
        if begun and _opens(block, begun[0]):
            yield _section(begun)
            begun = []
        begun.append(block)
    if begun:
        yield _section(begun)


def _opens(block: Block, first: Block) -> bool:
    if block.part != first.part or (block.kind == "heading" and block.level == 1):
        return True
    return block.anchor.startswith("page-") and block.anchor != first.anchor


def _section(blocks: list[Block]) -> Section:
    first = blocks[0]
    title = first.text if first.kind == "heading" or first.anchor.startswith("page-") else ""
    return Section(title if first.kind == "heading" else first.anchor, first.part, tuple(blocks))


def text_of_record(paper: Paper, version: int | None) -> PaperText:
    """What the record itself holds: title and abstract, and the body of a text that is a paper of its own."""
    blocks = [Block("title", "heading", paper.title), Block("abstract", "paragraph", paper.abstract.strip())]
    section = 0
    paragraph = 0
    for part in (paper.body or "").split("\n\n"):
        text = part.strip()
        if not text:
            continue
        if text.startswith("#"):
            hashes, _, title = text.partition(" ")
            section, paragraph = section + 1, 0
            blocks.append(Block(f"S{section}", "heading", title.strip(), level=max(1, len(hashes) - 1)))
            continue
        paragraph += 1
        blocks.append(Block(f"S{section}.p{paragraph}", "paragraph", text))
    return PaperText("abstract", version, tuple(blocks))
