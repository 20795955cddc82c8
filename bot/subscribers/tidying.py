"""Tidying: what people have deleted goes for good when it can no longer be undone."""

from dataclasses import dataclass

from bot.subscribers.erasing import Erasing
from bot.subscribers.undoing import UNDONE_WITHIN
from storage.chats import lock_chats
from storage.db.engine import Storage
from storage.feeds_followed import SOURCES_AT_ONCE, has_unfollowed, purge_unfollowed
from storage.subscriptions import chats_with_ends, purge_ended

_CHATS = 100


@dataclass(frozen=True, slots=True)
class Tidying:
    storage: Storage

    async def tidy(self) -> int:
        """Return of how many topics that was."""
        async with self.storage.reading() as tx:
            chats = await chats_with_ends(tx, tx.now - UNDONE_WITHIN, _CHATS)
        await Erasing(self.storage).go_on()
        await self._forget_sources()
        return sum([await self._complete(chat_id) for chat_id in chats])

    async def _forget_sources(self) -> None:
        async with self.storage.reading() as tx:
            are_there = await has_unfollowed(tx)
        gone = SOURCES_AT_ONCE if are_there else 0
        while gone == SOURCES_AT_ONCE:
            async with self.storage.writing() as tx:
                gone = await purge_unfollowed(tx)

    async def _complete(self, chat_id: int) -> int:
        async with self.storage.writing() as tx:
            await lock_chats(tx, [chat_id])  # it may have been erased since
            return await purge_ended(tx, chat_id, tx.now - UNDONE_WITHIN)
