"""What a reader keeps stays in the browser: shown, listed, carried elsewhere, and never lost on the way."""

import base64
import json
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.browser.opened import Opened
from tests.browser.reader.conftest import ALL, OpenReader, ids

STAR = '[id="{}"] [data-action="star"]'
CLOSED = """Object.defineProperty(window, 'indexedDB',
    {value: {open() { throw new DOMException('not for this page', 'SecurityError'); }}})"""


QR_READER = Path(__file__).parents[3] / "node_modules/jsqr/dist/jsQR.js"
READ_CODE = """async (picture) => {
    const bytes = Uint8Array.from(atob(picture), (character) => character.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], {type: 'image/png'}));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const {data, width, height} = context.getImageData(0, 0, bitmap.width, bitmap.height);
    return jsQR(data, width, height, {inversionAttempts: 'dontInvert'})?.data;
}"""


def read_code(opened: Opened, picture: bytes) -> str:
    """The text of the QR code in a picture, as a program for cameras reads it."""
    opened.page.evaluate(QR_READER.read_text(encoding="utf-8"))
    return str(opened.page.evaluate(READ_CODE, base64.b64encode(picture).decode()))


def star(opened: Opened, *papers: str) -> None:
    for paper in papers:
        opened.page.click(STAR.format(paper))
        expect(opened.page.locator(STAR.format(paper))).to_have_attribute("aria-pressed", "true")


def listed(opened: Opened, count: int) -> set[str]:
    expect(opened.page.locator("article.paper")).to_have_count(count)
    return set(ids(opened))


