"""Mutes of topics, stories and publishers, and the publishers of a topic.

- A muted topic sends nothing. A muted story causes no alert, no edit and no item in a digest.
- A muted publisher sends nothing. "Less" of a publisher (`MuteKind.LESS`) keeps its stories out of
  alerts, unless others report them too.
- A button under an alert changes the buttons of the message. While the menu is open, edits of the
  alert leave the buttons alone (`mark_pressed`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import NamedTuple, TypeAlias

from bot.matching.candidates import SearchLimits
from bot.matching.query import parse
from bot.matching.search import find_stories
from bot.subscribers.errors import NoSuchAlert, NoSuchPublisher
from bot.subscribers.paging import ListPage, load_page
from bot.subscribers.settings import replan
from bot.subscribers.subscriptions import subscription_of
from bot.subscribers.topics import find_topic
from storage.alerts import mark_pressed
from storage.chats import lock_chat
from storage.db.engine import Storage, Transaction
from storage.enums import SOURCE_MUTES, MuteKind, Sound
from storage.mutes import (
    ActiveMute,
    Mute,
    MuteSubject,
    count_mutes,
    delete_mute,
    end_mute,
    mute_of,
    mutes_of,
    resume_mute,
    store_mute,
    unmute_subject,
)
from storage.publishers import Publisher, busiest_publishers, publishers_seen_by
from storage.saved_stories import SentStory, sent_story
from storage.topics import NamedTopic, topics_by_id

DAYS = 30  # the period for which a topic's publishers are counted
MOST_PUBLISHERS = 10
_STORY_LASTS = timedelta(days=30)  # no story goes on for longer, so its mute can end


class Duration(StrEnum):
    """How long a mute lasts; FOREVER lasts until a user unmutes."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    FOREVER = "ever"


_LENGTHS = {
    Duration.HOUR: timedelta(hours=1),
    Duration.DAY: timedelta(days=1),
    Duration.WEEK: timedelta(days=7),
}


class TopicSubject(NamedTuple):
    """A topic that the chat subscribes to."""

    topic_id: int


class StorySubject(NamedTuple):
    """A story that the chat was sent, with all its chapters."""

    story_id: int


class AlertPublisher(NamedTuple):
    """The publisher that an alert names, or a digest for the story."""

    story_id: int
    kind: MuteKind


class ArticlePublisher(NamedTuple):
    """A publisher, given by a source and an article that it carried."""

    source_id: int
    article_id: int
    kind: MuteKind


Subject: TypeAlias = TopicSubject | StorySubject | AlertPublisher | ArticlePublisher


@dataclass(frozen=True, slots=True)
class Muted:
    """A new mute; *until* is None if it lasts until it is unmuted.

    *is_public*: it is of a topic of the catalogue.
    """

    mute_id: int
    kind: MuteKind
    name: str
    until: datetime | None
    is_public: bool = False


@dataclass(frozen=True, slots=True)
class AlertMenu:
    """The names on the buttons of an alert; *publisher* is "" if its source is gone."""

    story_id: int
    publisher: str
    topics: Sequence[NamedTopic]


@dataclass(frozen=True, slots=True)
class TopicPublishers:
    """The publishers of a topic, each with its number of the *stories* found in *days*."""

    topic_id: int
    name: str
    is_public: bool
    stories: int
    days: int
    publishers: Sequence[tuple[Publisher, int]]


@dataclass(frozen=True, slots=True)
class SeenPublisher:
    """The publisher of an article; *mute* is the chat's mute of it, if there is one."""

    name: str
    mute: Mute | None


