"""Erasing: all that a chat has. Whose it was is gone in one transaction, the rest in small ones.

A process that dies in between leaves the rest to whoever tidies up next. What is deleted is
overwritten in an SQLite file, and in the end in its log too.
"""

import structlog

from storage.access import forget_admission, forget_guesses, remove_admin
from storage.broadcasts import forget_sender
from storage.chats import forget_chat_admin, forget_inviter
from storage.db.engine import Storage
from storage.feeds_followed import SOURCES_AT_ONCE, purge_unfollowed
from storage.queries import retire_query
from storage.retention import (
    erase_batch,
    erase_chat,
    erase_queries,
    erased_chats,
    finish_erasing,
    orphan_queries,
)
from storage.topics import queries_of_chat
from storage.users import StoredCounts, stored_counts

log = structlog.get_logger(__name__)

_CHATS = 100


async def stored_data(storage: Storage, chat_id: int) -> StoredCounts:
    """Return how much there is to erase."""
    async with storage.reading() as tx:
        return await stored_counts(tx, chat_id)


async def delete_chat(storage: Storage, chat_id: int, user_id: int | None) -> None:
    """Delete the chat, all that names it, and the being an admin of *user_id*, if any."""
    async with storage.writing() as tx:
        asked = await queries_of_chat(tx, chat_id)
        await erase_chat(tx, chat_id)
        if user_id is not None:
            await remove_admin(tx, user_id)
            await forget_admission(tx, user_id)
            await forget_inviter(tx, user_id)
            await forget_chat_admin(tx, user_id)
            await forget_guesses(tx, user_id)
            await forget_sender(tx, user_id)
        for query_id in asked:
            await retire_query(tx, query_id)
    await _delete_rows(storage, chat_id)
    await _forget_sources(storage)
    await _overwrite(storage)


async def continue_deletions(storage: Storage) -> int:
    """Empty what was left shut; return how many chats are gone."""
    async with storage.reading() as tx:
        left = await erased_chats(tx, _CHATS)
    for chat_id in left:
        await _delete_rows(storage, chat_id)
    if left:
        await _overwrite(storage)
    return len(left)


async def _overwrite(storage: Storage) -> None:
    """Leave nothing of what nobody has any more, neither in tables nor in SQLite's log."""
    while True:
        async with storage.reading() as tx:
            ids = await orphan_queries(tx)
        if not ids:
            break
        is_any = True
        while is_any:
            async with storage.writing() as tx:
                is_any = await erase_queries(tx, ids)
    if not await storage.cut_log():
        log.warning("what was erased stands in the database's log until it is written anew")


async def _forget_sources(storage: Storage) -> None:
    gone = SOURCES_AT_ONCE
    while gone == SOURCES_AT_ONCE:
        async with storage.writing() as tx:
            gone = await purge_unfollowed(tx)


async def _delete_rows(storage: Storage, chat_id: int) -> None:
    is_any = True
    while is_any:
        async with storage.writing() as tx:
            is_any = await erase_batch(tx, chat_id)
            if not is_any:
                await finish_erasing(tx, chat_id)
