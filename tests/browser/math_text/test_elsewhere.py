"""The element is taken away as its document says, as folders or as a package, and a page with two lines shows texts."""

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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


def _examples() -> list[str]:
    """The pages that the document writes out."""
    document = (ROOT / "static/math-text/README.md").read_text(encoding="utf-8")
    return re.findall(r"```html\n(.*?)```", document, re.DOTALL)


@contextmanager
def _serving(folder: Path, page: str) -> Iterator[str]:
    """The address of a plain server of files for a folder, with this page."""
    head = "<!doctype html><meta charset=utf-8><link rel=icon href=data:,>"
    (folder / "index.html").write_text(head + page, encoding="utf-8")
    handler = functools.partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """The address of a server that knows nothing of this project but the folders, and the document's example."""
    static = tmp_path / PLACE
    static.mkdir(parents=True)
    (static / "math-text").symlink_to(ROOT / "static/math-text")
    shutil.copytree(ROOT / "static/vendor", static / "vendor", ignore=shutil.ignore_patterns(*UNNEEDED))
    with _serving(tmp_path, _examples()[0].replace("/static/", f"/{PLACE}/")) as address:
        yield address


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[str]:
    """The address of a server for a folder that holds the installed package and nothing else of this project."""
    copy, folder = tmp_path / "project", tmp_path / "site"
    # A copy, since packing changes the folder for a moment, and other tests read it.
    shutil.copytree(ROOT / "static", copy / "static", ignore=shutil.ignore_patterns("swagger-ui"))
    shutil.copy(ROOT / "LICENSE", copy)
    (copy / "node_modules").symlink_to(ROOT / "node_modules")
    folder.mkdir()
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    pack = ["npm", "pack", "--pack-destination", str(folder)]
    subprocess.run(pack, cwd=copy / "static/math-text", env=environment, check=True, capture_output=True)
    [packed] = folder.glob("*.tgz")
    install = ["npm", "install", "--offline", "--ignore-scripts", "--no-audit", str(packed)]
    subprocess.run(install, cwd=folder, env=environment, check=True, capture_output=True)
    text = re.sub(r"<(link|script).*?\n", "", _examples()[0])
    with _serving(folder, _examples()[1] + text) as address:
        yield address
    before, after = ((root / "static/math-text/libraries.js").read_bytes() for root in (ROOT, copy))
    assert before == after  # packing leaves the folder as it was


def test_the_document_s_example_works_on_another_server(browser: Browser, elsewhere: str) -> None:
    _shows_the_example(browser, elsewhere)


def test_the_installed_package_shows_a_text_beside_nothing_else(browser: Browser, installed: str) -> None:
    _shows_the_example(browser, installed)


def _shows_the_example(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 800, "height": 600})
    opened = Opened(context.new_page(), address)
    statuses: set[int] = set()
    opened.page.on("response", lambda response: statuses.add(response.status))
    opened.page.goto(address)
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
