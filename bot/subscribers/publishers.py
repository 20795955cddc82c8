"""The publishers behind the stories of a topic, and what a chat gets of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.matching import search
from bot.matching.query import parse
from bot.subscribers.errors import NoSuchTopic
from bot.subscribers.mutes import mute_of_publisher, publisher_seen
from storage.db.engine import Storage
from storage.mutes import Mute
from storage.publishers import Publisher, busiest_publishers
from storage.topics import topic_seen_by

DAYS = 30
MOST = 10


@dataclass(frozen=True, slots=True)
class TopicPublishers:
    """Which publishers carried how many of the *stories* that a topic found in *days*."""

    topic_id: int
    name: str
    stories: int
    days: int
    publishers: Sequence[tuple[Publisher, int]]


@dataclass(frozen=True, slots=True)
class SeenPublisher:
    """The publisher of an article; *mute* is what the chat has muted of it, if anything."""

    name: str
    mute: Mute | None


async def publishers_of_topic(storage: Storage, chat_id: int, topic_id: int) -> TopicPublishers:
    async with storage.reading() as tx:
        topic = await topic_seen_by(tx, chat_id, topic_id)
    if topic is None:
        raise NoSuchTopic
    found = await search.find_stories(storage, parse(topic.typed), chat_id=chat_id, days=DAYS)
    stories = {article.story_id for article in found.articles}
    async with storage.reading() as tx:
        busiest = await busiest_publishers(tx, chat_id, stories, limit=MOST)
    return TopicPublishers(topic_id, topic.name, len(stories), DAYS, busiest)


async def get_publisher(
    storage: Storage, chat_id: int, source_id: int, article_id: int
) -> SeenPublisher:
    async with storage.reading() as tx:
        publisher = await publisher_seen(tx, chat_id, source_id, article_id)
        return SeenPublisher(publisher.name, await mute_of_publisher(tx, chat_id, publisher))
