"""The questions that every paper can be asked, and the rules that go before each: files that an operator may replace.

A question's file begins with its title as a heading; the rest is the prompt. `rules.md` has no title.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from app.errors import FileError, NotFound, Sentence

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
NAMES = ("problem", "related", "method", "experiments", "next", "summary")

_SHIPPED = Path(__file__).parent / "prompts"
_MOST_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Question:
    """A question: what a reader sees as its title, and the prompt that the model gets. A reader's own has no name."""

    name: str | None
    title: str
    prompt: str

    @property
    def prompt_sha256(self) -> str:
        """Distinguishes answers to this prompt from those to an older one."""
        return hashlib.sha256(self.prompt.encode("utf-8", "surrogatepass")).hexdigest()


class Questions:
    """Reads questions and rules: from the folder `own`, as `LANGUAGE/NAME.md`, else those that Quire ships with."""

    def __init__(self, own: Path) -> None:
        self._own = own

    def all(self, language: Language) -> list[Question]:
        """The six questions in their order. Raises FileError for a replaced file that can't be used."""
        return [self.named(name, language) for name in NAMES]

    def named(self, name: str, language: Language) -> Question:
        """One of the six. Raises NotFound for another name."""
        if name not in NAMES:
            raise NotFound(
                Sentence(
                    "there is no question {name!r}; there are {names}", name=name[:40], names=tuple(NAMES)
                ),
                "/name",
            )
        first, _, rest = self._read(f"{name}.md", language).partition("\n")
        if not first.startswith("# ") or not rest.strip():
            raise FileError(
                f"the prompt {language}/{name}.md should begin with a title such as `# Summary`, then the prompt"
            )
        return Question(name, first.removeprefix("# ").strip(), rest.strip())

    def rules(self, language: Language) -> str:
        """The instructions that come before a paper."""
        return self._read("rules.md", language).strip()

    def _read(self, name: str, language: Language) -> str:
        own = self._own / language / name
        path = own if own.is_file() else _SHIPPED / language / name
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise FileError(f"the prompt {language}/{name} is longer than {_MOST_BYTES} bytes")
            return path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise FileError(f"the prompt {language}/{name} can't be read: {error}") from error
