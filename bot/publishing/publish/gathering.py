"""Gathering an edition: what a chat's topics found since its last one, chosen and excerpted."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.matching.snippets import Snippet
from bot.publishing.calendar import Plan
from bot.publishing.choice import CAPS, Choice, Hit, Story, Topic, choose
from bot.publishing.excerpts import LENGTHS, excerpt
from bot.publishing.pages import Edition
from bot.publishing.publish.counting import StoryCounts
from bot.publishing.publish.newsstand import News, Newsstand, OwnNews
from bot.publishing.trends import Trend, trend_of
from storage.chats import Chat
from storage.editions_found import DigestTopic, Found, digest_topics
from storage.engine import Unit
from storage.mutes import subjects_muted
from storage.slots import slots_of
from storage.trends import follows_own_sources
from storage.words import MuteKind

# How far a topic's first digest reaches back, and how far any, after however long a pause: a weekly
# one that was missed is merged into the next.
FIRST_REACH = timedelta(hours=24)
LONGEST_REACH = timedelta(days=15)


async def plan_of(unit: Unit, chat: Chat) -> Plan:
    return Plan(chat.zone, await slots_of(unit, chat.id or 0))


def reach(last_made_at: datetime | None, now: datetime) -> datetime:
    """Return from when on an edition tells, after the last one."""
    return max(last_made_at, now - LONGEST_REACH) if last_made_at else now - FIRST_REACH


@dataclass(frozen=True, slots=True)
class Shared:
    """What was read and counted for other chats already."""

    counts: StoryCounts = field(default_factory=StoryCounts)
    stand: Newsstand = field(default_factory=Newsstand)

    async def news_for(self, unit: Unit, chat: Chat) -> News:
        return OwnNews() if await follows_own_sources(unit, chat.id or 0) else self.stand


async def gather(
    unit: Unit,
    chat: Chat,
    since: datetime,
    *,
    plan: Plan | None = None,
    shared: Shared | None = None,
) -> Edition:
    """Return the edition of what came after *since* and was not told in a digest yet.

    *plan* is the chat's, where it is known already.
    """
    muted = await subjects_muted(unit, chat.id or 0)
    # What a chat has muted is its own affair, so that it is asked for alone.
    news: News = OwnNews() if muted or not shared else await shared.news_for(unit, chat)
    wanted = await digest_topics(unit, chat.id or 0)
    topics = [topic for topic in wanted if (MuteKind.TOPIC, topic.id) not in muted]
    queries = {topic.query_id for topic in topics}
    found = await news.found_since(unit, chat.id or 0, queries, since)
    watched = tuple(Topic(topic.id, topic.name) for topic in topics)
    choice = choose(watched, await _stories(unit, chat, news, topics, found), CAPS[chat.style])
    counts = shared.counts if shared else StoryCounts()
    return Edition(
        choice=choice,
        snippets=await _snippets(unit, news, choice, topics, LENGTHS[chat.style]),
        plan=plan or await plan_of(unit, chat),
        topics=len(topics),
        watched=watched,
        since=since,
        now=unit.now,
        style=chat.style,
        layout=chat.layout,
        trends=await trends_of(unit, counts, topics, chat.id or 0),
    )


async def _stories(
    unit: Unit, chat: Chat, news: News, topics: Sequence[DigestTopic], found: Iterable[Found]
) -> list[Story]:
    hits = _hits(topics, found)
    shown = {story: found.article_id for story, found in hits.stories.items()}
    return hits.told_by(await news.outlets_of(unit, chat.id or 0, shown))


async def trends_of(
    unit: Unit, counts: StoryCounts, topics: Sequence[DigestTopic], chat_id: int
) -> dict[int, Trend]:
    """Return the trend of each topic that has one; a week is looked back on with all of them."""
    ages = await counts.by_age(unit, chat_id, {topic.query_id for topic in topics})
    trends = {
        topic.id: trend_of(ages.get(topic.query_id, {}), topic.since, unit.now) for topic in topics
    }
    return {topic_id: trend for topic_id, trend in trends.items() if trend}


@dataclass(frozen=True, slots=True)
class _Hits:
    """What was found, by story: the article that came first, and a hit for each topic."""

    stories: Mapping[int, Found]
    by_story: Mapping[int, Mapping[int, Hit]]

    def told_by(self, outlets: Mapping[int, Sequence[str]]) -> list[Story]:
        return [
            Story(
                id=story_id,
                article_id=found.article_id,
                title=found.title,
                url=found.url,
                outlets=tuple(outlets.get(story_id, ())),
                news_at=found.news_at,
                hits=tuple(self.by_story[story_id].values()),
                published=found.published_at or found.published_on,
                alerted=found.alerted,
            )
            for story_id, found in self.stories.items()
        ]


def _hits(topics: Sequence[DigestTopic], found: Iterable[Found]) -> _Hits:
    asking: defaultdict[int, list[DigestTopic]] = defaultdict(list)
    for topic in topics:
        asking[topic.query_id].append(topic)
    stories: dict[int, Found] = {}
    by_story: defaultdict[int, dict[int, Hit]] = defaultdict(dict)
    for one in sorted(found, key=lambda one: one.article_id):
        for topic in asking[one.query_id]:
            if one.news_at > topic.since - FIRST_REACH:
                stories.setdefault(one.story_id, one)
                hits = by_story[one.story_id]
                hits[topic.id] = _added(hits.get(topic.id), topic, one)
    return _Hits(stories, by_story)


def _added(hit: Hit | None, topic: DigestTopic, found: Found) -> Hit:
    """Return the topic's hit on a story, this article of it included."""
    before, in_title = (hit.words, hit.in_title) if hit else (frozenset[str](), False)
    return Hit(topic.id, before | frozenset(found.words), in_title or found.in_title)


async def _snippets(
    unit: Unit, news: News, choice: Choice, topics: Sequence[DigestTopic], limit: int
) -> dict[int, Snippet]:
    queries = {topic.id: topic.query for topic in topics}
    told = list(choice.told)
    texts = await news.texts_of(unit, [story.article_id for story in told]) if limit else {}
    return {
        story.id: excerpt(
            story.title,
            texts.get(story.article_id, ""),
            tuple(sorted({queries[hit.topic_id] for hit in story.hits})),
            limit,
        )
        for story in told
    }
