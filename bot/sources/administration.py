"""The operator's and admins' commands on sources: list, export, remove, and check one closely."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.sources.channels.addresses import source_address
from bot.sources.decide import not_a_feed, schedule_inputs, source_changes
from bot.sources.discovery.add import (
    Addition,
    AddOutcome,
    SourceAdder,
    add_all,
    as_listed,
    new_source,
)
from bot.sources.discovery.discover import ReadsLinks, feeds_by_rule
from bot.sources.discovery.opml import Outline, write_opml
from bot.sources.drafts import url_hash
from bot.sources.entry_rules import EntryRules
from bot.sources.feeds.model import (
    Document,
    ReadingRules,
    SelectorProblem,
    Unreadable,
    sort_time,
)
from bot.sources.feeds.sniff import decoded, unpacked
from bot.sources.fetch.problems import FetchError, Problem, ProblemCode
from bot.sources.fetch.schedule import interval
from bot.sources.fetch.source import (
    Fetches,
    FetchRequest,
    FetchResult,
    fetch_source,
)
from bot.sources.pages.selectors import with_preset
from bot.sources.sealing import NO_KEYS, Keyring
from bot.sources.source_access import NOTHING_SET, ShownAccess, fetcher_for, show_access
from bot.sources.urls import host_of
from storage import feeds_followed
from storage.access import record_event
from storage.db.engine import Storage
from storage.db.problems import DatabaseError, message_of
from storage.enums import AuditAction, SourceKind, SourceState
from storage.source_rules import rules_of, selector_problems
from storage.sources import Source, all_sources, source_of
from storage.sources import remove_source as delete_source

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CheckedPage:
    """A page read as usual (*before*) and by the selectors of its source (*after*).

    *problem*: why they were not used; None if they were.
    """

    url: str
    rules: ReadingRules
    before: str
    after: str
    problem: SelectorProblem | None


@dataclass(frozen=True, slots=True)
class Checkup:
    """The result of checking a source closely.

    `source`: its stored row, None if nobody has added it. `next_fetch_at`: when the source is
    polled next, or would be if it were added now. `interval`: the time from this response to the
    next poll. `why`: the rule that set the interval. `hub`: the hub that pushes the feed, or "".
    `access`: the login and headers that are set, with which it was checked. `page`: the page on
    which the source's selectors were tried; None if it has none.
    """

    url: str
    result: FetchResult
    source: Source | None
    now: datetime
    next_fetch_at: datetime
    interval: timedelta
    why: str
    charset: str = ""
    hub: str = ""
    access: ShownAccess = NOTHING_SET
    page: CheckedPage | None = None


async def check_source(
    storage: Storage,
    fetcher: Fetches,
    reader: ReadsLinks,
    url: str,
    keyring: Keyring = NO_KEYS,
) -> Checkup:
    """Fetch *url* once, or the first feed that a rule knows for it, and write nothing.

    The request has no validators, so that the response has a body.
    """
    url = source_address(url)
    async with storage.reading() as tx:
        source = await source_of(tx, url_hash(url))
        now = tx.now
    access, reading = NOTHING_SET, ReadingRules()
    if source is None:
        url, result = await _fetch_new(fetcher, reader, url)
    else:
        reading = await _reading_of(storage, source, now)
        if source.has_access:
            access = await show_access(storage, keyring, source.id)
        if access.kinds and access.is_readable:
            fetcher = await fetcher_for(storage, keyring, fetcher, source.id)
        rules = with_preset(reading, host_of(url))
        request = FetchRequest(url, inside=True, public=True, rules=rules)
        result = (
            await fetch_source(fetcher, reader, request)
            if access.is_readable
            else FetchResult(problem=Problem(ProblemCode.LOGIN_UNREADABLE))
        )
    if source is not None and (problem := not_a_feed(source, result)):
        result = replace(result, problem=problem)
    row = source or new_source(url, result, now)
    changes = source_changes(row, result, now, 0)
    length, why = interval(now, schedule_inputs(row, changes, result, now))
    return Checkup(
        url=url,
        result=result,
        source=source,
        now=now,
        next_fetch_at=source.next_fetch_at if source else changes["next_fetch_at"],
        interval=length,
        why=why,
        charset=_charset(result),
        hub=changes.get("hub") or "",
        access=access,
        page=await _checked_page(fetcher, reader, result, reading),
    )


async def _reading_of(storage: Storage, source: Source, now: datetime) -> ReadingRules:
    if not source.has_rules:
        return ReadingRules()
    async with storage.reading() as tx:
        stored = (await rules_of(tx, [source.id]))[source.id]
    stored.problem = None  # slow selectors are tried again, because the operator asks
    return EntryRules.of(stored, now).reading


async def _fetch_new(fetcher: Fetches, reader: ReadsLinks, url: str) -> tuple[str, FetchResult]:
    """Fetch *url*, which is no source yet, or else the first feed that a rule knows for it."""
    known = await feeds_by_rule(fetcher, reader, url, inside=True, public=True, most=1)
    if known.feeds:
        return known.feeds[0].url, known.feeds[0].result
    return url, await fetch_source(fetcher, reader, FetchRequest(url, inside=True, public=True))


async def _checked_page(
    fetcher: Fetches, reader: ReadsLinks, result: FetchResult, reading: ReadingRules
) -> CheckedPage | None:
    """Read the page itself, or that of a feed's newest entry, with and without its selectors."""
    document, response = result.document, result.response
    if document is None or response is None or not document.items:
        return None
    newest = max(document.items, key=sort_time)
    url = newest.url or response.url
    reading = with_preset(reading, host_of(url))
    if not reading.has_selectors:
        return None
    try:
        if document.kind.is_list:
            response = await fetcher.fetch(url, inside=result.own_network, public=True)
        read = partial(
            reader.read,
            response.body,
            url=response.url,
            public=True,
            content_type=response.content_type,
        )
        before = await read(rules=reading.without_selectors)
        after = await read(rules=reading)
    except (FetchError, Unreadable):
        return CheckedPage(url, reading, "", "", None)
    return CheckedPage(url, reading, _text_of(before), _text_of(after), after.selector_problem)


