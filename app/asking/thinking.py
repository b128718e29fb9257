"""Separates reasoning from a text in which it stands between tags, as small models write it."""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "reasoning"]

_OPEN = re.compile(r"<(think|thinking|thought|reasoning)>")
_LONGEST_TAG = len("</reasoning>")
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)


@dataclass(slots=True)
class Thinking:
    """Parts a text that comes in pieces. A tag opens at the start of a line only, and not within a block of code.

    >>> thinking = Thinking()
    >>> thinking.feed("<thi"), thinking.feed("nk>Hm.</think>So."), thinking.end()
    ([], [('reasoning', 'Hm.'), ('text', 'So.')], [])
    """

    _held: str = ""
    _inside: str = ""
    _line: str = ""
    _fences: int = 0

    def feed(self, text: str) -> list[tuple[Kind, str]]:
        """What is certain after this piece."""
        self._held += text
        parts: list[tuple[Kind, str]] = []
        while self._held:
            end = self._next(parts)
            if not end:
                break
        return parts

    def end(self) -> list[tuple[Kind, str]]:
        """What was held back, since it might have become a tag."""
        held, self._held = self._held, ""
        return [("reasoning" if self._inside else "text", held)] if held else []

    def _next(self, parts: list[tuple[Kind, str]]) -> bool:
        """Moves what is certain from the held text to `parts`; whether to go on."""
        if self._inside:
            close = f"</{self._inside}>"
            at = self._held.find(close)
            if at >= 0:
                self._give(parts, "reasoning", at)
                self._held = self._held[len(close) :].lstrip("\n")
                self._inside = ""
                return True
            self._give(parts, "reasoning", len(self._held) - _begun(self._held, close))
            return False
        for match in _OPEN.finditer(self._held):
            before = self._line + self._held[: match.start()]
            line = before.rpartition("\n")[2]
            fences = self._fences + len(_FENCE.findall(before))
            if not line.strip() and fences % 2 == 0:
                self._give(parts, "text", match.start())
                self._held = self._held[match.end() - match.start() :]
                self._inside = match[1]
                return True
        last = self._held.rfind("<", -_LONGEST_TAG)
        keep = len(self._held) - last if last >= 0 and ">" not in self._held[last:] else 0
        self._give(parts, "text", len(self._held) - keep)
        return False

    def _give(self, parts: list[tuple[Kind, str]], kind: Kind, count: int) -> None:
        given, self._held = self._held[:count], self._held[count:]
        if not given:
            return
        parts.append((kind, given))
        if kind == "text":
            whole, newline, self._line = (self._line + given).rpartition("\n")
            self._fences += len(_FENCE.findall(whole + newline))


def _begun(text: str, tag: str) -> int:
    """How many characters at the end of `text` may be the start of `tag`."""
    return next((size for size in range(len(tag) - 1, 0, -1) if text.endswith(tag[:size])), 0)
