"""Mailboxes: the one e-mail address of a chat, and how far it has come."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, or_
from sqlmodel import Field, SQLModel, col, select

from storage.chats import Chat
from storage.db.engine import Transaction
from storage.db.leases import lock_claims
from storage.db.sql import NUMBERED, ROW_ID, among, enum_column
from storage.enums import MailboxProblem, MailboxState

LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3: a path of 256 with its brackets


class Mailbox(SQLModel, table=True):
    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, unique=True)
    address: str = Field(max_length=LONGEST_ADDRESS)
    state: MailboxState = Field(default=MailboxState.UNCONFIRMED, sa_type=enum_column(MailboxState))
    state_since: datetime
    created_at: datetime
    alerts: bool = False  # alerts come here too
    problem: MailboxProblem | None = Field(default=None, sa_type=enum_column(MailboxProblem))
    problem_text: str | None = None  # in the words of the other side
    soft_bounces: int = 0  # since `soft_since`
    soft_since: datetime | None = None

    # What its owner was asked, and may answer by one of two ways; none once it is answered.
    asked_at: datetime
    code_hash: str | None = Field(default=None, max_length=64)
    token_hash: str | None = Field(default=None, max_length=64)
    tries: int = 0  # wrong codes


class MailboxRequest(SQLModel, table=True):
    """That an address was asked to confirm. The hashes are keyed; equal ids have equal ones."""

    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    account_hash: str = Field(max_length=32)  # of the Telegram chat
    user_hash: str | None = Field(default=None, max_length=32)  # None: an anonymous administrator
    address_hash: str = Field(max_length=32)
    asked_at: datetime = Field(index=True)


async def mailbox_of(tx: Transaction, chat_id: int) -> Mailbox | None:
    """Return the mailbox of our chat row *chat_id*."""
    return (await tx.session.exec(select(Mailbox).where(Mailbox.chat_id == chat_id))).first()


async def chat_with_mailbox(tx: Transaction, mailbox_id: int) -> Chat | None:
    """Return the chat whose mailbox it is; None where there is no such mailbox any more."""
    with_it = (
        select(Chat)
        .join(Mailbox, col(Mailbox.chat_id) == col(Chat.id))
        .where(col(Mailbox.id) == mailbox_id)
    )
    return (await tx.session.exec(with_it)).first()


async def mailboxes_in_use(tx: Transaction, chat_ids: Collection[int]) -> Sequence[Mailbox]:
    """Return the mailboxes of the chats to which anything may be mailed."""
    active = col(Mailbox.state) == MailboxState.ACTIVE
    return (
        await tx.session.exec(select(Mailbox).where(among(col(Mailbox.chat_id), chat_ids), active))
    ).all()


async def mailboxes_for_alerts(tx: Transaction, chat_ids: Iterable[int]) -> Sequence[Mailbox]:
    """Return the mailboxes of the chats to which alerts are mailed."""
    wanted = select(Mailbox).where(
        among(col(Mailbox.chat_id), chat_ids),
        col(Mailbox.state) == MailboxState.ACTIVE,
        col(Mailbox.alerts),
    )
    return (await tx.session.exec(wanted)).all()


async def lock_mailbox(tx: Transaction, mailbox_id: int) -> tuple[Mailbox, Chat] | None:
    """Return the mailbox with its chat, both locked, so that what is asked happens in turn.

    None where it is gone, or is being moved to another chat right now.
    """
    its_chat = (
        select(Chat)
        .join(Mailbox, col(Mailbox.chat_id) == col(Chat.id))
        .where(col(Mailbox.id) == mailbox_id)
        .with_for_update(of=Chat)
        .execution_options(populate_existing=True)
    )
    chat = (await tx.session.exec(its_chat)).first()
    if chat is None:
        return None
    theirs = (col(Mailbox.id) == mailbox_id, col(Mailbox.chat_id) == chat.id)
    mailbox = select(Mailbox).where(*theirs).with_for_update()
    found = (await tx.session.exec(mailbox.execution_options(populate_existing=True))).first()
    return (found, chat) if found else None


async def remove_mailbox(tx: Transaction, chat_id: int) -> None:
    await tx.session.exec(delete(Mailbox).where(col(Mailbox.chat_id) == chat_id))


# Requests to confirm an address: counted, so that our asking floods nobody's mailbox.
#
# They name nobody and outlive the chat that asked, so that deleting it resets no count.


class RequestTimes(NamedTuple):
    """When requests were made, the oldest first."""

    by_user: list[datetime]
    by_chat: list[datetime]
    for_mailbox: list[datetime]
    in_all: list[datetime]


async def lock_requests(tx: Transaction) -> None:
    """Let nobody else count requests before this transaction ends."""
    await lock_claims(tx, MailboxRequest)


async def requests_since(tx: Transaction, moment: datetime, new: MailboxRequest) -> RequestTimes:
    """Return the requests after *moment* that count for the same as *new*."""
    made = (
        select(
            MailboxRequest.asked_at,
            MailboxRequest.user_hash,
            MailboxRequest.account_hash,
            MailboxRequest.address_hash,
        )
        .where(col(MailboxRequest.asked_at) > moment)
        .order_by(col(MailboxRequest.asked_at))
    )
    times = RequestTimes([], [], [], [])
    for asked_at, user, account, address in await tx.session.exec(made):
        times.in_all.append(asked_at)
        if user and user == new.user_hash:
            times.by_user.append(asked_at)
        if account == new.account_hash:
            times.by_chat.append(asked_at)
        if address == new.address_hash:
            times.for_mailbox.append(asked_at)
    return times


async def record_request(tx: Transaction, new: MailboxRequest) -> None:
    tx.session.add(new)
    await tx.session.flush()


async def forget_requests(tx: Transaction, until: datetime) -> None:
    """Forget those up to *until*, and those to come, which a clock that was wrong has left."""
    asked_at = col(MailboxRequest.asked_at)
    forgotten = delete(MailboxRequest).where(or_(asked_at <= until, asked_at > tx.now))
    await tx.session.exec(forgotten)
