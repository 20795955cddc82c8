"""Requests to confirm an address: counted, so that nobody's mailbox is flooded by our asking.

Addresses stand here as hashes only, and outlive the chat that asked: who erases everything and
comes back is still counted.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, delete, func
from sqlmodel import Field, SQLModel, col, select

from storage.columns import NUMBERED, ROW_ID
from storage.engine import Unit


class MailboxRequest(SQLModel, table=True):
    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int | None = Field(
        foreign_key="chat.id", ondelete="SET NULL", sa_type=ROW_ID, index=True
    )
    address_hash: str = Field(max_length=64)
    asked_at: datetime = Field(index=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """How many requests there were: by one chat, for one address, in all."""

    by_chat: int
    for_address: int
    in_all: int


async def requests_since(unit: Unit, moment: datetime, *, chat_id: int, address_hash: str) -> Asked:
    counts = select(
        _count(col(MailboxRequest.chat_id) == chat_id),
        _count(col(MailboxRequest.address_hash) == address_hash),
        func.count(),
    ).where(col(MailboxRequest.asked_at) > moment)
    return Asked(*(await unit.session.exec(counts)).one())


async def note_request(unit: Unit, *, chat_id: int, address_hash: str) -> None:
    unit.session.add(MailboxRequest(chat_id=chat_id, address_hash=address_hash, asked_at=unit.now))
    await unit.session.flush()


async def forget_requests(unit: Unit, until: datetime) -> None:
    await unit.session.exec(delete(MailboxRequest).where(col(MailboxRequest.asked_at) <= until))


def _count(which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((which, 1), else_=0)), 0)
