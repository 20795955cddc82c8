"""Exporting: all that a chat has, as a document; and its feeds, as other readers take them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.sources.discovery.opml import Outline, write_opml
from bot.subscribers.exports import clock, day_names, moment, written
from storage.chats import Chat, schedule_of
from storage.db.engine import Storage, Transaction
from storage.editions import Edition
from storage.enums import MuteKind, ScheduleTime, SourceKind
from storage.mailboxes import Mailbox, mailbox_of
from storage.mutes import ActiveMute, mutes_of, topics_muted
from storage.sources import Source
from storage.users import SubscribedTopic, all_editions, all_followed, all_subscriptions

_MOST = 10_000  # mutes and editions told of


@dataclass(frozen=True, slots=True)
class Exported:
    """Two files; *opml* is None where the chat follows no feed of its own."""

    document: bytes
    opml: bytes | None


async def export_chat(storage: Storage, chat_id: int, title: str) -> Exported:
    """*title* is what the list of feeds is called."""
    async with storage.reading() as tx:
        chat = await tx.session.get_one(Chat, chat_id)
        sources = await all_followed(tx, chat_id)
        parts = await _parts(tx, chat, sources)
        now = tx.now
    return Exported(written(parts, now), _opml(sources, title) if sources else None)


async def _parts(tx: Transaction, chat: Chat, sources: Iterable[Source]) -> dict[str, Any]:
    chat_id = chat.id
    mutes = await mutes_of(tx, chat_id, offset=0, limit=_MOST)
    watched, muted = await all_subscriptions(tx, chat_id), await topics_muted(tx, chat_id)
    return {
        "settings": settings(chat),
        "digests": [slot(one) for one in await schedule_of(tx, chat_id)],
        "topics": [topic(one, muted_in(muted, one.topic.id)) for one in watched],
        "mutes": [_mute(mute) for mute in mutes if mute.kind is not MuteKind.TOPIC],
        "sources": [source(one) for one in sources],
        "mailbox": mailbox(await mailbox_of(tx, chat_id)),
        "editions": [_edition(one) for one in await all_editions(tx, chat_id, _MOST)],
    }


def settings(chat: Chat) -> dict[str, Any]:
    quiet = chat.quiet_hours
    return {
        "name": chat.name,
        "language": chat.language,
        "zone": chat.zone,
        "zone_guessed": chat.zone_guessed,
        "state": chat.state,
        "resumes_at": moment(chat.resume_at),
        "quiet_hours": {"from": clock(quiet.start), "to": clock(quiet.end)} if quiet else None,
        "alerts_an_hour": chat.alerts_an_hour,
        "empty_day": chat.empty_day,
        "style": chat.style,
        "layout": chat.layout,
        "digest_by": chat.digest_by,
        "since": moment(chat.created_at),
    }


def slot(one: ScheduleTime) -> dict[str, Any]:
    return {"time": clock(one.minutes), "weekdays": day_names(one.weekdays)}


def topic(watched: SubscribedTopic, muted: str | bool) -> dict[str, Any]:  # noqa: FBT001 - as it is written
    topic, subscription = watched
    return {
        "name": topic.name,
        "query": topic.typed,
        "mode": subscription.mode,
        "catalogue": topic.slug,
        "muted": muted,
        "since": moment(subscription.created_at),
    }


def muted_in(muted: Mapping[int, datetime | None], topic_id: int) -> str | bool:
    """Return whether or until when the topic is *muted*, as the document says it."""
    return moment(muted[topic_id]) or True if topic_id in muted else False


def source(one: Source) -> dict[str, Any]:
    return {"url": one.url, "title": one.title, "kind": one.kind}


def _mute(mute: ActiveMute) -> dict[str, Any]:
    return {"kind": mute.kind, "name": mute.name, "until": moment(mute.until)}


def mailbox(one: Mailbox | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "address": one.address,
        "state": one.state,
        "alerts": one.alerts,
        "since": moment(one.created_at),
    }


def _edition(edition: Edition) -> dict[str, Any]:
    return {
        "date": edition.local_date.isoformat(),
        "slot": edition.slot,
        "made_at": moment(edition.made_at),
        "stories": edition.stories,
    }


def _opml(sources: Iterable[Source], title: str) -> bytes:
    outlines = [
        Outline(
            source.url,
            source.title,
            folder=tuple(source.folder),
            is_page=source.kind is SourceKind.PAGE,
        )
        for source in sources
    ]
    return write_opml(outlines, title)
