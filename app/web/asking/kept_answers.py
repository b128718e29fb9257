"""The answers kept about a paper as a page shows them: by question, the newest of each first."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.asking.questions import NAMES
from app.papers.answers import Answer


@dataclass(frozen=True)
class KeptQuestion:
    """A question in one language with the newest answer to it, and those to older versions and of other models."""

    newest: Answer
    earlier: tuple[Answer, ...]


def by_question(answers: Iterable[Answer], language: str) -> list[KeptQuestion]:
    """Answers in the order they came, grouped: the offered questions first, and those in `language` before others.

    An answer to a newer version counts as newer, whenever it came.
    """
    groups: dict[tuple[str, str | None], list[Answer]] = {}
    for answer in answers:
        groups.setdefault((answer.name or answer.question, answer.language), []).append(answer)
    found = []
    for group in groups.values():
        # Sorting leaves equal ones in order, so the last that came has to be the first before it.
        group.reverse()
        newest, *earlier = sorted(group, key=lambda answer: -(answer.version or 0))
        found.append(KeptQuestion(newest, tuple(earlier)))
    return sorted(found, key=lambda kept: _place(kept.newest, language))


def _place(answer: Answer, language: str) -> tuple[bool, int]:
    place = NAMES.index(answer.name) if answer.name in NAMES else len(NAMES)
    return answer.language not in (language, None), place
