"""Vectors and papers for tests of finding by meaning."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.papers.meaning.embedder import Vectors
from app.papers.meaning.files import read_state
from app.papers.meaning.reading import VectorSet
from app.papers.meaning.writing import VectorRow, open_vectors


def clustered(count: int, dimensions: int, seed: int, clusters: int = 40, spread: float = 0.8) -> Vectors:
    """Vectors of length 1 around some centres, off the origin, as those of texts are."""
    draw = np.random.default_rng(seed)
    centres = draw.standard_normal((clusters, dimensions)) + 0.7
    vectors = centres[draw.integers(clusters, size=count)] + spread * draw.standard_normal(
        (count, dimensions)
    )
    return lengthened(vectors)


def lengthened(vectors: NDArray[np.float64]) -> Vectors:
    scaled: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def written(folder: Path, vectors: Vectors, rows: list[VectorRow] | None = None) -> VectorSet:
    """A set of these vectors, of papers 1 and on unless told otherwise, open for reading."""
    rows = rows or [
        VectorRow(number, 738_000 + number % 300, "cs.AI", number) for number in range(1, len(vectors) + 1)
    ]
    with open_vectors(folder, "test") as writer:
        made = writer.open_set("model", vectors[0], "store", 1)
        made.append(rows, vectors)
        made.commit(1)
    return VectorSet(folder, read_state(folder).sets[0])
