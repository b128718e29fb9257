"""What Zotero's own translators read from citations and pages, in Chromium:

    python -m benchmarks.zotero FOLDER metadata.jsonl.gz [--pages 60]

FOLDER holds checkouts of zotero/translators, zotero/translate (with its submodule modules/utilities) and
zotero/zotero-schema, under their names; none of them comes with Quire. The example page of zotero/translate runs them;
what it asks of zotero.org comes from the folder. Every paper is read as BibTeX, RIS, CSL-JSON and MODS, and compared
with what the store has: type, title, authors, date, DOI, abstract and PDF. Then pages of a running server are read, as
when a reader presses Zotero's button: pages of one paper, and lists.
"""

import argparse
import calendar
import gzip
import json
import mimetypes
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, sync_playwright

from app.papers.citations import cite, csl
from app.papers.models import Paper
from app.papers.sources.snapshot import read_lines
from app.web.xml import render_xml
from tests.browser.chromium import launch
from tests.server import quire, serving

HOST = "https://zotero.example"
BATCH = 200
PAGE = 25
MONTHS = tuple(calendar.month_name)[1:]
TRANSLATORS = {
    "bibtex": "9cb70025-a888-4a29-a210-93ec52da40d4",
    "ris": "32d59d2d-b65a-4da4-b0a3-bdd3cfb979e7",
    "csl": "bc03b4fe-436d-4a1f-ba59-de4d2d7a63f7",
    "mods": "0e2235e7-babf-413c-9acf-f27cce5f059c",
}
READ = """async ([translator, text]) => {
    const translation = new Zotero.Translate.Import();
    translation.setTranslator(await Zotero.Translators.get(translator));
    translation.setString(text);
    const failed = [];
    translation.setHandler('error', (_, error) => failed.push(String(error)));
    const items = [];
    translation.setHandler('itemDone', (_, item) => items.push(item));
    try { await translation.translate({libraryID: false}); } catch (error) { failed.push(String(error)); }
    return {items: JSON.parse(JSON.stringify(items)), failed};
}"""
READ_PAGE = """async ([address, html]) => {
    const document_ = new DOMParser().parseFromString(html, 'text/html');
    const base = document_.createElement('base');
    base.href = address;
    document_.head.prepend(base);
    const translation = new Zotero.Translate.Web();
    translation.setDocument(addLocationPropToDoc(document_, address));
    const failed = [];
    translation.setHandler('error', (_, error) => failed.push(String(error)));
    translation.setHandler('select', (_, items, callback) => callback(items));
    const found = await translation.getTranslators();
    const items = [];
    translation.setHandler('itemDone', (_, item) => items.push(item));
    if (found.length) await translation.translate({libraryID: false});
    return {by: found.map((one) => one.label), items: JSON.parse(JSON.stringify(items)), failed};
}"""


