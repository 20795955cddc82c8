"""Users and their chats: who sent an update, and chats that leave, return and move.

A group has a row, and so has each of its threads in which somebody has used the bot. A new thread
starts with the settings of its group.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from bot.rendering.i18n import ENGLISH, language_for
from bot.rendering.messages import Message
from bot.subscribers.access import Access, apply_to_chats, has_access
from bot.subscribers.errors import Banned, GroupClosed
from bot.subscribers.text import one_line
from bot.subscribers.timezones import guess_zone
from storage import chats
from storage.access import admin_ids
from storage.db.engine import Storage, Transaction
from storage.enums import CLOSED, ChatKind, ChatState, DeliveryKind
from storage.maintenance import Maintenance, current_maintenance
from storage.outbox import enqueue, has_pending_notice, new_delivery
from storage.schedules import DEFAULT_SCHEDULE
from storage.suspension import (
    apply_access,
    is_banned,
    restore_chat,
    suspend_chat,
    take_ban_notice,
)

# A message from a chat in one of these states brings it back.
_AWAY = frozenset({ChatState.BLOCKED, ChatState.KICKED, ChatState.GONE})
_UNANSWERED = "unanswered"  # the subject of the notice to a chat whose replies were rate limited
# Telegram allows 64; other servers may allow more, and a row must stay small.
_LONGEST_NAME = 64
_LONGEST_TAG = 16
# For an answer to a question, and for the next use of a chat that is managed from a private one.
_LONGEST_WAIT = timedelta(hours=1)
# Columns that a new thread takes over from its group.
_INHERITED = (
    "zone", "zone_guessed", "language", "chosen_language", "empty_day", "style", "layout",
    "quiet_from", "quiet_to", "alerts_an_hour", "invited_by", "pictures", "mail_pictures",
    "alert_pictures", "hashtags",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sender:
    """The user who sent an update and the chat it was sent in, as Telegram describes them."""

    user_id: int
    telegram_id: int
    thread_id: int = 0
    kind: ChatKind = ChatKind.PRIVATE
    name: str = ""
    title: str = ""  # of a group or channel
    thread_name: str = ""  # the name that the thread was created with
    language: str = ""  # IETF tag, "" unknown
    can_change: bool = True  # in a group: whether they are an administrator

    @classmethod
    def in_private(cls, user_id: int, first_name: str, language: str | None) -> Self:
        """Return the user as the sender of their private chat, which has the user's id."""
        name, tag = user_name(first_name), language_tag(language)
        return cls(user_id=user_id, telegram_id=user_id, name=name, language=tag)

    @property
    def chat_name(self) -> str:
        return self.name if self.kind is ChatKind.PRIVATE else self.title


def user_name(first_name: str) -> str:
    return one_line(first_name)[:_LONGEST_NAME]


def language_tag(tag: str | None) -> str:
    return one_line(tag or "")[:_LONGEST_TAG]


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """A user who may use the bot; `now` is the time of the update's transaction.

    `can_change`: whether they may change the chat's subscriptions, as they may in a private chat.
    """

    chat_id: int  # our row
    user_id: int
    name: str
    zone: str
    is_admin: bool
    is_paused: bool
    now: datetime
    kind: ChatKind = ChatKind.PRIVATE
    can_change: bool = True
    language: str = ENGLISH.code  # a code of ours; the renderer uses English if it is not offered
    managing: int | None = None  # our row of the chat that they manage from here
    managed_at: datetime | None = None  # when they last did something for that chat
    was_managing: int | None = None  # our row of a chat that they stopped using an hour ago
    managed_title: str = ""  # the title of that chat, if the update is about it
    telegram_id: int = 0  # of the chat that the update is about
    question: str = ""  # of a private chat: what the next text answers, see `Chat.question`
    maintenance: Maintenance | None = None  # the one that is going on


