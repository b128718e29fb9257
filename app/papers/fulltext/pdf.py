"""The blocks of a PDF: paragraphs of its pages, as PDFium reads them, anchored `page-1` and on.

PDFium is written in C++ and reads what strangers made, so it runs in a process of its own that has a time to finish in.
A PDF knows no headings; where a line says that the references or an appendix begin, that part begins.
"""

import json
import re
import sys
from collections.abc import Iterator

from app.errors import Sentence, SourceError
from app.papers.fulltext.blocks import Block, PaperText, Part
from app.papers.fulltext.child_process import bound, read_in_child_process

_MOST_PAGES = 500
_REFERENCES = re.compile(
    r"(?:\d+\.?\s+)?(?:references|bibliography|literature cited|参考文献)", re.IGNORECASE
)
_APPENDIX = re.compile(r"(?:appendix|appendices|supplementary material)\b.{0,60}", re.IGNORECASE)
_HYPHEN = re.compile(r"(?<=[a-z])[-\u00ad\ufffe\u0002]\n(?=[a-z])")
_SENTENCE = re.compile(r"[.:;!?。][\"”')\]]?$")


def read_pdf(content: bytes, version: int | None) -> PaperText:
    """The text of a PDF. Raises SourceError where it can't be read, or holds pictures of text only."""
    refusal = "the file is not a PDF, or it is damaged or locked with a password"
    return text_of_pages(read_in_child_process("app.papers.fulltext.pdf", content, refusal), version)


def text_of_pages(pages: list[str], version: int | None) -> PaperText:
    """The text that the pages of a PDF make up."""
    blocks: list[Block] = []
    part: Part = "body"
    for number, page in enumerate(pages, start=1):
        for paragraph in _paragraphs(page):
            following = _part(paragraph, part)
            heading = following != part
            part = following
            kind = "heading" if heading else "paragraph"
            blocks.append(Block(f"page-{number}", kind, paragraph, part, int(heading)))  # type: ignore[arg-type]
    if sum(len(block.text) for block in blocks) < 200:
        raise SourceError(Sentence("the PDF holds no text, only pictures of it"))
    return PaperText("pdf", version, tuple(blocks))


def _part(line: str, before: Part) -> Part:
    if len(line) > 80 or (before == "references" and not _APPENDIX.fullmatch(line)):
        return before
    if _REFERENCES.fullmatch(line):
        return "references"
    if before == "references" or line.lower().startswith(("appendix", "appendices")):
        return "appendix" if _APPENDIX.fullmatch(line) else before
    return before


def _paragraphs(page: str) -> Iterator[str]:
    """Lines of a page joined into paragraphs: one ends at an empty line, or at a short line that ends a sentence."""
    lines = [
        line.strip() for line in _HYPHEN.sub("", page.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    ]
    width = max((len(line) for line in lines), default=0)
    words: list[str] = []
    for line in lines:
        if not line or _REFERENCES.fullmatch(line) or line.lower().startswith("appendix"):
            if words:
                yield " ".join(words)
            words = []
            if line:
                yield line
            continue
        words.append(line)
        if len(line) < width * 0.8 and _SENTENCE.search(line):
            yield " ".join(words)
            words = []
    if words:
        yield " ".join(words)


def _extract() -> None:
    """Reads a PDF from standard input and writes the text of its pages as JSON."""
    bound()
    import pypdfium2  # type: ignore[import-untyped]  # only the process that reads a PDF loads it

    document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
    pages = [
        document[number].get_textpage().get_text_bounded()
        for number in range(min(len(document), _MOST_PAGES))
    ]
    print(json.dumps([page.encode("utf-8", "replace").decode() for page in pages]))


if __name__ == "__main__":
    _extract()
