"""Moving what a group watches from one of its threads to another."""

from dataclasses import dataclass

from bot.subscribers.errors import NoSuchTopic, TooManyTopics
from bot.subscribers.limits import MOST_TOPICS
from bot.subscribers.paging import Page, page_number
from bot.subscribers.settings import replan
from storage.chats import Chat, lock_chat
from storage.db.engine import Storage, Transaction
from storage.enums import Mode, MuteKind
from storage.mutes import MuteSubject, unmute_subject
from storage.subscriptions import (
    Subscription,
    count_in_other_threads,
    count_subscriptions,
    drop_topic,
    subscription_to,
    subscriptions_in_other_threads,
)
from storage.topics import Topic, topic_of

PER_PAGE = 8


@dataclass(frozen=True, slots=True)
class Beside:
    """What another thread of the same group watches; *thread_id* 0 is the group itself."""

    chat_id: int
    thread_id: int
    thread_name: str  # "" as long as it is not known
    topic_id: int
    name: str
    mode: Mode


async def sibling_topics(
    storage: Storage, chat_id: int, page: int = 0, per_page: int = PER_PAGE
) -> Page[Beside]:
    """What the other threads of the chat watch; a page beyond the last is the last."""
    async with storage.reading() as tx:
        chat = await tx.session.get_one(Chat, chat_id)
        total = await count_in_other_threads(tx, chat)
        page = page_number(page, total, per_page)
        rows = await subscriptions_in_other_threads(
            tx, chat, offset=page * per_page, limit=per_page
        )
    return Page([Beside(*row) for row in rows], page, total, per_page)


async def move_here(storage: Storage, chat_id: int, source_id: int, topic_id: int) -> str:
    """Let what our row *source_id* watches be watched by *chat_id*; return its name.

    NoSuchTopic unless both are threads of one group. When it began stays what it was.
    """
    async with storage.writing() as tx:
        source, chat = await _both(tx, source_id, chat_id)
        subscription = await subscription_to(tx, source_id, topic_id)
        topic = await tx.session.get(Topic, topic_id)
        if subscription is None or topic is None or source_id == chat_id:
            raise NoSuchTopic
        if await count_subscriptions(tx, chat_id) >= MOST_TOPICS:
            raise TooManyTopics(MOST_TOPICS)
        await unmute_subject(tx, source_id, MuteSubject(MuteKind.TOPIC, topic_id))
        await _bring(tx, chat_id, topic, subscription)
        await tx.session.flush()
        await replan(tx, source)
        await replan(tx, chat)
    return topic.name


async def _both(tx: Transaction, source_id: int, chat_id: int) -> tuple[Chat, Chat]:
    """Return both chats, locked in the order of their rows."""
    chats = {}
    for row in sorted({source_id, chat_id}):
        if await tx.session.get(Chat, row) is None:
            raise NoSuchTopic
        chats[row] = await lock_chat(tx, row)
    source, chat = chats[source_id], chats[chat_id]
    if source.telegram_id != chat.telegram_id:
        raise NoSuchTopic
    return source, chat


async def _bring(tx: Transaction, chat_id: int, topic: Topic, subscription: Subscription) -> None:
    """A topic that the chat has already, by its row or by its query, takes the other's place."""
    topic_id = topic.id
    is_own = topic.chat_id is not None
    twin = await topic_of(tx, chat_id, topic.query_id) if is_own else None
    there = await subscription_to(tx, chat_id, (twin or topic).id)
    if twin is None and there is None:
        subscription.chat_id = chat_id
        if is_own:
            topic.chat_id = chat_id
        tx.session.add_all([subscription, topic])
        return
    if there is None and twin is not None:
        subscription.chat_id, subscription.topic_id = chat_id, twin.id or topic_id
        tx.session.add(subscription)
    else:
        await tx.session.delete(subscription)
    await tx.session.flush()
    if twin is not None:
        await drop_topic(tx, topic)
