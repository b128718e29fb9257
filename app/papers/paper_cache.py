"""A cache of what is made from a paper, such as its JSON: many readers ask for the same lists."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar

from app.papers.models import Paper

P = ParamSpec("P")
T = TypeVar("T")

Made = Callable[Concatenate[Paper, P], T]


def cached_by_paper(most: int) -> Callable[[Made[P, T]], Made[P, T]]:
    """A function of a paper and hashable arguments that keeps its last `most` results.

    Papers of an unusual size are left out: one of 3,000 authors takes a hundred times the memory of another.

    >>> titles = cached_by_paper(2)(lambda paper: [paper.title])
    >>> paper = Paper("2401.12345", "A title", "")
    >>> titles(paper) is titles(paper)
    True
    """

    def decorate(function: Made[P, T]) -> Made[P, T]:
        kept = lru_cache(most)(function)

        @wraps(function)
        def call(paper: Paper, /, *args: P.args, **kwargs: P.kwargs) -> T:
            made: Made[P, T] = kept if paper.is_short else function
            return made(paper, *args, **kwargs)

        return call

    return decorate
