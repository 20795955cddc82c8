"""The feeds that a chat reads and publishes.

The articles of a feed that a chat added reach only its followers, unless the source is public. The
addresses at which a chat publishes for feed readers can be renewed and revoked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Protocol

from bot.budgets import FREE, Budgets, Cost
from bot.matching.backfill import backfill_feed
from bot.rendering.links import WHOLE_DIGEST, FeedKind, Links
from bot.sources.channels.addresses import source_address
from bot.sources.discovery.add import Addition
from bot.sources.drafts import url_hash
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.sources.hosts import shown_host
from bot.sources.payment import charge_account
from bot.sources.urls import host_of
from bot.subscribers import topics
from bot.subscribers.errors import NoSuchSource, OverBudget, TooManyAdditions, TooManyFeeds
from bot.subscribers.limits import Limits, limits_of
from bot.subscribers.paging import ListPage
from bot.subscribers.topics import ChatTopic
from storage import feeds_followed
from storage.channel_sources import may_follow
from storage.chats import (
    PublishedFeed,
    lock_account,
    lock_chat,
    lock_published_feed,
    published_feed,
)
from storage.db.engine import Storage, Transaction
from storage.enums import SourceKind, UsageKind
from storage.sources import Source, source_of
from storage.updates import UpdateRef, is_duplicate
from storage.usage import account_of_chat, used_today


class FeedAddition(StrEnum):
    FOLLOWED = "followed"
    THERE = "there"  # the chat followed it already
    REFUSED = "refused"


class AddsFeeds(Protocol):
    """Reads a feed before it is added for the chats that follow it."""

    async def for_account(self, url: str, /, *, room: int) -> Addition:
        """Add the feed at *url*; store no entries yet if they weigh more than *room*."""


@dataclass(frozen=True, slots=True)
class Followed:
    """The result of following a feed; *problem* is the reason for a refusal."""

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
    """Return the source at *url* if it is public, so that it need not be read first."""
    async with storage.reading() as tx:
        source = await source_of(tx, url_hash(source_address(url)))
    is_known = source is not None and source.public and source.kind is not SourceKind.SEARCH
    return source if is_known else None


async def is_read_for(storage: Storage, chat_id: int, url: str) -> bool:
    """Return whether the chat gets the articles of the source at *url*."""
    async with storage.reading() as tx:
        source = await source_of(tx, url_hash(source_address(url)))
        if source is None or source.public:
            return source is not None
        return await feeds_followed.source_followed(tx, chat_id, source.id) is not None


async def paused_source(storage: Storage, chat_id: int, url: str) -> Source | None:
    """Return a source of the host of *url* that the chat sees and that an operator has paused."""
    async with storage.reading() as tx:
        return await feeds_followed.paused_source(tx, chat_id, host_of(url))


async def check_limit(storage: Storage, chat_id: int, url: str, *, limits: Limits) -> int:
    """Return how many entries the account's budget still allows today.

    Raises TooManyFeeds, TooManyAdditions or OverBudget, so that no feed is read in vain. A feed
    that the chat follows already needs no room.
    """
    url = source_address(url)
    async with storage.reading() as tx:
        source = await source_of(tx, url_hash(url))
        if source and await feeds_followed.source_followed(tx, chat_id, source.id):
            return 0
        await refuse_one_more(tx, chat_id, limits=limits)
        used = await _used(tx, chat_id)
    if source is None or not source.public:
        _refuse_beyond(used, limits.budgets)
    return limits.budgets.left(UsageKind.ENTRIES, used)


async def follow_feed(
    storage: Storage,
    chat_id: int,
    url: str,
    *,
    adder: AddsFeeds,
    limits: Limits,
    import_id: int | None = None,
) -> Followed:
    """Follow the feed at *url*, which is read first unless it is a public source.

    *import_id*: the list that it came with.
    """
    follow = partial(_follow, storage, chat_id, limits=limits, import_id=import_id)
    url = source_address(url)
    room = await check_limit(storage, chat_id, url, limits=limits)
    if source := await public_source(storage, url):
        return await follow(source, url, cost=FREE)
    added = await adder.for_account(url, room=room)
    async with storage.reading() as tx:
        source = await source_of(tx, url_hash(added.url))
        is_allowed = source is not None and await may_follow(tx, chat_id, source.id)
    if source is None or not is_allowed or source.kind is SourceKind.SEARCH or _is_inside(source):
        async with storage.writing() as tx:
            await _charge(tx, chat_id, added.cost)
        return Followed(FeedAddition.REFUSED, url, problem=added.problem)
    cost = added.cost if source.public else replace(added.cost, additions=1)
    return await follow(source, url, cost=cost)


async def charge_addition(tx: Transaction, chat_id: int, *, limits: Limits) -> None:
    """Charge one more source that need not be read; raise TooManyFeeds or TooManyAdditions."""
    await refuse_one_more(tx, chat_id, limits=limits)
    if not limits.budgets.left(UsageKind.ADDITIONS, await _used(tx, chat_id)):
        raise TooManyAdditions(limits.budgets.additions)
    await _charge(tx, chat_id, Cost(additions=1))


async def unfollow_feed(storage: Storage, chat_id: int, source_id: int) -> Source:
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        source = await feeds_followed.source_followed(tx, chat_id, source_id)
        if source is None or not await feeds_followed.unfollow(tx, chat_id, source_id):
            raise NoSuchSource
    return source


async def follow_feed_again(storage: Storage, chat_id: int, source_id: int) -> Source:
    """Undo `unfollow_feed` within ten minutes."""
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
    storage: Storage,
    chat_id: int,
    source: Source,
    url: str,
    *,
    limits: Limits,
    cost: Cost,
    import_id: int | None = None,
) -> Followed:
    async with storage.writing() as tx:
        await lock_account(tx, chat_id)
        is_new = not await feeds_followed.source_followed(tx, chat_id, source.id)
        if is_new and await _is_closed(tx, source.id):
            await _charge(tx, chat_id, replace(cost, additions=0))
            closed = Problem(ProblemCode.LOGIN_REQUIRED)
            return Followed(FeedAddition.REFUSED, url, problem=closed)
        # The chat may have added other feeds while this one was read.
        is_beyond = bool(is_new and cost.additions) and not limits.budgets.left(
            UsageKind.ADDITIONS, await _used(tx, chat_id)
        )
        if is_new and not is_beyond:
            await refuse_one_more(tx, chat_id, limits=limits)
            await feeds_followed.follow(tx, chat_id, source.id, import_id=import_id)
            await _charge(tx, chat_id, cost)
        else:
            await _charge(tx, chat_id, replace(cost, additions=0))
    if is_beyond:
        raise TooManyAdditions(limits.budgets.additions)
    if is_new and not source.public:
        await backfill_feed(storage, chat_id, source.id)
    outcome = FeedAddition.FOLLOWED if is_new else FeedAddition.THERE
    title = source.title or shown_host(source.host)
    return Followed(outcome, url, title, source.id, source.public)


async def _used(tx: Transaction, chat_id: int) -> Mapping[UsageKind, int]:
    account = await account_of_chat(tx, chat_id)
    return (await used_today(tx, [account]))[account]


def _refuse_beyond(used: Mapping[UsageKind, int], budgets: Budgets) -> None:
    """Raise if the account's additions or polls are used up; for feeds that must be read."""
    exceeded = budgets.exceeded(used)
    if UsageKind.ADDITIONS in exceeded:
        raise TooManyAdditions(budgets.additions)
    if not exceeded.isdisjoint((UsageKind.REQUESTS, UsageKind.WAITING, UsageKind.BYTES)):
        raise OverBudget


