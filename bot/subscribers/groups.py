"""Groups and channels: managing them from a private chat, their forum topics, and migration.

In a forum, each thread is a chat of its own with its own subscriptions. A subscription can be moved
from one thread to another thread of the same group.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from bot.subscribers.errors import NoSuchTopic
from bot.subscribers.limits import Limits
from bot.subscribers.paging import PER_PAGE, ListPage, load_page
from bot.subscribers.settings import replan
from bot.subscribers.users import CurrentUser
from storage import subscriptions
from storage.chats import (
    Chat,
    add_listed_admins,
    administered_chats,
    chat_at,
    count_administered_chats,
    is_admin_recorded,
    listed_admins,
    lock_chat,
    private_chat_of,
    record_chat_admin,
    remove_listed_admins,
    set_managed_chat,
)
from storage.db.engine import Storage, Transaction
from storage.enums import CLOSED, ChatKind, ChatState, Mode, MuteKind
from storage.mutes import MuteSubject, unmute_subject
from storage.suspension import migrate_chat, move_waiting_alerts, restore_chat
from storage.topics import Topic, topic_of

# While the user goes on, the time of the last use is stored this often.
_STORED_EVERY = timedelta(minutes=5)
_SUPERGROUPS = 10**12
_MOST_THREADS = 20
_UNMANAGEABLE = (*CLOSED, ChatState.ERASED)


@dataclass(frozen=True, slots=True)
class ManagedChat:
    """A group or channel; *chat_id* is our row of it."""

    chat_id: int
    telegram_id: int
    title: str
    kind: ChatKind


@dataclass(frozen=True, slots=True)
class SiblingTopic:
    """A subscription of another thread of the same group; *thread_id* 0 is the group itself."""

    chat_id: int
    thread_id: int
    thread_name: str  # "" if it is not known yet
    topic_id: int
    name: str
    is_public: bool
    mode: Mode


class MovedTopic(NamedTuple):
    """The topic of a subscription that has moved."""

    name: str
    is_public: bool


@dataclass(frozen=True, slots=True)
class ForumThread:
    """A topic of a forum that has subscriptions; *url* opens it in Telegram."""

    url: str
    thread_id: int
    name: str  # "" if it is not known yet
    count: int


# Managed from a private chat


async def managed_chats(storage: Storage, user_id: int, page: int = 0) -> ListPage[ManagedChat]:
    """Return a page of the groups and channels that the user administers, as last recorded."""
    async with storage.reading() as tx:
        total = await count_administered_chats(tx, user_id)
        found = await load_page(partial(administered_chats, tx, user_id), page, total)
    return found.showing([_managed(chat) for chat in found.items])


async def as_manager(
    storage: Storage, user: CurrentUser, chat_id: int
) -> tuple[ManagedChat, CurrentUser] | None:
    """Return the chat, and *user* as its manager; None if there is no such group or channel."""
    async with storage.reading() as tx:
        chat = await tx.get(Chat, chat_id)
    if chat is None or chat.kind is ChatKind.PRIVATE or chat.state in _UNMANAGEABLE:
        return None
    manager = replace(
        user,
        chat_id=chat_id,
        zone=chat.zone,
        kind=chat.kind,
        managed_title=_title_of(chat),
        telegram_id=chat.telegram_id,
        is_paused=chat.state is ChatState.PAUSED,
    )
    return _managed(chat), manager


async def set_managed(storage: Storage, user_id: int, chat_id: int | None) -> None:
    """Apply what the user types to our row *chat_id*, or with None to their own chat again."""
    async with storage.writing() as tx:
        await set_managed_chat(tx, user_id, chat_id)


async def manage_from_group(storage: Storage, user_id: int, chat_id: int) -> str | None:
    """Manage *chat_id* from the user's private chat; return the tag of the language there.

    Returns None if the bot cannot write to the user.
    """
    async with storage.writing() as tx:
        own = await private_chat_of(tx, user_id)
        if own is None:
            return None
        await set_managed_chat(tx, user_id, chat_id)
        return own.speaks


async def go_on_managing(storage: Storage, user: CurrentUser) -> None:
    """Store that the user did something for the chat that they manage."""
    if user.managed_at and user.now - user.managed_at > _STORED_EVERY:
        await set_managed(storage, user.user_id, user.managing)


async def name_of(storage: Storage, chat_id: int | None) -> str:
    """Return the title of our row *chat_id* of a group or channel; "" if there is none."""
    if chat_id is None:
        return ""
    async with storage.reading() as tx:
        chat = await tx.get(Chat, chat_id)
    return _title_of(chat) if chat else ""


async def record_admins(storage: Storage, telegram_id: int, user_ids: frozenset[int]) -> None:
    """Store who administers a group or channel; nothing happens if it has no row."""
    async with storage.reading() as tx:
        recorded = await listed_admins(tx, telegram_id)
    if recorded == user_ids:
        return
    async with storage.writing() as tx:
        chat = await chat_at(tx, telegram_id)
        if chat is not None:
            recorded = await listed_admins(tx, telegram_id)
            await add_listed_admins(tx, chat.id, user_ids - recorded)
            await remove_listed_admins(tx, telegram_id, recorded - user_ids)


async def record_admin(storage: Storage, telegram_id: int, user_id: int, *, is_admin: bool) -> None:
    """Store that one user became an administrator, or is none any more."""
    async with storage.reading() as tx:
        recorded = await listed_admins(tx, telegram_id)
    changed = recorded | {user_id} if is_admin else recorded - {user_id}
    await record_admins(storage, telegram_id, changed)


async def remember_chat_admin(storage: Storage, user: CurrentUser) -> None:
    """Store that *user* administers the group or channel and changes its subscriptions."""
    async with storage.reading() as tx:
        if await is_admin_recorded(tx, user.chat_id, user.user_id):
            return
    async with storage.writing() as tx:
        await record_chat_admin(tx, user.chat_id, user.user_id)


def _managed(chat: Chat) -> ManagedChat:
    return ManagedChat(chat.id, chat.telegram_id, _title_of(chat), chat.kind)


def _title_of(chat: Chat) -> str:
    """Return the title of the chat, with the name of its thread if it is one."""
    return f"{chat.name} · {chat.thread_name}" if chat.thread_name else chat.name


# Forum topics, and groups that become supergroups


async def reopen_thread(storage: Storage, telegram_id: int, thread_id: int) -> None:
    """Restore a thread whose topic had been closed."""
    async with storage.writing() as tx:
        chat = await chat_at(tx, telegram_id, thread_id)
        if chat and chat.state is ChatState.TOPIC_CLOSED:
            await restore_chat(tx, chat.id)


async def rename_thread(storage: Storage, telegram_id: int, thread_id: int, name: str) -> None:
    """Rename a thread, if it has a row."""
    async with storage.writing() as tx:
        chat = await chat_at(tx, telegram_id, thread_id)
        if chat and thread_id:
            chat.thread_name = name


async def migrate_group(storage: Storage, old: int, new: int, *, limits: Limits) -> None:
    """Follow a group that became a supergroup; the second call changes nothing."""
    async with storage.writing() as tx:
        await migrate_chat(tx, old, new, most_topics=limits.topics)


async def other_threads(storage: Storage, chat_id: int) -> list[ForumThread]:
    """Return the threads with subscriptions, if *chat_id* is the general thread of a forum."""
    async with storage.reading() as tx:
        chat = await tx.get_one(Chat, chat_id)
        if chat.thread_id:
            return []
        found = await subscriptions.subscriptions_by_thread(tx, chat, limit=_MOST_THREADS)
    # A link has the id of a supergroup without its prefix -100.
    forum = f"https://t.me/c/{-chat.telegram_id - _SUPERGROUPS}"
    return [ForumThread(f"{forum}/{number}", number, name, count) for number, name, count in found]


# Moving subscriptions from one thread of a forum to another


async def sibling_topics(
    storage: Storage, chat_id: int, page: int = 0, per_page: int = PER_PAGE
) -> ListPage[SiblingTopic]:
    """Return the subscriptions of the other threads of the chat's group."""
    async with storage.reading() as tx:
        chat = await tx.get_one(Chat, chat_id)
        total = await subscriptions.count_in_other_threads(tx, chat)
        load = partial(subscriptions.subscriptions_in_other_threads, tx, chat)
        found = await load_page(load, page, total, per_page)
    return found.showing([SiblingTopic(*row) for row in found.items])


