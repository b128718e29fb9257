"""Every regular expression of the package takes time in proportion to its input, whatever is repeated in it.

Each is fed words made of the characters that it names, repeated, with an end that fits and one that doesn't. Where
four times the text takes far more than four times as long, a longer text has to confirm it.
"""

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest

from tests.server import ROOT

METHODS = {"match", "fullmatch", "search", "sub", "split", "findall", "finditer"}
SHORT = 600
MOST_WORDS = 120

Use = tuple[str, re.Pattern[Any], str]


def uses() -> Iterator[Use]:
    """Each pattern of each module, once for each way in which the module uses it."""
    for path in sorted((ROOT / "app").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "import re\n" not in source:
            continue
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        module = importlib.import_module(name)
        for variable, value in vars(module).items():
            if isinstance(value, re.Pattern):
                used = set(re.findall(rf"\b{variable}\.(\w+)\(", source)) & METHODS
                yield from ((f"{name}.{variable}.{method}", value, method) for method in sorted(used))
        yield from _used_in_place(name, source)


def _used_in_place(name: str, source: str) -> Iterator[Use]:
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func.value) == "re"
            and node.func.attr in METHODS
            and isinstance(node.args[0], ast.Constant)
        ):
            yield f"{name}:{node.lineno}", re.compile(node.args[0].value), node.func.attr


def words(pattern: re.Pattern[Any]) -> list[str]:
    """What to repeat: characters that the pattern names, a few more, and pairs of them."""
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    named = re.sub(r"\(\?[a-zA-Z:=!<]*", "", text)
    signs = [*dict.fromkeys([*"a0 \n", *(sign for sign in named if not sign.isalnum())])]
    letters = [*dict.fromkeys(sign for sign in named if sign.isalpha())][:6]
    pairs = ("".join(pair) for pair in product(signs, repeat=2) if pair[0] != pair[1])
    return [*signs, *letters, *pairs][:MOST_WORDS]


def seconds(work: Callable[[Any], Any], text: Any) -> float:
    """Of this thread's processor time."""
    begun = time.thread_time()
    work(text)
    return time.thread_time() - begun


def least(work: Callable[[Any], Any], text: Any) -> float:
    return min(seconds(work, text) for _ in range(2))


def grows(pattern: re.Pattern[Any], method: str) -> str | None:
    """The word whose repetition takes more than its share of time; None where there is none."""
    call = getattr(pattern, method)
    empty = pattern.pattern[:0]
    works: dict[str, Callable[[Any], Any]] = {
        "sub": lambda text: call(empty, text),
        "finditer": lambda text: [None for _ in call(text)],
    }
    work = works.get(method, call)

    def text(word: str, end: str, length: int) -> Any:
        made = word * (length // len(word)) + end
        return made if isinstance(empty, str) else made.encode("latin-1", "replace")

    for word, end in product(words(pattern), ("", "\x00")):
        longer = seconds(work, text(word, end, 4 * SHORT))
        if longer < 200 * _FAIR or longer < 8 * seconds(work, text(word, end, SHORT)):
            continue
        if least(work, text(word, end, 16 * SHORT)) > 10 * least(work, text(word, end, 4 * SHORT)):
            return word + (repr(end) if end else "")
    return None


# What one pass over so many characters takes.
_FAIR = least(re.compile(r"[^\x00]*").match, "a" * 4 * SHORT)


def test_the_measure_finds_a_pattern_that_is_slow_and_clears_one_that_is_not() -> None:
    assert grows(re.compile(r"[ \t]*\n"), "search") is not None
    assert grows(re.compile(r"(?:a|b)+c"), "match") is None


@pytest.mark.parametrize(("pattern", "method"), [pytest.param(*use[1:], id=use[0]) for use in uses()])
def test_no_pattern_takes_more_than_its_share(pattern: re.Pattern[Any], method: str) -> None:
    assert grows(pattern, method) is None, pattern.pattern
