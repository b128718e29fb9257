"""The blocks of any web page that holds a paper, where LaTeXML has not made it: headings and what stands beneath them.

Anchors are made here, as LaTeXML would: `S1`, `S1.p1`. Formulas stay as the page has them: TeX of MathML's annotation.
"""

import re

from selectolax.lexbor import LexborHTMLParser

from app.errors import Sentence, SourceError
from app.papers.fulltext.blocks import Block, PaperText, Part

_SKIPPED = "script, style, nav, header, footer, aside, button, template, noscript, form, head, svg, iframe"
_TEXTS = "h1, h2, h3, h4, h5, h6, p, li, pre, blockquote, figcaption, td, th, dd, dt"
_REFERENCES = re.compile(r"(?:\d+\.?\s{0,3})?(?:references|bibliography|参考文献)", re.IGNORECASE)
_APPENDIX = re.compile(r"appendix\b", re.IGNORECASE)


def read_html(content: bytes) -> PaperText:
    """The text of a page. Raises SourceError where it has none."""
    tree = LexborHTMLParser(content)
    for node in tree.css(_SKIPPED):
        node.decompose()
    for formula in tree.css("math"):
        annotation = formula.css_first('annotation[encoding="application/x-tex"]')
        tex = annotation.text(deep=True) if annotation is not None else formula.attributes.get("alttext")
        formula.replace_with(f"${' '.join((tex or formula.text(deep=True)).split())}$")
    outer = _holding_others(tree)
    blocks: list[Block] = []
    section, paragraph = 0, 0
    part: Part = "body"
    for node in tree.css(_TEXTS):
        if node.mem_id in outer:
            continue
        text = " ".join(node.text(deep=True).split())
        if not text:
            continue
        if node.tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            section, paragraph = section + 1, 0
            part = (
                "references"
                if _REFERENCES.fullmatch(text)
                else "appendix"
                if _APPENDIX.match(text)
                else "body"
            )
            blocks.append(Block(f"S{section}", "heading", text, part, 1 if node.tag in ("h1", "h2") else 2))
            continue
        paragraph += 1
        blocks.append(Block(f"S{section}.p{paragraph}", "paragraph", text, part))
    if sum(len(block.text) for block in blocks) < 200:
        raise SourceError(Sentence("the page holds no text of a paper"))
    return PaperText("html", None, tuple(blocks))


def _holding_others(tree: LexborHTMLParser) -> set[int]:
    """The elements whose text comes again in an element within them; each element is looked at once."""
    seen: set[int] = set()
    found: set[int] = set()
    for node in tree.css("p, li, pre, td"):
        outer = node.parent
        while outer is not None and outer.mem_id not in seen:
            seen.add(outer.mem_id)
            if outer.tag in ("li", "blockquote", "td", "th", "dd"):
                found.add(outer.mem_id)
            outer = outer.parent
    return found