async def move_subscription(
    storage: Storage, chat_id: int, source_id: int, topic_id: int
) -> MovedTopic:
    """Move a subscription from our row *source_id* to *chat_id*; return its topic.

    The subscription still alerts from the same time on. If the chat already has the topic, or
    another one with the same query, that subscription stays and the moved one ends. Raises
    NoSuchTopic unless both are threads of one group.
    """
    async with storage.writing() as tx:
        source, chat = await _lock_both(tx, source_id, chat_id)
        subscription = await subscriptions.subscription_to(tx, source_id, topic_id)
        topic = await tx.get(Topic, topic_id)
        if subscription is None or topic is None or source_id == chat_id:
            raise NoSuchTopic
        is_own = topic.chat_id is not None
        twin = await topic_of(tx, chat_id, topic.query_id) if is_own else None
        is_subscribed = (
            await subscriptions.subscription_to(tx, chat_id, (twin or topic).id) is not None
        )
        await unmute_subject(tx, source_id, MuteSubject(MuteKind.TOPIC, topic_id))
        if is_subscribed:
            await tx.delete(subscription)
        else:
            subscription.chat_id, subscription.topic_id = chat_id, (twin or topic).id
        if is_own and twin is None:
            topic.chat_id = chat_id
        await tx.flush()
        await move_waiting_alerts(tx, source, chat_id, topic_id, (twin or topic).id)
        if twin is not None:
            await subscriptions.drop_topic(tx, topic)
        await replan(tx, source)
        await replan(tx, chat)
    return MovedTopic(topic.name, is_public=not is_own)


async def _lock_both(tx: Transaction, source_id: int, chat_id: int) -> tuple[Chat, Chat]:
    """Lock both chats in the order of their ids, so that no two moves deadlock; return them."""
    chats = {}
    for row in sorted({source_id, chat_id}):
        if await tx.get(Chat, row) is None:
            raise NoSuchTopic
        chats[row] = await lock_chat(tx, row)
    source, chat = chats[source_id], chats[chat_id]
    if source.telegram_id != chat.telegram_id:
        raise NoSuchTopic
    return source, chat
