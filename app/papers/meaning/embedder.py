"""The interface of what turns texts into vectors: `endpoint.py` asks a server, `folder.py` runs a model here.

A vector is float32 of length 1, so that the product of two is the cosine of their angle.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from app.errors import EmbedError
from app.papers.models import Paper
from app.papers.plain_text import plain_text

Vectors = NDArray[np.float32]
Use = Literal["paper", "query"]

PROBE = "Quire reads papers: a graph of messages, a theorem about primes, the light of distant galaxies."
"""A text whose vector identifies a model, also where both have the same name."""

MOST_DIMENSIONS = 8192
_MOST_CHARACTERS = 8000
_SAME_MODEL = 0.98


class Embedder(ABC):
    """Gives the vectors of texts. Thread-safe.

    `model` is the name by which sets of vectors know it. Some models want other words before a query than before a
    text that is to be found; `prefixes` has what is put before each.
    """

    kind: ClassVar[str]

    def __init__(self, model: str, prefixes: tuple[str, str] = ("", "")) -> None:
        self.model = model
        self._prefixes: dict[Use, str] = {"paper": prefixes[0], "query": prefixes[1]}

    def embed(self, texts: Sequence[str], use: Use = "paper") -> Vectors:
        """The vectors of texts, float32 (n, dimensions), in their order.

        Raises EmbedError where the model fails, or answers with something else than a vector of one size for each.
        """
        if not texts:
            return np.zeros((0, 0), np.float32)
        prefix = self._prefixes[use]
        given = [f"{prefix}{text[:_MOST_CHARACTERS]}" for text in texts]
        return unit(self._embed(given, patient=use == "paper"), len(texts), self.model)

    def probe(self) -> Vectors:
        """The vector of PROBE, float32 (dimensions,)."""
        probed: Vectors = self.embed([PROBE])[0]
        return probed

    def named(self, model: str) -> "Embedder | None":
        """The embedder of another model at the same place; None where there is none."""
        return self if model == self.model else None

    @abstractmethod
    def _embed(self, texts: Sequence[str], *, patient: bool) -> NDArray[Any]:
        """The vectors as the model gives them; `patient` where nobody waits for them."""

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Lets go of what it holds."""


def unit(found: NDArray[Any], count: int, model: str) -> Vectors:
    """Vectors of length 1; raises EmbedError for what is not `count` of them, of one size, each with a direction."""
    if found.ndim != 2 or len(found) != count or not 0 < found.shape[1] <= MOST_DIMENSIONS:
        raise EmbedError(
            f"{model} gave an array of shape {found.shape} for {count} texts; one row of numbers for each was wanted"
        )
    vectors = found.astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(vectors).all() or not (lengths > 0).all():
        raise EmbedError(f"{model} gave a vector that is zero or not finite, which has no direction")
    scaled: Vectors = vectors / lengths
    return scaled


def is_same_model(one: Vectors, other: Vectors) -> bool:
    """Whether two vectors of PROBE are of one model; servers round, and may change their precision."""
    return one.shape == other.shape and float(one @ other) >= _SAME_MODEL


def text_of(paper: Paper) -> str:
    """What of a paper becomes its vector: title and abstract, formulas as plain signs."""
    return f"{plain_text(paper.title)}. {plain_text(paper.abstract)}"


def fingerprint(text: str) -> int:
    """64 bits that identify a text: whether a vector is of the text that a paper has now."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little")
