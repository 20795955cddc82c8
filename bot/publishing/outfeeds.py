"""The feeds that we give: the stories of a topic, the digests of a chat."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from bot.publishing.excerpts import excerpt
from bot.publishing.reading import stories_of
from bot.publishing.selection import Topic, arrange
from bot.rendering.links import WHOLE_DIGEST, FeedKind, Links
from bot.rendering.published_feeds import Entry, FeedDocument
from bot.rendering.renderer import Renderer
from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.editions import Edition as Made
from storage.editions import ListedStory, newest_editions, queries_of, stories_listed
from storage.enums import ChatState
from storage.publishers import publisher_names
from storage.search import FoundStory, newest_stories
from storage.sharing import PublishedFeed, published_feed
from storage.subscriptions import subscription_to
from storage.topics import topic_seen_by

MOST_ENTRIES = 50
_MOST_TOLD = 30  # stories that an entry for a digest names; a link leads to the others


@dataclass(frozen=True, slots=True)
class OutFeeds:
    storage: Storage
    renderer: Renderer
    links: Links

    async def read(
        self, chat_id: int, topic_id: int, version: int, kind: FeedKind
    ) -> FeedDocument | None:
        """Return the feed of a topic or of `WHOLE_DIGEST`; None where nothing stands any more.

        It was turned off or renewed, the topic is not watched, or the chat is banned.
        """
        url = self.links.feed(chat_id, topic_id, version, kind)
        async with self.storage.reading() as tx:
            grant = await published_feed(tx, chat_id)
            if url is None or grant is None or not grant.is_open or grant.version != version:
                return None
            chat = await tx.session.get_one(Chat, chat_id)
            if chat.state is ChatState.BANNED:
                return None
            making = _Making(self.renderer.of(chat.speaks), self.links, tx, grant, url)
            if topic_id == WHOLE_DIGEST:
                return await making.digests()
            return await making.topic(topic_id)


@dataclass(frozen=True, slots=True)
class _Making:
    """One feed in the making; *url* is its own."""

    renderer: Renderer
    links: Links
    tx: Transaction
    grant: PublishedFeed
    url: str

    async def topic(self, topic_id: int) -> FeedDocument | None:
        topic = await topic_seen_by(self.tx, self.grant.chat_id, topic_id)
        subscription = await subscription_to(self.tx, self.grant.chat_id, topic_id)
        if topic is None or subscription is None:
            return None
        found = await newest_stories(self.tx, self.grant.chat_id, topic.query_id, MOST_ENTRIES)
        shown = {story.story_id: story.article_id for story in found}
        outlets = await publisher_names(self.tx, shown, self.grant.chat_id)
        query = (await queries_of(self.tx, [topic_id]))[topic_id]
        entries = [self._story(story, outlets.get(story.story_id, ()), query) for story in found]
        return self._feed(f"topic-{topic_id}", topic.name, entries, subscription.created_at)

    async def digests(self) -> FeedDocument:
        made = await newest_editions(self.tx, self.grant.chat_id, MOST_ENTRIES)
        told = defaultdict(list)
        for story in await stories_listed(self.tx, [one.id for one in made], _MOST_TOLD):
            told[story.edition_id].append(story)
        entries = [self._edition(one, told[one.id]) for one in made]
        return self._feed(f"chat-{self.grant.chat_id}", "", entries, self.grant.changed_at)

    def _story(self, story: FoundStory, outlets: Sequence[str], query: str) -> Entry:
        snippet = excerpt(story.title, story.text or story.summary, (query,))
        return Entry(
            id=self._id(f"story-{story.story_id}"),
            title=story.title or story.url,
            url=story.url,
            published=story.published_at or story.news_at,
            updated=story.news_at,
            html=self.renderer.text("web/feed/story.html", snippet=snippet, outlets=outlets),
            authors=tuple(outlets),
        )

    def _edition(self, made: Made, told: Sequence[ListedStory]) -> Entry:
        day = made.local_date
        url = self.links.edition(made.chat_id, day, made.slot, made.made_at) or ""
        choice = arrange([Topic(*topic) for topic in made.topics], stories_of(told))
        more = made.stories - choice.stories
        return Entry(
            id=self._id(f"edition-{made.id}"),
            title=self.renderer.line("web/feed/edition.txt", day=day, stories=made.stories),
            url=url,
            published=made.made_at,
            updated=made.made_at,
            html=self.renderer.text("web/feed/edition.html", choice=choice, more=more, url=url),
        )

    def _feed(
        self, name: str, topic: str, entries: Sequence[Entry], since: datetime
    ) -> FeedDocument:
        return FeedDocument(
            id=self._id(f"{name}-{self.grant.version}"),
            title=self.renderer.line("web/feed/title.txt", topic=topic),
            url=self.url,
            language=self.renderer.language.code,
            updated=max((entry.updated for entry in entries), default=since),
            entries=tuple(entries),
        )

    def _id(self, name: str) -> str:
        """Name a thing for ever (RFC 4151)."""
        return f"tag:{urlsplit(self.url).hostname},2026:{name}"
