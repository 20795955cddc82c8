"""Chats that cannot be sent to for now: suspended, never deleted, and restored."""

from datetime import timedelta

from sqlalchemy import update
from sqlmodel import col

from storage.chats import Chat
from storage.deliveries import WHEN_IT_COMES_BACK, Delivery
from storage.engine import Unit
from storage.words import ChatState, DeliveryKind, DeliveryState, Hint

# An older alert is no news any more; its story goes into the next digest instead.
ALERT_LIFETIME = timedelta(hours=6)


async def suspend_chat(unit: Unit, chat_id: int, state: ChatState) -> None:
    """Send nothing to our row *chat_id* until `restore_chat`; what is pending waits."""
    await _set_state(unit, chat_id, state)
    waiting = (col(Delivery.chat_id) == chat_id, col(Delivery.state) == DeliveryState.PENDING)
    await unit.session.exec(
        update(Delivery)
        .where(*waiting)
        .values(due_at=WHEN_IT_COMES_BACK)
        .execution_options(synchronize_session=False)
    )


async def restore_chat(unit: Unit, chat_id: int) -> int:
    """Send to our row *chat_id* again; return how many alerts have expired meanwhile.

    Nothing happens to a chat that is active: what waits there waits for another reason.
    """
    if not await _set_state(unit, chat_id, ChatState.ACTIVE):
        return 0
    waiting = (col(Delivery.chat_id) == chat_id, col(Delivery.state) == DeliveryState.PENDING)
    expired = await unit.session.exec(
        update(Delivery)
        .where(
            *waiting,
            col(Delivery.kind).in_((DeliveryKind.ALERT, DeliveryKind.BUNDLE)),
            col(Delivery.created_at) < unit.now - ALERT_LIFETIME,
        )
        .values(state=DeliveryState.EXPIRED)
        .execution_options(synchronize_session=False)
    )
    await unit.session.exec(
        update(Delivery)
        .where(*waiting, col(Delivery.due_at) == WHEN_IT_COMES_BACK)
        .values(due_at=unit.now)
        .execution_options(synchronize_session=False)
    )
    unit.hints.add(Hint.DELIVERIES)
    return expired.rowcount


async def _set_state(unit: Unit, chat_id: int, state: ChatState) -> bool:
    """Return whether it was another before."""
    changed = await unit.session.exec(
        update(Chat)
        .where(col(Chat.id) == chat_id, col(Chat.state) != state)
        .values(state=state, state_since=unit.now)
        .execution_options(synchronize_session="fetch")
    )
    return bool(changed.rowcount)