class Zotero:
    """The checkouts as a site of their own, and the example page that runs what they hold."""

    def __init__(self, folder: Path, page: Page) -> None:
        self._folder = folder
        self._codes: dict[str, str] = {}
        metadata = []
        for path in sorted((folder / "translators").glob("*.js")):
            text = path.read_text(encoding="utf-8").lstrip("\ufeff")
            try:
                (found, _) = json.JSONDecoder().raw_decode(text)
            except json.JSONDecodeError:
                continue  # a settings file beside the translators
            self._codes[found["translatorID"]] = text
            metadata.append(found)
        self._metadata = json.dumps(metadata)
        page.route("**/*", self._answer)
        page.goto(f"{HOST}/translate/example/index.html")
        # Its scripts fetch the schema, then the names of months; nothing says when they are done.
        page.wait_for_function("Boolean(Zotero.Schema?.CSL_TYPE_MAPPINGS)")
        page.wait_for_load_state("networkidle")
        self._page = page

    def read(self, form: str, text: str) -> tuple[list[dict[str, Any]], list[str]]:
        """The items that a translator of imports makes of a text, and what it complains of."""
        found = self._page.evaluate(READ, [TRANSLATORS[form], text])
        return found["items"], found["failed"]

    def read_page(self, address: str) -> tuple[list[str], list[dict[str, Any]], list[str]]:
        """The translators that offer to read a page, the items that the first makes of it, and complaints."""
        html = self._page.request.get(address).text()
        found = self._page.evaluate(READ_PAGE, [address, html])
        return found["by"], found["items"], found["failed"]

    def _answer(self, route: Route) -> None:
        address = route.request.url
        if address.startswith(f"{HOST}/"):
            name = address[len(HOST) + 1 :].partition("?")[0]
            path = self._folder / name
            if path.is_file():
                route.fulfill(
                    body=path.read_bytes(), content_type=mimetypes.guess_type(name)[0] or "text/plain"
                )
            else:
                route.fulfill(status=404)
        elif address.startswith("https://api.zotero.org/schema"):
            self._fulfill(route, (self._folder / "zotero-schema" / "schema.json").read_text(encoding="utf-8"))
        elif address.startswith("https://www.zotero.org/repo/metadata"):
            self._fulfill(route, self._metadata)
        elif address.startswith("https://www.zotero.org/repo/code/"):
            self._fulfill(route, self._codes[address.rpartition("/")[2].partition("?")[0]])
        elif address.startswith("http://127.0.0.1:"):
            answer = self._page.request.get(address)
            self._fulfill(route, answer.text())
        else:
            print(f"asked for {address}", file=sys.stderr)
            route.abort()

    @staticmethod
    def _fulfill(route: Route, text: str) -> None:
        route.fulfill(
            body=text,
            headers={"access-control-allow-origin": "*", "content-type": "text/plain; charset=utf-8"},
        )


def mods(papers: list[Paper]) -> str:
    """Papers in MODS, as /unapi writes one."""
    records = [
        bytes(render_xml("mods.xml", "application/xml", item=csl(paper), paper=paper).body).decode()
        for paper in papers
    ]
    inner = "".join(
        "<mods " + one.partition("<mods ")[2].partition("</modsCollection>")[0] for one in records
    )
    return f'<modsCollection xmlns="http://www.loc.gov/mods/v3">{inner}</modsCollection>'


def differences(paper: Paper, item: dict[str, Any], form: str) -> Iterator[str]:
    """What an item says otherwise than the store."""
    wanted = csl(paper)
    if item["itemType"] != "preprint":
        yield f"type {item['itemType']}"
    if "\\" in item.get("title", ""):
        yield "backslash in a title"
    elif item.get("title", "") != wanted["title"]:
        yield "title"
    names = [
        (one["literal"], "")
        if "literal" in one
        else (one["family"], ", ".join(filter(None, (one["given"], one.get("suffix")))))
        for one in wanted.get("author", [])
    ]
    given = [(one.get("lastName", ""), one.get("firstName", "")) for one in item["creators"]]
    if len(names) != len(given):
        yield "number of authors"
    elif any(name != read for name, read in zip(names, given, strict=True) if name[1]):
        yield "an author"
    elif names != given or any(
        one.get("fieldMode") != 1 for one in item["creators"] if not one.get("firstName")
    ):
        yield "a group or a single name"
    year, month, *_ = wanted["issued"]["date-parts"][0]
    date = str(item.get("date", ""))
    if str(year) not in date or not (f"{month:02}" in date or MONTHS[month - 1] in date):
        yield "date"
    if form != "bibtex" and " ".join(item.get("abstractNote", "").split()) != wanted.get("abstract", ""):
        yield "abstract"
    if wanted.get("DOI", "") not in f"{item.get('DOI', '')} {item.get('extra', '')}":
        yield "DOI"
    if form != "csl" and not any(
        "/pdf/" in one.get("path", one.get("url", "")) for one in item["attachments"]
    ):
        yield "no PDF"
    if item.get("url") != wanted.get("URL"):
        yield "address"


