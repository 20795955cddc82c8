"""Gathering editions: what the topics of chats found since their last ones, chosen and excerpted.

What many readers of a round share is read once, for all of them together.
"""

from asyncio import sleep
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.publishing.excerpts import LENGTHS, excerpts
from bot.publishing.pages import Edition
from bot.publishing.publish.counting import Ages, StoryCounts
from bot.publishing.publish.newsstand import Newsstand
from bot.publishing.publish.readers import FIRST_REACH, Reader
from bot.publishing.selection import CAPS, Choice, Hit, Story, Topic, choose
from bot.publishing.trends import Trend, trend_of
from storage.articles import news_since
from storage.db.engine import Transaction
from storage.editions import MOST_FOUND, DigestTopic, FoundArticle, alerted_before, listed_before


@dataclass(frozen=True, slots=True)
class Shared:
    """What was read and counted for other readers already."""

    counts: StoryCounts = field(default_factory=StoryCounts)
    stand: Newsstand = field(default_factory=Newsstand)

    def stands(self, readers: Iterable[Reader]) -> Iterable[tuple[Newsstand, list[Reader]]]:
        """Return where the readers get their news."""
        together = []
        for reader in readers:
            if reader.is_apart:
                yield Newsstand(reader.id), [reader]
            else:
                together.append(reader)
        if together:
            yield self.stand, together


async def gather(
    tx: Transaction,
    readers: Sequence[Reader],
    shared: Shared | None = None,
    now: datetime | None = None,
) -> dict[int, Edition]:
    """Return, by chat, the edition of what came since its last one and was not told in a digest.

    *now*: from when on the next one tells, where that is before this transaction's moment.
    """
    shared, now = shared or Shared(), now or tx.now
    editions: dict[int, Edition] = {}
    for stand, some in shared.stands(readers):
        chosen = await _chosen(tx, stand, some, now)
        ages, since = await _ages(tx, shared.counts, some), await news_since(tx)
        for reader in some:
            edition = await _edition(stand, reader, chosen[reader.id], now)
            trends = trends_of(ages, reader.topics, now, since)
            editions[reader.id] = replace(edition, trends=trends)
            await sleep(0)  # others have their turn
    return editions


def trends_of(
    ages: Mapping[int, Ages], topics: Iterable[DigestTopic], now: datetime, news_since: datetime
) -> dict[int, Trend]:
    """Return the trend of each topic that has one, by its query's *ages*."""
    trends = {
        topic.id: trend_of(ages.get(topic.query_id, {}), topic.since, now, news_since)
        for topic in topics
    }
    return {topic_id: trend for topic_id, trend in trends.items() if trend}


async def _chosen(
    tx: Transaction, stand: Newsstand, readers: Sequence[Reader], now: datetime
) -> Mapping[int, Choice]:
    """Return, by chat, what its edition tells; the stand has the texts ready then."""
    await stand.bring_found(tx, [(reader.queries, reader.since(now)) for reader in readers])
    found = {reader.id: stand.found(reader.queries, reader.since(now)) for reader in readers}
    stories = {chat_id: {one.story_id for one in some} for chat_id, some in found.items()}
    told, alerted = await listed_before(tx, stories), await alerted_before(tx, stories)
    await stand.bring_tellers(tx, set[int]().union(*stories.values()))
    choices = {}
    for reader in readers:
        new = (one for one in found[reader.id] if one.story_id not in told[reader.id])
        hits = _hits(reader.topics, _newest(new))
        topics = [Topic(topic.id, topic.name) for topic in reader.topics]
        stories_now = hits.told_by(stand, alerted[reader.id])
        choices[reader.id] = choose(topics, stories_now, CAPS[reader.chat.style])
        await sleep(0)
    await stand.bring_texts(tx, _excerpted(readers, choices))
    return choices


def _newest(found: Iterable[FoundArticle]) -> Sequence[FoundArticle]:
    known = list(found)
    if len(known) <= MOST_FOUND:
        return known
    known.sort(key=lambda one: (one.news_at, one.article_id), reverse=True)
    return known[:MOST_FOUND]


def _excerpted(readers: Iterable[Reader], choices: Mapping[int, Choice]) -> set[int]:
    return {
        story.article_id
        for reader in readers
        if LENGTHS[reader.chat.style]
        for story in choices[reader.id].listed
    }


async def _ages(
    tx: Transaction, counts: StoryCounts, readers: Sequence[Reader]
) -> Mapping[int, Ages]:
    """Return, by query, the ages of stories as the readers of one stand see them."""
    queries = set[int]().union(*(reader.queries for reader in readers))
    alone = readers[0].id if readers[0].follows else None
    return await counts.by_age(tx, queries, alone)


async def _edition(stand: Newsstand, reader: Reader, choice: Choice, now: datetime) -> Edition:
    chat, topics = reader.chat, reader.topics
    queries = {topic.id: topic.query for topic in topics}
    return Edition(
        choice=choice,
        snippets=await excerpts(choice.listed, stand.texts, queries, LENGTHS[chat.style]),
        plan=reader.plan,
        topics=len(topics),
        subscribed=tuple(Topic(topic.id, topic.name) for topic in topics),
        since=reader.since(now),
        now=now,
        style=chat.style,
        layout=chat.layout,
        language=chat.speaks,
    )


@dataclass(frozen=True, slots=True)
class _Hits:
    """What was found, by story: the article that came first, and a hit for each topic."""

    stories: Mapping[int, FoundArticle]
    by_story: Mapping[int, Mapping[int, Hit]]

    def told_by(self, stand: Newsstand, alerted: Collection[int]) -> list[Story]:
        return [
            Story(
                id=story_id,
                article_id=found.article_id,
                title=found.title,
                url=found.url,
                publishers=stand.outlets(story_id, found.article_id),
                news_at=found.news_at,
                hits=tuple(self.by_story[story_id].values()),
                published=found.published_at or found.published_on,
                alerted=story_id in alerted,
            )
            for story_id, found in self.stories.items()
        ]


def _hits(topics: Sequence[DigestTopic], found: Iterable[FoundArticle]) -> _Hits:
    asking: defaultdict[int, list[DigestTopic]] = defaultdict(list)
    for topic in topics:
        asking[topic.query_id].append(topic)
    stories: dict[int, FoundArticle] = {}
    by_story: defaultdict[int, dict[int, Hit]] = defaultdict(dict)
    for one in sorted(found, key=lambda one: one.article_id):
        for topic in asking[one.query_id]:
            if one.news_at > topic.since - FIRST_REACH:
                stories.setdefault(one.story_id, one)
                hits = by_story[one.story_id]
                hits[topic.id] = _added(hits.get(topic.id), topic, one)
    return _Hits(stories, by_story)


def _added(hit: Hit | None, topic: DigestTopic, found: FoundArticle) -> Hit:
    """Return the topic's hit on a story, this article of it included."""
    before, in_title = (hit.words, hit.in_title) if hit else (frozenset[str](), False)
    return Hit(topic.id, before | frozenset(found.words), in_title or found.in_title)
