"""Slots: when each chat's digests come. A chat that has chosen none has the usual one."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import delete
from sqlmodel import Field, SQLModel, col, select

from storage.columns import ROW_ID
from storage.engine import Unit
from storage.words import USUAL_SLOTS, Slot


class DigestSlot(SQLModel, table=True):
    __tablename__ = "slot"

    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    number: int = Field(primary_key=True)
    minutes: int  # after local midnight
    weekdays: int  # bit 0 is Monday


async def slots_of(unit: Unit, chat_id: int) -> tuple[Slot, ...]:
    return (await slots_of_each(unit, [chat_id]))[chat_id]


async def slots_of_each(unit: Unit, chat_ids: Collection[int]) -> Mapping[int, tuple[Slot, ...]]:
    rows = await unit.session.exec(
        select(DigestSlot.chat_id, DigestSlot.number, DigestSlot.minutes, DigestSlot.weekdays)
        .where(col(DigestSlot.chat_id).in_(chat_ids))
        .order_by(col(DigestSlot.number))
    )
    chosen: defaultdict[int, list[Slot]] = defaultdict(list)
    for chat_id, *slot in rows:
        chosen[chat_id].append(Slot(*slot))
    return {chat_id: tuple(chosen[chat_id]) or USUAL_SLOTS for chat_id in chat_ids}


async def keep_slots(unit: Unit, chat_id: int, slots: Sequence[Slot]) -> None:
    """Let these be all the slots of our row *chat_id*."""
    await unit.session.exec(delete(DigestSlot).where(col(DigestSlot.chat_id) == chat_id))
    unit.session.add_all(
        DigestSlot(
            chat_id=chat_id, number=slot.number, minutes=slot.minutes, weekdays=slot.weekdays
        )
        for slot in slots
    )
    await unit.session.flush()