async def _charge(tx: Transaction, chat_id: int, cost: Cost) -> None:
    if cost.amounts:
        await charge_account(tx, await account_of_chat(tx, chat_id), cost)


async def refuse_one_more(tx: Transaction, chat_id: int, *, limits: Limits) -> None:
    """Raise TooManyFeeds if the account follows as many sources as it may."""
    most = (await limits_of(tx, chat_id, limits)).feeds
    if await feeds_followed.count_followed(tx, chat_id) >= most:
        raise TooManyFeeds(most)


async def _is_closed(tx: Transaction, source_id: int) -> bool:
    """Return whether the operator reads the source with a login, for its present followers only.

    Otherwise anybody who knows its address could read what that login opens.
    """
    source = await tx.get(Source, source_id)
    return source is not None and source.has_access and not source.public


def _is_inside(source: Source) -> bool:
    """Return whether the source is in the operator's network and not public."""
    return source.own_network and not source.public


@dataclass(frozen=True, slots=True)
class FeedSeen:
    """The addresses of one feed; *topic* is None for the digests."""

    topic: ChatTopic | None
    atom: str
    json: str


@dataclass(frozen=True, slots=True)
class FeedsSeen:
    """*page*: the topics of *feeds*; on the first page the feed of the digests comes first."""

    feeds: Sequence[FeedSeen]
    page: ListPage[ChatTopic]
    is_open: bool


