"""Deletion: of a chat at the request of its users, and of rows that have expired.

- One transaction deletes everything that identifies a chat, and small ones delete the rest. If the
  process dies in between, the next `purge_deleted` finishes. SQLite overwrites deleted rows in its
  file; its log is truncated at the end.
- Unsubscribed topics and unfollowed feeds are deleted when that can no longer be undone. A feed
  without followers goes with its articles.
- Retention removes old news and messages, a little at a time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import structlog

from bot.mail.codes import VALID_FOR
from bot.subscribers.subscriptions import UNDO_WITHIN
from bot.subscribers.timezones import guess_zone
from storage import retention
from storage.access import forget_admission, forget_guesses, remove_admin
from storage.admin_inbox import forget_old_requests
from storage.articles import rewrite_index
from storage.broadcasts import forget_author
from storage.chats import (
    Chat,
    add_listed_admins,
    forget_chat_admin,
    forget_inviter,
    lock_chats,
    lock_with_invited,
    open_chat,
)
from storage.db.engine import Storage, Transaction
from storage.db.leases import acquire_lease, release_lease
from storage.feeds_followed import forget_unfollowed, has_unfollowed, sources_had
from storage.mailboxes import forget_requests
from storage.newsletters import forget_held
from storage.queries import retire_query
from storage.stats import StoredCounts, stored_counts
from storage.subscriptions import chats_with_ends, purge_ended
from storage.topics import queries_of_chat
from storage.usage import forget_usage

log = structlog.get_logger(__name__)

_CHATS = 100  # chats in one round
_KEPT = ("telegram_id", "thread_id", "thread_name", "kind", "name", "language")


async def stored_data(storage: Storage, chat_id: int) -> StoredCounts:
    """Return how many rows of each kind the chat has."""
    async with storage.reading() as tx:
        return await stored_counts(tx, chat_id)


async def delete_chat(storage: Storage, chat_id: int, user_id: int | None) -> None:
    """Delete the chat and its data; with *user_id*, also everything stored about that user."""
    async with storage.writing() as tx:
        await lock_with_invited(tx, chat_id, user_id)
        queries = await queries_of_chat(tx, chat_id)
        followed = await sources_had(tx, chat_id)
        await retention.erase_chat(tx, chat_id)
        if user_id is not None:
            await remove_admin(tx, user_id)
            await forget_admission(tx, user_id)
            await forget_inviter(tx, user_id)
            await forget_chat_admin(tx, user_id)
            await forget_guesses(tx, user_id)
            await forget_author(tx, user_id)
        for query_id in queries:
            await retire_query(tx, query_id)
    await _delete_rows(storage, chat_id)
    if await _purge_sources(storage, followed):
        await _rewrite_index(storage)
    await _overwrite(storage)


async def delete_managed_chat(storage: Storage, chat_id: int, user_id: int) -> None:
    """Delete the data of a group or channel that *user_id* administers and the bot stays in.

    The chat gets a new row without settings, so that the user can go on managing it.
    """
    async with storage.reading() as tx:
        chat = await tx.get_one(Chat, chat_id)
        kept = {name: getattr(chat, name) for name in _KEPT}
    await delete_chat(storage, chat_id, None)
    async with storage.writing() as tx:
        new = await open_chat(tx, kept | {"zone": guess_zone(chat.language), "invited_by": user_id})
        await add_listed_admins(tx, new.id, [user_id])


async def purge_deleted(storage: Storage) -> int:
    """Delete topics and feeds that can no longer be restored; return how many topics.

    Also finishes interrupted deletions of chats.
    """
    await continue_deletions(storage)
    async with storage.reading() as tx:
        chats = await chats_with_ends(tx, tx.now - UNDO_WITHIN, _CHATS)
        has_sources = await has_unfollowed(tx)
    if has_sources:
        async with storage.writing() as tx:
            await forget_unfollowed(tx)
        await _purge_sources(storage)
    async with storage.writing() as tx:
        await forget_held(tx)
    return sum([await _purge_topics(storage, chat_id) for chat_id in chats])


async def continue_deletions(storage: Storage) -> int:
    """Finish interrupted deletions of chats; return how many chats are gone."""
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
        await lock_chats(
            tx, [chat_id]
        )  # unlike `lock_chat`, works if the chat was deleted meanwhile
        return await purge_ended(tx, chat_id, tx.now - UNDO_WITHIN)


async def _purge_sources(storage: Storage, at_once: Collection[int] = ()) -> int:
    """Delete private sources without followers; return how many articles were deleted with them."""
    articles, is_any = 0, True
    while is_any:
        async with storage.writing() as tx:
            gone, is_any = await retention.purge_sources(tx, at_once)
        articles += gone
    return articles


async def _rewrite_index(storage: Storage) -> None:
    """Rewrite SQLite's index, which still has words of deleted articles, in small steps."""
    is_first = is_any = True
    while is_any:
        async with storage.writing() as tx:
            is_any = await rewrite_index(tx, is_first=is_first)
        is_first = False


async def _overwrite(storage: Storage) -> None:
    """Erase queries without topics, and truncate SQLite's log, which still has deleted data."""
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
# A pause between two transactions lets requests of users go first.
_PAUSE_SECONDS = 0.5
# A link to a digest is valid for 90 days; the last day may begin anywhere in the world.
EDITIONS: Final = timedelta(days=91)
# Longer than any pause of a chat, or wait for a send permit.
PACES: Final = timedelta(days=2)

_Forget = Callable[[Transaction, Any, datetime, int], Awaitable[retention.DeletionBatch]]


class _Kind(NamedTuple):
    forget: _Forget
    kept: timedelta
    at_once: int  # rows of a batch; dependent rows are deleted with them


@dataclass(frozen=True, slots=True)
class Retention:
    """Deletes old rows: news after *articles*, messages after *deliveries*."""

    storage: Storage
    owner: str
    articles: timedelta
    deliveries: timedelta
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def run_once(self) -> int:
        """Delete old rows; return how many, without counting dependent rows.

        A lease lets only one process do this at a time; the others delete nothing.
        """
        gone = sum([await self._forget(kind) for kind in self._kinds()])
        async with self.storage.writing() as tx:
            await forget_requests(tx, tx.now - VALID_FOR)
            gone += await forget_usage(tx)
            await forget_old_requests(tx)
            await release_lease(tx, ROLE, self.owner)
        return gone

    def _kinds(self) -> tuple[_Kind, ...]:
        """Return the kinds of rows; dependent rows precede those that they depend on."""
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
