"""Decides what a fetch changes: columns of its source, and which of its entries are stored.

- A problem counts as a failure of the source. A busy host only delays the next poll.
- An entry with an unknown guid is new. A known entry with other content is changed. All others are
  skipped.
- The entries of a source's first read are its backlog, which alerts nobody.
- New entries beyond the daily limit are left out, the oldest first. The source then shows a problem
  and keeps its old validators, so that the next poll reads the same document again.

This module does no I/O and reads no clock. `store` loads the stored state and writes the outcome.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from bot.budgets import next_day, weight
from bot.sources.channels.gaps import pack_newest
from bot.sources.drafts import (
    MAX_PRIVATE_PAGES,
    ArticleDraft,
    IdentifiedItem,
    awaiting_pages,
    content_hash,
    draft_of,
    moments_of,
    seen_entries,
    url_hash,
)
from bot.sources.entry_rules import EntryRules, RuleSubject
from bot.sources.feeds.model import (
    Document,
    DocumentKind,
    FeedPace,
    Item,
    pack_seen,
    sort_time,
)
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.sources.fetch.response import (
    NOT_A_FEED,
    Directives,
    directives_of,
    hub_of,
    login_page,
)
from bot.sources.fetch.schedule import (
    MAX_CHANNEL_INTERVAL,
    MAX_SEARCH_INTERVAL,
    MIN_CHANNEL_INTERVAL,
    MIN_SEARCH_INTERVAL,
    SECONDS_OF_CHANNEL,
    ScheduleInputs,
    next_fetch_at,
    rhythm_of,
)
from bot.sources.urls import host_of
from bot.text.folding import folded_labels
from storage.enums import SourceKind, SourceState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from bot.sources.fetch.source import FetchResult
    from storage.entries import KnownEntry
    from storage.sources import Source

MOST_A_DAY: Final = 4_000  # new entries of one public source
MOVED_AFTER = 10  # permanent redirects to one address, in a row
TRUST_IN_HUB = timedelta(days=2)  # after each push that announced a real change
HUB_DELAY = timedelta(minutes=10)
_MAX_RHYTHM = timedelta(days=365)  # dates of other centuries must not overflow a column
_NO_PACE = FeedPace()
_TOO_MUCH: Final = Problem(ProblemCode.TOO_MANY_ENTRIES, {"limit": MOST_A_DAY})
_OVER_BUDGET: Final = Problem(ProblemCode.OVER_BUDGET)
_KINDS = {
    DocumentKind.FEED: SourceKind.FEED,
    DocumentKind.SITEMAP: SourceKind.SITEMAP,
    DocumentKind.PAGE: SourceKind.PAGE,
    DocumentKind.TEXT: SourceKind.PAGE,
    DocumentKind.CHANNEL: SourceKind.CHANNEL,
}

Revision: TypeAlias = tuple[int, ArticleDraft]
"""The id of a stored article, and the current entry of a source for it."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A finished fetch. *jitter*, in [-1, 1], spreads the next poll."""

    source: Source
    result: FetchResult
    jitter: float = 0.0
    rules: EntryRules | None = None

    @property
    def source_id(self) -> int:
        return self.source.id


