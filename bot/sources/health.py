"""What a fetch changes in a source's row: validators, health, the next poll, a new address."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.budgets import next_day
from bot.sources.drafts import moments_of, newest_of
from bot.sources.feeds.model import Document, DocumentKind, FeedPace
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.sources.fetch.response import NOT_A_FEED, Directives, directives_of, hub_of
from bot.sources.fetch.schedule import (
    MAX_SEARCH_INTERVAL,
    MIN_SEARCH_INTERVAL,
    ScheduleInputs,
    next_fetch_at,
    rhythm_of,
)
from storage.enums import SourceKind, SourceState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.sources.fetch.source import FetchResult
    from storage.sources import Source

MOVED_AFTER = 10  # permanent redirects to one address, in a row
TRUST_IN_HUB = timedelta(days=2)  # after each push that was right
HUB_DELAY = timedelta(minutes=10)
_MAX_RHYTHM = timedelta(days=365)  # dates of other centuries must not overflow a column
_NO_PACE = FeedPace()
_KINDS = {
    DocumentKind.FEED: SourceKind.FEED,
    DocumentKind.SITEMAP: SourceKind.SITEMAP,
    DocumentKind.PAGE: SourceKind.PAGE,
    DocumentKind.TEXT: SourceKind.PAGE,
}


def changes_after(
    source: Source, result: FetchResult, now: datetime, jitter: float
) -> dict[str, Any]:
    """Return the new values of the columns of *source*; *jitter* is in [-1, 1]."""
    problem = result.problem
    changes: dict[str, Any] = {"fetched_at": now, "fetches": source.fetches + 1}
    changes |= _health(source, problem, now)
    if result.response is not None:
        changes["own_network"] = result.own_network
    if problem is None:
        changes |= _validators(result) | {"succeeded_at": now}
        changes |= _moved(source, result)
        if result.document is None:
            changes["unchanged"] = source.unchanged + 1
        else:
            changes |= _read(source, result, result.document, now)
    inputs = schedule_inputs(source, changes, result, now)
    changes["next_fetch_at"] = next_fetch_at(now, inputs, jitter)
    return changes


def postponed(
    source: Source, changes: Mapping[str, Any], now: datetime, jitter: float
) -> dict[str, Any]:
    """Return *changes* with the next poll at the next day: its followers are beyond a budget.

    An error that it has otherwise stays.
    """
    if changes.get("error") is None:
        changes = {**changes, **_health(source, Problem(ProblemCode.OVER_BUDGET), now)}
    return {**changes, "next_fetch_at": max(changes["next_fetch_at"], next_day(now, jitter))}


def schedule_inputs(
    source: Source, changes: Mapping[str, Any], result: FetchResult, now: datetime
) -> ScheduleInputs:
    """Return what decides when *source* is polled next, once *changes* hold."""
    problem = result.problem
    bounds = {}
    if source.kind is SourceKind.SEARCH:
        bounds = {"shortest": MIN_SEARCH_INTERVAL, "longest": MAX_SEARCH_INTERVAL}
    return ScheduleInputs(
        rhythm=_duration(changes.get("rhythm_seconds", source.rhythm_seconds)),
        newest=changes.get("newest_at", source.newest_at),
        directives=_directives(result, now),
        pace=_pace(source, changes),
        every=_duration(source.every_seconds),
        own_network=changes.get("own_network", source.own_network),
        failures=changes["failures"],
        busy=problem is not None and not problem.is_failure,
        pushed=_is_pushed(source, changes, result, now),
        **bounds,
    )


def kind_of(result: FetchResult) -> SourceKind:
    return SourceKind.FEED if result.document is None else _KINDS[result.document.kind]


def not_a_feed(source: Source, result: FetchResult) -> Problem | None:
    """A feed that suddenly is a page has been replaced; it is not news."""
    document = result.document
    if source.kind is SourceKind.PAGE or document is None or document.kind.is_list:
        return None
    return NOT_A_FEED


def new_address(changes: dict[str, Any]) -> str | None:
    """Return where the source has moved for good, once it was seen there often enough."""
    if changes.get("moved_seen", 0) >= MOVED_AFTER:
        address: str | None = changes["moved_to"]
        return address
    return None


def _health(source: Source, problem: Problem | None, now: datetime) -> dict[str, Any]:
    if problem is None:
        return {"failures": 0, "error": None, "error_detail": None, "error_since": None}
    code, detail = problem.code.value, dict(problem.detail)
    return {
        "failures": source.failures + problem.is_failure,
        "error": code,
        "error_detail": detail,
        "error_since": source.error_since if source.error else now,
        "last_error": code,
        "last_error_detail": detail,
        "last_error_at": now,
        "state": SourceState.GONE if problem.is_final else SourceState.ACTIVE,
    }


def _validators(result: FetchResult) -> dict[str, Any]:
    response = result.response
    if response is None:
        return {}
    return {
        "etag": response.etag,
        "last_modified": response.last_modified,
        "body_hash": result.body_hash,
    }


def _moved(source: Source, result: FetchResult) -> dict[str, Any]:
    target = result.response.moved_permanently_to if result.response else None
    if target is None:
        return {"moved_to": None, "moved_seen": 0}
    seen = source.moved_seen + 1 if target == source.moved_to else 1
    return {"moved_to": target, "moved_seen": seen}


def _read(source: Source, result: FetchResult, document: Document, now: datetime) -> dict[str, Any]:
    pace = document.pace or _NO_PACE
    rhythm = rhythm_of(moments_of(document.items, now), pace.ttl)
    newest = newest_of(document.items, now)
    response = result.response
    hub = hub_of(response.url, response.headers.get("link", ""), pace) if response else None
    return {
        "hub": hub and hub.url,
        "hub_topic": hub and hub.topic,
        "pushed_until": _pushed_until(source, newest, now),
        "first_read_at": source.first_read_at or now,
        "newest_at": newest or source.newest_at,
        "rhythm_seconds": None if rhythm is None else int(min(rhythm, _MAX_RHYTHM).total_seconds()),
        "ttl_seconds": None if pace.ttl is None else int(pace.ttl.total_seconds()),
        "skip_hours": _bits(pace.skip_hours),
        "skip_days": _bits(pace.skip_days),
    }


def _pushed_until(source: Source, newest: datetime | None, now: datetime) -> datetime | None:
    """A hub is trusted for a while after each push; entries that it did not push end that."""
    if _is_hinted(source):
        return now + TRUST_IN_HUB
    if newest and source.newest_at and source.newest_at < newest <= now - HUB_DELAY:
        return None
    return source.pushed_until


def _is_hinted(source: Source) -> bool:
    """Whether a push asked for this fetch."""
    if source.hinted_at is None:
        return False
    return source.fetched_at is None or source.hinted_at > source.fetched_at


def _is_pushed(
    source: Source, changes: Mapping[str, Any], result: FetchResult, now: datetime
) -> bool:
    """Not if a push found nothing: a cache may show the news a little later."""
    until: datetime | None = changes.get("pushed_until", source.pushed_until)
    if until is None or until <= now:
        return False
    return not (_is_hinted(source) and result.document is None)


def _directives(result: FetchResult, now: datetime) -> Directives:
    if result.response is None:
        return Directives(retry_after=result.wait)
    return directives_of(result.response.headers, now)


def _pace(source: Source, changes: Mapping[str, Any]) -> FeedPace:
    ttl = changes.get("ttl_seconds", source.ttl_seconds)
    hours = changes.get("skip_hours", source.skip_hours)
    days = changes.get("skip_days", source.skip_days)
    if ttl is None and not hours and not days:
        return _NO_PACE
    return FeedPace(ttl=_duration(ttl), skip_hours=_numbers(hours), skip_days=_numbers(days))


def _duration(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _bits(numbers: Iterable[int]) -> int:
    return sum(1 << number for number in numbers)


def _numbers(bits: int) -> frozenset[int]:
    return frozenset(number for number in range(24) if bits >> number & 1)