def _text_of(document: Document) -> str:
    return document.items[0].text if document.items else ""


async def get_source(storage: Storage, source_id: int) -> Source | None:
    async with storage.reading() as tx:
        return await tx.get(Source, source_id)


async def find_source(storage: Storage, url: str) -> Source | None:
    async with storage.reading() as tx:
        return await source_of(tx, url_hash(source_address(url)))


async def list_sources(storage: Storage) -> list[Source]:
    async with storage.reading() as tx:
        return await all_sources(tx)


async def list_selector_problems(storage: Storage) -> dict[int, str]:
    """Return the sources whose selectors were not used on their last page, each with the reason."""
    async with storage.reading() as tx:
        return await selector_problems(tx)


async def sources_as_opml(storage: Storage) -> bytes:
    """Return the public sources as OPML, except search feeds."""
    outlines = [
        Outline(
            source.url,
            source.title,
            folder=tuple(source.folder),
            is_page=source.kind in {SourceKind.PAGE, SourceKind.CHANNEL},
        )
        for source in await list_sources(storage)
        if source.public and source.kind is not SourceKind.SEARCH and not source.kind.is_delivered
    ]
    return write_opml(outlines, "Sources of Dateline")


async def is_anything_read(storage: Storage, chat_id: int) -> bool:
    """Return whether the bot reads any source whose news the chat could get."""
    async with storage.reading() as tx:
        return await feeds_followed.is_anything_read(tx, chat_id)


async def add_starters(
    storage: Storage,
    adder: SourceAdder,
    outlines: Sequence[Outline],
    trying: Callable[[Sequence[Addition], str], None],
    *,
    by: int,
) -> list[Addition]:
    """Add the starter feeds *outlines*, and record the new ones; *by*: the admin's id."""
    done = await add_all(adder, as_listed(outlines, adder.options), trying)
    added = [each.url for each in done if each.outcome is AddOutcome.ADDED]
    if added:
        try:
            async with storage.writing() as tx:
                for url in added:
                    await record_event(tx, by, AuditAction.SOURCE_ADDED, url)
            await storage.analyze([Source])
        except DatabaseError as error:  # the admin sees the new sources all the same
            log.warning("added sources could not be recorded", reason=message_of(error))
    return done


async def is_search_feed(storage: Storage, url: str) -> bool:
    """Return whether *url* is a search feed. The search stage would add a removed one again."""
    async with storage.reading() as tx:
        source = await source_of(tx, url_hash(source_address(url)))
    return source is not None and source.kind is SourceKind.SEARCH


async def is_passive_source(storage: Storage, url: str) -> bool:
    """Return whether the entries of the source at *url* are delivered, so that it has no fetch."""
    async with storage.reading() as tx:
        source = await source_of(tx, url_hash(source_address(url)))
    return source is not None and source.state is SourceState.PASSIVE


async def remove_source(storage: Storage, url: str, *, by: int | None = None) -> bool:
    """Remove a source but not its articles; return whether it existed. *by*: the admin's id."""
    url = source_address(url)
    async with storage.writing() as tx:
        was_there = await delete_source(tx, url_hash(url))
        if was_there:
            await record_event(tx, by, AuditAction.SOURCE_REMOVED, url)
    return was_there


def _charset(result: FetchResult) -> str:
    response = result.response
    if response is None or not response.body:
        return ""
    try:
        found = decoded(unpacked(response.body), response.content_type)
    except Unreadable:
        return ""
    return f"{found.charset}, {found.why}"
