"""Arrivals: who is there, from the first update of a chat on; and chats that go, come and move.

A group has a row of its own, and so has each of its threads that somebody has used; a new thread
begins with the settings of its group.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.rendering.i18n import ENGLISH, language_for
from bot.subscribers.access import Access
from bot.subscribers.errors import Banned
from bot.subscribers.zones import guess_zone
from storage.access import admin_ids, is_admitted
from storage.chats import (
    Chat,
    chat_at,
    chats_of,
    is_recorded,
    lock_chat,
    open_chat,
    record_chat_admin,
    schedule_of,
    set_schedule,
)
from storage.db.engine import Storage, Transaction
from storage.enums import DEFAULT_SCHEDULE, ChatKind, ChatState
from storage.suspension import is_banned, migrate_chat, restore_chat, suspend_chat, take_ban_notice

# A chat in these states had gone; whoever writes from there is back.
_AWAY = frozenset({ChatState.BLOCKED, ChatState.KICKED, ChatState.GONE})
_LONGEST_WAIT = timedelta(hours=1)  # for an answer to a question
# What a new thread has of its group.
_INHERITED = (
    "zone", "zone_guessed", "language", "chosen_language", "empty_day", "style", "layout",
    "quiet_from", "quiet_to", "alerts_an_hour", "invited_by",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sender:
    """What an update says of the one who sent it and of where it was sent."""

    user_id: int
    telegram_id: int
    thread_id: int = 0
    kind: ChatKind = ChatKind.PRIVATE
    name: str = ""
    title: str = ""  # of a group or channel
    thread_name: str = ""  # as the thread was called when it was made
    language: str = ""  # IETF tag, "" unknown
    can_change: bool = True  # in a group: whether they are among those who run it

    @property
    def chat_name(self) -> str:
        return self.name if self.kind is ChatKind.PRIVATE else self.title


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """Somebody who may use the bot; `now` is the moment of the update's transaction.

    `can_change`: whether what the chat gets is theirs to choose; of a private chat it is.
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
    language: str = ENGLISH.code  # of ours; the renderer speaks English where it is not offered
    managing: int | None = None  # our row of what the person manages from here
    place: str = ""  # its title, where they act for it
    telegram_id: int = 0  # of the chat that they act for
    question: str = ""  # of a private chat: what the next text answers, see `Chat.question`


async def identify(
    storage: Storage, sender: Sender, *, is_leaving: bool = False, access: Access
) -> CurrentUser | None:
    """Return who it is, with a row of the chat's own; None for a stranger, who gets none.

    In a group that somebody has let the bot into nobody is a stranger. Banned where whoever
    runs the bot has banned the person or the chat, unless they have a chat of their own and
    come to have it erased (*is_leaving*).
    """
    ids = {sender.user_id, sender.telegram_id}
    async with storage.reading() as tx:
        appointed = await admin_ids(tx)
        banned = await is_banned(tx, ids) and not access.owns(sender.user_id)
        admitted = await is_admitted(tx, sender.user_id)
        rows = await chats_of(tx, sender.telegram_id)
        now = tx.now
    is_leaving = is_leaving and bool(rows) and sender.kind is ChatKind.PRIVATE
    if banned and not is_leaving:
        raise Banned(is_first=await _is_to_be_told(storage, ids))
    is_known = admitted or is_leaving or (bool(rows) and sender.kind is not ChatKind.PRIVATE)
    if not is_known and not access.may_use(sender.user_id, appointed):
        return None
    chat = next((row for row in rows if row.thread_id == sender.thread_id), None)
    if chat is None or _has_news(chat, sender):
        async with storage.writing() as tx:
            chat = await _kept(tx, sender)
    return _current_user(sender, chat, appointed, now, access=access)


async def identify_known(storage: Storage, sender: Sender, *, access: Access) -> CurrentUser | None:
    """Return who it is if they have a chat already; nobody is let in or told anything here."""
    ids = {sender.user_id, sender.telegram_id}
    async with storage.reading() as tx:
        appointed = await admin_ids(tx)
        banned = await is_banned(tx, ids) and not access.owns(sender.user_id)
        admitted = await is_admitted(tx, sender.user_id)
        rows = await chats_of(tx, sender.telegram_id)
        now = tx.now
    may_use = admitted or access.may_use(sender.user_id, appointed)
    if banned or not rows or not may_use:
        return None
    return _current_user(sender, rows[0], appointed, now, access=access)


def _current_user(
    sender: Sender, chat: Chat, appointed: Collection[int], now: datetime, *, access: Access
) -> CurrentUser:
    return CurrentUser(
        chat_id=chat.id,
        user_id=sender.user_id,
        name=sender.name,
        zone=chat.zone,
        is_admin=access.may_run(sender.user_id, appointed),
        is_paused=chat.state is ChatState.PAUSED,
        now=now,
        kind=sender.kind,
        can_change=sender.can_change,
        language=language_for(chat.speaks),
        managing=chat.managing,
        telegram_id=sender.telegram_id,
        question=_question(chat, now),
    )