async def identify(
    storage: Storage, sender: Sender, *, is_leaving: bool = False, access: Access
) -> CurrentUser | None:
    """Return the current user, and add the row of their chat; None if they have no access.

    In a group with a row, every member has access as long as the user who added the bot has it.
    Raises GroupClosed if that user has lost it. Raises Banned if the user or the chat is banned,
    unless the user has a private chat and asks to have it erased (*is_leaving*). Only a private
    chat gets the notice of a ban, because a group would read it about its member.
    """
    async with storage.reading() as tx:
        found = await _look_up(tx, sender, access)
    is_leaving = is_leaving and found.is_known and sender.kind is ChatKind.PRIVATE
    if found.is_banned and not is_leaving:
        is_seen_by_others = sender.kind is not ChatKind.PRIVATE
        raise Banned(is_first=not is_seen_by_others and await _take_ban_notice(storage, sender))
    if found.is_closed_group:
        raise GroupClosed
    is_member = found.is_known and sender.kind is not ChatKind.PRIVATE
    if not (found.has_access or is_member or is_leaving):
        return None
    chat = found.chat
    is_reopened = chat is not None and chat.state in CLOSED and not is_leaving
    if chat is None or is_reopened or _is_outdated(chat, sender):
        async with storage.writing() as tx:
            chat = await _save(tx, sender)
            if is_reopened:
                await apply_access(tx, access.rule, telegram_id=sender.telegram_id)
    return _current_user(sender, chat, found)


async def identify_known(storage: Storage, sender: Sender, *, access: Access) -> CurrentUser | None:
    """Return the current user if they have a chat already; no chat is created."""
    async with storage.reading() as tx:
        found = await _look_up(tx, sender, access)
    if found.chat is None or found.is_banned or found.is_closed_group or not found.has_access:
        return None
    return _current_user(sender, found.chat, found)


class _Found(NamedTuple):
    """The rows that concern a sender; *is_known*: whether their chat or its group has a row."""

    chat: chats.Chat | None
    is_known: bool
    is_closed_group: bool
    is_banned: bool
    has_access: bool
    is_admin: bool
    now: datetime
    maintenance: Maintenance | None


async def _look_up(tx: Transaction, sender: Sender, access: Access) -> _Found:
    chat = await chats.chat_at(tx, sender.telegram_id, sender.thread_id)
    group = chat or (await chats.chat_at(tx, sender.telegram_id) if sender.thread_id else None)
    appointed = await admin_ids(tx)
    is_banned_here = await is_banned(tx, {sender.user_id, sender.telegram_id})
    return _Found(
        chat=chat,
        is_known=group is not None,
        is_closed_group=(
            group is not None
            and group.kind is not ChatKind.PRIVATE
            and group.state is ChatState.NO_ACCESS
        ),
        is_banned=is_banned_here and not access.owns(sender.user_id),
        has_access=await has_access(tx, sender.user_id, access),
        is_admin=access.may_run(sender.user_id, appointed),
        now=tx.now,
        maintenance=await current_maintenance(tx),
    )


def _current_user(sender: Sender, chat: chats.Chat, found: _Found) -> CurrentUser:
    used_at = chat.managed_at
    is_managing = used_at is not None and found.now - used_at < _LONGEST_WAIT
    return CurrentUser(
        chat_id=chat.id,
        user_id=sender.user_id,
        name=sender.name,
        zone=chat.zone,
        is_admin=found.is_admin,
        is_paused=chat.state is ChatState.PAUSED,
        now=found.now,
        kind=sender.kind,
        can_change=sender.can_change,
        language=language_for(chat.speaks),
        managing=chat.managing if is_managing else None,
        managed_at=used_at if is_managing else None,
        was_managing=None if is_managing else chat.managing,
        telegram_id=sender.telegram_id,
        question=_question(chat, found.now),
        maintenance=found.maintenance,
    )


def _question(chat: chats.Chat, now: datetime) -> str:
    is_fresh = chat.asked_at is not None and now - chat.asked_at < _LONGEST_WAIT
    return (chat.question or "") if is_fresh else ""


