"""Texts of papers that were read already, by version, in a folder of bounded size; what was unused longest goes first.

The folder is private: arXiv forbids passing papers on, so passages are shown and the whole is never served.
"""

import gzip
import secrets
import time
import zlib
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import orjson
import structlog

from app.papers.fulltext.blocks import Block, PaperText

log = structlog.get_logger()

_ABSTRACT_SECONDS = 3600.0
_UNVERSIONED_SECONDS = 86_400.0
_LONGEST_WRITE = 60.0


def write_text(path: Path, text: PaperText, most_bytes: int | None = None) -> None:
    """Writes a text, whole or not at all, unless it has more than `most_bytes`. Raises OSError."""
    content = gzip.compress(orjson.dumps(asdict(text)), 6)
    if most_bytes is not None and len(content) > most_bytes:
        return
    beside = path.with_name(
        f"{path.name}.{secrets.token_hex(4)}.part"
    )  # two processes may write the same text
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def read_text(path: Path) -> PaperText | None:
    """The text of a file; None where there is none, or one that a full disk cut short."""
    try:
        kept = orjson.loads(gzip.decompress(path.read_bytes()))
        return PaperText(kept["source"], kept["version"], tuple(Block(**block) for block in kept["blocks"]))
    except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error):
        return None


class TextCache:
    """Keeps texts in `folder`, of at most `most_bytes` together as they lie on the disk."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def get(self, paper_id: str, version: int | None) -> PaperText | None:
        """The text kept of a version; None where there is none, or where it may have changed since."""
        path = self._path(paper_id, version)
        text = read_text(path)
        if text is None:
            return None
        try:
            age = time.time() - path.stat().st_mtime
        except OSError:
            return None
        if age > (_ABSTRACT_SECONDS if text.source == "abstract" else _UNVERSIONED_SECONDS) and (
            version is None or text.source == "abstract"
        ):
            return None
        if version is not None and text.source != "abstract":
            with suppress(OSError):
                path.touch()
        return text

    def put(self, paper_id: str, text: PaperText) -> None:
        """Keeps a text, where the disk has room; one that is larger than the whole cache is not kept."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_text(self._path(paper_id, text.version), text, self._most_bytes)
            self._make_room()
        except OSError as error:
            log.warning("a paper's text is not kept", paper=paper_id, reason=error.strerror or str(error))

    def _make_room(self) -> None:
        for beside in self._folder.glob("*.part"):  # of a process that was killed
            with suppress(OSError):
                if time.time() - beside.stat().st_mtime > _LONGEST_WRITE:
                    beside.unlink()
        found = [(file.stat().st_mtime, file.stat().st_size, file) for file in self._folder.glob("*.json.gz")]
        total = sum(size for _, size, _ in found)
        for _, size, file in sorted(found):
            if total <= self._most_bytes:
                return
            file.unlink(missing_ok=True)
            total -= size

    def _path(self, paper_id: str, version: int | None) -> Path:
        return self._folder / f"{paper_id.replace('/', '_')}v{version or 0}.json.gz"
