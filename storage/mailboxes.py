"""Mailboxes: the one e-mail address of a chat, and how far it has come."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Field, SQLModel, col, select

from storage.chats import Chat
from storage.columns import NUMBERED, ROW_ID, stored_as
from storage.engine import Unit
from storage.words import MailboxState, MailTrouble

LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3: a path of 256 with its brackets


class Mailbox(SQLModel, table=True):
    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, unique=True)
    address: str = Field(max_length=LONGEST_ADDRESS)
    state: MailboxState = Field(default=MailboxState.UNCONFIRMED, sa_type=stored_as(MailboxState))
    state_since: datetime
    created_at: datetime
    alerts: bool = False  # alerts come here too
    trouble: MailTrouble | None = Field(default=None, sa_type=stored_as(MailTrouble))
    trouble_text: str | None = None  # in the words of the other side
    soft_bounces: int = 0  # since `soft_since`
    soft_since: datetime | None = None

    # What its owner was asked, and may answer by one of two ways; none once it is answered.
    asked_at: datetime
    code_hash: str | None = Field(default=None, max_length=64)
    token_hash: str | None = Field(default=None, max_length=64)
    tries: int = 0  # wrong codes


async def mailbox_of(unit: Unit, chat_id: int) -> Mailbox | None:
    """Return the mailbox of our chat row *chat_id*."""
    return (await unit.session.exec(select(Mailbox).where(Mailbox.chat_id == chat_id))).first()


async def chat_with_mailbox(unit: Unit, mailbox_id: int) -> Chat | None:
    """Return the chat whose mailbox it is; None where there is no such mailbox any more."""
    with_it = (
        select(Chat)
        .join(Mailbox, col(Mailbox.chat_id) == col(Chat.id))
        .where(col(Mailbox.id) == mailbox_id)
    )
    return (await unit.session.exec(with_it)).first()


async def mailboxes_in_use(unit: Unit, chat_ids: Collection[int]) -> Sequence[Mailbox]:
    """Return the mailboxes of the chats to which anything may be mailed."""
    active = col(Mailbox.state) == MailboxState.ACTIVE
    return (
        await unit.session.exec(select(Mailbox).where(col(Mailbox.chat_id).in_(chat_ids), active))
    ).all()


async def mailboxes_for_alerts(unit: Unit, chat_ids: Iterable[int]) -> Sequence[Mailbox]:
    """Return the mailboxes of the chats to which alerts are mailed."""
    wanted = select(Mailbox).where(
        col(Mailbox.chat_id).in_(list(chat_ids)),
        col(Mailbox.state) == MailboxState.ACTIVE,
        col(Mailbox.alerts),
    )
    return (await unit.session.exec(wanted)).all()


async def mailbox_to_change(unit: Unit, mailbox_id: int) -> tuple[Mailbox, Chat] | None:
    """Return the mailbox with its chat, both locked, so that what is asked happens in turn."""
    locked = (
        select(Mailbox, Chat)
        .join(Chat, col(Chat.id) == col(Mailbox.chat_id))
        .where(col(Mailbox.id) == mailbox_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await unit.session.exec(locked)).first()


async def remove_mailbox(unit: Unit, chat_id: int) -> None:
    await unit.session.exec(delete(Mailbox).where(col(Mailbox.chat_id) == chat_id))