@dataclass(frozen=True, slots=True)
class Known:
    """The stored state of a source when its fetch ends.

    `entries`: the known entries, by the hash of the guid. `room`: how many new entries may still be
    stored today; a long entry of a private source counts as several. `pages`: how many pages may
    still be requested today. None means no limit. `channels`: for a channel, how many are read.
    `dropped`: the hashes of the contents of entries that a rule dropped before, by the hash of the
    guid.
    """

    entries: Mapping[str, KnownEntry] = field(default_factory=dict)
    room: int | None = None
    pages: int | None = None
    channels: int = 0
    dropped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SourceEntries:
    """The new and changed entries of a source, the newest first.

    Entries whose guid hash is in *known* revise their articles. *inside*: whether the articles'
    pages may be requested in the operator's own network. *has_settings*: whether these pages are
    read with rules of the source, or with its login, headers or proxy. *is_delivered*: they come
    once, so that no later fetch brings a change that is left out now.
    """

    source_id: int
    drafts: Sequence[ArticleDraft]
    known: Mapping[str, KnownEntry] = field(default_factory=dict)
    inside: bool = field(kw_only=True)
    has_settings: bool = field(kw_only=True, default=False)
    is_delivered: bool = field(kw_only=True, default=False)

    @cached_property
    def oldest_first(self) -> list[ArticleDraft]:
        """The entries in the order in which they are stored; of each guid only the newest."""
        return list({draft.guid_hash: draft for draft in reversed(self.drafts)}.values())

    @property
    def new(self) -> list[ArticleDraft]:
        return [draft for draft in self.oldest_first if draft.guid_hash not in self.known]

    @property
    def changed(self) -> list[Revision]:
        return [
            (self.known[draft.guid_hash].article_id, draft)
            for draft in self.oldest_first
            if draft.guid_hash in self.known
        ]


@dataclass(frozen=True, slots=True)
class FetchOutcome:
    """The consequences of a fetch.

    `changes`: new values of the source's columns. `problem`: None if the source is healthy.
    `left_out`: the number of new entries beyond the daily limit, and of the posts of a channel that
    may have been missed since its last read. `dropped`: the new entries that a rule of the source
    drops.
    """

    fetched: Fetched
    changes: Mapping[str, Any]
    problem: Problem | None
    entries: SourceEntries
    left_out: int = 0
    dropped: Sequence[ArticleDraft] = ()

    @property
    def source_id(self) -> int:
        return self.fetched.source_id


def decide(
    fetched: Fetched, identified: Sequence[IdentifiedItem], known: Known, now: datetime
) -> FetchOutcome:
    """Decide what a fetch changes; *identified* are the entries that were not seen before."""
    source, result = fetched.source, fetched.result
    if known.dropped:
        identified = [
            (item, identity)
            for item, identity in identified
            if known.dropped.get(identity.guid_hash) != content_hash(item)
        ]
    new = [entry for entry in identified if entry[1].guid_hash not in known.entries]
    surplus = _beyond_room(new, known.room, public=source.public)
    if surplus:
        result = replace(result, problem=_TOO_MUCH if source.public else _OVER_BUDGET)
    drafts = [
        draft_of(
            item, identity, source_url=source.url, now=now, backlog=source.first_read_at is None
        )
        for item, identity in identified
        if identity.guid_hash not in surplus
        and _is_changed(item, known.entries.get(identity.guid_hash))
    ]
    drafts, dropped = _judged(source, fetched.rules, drafts, known)
    pages = None if known.pages is None else min(known.pages, MAX_PRIVATE_PAGES)
    entries = SourceEntries(
        source.id,
        awaiting_pages(drafts, source.full_text, source.kind, pages),
        known.entries,
        inside=result.own_network,
        has_settings=source.has_rules or source.has_access,
    )
    changes = source_changes(source, result, now, fetched.jitter, channels=known.channels)
    if result.document:
        changes["fingerprints"] = _fingerprints(source, result, result.document)
    left_out = len(surplus) + _skipped_posts(result)
    return FetchOutcome(fetched, changes, result.problem, entries, left_out, dropped)


def _skipped_posts(result: FetchResult) -> int:
    document = result.document
    is_channel = document is not None and document.kind is DocumentKind.CHANNEL
    return document.left_out if document and is_channel else 0


def _fingerprints(source: Source, result: FetchResult, document: Document) -> bytes:
    """Return what the next read must know of this one.

    A channel that was not read in full keeps the fingerprints of its last full read.
    """
    if document.kind is not DocumentKind.CHANNEL:
        return b"" if result.problem else _packed(document)
    is_full = result.problem is None and result.body_hash is not None
    return (is_full and pack_newest(document)) or source.fingerprints


