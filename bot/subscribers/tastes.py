"""Tastes: what a chat makes of an alert: it mutes the story, a topic, the source, or wants less."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.subscribers.errors import NoSuchAlert, NoSuchTopic
from bot.subscribers.paging import Page, page_number
from storage.alerts import PressedAlert, alert_of_button, mark_pressed, topic_names
from storage.chats import lock_chat
from storage.db.engine import Storage, Transaction
from storage.enums import MuteKind
from storage.mutes import ActiveMute, MuteSubject, count_mutes, mute, mutes_of, unmute
from storage.publishers import Publisher, publishers_seen_by

PER_PAGE = 8
# No story goes on for longer; what nobody tells any more need not stay muted.
STORY_LASTS = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class AlertSeen:
    """What an alert can be answered with; *outlet* is "" where its source is gone."""

    story_id: int
    outlet: str
    topics: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Done:
    """What was muted; *days* is None for what lasts."""

    mute_id: int
    kind: MuteKind
    name: str = ""
    days: int | None = None


async def open_alert(storage: Storage, chat_id: int, story_id: int) -> AlertSeen:
    """Return what its menu has; as long as that is open nothing else changes its buttons."""
    async with storage.writing() as tx:
        alert = await _alert(tx, chat_id, story_id)
        await mark_pressed(tx, chat_id, story_id, tx.now)
        publisher = await _publisher(tx, chat_id, alert)
        topics = await topic_names(tx, alert.topic_ids)
    return AlertSeen(story_id, publisher.name if publisher else "", topics)


async def close_alert(storage: Storage, chat_id: int, story_id: int) -> None:
    """Its usual buttons are there again."""
    async with storage.writing() as tx:
        await _alert(tx, chat_id, story_id)
        await mark_pressed(tx, chat_id, story_id, None)


async def mute_story(storage: Storage, chat_id: int, story_id: int) -> Done:
    """Tell no more of the story: no chapter, no edit, no item in a digest."""
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        alert = await _alert(tx, chat_id, story_id)
        subject = MuteSubject(MuteKind.STORY, alert.chain)
        made = await _mute(tx, chat_id, story_id, subject, tx.now + STORY_LASTS)
    return Done(made, subject.kind)


async def mute_topic(
    storage: Storage, chat_id: int, story_id: int, topic_id: int, days: int
) -> Done:
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        alert = await _alert(tx, chat_id, story_id)
        names = await topic_names(tx, alert.topic_ids)
        if topic_id not in names:
            raise NoSuchTopic
        subject = MuteSubject(MuteKind.TOPIC, topic_id)
        until = tx.now + timedelta(days=days)
        made = await _mute(tx, chat_id, story_id, subject, until)
    return Done(made, subject.kind, names[topic_id], days)


async def mute_source(storage: Storage, chat_id: int, story_id: int, days: int) -> Done:
    return await _on_source(storage, chat_id, story_id, MuteKind.SOURCE, days)


async def less_of_source(storage: Storage, chat_id: int, story_id: int) -> Done:
    """Tell what it brings in digests only, unless others tell it too."""
    return await _on_source(storage, chat_id, story_id, MuteKind.LESS)


async def list_mutes(storage: Storage, chat_id: int, page: int = 0) -> Page[ActiveMute]:
    async with storage.reading() as tx:
        total = await count_mutes(tx, chat_id)
        page = page_number(page, total, PER_PAGE)
        rows = await mutes_of(tx, chat_id, offset=page * PER_PAGE, limit=PER_PAGE)
    return Page(rows, page, total, PER_PAGE)


async def undo_mute(storage: Storage, chat_id: int, story_id: int, mute_id: int) -> None:
    """End what a press on the alert began."""
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        await unmute(tx, chat_id, mute_id)
        await mark_pressed(tx, chat_id, story_id, None)


async def unmute_one(storage: Storage, chat_id: int, mute_id: int) -> None:
    """End a mute of the chat's; one that is over already stays so."""
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        await unmute(tx, chat_id, mute_id)


async def _on_source(
    storage: Storage, chat_id: int, story_id: int, kind: MuteKind, days: int | None = None
) -> Done:
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        alert = await _alert(tx, chat_id, story_id)
        publisher = await _publisher(tx, chat_id, alert)
        if publisher is None:
            raise NoSuchAlert
        subject = MuteSubject(kind, publisher.source_id, publisher.mutable_outlet)
        until = tx.now + timedelta(days=days) if days is not None else None
        made = await _mute(tx, chat_id, story_id, subject, until)
    return Done(made, kind, publisher.name, days)


async def _mute(
    tx: Transaction, chat_id: int, story_id: int, subject: MuteSubject, until: datetime | None
) -> int:
    """Return the row; the alert shows how to undo it."""
    await mark_pressed(tx, chat_id, story_id, tx.now)
    return await mute(tx, chat_id, subject, until)


async def _alert(tx: Transaction, chat_id: int, story_id: int) -> PressedAlert:
    alert = await alert_of_button(tx, chat_id, story_id)
    if alert is None:
        raise NoSuchAlert
    return alert


async def _publisher(tx: Transaction, chat_id: int, alert: PressedAlert) -> Publisher | None:
    """Return the first publisher of the article that the chat sees; None if it is gone."""
    seen = await publishers_seen_by(tx, chat_id, [alert.article_id])
    return next(iter(seen.get(alert.article_id, ())), None)
