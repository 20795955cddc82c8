"""The admins' inbox: feedback, and requests for access to the bot for a user or a group."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, delete, func, or_, update
from sqlmodel import Field, SQLModel, col, select

from storage.chats import ERASED_USER, Chat, lock_chats
from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID, among, enum_column, insert_new
from storage.enums import ChatKind
from storage.outbox import Delivery, delete_deliveries

FEEDBACK_NOTICE = "feedback"  # the kind of notice that passes it on to admins


class Feedback(SQLModel, table=True):
    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    made_at: datetime
    words: str
    passed_on_at: datetime | None = None  # to the admins; None: there is no admin yet
    answered_at: datetime | None = None


async def add_feedback(
    tx: Transaction, chat_id: int, words: str, *, is_passed_on: bool
) -> Feedback:
    passed_on_at = tx.now if is_passed_on else None
    feedback = Feedback(chat_id=chat_id, made_at=tx.now, words=words, passed_on_at=passed_on_at)
    return await tx.add(feedback)


async def count_feedback(tx: Transaction, chat_id: int, since: timedelta) -> int:
    """Return how many messages the chat has written within *since*."""
    recent = (col(Feedback.chat_id) == chat_id, col(Feedback.made_at) > tx.now - since)
    return await tx.one(select(func.count()).select_from(Feedback).where(*recent))


async def notices_of_feedback(tx: Transaction) -> dict[int, int]:
    """Return the deliveries that passed feedback on to admins, each with the feedback's id.

    The subject of the second message of long feedback is `<id>/1`.
    """
    sent = select(Delivery.id, Delivery.subject).where(col(Delivery.notice) == FEEDBACK_NOTICE)
    return {
        delivery_id: int(subject.partition("/")[0]) for delivery_id, subject in await tx.rows(sent)
    }


async def unsent_feedback(tx: Transaction) -> Sequence[tuple[str, Feedback]]:
    """Return the feedback that was neither passed on nor answered, with the name of its chat."""
    return await tx.rows(
        select(Chat.name, Feedback)
        .join(Chat, col(Chat.id) == Feedback.chat_id)
        .where(col(Feedback.answered_at).is_(None), col(Feedback.passed_on_at).is_(None))
        .order_by(col(Feedback.id))
    )


KEPT_FOR = timedelta(days=1)
REQUEST_NOTICE = "access"  # the kind of notice that shows a request to an admin


class AccessRequest(SQLModel, table=True):
    """A user's request, deleted after a day; *telegram_id*: the chat that may use the bot then."""

    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    user_id: int = Field(sa_type=BigInteger, unique=True)
    telegram_id: int = Field(sa_type=BigInteger, unique=True)  # of a private chat: the user's id
    kind: ChatKind = Field(sa_type=enum_column(ChatKind))
    name: str = Field(max_length=64)
    title: str = Field(max_length=128)  # of a group
    language: str = Field(max_length=16)  # IETF tag that the client reported
    made_at: datetime
    decided_at: datetime | None = None
    decided_by: int | None = Field(default=None, sa_type=BigInteger)  # None: on the command line
    is_allowed: bool = False


async def add_request(tx: Transaction, values: Mapping[str, Any]) -> int | None:
    """Store a request; return its id, None if the user or the group has asked already."""
    row = {"made_at": tx.now, **values}
    new = await insert_new(tx, AccessRequest, [row], returning=AccessRequest.id)
    return new[0] if new else None


async def has_asked(tx: Transaction, user_id: int, telegram_id: int) -> bool:
    """Return whether the user asked in the last day, or anybody for the group."""
    asked = select(AccessRequest.id).where(_concerns(user_id, telegram_id))
    return await tx.first(asked.limit(1)) is not None


async def count_requests(tx: Transaction) -> int:
    return await tx.one(select(func.count()).select_from(AccessRequest))


async def pending_requests(tx: Transaction, limit: int) -> list[AccessRequest]:
    """Return the requests that no admin has decided, the newest first."""
    pending = select(AccessRequest).where(col(AccessRequest.decided_at).is_(None))
    return list(await tx.rows(pending.order_by(col(AccessRequest.id).desc()).limit(limit)))


async def lock_request(tx: Transaction, request_id: int) -> AccessRequest | None:
    """Lock a request, so that of two admins only the first decides; return its row."""
    is_it = col(AccessRequest.id) == request_id
    await _lock_chats_of(tx, is_it)
    locked = select(AccessRequest).where(is_it).with_for_update()
    request: AccessRequest | None = await tx.first(locked.execution_options(populate_existing=True))
    return request


async def decide_request(
    tx: Transaction, telegram_id: int, *, is_allowed: bool, by: int | None
) -> AccessRequest | None:
    """Decide the request by this user or for this group; return it, None if none was changed.

    Allowing also grants a request that was refused; refusing takes nothing back.
    """
    is_open = ~col(AccessRequest.is_allowed)
    if not is_allowed:
        is_open = col(AccessRequest.decided_at).is_(None)
    await _lock_chats_of(tx, _concerns(telegram_id, telegram_id))
    wanted = select(AccessRequest).where(_concerns(telegram_id, telegram_id), is_open)
    request: AccessRequest | None = await tx.first(
        wanted.with_for_update().execution_options(populate_existing=True)
    )
    if request is not None:
        request.decided_at, request.decided_by, request.is_allowed = tx.now, by, is_allowed
        await tx.flush()
    return request


async def forget_old_requests(tx: Transaction) -> None:
    """Delete the requests of more than a day ago, with the notices that admins got."""
    await _forget(tx, col(AccessRequest.made_at) <= tx.now - KEPT_FOR)


async def forget_requests_about(tx: Transaction, telegram_id: int) -> None:
    """Delete the requests by this user or for this group, and their id from the decisions."""
    await _forget(tx, _concerns(telegram_id, telegram_id))
    decided = update(AccessRequest).where(col(AccessRequest.decided_by) == telegram_id)
    await tx.change(decided.values(decided_by=ERASED_USER))


def _concerns(user_id: int, telegram_id: int) -> ColumnElement[bool]:
    return or_(col(AccessRequest.user_id) == user_id, col(AccessRequest.telegram_id) == telegram_id)


async def _lock_chats_of(tx: Transaction, which: ColumnElement[bool]) -> None:
    """Lock the chats that the requests are about, because a deletion locks them before those."""
    is_about = col(Chat.telegram_id).in_((AccessRequest.user_id, AccessRequest.telegram_id))
    await lock_chats(tx, await tx.rows(select(Chat.id).join(AccessRequest, is_about).where(which)))


async def _forget(tx: Transaction, which: ColumnElement[bool]) -> None:
    """Delete requests, then their notices: queues are locked last."""
    gone = await tx.rows(delete(AccessRequest).where(which).returning(col(AccessRequest.id)))
    subjects = [str(request_id) for (request_id,) in gone]
    if subjects:
        is_about_them = among(col(Delivery.subject), subjects)
        await delete_deliveries(tx, col(Delivery.notice) == REQUEST_NOTICE, is_about_them)
