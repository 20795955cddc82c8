"""The operator's and admins' commands on sources: list, export, remove, and check one closely."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.sources.decide import not_a_feed, schedule_inputs, source_changes
from bot.sources.discovery.add import Addition, AddOutcome, SourceAdder, new_source
from bot.sources.discovery.add_all import add_all, as_listed
from bot.sources.discovery.opml import Outline, write_opml
from bot.sources.drafts import url_hash
from bot.sources.feeds.model import Unreadable
from bot.sources.feeds.sniff import decoded, unpacked
from bot.sources.fetch.schedule import interval
from bot.sources.fetch.source import (
    Fetches,
    FetchRequest,
    FetchResult,
    ReadsDocuments,
    fetch_source,
)
from bot.sources.urls import as_typed
from storage import feeds_followed
from storage.access import record_event
from storage.db.engine import Storage
from storage.db.problems import DatabaseError, message_of
from storage.enums import AuditAction, SourceKind, SourceState
from storage.sources import Source, all_sources, source_of
from storage.sources import remove_source as delete_source

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Checkup:
    """The result of checking a source closely.

    `source`: its stored row, None if nobody has added it. `next_fetch_at`: when the source is
    polled next, or would be if it were added now. `interval`: the time from this response to the
    next poll. `why`: the rule that set the interval. `hub`: the hub that pushes the feed, or "".
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


async def check_source(
    storage: Storage, fetcher: Fetches, reader: ReadsDocuments, url: str
) -> Checkup:
    """Fetch *url* once and write nothing.

    The request has no validators, so that the response has a body.
    """
    url = as_typed(url)
    result = await fetch_source(fetcher, reader, FetchRequest(url, inside=True, public=True))
    async with storage.reading() as tx:
        source = await source_of(tx, url_hash(url))
        now = tx.now
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
    )


async def get_source(storage: Storage, source_id: int) -> Source | None:
    async with storage.reading() as tx:
        return await tx.get(Source, source_id)


async def list_sources(storage: Storage) -> list[Source]:
    async with storage.reading() as tx:
        return await all_sources(tx)


async def sources_as_opml(storage: Storage) -> bytes:
    """Return the public sources as OPML, except search feeds."""
    outlines = [
        Outline(
            source.url,
            source.title,
            folder=tuple(source.folder),
            is_page=source.kind is SourceKind.PAGE,
        )
        for source in await list_sources(storage)
        if source.public and source.kind not in {SourceKind.SEARCH, SourceKind.POSTS}
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
        source = await source_of(tx, url_hash(as_typed(url)))
    return source is not None and source.kind is SourceKind.SEARCH


async def is_passive_source(storage: Storage, url: str) -> bool:
    """Return whether the entries of the source at *url* are delivered, so that it has no fetch."""
    async with storage.reading() as tx:
        source = await source_of(tx, url_hash(as_typed(url)))
    return source is not None and source.state is SourceState.PASSIVE


async def remove_source(storage: Storage, url: str, *, by: int | None = None) -> bool:
    """Remove a source but not its articles; return whether it existed. *by*: the admin's id."""
    url = as_typed(url)
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
