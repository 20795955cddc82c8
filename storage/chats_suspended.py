"""Chats that cannot be sent to for now: suspended, never deleted, and restored."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import col, select

from storage.chats import Chat
from storage.deliveries import WHEN_IT_COMES_BACK, Delivery
from storage.deliveries_next import let_next_go, lock_lines
from storage.engine import Unit
from storage.words import SHUT, ChatState, DeliveryKind, DeliveryState, Hint, Medium

# An older alert is no news any more; its story goes into the next digest instead.
ALERT_LIFETIME = timedelta(hours=6)
# "Tonight the bot is away for an hour" means nothing to who comes back next month.
BROADCAST_LIFETIME = timedelta(days=3)


async def suspend_chat(unit: Unit, chat_id: int, state: ChatState) -> None:
    """Send nothing to our row *chat_id* until `restore_chat`; what is pending waits.

    A pause or a ban holds every medium, any other state what goes by Telegram. A paused chat stays
    so, whatever becomes of it meanwhile: coming back does not end a pause. A ban goes before all.
    """
    before_all = (ChatState.BANNED, ChatState.ERASED)
    kept = before_all if state is ChatState.BANNED else (state, *SHUT)
    await unit.session.exec(
        update(Chat)
        .where(col(Chat.id) == chat_id, col(Chat.state).not_in(kept))
        .values(state=state, state_since=unit.now)
        .execution_options(synchronize_session="fetch")
    )
    await lock_lines(unit)
    await unit.session.exec(
        update(Delivery)
        .where(_waiting(chat_id, state))
        .values(due_at=WHEN_IT_COMES_BACK)
        .execution_options(synchronize_session=False)
    )


async def restore_chat(unit: Unit, chat_id: int, *, is_banned: bool = False) -> int:
    """Send to our row *chat_id* again; return how many messages have expired meanwhile.

    Nothing happens to a chat that is active: what waits there waits for another reason. A banned
    one comes back only to who says so by *is_banned*.
    """
    locked = select(col(Chat.state)).where(col(Chat.id) == chat_id).with_for_update()
    before = (await unit.session.exec(locked)).first()
    if before is None or before is ChatState.ACTIVE:
        return 0
    if before is ChatState.ERASED or (before is ChatState.BANNED) != is_banned:
        return 0
    await unit.session.exec(
        update(Chat)
        .where(col(Chat.id) == chat_id)
        .values(state=ChatState.ACTIVE, state_since=unit.now, resume_at=None)
        .execution_options(synchronize_session="fetch")
    )
    await lock_lines(unit)
    waiting = _waiting(chat_id, before)
    expired = await unit.session.exec(
        update(Delivery)
        .where(waiting, _is_stale(unit.now))
        .values(state=DeliveryState.EXPIRED)
        .execution_options(synchronize_session=False)
    )
    await unit.session.exec(
        update(Delivery)
        .where(waiting, col(Delivery.due_at) == WHEN_IT_COMES_BACK)
        .values(due_at=unit.now)
        .execution_options(synchronize_session=False)
    )
    for medium in Medium:
        await let_next_go(unit, [chat_id], medium)
    unit.hints.add(Hint.DELIVERIES)
    return expired.rowcount


def _is_stale(now: datetime) -> ColumnElement[bool]:
    """Say of a delivery that waited whether it tells anybody anything still."""
    kind, created = col(Delivery.kind), col(Delivery.created_at)
    alerts = (DeliveryKind.ALERT, DeliveryKind.BUNDLE)
    return or_(
        and_(kind.in_(alerts), created < now - ALERT_LIFETIME),
        and_(kind == DeliveryKind.BROADCAST, created < now - BROADCAST_LIFETIME),
    )


def _waiting(chat_id: int, state: ChatState) -> ColumnElement[bool]:
    """Say of a delivery whether a chat in *state* makes it wait."""
    media = [medium for medium in Medium if state.holds(medium)]
    return and_(
        col(Delivery.chat_id) == chat_id,
        col(Delivery.state) == DeliveryState.PENDING,
        col(Delivery.medium).in_(media),
    )
