"""Erasing: all that a chat has, gone in one unit of work."""

from dataclasses import dataclass

from storage.admins import dismiss
from storage.chats import erase_chat
from storage.chats_shared import forget_bringer
from storage.chats_told import Kept, kept_of
from storage.engine import Storage
from storage.follows import drop_unfollowed
from storage.invites import forget_admission
from storage.queries import retire_query
from storage.stewards import forget_steward
from storage.topics import queries_of_chat


@dataclass(frozen=True, slots=True)
class Erasing:
    storage: Storage

    async def kept(self, chat_id: int) -> Kept:
        """Return how much there is to erase."""
        async with self.storage.reading() as unit:
            return await kept_of(unit, chat_id)

    async def erase(self, chat_id: int, person_id: int | None) -> None:
        """Delete the chat, all that names it, and the being an admin of *person_id*, if any."""
        async with self.storage.writing() as unit:
            asked = await queries_of_chat(unit, chat_id)
            await erase_chat(unit, chat_id)
            if person_id is not None:
                await dismiss(unit, person_id)
                await forget_admission(unit, person_id)
                await forget_bringer(unit, person_id)
                await forget_steward(unit, person_id)
            for query_id in asked:
                await retire_query(unit, query_id)
            await drop_unfollowed(unit)
