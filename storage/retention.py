"""Retention: deletes rows that nobody needs any more, in batches, the oldest first.

Ids follow the order of insertion, so a batch of the oldest rows is read by id, and the largest
tables need no index by time. The next round checks again the rows that a batch kept. Paces are read
by key, because every send would have to update an index by time.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    cast,
    delete,
    exists,
    func,
    literal,
    or_,
    text,
    tuple_,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from storage.access import forget_actor
from storage.admin_inbox import Feedback, forget_requests_about, notices_of_feedback
from storage.alerts import Alert
from storage.articles import PUBLIC, Article, is_put_aside
from storage.bundles import Bundle
from storage.channel_sources import channels_of_chat, end_channel
from storage.chats import Chat, columns_naming_a_chat, lock_chats
from storage.db.engine import Transaction
from storage.db.sql import among
from storage.editions import Edition, EditionStory
from storage.entries import Entry, delete_entries_of
from storage.enums import ArticleStage, ChatState, DeliveryState, MailboxState
from storage.feeds_followed import RETURNABLE, had_by_nobody
from storage.mailboxes import Mailbox
from storage.matches import Match
from storage.outbox import Delivery, delete_deliveries
from storage.pace import CHATS, Pace, forget_pace
from storage.queries import Query
from storage.sources import UNREAD, Source
from storage.stories import Story

# How many of the newest entries of each source are kept at any age, because the source may still
# show them, and the next fetch would store them as new.
SHOWN_BY_A_SOURCE: Final = 1000

# How many articles of each query are kept at any age, because a topic shows its last stories.
NEWEST_OF_A_QUERY: Final = 12

_OVER: Final = (
    DeliveryState.SENT,
    DeliveryState.DROPPED,
    DeliveryState.EXPIRED,
    DeliveryState.FAILED,
)


class DeletionBatch(NamedTuple):
    """The number of rows deleted, and the last key checked; None if no old rows are left."""

    gone: int
    last: int | str | None


async def forget_deliveries(
    tx: Transaction, after: int, before: datetime, limit: int
) -> DeletionBatch:
    """Delete old deliveries that are finished: sent, dropped, expired or failed."""
    batch = await _old_rows(tx, Delivery, col(Delivery.created_at), (after, before, limit))
    if batch is None:
        return DeletionBatch(0, None)
    gone = await delete_deliveries(
        tx,
        batch.is_old,
        col(Delivery.state).in_(_OVER),
        or_(col(Delivery.sent_at).is_(None), col(Delivery.sent_at) < before),
    )
    return DeletionBatch(gone, batch.last)


async def forget_editions(
    tx: Transaction, after: int, before: datetime, limit: int
) -> DeletionBatch:
    """Delete old editions, except the last of each chat, because the next one continues from it."""
    newer = aliased(Edition, name="newer")
    may_go = exists().where(
        col(newer.chat_id) == col(Edition.chat_id), col(newer.id) > col(Edition.id)
    )
    return await _forget_old(tx, Edition, col(Edition.made_at), (after, before, limit), may_go)


async def forget_alerts(tx: Transaction, after: int, before: datetime, limit: int) -> DeletionBatch:
    is_waiting = exists().where(
        col(Bundle.id) == col(Alert.bundle_id), col(Bundle.released_at).is_(None)
    )
    return await _forget_old(tx, Alert, col(Alert.made_at), (after, before, limit), ~is_waiting)


async def forget_bundles(
    tx: Transaction, after: int, before: datetime, limit: int
) -> DeletionBatch:
    is_empty = ~exists().where(col(Alert.bundle_id) == col(Bundle.id))
    may_go = and_(col(Bundle.released_at).is_not(None), is_empty)
    return await _forget_old(tx, Bundle, col(Bundle.release_at), (after, before, limit), may_go)


async def forget_articles(
    tx: Transaction, after: int, before: datetime, limit: int
) -> DeletionBatch:
    """Delete old articles with their entries, folded texts and matches.

    Keeps articles that a source may still show, that a topic shows, or that an alert names.
    """
    may_go = and_(
        or_(col(Article.stage) == ArticleStage.PUBLISHED, is_put_aside()),
        ~exists().where(col(Entry.article_id) == col(Article.id), _may_be_shown()),
        ~exists().where(
            col(Match.article_id) == col(Article.id),
            col(Query.id) == col(Match.query_id),
            col(Query.live),
            _is_among_the_newest(),
        ),
        ~exists().where(col(Alert.article_id) == col(Article.id)),
    )
    return await _forget_old(tx, Article, col(Article.stored_at), (after, before, limit), may_go)


async def forget_stories(
    tx: Transaction, after: int, before: datetime, limit: int
) -> DeletionBatch:
    may_go = ~exists().where(col(Article.story_id) == col(Story.id))
    return await _forget_old(tx, Story, col(Story.created_at), (after, before, limit), may_go)


async def forget_paces(
    tx: Transaction, after: int | str, before: datetime, limit: int
) -> DeletionBatch:
    """Delete the paces of chats without a message since *before*, because they delay nothing."""
    keys = select(Pace.key).where(col(Pace.key) > str(after or "")).order_by(col(Pace.key))
    batch = await tx.rows(keys.limit(limit))
    if not batch:
        return DeletionBatch(0, None)
    is_over = (
        col(Pace.key) <= batch[-1],
        col(Pace.key).startswith(CHATS),
        col(Pace.tat) < before,
        or_(col(Pace.paused_until).is_(None), col(Pace.paused_until) < before),
    )
    # Locks the rows in the same order as senders, and skips those that a sender has locked.
    gone = await tx.rows(keys.where(*is_over).with_for_update(skip_locked=True))
    await tx.change(delete(Pace).where(among(col(Pace.key), gone)))
    return DeletionBatch(len(gone), batch[-1] if len(batch) == limit else None)


def _may_be_shown() -> ColumnElement[bool]:
    newer = aliased(Entry, name="newer")
    oldest_shown = (
        select(newer.article_id)
        .where(col(newer.source_id) == col(Entry.source_id))
        .order_by(col(newer.article_id).desc())
        .limit(1)
        .offset(SHOWN_BY_A_SOURCE - 1)
    )
    return col(Entry.article_id) >= func.coalesce(oldest_shown.scalar_subquery(), 0)


def _is_among_the_newest() -> ColumnElement[bool]:
    newer = aliased(Match, name="newer")
    beyond = (
        select(newer.news_at)
        .where(col(newer.query_id) == col(Match.query_id))
        .order_by(col(newer.news_at).desc())
        .limit(1)
        .offset(NEWEST_OF_A_QUERY - 1)
    ).scalar_subquery()
    return or_(beyond.is_(None), col(Match.news_at) >= beyond)


async def _forget_old(
    tx: Transaction,
    table: Any,
    made_at: Any,
    batch_of: tuple[int, datetime, int],
    may_go: ColumnElement[bool],
) -> DeletionBatch:
    batch = await _old_rows(tx, table, made_at, batch_of)
    if batch is None:
        return DeletionBatch(0, None)
    return DeletionBatch(await tx.change(delete(table).where(batch.is_old, may_go)), batch.last)


class _OldRows(NamedTuple):
    """The condition for the old rows of a batch. *last*: the last id; None on the last batch."""

    is_old: ColumnElement[bool]
    last: int | None


async def _old_rows(
    tx: Transaction, table: Any, made_at: Any, batch_of: tuple[int, datetime, int]
) -> _OldRows | None:
    """Return the old rows of the batch; None if there are none.

    *batch_of*: the id to begin after, the time before which rows are old, and the limit. More old
    rows may follow only if all rows of a full batch are old.
    """
    after, before, limit = batch_of
    oldest = select(col(table.id), made_at).where(col(table.id) > after).order_by(col(table.id))
    rows = await tx.rows(oldest.limit(limit))
    old_ids = [row_id for row_id, moment in rows if moment < before]
    if not old_ids:
        return None
    is_old = and_(col(table.id).between(old_ids[0], old_ids[-1]), made_at < before)
    return _OldRows(is_old, old_ids[-1] if len(old_ids) == len(rows) == limit else None)


# Private sources without followers are deleted with their articles. Sent messages are not changed.


SOURCES_AT_ONCE: Final = 5
ARTICLES_AT_ONCE: Final = 100
ENTRIES_AT_ONCE: Final = 1_000
_BEING_PURGED: Final = timedelta(hours=1)  # how long a source that is being purged is not polled
# Grouping may add an article to any story of the last three days, so those must stay.
_REMEMBERED: Final = timedelta(days=4)


async def purge_sources(tx: Transaction, at_once: Collection[int] = ()) -> tuple[int, bool]:
    """Delete a batch of articles of sources without followers, and in the end the sources.

    Returns how many articles were deleted, and whether there was such a source. Until it is
    deleted, the source counts as never read, so that a new follower gets the whole backlog.
    *at_once*: sources to purge even if they were just added. Others that were just added are kept,
    because their first follower may be about to follow them.
    """
    lately = (col(Source.created_at) > tx.now - RETURNABLE) & ~among(col(Source.id), at_once)
    ids = await tx.rows(
        select(Source.id)
        .where(~col(Source.public), ~lately, *had_by_nobody())
        .order_by(col(Source.id))
        .limit(SOURCES_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    if not ids:
        return 0, False
    unread = {**UNREAD, "next_fetch_at": tx.now + _BEING_PURGED}
    await tx.change(update(Source).where(among(col(Source.id), ids)).values(**unread))
    gone = await _erase_articles(tx, ids)
    if not gone and not await delete_entries_of(tx, ids, ENTRIES_AT_ONCE):
        await tx.change(delete(Source).where(among(col(Source.id), ids)))
    return gone, True


async def _erase_articles(tx: Transaction, scope_ids: Collection[int]) -> int:
    """Delete a batch of articles of private sources; return how many.

    An alert moves to a public article of the same story if there is one, so that no chat is alerted
    to that story again. Other alerts are deleted with their article.
    """
    is_private = (among(col(Article.scope_id), scope_ids), col(Article.scope_id) != PUBLIC)
    batch = select(Article.id, Article.story_id).where(*is_private).order_by(col(Article.id))
    rows = await tx.rows(batch.limit(ARTICLES_AT_ONCE))
    if not rows:
        return 0
    ids, story_ids = [article_id for article_id, _ in rows], {story_id for _, story_id in rows}
    other = aliased(Article, name="other")
    same_story = (col(other.story_id) == col(Alert.story_id), col(other.scope_id) == PUBLIC)
    public = select(func.min(other.id)).where(*same_story).scalar_subquery()
    alerts = update(Alert).where(among(col(Alert.article_id), ids), exists().where(*same_story))
    await tx.change(alerts.values(article_id=public))
    await tx.change(delete(Article).where(among(col(Article.id), ids)))
    is_empty = (
        among(col(Story.id), story_ids),
        col(Story.created_at) < tx.now - _REMEMBERED,
        ~exists().where(col(Article.story_id) == col(Story.id)),
    )
    await tx.change(delete(Story).where(*is_empty))
    return len(ids)


# Erasing chats: personal data is erased at once, the other rows a few at a time.
#
# 1. `erase_chat` blanks the chat's row, and deletes its settings and the smaller tables' rows that
#    refer to it. From then on nothing is sent to it, and a user who comes back gets a new row.
# 2. `erase_batch`, called until it returns False, deletes the chat's deliveries, editions and
#    alerts, because these may be too many for one transaction.
# 3. `finish_erasing` deletes the chat's row.
# 4. `erase_queries`, called until it returns False, deletes the matches and then the words of
#    queries that no topic has any more.
#
# The state of the chat's row is stored, so any process can continue an erasure.


AT_ONCE: Final = 500

# The tables that may have too many rows of a chat for one transaction, each before the tables that
# it refers to. The column tells the chat's rows apart. A chat has only one mailbox, but deleting
# it would delete all its mails at once.
_MANY: Final[tuple[tuple[Any, Any], ...]] = (
    (EditionStory, EditionStory.story_id),
    (Delivery, Delivery.id),
    (Edition, Edition.id),
    (Alert, Alert.id),
    (Bundle, Bundle.id),
    (Mailbox, Mailbox.id),
)

_BEING_SENT: Final = (DeliveryState.CLAIMED, DeliveryState.SENDING)

_NOBODY: Final = -(2**62)  # Telegram's ids have 52 bits

_ERASED: Final = "state = 'erased'"


async def erase_chat(tx: Transaction, chat_id: int) -> None:
    """Erase the identity and settings of the chat, so that nothing is sent to it any more."""
    locked = select(Chat.telegram_id).where(col(Chat.id) == chat_id).with_for_update()
    telegram_id = await tx.first(locked)
    if telegram_id is None:
        return
    for source_id in await channels_of_chat(tx, chat_id, telegram_id):
        await end_channel(tx, source_id)
    notices = await _notices_of_feedback_by(tx, chat_id)
    many = {table.__tablename__ for table, _ in _MANY}
    for column in reversed(columns_naming_a_chat()):
        is_cascading = all(key.ondelete == "CASCADE" for key in column.foreign_keys)
        if not is_cascading:  # the row is kept without the chat
            await tx.change(update(column.table).where(column == chat_id).values({column: None}))
        elif column.table.name not in many:
            await tx.change(delete(column.table).where(column == chat_id))
    mailbox = update(Mailbox).where(col(Mailbox.chat_id) == chat_id)
    await tx.change(mailbox.values(**_blank_mailbox()))
    chat = update(Chat).where(col(Chat.id) == chat_id)
    await tx.change(chat.values(**_blank_chat(tx, chat_id)))
    await forget_requests_about(tx, telegram_id)
    # A claimed delivery must be deleted to stop it. The chat's state stops waiting ones.
    being_sent = and_(col(Delivery.chat_id) == chat_id, col(Delivery.state).in_(_BEING_SENT))
    await delete_deliveries(tx, or_(being_sent, among(col(Delivery.id), notices)))
    # The threads of a forum have rows of their own with the same Telegram id.
    others = select(Chat.id).where(col(Chat.telegram_id) == telegram_id)
    if await tx.first(others.limit(1)) is None:
        await forget_pace(tx, telegram_id)
        await forget_actor(tx, telegram_id)


async def erased_chats(tx: Transaction, limit: int) -> Sequence[int]:
    """Return at most *limit* ids of chats that are still being erased."""
    erased = select(Chat.id).where(text(f"chat.{_ERASED}"))
    return await tx.rows(erased.order_by(col(Chat.id)).limit(limit))


async def erase_batch(tx: Transaction, chat_id: int) -> bool:
    """Delete a batch of an erased chat's rows in `_MANY`; return whether there were any."""
    await lock_chats(tx, [chat_id])  # because another process may erase it at the same time
    for table, key in _MANY:
        of_chat = select(col(key)).where(col(table.chat_id) == chat_id)
        keys = await tx.rows(of_chat.limit(AT_ONCE))
        if not keys:
            continue
        batch = (col(table.chat_id) == chat_id, among(col(key), keys))
        if table is Delivery:
            await delete_deliveries(tx, *batch)
        else:
            await tx.change(delete(table).where(*batch))
        return True
    return False


