"""The addresses of a chat's feeds: shown, made anew, turned off."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.rendering.links import WHOLE_DIGEST, FeedKind, Links
from bot.subscribers.pages import Page
from bot.subscribers.topics import Topics, TopicSeen
from storage.chats import lock_chat
from storage.db.engine import Storage, Transaction
from storage.enums import UpdateRef
from storage.sharing import PublishedFeed, lock_published_feed, published_feed
from storage.updates import is_duplicate


@dataclass(frozen=True, slots=True)
class FeedSeen:
    """The addresses of one feed; *topic* is its name, None for the digests."""

    topic: str | None
    atom: str
    json: str


@dataclass(frozen=True, slots=True)
class FeedsSeen:
    """*page*: the topics that *feeds* are of, behind that of the digests on the first page."""

    feeds: Sequence[FeedSeen]
    page: Page[TopicSeen]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Feeds:
    storage: Storage
    links: Links
    topics: Topics

    async def show(self, chat_id: int, page: int = 0) -> FeedsSeen | None:
        """Return the addresses, None where nobody could reach them.

        Who asks for the first time opens them.
        """
        async with self.storage.reading() as tx:
            grant = await published_feed(tx, chat_id)
        return await self._seen(grant or await self._open(chat_id), page)

    async def renew(self, chat_id: int, *, once: UpdateRef | None = None) -> FeedsSeen | None:
        """Give every feed a new address; the former ones are void."""
        async with self.storage.writing() as tx:
            grant = await _locked(tx, chat_id)
            if not await is_duplicate(tx, once):
                _change(tx, grant, is_open=True)
        return await self._seen(grant)

    async def close(self, chat_id: int) -> FeedsSeen | None:
        """Turn the feeds off; should they be opened again, it is under new addresses."""
        async with self.storage.writing() as tx:
            grant = await _locked(tx, chat_id)
            if grant.is_open:
                _change(tx, grant, is_open=False)
        return await self._seen(grant)

    async def _open(self, chat_id: int) -> PublishedFeed:
        async with self.storage.writing() as tx:
            return await _locked(tx, chat_id)

    async def _seen(self, grant: PublishedFeed, wanted: int = 0) -> FeedsSeen | None:
        page = await self.topics.watched(grant.chat_id, wanted)
        listed = [] if page.number else [self._feed(grant, WHOLE_DIGEST, None)]
        listed += [self._feed(grant, topic.id, topic.name) for topic in page.items]
        feeds = [feed for feed in listed if feed]
        return FeedsSeen(feeds, page, grant.is_open) if self.links.base else None

    def _feed(self, grant: PublishedFeed, topic_id: int, name: str | None) -> FeedSeen | None:
        atom, json = (
            self.links.feed(grant.chat_id, topic_id, grant.version, kind)
            for kind in (FeedKind.ATOM, FeedKind.JSON)
        )
        return FeedSeen(name, atom, json) if atom and json else None


def _change(tx: Transaction, grant: PublishedFeed, *, is_open: bool) -> None:
    grant.version += 1
    grant.is_open = is_open
    grant.changed_at = tx.now
    tx.session.add(grant)


async def _locked(tx: Transaction, chat_id: int) -> PublishedFeed:
    await lock_chat(tx, chat_id)
    return await lock_published_feed(tx, chat_id)