def _judged(
    source: Source, rules: EntryRules | None, drafts: list[ArticleDraft], known: Known
) -> tuple[list[ArticleDraft], list[ArticleDraft]]:
    """Return the entries to store, and the new ones that the rules of their source drop.

    An entry that is stored already stays: changed rules affect only what comes after.
    """
    if rules is None or not rules.are_any:
        return drafts, []
    dropped = [
        draft
        for draft in drafts
        if draft.guid_hash not in known.entries and rules.drops(_subject(source, draft))
    ]
    hashes = {draft.guid_hash for draft in dropped}
    return [draft for draft in drafts if draft.guid_hash not in hashes], dropped


def _subject(source: Source, draft: ArticleDraft) -> RuleSubject:
    item = draft.item
    return RuleSubject(
        draft.title,
        draft.text,
        names_of(source, item),
        item.language,
        folded_labels(item.author, item.categories),
    )


def names_of(source: Source, item: Item) -> tuple[str, ...]:
    """Return the hosts and names by which a rule can select an entry of *source*."""
    names = (source.host, source.title, item.publisher, item.publisher_host)
    return tuple(filter(None, names))


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """The consequences of a delivery to a passive source; see `FetchOutcome`."""

    entries: SourceEntries
    changes: Mapping[str, Any]
    left_out: int = 0
    dropped: Sequence[ArticleDraft] = ()


def decide_delivery(
    source: Source,
    identified: Sequence[IdentifiedItem],
    known: Known,
    rules: EntryRules | None,
    now: datetime,
) -> DeliveryOutcome:
    """Decide what a delivery changes.

    Nothing delivered is backlog, because a delivery begins with what is new. No page is read,
    because the delivered text is the whole entry.
    """
    new = [entry for entry in identified if entry[1].guid_hash not in known.entries]
    surplus = _beyond_room(new, known.room, public=source.public)
    drafts = [
        draft_of(item, identity, source_url=source.url, now=now, backlog=False)
        for item, identity in identified
        if identity.guid_hash not in surplus
        and _is_changed(item, known.entries.get(identity.guid_hash))
    ]
    drafts, dropped = _judged(source, rules, drafts, known)
    problem = (_TOO_MUCH if source.public else _OVER_BUDGET) if surplus else None
    changes = {**_health(source, problem, now), "state": SourceState.PASSIVE}
    if drafts:
        dates = [draft.published_at for draft in drafts if draft.published_at]
        newest = max(filter(None, (source.newest_at, *dates)), default=None)
        changes |= {
            "succeeded_at": now,
            "newest_at": newest,
            "first_read_at": source.first_read_at or now,
        }
    entries = SourceEntries(source.id, drafts, known.entries, inside=False, is_delivered=True)
    return DeliveryOutcome(entries, changes, len(surplus), dropped)


def _packed(document: Document) -> bytes:
    """Return the entries that need not be read again; b"" if they cannot be distinguished."""
    entries = seen_entries(document)
    is_exact = not document.left_out and all(entry.fingerprint for entry in entries)
    return pack_seen(entries, document.language) if entries and is_exact else b""


def _beyond_room(
    new: Sequence[IdentifiedItem], room: int | None, *, public: bool
) -> Collection[str]:
    """Return the guid hashes of the oldest new entries, those that exceed *room*.

    A long entry of a private source counts as several.
    """
    if room is None:
        return frozenset()
    newest_first = sorted(new, key=lambda entry: sort_time(entry[0]), reverse=True)
    sums = accumulate(
        1 if public else weight(item.text, item.summary) for item, _identity in newest_first
    )
    return {
        identity.guid_hash
        for (_item, identity), sum_ in zip(newest_first, sums, strict=True)
        if sum_ > room
    }


def _is_changed(item: Item, known: KnownEntry | None) -> bool:
    return known is None or known.content_hash != content_hash(item)


def postponed(outcome: FetchOutcome, now: datetime) -> FetchOutcome:
    """Delay the next poll to tomorrow, because the source's followers are over budget.

    If the fetch had an error of its own, that error stays.
    """
    source, changes = outcome.fetched.source, dict(outcome.changes)
    if changes.get("error") is None:
        changes |= _health(source, _OVER_BUDGET, now)
    tomorrow = next_day(now, outcome.fetched.jitter)
    changes["next_fetch_at"] = max(changes["next_fetch_at"], tomorrow)
    return replace(outcome, changes=changes)


