"""Where a paper's text comes from: each source in order, asked of a loopback arXiv, and kept."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.papers.fulltext.blocks import PaperText
from app.papers.fulltext.cache import TextCache
from app.papers.fulltext.reading import PaperTexts
from tests.papers.samples import paper
from tests.papers.sources.arxiv_server import Arxiv, Time, answers, arxiv, client_of

HERE = Path(__file__).parent
PAGE = (HERE / "page.latexml").read_bytes()
PDF = (HERE / "article.pdf").read_bytes()
ID = "2601.00007"
MOST = 1 << 20

Read = Callable[..., PaperText]


@pytest.fixture
def server() -> Iterator[Arxiv]:
    with arxiv() as running:
        yield running


@pytest.fixture
def read(server: Arxiv, tmp_path: Path) -> Read:
    texts = PaperTexts(
        TextCache(tmp_path / "texts", MOST), lambda: client_of(server, tmp_path, Time(), attempts=2)
    )
    return lambda paper_id=ID, version=2: texts.read(paper(7, id=paper_id), version)


@pytest.mark.parametrize(
    ("there", "source"),
    [
        (("html", "ar5iv", "pdf"), "html"),
        (("ar5iv", "pdf"), "ar5iv"),
        (("pdf",), "pdf"),
        ((), "abstract"),
    ],
)
def test_the_best_source_that_has_the_paper_is_read(
    server: Arxiv, read: Read, there: tuple[str, ...], source: str
) -> None:
    server.texts = {f"/{name}/{ID}v2": PDF if name == "pdf" else PAGE for name in there}
    text = read()
    assert (text.source, text.version) == (source, 2)
    asked = [request.path for request in server.requests]
    assert asked == [f"/{name}/{ID}v2" for name in ("html", "ar5iv", "pdf")][: len(asked)]


def test_a_page_that_is_not_a_paper_gives_way_to_the_next_source(server: Arxiv, read: Read) -> None:
    """arXiv answers 200 with a page of its own where a paper could not be converted."""
    server.texts = {f"/html/{ID}v2": b"<html><body>No HTML for this paper</body></html>", f"/pdf/{ID}v2": PDF}
    assert read().source == "pdf"


def test_a_text_is_fetched_once_for_each_version(server: Arxiv, read: Read) -> None:
    server.texts = {f"/html/{ID}v{version}": PAGE for version in (1, 2)}
    assert read() == read()
    assert read(version=1).version == 1
    assert [request.path for request in server.requests] == [f"/html/{ID}v2", f"/html/{ID}v1"]


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost:1/html/2601.00007v2",
        "http://127.0.0.1:1/html/2601.00007v2",
        "http://[::1]/",
        "http://arxiv.org/html/2601.00007v2",
        "https://arxiv.org.example/html/2601.00007v2",
        "https://arxiv.org@example.org/",
        "//example.org/",
        "file:///etc/passwd",
        "gopher://arxiv.org/",
    ],
)
def test_a_source_that_redirects_elsewhere_is_not_followed(server: Arxiv, read: Read, target: str) -> None:
    """What a page answers can't steer the server to another host: the next source is asked, and no other."""
    server.faults.append(answers(302, b"", Location=target))
    server.texts = {f"/ar5iv/{ID}v2": PAGE}
    assert read().source == "ar5iv"
    assert [request.path for request in server.requests] == [f"/html/{ID}v2", f"/ar5iv/{ID}v2"]


def test_the_old_scheme_of_ids_is_asked_for_as_it_is(server: Arxiv, read: Read) -> None:
    server.texts = {"/html/math/0601001v1": PAGE}
    assert read("math/0601001", 1).source == "html"


def test_a_note_of_the_collection_is_asked_of_nobody(server: Arxiv, read: Read) -> None:
    assert read("quire/0001", None).source == "abstract"
    assert server.requests == []
