"""Groups and channels: managing them from a private chat, their forum topics, and migration.

In a forum, each thread is a chat of its own with its own subscriptions. A subscription can be moved
from one thread to another thread of the same group.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.subscribers.errors import NoSuchTopic
from bot.subscribers.limits import Limits
from bot.subscribers.paging import PER_PAGE, ListPage, load_page
from bot.subscribers.settings import replan
from bot.subscribers.users import CurrentUser
from storage import subscriptions
from storage.chats import (
    Chat,
    chat_at,
    invited_chats,
    is_admin_recorded,
    lock_chat,
    other_chats,
    record_chat_admin,
    set_managed_chat,
)
from storage.db.engine import Storage, Transaction
from storage.enums import CLOSED, ChatKind, ChatState, Mode, MuteKind
from storage.mutes import MuteSubject, unmute_subject
from storage.suspension import migrate_chat, move_waiting_alerts, restore_chat
from storage.topics import Topic, topic_of

# At most so many chats to which the user added the bot, and so many other chats, because the bot
# asks Telegram for the administrators of each.
MOST_OWN, MOST_OTHERS = 200, 30


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
    mode: Mode


# Managed from a private chat


async def managed_chats(storage: Storage, user_id: int) -> Sequence[ManagedChat]:
    """Return groups and channels with the bot, first those that the user added it to.

    The caller asks Telegram whether the user administers them. The list is cut if it is long.
    """
    async with storage.reading() as tx:
        own = await invited_chats(tx, user_id, limit=MOST_OWN)
        others = await other_chats(tx, user_id, limit=MOST_OTHERS)
    return [_managed(chat) for chat in (*own, *others)]


async def as_manager(
    storage: Storage, user: CurrentUser, chat_id: int
) -> tuple[ManagedChat, CurrentUser] | None:
    """Return the chat, and *user* as its manager; None if there is no such group or channel."""
    async with storage.reading() as tx:
        chat = await tx.get(Chat, chat_id)
    if chat is None or chat.kind is ChatKind.PRIVATE or chat.state in CLOSED:
        return None
    manager = replace(
        user,
        chat_id=chat_id,
        zone=chat.zone,
        kind=chat.kind,
        managed_title=chat.name,
        telegram_id=chat.telegram_id,
        is_paused=chat.state is ChatState.PAUSED,
    )
    return _managed(chat), manager


async def set_managed(storage: Storage, user_id: int, chat_id: int | None) -> None:
    """Apply what the user types to our row *chat_id*, or with None to their own chat again."""
    async with storage.writing() as tx:
        await set_managed_chat(tx, user_id, chat_id)


async def remember_chat_admin(storage: Storage, user: CurrentUser) -> None:
    """Store that *user* administers the group or channel and changes its subscriptions."""
    async with storage.reading() as tx:
        if await is_admin_recorded(tx, user.chat_id, user.user_id):
            return
    async with storage.writing() as tx:
        await record_chat_admin(tx, user.chat_id, user.user_id)


def _managed(chat: Chat) -> ManagedChat:
    return ManagedChat(chat.id, chat.telegram_id, chat.name, chat.kind)


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


async def move_subscription(storage: Storage, chat_id: int, source_id: int, topic_id: int) -> str:
    """Move a subscription from our row *source_id* to *chat_id*; return the topic's name.

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
    return topic.name


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