def new_address(outcome: FetchOutcome) -> dict[str, Any]:
    """Return the columns of a source's new address.

    Empty until the source has redirected there permanently `MOVED_AFTER` times in a row.
    """
    if outcome.changes.get("moved_seen", 0) < MOVED_AFTER:
        return {}
    url: str = outcome.changes["moved_to"]
    moved = {"url": url, "url_hash": url_hash(url), "host": host_of(url)}
    return moved | {"moved_to": None, "moved_seen": 0}


def source_changes(
    source: Source, result: FetchResult, now: datetime, jitter: float, *, channels: int = 0
) -> dict[str, Any]:
    """Return the new values of the columns of *source*; *jitter* is in [-1, 1].

    *channels*: see `Known`.
    """
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
    inputs = schedule_inputs(source, changes, result, now, channels=channels)
    changes["next_fetch_at"] = next_fetch_at(now, inputs, jitter)
    return changes


def schedule_inputs(
    source: Source,
    changes: Mapping[str, Any],
    result: FetchResult,
    now: datetime,
    *,
    channels: int = 0,
) -> ScheduleInputs:
    """Return the inputs that decide when *source* is polled next, after *changes*."""
    problem = result.problem
    bounds = {}
    if source.kind is SourceKind.SEARCH:
        bounds = {"shortest": MIN_SEARCH_INTERVAL, "longest": MAX_SEARCH_INTERVAL}
    elif source.kind is SourceKind.CHANNEL:
        shortest = max(MIN_CHANNEL_INTERVAL, channels * SECONDS_OF_CHANNEL)
        bounds = {"shortest": shortest, "longest": max(shortest, MAX_CHANNEL_INTERVAL)}
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
    """Return a problem if a feed's address now serves a page, which is not news; else None.

    A page to sign in has no article, so it may be unreadable.
    """
    document, response, problem = result.document, result.response, result.problem
    if source.kind is SourceKind.PAGE or (document and document.kind.is_list):
        return None
    is_page = document is not None or (problem and problem.code is ProblemCode.NO_ARTICLE)
    if response is not None and is_page and (form := login_page(response)):
        return form
    return NOT_A_FEED if document else None


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
        # Otherwise the state stays: an operator may have paused the source meanwhile.
        **({"state": SourceState.GONE} if problem.is_final else {}),
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
    if target and source.has_access and host_of(target) != source.host:
        target = None  # its login would be lost, because no other host may get it
    if target is None:
        return {"moved_to": None, "moved_seen": 0}
    seen = source.moved_seen + 1 if target == source.moved_to else 1
    return {"moved_to": target, "moved_seen": seen}


def _read(source: Source, result: FetchResult, document: Document, now: datetime) -> dict[str, Any]:
    pace = document.pace or _NO_PACE
    moments = moments_of(document, now)
    rhythm, newest = rhythm_of(moments, pace.ttl), max(moments, default=None)
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
        "description": document.description,
        "picture": document.picture,
    }


def _pushed_until(source: Source, newest: datetime | None, now: datetime) -> datetime | None:
    """Return until when the hub is trusted: `TRUST_IN_HUB` after each push.

    An entry that the hub did not push in time ends the trust.
    """
    if _is_hinted(source):
        return now + TRUST_IN_HUB
    if newest and source.newest_at and source.newest_at < newest <= now - HUB_DELAY:
        return None
    return source.pushed_until


def _is_hinted(source: Source) -> bool:
    """Return whether a push asked for this fetch."""
    if source.hinted_at is None:
        return False
    return source.fetched_at is None or source.hinted_at > source.fetched_at


def _is_pushed(
    source: Source, changes: Mapping[str, Any], result: FetchResult, now: datetime
) -> bool:
    """Return whether the hub is trusted to announce the next change.

    False if a push asked for this fetch and the document is unchanged, because a cache may show the
    news a little later.
    """
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
