"""Mailboxes: the e-mail address of a chat (at most one), and whether it is confirmed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case, delete, or_
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

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
    alerts: bool = False  # alerts are sent here too
    problem: MailboxProblem | None = Field(default=None, sa_type=enum_column(MailboxProblem))
    problem_text: str | None = None  # as the mail server said it
    soft_bounces: int = 0  # since `soft_since`
    soft_since: datetime | None = None

    # The open request to its owner, who confirms by code or by token; both None once confirmed.
    asked_at: datetime
    code_hash: str | None = Field(default=None, max_length=64)
    token_hash: str | None = Field(default=None, max_length=64)
    tries: int = 0  # wrong codes


class MailboxRequest(SQLModel, table=True):
    """A request to confirm an address. The hashes are keyed; equal values have equal hashes."""

    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    account_hash: str = Field(max_length=32)  # of the Telegram chat
    user_hash: str | None = Field(default=None, max_length=32)  # None: an anonymous administrator
    address_hash: str = Field(max_length=32)
    asked_at: datetime = Field(index=True)


async def mailbox_of_chat(tx: Transaction, chat_id: int) -> Mailbox | None:
    mailbox: Mailbox | None = await tx.first(select(Mailbox).where(Mailbox.chat_id == chat_id))
    return mailbox


async def chat_with_mailbox(tx: Transaction, mailbox_id: int) -> Chat | None:
    """Return the chat that owns the mailbox; None if the mailbox does not exist."""
    chat: Chat | None = await tx.first(_owner(mailbox_id))
    return chat


def _owner(mailbox_id: int) -> SelectOfScalar[Chat]:
    owners = select(Chat).join(Mailbox, col(Mailbox.chat_id) == col(Chat.id))
    return owners.where(col(Mailbox.id) == mailbox_id)


async def active_mailboxes(tx: Transaction, chat_ids: Iterable[int]) -> Sequence[Mailbox]:
    return await tx.rows(_active(chat_ids))


async def mailboxes_for_alerts(tx: Transaction, chat_ids: Iterable[int]) -> Sequence[Mailbox]:
    """Return the active mailboxes of these chats that also get alerts."""
    return await tx.rows(_active(chat_ids).where(col(Mailbox.alerts)))


def _active(chat_ids: Iterable[int]) -> SelectOfScalar[Mailbox]:
    return select(Mailbox).where(
        among(col(Mailbox.chat_id), chat_ids), col(Mailbox.state) == MailboxState.ACTIVE
    )


async def mailboxes_with_bounces(tx: Transaction) -> Sequence[Mailbox]:
    """Return the mailboxes with a problem, or with soft bounces, the newest change first."""
    problem, soft = col(Mailbox.problem).is_not(None), col(Mailbox.soft_bounces) > 0
    newest = case((problem, col(Mailbox.state_since)), else_=col(Mailbox.soft_since)).desc()
    query = select(Mailbox).where(or_(problem, soft)).order_by(newest, col(Mailbox.id)).limit(1000)
    return await tx.rows(query)


async def lock_mailbox(tx: Transaction, mailbox_id: int) -> tuple[Mailbox, Chat] | None:
    """Lock the mailbox and its chat, so that requests are handled one by one; return both.

    Returns None if the mailbox does not exist or was just moved to another chat.
    """
    locked_owner = _owner(mailbox_id).with_for_update(of=Chat)
    chat = await tx.first(locked_owner.execution_options(populate_existing=True))
    if chat is None:
        return None
    mailbox = await tx.first(
        select(Mailbox)
        .where(col(Mailbox.id) == mailbox_id, col(Mailbox.chat_id) == chat.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (mailbox, chat) if mailbox else None


# Requests to confirm an address, counted so that the bot floods nobody's mailbox with requests.
#
# They contain only hashes and outlive their chat, so that deleting a chat does not reset a count.


class RequestTimes(NamedTuple):
    """The times of requests, the oldest first."""

    by_user: list[datetime]
    by_chat: list[datetime]
    for_mailbox: list[datetime]
    in_all: list[datetime]


async def lock_requests(tx: Transaction) -> None:
    """Keep other transactions from counting requests until this one ends."""
    await lock_claims(tx, MailboxRequest)


async def requests_since(tx: Transaction, moment: datetime, new: MailboxRequest) -> RequestTimes:
    """Return the requests after *moment* that count towards the same limits as *new*."""
    requests = await tx.rows(
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
    for asked_at, user, account, address in requests:
        times.in_all.append(asked_at)
        if user and user == new.user_hash:
            times.by_user.append(asked_at)
        if account == new.account_hash:
            times.by_chat.append(asked_at)
        if address == new.address_hash:
            times.for_mailbox.append(asked_at)
    return times


async def record_request(tx: Transaction, new: MailboxRequest) -> None:
    await tx.add(new)


async def forget_requests(tx: Transaction, until: datetime) -> None:
    """Delete the requests up to *until*, and those that a wrong clock dated in the future."""
    asked_at = col(MailboxRequest.asked_at)
    await tx.change(delete(MailboxRequest).where(or_(asked_at <= until, asked_at > tx.now)))