async def finish_erasing(tx: Transaction, chat_id: int) -> None:
    """Delete the row of an erased chat, with all rows that still refer to it."""
    await tx.change(delete(Chat).where(col(Chat.id) == chat_id, text(_ERASED)))


async def orphan_queries(tx: Transaction) -> Sequence[int]:
    """Return a batch of queries that no topic has any more and whose words are still stored."""
    orphans = select(Query.id).where(~col(Query.live), col(Query.canonical) != "")
    return await tx.rows(orphans.limit(AT_ONCE))


async def erase_queries(tx: Transaction, query_ids: Collection[int]) -> bool:
    """Delete a batch of these queries' matches; without any left, erase the words and return False.

    The rows stay, because every process's index learns from their change number that the queries
    were retired.
    """
    ids = await tx.rows(
        select(Query.id)
        .where(among(col(Query.id), query_ids), ~col(Query.live))
        .order_by(col(Query.id))
        .with_for_update()
    )
    matches = select(Match.article_id, Match.query_id).where(among(col(Match.query_id), ids))
    keys = await tx.rows(matches.limit(AT_ONCE))
    if keys:
        key = tuple_(col(Match.article_id), col(Match.query_id))
        await tx.change(delete(Match).where(key.in_(keys)))
        return True
    hashed = literal("erased:").concat(cast(col(Query.id), String))
    erased = update(Query).where(among(col(Query.id), ids))
    await tx.change(erased.values(canonical="", canonical_hash=hashed))
    return False


async def _notices_of_feedback_by(tx: Transaction, chat_id: int) -> list[int]:
    """Return the notices to admins that quote the chat's feedback and name."""
    feedback_ids = set(await tx.rows(select(Feedback.id).where(col(Feedback.chat_id) == chat_id)))
    if not feedback_ids:
        return []
    notices = await notices_of_feedback(tx)
    return [delivery_id for delivery_id, about in notices.items() if about in feedback_ids]


def _blank_chat(tx: Transaction, chat_id: int) -> dict[str, Any]:
    blank = Chat(telegram_id=_NOBODY - chat_id, state_since=tx.now, created_at=tx.now)
    blank.state = ChatState.ERASED
    return blank.model_dump(exclude={"id"})


def _blank_mailbox() -> dict[str, Any]:
    return {
        "address": "",
        "state": MailboxState.UNSUBSCRIBED,
        "problem_text": None,
        "code_hash": None,
        "token_hash": None,
    }
