"""Files that several processes map into memory: their room on the disk is reserved before they are used.

Where a disk has no room for a page of a mapped file, a process that writes to that page is killed at once.
"""

import os
import tempfile

from app.errors import FileError


def reserve(file: int, size: int) -> None:
    """Fill an open file (its descriptor) with so many zero bytes. Raises FileError where there is no room for them.

    They are written: to ask the system for them (fallocate) is not possible everywhere.
    """
    try:
        left = size
        while left:
            left -= os.write(file, bytes(left))
    except OSError as error:
        raise FileError(
            f"there is no room for {size >> 20} MB in {tempfile.gettempdir()}, the folder for temporary files "
            f"({error.strerror}); free some, or name another folder with TMPDIR"
        ) from error
