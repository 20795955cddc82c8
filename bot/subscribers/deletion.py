"""Deletion: what a chat's users delete, and what has been kept for long enough.

- Deleting a chat removes what shows whose it was in one transaction, the rest in small ones. A
  process that dies in between leaves the rest to the next `purge_deleted`. What is deleted is
  overwritten in an SQLite file, and in the end in its log too.
- Unsubscribed topics and unfollowed feeds go for good when that can no longer be undone. A feed
  that nobody follows any more goes with its articles.
- Retention removes old news and messages, a little at a time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import structlog

from bot.mail.codes import HOLDS_FOR
from bot.subscribers.subscriptions import UNDO_WITHIN
from storage import retention
from storage.access import forget_admission, forget_guesses, remove_admin
from storage.articles import rewrite_index
from storage.broadcasts import forget_author
from storage.chat_overview import StoredCounts, stored_counts
from storage.chats import forget_chat_admin, forget_inviter, lock_chats, lock_with_invited
from storage.db.engine import Storage, Transaction
from storage.db.leases import acquire_lease, release_lease
from storage.feeds_followed import forget_unfollowed, has_unfollowed, sources_had
from storage.mailboxes import forget_requests
from storage.queries import retire_query
from storage.subscriptions import chats_with_ends, purge_ended
from storage.topics import queries_of_chat
from storage.usage import forget_usage

log = structlog.get_logger(__name__)

_CHATS = 100  # in one round


async def stored_data(storage: Storage, chat_id: int) -> StoredCounts:
    """Return how much there is to delete."""
    async with storage.reading() as tx:
        return await stored_counts(tx, chat_id)


async def delete_chat(storage: Storage, chat_id: int, user_id: int | None) -> None:
    """Delete the chat and all that names it; with *user_id*, also what is stored of that user."""
    async with storage.writing() as tx:
        await lock_with_invited(tx, chat_id, user_id)
        asked = await queries_of_chat(tx, chat_id)
        followed = await sources_had(tx, chat_id)
        await retention.erase_chat(tx, chat_id)
        if user_id is not None:
            await remove_admin(tx, user_id)
            await forget_admission(tx, user_id)
            await forget_inviter(tx, user_id)
            await forget_chat_admin(tx, user_id)
            await forget_guesses(tx, user_id)
            await forget_author(tx, user_id)
        for query_id in asked:
            await retire_query(tx, query_id)
    await _delete_rows(storage, chat_id)
    if await _purge_sources(storage, followed):
        await _rewrite_index(storage)
    await _overwrite(storage)


async def purge_deleted(storage: Storage) -> int:
    """Remove for good what was deleted and can no longer be restored; return how many topics.

    A chat whose deletion was interrupted is removed too.
    """
    await continue_deletions(storage)
    async with storage.reading() as tx:
        chats = await chats_with_ends(tx, tx.now - UNDO_WITHIN, _CHATS)
        has_sources = await has_unfollowed(tx)
    if has_sources:
        async with storage.writing() as tx:
            await forget_unfollowed(tx)
        await _purge_sources(storage)
    return sum([await _purge_topics(storage, chat_id) for chat_id in chats])


async def continue_deletions(storage: Storage) -> int:
    """Delete the rest of chats whose deletion was interrupted; return how many chats are gone."""
    async with storage.reading() as tx:
        left = await retention.erased_chats(tx, _CHATS)
    for chat_id in left:
        await _delete_rows(storage, chat_id)
    if left:
        await _overwrite(storage)
    return len(left)


async def _delete_rows(storage: Storage, chat_id: int) -> None:
    is_any = True
    while is_any:
        async with storage.writing() as tx:
            is_any = await retention.erase_batch(tx, chat_id)
            if not is_any:
                await retention.finish_erasing(tx, chat_id)


async def _purge_topics(storage: Storage, chat_id: int) -> int:
    async with storage.writing() as tx:
        await lock_chats(tx, [chat_id])  # it may have been deleted since
        return await purge_ended(tx, chat_id, tx.now - UNDO_WITHIN)


async def _purge_sources(storage: Storage, at_once: Collection[int] = ()) -> int:
    """Delete the private sources that nobody follows; return how many articles went with them."""
    articles, is_any = 0, True
    while is_any:
        async with storage.writing() as tx:
            gone, is_any = await retention.purge_sources(tx, at_once)
        articles += gone
    return articles


async def _rewrite_index(storage: Storage) -> None:
    """Leave nothing of deleted articles in SQLite's index, a few pages at a time."""
    is_first = is_any = True
    while is_any:
        async with storage.writing() as tx:
            is_any = await rewrite_index(tx, is_first=is_first)
        is_first = False


async def _overwrite(storage: Storage) -> None:
    """Leave nothing of deleted queries, neither in tables nor in SQLite's log."""
    while True:
        async with storage.reading() as tx:
            ids = await retention.orphan_queries(tx)
        if not ids:
            break
        is_any = True
        while is_any:
            async with storage.writing() as tx:
                is_any = await retention.erase_queries(tx, ids)
    if not await storage.cut_log():
        log.warning("deleted data stays in the database's log until the log is rewritten")


# Retention

ROLE = "forget"
_LEASE = timedelta(minutes=2)
# Between two transactions, so that what users wait for goes first.
_PAUSE_SECONDS = 0.5
# A link to a digest is good for 90 days; the last day may begin anywhere in the world.
EDITIONS: Final = timedelta(days=91)
# Far beyond what any pause or wait for a send permit takes.
PACES: Final = timedelta(days=2)

_Forget = Callable[[Transaction, Any, datetime, int], Awaitable[retention.DeletionBatch]]


class _Kind(NamedTuple):
    forget: _Forget
    kept: timedelta
    at_once: int  # rows; what depends on each goes with it


@dataclass(frozen=True, slots=True)
class Retention:
    """Removes what is older than it is kept: news after *articles*, messages after *deliveries*."""

    storage: Storage
    owner: str
    articles: timedelta
    deliveries: timedelta
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def run_once(self) -> int:
        """Return how many rows went, besides those that depend on them.

        One process does so at a time; another finds nothing to do.
        """
        gone = sum([await self._forget(kind) for kind in self._kinds()])
        async with self.storage.writing() as tx:
            await forget_requests(tx, tx.now - HOLDS_FOR)
            gone += await forget_usage(tx)
            await release_lease(tx, ROLE, self.owner)
        return gone

    def _kinds(self) -> tuple[_Kind, ...]:
        """What depends on others before those."""
        return (
            _Kind(retention.forget_deliveries, self.deliveries, 1000),
            _Kind(retention.forget_editions, EDITIONS, 50),
            _Kind(retention.forget_alerts, self.articles, 1000),
            _Kind(retention.forget_bundles, self.articles, 1000),
            _Kind(retention.forget_articles, self.articles, 100),
            _Kind(retention.forget_stories, self.articles, 1000),
            _Kind(retention.forget_paces, PACES, 2000),
        )

    async def _forget(self, kind: _Kind) -> int:
        gone = 0
        last: int | str = 0
        while True:
            async with self.storage.writing() as tx:
                if not await acquire_lease(tx, ROLE, self.owner, _LEASE):
                    return gone
                page = await kind.forget(tx, last, tx.now - kind.kept, kind.at_once)
            gone += page.gone
            if page.last is None:
                return gone
            last = page.last
            await self.pause(_PAUSE_SECONDS)
