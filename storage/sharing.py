"""Feed grants: whether a chat's topics and digests may be read as feeds, and under which addresses.

The addresses carry the version. Another version makes those of the one before void.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel, col, select

from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID


class PublishedFeed(SQLModel, table=True):
    """No row: nobody has asked for the addresses yet."""

    chat_id: int = Field(
        primary_key=True,
        foreign_key="chat.id",
        ondelete="CASCADE",
        sa_type=ROW_ID,
        sa_column_kwargs={"autoincrement": False},
    )
    version: int = 1
    is_open: bool = True
    changed_at: datetime


class Share(SQLModel, table=True):
    """It goes with the chat that shared it. *token*: nobody guesses it."""

    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    token: str = Field(max_length=32, unique=True)
    typed: str
    created_at: datetime


async def published_feed(tx: Transaction, chat_id: int) -> PublishedFeed | None:
    return (
        await tx.session.exec(select(PublishedFeed).where(PublishedFeed.chat_id == chat_id))
    ).first()


async def lock_published_feed(tx: Transaction, chat_id: int) -> PublishedFeed:
    """Return the chat's grant, locked and made where there is none; its chat must be locked."""
    locked = select(PublishedFeed).where(col(PublishedFeed.chat_id) == chat_id).with_for_update()
    grant = (await tx.session.exec(locked)).first()
    if grant is None:
        grant = PublishedFeed(chat_id=chat_id, changed_at=tx.now)
        tx.session.add(grant)
        await tx.session.flush()
    return grant


# Shares: queries that somebody shared and that are too long for a link, by a token for each.


async def share_of(tx: Transaction, chat_id: int, typed: str) -> Share | None:
    """Return what the chat has shared with these words before."""
    same = (col(Share.chat_id) == chat_id, col(Share.typed) == typed)
    return (await tx.session.exec(select(Share).where(*same).limit(1))).first()


async def shared_by(tx: Transaction, token: str) -> Share | None:
    return (await tx.session.exec(select(Share).where(Share.token == token))).one_or_none()


async def add_share(tx: Transaction, chat_id: int, typed: str, token: str) -> Share:
    return await tx.add(Share(chat_id=chat_id, typed=typed, token=token, created_at=tx.now))
