"""What is sent to the model: the rules, the paper with its anchors, and the question last.

Rules and paper are the same bytes for every question, so that a server that keeps the beginning of a prompt reads the
paper once. A paper that is longer than the model's context is cut at sections, the least useful first.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.asking.chat import Message
from app.errors import Sentence, TooLarge
from app.papers.fulltext.blocks import Block, PaperText, Section, sections

Count = Callable[[str], int]
Turn = tuple[str, str]
"""A question that was asked before, and its answer."""

_LEAST_PAPER = 64
_FRAME = re.compile(r"<\s{0,9}/?\s{0,9}(?=paper)", re.IGNORECASE)
_MARGIN = 0.03
"""Share of the context that is left free: the model counts a little otherwise, and its server adds a frame."""


@dataclass(frozen=True, slots=True)
class PaperPrompt:
    """The messages, how many tokens they have by our count, and the titles of the sections that found no room."""

    messages: tuple[Message, ...]
    tokens: int
    left_out: tuple[str, ...]


def compose(
    text: PaperText, rules: str, question: str, after: Sequence[Turn], *, count: Count, most: int
) -> PaperPrompt:
    """The prompt of a question in at most `most` tokens; `after` are the turns before it, the oldest first.

    Raises TooLarge where the question and what was said before leave no room for a paper.
    """
    said = [rules, question, *(part for turn in after for part in turn)]
    around = sum(map(count, said)) + 8 * (2 + 2 * len(after))
    room = int(most * (1 - _MARGIN)) - around
    if room < _LEAST_PAPER:
        raise TooLarge(
            Sentence(
                "the question and what was said before have {around} tokens; the model's context leaves "
                "room for {most}",
                around=around,
                most=most,
            ),
            "/question",
        )
    shown, paper_tokens, left_out = cut(text, room, count)
    first, *rest = [turn[0] for turn in after] + [question]
    messages: list[Message] = [
        {"role": "system", "content": rules},
        {"role": "user", "content": f"<paper>\n{shown}\n</paper>\n\n{first}"},
    ]
    for (_, answer), following in zip(after, rest, strict=True):
        messages += [{"role": "assistant", "content": answer}, {"role": "user", "content": following}]
    return PaperPrompt(tuple(messages), around + paper_tokens, left_out)


def cut(text: PaperText, most: int, count: Count) -> tuple[str, int, tuple[str, ...]]:
    """The paper as the model reads it in at most `most` tokens, its number of tokens, and what was left out."""
    parts = list(sections(text))
    shown = ["\n".join(_line(block) for block in part.blocks) for part in parts]
    sizes = [count(part) + 1 for part in shown]
    kept = set(range(len(parts)))
    for number in _least_useful_first(parts):
        if sum(sizes[other] for other in kept) <= most or len(kept) == 1:
            break
        kept.discard(number)
    left_out = [_title(part) for number, part in enumerate(parts) if number not in kept]
    total = sum(sizes[number] for number in kept)
    if total > most:
        number = next(iter(kept))
        shown[number], total = _start(parts[number], most, count)
        left_out.insert(0, f"{_title(parts[number])} …")
    return "\n\n".join(shown[number] for number in sorted(kept)), total, tuple(left_out)


def _least_useful_first(parts: Sequence[Section]) -> list[int]:
    """References, then appendices and thanks from the end, then the body from behind; the front and the end last."""
    order = {"references": 0, "appendix": 1, "acknowledgements": 2, "body": 3}
    body = [number for number, part in enumerate(parts) if part.part == "body"]
    precious = dict.fromkeys(body[-1:], 1) | dict.fromkeys(body[:2], 2)
    return sorted(
        range(len(parts)),
        key=lambda number: (order[parts[number].part], precious.get(number, 0), -number),
    )


def _start(part: Section, most: int, count: Count) -> tuple[str, int]:
    """As many blocks of a section as fit, from its start; at least one, cut within where it must be."""
    lines: list[str] = []
    total = 0
    for block in part.blocks:
        line = _line(block)
        size = count(line) + 1
        if total + size > most:
            if not lines:
                share = max(1, int(len(line) * most / size * 0.9))
                return line[:share], min(most, count(line[:share]))
            break
        lines.append(line)
        total += size
    return "\n".join(lines), total


def _line(block: Block) -> str:
    mark = {"heading": "#" * max(1, block.level) + " ", "display": "$$ ", "reference": "- "}.get(
        block.kind, ""
    )
    end = " $$" if block.kind == "display" else ""
    # What ends the paper is ours to write: a paper that writes it would speak as its reader.
    text = _FRAME.sub("", block.text)
    return f"[{block.anchor}] {mark}{text}{end}"


def _title(part: Section) -> str:
    return part.title or part.blocks[0].text[:60]
