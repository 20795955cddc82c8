"""Exporting: all that a chat has, as a document; and its feeds, as other readers take them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.sources.finding.opml import Outline, write_opml
from bot.subscribers.exports import clock, day_names, moment, written
from storage.chats import Chat
from storage.chats_told import Watched, all_editions, all_followed, all_watched
from storage.editions import Edition
from storage.engine import Storage, Unit
from storage.mailboxes import Mailbox, mailbox_of
from storage.mutes import Muted, Subject, mute_of, mutes_of
from storage.slots import slots_of
from storage.sources import Source
from storage.words import MuteKind, Slot, SourceKind

_MOST = 10_000  # mutes and editions told of


@dataclass(frozen=True, slots=True)
class Exported:
    """Two files; *opml* is None where the chat follows no feed of its own."""

    document: bytes
    opml: bytes | None


@dataclass(frozen=True, slots=True)
class Exporting:
    storage: Storage

    async def export(self, chat_id: int, title: str) -> Exported:
        """*title* is what the list of feeds is called."""
        async with self.storage.reading() as unit:
            chat = await unit.session.get_one(Chat, chat_id)
            sources = await all_followed(unit, chat_id)
            parts = await _parts(unit, chat, sources)
            now = unit.now
        return Exported(written(parts, now), _opml(sources, title) if sources else None)


async def _parts(unit: Unit, chat: Chat, sources: Iterable[Source]) -> dict[str, Any]:
    chat_id = chat.id or 0
    mutes = await mutes_of(unit, chat_id, offset=0, limit=_MOST)
    return {
        "settings": _settings(chat),
        "digests": [_slot(slot) for slot in await slots_of(unit, chat_id)],
        "topics": [await _topic(unit, one) for one in await all_watched(unit, chat_id)],
        "mutes": [_mute(mute) for mute in mutes if mute.kind is not MuteKind.TOPIC],
        "sources": [{"url": one.url, "title": one.title, "kind": one.kind} for one in sources],
        "mailbox": _mailbox(await mailbox_of(unit, chat_id)),
        "editions": [_edition(one) for one in await all_editions(unit, chat_id, _MOST)],
    }


def _settings(chat: Chat) -> dict[str, Any]:
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


def _slot(slot: Slot) -> dict[str, Any]:
    return {"time": clock(slot.minutes), "weekdays": day_names(slot.weekdays)}


async def _topic(unit: Unit, watched: Watched) -> dict[str, Any]:
    topic, subscription = watched
    muted = await mute_of(unit, subscription.chat_id, Subject(MuteKind.TOPIC, topic.id or 0))
    return {
        "name": topic.name,
        "query": topic.typed,
        "mode": subscription.mode,
        "catalogue": topic.slug,
        "paused": subscription.paused,
        "muted": (moment(muted.until) or True) if muted else False,
        "since": moment(subscription.created_at),
    }


def _mute(mute: Muted) -> dict[str, Any]:
    return {"kind": mute.kind, "name": mute.name, "until": moment(mute.until)}


def _mailbox(mailbox: Mailbox | None) -> dict[str, Any] | None:
    if mailbox is None:
        return None
    return {
        "address": mailbox.address,
        "state": mailbox.state,
        "alerts": mailbox.alerts,
        "since": moment(mailbox.created_at),
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
