"""A chat's own feeds: what they bring reaches it alone, unless the source is public anyway."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.matching import search
from bot.sources.discovery.add import Addition
from bot.sources.drafts import url_hash
from bot.sources.fetch.problems import Problem
from bot.sources.hosts import shown_host
from bot.sources.urls import as_typed
from bot.subscribers.errors import NoSuchSource, TooManyFeeds
from storage import feeds_followed
from storage.chats import lock_chat, quota_of
from storage.db.engine import Storage, Transaction
from storage.enums import SourceKind
from storage.sources import Source, source_of


class FeedAddition(StrEnum):
    FOLLOWED = "followed"
    THERE = "there"  # the chat had it already
    REFUSED = "refused"


class AddsFeeds(Protocol):
    """Reads a feed before it is added for the chats that follow it."""

    async def add(self, url: str, /) -> Addition: ...


@dataclass(frozen=True, slots=True)
class Followed:
    """`problem` says why not."""

    outcome: FeedAddition
    url: str
    title: str = ""
    source_id: int | None = None
    public: bool = False
    problem: Problem | None = None


async def list_own_feeds(storage: Storage, chat_id: int) -> list[Source]:
    async with storage.reading() as tx:
        return await feeds_followed.sources_followed(tx, chat_id)


async def get_own_feed(storage: Storage, chat_id: int, source_id: int) -> Source:
    async with storage.reading() as tx:
        source = await feeds_followed.source_followed(tx, chat_id, source_id)
    if source is None:
        raise NoSuchSource
    return source


async def public_source(storage: Storage, url: str) -> Source | None:
    """Return the source at *url* if it is everybody's: nothing need be asked then."""
    async with storage.reading() as tx:
        source = await source_of(tx, url_hash(as_typed(url)))
    is_known = source is not None and source.public and source.kind is not SourceKind.SEARCH
    return source if is_known else None


async def check_limit(storage: Storage, chat_id: int, url: str, *, most: int) -> None:
    """Before anything is read for nothing; what the chat has already needs no room."""
    url = as_typed(url)
    async with storage.reading() as tx:
        source = await source_of(tx, url_hash(url))
        known = source and await feeds_followed.source_followed(tx, chat_id, source.id)
        if not known:
            await _refuse_one_more(tx, chat_id, most=most)


async def follow_feed(
    storage: Storage, chat_id: int, url: str, *, adder: AddsFeeds, most: int
) -> Followed:
    """Follow what is at *url*; it is read first, unless it is a source already."""
    url = as_typed(url)
    await check_limit(storage, chat_id, url, most=most)
    if source := await public_source(storage, url):
        return await _follow(storage, chat_id, source, url, most=most)
    added = await adder.add(url)
    async with storage.reading() as tx:
        source = await source_of(tx, url_hash(added.url))
    if source is None or source.kind is SourceKind.SEARCH or _is_inside(source):
        return Followed(FeedAddition.REFUSED, url, problem=added.problem)
    return await _follow(storage, chat_id, source, url, most=most)


async def unfollow_feed(storage: Storage, chat_id: int, source_id: int) -> Source:
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        await feeds_followed.purge_unfollowed(tx)
        source = await feeds_followed.source_followed(tx, chat_id, source_id)
        if source is None or not await feeds_followed.unfollow(tx, chat_id, source_id):
            raise NoSuchSource
    return source


async def follow_feed_again(storage: Storage, chat_id: int, source_id: int) -> Source:
    """Undo it, within ten minutes; nobody gets what they did not have."""
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        if await feeds_followed.source_followed(tx, chat_id, source_id) is None:
            if not await feeds_followed.was_followed(tx, chat_id, source_id):
                raise NoSuchSource
            await feeds_followed.follow(tx, chat_id, source_id)
        source = await feeds_followed.source_followed(tx, chat_id, source_id)
    if source is None:
        raise NoSuchSource
    return source


async def _follow(
    storage: Storage, chat_id: int, source: Source, url: str, *, most: int
) -> Followed:
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        await feeds_followed.purge_unfollowed(tx)
        is_new = await _followed(tx, chat_id, source.id, most=most)
    if is_new and not source.public:
        await search.backfill_feed(storage, chat_id, source.id)
    outcome = FeedAddition.FOLLOWED if is_new else FeedAddition.THERE
    title = source.title or shown_host(source.host)
    return Followed(outcome, url, title, source.id, source.public)


async def _followed(tx: Transaction, chat_id: int, source_id: int, *, most: int) -> bool:
    if await feeds_followed.source_followed(tx, chat_id, source_id):
        return False
    await _refuse_one_more(tx, chat_id, most=most)
    return await feeds_followed.follow(tx, chat_id, source_id)


async def _refuse_one_more(tx: Transaction, chat_id: int, *, most: int) -> None:
    said = (await quota_of(tx, chat_id)).feeds
    most = most if said is None else said
    if await feeds_followed.count_followed(tx, chat_id) >= most:
        raise TooManyFeeds(most)


def _is_inside(source: Source) -> bool:
    """Whether it stands in the operator's network and is not for everybody."""
    return source.own_network and not source.public
