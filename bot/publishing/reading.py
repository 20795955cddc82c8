"""Reading an edition again, after it was sent: in the browser, in a feed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.matching.snippet import Snippet
from bot.publishing.calendar import Plan
from bot.publishing.excerpts import LENGTHS, excerpts
from bot.publishing.pages import Edition
from bot.publishing.publish.counting import StoryCounts
from bot.publishing.publish.gathering import trends_of
from bot.publishing.selection import Choice, Hit, Story, Topic, arrange
from bot.publishing.trends import Trend
from storage.articles import news_since
from storage.chats import Chat, schedule_of
from storage.db.engine import Storage, Transaction
from storage.editions import (
    DigestTopic,
    ListedStory,
    digest_topics,
    edition_on,
    queries_of,
    stories_listed,
    texts_of,
)
from storage.editions import Edition as Made
from storage.enums import Style
from storage.publishers import publisher_names
from storage.search import chats_with_own_sources

_NOBODY: Mapping[int, Sequence[str]] = {}


@dataclass(frozen=True, slots=True)
class Reading:
    storage: Storage

    async def edition(self, chat_id: int, day: date, slot: int) -> Edition | None:
        """Return all that the edition of a local date told; None if there is none."""
        async with self.storage.reading() as tx:
            made = await edition_on(tx, chat_id, day, slot)
            if made is None:
                return None
            chat = await tx.session.get_one(Chat, chat_id)
            choice = await _choice(tx, made)
            plan = Plan(chat.zone, await schedule_of(tx, chat_id))
            topics = await digest_topics(tx, chat_id)
            return Edition(
                choice=choice,
                snippets=await _snippets(tx, choice),
                plan=plan,
                topics=len(choice.sections),
                since=made.since,
                now=made.made_at,
                day=day,
                slot=slot,
                style=Style.FULL,
                subscribed=[Topic(topic.id, topic.name) for topic in topics],
                trends=await _trends(tx, made, topics),
                language=chat.speaks,
                is_weekly=any(one.number == slot and one.is_weekly for one in plan.slots),
            )


async def _trends(tx: Transaction, made: Made, topics: Sequence[DigestTopic]) -> dict[int, Trend]:
    """Return the trends as they were then."""
    then = replace(tx, now=made.made_at)
    queries = {topic.query_id for topic in topics}
    alone = await chats_with_own_sources(tx, [made.chat_id])
    ages = await StoryCounts().by_age(then, queries, made.chat_id if alone else None)
    return trends_of(ages, topics, then.now, await news_since(tx))


async def _choice(tx: Transaction, made: Made) -> Choice:
    rows = await stories_listed(tx, [made.id])
    outlets = await publisher_names(
        tx, {row.story_id: row.article_id for row in rows}, made.chat_id
    )
    return arrange([Topic(*topic) for topic in made.topics], stories_of(rows, outlets))


def stories_of(
    rows: Sequence[ListedStory], outlets: Mapping[int, Sequence[str]] = _NOBODY
) -> list[Story]:
    return [
        Story(
            id=row.story_id,
            article_id=row.article_id,
            title=row.title,
            url=row.url,
            publishers=tuple(outlets.get(row.story_id, ())),
            news_at=row.news_at,
            hits=tuple(Hit(topic_id, frozenset()) for topic_id in row.topic_ids),
            published=row.published_at or row.published_on,
            alerted=row.alerted,
        )
        for row in rows
    ]


async def _snippets(tx: Transaction, choice: Choice) -> dict[int, Snippet]:
    """Return the excerpts; the words of a topic that is gone are not marked."""
    told = list(choice.listed)
    queries = await queries_of(tx, [section.topic.id for section in choice.sections])
    texts = await texts_of(tx, [story.article_id for story in told])
    return await excerpts(told, texts, queries, LENGTHS[Style.STANDARD])
