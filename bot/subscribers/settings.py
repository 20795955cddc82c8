"""Settings: in which zone a chat is, what it gets on an empty day, whether anything comes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.mail.confirm import MailboxSeen, mailbox_seen
from bot.publishing.calendar import Plan, local_date, start_of
from bot.rendering.i18n import LANGUAGES
from bot.subscribers.errors import NotADate, NotALanguage, NotAZone
from bot.subscribers.limits import LONGEST_PAUSE_DAYS
from bot.subscribers.planning import rehold, replan
from bot.subscribers.zones import is_zone
from storage.chats import Chat, lock_chat, schedule_of
from storage.db.engine import Storage, Transaction
from storage.enums import ChatState, EmptyDay, QuietHours
from storage.mailboxes import mailbox_of
from storage.subscriptions import count_subscriptions
from storage.suspension import restore_chat, suspend_chat


@dataclass(frozen=True, slots=True)
class Settings:
    """How a chat has it; `next_at` is None where no topic is in a digest.

    `language`: the code of the one that was chosen; None where it is the client's. `speaks`: the
    tag of what it comes to.

    `paused_until`: the local date on which a pause ends by itself.
    """

    plan: Plan
    zone_guessed: bool
    empty_day: EmptyDay
    quiet: QuietHours | None
    alerts_an_hour: int
    is_paused: bool
    paused_until: date | None
    next_at: datetime | None
    topics: int
    mailbox: MailboxSeen
    now: datetime
    language: str | None = None
    speaks: str = ""


async def get_settings(storage: Storage, chat_id: int) -> Settings:
    async with storage.reading() as tx:
        chat = await tx.session.get_one(Chat, chat_id)
        return await settings_of(tx, chat)


async def set_zone(storage: Storage, chat_id: int, zone: str) -> Settings:
    if not is_zone(zone):
        raise NotAZone
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        if chat.resume_at:  # the date stays what it was
            chat.resume_at = start_of(local_date(chat.resume_at, chat.zone), zone)
        chat.zone, chat.zone_guessed = zone, False
        if chat.quiet_hours:
            await rehold(tx, chat)
        await replan(tx, chat)
        return await settings_of(tx, chat)


async def set_language(storage: Storage, chat_id: int, code: str | None) -> Settings:
    """Speak the language *code* to the chat, or with None the client's."""
    if code is not None and code not in LANGUAGES:
        raise NotALanguage
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        chat.chosen_language = code
        await tx.session.flush()
        return await settings_of(tx, chat)


async def set_empty_day(storage: Storage, chat_id: int, empty_day: EmptyDay) -> Settings:
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        chat.empty_day = empty_day
        await tx.session.flush()
        return await settings_of(tx, chat)


async def pause(storage: Storage, chat_id: int) -> Settings:
    return await _pause(storage, chat_id, lambda _today: None)


async def pause_for(storage: Storage, chat_id: int, days: int) -> Settings:
    return await _pause(storage, chat_id, lambda today: today + timedelta(days=days))


async def pause_until(storage: Storage, chat_id: int, day: date) -> Settings:
    """Let nothing come before the local date *day*; NotADate if that is over, or far away."""
    return await _pause(storage, chat_id, lambda _today: day)


async def resume(storage: Storage, chat_id: int) -> Settings:
    """What has gathered comes with the next digest, not at once."""
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        await restore_chat(tx, chat_id)
        chat.next_digest_at = None
        await replan(tx, chat)
        return await settings_of(tx, chat)


async def _pause(storage: Storage, chat_id: int, end: Callable[[date], date | None]) -> Settings:
    """Pause until the date that *end* gives for today's, or else until `resume`."""
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        today = local_date(tx.now, chat.zone)
        until = end(today)
        if until and not 0 < (until - today).days <= LONGEST_PAUSE_DAYS:
            raise NotADate
        await suspend_chat(tx, chat_id, ChatState.PAUSED)
        chat.resume_at = start_of(until, chat.zone) if until else None
        await replan(tx, chat)
        return await settings_of(tx, chat)


async def settings_of(tx: Transaction, chat: Chat) -> Settings:
    is_paused = chat.state is ChatState.PAUSED
    return Settings(
        plan=Plan(chat.zone, await schedule_of(tx, chat.id)),
        zone_guessed=chat.zone_guessed,
        empty_day=chat.empty_day,
        quiet=chat.quiet_hours,
        alerts_an_hour=chat.alerts_an_hour,
        is_paused=is_paused,
        paused_until=local_date(chat.resume_at, chat.zone) if chat.resume_at else None,
        next_at=chat.next_digest_at,
        topics=await count_subscriptions(tx, chat.id),
        mailbox=mailbox_seen(chat, await mailbox_of(tx, chat.id)),
        now=tx.now,
        language=chat.chosen_language,
        speaks=chat.speaks,
    )