def read_citations(zotero: Zotero, papers: list[Paper], show: int) -> None:
    """Prints for each format how many papers come back, and what of them does not."""
    for form in TRANSLATORS:
        found = Counter[str]()
        for at in range(0, len(papers), BATCH):
            batch = papers[at : at + BATCH]
            items, failed = zotero.read(form, mods(batch) if form == "mods" else cite(batch, form))
            found.update(failed)
            _compare(batch, items, form, found, show)
        print(f"{form}, {len(papers):,} papers: {_listed(found)}", flush=True)


def read_pages(zotero: Zotero, papers: list[Paper], file: Path, show: int) -> None:
    """The same for the pages of a server that holds these papers."""
    names = {paper.id for paper in papers}
    with tempfile.TemporaryDirectory() as folder, gzip.open(file, "rt", encoding="utf-8") as lines:
        chosen = Path(folder, "papers.jsonl")
        chosen.write_text(
            "".join(line for line in lines if json.loads(line)["id"] in names), encoding="utf-8"
        )
        data = Path(folder, "data")
        done = quire("papers", "import", chosen, data_dir=data)
        if done.returncode:
            raise SystemExit(done.stderr.decode())
        with serving(data) as address:
            found, by = Counter[str](), Counter[str]()
            for paper in papers:
                readers, items, failed = zotero.read_page(f"{address}/arxiv/{paper.id}")
                by.update(readers)
                found.update(failed)
                _compare([paper], items, "page", found, show)
            print(f"{len(papers)} pages of a paper ({_listed(by)}): {_listed(found)}", flush=True)
            found, by = Counter[str](), Counter[str]()
            for at in range(0, len(papers), PAGE):
                batch = papers[at : at + PAGE]
                readers, items, failed = zotero.read_page(
                    f"{address}/arxiv/{','.join(paper.id for paper in batch)}"
                )
                by.update(readers)
                found.update(failed)
                _compare(batch, items, "page", found, show)
            print(f"lists of {PAGE} ({_listed(by)}): {_listed(found)}", flush=True)


def _compare(
    papers: list[Paper], items: list[dict[str, Any]], form: str, found: Counter[str], show: int
) -> None:
    if len(papers) != len(items):
        found["papers missing"] += abs(len(papers) - len(items))
        return
    for paper, item in zip(papers, items, strict=True):
        for kind in differences(paper, item, form):
            found[kind] += 1
            if found[kind] <= show:
                print(f"  {form}, {kind}: {paper.id}: {json.dumps(item, ensure_ascii=False)}")


def _listed(found: Counter[str]) -> str:
    return ", ".join(f"{name}: {count:,}" for name, count in found.most_common()) or "nothing differs"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="holds translators, translate and zotero-schema")
    parser.add_argument("file", type=Path, help="a file of arXiv's snapshot")
    parser.add_argument("--papers", type=int, help="read the first so many alone")
    parser.add_argument("--pages", type=int, default=100, help="papers whose pages are read")
    parser.add_argument("--show", type=int, default=0, help="differences of each kind to print in full")
    arguments = parser.parse_args()
    papers = [record.value for record in read_lines(arguments.file) if isinstance(record.value, Paper)]
    papers = papers[: arguments.papers]
    # Groups and single names first: pages by their tags alone would part them.
    hardest = sorted(
        papers, key=lambda paper: not any("literal" in one for one in csl(paper).get("author", []))
    )
    with sync_playwright() as playwright:
        browser = launch(playwright, "--disable-web-security")
        zotero = Zotero(arguments.folder, browser.new_page())
        read_citations(zotero, papers, arguments.show)
        read_pages(zotero, hardest[: arguments.pages], arguments.file, arguments.show)
        browser.close()


if __name__ == "__main__":
    main()
