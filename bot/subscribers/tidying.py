"""Tidying: what people have deleted goes for good when it can no longer be undone."""

from bot.subscribers import erasing
from bot.subscribers.undoing import UNDONE_WITHIN
from storage.chats import lock_chats
from storage.db.engine import Storage
from storage.feeds_followed import SOURCES_AT_ONCE, has_unfollowed, purge_unfollowed
from storage.subscriptions import chats_with_ends, purge_ended

_CHATS = 100


async def tidy(storage: Storage) -> int:
    """Return of how many topics that was."""
    async with storage.reading() as tx:
        chats = await chats_with_ends(tx, tx.now - UNDONE_WITHIN, _CHATS)
    await erasing.continue_deletions(storage)
    await _forget_sources(storage)
    return sum([await _complete(storage, chat_id) for chat_id in chats])


async def _forget_sources(storage: Storage) -> None:
    async with storage.reading() as tx:
        are_there = await has_unfollowed(tx)
    gone = SOURCES_AT_ONCE if are_there else 0
    while gone == SOURCES_AT_ONCE:
        async with storage.writing() as tx:
            gone = await purge_unfollowed(tx)


async def _complete(storage: Storage, chat_id: int) -> int:
    async with storage.writing() as tx:
        await lock_chats(tx, [chat_id])  # it may have been erased since
        return await purge_ended(tx, chat_id, tx.now - UNDONE_WITHIN)
