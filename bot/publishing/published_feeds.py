"""Published feeds: the stories of a topic, or the digests of a chat."""

from collections import defaultdict
from urllib.parse import urlsplit

from bot.publishing.contents import stories_of
from bot.publishing.excerpts import excerpt
from bot.publishing.selection import SelectedTopic, arrange
from bot.rendering.links import WHOLE_DIGEST, FeedKind, Links
from bot.rendering.published_feeds import FeedDocument, FeedEntry
from bot.rendering.renderer import Renderer
from storage.chats import Chat, published_feed
from storage.db.engine import Storage, Transaction
from storage.editions import newest_editions, stories_listed
from storage.enums import CLOSED
from storage.matches import newest_stories
from storage.publishers import publisher_names
from storage.subscriptions import subscription_to
from storage.topics import Topic, topic_seen_by, topics_by_id

MOST_ENTRIES = 50
_MOST_LISTED = 30  # stories that the entry of a digest lists, above a link to the others


async def read_published_feed(
    storage: Storage,
    renderer: Renderer,
    links: Links,
    chat_id: int,
    topic_id: int,
    version: int,
    kind: FeedKind,
) -> FeedDocument | None:
    """Return the feed of a topic or of `WHOLE_DIGEST`, or None if it no longer exists.

    A feed ends if it is turned off or renewed, if the chat unsubscribes from the topic, or if the
    chat loses its access.
    """
    url = links.feed(chat_id, topic_id, version, kind)
    async with storage.reading() as tx:
        grant = await published_feed(tx, chat_id)
        if url is None or grant is None or not grant.is_open or grant.version != version:
            return None
        chat = await tx.get_one(Chat, chat_id)
        if chat.state in CLOSED:
            return None
        renderer = renderer.of(chat.speaks)
        if topic_id == WHOLE_DIGEST:
            name, shown, since = f"chat-{chat_id}", None, grant.changed_at
            entries = await _digests(tx, chat_id, url, renderer, links)
        else:
            topic = await topic_seen_by(tx, chat_id, topic_id)
            subscription = await subscription_to(tx, chat_id, topic_id)
            if topic is None or subscription is None:
                return None
            name, since = f"topic-{topic_id}", subscription.created_at
            shown = SelectedTopic(topic_id, topic.name, is_public=topic.chat_id is None)
            entries = await _stories(tx, chat_id, url, renderer, topic)
    return FeedDocument(
        id=_id(url, f"{name}-{version}"),
        title=renderer.line("web/feed.html#title", topic=shown),
        url=url,
        language=renderer.language.code,
        updated=max((entry.updated for entry in entries), default=since),
        entries=tuple(entries),
    )


async def _stories(
    tx: Transaction, chat_id: int, url: str, renderer: Renderer, topic: Topic
) -> list[FeedEntry]:
    stories = await newest_stories(tx, chat_id, topic.query_id, MOST_ENTRIES)
    article_ids = {story.story_id: story.article_id for story in stories}
    names = await publisher_names(tx, article_ids, chat_id)
    query = (await topics_by_id(tx, [topic.id]))[topic.id].query
    entries = []
    for story in stories:
        publishers = tuple(names.get(story.story_id, ()))
        snippet = excerpt(story.title, story.text or story.summary, (query,))
        entries.append(
            FeedEntry(
                id=_id(url, f"story-{story.story_id}"),
                title=story.title or story.url,
                url=story.url,
                published=story.published_at or story.news_at,
                updated=story.news_at,
                html=renderer.text("web/feed.html#story", snippet=snippet, publishers=publishers),
                authors=publishers,
            )
        )
    return entries


async def _digests(
    tx: Transaction, chat_id: int, url: str, renderer: Renderer, links: Links
) -> list[FeedEntry]:
    editions = await newest_editions(tx, chat_id, MOST_ENTRIES)
    listed = defaultdict(list)
    for story in await stories_listed(tx, [edition.id for edition in editions], _MOST_LISTED):
        listed[story.edition_id].append(story)
    entries = []
    for edition in editions:
        day, count = edition.local_date, edition.stories
        page = links.edition(chat_id, day, edition.schedule_number, edition.made_at) or ""
        topics = [SelectedTopic(*topic) for topic in edition.topics]
        choice = arrange(topics, stories_of(listed[edition.id]))
        more = count - choice.stories
        entries.append(
            FeedEntry(
                id=_id(url, f"edition-{edition.id}"),
                title=renderer.line("web/feed.html#digest_title", day=day, stories=count),
                url=page,
                published=edition.made_at,
                updated=edition.made_at,
                html=renderer.text("web/feed.html#digest", choice=choice, more=more, url=page),
            )
        )
    return entries


def _id(url: str, name: str) -> str:
    """Return a permanent id within the feed at *url* (a tag URI, RFC 4151)."""
    return f"tag:{urlsplit(url).hostname},2026:{name}"
