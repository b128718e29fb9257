"""Two descriptions of one paper made one: the newer wins, and an older one never overwrites it.

Sources know different things (a snapshot the day of announcement, the API the version), so what the newer one
lacks is kept from the other. Nothing here knows where papers are stored.
"""

from dataclasses import replace

from app.papers.models import Author, Paper


def merged(kept: Paper, given: Paper) -> Paper:
    """What the store should hold of a paper that it keeps and that a source now gives; `kept` if nothing is new."""
    order = _compare(kept, given)
    if order < 0:
        # The first version's instant is the same in the description of every version.
        return kept if kept.published or not given.published else replace(kept, published=given.published)
    renewed = order > 0 if None in (kept.version, given.version) else kept.version != given.version
    announced = (renewed and given.announced) or kept.announced or given.announced
    result = replace(
        given,
        version=given.version or kept.version,
        authors=_authors(kept, given),
        categories=given.categories or kept.categories,
        primary_category=given.primary_category or kept.primary_category,
        subject_classes=given.subject_classes or kept.subject_classes,
        body=given.body if given.body is not None else kept.body,
        # A record that was corrected later is not an announcement of its own.
        announced=announced,
        announce_type=next(
            (
                paper.announce_type
                for paper in (given, kept)
                if paper.announce_type and paper.announced == announced
            ),
            None,
        ),
        versions=max(kept.versions, given.versions, key=len),
        published=given.published or kept.published,
        updated=given.updated or kept.updated,
        comment=given.comment if given.comment is not None else kept.comment,
        doi=given.doi if given.doi is not None else kept.doi,
        journal_ref=given.journal_ref if given.journal_ref is not None else kept.journal_ref,
    )
    return kept if result == kept else result


def _authors(kept: Paper, given: Paper) -> tuple[Author, ...]:
    """The authors as given; where only a name is, with the family and given name that are known for it."""
    if not given.authors:
        return kept.authors
    known = {author.name: author for author in kept.authors if author.family is not None}
    return tuple(
        author if author.family is not None else known.get(author.name, author) for author in given.authors
    )


def _compare(kept: Paper, given: Paper) -> int:
    """1 where `given` is newer, -1 where it is older, 0 where nothing that both give differs."""
    pairs = (
        (kept.version, given.version),
        (kept.updated, given.updated),
        (kept.announced, given.announced),
    )
    for old, new in pairs:
        if old is not None and new is not None and old != new:
            return 1 if new > old else -1  # type: ignore[operator]  # both of one pair are of one type
    return 0