async def mute(
    storage: Storage,
    chat_id: int,
    subject: Subject,
    until: Duration | datetime = Duration.FOREVER,
    *,
    alert: int | None = None,
) -> Muted:
    """Mute the subject, or change the end of its mute.

    *alert*: the story of the alert whose button was pressed. Raises NoSuchTopic, NoSuchAlert or
    NoSuchPublisher if the chat has no such subject.
    """
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        if alert is not None:
            await _alert(tx, chat_id, alert)
            await mark_pressed(tx, chat_id, alert, tx.now)
        muted, name, is_public = await _resolve(tx, chat_id, subject)
        ends: datetime | None
        if muted.kind is MuteKind.STORY:
            ends = tx.now + _STORY_LASTS
        elif isinstance(until, Duration):
            ends = tx.now + _LENGTHS[until] if until in _LENGTHS else None
        else:
            ends = until
        mute_id = await store_mute(tx, chat_id, muted, ends)
        if muted.kind is MuteKind.TOPIC:
            await replan(tx, chat)
    return Muted(mute_id, muted.kind, name, ends, is_public)


class Silenced(NamedTuple):
    """A topic whose alerts are silent now; *before*: how they arrived."""

    topic_id: int
    name: str
    is_public: bool
    before: Sound


async def silence_topic(storage: Storage, chat_id: int, topic_id: int, *, alert: int) -> Silenced:
    """Make the alerts of a topic silent; *alert*: the story of the alert whose button was pressed.

    Raises NoSuchAlert or NoSuchTopic.
    """
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        await _alert(tx, chat_id, alert)
        topic, subscription = await subscription_of(tx, chat_id, topic_id)
        silenced = Silenced(topic_id, topic.name, topic.chat_id is None, subscription.sound)
        subscription.sound = Sound.SILENT
        await tx.flush()
        await mark_pressed(tx, chat_id, alert, tx.now)
    return silenced


async def undo_silence(
    storage: Storage, chat_id: int, topic_id: int, before: Sound, *, alert: int
) -> None:
    """Give a topic its former sound again, unless another was chosen meanwhile."""
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        _, subscription = await subscription_of(tx, chat_id, topic_id)
        if subscription.sound is Sound.SILENT:
            subscription.sound = before
        await tx.flush()
        await mark_pressed(tx, chat_id, alert, None)


async def unmute(storage: Storage, chat_id: int, mute_id: int, *, alert: int | None = None) -> None:
    """End a mute of the chat, if it has not ended already; *alert* is as in `mute`."""
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        await delete_mute(tx, chat_id, mute_id)
        if alert is not None:
            await mark_pressed(tx, chat_id, alert, None)
        await replan(tx, chat)


class EndedMute(NamedTuple):
    """A mute that `resume` puts back; *until*: its former end, None for good."""

    mute_id: int
    until: datetime | None


async def end(storage: Storage, chat_id: int, mute_id: int) -> EndedMute | None:
    """End a mute so that it can be put back; None if it has ended already."""
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        ended = await end_mute(tx, chat_id, mute_id)
        await replan(tx, chat)
    return EndedMute(mute_id, ended.until) if ended else None


async def resume(storage: Storage, chat_id: int, ended: EndedMute) -> None:
    """Undo `end`. Nothing happens if the chat has muted something else since, or had no mute."""
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        await resume_mute(tx, chat_id, ended.mute_id, ended.until)
        await replan(tx, chat)


async def unmute_topic(storage: Storage, chat_id: int, topic_id: int) -> None:
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        await subscription_of(tx, chat_id, topic_id)
        await unmute_subject(tx, chat_id, MuteSubject(MuteKind.TOPIC, topic_id))
        await replan(tx, chat)


async def unmute_publisher(storage: Storage, chat_id: int, source_id: int, article_id: int) -> None:
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        publisher = await publisher_seen(tx, chat_id, source_id, article_id)
        if muted := await mute_of_publisher(tx, chat_id, publisher):
            await delete_mute(tx, chat_id, muted.id)


async def list_mutes(storage: Storage, chat_id: int, page: int = 0) -> ListPage[ActiveMute]:
    async with storage.reading() as tx:
        total = await count_mutes(tx, chat_id)
        return await load_page(partial(mutes_of, tx, chat_id), page, total)


