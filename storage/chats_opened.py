"""Chats opened many at a time, each where it is not there yet."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlmodel import col, select

from storage.among import as_one, by_dialect
from storage.chats import Chat
from storage.engine import Unit
from storage.insert import insert_new

Place = tuple[int, int]  # Telegram's id of the chat, and that of a thread in it or 0

_OF_IDS: Final = by_dialect(
    "chat.telegram_id",
    lambda among: (
        select(Chat)
        .where(among)
        .order_by(col(Chat.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ),
)


class Opened(NamedTuple):
    chat: Chat
    is_new: bool


async def open_chats(unit: Unit, rows: Sequence[Mapping[str, Any]]) -> dict[Place, Opened]:
    """Return the chats at the places that *rows* name, locked; what is new is made of its row.

    No two rows name the same place.
    """
    places = {_place_of(row): row for row in rows}
    there = await _chats_with(unit, places)
    moments = {"state_since": unit.now, "created_at": unit.now}
    new = {place: {**moments, **row} for place, row in places.items() if place not in there}
    made = set(await insert_new(unit, Chat, list(new.values()), returning=Chat.id))
    there |= await _chats_with(unit, new)
    return {place: Opened(there[place], there[place].id in made) for place in places}


def _place_of(row: Mapping[str, Any]) -> Place:
    return row["telegram_id"], row["thread_id"]


async def _chats_with(unit: Unit, places: Iterable[Place]) -> dict[Place, Chat]:
    """Return the chats at *places*, and others that Telegram gives the same id."""
    ids = {telegram_id for telegram_id, _ in places}
    if not ids:
        return {}
    found = await unit.session.exec(_OF_IDS[unit.dialect], params={"ids": as_one(unit, ids)})
    return {(chat.telegram_id, chat.thread_id): chat for chat in found}
