"""The feeds that we publish: the stories of a topic, the digests of a chat."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from bot.publishing.contents import stories_of
from bot.publishing.excerpts import excerpt
from bot.publishing.selection import Topic, arrange
from bot.rendering.links import WHOLE_DIGEST, FeedKind, Links
from bot.rendering.published_feeds import Entry, FeedDocument
from bot.rendering.renderer import Renderer
from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.editions import Edition as MadeEdition
from storage.editions import ListedStory, newest_editions, queries_of, stories_listed
from storage.enums import ChatState
from storage.publishers import publisher_names
from storage.search import FoundStory, newest_stories
from storage.sharing import PublishedFeed, published_feed
from storage.subscriptions import subscription_to
from storage.topics import topic_seen_by

MOST_ENTRIES = 50
_MOST_LISTED = 30  # stories that an entry for a digest names; a link leads to the others


async def read_published_feed(  # noqa: PLR0913, PLR0917 - its address names the last four
    storage: Storage,
    renderer: Renderer,
    links: Links,
    chat_id: int,
    topic_id: int,
    version: int,
    kind: FeedKind,
) -> FeedDocument | None:
    """Return the feed of a topic or of `WHOLE_DIGEST`; None where there is none any more.

    It was turned off or renewed, the chat does not subscribe to the topic, or it is banned.
    """
    url = links.feed(chat_id, topic_id, version, kind)
    async with storage.reading() as tx:
        grant = await published_feed(tx, chat_id)
        if url is None or grant is None or not grant.is_open or grant.version != version:
            return None
        chat = await tx.session.get_one(Chat, chat_id)
        if chat.state is ChatState.BANNED:
            return None
        renderer = renderer.of(chat.speaks)
        if topic_id == WHOLE_DIGEST:
            return await _digests(tx, grant, url, renderer, links)
        return await _topic(tx, grant, url, renderer, topic_id)


async def _topic(
    tx: Transaction, grant: PublishedFeed, url: str, renderer: Renderer, topic_id: int
) -> FeedDocument | None:
    topic = await topic_seen_by(tx, grant.chat_id, topic_id)
    subscription = await subscription_to(tx, grant.chat_id, topic_id)
    if topic is None or subscription is None:
        return None
    found = await newest_stories(tx, grant.chat_id, topic.query_id, MOST_ENTRIES)
    shown = {story.story_id: story.article_id for story in found}
    publishers = await publisher_names(tx, shown, grant.chat_id)
    query = (await queries_of(tx, [topic_id]))[topic_id]
    entries = [
        _story_entry(renderer, url, story, publishers.get(story.story_id, ()), query)
        for story in found
    ]
    feed_id = _id(url, f"topic-{topic_id}-{grant.version}")
    return _feed(renderer, feed_id, topic.name, url, entries, subscription.created_at)


async def _digests(
    tx: Transaction, grant: PublishedFeed, url: str, renderer: Renderer, links: Links
) -> FeedDocument:
    made = await newest_editions(tx, grant.chat_id, MOST_ENTRIES)
    listed = defaultdict(list)
    for story in await stories_listed(tx, [one.id for one in made], _MOST_LISTED):
        listed[story.edition_id].append(story)
    entries = [_digest_entry(renderer, url, links, one, listed[one.id]) for one in made]
    feed_id = _id(url, f"chat-{grant.chat_id}-{grant.version}")
    return _feed(renderer, feed_id, "", url, entries, grant.changed_at)


def _story_entry(
    renderer: Renderer, url: str, story: FoundStory, publishers: Sequence[str], query: str
) -> Entry:
    snippet = excerpt(story.title, story.text or story.summary, (query,))
    return Entry(
        id=_id(url, f"story-{story.story_id}"),
        title=story.title or story.url,
        url=story.url,
        published=story.published_at or story.news_at,
        updated=story.news_at,
        html=renderer.text("web/feed.html#story", snippet=snippet, publishers=publishers),
        authors=tuple(publishers),
    )


def _digest_entry(
    renderer: Renderer, url: str, links: Links, made: MadeEdition, listed: Sequence[ListedStory]
) -> Entry:
    day = made.local_date
    page = links.edition(made.chat_id, day, made.slot, made.made_at) or ""
    choice = arrange([Topic(*topic) for topic in made.topics], stories_of(listed))
    more = made.stories - choice.stories
    return Entry(
        id=_id(url, f"edition-{made.id}"),
        title=renderer.line("web/feed.html#digest_title", day=day, stories=made.stories),
        url=page,
        published=made.made_at,
        updated=made.made_at,
        html=renderer.text("web/feed.html#digest", choice=choice, more=more, url=page),
    )


def _feed(
    renderer: Renderer,
    feed_id: str,
    topic: str,
    url: str,
    entries: Sequence[Entry],
    since: datetime,
) -> FeedDocument:
    return FeedDocument(
        id=feed_id,
        title=renderer.line("web/feed.html#title", topic=topic),
        url=url,
        language=renderer.language.code,
        updated=max((entry.updated for entry in entries), default=since),
        entries=tuple(entries),
    )


def _id(url: str, name: str) -> str:
    """Name a thing of the feed at *url* for ever (RFC 4151)."""
    return f"tag:{urlsplit(url).hostname},2026:{name}"
