"""What a visit changes in a source's row: validators, health, the next moment, a new address."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.sources.articles.intake import moments_of, newest_of, url_hash
from bot.sources.formats.records import Document, FeedPace, Kind
from bot.sources.getting.answers import Answer
from bot.sources.getting.cadence import (
    SEARCH_LONGEST,
    SEARCH_SHORTEST,
    Circumstances,
    next_fetch_at,
    rhythm_of,
)
from bot.sources.getting.hubs import hub_of
from bot.sources.getting.troubles import Problem, Trouble
from bot.sources.getting.visiting import Visit
from bot.sources.getting.wishes import Wishes, pause_of_host, wishes_of
from bot.sources.known import Known, Newborn
from bot.sources.urls import host_of
from storage.enums import SourceKind, SourceState

SIGHTINGS_UNTIL_MOVED = 10
_SLOWEST = timedelta(days=365)  # dates of other centuries must not overflow a column
RELIED_ON = timedelta(days=2)
HUBS_DELAY = timedelta(minutes=10)
_KINDS = {
    Kind.FEED: SourceKind.FEED,
    Kind.SITEMAP: SourceKind.SITEMAP,
    Kind.PAGE: SourceKind.PAGE,
    Kind.TEXT: SourceKind.PAGE,
}
_LISTS = frozenset({Kind.FEED, Kind.SITEMAP})


def changes_after(known: Known, visited: Visit, now: datetime, jitter: float) -> dict[str, Any]:
    """Return the new values of the columns of *known*; *jitter* is in [-1, 1]."""
    problem = visited.problem
    changes: dict[str, Any] = {"fetched_at": now, "fetches": known.fetches + 1}
    changes |= _health(known, problem, now)
    if visited.answer is not None:
        changes["own_network"] = visited.own_network
    if problem is None:
        changes |= _validators(visited) | {"succeeded_at": now}
        changes |= _moved(known, visited)
        if visited.document is None:
            changes["unchanged"] = known.unchanged + 1
        else:
            changes |= _read(known, visited, visited.document, now)
    circumstances = circumstances_after(known, changes, visited, now)
    changes["next_fetch_at"] = next_fetch_at(now, circumstances, jitter)
    return changes


def first_row(url: str, visited: Visit, every: timedelta | None, now: datetime) -> dict[str, Any]:
    """Return the row of a source that has just been read for the first time."""
    document, newborn = visited.document, newborn_of(visited, every)
    return {
        **changes_after(newborn, visited, now, 0),
        "url": url,
        "url_hash": url_hash(url),
        "host": host_of(url),
        "title": document.title if document else "",
        "kind": newborn.kind,
        "every_seconds": newborn.every_seconds,
        "created_at": now,
    }


def newborn_of(visited: Visit, every: timedelta | None = None) -> Newborn:
    document = visited.document
    return Newborn(
        kind=SourceKind.FEED if document is None else _KINDS[document.kind],
        every_seconds=None if every is None else round(every.total_seconds()),
    )


def not_a_feed(known: Known, visited: Visit) -> Problem | None:
    """A feed that suddenly is a page has been replaced; it is not news."""
    document = visited.document
    if known.kind is SourceKind.PAGE or document is None or document.kind in _LISTS:
        return None
    return Problem(Trouble.HTML, "gives an HTML page instead of a feed")


def host_to_pause(answer: Answer | None, now: datetime) -> tuple[str, datetime] | None:
    """Return the host that wants to be left alone, and until when."""
    if answer is None or answer.own_network:
        return None
    pause = pause_of_host(answer.status, answer.headers, now)
    return (host_of(answer.url), now + pause) if pause else None


def new_address(changes: dict[str, Any]) -> str | None:
    """Return where the source has moved to for good; seen often enough, and it could be read."""
    if changes.get("moved_seen", 0) >= SIGHTINGS_UNTIL_MOVED:
        address: str | None = changes["moved_to"]
        return address
    return None


def _health(known: Known, problem: Problem | None, now: datetime) -> dict[str, Any]:
    if problem is None:
        return {"failures": 0, "trouble": None, "trouble_text": None, "trouble_since": None}
    return {
        "failures": known.failures + problem.is_failure,
        "trouble": str(problem.trouble),
        "trouble_text": problem.sentence,
        "trouble_since": known.trouble_since if known.trouble else now,
        "last_trouble_text": problem.sentence,
        "last_trouble_at": now,
        "state": SourceState.GONE if problem.is_final else SourceState.ACTIVE,
    }


def _validators(visited: Visit) -> dict[str, Any]:
    answer = visited.answer
    if answer is None:
        return {}
    return {
        "etag": answer.etag,
        "last_modified": answer.last_modified,
        "body_hash": visited.body_hash,
    }


def _moved(known: Known, visited: Visit) -> dict[str, Any]:
    target = visited.answer.moved_permanently_to if visited.answer else None
    if target is None:
        return {"moved_to": None, "moved_seen": 0}
    seen = known.moved_seen + 1 if target == known.moved_to else 1
    return {"moved_to": target, "moved_seen": seen}


def _read(known: Known, visited: Visit, document: Document, now: datetime) -> dict[str, Any]:
    pace = document.pace or FeedPace()
    rhythm = rhythm_of(moments_of(document.items, now), pace.ttl)
    newest = newest_of(document.items, now)
    return {
        **_hub(visited, pace),
        "pushed_until": _pushed_until(known, newest, now),
        "first_read_at": known.first_read_at or now,
        "newest_at": newest or known.newest_at,
        "rhythm_seconds": None if rhythm is None else int(min(rhythm, _SLOWEST).total_seconds()),
        "ttl_seconds": None if pace.ttl is None else int(pace.ttl.total_seconds()),
        "skip_hours": _bits(pace.skip_hours),
        "skip_days": _bits(pace.skip_days),
    }


def _hub(visited: Visit, pace: FeedPace) -> dict[str, Any]:
    answer = visited.answer
    hub = hub_of(answer.url, answer.headers.get("link", ""), pace) if answer else None
    return {"hub": hub and hub.url, "hub_topic": hub and hub.topic}


def _pushed_until(known: Known, newest: datetime | None, now: datetime) -> datetime | None:
    """A hub is relied on as long as it was right of late; news that it kept to itself end that."""
    if _is_hinted(known):
        return now + RELIED_ON
    if newest and known.newest_at and known.newest_at < newest <= now - HUBS_DELAY:
        return None
    return known.pushed_until


def _is_hinted(known: Known) -> bool:
    """Whether this visit is one for which a hub called."""
    if known.hinted_at is None:
        return False
    return known.fetched_at is None or known.hinted_at > known.fetched_at


def circumstances_after(
    known: Known, changes: Mapping[str, Any], visited: Visit, now: datetime
) -> Circumstances:
    """Return what decides when *known* is asked again, once *changes* hold."""
    problem = visited.problem
    return Circumstances(
        rhythm=_seconds(changes.get("rhythm_seconds", known.rhythm_seconds)),
        newest=changes.get("newest_at", known.newest_at),
        wishes=_wishes(visited, now),
        pace=FeedPace(
            ttl=_seconds(changes.get("ttl_seconds", known.ttl_seconds)),
            skip_hours=_set(changes.get("skip_hours", known.skip_hours)),
            skip_days=_set(changes.get("skip_days", known.skip_days)),
        ),
        every=_seconds(known.every_seconds),
        own_network=changes.get("own_network", known.own_network),
        failures=changes["failures"],
        busy=problem is not None and not problem.is_failure,
        pushed=_is_pushed(known, changes, visited, now),
        **_bounds(known.kind),
    )


def _is_pushed(known: Known, changes: Mapping[str, Any], visited: Visit, now: datetime) -> bool:
    """Not where the hub called and nothing was there: a cache may show the news a little later."""
    until: datetime | None = changes.get("pushed_until", known.pushed_until)
    in_vain = _is_hinted(known) and visited.document is None
    return until is not None and until > now and not in_vain


def _bounds(kind: SourceKind) -> dict[str, timedelta]:
    if kind is not SourceKind.SEARCH:
        return {}
    return {"shortest": SEARCH_SHORTEST, "longest": SEARCH_LONGEST}


def _wishes(visited: Visit, now: datetime) -> Wishes:
    if visited.answer is None:
        return Wishes(retry_after=visited.wait)
    return wishes_of(visited.answer.headers, now)


def _seconds(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _bits(numbers: Iterable[int]) -> int:
    return sum(1 << number for number in numbers)


def _set(bits: int) -> frozenset[int]:
    return frozenset(number for number in range(24) if bits >> number & 1)
