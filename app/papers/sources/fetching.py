"""Papers from arXiv in batches, each with the place to go on from: what `quire papers fetch` calls.

Announcements of the day come from the feeds, ranges of days by OAI-PMH, single papers from the API, in this order
of preference, as arXiv asks. Nothing is stored here. A caller that stores a batch stores its places in the same
transaction, and after kill -9 hands them in again: nothing is lost then, and at most one answer fetched twice.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from app.errors import InputError, RecordError, Sentence, SourceError, StoreError
from app.papers.categories import codes_to_fetch
from app.papers.models import Paper, parse_id
from app.papers.sources import atom, oai, rss
from app.papers.sources.client import PoliteClient
from app.papers.sources.oai import Deleted
from app.papers.taxonomy import CATEGORIES

_FIRST_DATESTAMP = date(2005, 9, 16)
_FIRST_RANGE = timedelta(days=7)
_MOST_RESTARTS = 3
_MOST_IN_FEED = 2000
_IDS_AT_ONCE = 100
_GROUPS = frozenset({"cs", "econ", "eess", "math", "q-bio", "q-fin", "stat"})


@dataclass(frozen=True, slots=True)
class FetchedBatch:
    """What one answer brought.

    `places` are to be kept by their names, together with the papers, and given to the next fetch. `label` says in
    a few words what was asked, `reached` the day it has come to; the answers' number isn't known beforehand.
    """

    label: str
    papers: tuple[Paper, ...] = ()
    deleted: tuple[Deleted, ...] = ()
    problems: tuple[RecordError, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    reached: date | None = None


@dataclass(frozen=True, slots=True)
class _Harvest:
    """Where the harvest of a set is: asked from `since`, with all up to `reached` handed over.

    `start` is what a new list is asked from, `token` continues the one under way, and `done` is the day to ask
    from next time once the list has ended.
    """

    since: date
    start: date
    token: str | None = None
    reached: date | None = None
    done: date | None = None
    answered: date | None = None


def fetch(
    categories: Sequence[str],
    client: PoliteClient,
    *,
    since: date | None = None,
    places: Mapping[str, str] | None = None,
) -> Iterator[FetchedBatch]:
    """Yields what has been new or changed in the categories since a day (UTC), by OAI-PMH.

    Without `since` it goes on where the last fetch ended, or begins a week ago. A fetch that was cut off with
    the same `since` goes on where it was. Raises InputError for what is not a category of arXiv or for a day to come,
    SourceError from the client.
    """
    codes = codes_to_fetch(categories)
    if since is not None and since > client.today():
        raise InputError(f"since is a day up to today, {client.today()}, not {since}", "?since")
    for code in codes:
        yield from _harvest(code, client, since, places or {})


def fetch_daily(
    categories: Sequence[str], client: PoliteClient, *, places: Mapping[str, str] | None = None
) -> Iterator[FetchedBatch]:
    """Yields the latest day's announcements in the categories, from the feeds.

    Days that were missed since the last call, and what a feed leaves out at its limit of 2,000 papers, are filled
    in by OAI-PMH. At weekends there are no announcements. Raises like `fetch`.
    """
    codes, places = codes_to_fetch(categories), places or {}
    gaps: dict[str, date] = {}
    days: dict[str, date] = {}
    for part, batch, full in _feeds(codes, client):
        yield batch
        for code in part if batch.reached else ():
            last = _read_day(places, f"feed {code}")
            days[code] = _announced_up_to(code, part, batch, last)
            if last is not None and _weekday_between(last, days[code]):
                gaps[code] = last
            elif full:
                gaps[code] = days[code]
    for code, since in gaps.items():
        yield from _harvest(code, client, since, places)
    if days:
        kept = {f"feed {code}": day.isoformat() for code, day in days.items()}
        yield FetchedBatch(Sentence("the day's announcements"), places=kept, reached=max(days.values()))


def fetch_newest(
    categories: Sequence[str], client: PoliteClient, *, places: Mapping[str, str] | None = None
) -> Iterator[FetchedBatch]:
    """Yields the latest day's announcements; where the feeds hold none, as at weekends, what `fetch` does.

    Raises like `fetch`.
    """
    came = False
    for batch in fetch_daily(categories, client, places=places):
        came = came or bool(batch.papers)
        yield batch
    if not came:
        yield from fetch(categories, client, places=places)


def fetch_papers(ids: Sequence[str], client: PoliteClient) -> Iterator[FetchedBatch]:
    """Yields the papers with these ids, with or without version, from the API.

    An id that arXiv has no paper for is among the problems. Raises NotFound for a malformed id, SourceError from
    the client.
    """
    named = [parse_id(text) for text in ids]
    wanted = list(dict.fromkeys(f"{name}v{version}" if version else name for name, version in named))
    for first in range(0, len(wanted), _IDS_AT_ONCE):
        part = wanted[first : first + _IDS_AT_ONCE]
        parameters = {"id_list": ",".join(part), "max_results": str(len(part))}
        answer = client.get(
            client.addresses.api, parameters, lambda body: atom.read_answer(body, client.addresses.api)
        )
        found = {paper.id for paper in answer.papers}
        missing = [text for text in part if parse_id(text)[0] not in found]
        problems = [RecordError(f"arXiv has no paper {text}", client.addresses.api, 1) for text in missing]
        yield FetchedBatch(
            Sentence("papers by id"), answer.papers, problems=answer.problems + tuple(problems)
        )


def oai_set(category: str) -> str:
    """The name that OAI-PMH has for a category or an archive.

    >>> oai_set("cs.AI"), oai_set("hep-th"), oai_set("math")
    ('cs:cs:AI', 'physics:hep-th', 'math:math')
    """
    archive = CATEGORIES[category].archive
    return f"{archive if archive in _GROUPS else 'physics'}:{category.replace('.', ':')}"


def _harvest(
    code: str, client: PoliteClient, since: date | None, places: Mapping[str, str]
) -> Iterator[FetchedBatch]:
    """The records of one category, page after page."""
    name = f"oai {code}"
    harvest = _begin(_read_harvest(places, name), since, client.today())
    restarts = 0
    while True:
        page = client.get(
            client.addresses.oai,
            _request(code, harvest),
            lambda body: oai.read_page(body, client.addresses.oai),
        )
        if page.expired:
            restarts += 1
            if harvest.token is None or restarts > _MOST_RESTARTS:
                raise SourceError(
                    Sentence(
                        "arXiv's OAI-PMH forgets where the harvest of {code} is; try again tomorrow",
                        code=code,
                    )
                )
            # Pages come in the order of datestamps: all before the last one seen is here already.
            harvest = replace(harvest, token=None, start=harvest.reached or harvest.start)
            continue
        if page.reached is not None and page.reached != harvest.reached:
            restarts = 0
        harvest = replace(
            harvest,
            token=page.token,
            reached=max(filter(None, (harvest.reached, page.reached)), default=None),
            # The next harvest has to begin where the list was made, not where its last page was.
            answered=harvest.answered or page.responded,
        )
        if page.token is None:
            harvest = replace(harvest, done=harvest.answered)
        yield FetchedBatch(
            code,
            papers=page.papers,
            deleted=page.deleted,
            problems=page.problems,
            places={name: _written(harvest)},
            reached=harvest.reached,
        )
        if page.token is None:
            return


def _begin(kept: _Harvest | None, since: date | None, today: date) -> _Harvest:
    if kept is not None and kept.done is None and since in (None, kept.since):
        return kept
    if since is None:
        since = kept.done if kept is not None and kept.done is not None else today - _FIRST_RANGE
    return _Harvest(since=since, start=since)


def _request(code: str, harvest: _Harvest) -> dict[str, str]:
    if harvest.token is not None:
        return {"verb": "ListRecords", "resumptionToken": harvest.token}
    return {
        "verb": "ListRecords",
        "metadataPrefix": "arXivRaw",
        "from": max(harvest.start, _FIRST_DATESTAMP).isoformat(),
        "set": oai_set(code),
    }


def _feeds(codes: list[str], client: PoliteClient) -> Iterator[tuple[list[str], FetchedBatch, bool]]:
    """The feed of the categories together, or of parts of them where it is full; whether it still was."""
    address = client.addresses.feeds + "+".join(codes)
    feed = client.get(address, {}, lambda body: rss.read_feed(body, address))
    full = len(feed.papers) + len(feed.problems) >= _MOST_IN_FEED
    if full and len(codes) > 1:
        middle = len(codes) // 2
        yield from _feeds(codes[:middle], client)
        yield from _feeds(codes[middle:], client)
        return
    yield codes, FetchedBatch("+".join(codes), feed.papers, problems=feed.problems, reached=feed.day), full


def _announced_up_to(code: str, asked: Sequence[str], batch: FetchedBatch, last: date | None) -> date:
    """The day that a category has come to in a feed of several, of which some may show an older day than others.

    A paper that another of them may have brought shows nothing. A category without a paper of its own stays where it
    was, and the next feed that has one finds the gap.
    """
    own = [
        paper.announced
        for paper in batch.papers
        if paper.announced and [one for one in asked if _lists(one, paper)] == [code]
    ]
    before = last or (batch.reached or date.min + timedelta(days=1)) - timedelta(days=1)
    return max([*own, before])


def _lists(code: str, paper: Paper) -> bool:
    return any(code in (one, CATEGORIES[one].archive) for one in paper.categories)


def _weekday_between(last: date, day: date) -> bool:
    """Whether there was a day of announcements (Monday to Friday) between two of them."""
    return any((last + timedelta(days=1 + n)).weekday() < 5 for n in range(min((day - last).days - 1, 7)))


def _written(harvest: _Harvest) -> str:
    days = {
        key: day.isoformat()
        for key in ("since", "start", "reached", "done", "answered")
        if (day := getattr(harvest, key)) is not None
    }
    return json.dumps(days if harvest.token is None else days | {"token": harvest.token})


def _read_harvest(places: Mapping[str, str], name: str) -> _Harvest | None:
    if name not in places:
        return None
    try:
        kept: dict[str, Any] = json.loads(places[name])
        token = kept.pop("token", None)
        return _Harvest(**{key: date.fromisoformat(day) for key, day in kept.items()}, token=token)
    except (ValueError, TypeError, AttributeError) as error:
        raise StoreError(f"the resume point {name!r} is damaged: {places[name][:80]!r}") from error


def _read_day(places: Mapping[str, str], name: str) -> date | None:
    try:
        return date.fromisoformat(places[name]) if name in places else None
    except ValueError as error:
        raise StoreError(f"the resume point {name!r} is not a day: {places[name][:80]!r}") from error