async def join_group(storage: Storage, sender: Sender, *, access: Access) -> int | None:
    """Add the group or channel of *sender*; return the id of our row, None if they may not.

    If the group has a row, anybody may add the bot again as long as the user who added it before
    has access. A user with access takes that user's place.
    """
    async with storage.writing() as tx:
        if await is_banned(tx, (sender.user_id, sender.telegram_id)):
            return None
        if await has_access(tx, sender.user_id, access):
            chat = await _save(tx, sender)
            await chats.set_inviter(tx, sender.telegram_id, sender.user_id)
            await apply_to_chats(tx, sender.telegram_id, access)
            return chat.id
        known = await chats.chat_at(tx, sender.telegram_id)
        return known.id if known and known.state not in CLOSED else None


async def _take_ban_notice(storage: Storage, sender: Sender) -> bool:
    async with storage.writing() as tx:
        return await take_ban_notice(tx, {sender.user_id, sender.telegram_id})


async def suspend_chats(storage: Storage, telegram_id: int, state: ChatState) -> None:
    """Suspend the chat and its threads, because the bot was blocked or removed.

    A paused chat stays paused, because coming back must not end the pause.
    """
    async with storage.writing() as tx:
        for chat in await chats.chats_of(tx, telegram_id):
            if chat.state is not ChatState.PAUSED:
                await suspend_chat(tx, chat.id, state)


async def restore_chats(storage: Storage, telegram_id: int, *, closed_too: bool = False) -> None:
    """Restore the chat and its threads; with *closed_too* also threads whose topic is closed."""
    returning = _AWAY | {ChatState.TOPIC_CLOSED} if closed_too else _AWAY
    async with storage.writing() as tx:
        for chat in await chats.chats_of(tx, telegram_id):
            if chat.state in returning:
                await restore_chat(tx, chat.id)


def _is_outdated(chat: chats.Chat, sender: Sender) -> bool:
    return (
        chat.state in _AWAY
        or chat.name != sender.chat_name
        or bool(sender.thread_name and not chat.thread_name)
        or (sender.kind is ChatKind.PRIVATE and chat.language != (sender.language or chat.language))
    )


async def _save(tx: Transaction, sender: Sender) -> chats.Chat:
    opened = await chats.chat_at(tx, sender.telegram_id, sender.thread_id)
    if opened is None:
        opened = await _open(tx, sender)
    chat = await chats.lock_chat(tx, opened.id)
    if chat.state in _AWAY:
        await restore_chat(tx, chat.id)
    chat.name, chat.kind = sender.chat_name, sender.kind
    chat.thread_name = chat.thread_name or sender.thread_name
    if sender.kind is ChatKind.PRIVATE:  # a group keeps its first language
        chat.language = sender.language or chat.language
    return chat


async def _open(tx: Transaction, sender: Sender) -> chats.Chat:
    values = {
        "telegram_id": sender.telegram_id,
        "kind": sender.kind,
        "name": sender.chat_name,
        "language": sender.language or "en",
        "zone": guess_zone(sender.language),
        "invited_by": None if sender.kind is ChatKind.PRIVATE else sender.user_id,
    }
    chat = await chats.open_chat(tx, values | {"thread_id": 0})
    if not sender.thread_id:
        return chat
    inherited = {name: getattr(chat, name) for name in _INHERITED}
    thread = await chats.open_chat(tx, values | inherited | {"thread_id": sender.thread_id})
    schedule = await chats.schedule_of(tx, chat.id)
    if schedule != DEFAULT_SCHEDULE:
        await chats.set_schedule(tx, thread.id, schedule)
    return thread


async def enqueue_apology(
    storage: Storage, telegram_id: int, thread_id: int, message: Message
) -> None:
    """Enqueue *message* to a chat whose replies were refused by Telegram's rate limit.

    Nothing happens if the chat is unknown, or has an apology pending.
    """
    async with storage.writing() as tx:
        chat = await chats.chat_at(tx, telegram_id, thread_id)
        if chat is None:
            return
        await chats.lock_chats(
            tx, [chat.id]
        )  # so that the second of two concurrent calls sees the first notice
        if await has_pending_notice(tx, chat.id, _UNANSWERED):
            return
        named = {"notice": _UNANSWERED, "subject": f"{tx.now:%Y%m%dT%H%M%S%f}", "silent": True}
        row = new_delivery(tx, DeliveryKind.NOTICE, chat.id, message, **named)
        await enqueue(tx, [row])
