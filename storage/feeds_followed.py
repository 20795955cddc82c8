"""Feeds followed: the sources that each chat follows or has just unfollowed, and feed imports.

A private source exists only for its followers. It is deleted once the last of them can no longer
undo unfollowing it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    union_all,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import Field, SQLModel, col, select

from storage.articles import Article
from storage.channel_sources import may_follow
from storage.chats import Chat, of_account
from storage.db.engine import Transaction
from storage.db.leases import claim
from storage.db.sql import NUMBERED, ROW_ID, Leased, among, insert_new
from storage.entries import Entry
from storage.enums import ChatKind, SourceState
from storage.sources import Follow, Source, Unfollowed
from storage.subscriptions import EndedSubscription, Subscription
from storage.topics import Topic


class FeedImport(Leased, table=True):
    """A list of feeds to add. *message_id*: of the progress message; None until it is confirmed.

    *telegram_id*: the Telegram chat of that message. It is not the chat that gets the feeds if a
    user manages that chat from a private one.
    """

    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    message_id: int | None = Field(default=None, sa_type=BigInteger)
    telegram_id: int | None = Field(default=None, sa_type=BigInteger)
    made_at: datetime
    served_at: datetime | None = None  # when its lines were last tried


class FeedImportLine(SQLModel, table=True):
    """A feed of the list. *outcome*: None until it was tried. *error*: why it could not be added.

    *is_slow*: its host took too long, so the feed is tried again after all others.
    """

    list_id: int = Field(
        primary_key=True, foreign_key="feedimport.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    url: str = Field(max_length=2000)
    is_slow: bool = False
    outcome: str | None = Field(default=None, max_length=16)
    error: str | None = None
    error_detail: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))


MOST_FOLLOWERS: Final = 20

RETURNABLE = timedelta(minutes=10)  # how long a chat can undo unfollowing a source


async def sources_followed(tx: Transaction, chat_id: int) -> list[Source]:
    """Return the chat's sources, sorted by title without regard to case."""
    return list(
        await tx.rows(
            select(Source)
            .join(Follow, col(Follow.source_id) == Source.id)
            .where(col(Follow.chat_id) == chat_id)
            .order_by(func.lower(col(Source.title)), col(Source.host), col(Source.id))
        )
    )


async def source_followed(tx: Transaction, chat_id: int, source_id: int) -> Source | None:
    source: Source | None = await tx.first(
        select(Source)
        .join(Follow, col(Follow.source_id) == Source.id)
        .where(col(Follow.chat_id) == chat_id, col(Source.id) == source_id)
    )
    return source


_WITH_OWN_SOURCES: Final = (
    select(Follow.chat_id)
    .join(Source, col(Source.id) == Follow.source_id)
    .where(among(col(Follow.chat_id), bindparam("chats")), ~col(Source.public))
    .distinct()
)


async def chats_with_own_sources(tx: Transaction, chat_ids: Collection[int]) -> set[int]:
    """Return which of the chats follow a private source."""
    return set(await tx.rows(_WITH_OWN_SOURCES, chats=chat_ids))


