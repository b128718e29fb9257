"""Builds the wheel: puts the pages, styles, models and the browser's libraries inside the package.

An editable installation reads them from the checkout instead, so nothing is copied for it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
VENDOR = ROOT / "static" / "vendor"


def fetch_browser_libraries() -> None:
    """Fill `static/vendor` from the npm registry, by the locked versions, with the Node of the build environment."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["npm", "ci", "--omit=dev"], cwd=ROOT, env=environment, check=True)  # noqa: S607 - on that path
    subprocess.run([sys.executable, "static/copy_libraries.py"], cwd=ROOT, check=True)


class BuildWithPages(build_py):
    """Copies what the package ships with to `app/shipped`."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        if not (VENDOR / ".copied").exists():
            fetch_browser_libraries()
        shipped = Path(self.build_lib) / "app" / "shipped"
        for name in ("static", "models"):
            shutil.copytree(ROOT / name, shipped / name, dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithPages})
