"""How much one chat may have, where whoever runs the bot has said otherwise than for all."""

from collections.abc import Collection

from sqlmodel import Field, SQLModel, col, select

from storage.columns import ROW_ID
from storage.engine import Unit


class Allowance(SQLModel, table=True):
    """Each is None where the chat may have what all may; no alerts a day are as many as come."""

    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    topics: int | None = None
    feeds: int | None = None
    alerts: int | None = None  # a day


async def allowance_of(unit: Unit, chat_id: int) -> Allowance:
    return await unit.session.get(Allowance, chat_id) or Allowance(chat_id=chat_id)


async def alerts_allowed(unit: Unit, chat_ids: Collection[int]) -> dict[int, int]:
    """Return how many alerts a day each chat may have, of those for whom that was said."""
    said = select(Allowance.chat_id, Allowance.alerts).where(
        col(Allowance.chat_id).in_(chat_ids), col(Allowance.alerts).is_not(None)
    )
    rows = await unit.session.exec(said)
    return {chat_id: number for chat_id, number in rows if number is not None}