async def get_feeds(
    storage: Storage, chat_id: int, page: int = 0, *, links: Links
) -> FeedsSeen | None:
    """Return the addresses of the feeds; None if the bot has no public address.

    The first call turns the feeds on.
    """
    async with storage.reading() as tx:
        grant = await published_feed(tx, chat_id)
    return await _seen(storage, grant or await _open(storage, chat_id), page, links=links)


async def renew_feeds(
    storage: Storage, chat_id: int, *, once: UpdateRef | None = None, links: Links
) -> FeedsSeen | None:
    """Give every feed a new address; the old ones stop working."""
    async with storage.writing() as tx:
        grant = await _locked(tx, chat_id)
        if not await is_duplicate(tx, once):
            _change(tx, grant, is_open=True)
    return await _seen(storage, grant, links=links)


async def close_feeds(storage: Storage, chat_id: int, *, links: Links) -> FeedsSeen | None:
    """Turn the feeds off; if they are turned on again, they get new addresses."""
    async with storage.writing() as tx:
        grant = await _locked(tx, chat_id)
        if grant.is_open:
            _change(tx, grant, is_open=False)
    return await _seen(storage, grant, links=links)


async def _open(storage: Storage, chat_id: int) -> PublishedFeed:
    async with storage.writing() as tx:
        return await _locked(tx, chat_id)


async def _seen(
    storage: Storage, grant: PublishedFeed, wanted: int = 0, *, links: Links
) -> FeedsSeen | None:
    page = await topics.subscribed(storage, grant.chat_id, wanted)
    listed = [] if page.number else [_feed(grant, None, links=links)]
    listed += [_feed(grant, topic, links=links) for topic in page.items]
    feeds = [feed for feed in listed if feed]
    return FeedsSeen(feeds, page, grant.is_open) if links.base else None


def _feed(grant: PublishedFeed, topic: ChatTopic | None, *, links: Links) -> FeedSeen | None:
    topic_id = topic.id if topic else WHOLE_DIGEST
    atom, json = (
        links.feed(grant.chat_id, topic_id, grant.version, kind)
        for kind in (FeedKind.ATOM, FeedKind.JSON)
    )
    return FeedSeen(topic, atom, json) if atom and json else None


def _change(tx: Transaction, grant: PublishedFeed, *, is_open: bool) -> None:
    grant.version += 1
    grant.is_open = is_open
    grant.changed_at = tx.now


async def _locked(tx: Transaction, chat_id: int) -> PublishedFeed:
    await lock_chat(tx, chat_id)
    return await lock_published_feed(tx, chat_id)