def _question(chat: Chat, now: datetime) -> str:
    is_fresh = chat.asked_at is not None and now - chat.asked_at < _LONGEST_WAIT
    return (chat.question or "") if is_fresh else ""


async def join(storage: Storage, sender: Sender, *, access: Access) -> int | None:
    """Let *sender* bring the bot into a group or channel; return our row, None: they may not.

    A group that is known already may be come back to by whoever lets the bot in again.
    """
    async with storage.writing() as tx:
        known = await chats_of(tx, sender.telegram_id)
        appointed = await admin_ids(tx)
        admitted = await is_admitted(tx, sender.user_id)
        may_use = admitted or access.may_use(sender.user_id, appointed)
        if await is_banned(tx, (sender.user_id, sender.telegram_id)):
            return None
        if may_use:
            chat = await _kept(tx, sender)
            chat.invited_by = sender.user_id
            await tx.session.flush()
            return chat.id
        return known[0].id if known else None


async def _is_to_be_told(storage: Storage, ids: Collection[int]) -> bool:
    async with storage.writing() as tx:
        return await take_ban_notice(tx, ids)


async def suspend(storage: Storage, telegram_id: int, state: ChatState) -> None:
    """Suspend the chat and its threads: the bot was blocked or thrown out; nothing is deleted.

    A paused chat stays so: it gets nothing already, and coming back does not end the pause.
    """
    async with storage.writing() as tx:
        for chat in await chats_of(tx, telegram_id):
            if chat.state is not ChatState.PAUSED:
                await suspend_chat(tx, chat.id, state)


async def restore(storage: Storage, telegram_id: int, *, closed_too: bool = False) -> None:
    """Restore the chat and its threads; with *closed_too* also those whose topic is closed."""
    returning = _AWAY | {ChatState.TOPIC_CLOSED} if closed_too else _AWAY
    async with storage.writing() as tx:
        for chat in await chats_of(tx, telegram_id):
            if chat.state in returning:
                await restore_chat(tx, chat.id)


async def reopen_thread(storage: Storage, telegram_id: int, thread_id: int) -> None:
    """Restore a thread whose topic had been closed."""
    async with storage.writing() as tx:
        chat = await chat_at(tx, telegram_id, thread_id)
        if chat and chat.state is ChatState.TOPIC_CLOSED:
            await restore_chat(tx, chat.id)


async def rename_thread(storage: Storage, telegram_id: int, thread_id: int, name: str) -> None:
    """Call a thread by its new name, if it has a row."""
    async with storage.writing() as tx:
        chat = await chat_at(tx, telegram_id, thread_id)
        if chat and thread_id:
            chat.thread_name = name
            tx.session.add(chat)


async def remember_chat_admin(storage: Storage, user: CurrentUser) -> None:
    """Remember that *user* chooses what comes to a group or channel that they run."""
    async with storage.reading() as tx:
        if await is_recorded(tx, user.chat_id, user.user_id):
            return
    async with storage.writing() as tx:
        await record_chat_admin(tx, user.chat_id, user.user_id)


async def migrate(storage: Storage, old: int, new: int) -> None:
    """Follow a group that became a supergroup; told twice, nothing more happens."""
    async with storage.writing() as tx:
        await migrate_chat(tx, old, new)


def _has_news(chat: Chat, sender: Sender) -> bool:
    return (
        chat.state in _AWAY
        or chat.name != sender.chat_name
        or bool(sender.thread_name and not chat.thread_name)
        or (sender.kind is ChatKind.PRIVATE and chat.language != (sender.language or chat.language))
    )


async def _kept(tx: Transaction, sender: Sender) -> Chat:
    opened = await chat_at(tx, sender.telegram_id, sender.thread_id)
    if opened is None:
        opened = await _opened(tx, sender)
    chat = await lock_chat(tx, opened.id)
    if chat.state in _AWAY:
        await restore_chat(tx, chat.id)
    chat.name, chat.kind = sender.chat_name, sender.kind
    chat.thread_name = chat.thread_name or sender.thread_name
    if sender.kind is ChatKind.PRIVATE:  # a group does not speak as whoever was last
        chat.language = sender.language or chat.language
    tx.session.add(chat)
    await tx.session.flush()
    return chat


async def _opened(tx: Transaction, sender: Sender) -> Chat:
    place = {
        "telegram_id": sender.telegram_id,
        "kind": sender.kind,
        "name": sender.chat_name,
        "language": sender.language or "en",
        "zone": guess_zone(sender.language),
    }
    chat = await open_chat(tx, place | {"thread_id": 0})
    return await _thread(tx, chat, place, sender.thread_id) if sender.thread_id else chat


async def _thread(tx: Transaction, group: Chat, place: dict[str, object], thread_id: int) -> Chat:
    inherited = {name: getattr(group, name) for name in _INHERITED}
    thread = await open_chat(tx, place | inherited | {"thread_id": thread_id})
    slots = await schedule_of(tx, group.id)
    if slots != DEFAULT_SCHEDULE:
        await set_schedule(tx, thread.id, slots)
    return thread