async def alert_menu(storage: Storage, chat_id: int, story_id: int, *, is_open: bool) -> AlertMenu:
    """Return the names for an alert's buttons, and store whether its menu *is_open* now."""
    async with storage.writing() as tx:
        found = await _alert(tx, chat_id, story_id)
        await mark_pressed(tx, chat_id, story_id, tx.now if is_open else None)
        publisher = await _publisher_of_alert(tx, chat_id, found)
        topics = await topics_by_id(tx, found.topic_ids)
    return AlertMenu(story_id, publisher.name if publisher else "", tuple(topics.values()))


async def publishers_of_topic(storage: Storage, chat_id: int, topic_id: int) -> TopicPublishers:
    async with storage.reading() as tx:
        topic = await find_topic(tx, chat_id, topic_id)
    found = await find_stories(
        storage, parse(topic.typed), SearchLimits(timedelta(days=DAYS)), chat_id=chat_id
    )
    stories = {article.story_id for article in found.articles}
    async with storage.reading() as tx:
        busiest = await busiest_publishers(tx, chat_id, stories, limit=MOST_PUBLISHERS)
    is_public = topic.chat_id is None
    return TopicPublishers(topic_id, topic.name, is_public, len(stories), DAYS, busiest)


async def get_publisher(
    storage: Storage, chat_id: int, source_id: int, article_id: int
) -> SeenPublisher:
    async with storage.reading() as tx:
        publisher = await publisher_seen(tx, chat_id, source_id, article_id)
        return SeenPublisher(publisher.name, await mute_of_publisher(tx, chat_id, publisher))


async def publisher_seen(
    tx: Transaction, chat_id: int, source_id: int, article_id: int
) -> Publisher:
    seen = await publishers_seen_by(tx, chat_id, [article_id])
    for publisher in seen.get(article_id, ()):
        if publisher.source_id == source_id:
            return publisher
    raise NoSuchPublisher


async def mute_of_publisher(tx: Transaction, chat_id: int, publisher: Publisher) -> Mute | None:
    """Return the chat's mute of the publisher, including "less"."""
    for kind in SOURCE_MUTES:
        subject = MuteSubject(kind, publisher.source_id, publisher.publisher_to_mute)
        if muted := await mute_of(tx, chat_id, subject):
            return muted
    return None


async def _resolve(
    tx: Transaction, chat_id: int, subject: Subject
) -> tuple[MuteSubject, str, bool]:
    """Return the subject as it is stored, its name, and whether it is a topic of the catalogue."""
    match subject:
        case TopicSubject(topic_id):
            topic, _ = await subscription_of(tx, chat_id, topic_id)
            return MuteSubject(MuteKind.TOPIC, topic_id), topic.name, topic.chat_id is None
        case StorySubject(story_id):
            alert = await _alert(tx, chat_id, story_id)
            return MuteSubject(MuteKind.STORY, alert.chain), alert.title, False
        case AlertPublisher(story_id, kind):
            alert = await _alert(tx, chat_id, story_id)
            found = await _publisher_of_alert(tx, chat_id, alert)
            if found is None:
                raise NoSuchAlert
            publisher = found
        case ArticlePublisher(source_id, article_id, kind):
            publisher = await publisher_seen(tx, chat_id, source_id, article_id)
    muted = MuteSubject(kind, publisher.source_id, publisher.publisher_to_mute)
    return muted, publisher.name, False


async def _alert(tx: Transaction, chat_id: int, story_id: int) -> SentStory:
    alert = await sent_story(tx, chat_id, story_id)
    if alert is None:
        raise NoSuchAlert
    return alert


async def _publisher_of_alert(tx: Transaction, chat_id: int, alert: SentStory) -> Publisher | None:
    """Return the first publisher of the alert's article that the chat sees; None if it is gone."""
    seen = await publishers_seen_by(tx, chat_id, [alert.article_id])
    return next(iter(seen.get(alert.article_id, ())), None)
