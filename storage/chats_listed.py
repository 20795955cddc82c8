"""Chats as those who run the bot see them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import func
from sqlmodel import col, select

from storage.alerts import Alert
from storage.chats import Chat
from storage.engine import Unit
from storage.subscriptions import Subscription
from storage.words import ChatKind, ChatState


class ChatListed(NamedTuple):
    id: int
    telegram_id: int
    thread_id: int
    kind: ChatKind
    name: str
    thread_name: str
    state: ChatState
    state_since: datetime
    created_at: datetime
    topics: int
    last_alert_at: datetime | None


_IS_THERE: Final = col(Chat.state) != ChatState.ERASED


async def count_chats(unit: Unit) -> int:
    there = select(func.count()).select_from(Chat).where(_IS_THERE)
    return (await unit.session.exec(there)).one()


async def chats_listed(unit: Unit, *, offset: int, limit: int) -> list[ChatListed]:
    """Return the chats, the newest first."""
    newest = _listed().where(_IS_THERE).order_by(col(Chat.id).desc()).offset(offset).limit(limit)
    return [ChatListed(*row) for row in await unit.session.exec(newest)]


async def chat_listed(unit: Unit, chat_id: int) -> ChatListed | None:
    row = (await unit.session.exec(_listed().where(col(Chat.id) == chat_id))).first()
    return ChatListed(*row) if row else None


async def names_of(unit: Unit, telegram_ids: Collection[int]) -> dict[int, str]:
    """Return what Telegram's chats of these numbers are called, as far as we know them."""
    named = (
        col(Chat.telegram_id).in_(telegram_ids),
        col(Chat.thread_id) == 0,
        col(Chat.name) != "",
    )
    rows = await unit.session.exec(select(Chat.telegram_id, Chat.name).where(*named))
    return dict(list(rows))


def _listed() -> Any:
    topics = select(func.count()).where(col(Subscription.chat_id) == Chat.id)
    last = select(func.max(Alert.made_at)).where(col(Alert.chat_id) == Chat.id)
    return select(  # type: ignore[call-overload]
        Chat.id, Chat.telegram_id, Chat.thread_id, Chat.kind, Chat.name, Chat.thread_name,
        Chat.state, Chat.state_since, Chat.created_at,
        topics.correlate(Chat).scalar_subquery(), last.correlate(Chat).scalar_subquery(),
    )  # fmt: skip
