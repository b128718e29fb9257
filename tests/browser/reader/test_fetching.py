"""From an empty home to a day's list in one click: shown as it goes on, cancelled, and refused truthfully."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.opened import PATIENCE
from tests.papers.sources.arxiv_forms import Sample
from tests.papers.sources.arxiv_server import Arxiv, Handler, arxiv
from tests.server import serving

TODAY = datetime.now(UTC).date()


@pytest.fixture
def source() -> Iterator[Arxiv]:
    papers = [
        Sample(f"2611.{n:05}", title=f"On $x_{n}$", categories=("cs.CL",), datestamp=TODAY)
        for n in range(1, 313)
    ]
    with arxiv(papers=papers, announced=TODAY) as source:
        yield source


@contextmanager
def opened(browser: Browser, address: str, **options: object) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1000, "height": 800}, **options)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    yield page
    context.close()


def test_one_click_leads_from_an_empty_home_to_the_days_list(
    browser: Browser, source: Arxiv, tmp_path: Path
) -> None:
    with serving(tmp_path, settings=source.settings()) as address, opened(browser, address) as page:
        page.click("[data-fetch='cs.CL']")
        page.wait_for_url("**/arxiv/cs.CL")
        expect(page.locator("article.paper")).to_have_count(25)
        assert page.inner_text(".choices >> nth=0").startswith("Papers: 312")
        page.goto(address)
        expect(page.locator("#present [data-code='cs.CL'] .count")).to_have_text("312")
        expect(page.locator(".notes")).to_contain_text("13")
        expect(page.locator(".totals")).to_contain_text("Last fetched from arXiv on")
        assert "quire" not in page.inner_text("#present"), "our own notes are not among arXiv's"


def test_an_empty_list_offers_its_own_categories_and_a_fetch_is_cancelled(
    browser: Browser, source: Arxiv, tmp_path: Path
) -> None:
    asked, over = threading.Event(), threading.Event()

    def never_answers(handler: Handler) -> None:
        asked.set()
        over.wait(60)
        handler.close_connection = True

    source.faults.append(never_answers)
    with (
        serving(tmp_path, settings=source.settings()) as address,
        opened(browser, f"{address}/arxiv/cs.CL+cs.LG") as page,
    ):
        assert page.input_value("#fetch-categories") == "cs.CL cs.LG"
        page.click("#fetch [type='submit']")
        expect(page.locator("#fetch-said")).to_contain_text("Fetching")
        assert asked.wait(60)
        page.reload()  # a reader who comes back still sees it, and may stop it
        page.click("#fetch-cancel")
        expect(page.locator("#fetch-said")).to_contain_text("Cancelled")
        over.set()
        page.click("#fetch [type='submit']")
        expect(page.locator("article.paper")).to_have_count(25)


def test_a_paper_that_is_not_here_is_brought_by_a_button(
    browser: Browser, source: Arxiv, tmp_path: Path
) -> None:
    with (
        serving(tmp_path, settings=source.settings()) as address,
        opened(browser, f"{address}/arxiv/2611.00007") as page,
    ):
        assert page.get_attribute("main a", "href") == "https://arxiv.org/abs/2611.00007"
        page.click("#fetch [type='submit']")
        expect(page.locator("article.paper.single h1")).to_be_visible()


def test_what_cannot_be_reached_is_reported_in_the_page(browser: Browser, tmp_path: Path) -> None:
    with arxiv() as gone:
        there = gone.settings()
    with serving(tmp_path, settings=there) as address, opened(browser, address, locale="zh-CN") as page:
        page.click("[data-fetch='cs.CL']")
        expect(page.locator("#fetch-said")).to_have_text("没有成功：")
        expect(page.locator("#fetch-detail")).to_contain_text("无法连接 127.0.0.1")


def test_offline_offers_no_button(browser: Browser, source: Arxiv, tmp_path: Path) -> None:
    with (
        serving(tmp_path, settings=source.settings(OFFLINE="true")) as address,
        opened(browser, address) as page,
    ):
        expect(page.locator(".fetch")).to_contain_text("QUIRE_OFFLINE")
        expect(page.locator("#fetch")).to_have_count(0)


def test_who_comes_from_elsewhere_is_asked_for_a_key(browser: Browser, source: Arxiv, tmp_path: Path) -> None:
    with (
        serving(tmp_path, settings=source.settings(FETCH_ON_LOOPBACK="false")) as address,
        opened(browser, address) as page,
    ):
        page.fill("#fetch-key", "quire_wrong")
        page.click("[data-fetch='cs.CL']")
        expect(page.locator("#fetch-detail")).to_contain_text("not valid here")
        assert source.requests == []
