"""The text of a paper from the best source there is: arXiv's HTML, ar5iv, the PDF, else the record."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import structlog

from app.errors import FileError, SourceError
from app.papers.fulltext.blocks import PaperText, text_of_record
from app.papers.fulltext.cache import TextCache
from app.papers.fulltext.html_page import read_page
from app.papers.fulltext.pdf import read_pdf
from app.papers.models import Paper
from app.papers.sources.client import PoliteClient

log = structlog.get_logger()

Connect = Callable[[], AbstractContextManager[PoliteClient]]


class PaperTexts:
    """Reads papers' texts by the polite queue, one after the other, and keeps them. Thread-safe."""

    def __init__(self, cache: TextCache, connect: Connect) -> None:
        self._cache = cache
        self._connect = connect
        self._asking = threading.Lock()

    def read(self, paper: Paper, version: int | None) -> PaperText:
        """The text of a version of a paper; what its record says where no source has more."""
        if paper.id.startswith("quire/"):
            return text_of_record(paper, version)
        kept = self._cache.get(paper.id, version)
        if kept is not None:
            return kept
        with self._asking:
            kept = self._cache.get(paper.id, version)  # another thread may have asked meanwhile
            text = kept or self._fetch(paper.id, version) or text_of_record(paper, version)
        if kept is None:
            self._cache.put(paper.id, text)
        return text

    def _fetch(self, paper_id: str, version: int | None) -> PaperText | None:
        name = paper_id if version is None else f"{paper_id}v{version}"
        with self._connect() as client:
            addresses = client.addresses
            tries: list[tuple[str, Callable[[bytes], PaperText]]] = [
                (addresses.html, lambda content: read_page(content, "html", version)),
                (addresses.ar5iv, lambda content: read_page(content, "ar5iv", version)),
                (addresses.pdf, lambda content: read_pdf(content, version)),
            ]
            for address, read in tries:
                if not address:
                    continue
                try:
                    return client.get(f"{address}{name}", {}, read)
                except (SourceError, FileError) as error:
                    log.info("a source has no text", paper=paper_id, reason=str(error))
        return None
