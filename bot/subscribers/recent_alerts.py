"""The latest alerts of a chat, to look at again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.publishing.alerts import alerted_story, hits_and_snippet, text_to_excerpt
from bot.publishing.selection import SelectedStory, SelectedTopic
from bot.subscribers.errors import NoSuchAlert
from bot.text.snippets import Snippet
from storage import alerts
from storage.articles import articles_by_id
from storage.db.engine import Storage, Transaction
from storage.publishers import publishers_of_stories, publishers_seen_by
from storage.topics import topics_by_id

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
