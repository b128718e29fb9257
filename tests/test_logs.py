"""What the log holds of a failure: where it was, and nothing of what was sent."""

import subprocess
import sys

import pytest

from tests.server import ROOT

PROGRAM = """
import structlog
from app.logs import configure_logs

def tokenise(text):
    return len(text) / 0

configure_logs({form!r}, "info")
try:
    tokenise("zanzi" + "bar")
except ZeroDivisionError:
    structlog.get_logger().exception("defect")
"""


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_values(form: str) -> None:
    command = [sys.executable, "-c", PROGRAM.format(form=form)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stderr
    assert "defect" in told
    assert "in tokenise" in told
    assert "zanzibar" not in told
