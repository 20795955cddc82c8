"""The feeds that a chat publishes for feed readers: returns, renews and revokes their addresses."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.rendering.links import WHOLE_DIGEST, FeedKind, Links
from bot.subscribers import topics
from bot.subscribers.paging import ListPage
from bot.subscribers.topics import ChatTopic
from storage.chats import PublishedFeed, lock_chat, lock_published_feed, published_feed
from storage.db.engine import Storage, Transaction
from storage.updates import UpdateRef, is_duplicate


@dataclass(frozen=True, slots=True)
class FeedSeen:
    """The addresses of one feed; *topic* is its name, None for the digests."""

    topic: str | None
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
    listed = [] if page.number else [_feed(grant, WHOLE_DIGEST, None, links=links)]
    listed += [_feed(grant, topic.id, topic.name, links=links) for topic in page.items]
    feeds = [feed for feed in listed if feed]
    return FeedsSeen(feeds, page, grant.is_open) if links.base else None


def _feed(
    grant: PublishedFeed, topic_id: int, name: str | None, *, links: Links
) -> FeedSeen | None:
    atom, json = (
        links.feed(grant.chat_id, topic_id, grant.version, kind)
        for kind in (FeedKind.ATOM, FeedKind.JSON)
    )
    return FeedSeen(name, atom, json) if atom and json else None


def _change(tx: Transaction, grant: PublishedFeed, *, is_open: bool) -> None:
    grant.version += 1
    grant.is_open = is_open
    grant.changed_at = tx.now


async def _locked(tx: Transaction, chat_id: int) -> PublishedFeed:
    await lock_chat(tx, chat_id)
    return await lock_published_feed(tx, chat_id)
