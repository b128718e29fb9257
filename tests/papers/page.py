"""What the page makes of texts: its own modules read them in Node."""

import json
import subprocess
import sys
from pathlib import Path

NODE = Path(sys.executable).with_name("node")
SCAN = Path(__file__).with_name("scan.mjs")


def on_the_page(texts: list[str]) -> list[tuple[list[str], str]]:
    """For each text the formulas that the page finds, and the prose that it shows, U+FFFC for a formula."""
    ran = subprocess.run(
        [NODE, SCAN], input=json.dumps(texts), capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return [(found["formulas"], found["seen"]) for found in json.loads(ran.stdout)]
