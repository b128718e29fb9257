"""The blocks of a page that LaTeXML made, as arXiv and ar5iv serve them; each formula once, as its TeX.

One walk over the tree: text gathers until an element begins or ends that stands by itself, and becomes a block with the
anchor of the element that it lies in. So nothing is lost in elements that this module does not know.
"""

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from app.errors import Sentence, SourceError
from app.papers.fulltext.blocks import Block, Kind, PaperText, Part, Source

_SKIPPED_TAGS = frozenset(
    {"script", "style", "nav", "header", "footer", "head", "button", "template", "noscript"}
)
_SKIPPED = frozenset(
    {
        *("ltx_authors", "ltx_dates", "ltx_TOC", "ltx_page_header", "ltx_page_footer", "ltx_page_logo"),
        *("ltx_note_mark", "ltx_tag_note", "ltx_title_abstract", "ltx_tag_equation", "ltx_eqn_eqno"),
    }
)  # fmt: skip
_BLOCK_TAGS = frozenset(
    {
        *("p", "div", "section", "article", "main", "figure", "figcaption", "table", "tr", "ul", "ol", "li", "dl"),
        *("dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "br"),
    }
)  # fmt: skip
_ANCHORED = frozenset(
    {
        *("ltx_para", "ltx_section", "ltx_subsection", "ltx_subsubsection", "ltx_paragraph", "ltx_subparagraph"),
        *("ltx_chapter", "ltx_part", "ltx_appendix", "ltx_bibliography", "ltx_bibitem", "ltx_equation"),
        *("ltx_equationgroup", "ltx_table", "ltx_figure", "ltx_float", "ltx_theorem", "ltx_proof", "ltx_note"),
        *("ltx_listing", "ltx_index", "ltx_acknowledgements", "ltx_item", "ltx_glossary"),
    }
)  # fmt: skip
_LEVELS = {
    **{"ltx_title_document": 0, "ltx_title_part": 1, "ltx_title_chapter": 1, "ltx_title_section": 1},
    **{"ltx_title_appendix": 1, "ltx_title_bibliography": 1, "ltx_title_acknowledgements": 1},
    **{"ltx_title_index": 1, "ltx_title_subsection": 2, "ltx_title_subsubsection": 3},
    **{"ltx_title_paragraph": 4, "ltx_title_subparagraph": 5},
}
_BULLETS = frozenset("•–-∗*◦·∙‣◆■□")
_THANKS = re.compile(r"acknowledge?ments?|thanks|funding", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\n\r\f\u00a0]+")
_DEEPEST = 400


def read_latexml(content: bytes, source: Source, version: int | None) -> PaperText:
    """The text of a page. Raises SourceError where the page is none that LaTeXML made, or has no text."""
    tree = LexborHTMLParser(content)
    article = tree.css_first("article.ltx_document") or tree.css_first(".ltx_document")
    if article is None:
        raise SourceError(Sentence("the page is not one that LaTeXML made from a paper"))
    walk = _Walk()
    walk.element(article, _Place("paper"), 0)
    blocks = walk.finished()
    if sum(len(block.text) for block in blocks if block.kind == "paragraph") < 100 and len(blocks) < 3:
        raise SourceError(Sentence("the page holds no text of a paper"))
    return PaperText(source, version, tuple(blocks))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk is: what a block that begins here is called, and what it is."""

    anchor: str
    kind: Kind = "paragraph"
    part: Part = "body"
    level: int = 0


@dataclass(slots=True)
class _Walk:
    """Gathers blocks; `_words` are what the block that goes on has so far, `_notes` footnotes that follow it."""

    _blocks: list[Block] = field(default_factory=list)
    _words: list[str] = field(default_factory=list)
    _place: _Place = _Place("paper")
    _notes: list[Block] = field(default_factory=list)

    def finished(self) -> list[Block]:
        """All blocks."""
        self._flush()
        return self._blocks

    def element(self, node: LexborNode, place: _Place, depth: int) -> None:
        """Walks through an element and what lies in it."""
        tag, classes = node.tag or "", _classes(node)
        if tag in _SKIPPED_TAGS or classes & _SKIPPED or "ltx_nodisplay" in classes:
            return
        if tag == "math":
            self._formula(node, place)
        elif "ltx_note" in classes:
            self._footnote(node, place, depth)
        elif "ltx_tabular" in classes and place.kind not in ("table", "display"):
            self._table(node, place, depth)
        elif "ltx_tag_item" in classes and node.text(deep=True).strip() in _BULLETS:
            return
        elif tag in _BLOCK_TAGS and place.kind not in ("table", "display"):
            self._flush()
            inner = _inner(node, classes, place)
            self._children(node, inner, depth)
            self._flush()
        elif place.kind == "display" and tag == "tbody" and node.attributes.get("id"):
            self._flush()
            inner = _Place(node.attributes["id"] or place.anchor, "display", place.part)
            self._children(node, inner, depth)
            self._flush()
        else:
            self._children(node, place, depth)
            if tag in ("td", "th"):
                self._say(" ", place)

    def _children(self, node: LexborNode, place: _Place, depth: int) -> None:
        if depth > _DEEPEST:
            self._say(node.text(deep=True), place)
            return
        for child in node.iter(include_text=True):
            if child.tag == "-text":
                self._say(child.text_content or "", place)
            elif child.tag != "-comment":
                self.element(child, place, depth + 1)

    def _formula(self, node: LexborNode, place: _Place) -> None:
        annotation = node.css_first('annotation[encoding="application/x-tex"]')
        tex = annotation.text(deep=True) if annotation is not None else node.attributes.get("alttext")
        tex = " ".join((tex or node.text(deep=True)).replace("%\n", "").split())
        if not tex:
            return
        if place.kind == "display":
            tex = tex.removeprefix("\\displaystyle").strip()
            self._say(f" {tex} ", place)
        elif node.attributes.get("display") == "block":
            self._say(f"$${tex}$$", place)
        else:
            self._say(f"${tex}$", place)

    def _footnote(self, node: LexborNode, place: _Place, depth: int) -> None:
        note = _Walk()
        anchor = node.attributes.get("id") or place.anchor
        content = node.css_first(".ltx_note_content") or node
        note._children(content, _Place(anchor, "footnote", place.part), depth + 1)
        self._notes += note.finished()

    def _table(self, node: LexborNode, place: _Place, depth: int) -> None:
        """A table as lines whose cells have bars between them; tables within its cells are text."""
        self._flush()
        rows = []
        for row in node.css(".ltx_tr, tr:not(.ltx_tr)"):
            if _table_of(row) != node.mem_id:
                continue  # of a table within a cell
            cells = []
            for cell in row.iter():
                inside = _Walk()
                inside._children(cell, _Place(place.anchor, "table", place.part), depth + 1)
                found = inside.finished()
                cells.append(" ".join(block.text for block in found if block.kind == "table"))
                self._notes += [block for block in found if block.kind != "table"]
            rows.append(" | ".join(cells).strip())
        text = "\n".join(row for row in rows if row.strip(" |"))
        if text:
            self._blocks.append(Block(place.anchor, "table", text, place.part))
        self._flush()

    def _say(self, text: str, place: _Place) -> None:
        if not self._words:
            self._place = place
        self._words.append(text)

    def _flush(self) -> None:
        text = _SPACE.sub(" ", "".join(self._words)).strip()
        self._words = []
        if text and text not in _BULLETS:
            place = self._place
            self._blocks.append(Block(place.anchor, place.kind, text, place.part, place.level))
        notes, self._notes = self._notes, []
        self._blocks += notes


def _inner(node: LexborNode, classes: frozenset[str], place: _Place) -> _Place:
    """What blocks are called, and are, within an element that stands by itself."""
    anchor, kind, part, level = place.anchor, place.kind, place.part, 0
    identity = node.attributes.get("id")
    if identity and classes & _ANCHORED:
        anchor = identity
    elif "ltx_abstract" in classes:
        anchor = "abstract"
    if "ltx_title_document" in classes:
        anchor = "title"
    if "ltx_bibliography" in classes:
        part = "references"
    elif "ltx_appendix" in classes:
        part = "appendix"
    elif "ltx_acknowledgements" in classes or ("ltx_section" in classes and _is_thanks(node)):
        part = "acknowledgements"
    titles = classes & _LEVELS.keys()
    if titles:
        kind, level = "heading", _LEVELS[next(iter(titles))]
    elif "ltx_caption" in classes:
        kind = "caption"
    elif "ltx_bibitem" in classes:
        kind = "reference"
    elif node.tag == "table" and classes & {"ltx_equation", "ltx_equationgroup"}:
        kind = "display"
    return _Place(anchor, kind, part, level)


def _is_thanks(node: LexborNode) -> bool:
    title = node.css_first(".ltx_title_section")
    return title is not None and _THANKS.search(title.text(deep=True)) is not None


def _table_of(row: LexborNode) -> int | None:
    """Which table a row belongs to."""
    parent = row.parent
    while parent is not None and "ltx_tabular" not in _classes(parent):
        parent = parent.parent
    return None if parent is None else parent.mem_id


def _classes(node: LexborNode) -> frozenset[str]:
    return frozenset((node.attributes.get("class") or "").split())
