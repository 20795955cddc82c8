"""What the other threads of a chat's group watch."""

from sqlalchemy import ColumnElement, and_, func
from sqlmodel import col, select

from storage.chats import Chat
from storage.engine import Unit
from storage.subscriptions import Subscription
from storage.topics import Topic
from storage.words import Mode

Row = tuple[int, int, str, int, str, Mode]


async def watched_beside(unit: Unit, chat: Chat, *, offset: int, limit: int) -> list[Row]:
    """Return our row, number and name of the thread, and the topic's row, name and mode."""
    rows = await unit.session.exec(
        select(  # type: ignore[call-overload]
            Chat.id, Chat.thread_id, Chat.thread_name, Topic.id, Topic.name, Subscription.mode
        )
        .join(Subscription, col(Subscription.chat_id) == Chat.id)
        .join(Topic, col(Topic.id) == Subscription.topic_id)
        .where(_beside(chat))
        .order_by(col(Chat.thread_id), col(Subscription.id))
        .offset(offset)
        .limit(limit)
    )
    return [(*row[:-1], Mode(row[-1])) for row in rows]


async def count_watched_beside(unit: Unit, chat: Chat) -> int:
    counted = (
        select(func.count())
        .select_from(Subscription)
        .join(Chat, col(Chat.id) == Subscription.chat_id)
        .where(_beside(chat))
    )
    return (await unit.session.exec(counted)).one()


def _beside(chat: Chat) -> ColumnElement[bool]:
    return and_(col(Chat.telegram_id) == chat.telegram_id, col(Chat.id) != chat.id)
