"""Papers that a source got wrong, without a title or on a day far away, are shown like any other."""

from collections.abc import Iterator
from urllib.parse import quote

import httpx
import orjson
import pytest

from app.papers.answers import Answer
from app.papers.importing import import_files
from app.papers.records import answer_record, whole_record
from tests.papers.samples import paper
from tests.server import serving

ODD = [
    paper(1, title=""),
    paper(2, title=" ", abstract=""),
    paper(3, title="{}", abstract="{}"),
    paper(4, title="\\", abstract="$"),
    paper(5, categories=("cs.LG",)),
    paper(6, categories=("cs.CL",)),
]
ANSWER = Answer(ODD[0].id, 1, "Why?", "model", "en", "Because.", source="a scan of the printed page")
DAYS = {5: "9999-12-31", 6: "0001-01-01"}
FAR = (
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Fri, 31 Dec 9999 23:59:59 -1200",
    "Mon, 1 Jan 0001 00:00:00 +1200",
    "Fri, 31 Dec 2026 23:59:59 +99999999999999999999",
    "9" * 3000,
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("odd")
    records = [whole_record(one) for one in ODD]
    for number, day in DAYS.items():
        records[number - 1]["announced"] = day
    file = folder / "odd.jsonl"
    file.write_bytes(b"\n".join(map(orjson.dumps, [*records, answer_record(ANSWER)])))
    assert import_files(folder / "papers.sqlite", folder / "index", [file]).new == len(ODD) + 1
    with serving(folder) as address, httpx.Client(base_url=address, timeout=300, trust_env=False) as client:
        yield client


def test_every_page_shows_them(client: httpx.Client) -> None:
    ids = [one.id for one in ODD]
    paths = [
        "/",
        "/arxiv/cs.AI",
        "/arxiv/cs.LG",
        "/arxiv/cs.CL",
        f"/arxiv/{','.join(ids)}",
        "/search?q=abstract",
    ]
    paths += [
        f"/arxiv/{code}/{page}" for code in ("cs.AI", "cs.LG", "cs.CL") for page in ("feed", "calendar")
    ]
    paths += [f"/arxiv/{code}?date={day}" for code, day in (("cs.LG", DAYS[5]), ("cs.CL", DAYS[6]))]
    paths += ["/search/feed?q=abstract", "/sitemap.xml", "/api/v1/papers", "/api/v1/papers?sort=published"]
    for one in ids:
        paths += [f"/arxiv/{one}", f"/api/v1/papers/{one}", f"/api/v1/papers/{one}/related"]
        paths += [f"/api/v1/cite?ids={one}&format={form}" for form in ("bibtex", "ris", "csl", "markdown")]
        paths += [f"/unapi?id={quote(f'arxiv:{one}')}&format=mods"]
    failed = {path: status for path in paths if (status := client.get(path).status_code) != 200}
    assert failed == {}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_answer_from_any_source_is_shown(client: httpx.Client, language: str) -> None:
    page = client.get(f"/arxiv/{ANSWER.paper_id}", params={"lang": language})
    assert ANSWER.source is not None
    assert f" · {ANSWER.source}" in page.text


@pytest.mark.parametrize("since", FAR)
def test_a_feed_is_asked_for_since_any_day(client: httpx.Client, since: str) -> None:
    for path in ("/arxiv/cs.AI/feed", "/search/feed?q=abstract"):
        assert client.get(path, headers={"if-modified-since": since}).status_code in (200, 304)
