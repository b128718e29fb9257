"""Where the counts of several workers are kept, so that any of them can add them up.

A worker has a number, and one that replaces another has the number of that one: it goes on counting in its files, so
that there are never more files than workers, and no count goes back. What is counted is said where it is.
"""

import os
from pathlib import Path

from app.web.middleware.mapped_files import reserve

_FILE_BYTES = 1 << 21
"""Room for some ten thousand counts; a server has some hundreds to some thousands."""

_KINDS = ("counter", "histogram")

_number = 0


def count_together(folder: Path, workers: int) -> None:
    """Keep the counts of this process and of the workers 1 to `workers`, which are forked from it, in `folder`.

    To be called before anything that counts is imported. Raises FileError where there is no room for the files.
    """
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    from prometheus_client import values

    values.ValueClass = values.MultiProcessValue(lambda: _number)  # type: ignore[no-untyped-call]
    for number in range(workers + 1):
        for kind in _KINDS:
            with (folder / f"{kind}_{number}.db").open("wb") as file:
                reserve(file.fileno(), _FILE_BYTES)


def count_as(number: int) -> None:
    """From now on this process is the worker of that number."""
    global _number
    _number = number
