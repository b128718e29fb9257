"""The element is taken away as its document says: the folders, at any path of any server, and a page with two lines."""

import functools
import re
import shutil
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser

from tests.browser.opened import Opened
from tests.browser.site import ROOT

PLACE = "some/where"
UNNEEDED = ("swagger-ui", "qrcode*")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Tests print what they find themselves."""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """The address of a server that knows nothing of this project but the folders, and the document's example."""
    static = tmp_path / PLACE
    static.mkdir(parents=True)
    for name in ("math-text",):
        (static / name).symlink_to(ROOT / "static" / name)
    shutil.copytree(ROOT / "static/vendor", static / "vendor", ignore=shutil.ignore_patterns(*UNNEEDED))
    [example] = re.findall(
        r"```html\n(.*?)```", (ROOT / "static/math-text/README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    page = "<!doctype html><meta charset=utf-8><link rel=icon href=data:,>" + example.replace(
        "/static/", f"/{PLACE}/"
    )
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    handler = functools.partial(_Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_the_document_s_example_works_on_another_server(browser: Browser, elsewhere: str) -> None:
    context = browser.new_context(viewport={"width": 800, "height": 600})
    opened = Opened(context.new_page(), elsewhere)
    statuses: set[int] = set()
    opened.page.on("response", lambda response: statuses.add(response.status))
    opened.page.goto(elsewhere)
    opened.page.evaluate("customElements.whenDefined('math-text')")
    opened.settle()
    assert [(formula["tex"], formula["typeset"]) for formula in opened.formulas()] == [
        (r"x_1 \le \frac{a}{b}", True),
        ("a*b", True),
    ]
    opened.page.locator("mjx-container").first.click(button="right")
    opened.page.locator(".CtxtMenu_Menu").first.wait_for()
    assert (opened.foreign_requests, opened.complaints, statuses) == ([], [], {200})
    context.close()
