"""Stories that a chat was sent, to look at again: of an edition or the latest alerts, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from bot.matching.evaluate import article_folded
from bot.matching.explain import explain_folded
from bot.matching.query import parse
from bot.publishing.alerts import alerted_story, hits_and_snippet, text_to_excerpt
from bot.publishing.excerpts import excerpt
from bot.publishing.selection import SelectedStory, SelectedTopic
from bot.slices import in_turns
from bot.subscribers.errors import NoSuchAlert, NoSuchStory
from bot.subscribers.paging import ListPage, page_of
from bot.text.snippets import Snippet
from storage import alerts
from storage.articles import Article, articles_by_id
from storage.db.engine import Storage, Transaction
from storage.editions import edition_on, stories_listed
from storage.publishers import first_publisher_names, publishers_of_stories, publishers_seen_by
from storage.saved_stories import saved_at, sent_story
from storage.topics import topics_by_id

_MOST_TOPICS = 5  # that *why* names


@dataclass(frozen=True, slots=True)
class StoryLine:
    """A story in a list; *publisher* is "" if its source is gone."""

    story_id: int
    title: str
    url: str
    publisher: str


@dataclass(frozen=True, slots=True)
class StorySeen:
    """A story with what can be done with it; *topics* are those that found it and still exist."""

    story_id: int
    title: str
    url: str
    publisher: str
    at: datetime
    topics: Sequence[SelectedTopic]
    is_saved: bool


@dataclass(frozen=True, slots=True)
class TopicHit:
    """A topic that found a story, and the words that it found."""

    topic: SelectedTopic
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """Why the chat got a story: the passage that matched, and the topics with their words."""

    title: str
    snippet: Snippet
    reasons: Sequence[TopicHit]


async def list_stories(
    storage: Storage, chat_id: int, day: date, schedule_number: int, page: int = 0
) -> ListPage[StoryLine]:
    """Return a page of the stories of an edition, in its order. Raises NoSuchStory."""
    async with storage.reading() as tx:
        made = await edition_on(tx, chat_id, day, schedule_number)
        if made is None:
            raise NoSuchStory
        rows = await stories_listed(tx, [made.id])
        shown = page_of(rows, page)
        names = await first_publisher_names(tx, [row.article_id for row in shown.items], chat_id)
    return shown.showing(
        [
            StoryLine(row.story_id, row.title, row.url, names.get(row.article_id, ""))
            for row in shown.items
        ]
    )


async def see_story(storage: Storage, chat_id: int, story_id: int) -> StorySeen:
    """Return a story that the chat was sent. Raises NoSuchStory."""
    async with storage.reading() as tx:
        story = await sent_story(tx, chat_id, story_id)
        if story is None:
            raise NoSuchStory
        article = await tx.get_one(Article, story.article_id)
        names = await first_publisher_names(tx, [article.id], chat_id)
        topics = await topics_by_id(tx, story.topic_ids)
        saved = await saved_at(tx, chat_id, story.url_hash)
    return StorySeen(
        story_id=story_id,
        title=story.title,
        url=story.url,
        publisher=names.get(article.id, ""),
        at=article.news_at,
        topics=[SelectedTopic(topic.id, topic.name, topic.is_public) for topic in topics.values()],
        is_saved=saved is not None,
    )


async def explain_story(storage: Storage, chat_id: int, story_id: int) -> Why:
    """Return why the chat was sent the story. Raises NoSuchStory."""
    async with storage.reading() as tx:
        story = await sent_story(tx, chat_id, story_id)
        if story is None:
            raise NoSuchStory
        topics = list((await topics_by_id(tx, story.topic_ids)).values())[:_MOST_TOPICS]
    folded = await in_turns(article_folded(story.title, story.text))
    reasons = [
        TopicHit(
            SelectedTopic(topic.id, topic.name, topic.is_public),
            explain_folded(parse(topic.query), folded).words,
        )
        for topic in topics
    ]
    queries = tuple(sorted({topic.query for topic in topics}))
    return Why(story.title, excerpt(story.title, story.text, queries), reasons)


MOST: Final = 10


@dataclass(frozen=True, slots=True)
class RecentAlert:
    """An alert as it would be sent now; *topics* are those that still exist.

    *publisher*: the one that its buttons mute, "" if it is gone. *is_muted*: its story is muted.
    """

    story: SelectedStory
    topics: Sequence[SelectedTopic]
    snippet: Snippet
    publisher: str
    made_at: datetime
    is_muted: bool


async def recent_alerts(storage: Storage, chat_id: int) -> list[RecentAlert]:
    """Return the latest alerts that the chat was sent, the newest first."""
    async with storage.reading() as tx:
        return await _load(tx, chat_id, await alerts.alerts_sent(tx, chat_id, limit=MOST))


async def recent_alert(storage: Storage, chat_id: int, story_id: int) -> RecentAlert:
    """Return the alert about the story; raise NoSuchAlert if the chat was sent none."""
    async with storage.reading() as tx:
        sent = await alerts.alerts_sent(tx, chat_id, limit=1, story_id=story_id)
        for alert in await _load(tx, chat_id, sent):
            return alert
    raise NoSuchAlert


async def _load(
    tx: Transaction, chat_id: int, sent: Sequence[alerts.AlertSent]
) -> list[RecentAlert]:
    rows = await articles_by_id(tx, {alert.article_id for alert in sent})
    articles = {article.id: article for article in rows}
    topics = await topics_by_id(tx, {each for alert in sent for each in alert.topic_ids})
    seen = await publishers_seen_by(tx, chat_id, list(articles))
    publishers = await publishers_of_stories(tx, {alert.story_id for alert in sent}, [chat_id])
    loaded = []
    for alert in sent:
        article, carried = articles[alert.article_id], publishers.get(alert.story_id)
        names = carried.known_to(chat_id, article.id) if carried else ()
        # The buttons find the alert by the story that it was made about.
        story = alerted_story(article, names, is_chapter=alert.chapter > 1)
        named = [topics[each] for each in alert.topic_ids if each in topics]
        hits, snippet = hits_and_snippet(text_to_excerpt(article), named)
        publisher = next((one.name for one in seen.get(article.id, ())), "")
        loaded.append(
            RecentAlert(
                replace(story, id=alert.story_id),
                hits,
                snippet,
                publisher,
                alert.made_at,
                alert.is_muted,
            )
        )
    return loaded
