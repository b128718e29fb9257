"""Reads untrusted files in a child process, with a limit on its time and memory.

PDFium is written in C++. A page of HTML that leaves elements open takes quadratic time and memory by the rules of HTML
itself: twenty kilobytes can stand for a gigabyte of tree.
"""

import json
import subprocess
import sys
from typing import Any

from app.errors import Sentence, SourceError

_SECONDS = 60.0
_MOST_MEMORY = 2 << 30


def read_in_child_process(module: str, content: bytes, refusal: str, *arguments: str) -> Any:
    """What a module, run as a program with these arguments, makes of `content`: a value of JSON.

    Raises SourceError where it takes too long, and with `refusal` where it can't read that.
    """
    try:
        done = subprocess.run(  # noqa: S603  # our own modules alone
            [sys.executable, "-m", module, *arguments],
            input=content,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SourceError(
            Sentence("the file could not be read in {seconds:.0f} s", seconds=_SECONDS)
        ) from error
    if done.returncode:
        raise SourceError(refusal)
    return json.loads(done.stdout)


def bound(seconds: int = int(_SECONDS)) -> None:
    """Limits the time and memory of this process, so that a malicious file ends it and not the machine."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
