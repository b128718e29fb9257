"""The papers close to a paper: by the words that they share, and by meaning where papers have vectors."""

import numpy as np

from app.papers.meaning.searching import Meaning
from app.papers.models import Paper
from app.papers.search.searching import SearchIndex
from app.papers.store.positions import paper_number
from app.papers.store.reading import Store

# A share of a paper's own score: below it, in 20,000 papers of arXiv, what two texts share is not their subject.
_LEAST_SHARE = 0.2
# With vectors, of the share and the nearness in meaning together.
_LEAST_TOGETHER = 0.4
_FEW = 1000
_OF_ITS_ARCHIVE = 0.8
_OF_ANOTHER_ARCHIVE = 0.5


def related_papers(
    store: Store, index: SearchIndex, paper: Paper, limit: int = 10, meaning: Meaning | None = None
) -> list[Paper]:
    """The papers nearest to a paper, best first: few, or none where none is near.

    A paper of none of its categories, which may share its words by chance, has to be nearer by the more.
    """
    wanted = max(3 * limit, 20)
    shares = index.related(paper, wanted)
    near = _near(meaning, paper, list(shares), wanted)
    found = store.papers_by_number(list(dict.fromkeys([*shares, *near])))
    scores = {
        other.id: (shares.get(number, 0.0) + near.get(number, 0.0)) * _kinship(paper, other)
        for other in found
        if (number := paper_number(other.id)) != paper_number(paper.id)
    }
    # Among few papers a significant word is not rarer than others, and the shares of scores are small.
    least = 0.0 if index.extent()[1] <= _FEW else _LEAST_TOGETHER if near else _LEAST_SHARE
    ordered = sorted((other for other in found if other.id in scores), key=lambda other: -scores[other.id])
    return [other for other in ordered if scores[other.id] >= least][:limit]


def _near(meaning: Meaning | None, paper: Paper, others: list[int], count: int) -> dict[int, float]:
    """How near papers are in meaning, the nearest ones and `others`: 0 as any two are, 1 the same text."""
    vectors = meaning.vectors() if meaning is not None else None
    if vectors is None or len(own := vectors.rows([paper_number(paper.id)])) == 0:
        return {}
    vector = vectors.vectors(own)[0]
    rows = [*vectors.nearest(vector, count + 1)[0].tolist(), *vectors.rows(others).tolist()]
    chosen = np.array(sorted(set(rows)), np.int64)
    usual, _ = vectors.usual()
    cosines = (vectors.vectors(chosen) @ vector).tolist()
    return {
        number: max(0.0, (cosine - usual) / max(1 - usual, 1e-6))
        for number, cosine in zip(vectors.numbers(chosen), cosines, strict=True)
    }


def _kinship(paper: Paper, other: Paper) -> float:
    """By how much a paper's categories make it likelier to be of the same subject."""
    own, others = set(paper.categories), set(other.categories)
    if own & others:
        return 1.0
    archives = {code.partition(".")[0] for code in own} & {code.partition(".")[0] for code in others}
    return _OF_ITS_ARCHIVE if archives else _OF_ANOTHER_ARCHIVE