async def followers_of(tx: Transaction, source_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Return the chats that follow each source; leaves out sources without followers.

    A source with more than `MOST_FOLLOWERS` gets one invented follower, the same each time, so that
    grouping, which compares followers, finds none in common with another source.
    """
    if not source_ids:
        return {}
    followers = (
        select(
            Follow.source_id,
            Follow.chat_id,
            func.row_number().over(partition_by=col(Follow.source_id)).label("place"),
        )
        .where(among(col(Follow.source_id), source_ids))
        .subquery()
    )
    first = select(followers.c.source_id, followers.c.chat_id).where(
        followers.c.place <= MOST_FOLLOWERS + 1
    )
    chats: defaultdict[int, set[int]] = defaultdict(set)
    for source_id, chat_id in await tx.rows(first):
        chats[source_id].add(chat_id)
    return {
        source_id: frozenset(chat_ids if len(chat_ids) <= MOST_FOLLOWERS else {-source_id})
        for source_id, chat_ids in chats.items()
    }


_FOLLOWERS: Final = union_all(
    *(
        select(col(table.source_id), col(table.chat_id)).where(
            among(col(table.source_id), bindparam("sources"))
        )
        for table in (Follow, Unfollowed)
    )
)


async def queries_of_followers(
    tx: Transaction, source_ids: Collection[int]
) -> dict[int, frozenset[int]]:
    """Return the queries that the followers of each source subscribe to.

    A subscription that has just ended counts as long as the chat can undo that.
    """
    if not source_ids:
        return {}
    followers = await tx.rows(_FOLLOWERS, sources=source_ids)
    queries = await queries_of_chats(tx, {chat_id for _, chat_id in followers})
    by_source: defaultdict[int, set[int]] = defaultdict(set)
    for source_id, chat_id in followers:
        by_source[source_id] |= queries.get(chat_id, set())
    return {source_id: frozenset(ids) for source_id, ids in by_source.items()}


_QUERIES: Final = union_all(
    *(
        select(col(table.chat_id), col(Topic.query_id))
        .join(Topic, col(Topic.id) == col(table.topic_id))
        .where(among(col(table.chat_id), bindparam("chats")))
        for table in (Subscription, EndedSubscription)
    )
)


async def queries_of_chats(tx: Transaction, chat_ids: Collection[int]) -> Mapping[int, set[int]]:
    """Return the queries of each chat's subscriptions, including those that have just ended."""
    queries: defaultdict[int, set[int]] = defaultdict(set)
    for chat_id, query_id in await tx.rows(_QUERIES, chats=chat_ids):
        queries[chat_id].add(query_id)
    return queries


async def articles_of_feed(
    tx: Transaction, source_id: int, since: datetime, limit: int
) -> list[int]:
    """Return the newest articles since *since* that only this private source carries, by id."""
    return list(
        await tx.rows(
            select(Article.id)
            .join(Entry, col(Entry.article_id) == col(Article.id))
            .where(
                col(Entry.source_id) == source_id,
                col(Article.scope_id) == source_id,
                col(Article.news_at) > since,
            )
            .order_by(col(Article.id).desc())
            .distinct()
            .limit(limit)
        )
    )


async def lock_passive_source(tx: Transaction, source_id: int) -> Source | None:
    """Lock the source, so that deliveries are stored one by one; return it.

    None if nothing may be delivered: the source was removed, is fetched, or will be deleted because
    no chat follows it any more.
    """
    is_had = or_(col(Source.public), ~and_(*had_by_nobody()))
    is_passive = (col(Source.state) == SourceState.PASSIVE, is_had)
    source = select(Source).where(col(Source.id) == source_id, *is_passive)
    locked: Source | None = await tx.first(
        source.with_for_update(of=Source).execution_options(populate_existing=True)
    )
    return locked


async def is_anything_read(tx: Transaction, chat_id: int | None = None) -> bool:
    """Return whether there is a public source, or one that the chat follows."""
    if await tx.first(select(Source.id).where(col(Source.public)).limit(1)) is not None:
        return True
    return chat_id is not None and await count_followed(tx, chat_id) > 0


async def paused_source(tx: Transaction, chat_id: int, host: str) -> Source | None:
    """Return a paused source of the host, public or followed by the chat; None if there is none."""
    follows = exists().where(
        col(Follow.source_id) == col(Source.id), col(Follow.chat_id) == chat_id
    )
    of_host = (col(Source.host) == host, col(Source.state) == SourceState.PAUSED)
    paused = select(Source).where(*of_host, or_(col(Source.public), follows))
    source: Source | None = await tx.first(paused.order_by(col(Source.id)).limit(1))
    return source


async def count_followed(tx: Transaction, chat_id: int) -> int:
    """Return how many feeds the chat and the other threads of its Telegram chat follow."""
    theirs = of_account(col(Follow.chat_id), chat_id)
    return await tx.one(select(func.count()).select_from(Follow).where(theirs))


async def follow(
    tx: Transaction, chat_id: int, source_id: int, *, import_id: int | None = None
) -> bool:
    """Make the chat follow the source; return False if it already does, or may not.

    The administrators of a channel decide who may follow its posts.
    """
    if not await may_follow(tx, chat_id, source_id):
        return False
    await tx.change(delete(Unfollowed).where(*_of_pair(Unfollowed, chat_id, source_id)))
    # A private source that was never read is due with its first follower.
    await tx.change(
        update(Source)
        .where(col(Source.id) == source_id, col(Source.first_read_at).is_(None))
        .where(~col(Source.public), ~exists().where(col(Follow.source_id) == source_id))
        .values(next_fetch_at=tx.now)
    )
    row = {"chat_id": chat_id, "source_id": source_id, "import_id": import_id}
    return bool(await insert_new(tx, Follow, [row], returning=Follow.source_id))


async def unfollow(tx: Transaction, chat_id: int, source_id: int) -> bool:
    """Make the chat stop following the source; return False if it does not follow it.

    The chat can undo this for `RETURNABLE`.
    """
    if not await tx.change(delete(Follow).where(*_of_pair(Follow, chat_id, source_id))):
        return False
    await tx.change(delete(Unfollowed).where(*_of_pair(Unfollowed, chat_id, source_id)))
    row = {"chat_id": chat_id, "source_id": source_id, "left_at": tx.now}
    await insert_new(tx, Unfollowed, [row])
    return True


async def sources_imported(tx: Transaction, chat_id: int, import_id: int) -> Sequence[int]:
    """Return the sources that the chat follows since it imported this file."""
    of_file = (col(Follow.chat_id) == chat_id, col(Follow.import_id) == import_id)
    return await tx.rows(select(Follow.source_id).where(*of_file))


async def was_followed(tx: Transaction, chat_id: int, source_id: int) -> bool:
    """Return whether the chat unfollowed the source so recently that it can undo that."""
    unfollowed = select(Unfollowed.source_id).where(
        *_of_pair(Unfollowed, chat_id, source_id), col(Unfollowed.left_at) > tx.now - RETURNABLE
    )
    return await tx.first(unfollowed) is not None


async def has_unfollowed(tx: Transaction) -> bool:
    """Return whether an `Unfollowed` row or a source without followers is due for deletion."""
    expired = col(Unfollowed.left_at) <= tx.now - RETURNABLE
    if await tx.first(select(Unfollowed.source_id).where(expired).limit(1)) is not None:
        return True
    is_settled = col(Source.created_at) <= tx.now - RETURNABLE
    orphans = select(Source.id).where(~col(Source.public), is_settled, *had_by_nobody())
    return await tx.first(orphans.limit(1)) is not None


async def forget_unfollowed(tx: Transaction) -> None:
    """Delete the `Unfollowed` rows that can no longer be undone."""
    await tx.change(delete(Unfollowed).where(col(Unfollowed.left_at) <= tx.now - RETURNABLE))


async def sources_had(tx: Transaction, chat_id: int) -> set[int]:
    """Return the sources that the chat follows or has just unfollowed."""
    followed = select(Follow.source_id).where(col(Follow.chat_id) == chat_id)
    unfollowed = select(Unfollowed.source_id).where(col(Unfollowed.chat_id) == chat_id)
    return {*await tx.rows(followed), *await tx.rows(unfollowed)}


def _of_pair(
    table: type[Follow | Unfollowed], chat_id: int, source_id: int
) -> tuple[ColumnElement[bool], ...]:
    return col(table.chat_id) == chat_id, col(table.source_id) == source_id


def had_by_nobody() -> tuple[ColumnElement[bool], ...]:
    """Build the conditions that no chat follows a `Source` or has just unfollowed it."""
    return (
        ~exists().where(col(Follow.source_id) == col(Source.id)),
        ~exists().where(col(Unfollowed.source_id) == col(Source.id)),
    )


# Imports: lists of feeds that chats have sent. A list is deleted once each line was tried.


IMPORTS_KEPT_FOR = timedelta(days=1)  # how long a list waits for confirmation


@dataclass(frozen=True, slots=True)
class ImportMessage:
    """The Telegram ids of a list's progress message and of its chat."""

    telegram_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class ImportChat:
    """A list with its chat, progress message and language.

    *managed_as*: the chat's kind and title if the message is in the private chat of the user who
    manages it; else None.
    """

    list_id: int
    chat_id: int
    message: ImportMessage
    language: str
    managed_as: tuple[ChatKind, str] | None = None


async def create_import(tx: Transaction, chat_id: int, urls: Sequence[str]) -> int:
    """Store a list; return its id. Deletes unconfirmed lists of this chat, and old ones of any."""
    is_replaced = (col(FeedImport.chat_id) == chat_id) | (
        col(FeedImport.made_at) < tx.now - IMPORTS_KEPT_FOR
    )
    await tx.change(delete(FeedImport).where(is_replaced, col(FeedImport.message_id).is_(None)))
    feed_import = await tx.add(FeedImport(chat_id=chat_id, made_at=tx.now))
    lines = [
        {"list_id": feed_import.id, "number": number, "url": url} for number, url in enumerate(urls)
    ]
    await insert_new(tx, FeedImportLine, lines)
    return feed_import.id


async def start_import(tx: Transaction, chat_id: int, list_id: int, message: ImportMessage) -> bool:
    """Confirm the list; return False if it is not the chat's or was already confirmed."""
    return bool(
        await tx.change(
            update(FeedImport)
            .where(
                col(FeedImport.id) == list_id,
                col(FeedImport.chat_id) == chat_id,
                col(FeedImport.message_id).is_(None),
            )
            .values(message_id=message.message_id, telegram_id=message.telegram_id)
        )
    )


async def has_running_import(tx: Transaction, chat_id: int) -> bool:
    """Return whether a confirmed list of the chat, or of another of its threads, is unfinished."""
    account = select(Chat.telegram_id).where(col(Chat.id) == chat_id).scalar_subquery()
    running = (
        select(FeedImport.id)
        .join(Chat, col(Chat.id) == FeedImport.chat_id)
        .where(col(Chat.telegram_id) == account, col(FeedImport.message_id).is_not(None))
    )
    return await tx.first(running.limit(1)) is not None


async def claim_import(tx: Transaction, owner: str, lease: timedelta) -> ImportChat | None:
    """Claim a confirmed list of the account that was served least recently.

    Skips accounts with a leased list.
    """
    sibling_list = aliased(FeedImport, name="sibling_list")
    own, sibling = aliased(Chat, name="own"), aliased(Chat, name="sibling")
    account_lists = (
        select(sibling_list)
        .join(sibling, col(sibling.id) == col(sibling_list.chat_id))
        .join(own, col(own.telegram_id) == col(sibling.telegram_id))
        .where(col(own.id) == col(FeedImport.chat_id))
        .correlate(FeedImport)
    )
    served_at = account_lists.with_only_columns(func.max(sibling_list.served_at)).scalar_subquery()
    is_served = account_lists.where(col(sibling_list.lease_until) > tx.now).exists()
    lists = await claim(
        tx,
        FeedImport,
        col(FeedImport.message_id).is_not(None) & ~is_served,
        order=(served_at.is_not(None), served_at, col(FeedImport.made_at), col(FeedImport.id)),
        limit=1,
        owner=owner,
        lease=lease,
    )
    if not lists:
        return None
    (feed_import,) = lists
    chat = await tx.get_one(Chat, feed_import.chat_id)
    telegram_id = feed_import.telegram_id or chat.telegram_id
    message = ImportMessage(telegram_id, feed_import.message_id or 0)
    managed_as = (chat.kind, chat.name) if telegram_id != chat.telegram_id else None
    return ImportChat(feed_import.id, chat.id, message, chat.speaks, managed_as)


async def lines_to_try(tx: Transaction, list_id: int, limit: int) -> list[FeedImportLine]:
    """Return the next lines to try, those of slow hosts last."""
    return list(
        await tx.rows(
            select(FeedImportLine)
            .where(col(FeedImportLine.list_id) == list_id, col(FeedImportLine.outcome).is_(None))
            .order_by(col(FeedImportLine.is_slow), col(FeedImportLine.number))
            .limit(limit)
        )
    )


async def record_line(
    tx: Transaction,
    list_id: int,
    number: int,
    outcome: str,
    *,
    error: str | None = None,
    error_detail: Mapping[str, Any] | None = None,
) -> None:
    await tx.change(
        update(FeedImportLine)
        .where(col(FeedImportLine.list_id) == list_id, col(FeedImportLine.number) == number)
        .values(outcome=outcome, error=error, error_detail=error_detail)
    )


async def postpone_line(tx: Transaction, list_id: int, number: int) -> None:
    """Mark the line as slow, so that it is tried after all others of its list."""
    line = (col(FeedImportLine.list_id) == list_id, col(FeedImportLine.number) == number)
    await tx.change(update(FeedImportLine).where(*line).values(is_slow=True))


async def count_lines(tx: Transaction, list_id: int) -> tuple[int, int]:
    """Return how many lines were tried, and how many there are."""
    return await tx.one(
        select(func.count(col(FeedImportLine.outcome)), func.count()).where(
            col(FeedImportLine.list_id) == list_id
        )
    )


async def import_lines(tx: Transaction, list_id: int) -> list[FeedImportLine]:
    return list(
        await tx.rows(
            select(FeedImportLine)
            .where(col(FeedImportLine.list_id) == list_id)
            .order_by(col(FeedImportLine.number))
        )
    )


async def delete_import(tx: Transaction, list_id: int) -> None:
    await tx.change(delete(FeedImport).where(col(FeedImport.id) == list_id))
