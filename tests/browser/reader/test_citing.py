"""Citations of one paper and of a whole list, in the form that the reader chose, copied or saved."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.opened import Opened
from tests.browser.reader.conftest import ALL, OpenReader, ids
from tests.server import quire, serving

CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


def cite_all(opened: Opened, form: str) -> None:
    opened.page.click("#cite-all")
    opened.page.check(f"#cite-form [value={form}]")


def copied(opened: Opened) -> str:
    opened.page.click("#cite-form [value=copy]")
    expect(opened.page.locator("#cite-dialog")).to_be_hidden()  # what was said before may still stand
    expect(opened.page.locator("#said")).to_contain_text("Cited:")
    return str(opened.page.evaluate("navigator.clipboard.readText()"))


def test_the_whole_list_is_cited_in_each_form_and_saved(open_reader: OpenReader, tmp_path: Path) -> None:
    opened = open_reader(ALL, **CLIPBOARD)
    cite_all(opened, "bibtex")
    assert copied(opened).count("@") == 72
    expect(opened.page.locator("article.paper")).to_have_count(72)
    cite_all(opened, "ris")
    assert copied(opened).count("TY  - ") == 72
    cite_all(opened, "markdown")
    assert copied(opened).count("\n") == 72
    cite_all(opened, "csl")
    with opened.page.expect_download() as download:
        opened.page.click("#cite-form [value=file]")
    download.value.save_as(tmp_path / "papers.json")
    assert download.value.suggested_filename == "papers.json"
    assert len(json.loads((tmp_path / "papers.json").read_text())) == 72


def test_a_template_of_ones_own_is_kept_and_used_for_single_papers_too(open_reader: OpenReader) -> None:
    opened = open_reader(ALL, **CLIPBOARD)
    cite_all(opened, "own")
    expect(opened.page.locator("#template-names")).to_contain_text("{title} {authors} {first_author} {year}")
    opened.page.fill("#template", "{id} <{first_author}> {unknown}")
    opened.page.click("#cite-close")
    opened.page.reload()
    first = ids(opened)[0]
    opened.page.click(f'[id="{first}"] [data-action="cite"]')
    expect(opened.page.locator("#said")).to_contain_text("Copied the citation")
    assert opened.page.evaluate("navigator.clipboard.readText()") == f"{first} <Noether> {{unknown}}\n"


def test_with_words_in_the_find_bar_only_what_they_left_is_cited(open_reader: OpenReader) -> None:
    opened = open_reader(ALL, **CLIPBOARD)
    opened.page.keyboard.press("Control+f")
    opened.page.keyboard.type('"case 3."')
    expect(opened.page.locator("#find-count")).to_have_text("1 of 72")
    opened.page.locator("#cite-all").dispatch_event("click")
    opened.page.check("#cite-form [value=bibtex]")
    assert copied(opened).count("@") == 1


def test_thousands_are_cited_and_it_is_shown_how_far_that_is(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("many")
    records = [
        {
            "id": f"2601.{number:05}",
            "title": f"Paper {number}",
            "abstract": "A text.",
            "categories": "cs.CL",
            "authors": "Emmy Noether",
            "authors_parsed": [["Noether", "Emmy", ""]],
            "update_date": "2026-01-31",
        }
        for number in range(1, 2302)
    ]
    file = folder / "many.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert quire("papers", "import", file, data_dir=folder / "data").returncode == 0
    with serving(folder / "data") as address:
        page = browser.new_context().new_page()
        page.goto(f"{address}/arxiv/cs.CL")
        page.evaluate(
            """() => {
                window.told = [];
                new MutationObserver(() => window.told.push(document.getElementById('cite-count').textContent))
                    .observe(document.getElementById('cite-count'), {childList: true});
            }"""
        )
        page.click("#cite-all")
        page.check("#cite-form [value=bibtex]")
        with page.expect_download() as download:
            page.click("#cite-form [value=file]")
        assert Path(download.value.path()).read_text().count("\n@") + 1 == 2301
        assert page.locator("article.paper").count() < 200, "the page has not grown by thousands"
        assert "200 of 2,301" in page.evaluate("window.told")
        page.context.close()
