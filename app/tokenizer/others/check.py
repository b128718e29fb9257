"""Reads a file as a tokenizer and stops: run as a process of its own, so that a library's abort costs nothing else.

Exits with 0 where it can be used, and with 3 and the reason on standard output where it can't.
"""

import resource
import sys
from pathlib import Path

from app.errors import FileError
from app.tokenizer.others.loading import CHECK_BYTES, kind_of, load_here, read_bounded, vocabulary_of

_LONG = tuple(text * 1500 for text in ("a", "1", " ", "A1", ".", "好", "\n", "a "))
"""Texts on which a splitting pattern that backtracks without end is found out, within the bounds of this process."""


def main(path: Path, max_bytes: int) -> int:
    """The exit status for a file."""
    resource.setrlimit(resource.RLIMIT_AS, (CHECK_BYTES, CHECK_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        vocabulary = vocabulary_of(path)
        data = read_bounded(vocabulary, max_bytes)
        tokenizer = load_here(path, data, kind_of(data, vocabulary))
        tokenizer.spans("A first text. 你好 🦊")
        for text in _LONG:
            tokenizer.count(text)
    except FileError as error:
        sys.stdout.buffer.write(str(error).encode(errors="replace"))
        return 3
    except MemoryError:
        sys.stdout.write(f"{path.name}: reading it takes more than {CHECK_BYTES:,} bytes of memory")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