def test_a_star_is_kept_over_pages_and_tabs_and_sent_to_no_server(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    other = open_reader(ALL, beside=opened)
    paper = ids(opened)[3]
    opened.page.bring_to_front()
    star(opened, paper)
    assert opened.page.inner_text(STAR.format(paper)) == "Starred"
    expect(other.page.locator(STAR.format(paper))).to_have_attribute("aria-pressed", "true")
    other.page.click(STAR.format(paper))
    expect(opened.page.locator(STAR.format(paper))).to_have_attribute("aria-pressed", "false")
    star(opened, paper)
    opened.page.reload()
    expect(opened.page.locator(STAR.format(paper))).to_have_attribute("aria-pressed", "true")
    opened.page.goto(opened.address + "/starred")
    assert listed(opened, 1) == {paper}
    assert all("POST" not in address and "star=" not in address for address in opened.requests)
    assert opened.foreign_requests == []
    assert opened.complaints == []


def test_all_that_was_starred_is_listed_25_at_a_time_with_what_is_not_here(open_reader: OpenReader) -> None:
    opened = open_reader("/starred")
    expect(opened.page.locator(".more")).to_contain_text("Nothing is starred yet")
    here = [f"2606.{number:05}" for number in range(1, 41)]
    shared = [*here, "2501.00001", "math/0211159"]
    opened.page.goto(f"{opened.address}/starred#ids={','.join(shared)},<b>")
    opened.page.reload()
    expect(opened.page.locator("#shared")).to_contain_text("This link carries 42 papers.")
    expect(opened.page.locator("article.paper").nth(24)).to_be_attached()
    assert ids(opened)[:25] == here[:25]
    opened.page.click("#keep-shared")
    expect(opened.page.locator("#shared")).to_be_hidden()
    for _ in range(10):
        opened.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        opened.page.wait_for_timeout(100)
    assert listed(opened, 41) == {*here, "math/0211159"}
    assert opened.page.inner_text("#missing a") == "2501.00001"
    expect(opened.page.locator(".more")).to_contain_text("That was all: 42 papers.")


def test_tags_and_a_note_are_shown_and_choose_what_is_listed(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    first, second, *_ = ids(opened)
    star(opened, first, second)
    opened.page.click(f'[id="{first}"] [data-action="note"]')
    opened.page.fill(".note-editor [name=tags]", "to read, kernels & <b>")
    opened.page.fill(".note-editor [name=note]", "Lemma 3 <script>alert(1)</script>")
    opened.page.click(".note-editor [type=submit]")
    expect(opened.page.locator(f'[id="{first}"] .own')).to_contain_text("Lemma 3 <script>alert(1)</script>")
    assert opened.page.evaluate("document.activeElement.dataset.action") == "note"
    opened.page.goto(opened.address + "/starred")
    assert listed(opened, 2) == {first, second}
    opened.page.click("#tags a:has-text('kernels')")
    assert listed(opened, 1) == {first}
    opened.page.go_back()
    assert listed(opened, 2) == {first, second}


def test_a_file_carries_everything_and_is_merged_into_what_is_there(
    open_reader: OpenReader, tmp_path: Path
) -> None:
    opened = open_reader(ALL)
    first, second, third, *_ = ids(opened)
    star(opened, first, second)
    opened.page.goto(opened.address + "/starred")
    listed(opened, 2)
    with opened.page.expect_download() as download:
        opened.page.click("#export")
    file = tmp_path / "shelf.json"
    download.value.save_as(file)
    written = json.loads(file.read_text())
    assert {record["id"] for record in written["papers"]} == {first, second}

    other = open_reader(ALL)
    star(other, third)
    other.page.goto(other.address + "/starred")
    listed(other, 1)
    written["papers"].append({"id": "no id"})
    file.write_text(json.dumps(written))
    other.page.set_input_files("#import", file)
    expect(other.page.locator("#said")).to_contain_text("2 papers; 1 entry could not be read")
    assert listed(other, 3) == {first, second, third}
    file.write_text("[]")
    other.page.set_input_files("#import", file)
    expect(other.page.locator("#said")).to_contain_text("nothing was changed")
    assert listed(other, 3) == {first, second, third}


def test_a_file_that_makes_the_shelf_larger_than_a_file_may_be_changes_nothing(
    open_reader: OpenReader, tmp_path: Path
) -> None:
    opened = open_reader(ALL)
    first, second, *_ = ids(opened)
    opened.page.goto(opened.address + "/starred")
    file = tmp_path / "shelf.json"

    def take_in(papers: list[dict[str, object]], said: str) -> None:
        file.write_text(json.dumps({"format": "quire-shelf", "version": 1, "papers": papers}))
        opened.page.set_input_files("#import", file)
        expect(opened.page.locator("#said")).to_contain_text(said)

    starred = "2026-06-29T07:00:00.000Z"
    take_in([{"id": first, "starred": starred, "note": "a" * 90_000, "tags": ["a"]}], "Imported: 1 paper")
    assert listed(opened, 1) == {first}
    take_in(
        [{"id": second, "starred": starred}, {"id": first, "note": "b" * 90_000}],
        f"The note on {first} would be longer than 100,000 characters; nothing was changed",
    )
    take_in(
        [{"id": second, "starred": starred}, {"id": first, "tags": [f"t{number}" for number in range(100)]}],
        f"{first} would have more than 100 tags; nothing was changed",
    )
    take_in(
        [{"id": f"2401.{number:05}", "starred": starred} for number in range(100_000)],
        "Together that would be more than 100,000 papers; nothing was changed",
    )
    assert listed(opened, 1) == {first}
    opened.page.reload()
    assert listed(opened, 1) == {first}
    with opened.page.expect_download() as download:
        opened.page.click("#export")
    download.value.save_as(file)
    (kept,) = json.loads(file.read_text())["papers"]
    assert (kept["note"], kept["tags"]) == ("a" * 90_000, ["a"])


def test_what_needs_papers_is_offered_once_there_are_some(open_reader: OpenReader) -> None:
    opened = open_reader("/starred")
    expect(opened.page.locator(".more")).to_contain_text("Nothing is starred yet")
    for offer in ("#cite-all", "#titles", "#export", "#more-like", "#cloud"):
        expect(opened.page.locator(offer)).to_be_hidden()
    expect(opened.page.locator("label.file")).to_be_visible()
    opened = open_reader(ALL)
    star(opened, ids(opened)[0])
    opened.page.goto(opened.page.url.split("/arxiv")[0] + "/starred")
    for offer in ("#cite-all", "#titles", "#export", "#more-like", "#cloud"):
        expect(opened.page.locator(offer)).to_be_visible()


def test_a_browser_that_keeps_nothing_says_so_and_shows_the_papers(open_reader: OpenReader) -> None:
    opened = open_reader("/")
    opened.page.add_init_script(CLOSED)
    opened.page.goto(opened.address + ALL)
    assert len(ids(opened)) == 25
    opened.page.click(STAR.format(ids(opened)[0]))
    expect(opened.page.locator("#said")).to_contain_text("stores nothing")
    opened.page.goto(opened.address + "/starred")
    expect(opened.page.locator(".more")).to_contain_text("stores nothing")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_camera_reads_the_starred_papers_from_the_picture(
    open_reader: OpenReader, theme: Literal["light", "dark"]
) -> None:
    opened = open_reader(ALL, color_scheme=theme)
    papers = ids(opened)[:3]
    star(opened, *papers)
    opened.page.goto(opened.address + "/starred")
    listed(opened, 3)
    opened.page.click("#to-phone")
    read = read_code(opened, opened.page.locator("#code svg").screenshot())
    phone = open_reader(read.removeprefix(opened.address))
    expect(phone.page.locator("#shared")).to_contain_text("3 papers")
    assert listed(phone, 3) == set(papers)


def test_more_like_the_starred_papers_is_a_list_of_others_with_the_reasons(open_reader: OpenReader) -> None:
    opened = open_reader(ALL)
    star(opened, ids(opened)[3])
    opened.page.goto(opened.address + "/starred")
    listed(opened, 1)
    (starred,) = ids(opened)
    opened.page.click("#more-like")
    expect(opened.page.locator("article.paper .why").first).to_be_visible()
    assert starred not in ids(opened)
    expect(opened.page.locator("#more-like")).to_have_attribute("aria-pressed", "true")
    opened.page.click("#more-like")
    assert listed(opened, 1) == {starred}
    assert opened.complaints == []
