"""Feed grants: whether a chat's topics and digests may be read as feeds, and under which addresses.

The addresses carry the version. Another version makes those of the one before void.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel, col, select

from storage.columns import ROW_ID
from storage.engine import Unit


class FeedGrant(SQLModel, table=True):
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


async def feed_grant(unit: Unit, chat_id: int) -> FeedGrant | None:
    return (await unit.session.exec(select(FeedGrant).where(FeedGrant.chat_id == chat_id))).first()


async def grant_to_change(unit: Unit, chat_id: int) -> FeedGrant:
    """Return the chat's grant, locked and made where there is none; its chat must be locked."""
    locked = select(FeedGrant).where(col(FeedGrant.chat_id) == chat_id).with_for_update()
    grant = (await unit.session.exec(locked)).first()
    if grant is None:
        grant = FeedGrant(chat_id=chat_id, changed_at=unit.now)
        unit.session.add(grant)
        await unit.session.flush()
    return grant
