"""Reading an edition again, after it was sent: in the browser, in a feed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.matching.snippets import Snippet
from bot.publishing.choice import Choice, Hit, Story, Topic, arrange
from bot.publishing.excerpts import excerpt
from bot.publishing.pages import Edition
from bot.publishing.publish.counting import StoryCounts
from bot.publishing.publish.gathering import plan_of, trends_of
from bot.publishing.publish.picturing import Picturing
from storage.chats import Chat
from storage.editions import Edition as Made
from storage.editions_found import digest_topics, texts_of
from storage.editions_told import ToldStory, edition_on, queries_of, stories_told
from storage.engine import Storage, Unit
from storage.stories_told import outlets_of
from storage.words import Style

_NOBODY: Mapping[int, Sequence[str]] = {}


@dataclass(frozen=True, slots=True)
class Reading:
    storage: Storage
    picturing: Picturing | None = None  # None: no picture is drawn

    async def edition(self, chat_id: int, day: date, slot: int) -> Edition | None:
        """Return all that the edition of a local date told; None if there is none."""
        async with self.storage.reading() as unit:
            made = await edition_on(unit, chat_id, day, slot)
            if made is None:
                return None
            chat = await unit.session.get_one(Chat, chat_id)
            choice, plan = await _choice(unit, made), await plan_of(unit, chat)
            topics = await digest_topics(unit, chat_id)
            then = replace(unit, now=made.made_at)  # trends are as they were
            return Edition(
                choice=choice,
                snippets=await _snippets(unit, choice),
                plan=plan,
                topics=len(choice.sections),
                since=made.since,
                now=made.made_at,
                day=day,
                slot=slot,
                style=Style.FULL,
                watched=[Topic(topic.id, topic.name) for topic in topics],
                trends=await trends_of(then, StoryCounts(), topics, chat_id),
                is_weekly=any(one.number == slot and one.is_weekly for one in plan.slots),
            )

    async def pictured(self, edition: Edition) -> Edition:
        """Return a weekly edition with its picture, any other as it is."""
        return await self.picturing.pictured(edition) if self.picturing else edition


async def _choice(unit: Unit, made: Made) -> Choice:
    rows = await stories_told(unit, [made.id or 0])
    outlets = await outlets_of(unit, {row.story_id: row.article_id for row in rows}, made.chat_id)
    return arrange([Topic(*topic) for topic in made.topics], stories_of(rows, outlets))


def stories_of(
    rows: Sequence[ToldStory], outlets: Mapping[int, Sequence[str]] = _NOBODY
) -> list[Story]:
    return [
        Story(
            id=row.story_id,
            article_id=row.article_id,
            title=row.title,
            url=row.url,
            outlets=tuple(outlets.get(row.story_id, ())),
            news_at=row.news_at,
            hits=tuple(Hit(topic_id, frozenset()) for topic_id in row.topic_ids),
            published=row.published_at or row.published_on,
            alerted=row.alerted,
        )
        for row in rows
    ]


async def _snippets(unit: Unit, choice: Choice) -> dict[int, Snippet]:
    """Return the excerpts; the words of a topic that is gone are not marked."""
    told = list(choice.told)
    queries = await queries_of(unit, [section.topic.id for section in choice.sections])
    texts = await texts_of(unit, [story.article_id for story in told])
    return {
        story.id: excerpt(
            story.title,
            texts.get(story.article_id, ""),
            tuple(sorted({queries[h.topic_id] for h in story.hits if h.topic_id in queries})),
        )
        for story in told
    }
