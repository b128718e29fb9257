"""Without a connection, what was seen stays readable and says since when; with one, nothing old is ever shown."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.opened import PATIENCE
from tests.server import serving

LIST = "/arxiv/cs.AI+cs.LG"
KEPT = """async () => {
    const {active} = await navigator.serviceWorker.ready;
    const kept = async (path) => Boolean(await (await caches.open('quire-1')).match(new URL(path, location.href).href));
    return active.state === 'activated' && await kept('/offline') && await kept(location.pathname)
        && await kept('/static/js/reader/reading.js');
}"""


def test_what_was_seen_opens_without_a_server_and_says_since_when(
    browser: Browser, library_folder: Path
) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    with serving(library_folder) as address:
        page.goto(address + LIST)
        page.wait_for_function(KEPT)
        assert page.locator("#offline:visible").count() == 0
        page.reload()
        page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        assert page.locator("#offline:visible").count() == 0, "what the server gives is not old"
        seen = page.locator("article.paper").nth(3).get_attribute("id")
    page.reload()
    expect(page.locator("#offline")).to_contain_text("No connection. This page is as it was on")
    expect(page.locator("article.paper")).to_have_count(25)
    page.goto(f"{address}/arxiv/{seen}")
    expect(page.locator(f'[id="{seen}"] .abstract')).to_contain_text("We prove that")
    page.goto(f"{address}/arxiv/2606.99999")
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    expect(page.locator("#offline")).to_be_hidden()  # it would contradict that this page was not kept
    page.locator("#kept-pages a", has_text="cs.AI+cs.LG").first.click()
    expect(page.locator("article.paper")).to_have_count(25)
    context.close()


def test_the_pages_can_be_installed(browser: Browser, library_address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(library_address)
    href = page.locator("link[rel=manifest]").get_attribute("href") or ""
    manifest = page.request.get(library_address + href)
    assert manifest.headers["content-type"] == "application/manifest+json"
    described = manifest.json()
    assert {described["start_url"], described["scope"]} == {"/"}
    for icon in described["icons"]:
        assert page.request.get(library_address + icon["src"]).ok
    session = context.new_cdp_session(page)
    assert session.send("Page.getAppManifest")["errors"] == []
    context.close()
