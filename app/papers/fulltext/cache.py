"""Texts of papers that were read already, by version, in a folder of bounded size; what was unused longest goes first.

The folder is private: arXiv forbids passing papers on, so passages are shown and the whole is never served.
"""

import gzip
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import orjson

from app.papers.fulltext.blocks import Block, PaperText

_ABSTRACT_SECONDS = 3600.0
_UNVERSIONED_SECONDS = 86_400.0


class TextCache:
    """Keeps texts in `folder`, of at most `most_bytes` together as they lie on the disk."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def get(self, paper_id: str, version: int | None) -> PaperText | None:
        """The text kept of a version; None where there is none, or where it may have changed since."""
        path = self._path(paper_id, version)
        try:
            written = path.stat().st_mtime
            kept = orjson.loads(gzip.decompress(path.read_bytes()))
            text = PaperText(
                kept["source"], kept["version"], tuple(Block(**block) for block in kept["blocks"])
            )
        except (OSError, EOFError, ValueError, KeyError, TypeError):
            return None  # not there, or cut short by a full disk: it is fetched again
        age = time.time() - written
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
        content = gzip.compress(orjson.dumps(asdict(text)), 6)
        if len(content) > self._most_bytes:
            return
        path = self._path(paper_id, text.version)
        beside = path.with_name(f"{path.name}.part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside.write_bytes(content)
            beside.replace(path)
            self._make_room()
        except OSError:
            beside.unlink(missing_ok=True)

    def _make_room(self) -> None:
        found = [(file.stat().st_mtime, file.stat().st_size, file) for file in self._folder.glob("*.json.gz")]
        total = sum(size for _, size, _ in found)
        for _, size, file in sorted(found):
            if total <= self._most_bytes:
                return
            file.unlink(missing_ok=True)
            total -= size

    def _path(self, paper_id: str, version: int | None) -> Path:
        return self._folder / f"{paper_id.replace('/', '_')}v{version or 0}.json.gz"
