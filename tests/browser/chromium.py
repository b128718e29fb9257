"""A real Chromium for the browser tests and benchmarks: one that is there, else Debian's, else Playwright's own."""

import os
import shutil
import subprocess
import sys

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Without these Chromium looks for hosts of its own, which a closed network refuses many at a time.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def launch(playwright: Playwright, *arguments: str) -> Browser:
    """Start Chromium without a window; installs one where there is none, and fails where it cannot."""
    return playwright.chromium.launch(executable_path=executable(), args=[*ARGUMENTS, *arguments])


def executable() -> str | None:
    """The path of a Chromium; None stands for the one that Playwright keeps for itself."""
    found = _find()
    if found is None and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "--yes", "--quiet", "chromium"], check=False)
        found = _find()
    if found is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    return found


def _find() -> str | None:
    return next((path for path in map(shutil.which, NAMES) if path), None)
