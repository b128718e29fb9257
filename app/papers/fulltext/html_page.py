"""The text of a page of HTML, read in a process of its own: as LaTeXML made it, or as any other page."""

import json
import sys
from dataclasses import astuple

from app.errors import Sentence, SourceError, dump_message, read_message
from app.papers.fulltext.blocks import Block, PaperText, Source
from app.papers.fulltext.child_process import bound, read_in_child_process
from app.papers.fulltext.latexml import read_latexml
from app.papers.fulltext.plain_html import read_html

_SECONDS = 10
_ANY_PAGE = "--any-page"


def read_page(content: bytes, source: Source, version: int | None, any_page: bool = False) -> PaperText:
    """The text of a page. Raises SourceError where it has none, or is made so that it can't be read.

    `any_page`: also of one that LaTeXML has not made.
    """
    answer = read_in_child_process(
        "app.papers.fulltext.html_page",
        content,
        Sentence(
            "the page can't be read in {seconds} s: its elements lie too deep within each other, or are too many",
            seconds=_SECONDS,
        ),
        *([_ANY_PAGE] if any_page else []),
    )
    if "refused" in answer:
        raise SourceError(read_message(answer["refused"]))
    return PaperText(source, version, tuple(Block(*block) for block in answer["blocks"]))


def _read() -> None:
    """Reads a page from standard input and writes its blocks as JSON."""
    bound(_SECONDS)
    content = sys.stdin.buffer.read()
    try:
        plain = _ANY_PAGE in sys.argv[1:] and b"ltx_document" not in content
        text = read_html(content) if plain else read_latexml(content, "html", None)
        print(json.dumps({"blocks": [astuple(block) for block in text.blocks]}))
    except SourceError as error:
        print(json.dumps({"refused": dump_message(error.message)}))


if __name__ == "__main__":
    _read()
